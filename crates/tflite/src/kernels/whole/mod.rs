//! Whole numbers of 8 bits, as the official runtime's own kernels compute them, to the last step.
//!
//! A number `q` stands for `scale * (q - zero)`. All numbers here are `u8`: those of a file's `int8`
//! tensors are moved up by 128, and so is their zero point, which changes nothing that they stand for.
//! Sums are `i32`, which wrap as the runtime's do.
//!
//! "The official runtime" is LiteRT without delegates (`BUILTIN_WITHOUT_DEFAULT_DELEGATES`) on x86: its
//! kernels come in several versions that round in different ways, and which one an operator takes was
//! measured. What each operator needs is computed once, from grids, by its constructor, which refuses
//! (`None`) what the runtime refuses or would overflow in; what runs afterwards cannot fail.
//!
//! Almost everywhere a sum is multiplied by a real factor in whole numbers ([`Multiplier`]), which rounds
//! twice: halves up, and then halves away from 0 or, in some vectors, up again.
//!
//! | operator | the second rounding |
//! |---|---|
//! | convolution, dense layer | up |
//! | convolution in groups; depthwise of `uint8` | away |
//! | depthwise and transposed convolution of `int8` | up in whole groups of 8 channels, away behind them |
//! | transposed convolution of `uint8` | up in whole groups of 16 numbers, away behind them |
//! | `QUANTIZE` of whole numbers | up in whole groups of 16 numbers, away behind them |
//! | `MEAN` over rows and columns that are kept | up in whole groups of 16 channels, away behind them |
//! | `ADD`, `MUL`, `SUB`, `PRELU`, other means, activations in whole numbers, and so on | away |
//!
//! `ADD` brings its operands to one grid in three ways ([`Add`]). `QUANTIZE` of real values and `DEQUANTIZE`
//! compute whole groups of 8 numbers otherwise than what is behind them. Averages of a window, and
//! `RESIZE_BILINEAR` of `int8`, round halves away from 0 in the file's own numbers. `SUM`, `SOFTMAX`,
//! `LOG_SOFTMAX`, `RESIZE_BILINEAR` of `uint8` and `CONCATENATION` compute in float32.
//!
//! No kernel is needed where the runtime takes numbers as they are, whatever their grids: `MAXIMUM` and
//! `MINIMUM`, `REDUCE_MAX` and `REDUCE_MIN`, `ARG_MAX`, `RESIZE_NEAREST_NEIGHBOR`, and all that moves numbers.

mod add;
mod axes;
mod broadcast;
mod compare;
mod concat;
mod conv;
mod difference;
mod div;
mod ends;
mod erf;
pub(crate) mod fast;
#[cfg(test)]
mod golden;
mod grid;
mod hard_swish;
#[cfg(test)]
mod hostile;
mod matmul;
mod mean;
mod mul;
mod multiplier;
mod normalise;
mod pool;
mod prelu;
mod product;
mod range;
mod resize;
mod rsqrt;
mod softmax;
mod sums;
mod table;
mod transposed;
mod unary;

pub(crate) use add::Add;
pub(crate) use broadcast::Broadcast;
pub(crate) use compare::Comparable;
pub(crate) use concat::joined;
pub(crate) use difference::SquaredDifference;
pub(crate) use div::Div;
pub(crate) use ends::{Requantise, dequantise, quantise};
pub(crate) use fast::{Binary8, Deep8, Packed8, Scratch};
pub(crate) use grid::Grid;
pub(crate) use matmul::MatMul;
pub(crate) use mean::{Mean, Sum};
pub(crate) use mul::Mul;
pub(crate) use multiplier::Multiplier;
pub(crate) use normalise::l2_normalise;
pub(crate) use pool::{AveragePool, MaxPool};
pub(crate) use prelu::Prelu;
pub(crate) use product::Product;
pub(crate) use range::Activation;
pub(crate) use resize::{Places, ResizeBilinear};
pub(crate) use softmax::{LogSoftmax, Softmax};
pub(crate) use sums::{Conv, Finish, Operator};
pub(crate) use table::Table;
pub(crate) use transposed::TransposedConv;
pub(crate) use unary::Unary;
