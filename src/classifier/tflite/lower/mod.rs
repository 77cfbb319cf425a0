//! Each operator of a file, said in operators of the canonical form.
//!
//! The operators are gone over once, in the file's order. What is known before any photo is (constants
//! and all that follows from shapes) is computed at once and leaves no trace; all else becomes a
//! [`Wire`]. Whole numbers on a grid, as integer models have them, become floats that hold the same
//! whole numbers: see [`quant`].

mod activation;
mod conv;
mod elementwise;
mod fold;
mod layout;
mod pool;
mod quant;
mod reduce;
mod requant;
mod resize;
mod select;
mod slice;
mod window;

use std::rc::Rc;

use tract_tflite::tflite::{ActivationFunctionType, BuiltinOperator as Code};

use super::super::ModelError;
use super::Complaint;
use super::array::Array;
use super::canonical::{Binary, Canonical, Comparison, Logical, Reduction, Unary};
use super::grid::Steps;
use super::source::{Source, SourceOperator, SourceTensor, brief};

/// Advice for an operator whose form is unusual.
const EXPORT: &str = "export the model again with TensorFlow's own converter";
/// Advice for an operator that is not known.
const KNOWN: &str = "use a network of convolutions, pools, dense layers and the usual activations";
/// Advice for what is computed from the photo where it must be known before.
const FIXED: &str = "export the model with a batch of 1 and a fixed size of photos";

/// Advice for a network beyond all bounds.
const SMALLER: &str = "use a smaller network";

/// The longest list of sizes or positions.
const MAX_NUMBERS: usize = 1 << 16;

/// What a lowering gives, or what is wrong with the operator and what to change.
pub(super) type Lowered<T> = Result<T, Complaint>;

/// A tensor while the model is lowered.
#[derive(Clone, Debug)]
pub(super) enum Value<'m> {
    /// Known now.
    Known(Rc<Array<'m>>),
    /// Known when there is a photo.
    Wire(Wire),
}

/// A tensor of the canonical form, and how its values stand for real ones.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wire {
    /// Of the canonical form.
    pub(super) tensor: usize,
    /// A value of 1 stands for this.
    pub(super) unit: f32,
    /// If all values are whole numbers for sure: the least and the greatest.
    pub(super) whole: Option<(f32, f32)>,
}

/// A model that was lowered as far as it can be.
pub(super) struct Lowering<'s, 'm> {
    source: &'s Source<'m>,
    pub(super) canonical: Canonical<'m>,
    /// For each tensor of the file.
    values: Vec<Option<Value<'m>>>,
    /// What could not be said, in the file's order.
    pub(super) problems: Vec<ModelError>,
    /// How many constants were read.
    known: usize,
    /// How many values were computed before there is a photo.
    folded: usize,
}

/// An operator and what it reads.
struct Step<'s, 'm> {
    operator: &'s SourceOperator<'m>,
    inputs: Vec<Option<Value<'m>>>,
    /// The tensors that it writes, as the file describes them; at least one.
    outputs: Vec<&'s SourceTensor<'m>>,
}

impl Wire {
    /// A tensor that holds real values.
    pub(super) fn real(tensor: usize) -> Self {
        Self { tensor, unit: 1.0, whole: None }
    }

    /// The same values at another place.
    fn moved(self, tensor: usize) -> Self {
        Self { tensor, ..self }
    }
}

impl<'s, 'm> Lowering<'s, 'm> {
    /// The most constants that are read: 512 MiB as floats.
    const MAX_KNOWN: usize = 1 << 27;
    /// The most values that are computed before there is a photo: 256 MiB as floats.
    const MAX_FOLDED: usize = 1 << 26;
    /// After so many problems, the rest is not looked at.
    const MAX_PROBLEMS: usize = 100;

    /// Lowers all operators, with `input` of this shape.
    pub(super) fn new(
        source: &'s Source<'m>,
        input: usize,
        shape: Vec<usize>,
    ) -> Lowered<(Self, usize)> {
        let mut canonical = Canonical::default();
        "input".clone_into(&mut canonical.prefix);
        let place = canonical.input(shape)?;
        let mut lowering = Self {
            source,
            canonical,
            values: source.tensors.iter().map(|_| None).collect(),
            problems: vec![],
            known: 0,
            folded: 0,
        };
        let wire = lowering.snap(Wire::real(place), &source.tensors[input], None)?;
        lowering.values[input] = Some(Value::Wire(wire));
        for (index, operator) in source.operators.iter().enumerate() {
            lowering.operator(index, operator);
            if lowering.problems.len() == Self::MAX_PROBLEMS {
                break;
            }
        }
        Ok((lowering, place))
    }

    /// The real values of a tensor of the file, as a tensor of the canonical form.
    pub(super) fn result(&mut self, tensor: usize) -> Lowered<usize> {
        "output".clone_into(&mut self.canonical.prefix);
        match self.values[tensor].clone() {
            Some(Value::Wire(wire)) if !self.canonical.is_flags(wire.tensor) => self.real(wire),
            _ => Err(("does not compute its output from its input".to_owned(), EXPORT)),
        }
    }

    /// Lowers one operator, or notes what is wrong with it and goes on as if nothing were.
    fn operator(&mut self, index: usize, operator: &'s SourceOperator<'m>) {
        let source = self.source;
        let outputs: Vec<_> = operator.outputs.iter().map(|o| &source.tensors[*o]).collect();
        let name = outputs.first().map_or("", |output| output.name);
        self.canonical.prefix = name.chars().filter(|c| !c.is_control()).take(80).collect();
        let lowered = self.read(operator).and_then(|inputs| {
            if outputs.is_empty() {
                return Err(("has no result".to_owned(), EXPORT));
            }
            self.step(&Step { operator, inputs, outputs: outputs.clone() })
        });
        let values = match lowered {
            Ok(values) => values.into_iter().map(Some).collect(),
            Err((mut problem, remedy)) => {
                if let Some((end, _)) = problem.char_indices().nth(200) {
                    problem.truncate(end);
                }
                self.problems.push(ModelError::Operator {
                    index,
                    operator: operator.name(),
                    tensor: brief(name),
                    problem,
                    remedy,
                });
                outputs.iter().map(|output| self.pretend(output)).collect::<Vec<_>>()
            }
        };
        for (output, value) in operator.outputs.iter().zip(values) {
            self.values[*output] = value;
        }
    }

    /// What an operator reads.
    fn read(&mut self, operator: &SourceOperator<'m>) -> Lowered<Vec<Option<Value<'m>>>> {
        let mut inputs = Vec::with_capacity(operator.inputs.len());
        for input in &operator.inputs {
            inputs.push(input.map(|input| self.value(input)).transpose()?);
        }
        Ok(inputs)
    }

    /// A tensor of the file.
    fn value(&mut self, tensor: usize) -> Lowered<Value<'m>> {
        if let Some(value) = &self.values[tensor] {
            return Ok(value.clone());
        }
        let described = &self.source.tensors[tensor];
        let count = described.shape.iter().map(|side| usize::try_from(*side).unwrap_or(0));
        self.known += count.fold(1, usize::saturating_mul).min(Self::MAX_KNOWN + 1);
        if self.known > Self::MAX_KNOWN {
            return Err(("needs too many weights".to_owned(), SMALLER));
        }
        match described.constant()? {
            Some(array) => {
                let value = Value::Known(Rc::new(array));
                self.values[tensor] = Some(value.clone());
                Ok(value)
            }
            None => {
                let problem = format!("reads {} before it is written", brief(described.name));
                Err((problem, EXPORT))
            }
        }
    }

    /// A tensor that could not be computed, so that what reads it can be looked at too.
    fn pretend(&mut self, output: &SourceTensor<'m>) -> Option<Value<'m>> {
        let shape = output.shape.iter().map(|side| usize::try_from(*side).ok());
        let shape = shape.collect::<Option<Vec<_>>>()?;
        let wire = Wire::real(self.canonical.input(shape).ok()?);
        Some(Value::Wire(wire))
    }

    /// Lowers one operator: a value for each result.
    #[allow(clippy::too_many_lines)] // One line for each operator.
    fn step(&mut self, step: &Step<'_, 'm>) -> Lowered<Vec<Value<'m>>> {
        if let Some(known) = self.fold(step)? {
            return Ok(known);
        }
        let code = step.operator.code;
        let value = match code {
            Code::CONV_2D => self.conv(step)?,
            Code::DEPTHWISE_CONV_2D => self.depthwise(step)?,
            Code::FULLY_CONNECTED => self.dense(step)?,
            Code::BATCH_MATMUL => self.mat_mul(step)?,
            Code::AVERAGE_POOL_2D => self.average_pool(step)?,
            Code::MAX_POOL_2D => self.max_pool(step)?,
            Code::ADD => self.sum(step, Binary::Add)?,
            Code::SUB => self.sum(step, Binary::Sub)?,
            Code::MUL => self.product(step, Binary::Mul)?,
            Code::DIV => self.product(step, Binary::Div)?,
            Code::MAXIMUM => self.extreme(step, Binary::Maximum)?,
            Code::MINIMUM => self.extreme(step, Binary::Minimum)?,
            Code::ADD_N => self.add_n(step)?,
            Code::SQUARED_DIFFERENCE => self.squared_difference(step)?,
            Code::POW => self.pow(step)?,
            Code::ABS => self.unary(step, Unary::Abs)?,
            Code::CEIL => self.unary(step, Unary::Ceil)?,
            Code::COS => self.unary(step, Unary::Cos)?,
            Code::EXP => self.unary(step, Unary::Exp)?,
            Code::FLOOR => self.unary(step, Unary::Floor)?,
            Code::HARD_SWISH => self.unary(step, Unary::HardSwish)?,
            Code::LOG => self.unary(step, Unary::Log)?,
            Code::LOGISTIC => self.logistic(step)?,
            Code::RSQRT => self.unary(step, Unary::Rsqrt)?,
            Code::SIN => self.unary(step, Unary::Sin)?,
            Code::SQRT => self.unary(step, Unary::Sqrt)?,
            Code::TANH => self.unary(step, Unary::Tanh)?,
            Code::NEG => self.neg(step)?,
            Code::ROUND => self.round(step)?,
            Code::SQUARE => self.square(step)?,
            Code::RELU => self.fused(step, ActivationFunctionType::RELU)?,
            Code::RELU6 => self.fused(step, ActivationFunctionType::RELU6)?,
            Code::RELU_N1_TO_1 => self.fused(step, ActivationFunctionType::RELU_N1_TO_1)?,
            Code::RELU_0_TO_1 => self.relu_0_to_1(step)?,
            Code::LEAKY_RELU => self.leaky_relu(step)?,
            Code::PRELU => self.prelu(step)?,
            Code::ELU => self.elu(step)?,
            Code::GELU => self.gelu(step)?,
            Code::SOFTMAX => self.softmax(step)?,
            Code::LOG_SOFTMAX => self.log_softmax(step)?,
            Code::L2_NORMALIZATION => self.l2_normalization(step)?,
            Code::EQUAL => self.compare(step, Comparison::Equal)?,
            Code::NOT_EQUAL => self.compare(step, Comparison::NotEqual)?,
            Code::GREATER => self.compare(step, Comparison::Greater)?,
            Code::GREATER_EQUAL => self.compare(step, Comparison::GreaterEqual)?,
            Code::LESS => self.compare(step, Comparison::Less)?,
            Code::LESS_EQUAL => self.compare(step, Comparison::LessEqual)?,
            Code::LOGICAL_AND => self.logical(step, Logical::And)?,
            Code::LOGICAL_OR => self.logical(step, Logical::Or)?,
            Code::LOGICAL_NOT => self.logical(step, Logical::Not)?,
            Code::SELECT | Code::SELECT_V2 => self.select(step)?,
            Code::SIGN => self.sign(step)?,
            Code::MEAN => self.mean(step)?,
            Code::SUM => self.reduce_sum(step)?,
            Code::REDUCE_MAX => self.reduce(step, Reduction::Max)?,
            Code::REDUCE_MIN => self.reduce(step, Reduction::Min)?,
            Code::REDUCE_PROD => self.reduce_product(step)?,
            Code::RESHAPE => self.reshape(step)?,
            Code::SQUEEZE => self.squeeze(step)?,
            Code::EXPAND_DIMS => self.expand_dims(step)?,
            Code::TRANSPOSE => self.transpose(step)?,
            Code::CONCATENATION => self.concat(step)?,
            Code::PACK => self.pack(step)?,
            Code::UNPACK => return self.unpack(step),
            Code::SPLIT => return self.split(step),
            Code::SPLIT_V => return self.split_v(step),
            Code::SLICE => self.slice(step)?,
            Code::STRIDED_SLICE => self.strided_slice(step)?,
            Code::GATHER => self.gather(step)?,
            Code::REVERSE_V2 => self.reverse(step)?,
            Code::PAD | Code::PADV2 => self.pad(step)?,
            Code::MIRROR_PAD => self.mirror_pad(step)?,
            Code::TILE => self.tile(step)?,
            Code::BROADCAST_TO => self.broadcast_to(step)?,
            Code::SPACE_TO_DEPTH => self.space_to_depth(step)?,
            Code::DEPTH_TO_SPACE => self.depth_to_space(step)?,
            Code::SPACE_TO_BATCH_ND => self.space_to_batch(step)?,
            Code::BATCH_TO_SPACE_ND => self.batch_to_space(step)?,
            Code::RESIZE_BILINEAR => self.bilinear(step)?,
            Code::RESIZE_NEAREST_NEIGHBOR => self.nearest(step)?,
            Code::CAST => self.cast(step)?,
            Code::QUANTIZE | Code::DEQUANTIZE => self.requantize(step)?,
            Code::FAKE_QUANT => self.fake_quant(step)?,
            Code::VAR_HANDLE | Code::READ_VARIABLE => {
                return Err((
                    "reads a variable that the file does not hold".to_owned(),
                    "export the model from a function whose variables were turned into constants \
                     (in TensorFlow: convert_variables_to_constants_v2)",
                ));
            }
            _ => return Err(("cannot be said in other operators yet".to_owned(), KNOWN)),
        };
        let value = self.snap(value, step.outputs[0], None)?;
        Ok(vec![Value::Wire(value)])
    }

    /// A constant as a wire; a wire as it is.
    fn wire(&mut self, value: &Value<'m>) -> Lowered<Wire> {
        match value {
            Value::Wire(wire) => Ok(*wire),
            Value::Known(array) => Ok(Wire::real(self.canonical.constant(array)?)),
        }
    }

    /// The operand at `place`, as a wire.
    fn input(&mut self, step: &Step<'_, 'm>, place: usize) -> Lowered<Wire> {
        self.wire(step.operand(place)?)
    }

    /// The operand at `place`, as real values.
    fn real_input(&mut self, step: &Step<'_, 'm>, place: usize) -> Lowered<usize> {
        let wire = self.input(step, place)?;
        self.real(wire)
    }

    /// The shape of a wire.
    fn shape(&self, wire: Wire) -> &[usize] {
        self.canonical.shape(wire.tensor)
    }
}

impl<'m> Step<'_, 'm> {
    /// The operand at `place`.
    fn operand(&self, place: usize) -> Lowered<&Value<'m>> {
        self.optional(place).ok_or_else(|| (format!("has no operand {place}"), EXPORT))
    }

    /// The operand at `place`, if it is not left out.
    fn optional(&self, place: usize) -> Option<&Value<'m>> {
        self.inputs.get(place).and_then(Option::as_ref)
    }

    /// The constant at `place`.
    fn known(&self, place: usize) -> Lowered<&Rc<Array<'m>>> {
        match self.operand(place)? {
            Value::Known(array) => Ok(array),
            Value::Wire(_) => {
                Err((format!("has an operand {place} that depends on the photo"), FIXED))
            }
        }
    }

    /// The whole numbers at `place`: a shape, axes, or positions.
    fn numbers(&self, place: usize) -> Lowered<Rc<[i64]>> {
        let numbers = self.known(place)?.to_integers()?;
        if numbers.len() > MAX_NUMBERS {
            return Err((format!("has {} sizes or positions", numbers.len()), EXPORT));
        }
        Ok(numbers)
    }

    /// How the first result's numbers stand for real ones, if they are whole.
    fn steps(&self) -> Lowered<Option<Steps>> {
        self.outputs[0].steps()
    }

    /// What a value of 1 should stand for in the first result, so that nothing need be scaled.
    fn unit(&self) -> Lowered<f32> {
        Ok(self.steps()?.map_or(1.0, |steps| steps.scale))
    }
}

/// The error of an operator without its settings.
fn no_options() -> Complaint {
    ("has no settings, or another operator's".to_owned(), EXPORT)
}

/// An axis, counted from the front.
fn axis(axis: i64, rank: usize) -> Lowered<usize> {
    let from_front = if axis < 0 { axis + i64::try_from(rank).unwrap_or(0) } else { axis };
    usize::try_from(from_front)
        .ok()
        .filter(|axis| *axis < rank)
        .ok_or_else(|| (format!("has no axis {axis} among {rank}"), EXPORT))
}

/// A side or position that must not be below 0.
fn size(value: i64) -> Lowered<usize> {
    usize::try_from(value)
        .ok()
        .filter(|value| *value < 1 << 31)
        .ok_or_else(|| (format!("has a size or position of {value}"), EXPORT))
}
