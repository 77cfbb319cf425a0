//! Real values, in 32 bits.
//!
//! [`gemm`] is the matrix product that convolutions over all channels are: [`Packed`] weights times
//! [`Rows`], which say where a window's values are.
#![allow(
    clippy::inline_always,
    reason = "a kernel must be a part of the function that its instruction set is switched on for"
)]

mod activation;
mod aligned;
mod depth;
mod depthwise;
mod elementwise;
mod exp;
mod half;
mod level;
mod packed;
mod pool;
mod product;
mod reduce;
mod rows;
#[cfg(test)]
mod twin;
mod winograd;

pub(crate) use activation::{Activation, activation};
pub(crate) use aligned::{Aligned, LINE};
pub(crate) use depth::{Depth, depthwise, depthwise_all};
pub(crate) use elementwise::{add, add_to, mul, mul_to, scale_channels, scale_channels_to};
pub(crate) use level::lanes;
pub(crate) use packed::Packed;
pub(crate) use pool::{average_pool, max_pool};
pub(crate) use product::{Finish, gemm};
pub(crate) use reduce::{mean_places, softmax};
pub(crate) use rows::{Rows, padded};
pub(crate) use winograd::Winograd;
