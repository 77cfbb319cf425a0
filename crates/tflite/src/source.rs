//! A model file, as it was read: tensors and operators by their numbers, every number in range.

use std::rc::Rc;

use tract_tflite::tflite::{BuiltinOperator, Model, Operator, TensorType};

use crate::complaint::{Complaint, Remedy};
use crate::error::Error;
use crate::name::{self, brief};
use crate::quantisation::Quantisation;

/// A model's first graph.
pub(crate) struct Source<'m> {
    pub(crate) tensors: Vec<SourceTensor<'m>>,
    pub(crate) operators: Vec<SourceOperator<'m>>,
    /// Indices of tensors.
    pub(crate) inputs: Vec<usize>,
    /// Indices of tensors.
    pub(crate) outputs: Vec<usize>,
    /// The content of the buffer that holds TensorFlow Lite Metadata.
    pub(crate) metadata: Option<&'m [u8]>,
}

/// What passes between operators, or a constant.
pub(crate) struct SourceTensor<'m> {
    pub(crate) name: &'m str,
    /// As the file says; it may be wrong, or have sides of -1.
    pub(crate) shape: Vec<i32>,
    /// The shape with sides of -1 where they are left open; empty if the file has none.
    pub(crate) signature: Vec<i32>,
    pub(crate) type_: TensorType,
    /// How its whole numbers stand for real ones.
    pub(crate) quantisation: Option<Rc<Quantisation>>,
    /// Its values, if it is a constant.
    pub(crate) data: Option<&'m [u8]>,
    /// Why it cannot be used, if it cannot.
    pub(crate) problem: Option<&'static str>,
}

/// One operator of the computation.
pub(crate) struct SourceOperator<'m> {
    pub(crate) code: BuiltinOperator,
    /// What it is called, if it is none of TensorFlow Lite's own.
    pub(crate) custom: Option<&'m str>,
    /// Its settings.
    pub(crate) table: Operator<'m>,
    /// Indices of tensors; `None` where an operand is left out.
    pub(crate) inputs: Vec<Option<usize>>,
    /// Indices of tensors.
    pub(crate) outputs: Vec<usize>,
}

impl<'m> Source<'m> {
    /// The most tensors that a model may have. `NASNetLarge` has 5,000.
    const MAX_TENSORS: usize = 1 << 16;
    /// The most operators that a model may have.
    const MAX_OPERATORS: usize = 1 << 14;
    /// The most operands and results that one operator may have.
    const MAX_OPERANDS: usize = 1 << 10;
    /// The most that all operators may have together.
    const MAX_ALL_OPERANDS: usize = 1 << 18;
    /// The most scales of all tensors together.
    const MAX_SCALES: usize = 1 << 21;
    /// The most axes that a tensor may have.
    pub(crate) const MAX_RANK: usize = 8;

    /// Reads a model that the verifier has let pass.
    pub(crate) fn read(model: &Model<'m>) -> Result<Self, Error> {
        let graphs = model.subgraphs().filter(|graphs| !graphs.is_empty());
        let graph = graphs.map(|graphs| graphs.get(0)).ok_or_else(|| wrong("has no graph"))?;
        let all = graph.tensors().map_or(0, |tensors| tensors.len());
        let count = graph.operators().map_or(0, |operators| operators.len());
        if all > Self::MAX_TENSORS || count > Self::MAX_OPERATORS {
            let problem = format!("has {all} tensors and {count} operators, which is too much");
            return Err(Complaint::new(problem, Remedy::Smaller).into());
        }
        let mut tensors = Vec::with_capacity(all);
        let mut scales = 0;
        for tensor in graph.tensors().into_iter().flatten() {
            // Counted before they are read: tensors may share one long list.
            let own = tensor.quantization().and_then(|own| own.scale());
            scales += own.map_or(0, |own| own.len()).min(Self::MAX_SCALES + 1);
            if scales > Self::MAX_SCALES {
                return Err(wrong("has too many scales"));
            }
            tensors.push(SourceTensor::read(model, &tensor)?);
        }
        let known = |index: i32| {
            usize::try_from(index).ok().filter(|index| *index < all).ok_or_else(|| {
                wrong(format!("refers to a tensor that is not there, number {index}"))
            })
        };
        let mut budget = Self::MAX_ALL_OPERANDS;
        let mut operators = Vec::with_capacity(count);
        for table in graph.operators().into_iter().flatten() {
            let inputs = table.inputs().map_or(0, |inputs| inputs.len());
            let outputs = table.outputs().map_or(0, |outputs| outputs.len());
            let within = inputs.max(outputs) <= Self::MAX_OPERANDS;
            budget = budget
                .checked_sub(inputs + outputs)
                .filter(|_| within)
                .ok_or_else(|| wrong("has operators with too many operands"))?;
            let (code, custom) =
                code(model, &table).ok_or_else(|| wrong("has an operator without a code"))?;
            operators.push(SourceOperator {
                code,
                custom,
                table,
                inputs: table
                    .inputs()
                    .into_iter()
                    .flatten()
                    .map(|index| if index == -1 { Ok(None) } else { known(index).map(Some) })
                    .collect::<Result<_, _>>()?,
                outputs: table
                    .outputs()
                    .into_iter()
                    .flatten()
                    .map(known)
                    .collect::<Result<_, _>>()?,
            });
        }
        let ends = |ends: Option<flatbuffers::Vector<'m, i32>>| {
            let ends = ends.into_iter().flatten().take(Self::MAX_OPERANDS);
            ends.map(known).collect::<Result<Vec<_>, _>>()
        };
        Ok(Self {
            tensors,
            operators,
            inputs: ends(graph.inputs())?,
            outputs: ends(graph.outputs())?,
            metadata: metadata(model),
        })
    }
}

impl Source<'_> {
    /// For each operator, whether a tensor depends on what it writes.
    pub(crate) fn needed(&self, tensor: usize) -> Vec<bool> {
        let mut wanted = vec![false; self.tensors.len()];
        wanted[tensor] = true;
        let mut needed = vec![false; self.operators.len()];
        for (operator, needed) in self.operators.iter().zip(&mut needed).rev() {
            *needed = operator.outputs.iter().any(|output| wanted[*output]);
            if *needed {
                operator.inputs.iter().flatten().for_each(|input| wanted[*input] = true);
            }
        }
        needed
    }
}

impl<'m> SourceTensor<'m> {
    fn read(model: &Model<'m>, tensor: &tract_tflite::tflite::Tensor<'m>) -> Result<Self, Error> {
        let name = tensor.name().unwrap_or_default();
        let shape: Vec<i32> =
            tensor.shape().into_iter().flatten().take(Source::MAX_RANK + 1).collect();
        if shape.len() > Source::MAX_RANK {
            return Err(wrong(format!("has a tensor with too many axes, {}", brief(name))));
        }
        let signature =
            tensor.shape_signature().into_iter().flatten().take(Source::MAX_RANK + 1).collect();
        let data = match tensor.buffer() {
            0 => None,
            buffer => match bytes(model, buffer) {
                Some(data) => Some(data).filter(|data| !data.is_empty()),
                None => {
                    let problem = format!("has no data for a tensor, {}", brief(name));
                    return Err(wrong(problem));
                }
            },
        };
        let problem = match () {
            () if tensor.sparsity().is_some() => Some("is sparse"),
            () if tensor.is_variable() => Some("is a variable, which remembers earlier inputs"),
            () => None,
        };
        let quantisation = Quantisation::read(tensor)?.map(Rc::new);
        Ok(Self { name, shape, signature, type_: tensor.type_(), quantisation, data, problem })
    }

    /// The type of its values, as `FLOAT32`.
    pub(crate) fn type_name(&self) -> &'static str {
        self.type_.variant_name().unwrap_or("an unknown type")
    }
}

impl SourceOperator<'_> {
    /// Its name, as `CONV_2D`; that which its maker gave it, if it is a custom one.
    pub(crate) fn name(&self) -> String {
        match self.custom.map(name::plain).filter(|custom| !custom.is_empty()) {
            Some(custom) => custom,
            None => name::operator(self.code),
        }
    }
}

/// The operator's code, and the name of a custom one. The old field has 8 bits; the greater of both counts (TensorFlow's
/// `schema_utils.cc`).
fn code<'m>(
    model: &Model<'m>,
    operator: &Operator<'m>,
) -> Option<(BuiltinOperator, Option<&'m str>)> {
    let codes = model.operator_codes()?;
    let index = usize::try_from(operator.opcode_index()).ok().filter(|i| *i < codes.len())?;
    let code = codes.get(index);
    let number = code.builtin_code().0.max(i32::from(code.deprecated_builtin_code()));
    let custom = code.custom_code().filter(|_| number == BuiltinOperator::CUSTOM.0);
    Some((BuiltinOperator(number), custom))
}

/// The content of a buffer, if there is such a buffer.
fn bytes<'m>(model: &Model<'m>, buffer: u32) -> Option<&'m [u8]> {
    let buffers = model.buffers()?;
    let index = usize::try_from(buffer).ok().filter(|index| *index < buffers.len())?;
    Some(buffers.get(index).data().map_or(&[], |data| data.bytes()))
}

/// The buffer with the name that TensorFlow Lite Metadata has.
fn metadata<'m>(model: &Model<'m>) -> Option<&'m [u8]> {
    let mut entries = model.metadata().into_iter().flatten();
    let entry = entries.find(|entry| entry.name() == Some("TFLITE_METADATA"))?;
    bytes(model, entry.buffer()).filter(|bytes| !bytes.is_empty())
}

fn wrong(problem: impl Into<String>) -> Error {
    Complaint::new(problem, Remedy::Damaged).into()
}
