//! The canonical form as a TensorFlow Lite file.
//!
//! Its input and output are real values, whatever is between them: a model of whole numbers begins with a
//! `QUANTIZE` and ends with a `DEQUANTIZE`. [`plain`] says operators on real values and those that only move
//! values about, [`whole`] those on whole numbers, each as the file's own that it was made of.

mod plain;
mod whole;

use std::collections::BTreeMap;

use flatbuffers::{FlatBufferBuilder, UnionWIPOffset, WIPOffset};
use tract_tflite::tflite::{self as fb, BuiltinOperator, BuiltinOptions, TensorType};

use crate::array::Data;
use crate::canonical::{Canonical, Content, Node, Op, Tensor};
use crate::complaint::{Complaint, Remedy};
use crate::grid::Steps;
use crate::kernels::whole::Grid;

type Builder = FlatBufferBuilder<'static>;
type Options = Option<(BuiltinOptions, WIPOffset<UnionWIPOffset>)>;

/// What the file says about its maker.
const DESCRIPTION: &str = "canonical form, made by lookbook";

/// Gives the [`Options`] of one operator: `options!(b, AddOptions, AddOptionsArgs { .. })`.
macro_rules! options {
    ($builder:expr, $type:ident, $args:expr) => {
        Some((BuiltinOptions::$type, fb::$type::create($builder, &$args).as_union_value()))
    };
}
use options;

/// A file in the making.
struct Writer {
    b: Builder,
    buffers: Vec<WIPOffset<fb::Buffer<'static>>>,
    tensors: Vec<WIPOffset<fb::Tensor<'static>>>,
    codes: Vec<(BuiltinOperator, i32)>,
    operators: Vec<WIPOffset<fb::Operator<'static>>>,
    /// From parts that are brought to one grid to what they were before: a file's `CONCATENATION` does that
    /// itself.
    parts: BTreeMap<usize, usize>,
}

/// What the numbers of a tensor are in the file.
enum Kind<'a> {
    Float,
    Flags,
    Integers,
    /// Whole numbers; one scale and zero point in all, or one for each index of an axis.
    Quantised { type_: TensorType, scales: &'a [f32], zero: i64, axis: usize },
}

/// The file's content, for a model with this input and output.
pub(crate) fn write(
    model: &Canonical<'_>,
    input: usize,
    output: usize,
) -> Result<Vec<u8>, Complaint> {
    // Weights make up nearly all of a file; a builder that must grow copies them.
    let size: usize = model.tensors.iter().map(Tensor::bytes).sum();
    let weights: usize = model.wholes.iter().map(whole::bytes).sum();
    let mut b = Builder::with_capacity(size + weights + 512 * model.tensors.len() + (1 << 16));
    let buffers = vec![fb::Buffer::create(&mut b, &fb::BufferArgs::default())];
    let parts = whole::parts(model)?;
    let (tensors, codes, operators) = (vec![], vec![], vec![]);
    let mut writer = Writer { b, buffers, tensors, codes, operators, parts };
    for tensor in &model.tensors {
        writer.canonical_tensor(tensor);
    }
    for node in &model.nodes {
        writer.node(model, node)?;
    }
    Ok(writer.finish(input, output))
}

/// The number of a tensor as files have it. The canonical form has far fewer than 2^31.
fn index(tensor: usize) -> i32 {
    i32::try_from(tensor).unwrap_or(i32::MAX)
}

/// What cannot be said in a file.
fn unsayable(what: &str) -> Complaint {
    Complaint::new(format!("has {what}, which no file can say"), Remedy::Export)
}

impl Tensor<'_> {
    /// How much its content takes.
    fn bytes(&self) -> usize {
        match &self.content {
            Content::Computed | Content::Flags | Content::Whole(_) => 0,
            Content::Bytes(_, bytes) => bytes.len(),
            Content::Floats(array) => 4 * array.len(),
            Content::Integers(values) => 4 * values.len(),
        }
    }
}

/// The file's own numbers of a grid: ours, moved down by 128 if they are signed.
fn own(numbers: &[u8], signed: bool) -> Vec<u8> {
    let flip = if signed { 128 } else { 0 };
    numbers.iter().map(|number| number ^ flip).collect()
}

impl<'a> Kind<'a> {
    /// Of whole numbers of 8 bits.
    fn on(grid: &'a Grid) -> Self {
        let type_ = if grid.signed { TensorType::INT8 } else { TensorType::UINT8 };
        let scales = std::slice::from_ref(&grid.scale);
        Self::Quantised { type_, scales, zero: i64::from(grid.zero - grid.moved()), axis: 0 }
    }
}

impl Writer {
    fn canonical_tensor(&mut self, tensor: &Tensor<'_>) {
        let Tensor { name, shape, .. } = tensor;
        match &tensor.content {
            Content::Computed => self.tensor(name, shape, &Kind::Float, None),
            Content::Flags => self.tensor(name, shape, &Kind::Flags, None),
            Content::Whole(grid) => self.tensor(name, shape, &Kind::on(grid), None),
            Content::Bytes(grid, bytes) => {
                let bytes = own(bytes, grid.signed);
                self.tensor(name, shape, &Kind::on(grid), Some(&bytes))
            }
            Content::Floats(array) => match &array.data {
                Data::Bytes(bytes) => self.tensor(name, shape, &Kind::Float, Some(bytes)),
                _ => {
                    let floats = array.to_floats();
                    let bytes: Vec<u8> = floats.iter().flat_map(|v| v.to_le_bytes()).collect();
                    self.tensor(name, shape, &Kind::Float, Some(&bytes))
                }
            },
            Content::Integers(values) => {
                let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
                self.tensor(name, shape, &Kind::Integers, Some(&bytes))
            }
        };
    }

    /// One more tensor; gives its number.
    fn tensor(
        &mut self,
        name: &str,
        shape: &[usize],
        kind: &Kind<'_>,
        data: Option<&[u8]>,
    ) -> usize {
        let b = &mut self.b;
        let buffer = data.map_or(0, |data| {
            let data = Some(b.create_vector(data));
            self.buffers.push(fb::Buffer::create(b, &fb::BufferArgs { data }));
            u32::try_from(self.buffers.len() - 1).unwrap_or(u32::MAX)
        });
        let name = Some(b.create_string(name));
        let shape: Vec<i32> = shape.iter().map(|side| index(*side)).collect();
        let shape = Some(b.create_vector(&shape));
        let (type_, quantization) = match kind {
            Kind::Float => (TensorType::FLOAT32, None),
            Kind::Flags => (TensorType::BOOL, None),
            Kind::Integers => (TensorType::INT32, None),
            Kind::Quantised { type_, scales, zero, axis } => {
                let args = fb::QuantizationParametersArgs {
                    scale: Some(b.create_vector(scales)),
                    zero_point: Some(b.create_vector(&vec![*zero; scales.len()])),
                    quantized_dimension: index(*axis),
                    ..Default::default()
                };
                (*type_, Some(fb::QuantizationParameters::create(b, &args)))
            }
        };
        let args = fb::TensorArgs { name, shape, type_, buffer, quantization, ..Default::default() };
        self.tensors.push(fb::Tensor::create(b, &args));
        self.tensors.len() - 1
    }

    /// A node of the canonical form.
    fn node(&mut self, model: &Canonical<'_>, node: &Node) -> Result<(), Complaint> {
        match node.op {
            Op::Whole(place) => self.whole(model, node, &model.wholes[place]),
            Op::Snap(steps) => self.snap(model, node, steps),
            op => {
                let mut inputs = node.inputs.clone();
                if let Op::Concat(_) = op {
                    for part in &mut inputs {
                        *part = self.parts.get(part).copied().unwrap_or(*part);
                    }
                }
                let code = match (op, inputs.len()) {
                    (Op::Pad, 3) => BuiltinOperator::PADV2,
                    _ => plain::code(op),
                };
                let version = if op == Op::Broadcast { 2 } else { 1 };
                let options = plain::options(&mut self.b, op);
                self.operator((code, version), &inputs, node.output, options);
                Ok(())
            }
        }
    }

    /// Real values to steps: to whole numbers of 16 bits and back.
    fn snap(
        &mut self,
        model: &Canonical<'_>,
        node: &Node,
        Steps { scale, least, greatest }: Steps,
    ) -> Result<(), Complaint> {
        if (least, greatest) != (-32768.0, 32767.0) {
            return Err(unsayable("numbers of 16 bits with a zero point"));
        }
        let Tensor { name, shape, .. } = &model.tensors[node.output];
        let kind =
            Kind::Quantised { type_: TensorType::INT16, scales: &[scale], zero: 0, axis: 0 };
        let steps = self.tensor(&format!("{name}.steps"), shape, &kind, None);
        self.operator((BuiltinOperator::QUANTIZE, 1), &node.inputs, steps, None);
        self.operator((BuiltinOperator::DEQUANTIZE, 1), &[steps], node.output, None);
        Ok(())
    }

    /// One more operator of this code and version.
    fn operator(
        &mut self,
        code: (BuiltinOperator, i32),
        inputs: &[usize],
        output: usize,
        options: Options,
    ) {
        let b = &mut self.b;
        let opcode = self.codes.iter().position(|known| *known == code).unwrap_or_else(|| {
            self.codes.push(code);
            self.codes.len() - 1
        });
        let inputs: Vec<i32> = inputs.iter().map(|input| index(*input)).collect();
        let inputs = Some(b.create_vector(&inputs));
        let outputs = Some(b.create_vector(&[index(output)]));
        let args = fb::OperatorArgs {
            opcode_index: u32::try_from(opcode).unwrap_or(u32::MAX),
            inputs,
            outputs,
            builtin_options_type: options.map_or(BuiltinOptions::NONE, |(kind, _)| kind),
            builtin_options: options.map(|(_, options)| options),
            ..Default::default()
        };
        self.operators.push(fb::Operator::create(b, &args));
    }

    fn finish(mut self, input: usize, output: usize) -> Vec<u8> {
        let b = &mut self.b;
        let tensors = Some(b.create_vector(&self.tensors));
        let operators = Some(b.create_vector(&self.operators));
        let codes: Vec<_> = self
            .codes
            .iter()
            .map(|(code, version)| {
                let args = fb::OperatorCodeArgs {
                    deprecated_builtin_code: i8::try_from(code.0).unwrap_or(i8::MAX),
                    builtin_code: *code,
                    version: *version,
                    ..Default::default()
                };
                fb::OperatorCode::create(b, &args)
            })
            .collect();
        let operator_codes = Some(b.create_vector(&codes));
        let inputs = Some(b.create_vector(&[index(input)]));
        let outputs = Some(b.create_vector(&[index(output)]));
        let name = Some(b.create_string("main"));
        let args = fb::SubGraphArgs { tensors, inputs, outputs, operators, name };
        let graph = fb::SubGraph::create(b, &args);
        let subgraphs = Some(b.create_vector(&[graph]));
        let buffers = Some(b.create_vector(&self.buffers));
        let description = Some(b.create_string(DESCRIPTION));
        let args = fb::ModelArgs {
            version: 3,
            operator_codes,
            subgraphs,
            description,
            buffers,
            ..Default::default()
        };
        let root = fb::Model::create(b, &args);
        fb::finish_model_buffer(b, root);
        let (mut file, start) = self.b.collapse();
        file.drain(..start);
        file
    }
}
