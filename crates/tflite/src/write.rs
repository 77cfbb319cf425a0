//! The canonical form as a TensorFlow Lite file.

use flatbuffers::{FlatBufferBuilder, ForwardsUOffset, UnionWIPOffset, Vector, WIPOffset};
use tract_tflite::tflite::{
    self as fb, ActivationFunctionType, BuiltinOperator, BuiltinOptions, Padding, TensorType,
};

use crate::array::Data;
use crate::canonical::{
    Binary, Canonical, Comparison, Content, Logical, Op, Reduction, Tensor, Unary, Window,
};

type Builder = FlatBufferBuilder<'static>;
type Options = Option<(BuiltinOptions, WIPOffset<UnionWIPOffset>)>;
type List<'a, T> = WIPOffset<Vector<'a, ForwardsUOffset<T>>>;

/// What the file says about its maker.
const DESCRIPTION: &str = "canonical form, made by lookbook";

/// Gives the [`Options`] of one operator: `options!(b, AddOptions, AddOptionsArgs { .. })`.
macro_rules! options {
    ($builder:ident, $type:ident, $args:expr) => {
        Some((BuiltinOptions::$type, fb::$type::create($builder, &$args).as_union_value()))
    };
}

/// The file's content, for a model with this input and output.
pub(crate) fn write(model: &Canonical<'_>, input: usize, output: usize) -> Vec<u8> {
    // Weights make up nearly all of a file; a builder that must grow copies them.
    let size: usize = model.tensors.iter().map(Tensor::bytes).sum();
    let mut builder = Builder::with_capacity(size + 256 * model.tensors.len() + (1 << 16));
    let b = &mut builder;
    let mut buffers = vec![fb::Buffer::create(b, &fb::BufferArgs::default())];
    let tensors: Vec<_> =
        model.tensors.iter().map(|tensor| self::tensor(b, tensor, &mut buffers)).collect();
    let mut codes = vec![];
    let mut operators = Vec::with_capacity(model.nodes.len());
    for node in &model.nodes {
        operators.push(operator(b, node.op, &node.inputs, node.output, &mut codes));
    }
    let tensors = Some(b.create_vector(&tensors));
    let operators = Some(b.create_vector(&operators));
    let operator_codes = Some(operator_codes(b, &codes));
    let inputs = Some(b.create_vector(&[index(input)]));
    let outputs = Some(b.create_vector(&[index(output)]));
    let name = Some(b.create_string("main"));
    let args = fb::SubGraphArgs { tensors, inputs, outputs, operators, name };
    let graph = fb::SubGraph::create(b, &args);
    let subgraphs = Some(b.create_vector(&[graph]));
    let buffers = Some(b.create_vector(&buffers));
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
    let (mut file, start) = builder.collapse();
    file.drain(..start);
    file
}

/// The number of a tensor as files have it. The canonical form has far fewer than 2^31.
fn index(tensor: usize) -> i32 {
    i32::try_from(tensor).unwrap_or(i32::MAX)
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

fn tensor(
    b: &mut Builder,
    tensor: &Tensor<'_>,
    buffers: &mut Vec<WIPOffset<fb::Buffer<'static>>>,
) -> WIPOffset<fb::Tensor<'static>> {
    let data = match &tensor.content {
        Content::Computed | Content::Flags | Content::Whole(_) => None,
        Content::Bytes(_, bytes) => Some(b.create_vector(bytes)),
        Content::Floats(array) => Some(match &array.data {
            Data::Bytes(bytes) => b.create_vector(bytes),
            _ => {
                let bytes: Vec<u8> =
                    array.to_floats().iter().flat_map(|value| value.to_le_bytes()).collect();
                b.create_vector(&bytes)
            }
        }),
        Content::Integers(values) => {
            let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
            Some(b.create_vector(&bytes))
        }
    };
    let buffer = data.map_or(0, |data| {
        buffers.push(fb::Buffer::create(b, &fb::BufferArgs { data: Some(data) }));
        u32::try_from(buffers.len() - 1).unwrap_or(u32::MAX)
    });
    let name = Some(b.create_string(&tensor.name));
    let shape: Vec<i32> = tensor.shape.iter().map(|side| index(*side)).collect();
    let shape = Some(b.create_vector(&shape));
    let type_ = match tensor.content {
        Content::Integers(_) => TensorType::INT32,
        Content::Flags => TensorType::BOOL,
        _ => TensorType::FLOAT32,
    };
    let args = fb::TensorArgs { name, shape, type_, buffer, ..Default::default() };
    fb::Tensor::create(b, &args)
}

fn operator_codes(
    b: &mut Builder,
    codes: &[(BuiltinOperator, i32)],
) -> List<'static, fb::OperatorCode<'static>> {
    let codes: Vec<_> = codes
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
    b.create_vector(&codes)
}

fn operator(
    b: &mut Builder,
    op: Op,
    inputs: &[usize],
    output: usize,
    codes: &mut Vec<(BuiltinOperator, i32)>,
) -> WIPOffset<fb::Operator<'static>> {
    let code = (code(op), if op == Op::Broadcast { 2 } else { 1 });
    let opcode = codes.iter().position(|known| *known == code).unwrap_or_else(|| {
        codes.push(code);
        codes.len() - 1
    });
    let inputs: Vec<i32> = inputs.iter().map(|input| index(*input)).collect();
    let inputs = Some(b.create_vector(&inputs));
    let outputs = Some(b.create_vector(&[index(output)]));
    let options = options(b, op);
    let args = fb::OperatorArgs {
        opcode_index: u32::try_from(opcode).unwrap_or(u32::MAX),
        inputs,
        outputs,
        builtin_options_type: options.map_or(BuiltinOptions::NONE, |(kind, _)| kind),
        builtin_options: options.map(|(_, options)| options),
        ..Default::default()
    };
    fb::Operator::create(b, &args)
}

fn code(op: Op) -> BuiltinOperator {
    use BuiltinOperator as Code;
    match op {
        Op::Conv(_) => Code::CONV_2D,
        Op::Depthwise(_) => Code::DEPTHWISE_CONV_2D,
        Op::Dense => Code::FULLY_CONNECTED,
        Op::MatMul { .. } => Code::BATCH_MATMUL,
        Op::AveragePool(_) => Code::AVERAGE_POOL_2D,
        Op::MaxPool(_) => Code::MAX_POOL_2D,
        Op::Unary(Unary::Abs) => Code::ABS,
        Op::Unary(Unary::Ceil) => Code::CEIL,
        Op::Unary(Unary::Cos) => Code::COS,
        Op::Unary(Unary::Exp) => Code::EXP,
        Op::Unary(Unary::Floor) => Code::FLOOR,
        Op::Unary(Unary::HardSwish) => Code::HARD_SWISH,
        Op::Unary(Unary::Log) => Code::LOG,
        Op::Unary(Unary::Logistic) => Code::LOGISTIC,
        Op::Unary(Unary::Relu) => Code::RELU,
        Op::Unary(Unary::Relu6) => Code::RELU6,
        Op::Unary(Unary::Rsqrt) => Code::RSQRT,
        Op::Unary(Unary::Sin) => Code::SIN,
        Op::Unary(Unary::Sqrt) => Code::SQRT,
        Op::Unary(Unary::Tanh) => Code::TANH,
        Op::LeakyRelu(_) => Code::LEAKY_RELU,
        Op::Binary(Binary::Add) => Code::ADD,
        Op::Binary(Binary::Sub) => Code::SUB,
        Op::Binary(Binary::Mul) => Code::MUL,
        Op::Binary(Binary::Div) => Code::DIV,
        Op::Binary(Binary::Maximum) => Code::MAXIMUM,
        Op::Binary(Binary::Minimum) => Code::MINIMUM,
        Op::Compare(Comparison::Equal) => Code::EQUAL,
        Op::Compare(Comparison::NotEqual) => Code::NOT_EQUAL,
        Op::Compare(Comparison::Greater) => Code::GREATER,
        Op::Compare(Comparison::GreaterEqual) => Code::GREATER_EQUAL,
        Op::Compare(Comparison::Less) => Code::LESS,
        Op::Compare(Comparison::LessEqual) => Code::LESS_EQUAL,
        Op::Logical(Logical::And) => Code::LOGICAL_AND,
        Op::Logical(Logical::Or) => Code::LOGICAL_OR,
        Op::Logical(Logical::Not) => Code::LOGICAL_NOT,
        Op::Select => Code::SELECT_V2,
        Op::Softmax => Code::SOFTMAX,
        Op::Reshape => Code::RESHAPE,
        Op::Broadcast => Code::BROADCAST_TO,
        Op::Pad => Code::PAD,
        Op::Concat(_) => Code::CONCATENATION,
        Op::Transpose => Code::TRANSPOSE,
        Op::Slice => Code::SLICE,
        Op::Reduce(Reduction::Sum) => Code::SUM,
        Op::Reduce(Reduction::Max) => Code::REDUCE_MAX,
        Op::Reduce(Reduction::Min) => Code::REDUCE_MIN,
        Op::Reduce(Reduction::Product) => Code::REDUCE_PROD,
        Op::Bilinear { .. } => Code::RESIZE_BILINEAR,
        Op::Snap(_) | Op::Whole(_) => Code::CUSTOM,
    }
}

fn options(b: &mut Builder, op: Op) -> Options {
    match op {
        Op::Conv(window) => options!(
            b,
            Conv2DOptions,
            fb::Conv2DOptionsArgs {
                padding: window.padding(),
                stride_h: index(window.stride[0]),
                stride_w: index(window.stride[1]),
                dilation_h_factor: index(window.dilation[0]),
                dilation_w_factor: index(window.dilation[1]),
                ..Default::default()
            }
        ),
        Op::Depthwise(window) => options!(
            b,
            DepthwiseConv2DOptions,
            fb::DepthwiseConv2DOptionsArgs {
                padding: window.padding(),
                stride_h: index(window.stride[0]),
                stride_w: index(window.stride[1]),
                dilation_h_factor: index(window.dilation[0]),
                dilation_w_factor: index(window.dilation[1]),
                depth_multiplier: 1,
                ..Default::default()
            }
        ),
        Op::AveragePool(window) | Op::MaxPool(window) => {
            options!(
                b,
                Pool2DOptions,
                fb::Pool2DOptionsArgs {
                    padding: window.padding(),
                    stride_h: index(window.stride[0]),
                    stride_w: index(window.stride[1]),
                    filter_height: index(window.size[0]),
                    filter_width: index(window.size[1]),
                    ..Default::default()
                }
            )
        }
        Op::Dense => options!(b, FullyConnectedOptions, fb::FullyConnectedOptionsArgs::default()),
        Op::MatMul { adjoint: [adj_x, adj_y] } => {
            options!(
                b,
                BatchMatMulOptions,
                fb::BatchMatMulOptionsArgs { adj_x, adj_y, ..Default::default() }
            )
        }
        Op::LeakyRelu(alpha) => options!(b, LeakyReluOptions, fb::LeakyReluOptionsArgs { alpha }),
        Op::Binary(op) => binary_options(b, op),
        Op::Softmax => options!(b, SoftmaxOptions, fb::SoftmaxOptionsArgs { beta: 1.0 }),
        Op::Concat(axis) => options!(
            b,
            ConcatenationOptions,
            fb::ConcatenationOptionsArgs {
                axis: index(axis),
                fused_activation_function: ActivationFunctionType::NONE,
            }
        ),
        Op::Reduce(_) => options!(b, ReducerOptions, fb::ReducerOptionsArgs { keep_dims: true }),
        Op::Bilinear { align_corners, half_pixel: half_pixel_centers } => {
            let args = fb::ResizeBilinearOptionsArgs { align_corners, half_pixel_centers };
            options!(b, ResizeBilinearOptions, args)
        }
        Op::Unary(_)
        | Op::Compare(_)
        | Op::Logical(_)
        | Op::Select
        | Op::Reshape
        | Op::Broadcast
        | Op::Pad
        | Op::Transpose
        | Op::Snap(_)
        | Op::Whole(_)
        | Op::Slice => None,
    }
}

fn binary_options(b: &mut Builder, op: Binary) -> Options {
    match op {
        Binary::Add => options!(b, AddOptions, fb::AddOptionsArgs::default()),
        Binary::Sub => options!(b, SubOptions, fb::SubOptionsArgs::default()),
        Binary::Mul => options!(b, MulOptions, fb::MulOptionsArgs::default()),
        Binary::Div => options!(b, DivOptions, fb::DivOptionsArgs::default()),
        Binary::Maximum | Binary::Minimum => {
            options!(b, MaximumMinimumOptions, fb::MaximumMinimumOptionsArgs {})
        }
    }
}

impl Window {
    fn padding(&self) -> Padding {
        if self.same { Padding::SAME } else { Padding::VALID }
    }
}
