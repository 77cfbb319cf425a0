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

mod add;
mod broadcast;
mod conv;
mod ends;
mod fast;
#[cfg(test)]
mod golden;
mod grid;
mod mul;
mod multiplier;
mod range;
mod sums;
mod table;

pub(crate) use add::Add;
pub(crate) use broadcast::Broadcast;
pub(crate) use conv::{conv, depthwise};
pub(crate) use fast::{Deep8, Packed8, Scratch};
pub(crate) use ends::{dequantise, quantise, requantise};
pub(crate) use grid::Grid;
pub(crate) use mul::Mul;
pub(crate) use multiplier::Multiplier;
pub(crate) use range::Activation;
pub(crate) use sums::{Conv, Finish, Operator, Rounding};
pub(crate) use table::Table;
