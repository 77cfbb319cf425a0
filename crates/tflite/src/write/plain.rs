//! Operators on real values, and those that only move values about.

use tract_tflite::tflite::{
    self as fb, ActivationFunctionType, BuiltinOperator, BuiltinOptions, Padding,
};

use super::{Builder, Options, index, options};
use crate::canonical::{Binary, Comparison, Logical, Op, Reduction, Unary, Window};

/// The operator of a file that an operator on real values is, or one that only moves values.
pub(super) fn code(op: Op) -> BuiltinOperator {
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
        Op::Compare(how) => comparison(how),
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
        // These are written by themselves.
        Op::Snap(_) | Op::Whole(_) => Code::CUSTOM,
    }
}

/// The operator of a file that asks so.
pub(super) fn comparison(how: Comparison) -> BuiltinOperator {
    match how {
        Comparison::Equal => BuiltinOperator::EQUAL,
        Comparison::NotEqual => BuiltinOperator::NOT_EQUAL,
        Comparison::Greater => BuiltinOperator::GREATER,
        Comparison::GreaterEqual => BuiltinOperator::GREATER_EQUAL,
        Comparison::Less => BuiltinOperator::LESS,
        Comparison::LessEqual => BuiltinOperator::LESS_EQUAL,
    }
}

const NONE: ActivationFunctionType = ActivationFunctionType::NONE;

/// The settings of a convolution over all channels.
pub(super) fn conv(b: &mut Builder, window: Window, fused: ActivationFunctionType) -> Options {
    let args = fb::Conv2DOptionsArgs {
        padding: window.padding(),
        stride_h: index(window.stride[0]),
        stride_w: index(window.stride[1]),
        dilation_h_factor: index(window.dilation[0]),
        dilation_w_factor: index(window.dilation[1]),
        fused_activation_function: fused,
    };
    options!(b, Conv2DOptions, args)
}

/// The settings of a convolution of each channel, with so many results for each.
pub(super) fn depthwise(
    b: &mut Builder,
    window: Window,
    depth_multiplier: i32,
    fused: ActivationFunctionType,
) -> Options {
    let args = fb::DepthwiseConv2DOptionsArgs {
        padding: window.padding(),
        stride_h: index(window.stride[0]),
        stride_w: index(window.stride[1]),
        dilation_h_factor: index(window.dilation[0]),
        dilation_w_factor: index(window.dilation[1]),
        depth_multiplier,
        fused_activation_function: fused,
    };
    options!(b, DepthwiseConv2DOptions, args)
}

/// The settings of a pool.
pub(super) fn pool(b: &mut Builder, window: Window, fused: ActivationFunctionType) -> Options {
    let args = fb::Pool2DOptionsArgs {
        padding: window.padding(),
        stride_h: index(window.stride[0]),
        stride_w: index(window.stride[1]),
        filter_height: index(window.size[0]),
        filter_width: index(window.size[1]),
        fused_activation_function: fused,
    };
    options!(b, Pool2DOptions, args)
}

/// Its settings.
pub(super) fn options(b: &mut Builder, op: Op) -> Options {
    match op {
        Op::Conv(window) => conv(b, window, NONE),
        Op::Depthwise(window) => depthwise(b, window, 1, NONE),
        Op::AveragePool(window) | Op::MaxPool(window) => pool(b, window, NONE),
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
    /// As files have it.
    pub(super) fn padding(&self) -> Padding {
        if self.same { Padding::SAME } else { Padding::VALID }
    }
}
