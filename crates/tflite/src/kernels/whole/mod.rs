//! Whole numbers of 8 bits, as the official runtime's own kernels compute them, to the last step.
//!
//! A number `q` stands for `scale * (q - zero)`. All numbers here are `u8`: those of a file's `int8`
//! tensors are moved up by 128, and so is their zero point, which changes nothing that they stand for.
//! Sums are `i32`, which wrap as the runtime's do.

mod grid;
mod multiplier;
mod sums;

pub(crate) use grid::Grid;
pub(crate) use multiplier::Multiplier;
pub(crate) use sums::{Conv, Finish, Rounding};
