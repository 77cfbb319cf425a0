//! Real values, in 32 bits.
//!
//! Convolutions over all channels are matrix products: [`gemm`] multiplies [`Rows`], which say where the
//! values of each window are, with [`Packed`] weights, and applies the [`Finish`] while a result is still in
//! registers. [`Winograd`] computes those of 3 by 3 with fewer products, where that [pays](Winograd::pays).
//! [`depthwise`] is the convolution of each channel alone. The rest are pools, means, [`Resize`], and what is done to
//! each value: [`Activation`], sums and products. [`plain_conv`] and its like need no preparation.
//!
//! Weights of 16 bits (IEEE 754 binary16) are packed without a copy of 32 bits in between. A result that is
//! no number stays none through every [`Activation`], so that whoever reads it sees that something is wrong.
//!
//! Three things decide how fast this is. The loops over a tile of results are unrolled, and its results
//! written out by macros: with a loop, or a closure that is no part of the function, they would be kept in
//! memory. What is read often fits into a cache: blocks of rows, groups of channels. And the optimiser must
//! run: at a lower level than 3 this takes half as long again.
#![allow(
    clippy::inline_always,
    reason = "a kernel must be a part of the function that its instruction set is switched on for"
)]

mod activation;
mod depth;
mod depthwise;
mod elementwise;
mod exp;
mod half;
mod level;
mod lines;
mod packed;
mod plain;
mod pool;
mod product;
mod reduce;
mod resize;
mod rows;
#[cfg(test)]
mod twin;
mod winograd;

pub(crate) use crate::kernels::aligned::Aligned;
pub(crate) use activation::{Activation, activation};
pub(crate) use depth::Depth;
pub(crate) use elementwise::{add, add_to, mul, mul_to, scale_channels, scale_channels_to};
pub(crate) use exp::{exp_each, tanh};
pub(crate) use half::from_half;
#[allow(unused_imports, reason = "the bench asks for it")]
pub(crate) use level::lanes;
pub(crate) use lines::{depthwise, depthwise_all};
pub(crate) use packed::Packed;
pub(crate) use plain::{plain_conv, plain_depthwise, plain_pool, plain_product};
pub(crate) use pool::{average_pool, max_pool};
pub(crate) use product::{Finish, gemm};
pub(crate) use reduce::{mean_places, softmax};
pub(crate) use resize::Resize;
pub(crate) use rows::{Rows, padded};
pub(crate) use winograd::Winograd;
