//! Convolutions: sums of products, and what becomes of them.

use super::multiplier::Multiplier;
use crate::kernels::Geometry;

/// How the product of a sum and a [`Multiplier`] is rounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rounding {
    /// As the runtime's matrix products do it.
    Product,
    /// As its depthwise convolutions do it.
    Depthwise,
}

/// What becomes of the sums of a convolution: `clamp(zero + round(multiplier * (sum + bias)))`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Finish {
    /// One for each channel of the result.
    pub(crate) bias: Vec<i32>,
    /// One for each channel of the result.
    pub(crate) multipliers: Vec<Multiplier>,
    /// How products are rounded.
    pub(crate) rounding: Rounding,
    /// The result's number that stands for 0.
    pub(crate) zero: i32,
    /// The least number of the result.
    pub(crate) least: u8,
    /// The greatest number of the result.
    pub(crate) greatest: u8,
}

/// A convolution over all channels, or of each channel alone.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Conv {
    pub(crate) geometry: Geometry,
    /// The input's number that stands for 0, which also pads it.
    pub(crate) input_zero: u8,
    /// Over all channels: result channel, row, column, input channel (OHWI). Of each channel alone: row,
    /// column, channel. A file's `uint8` weights are moved down by 128.
    pub(crate) weights: Vec<i8>,
    /// The weights' number that stands for 0; not 0 only in files with `uint8` weights.
    pub(crate) weights_zero: i32,
    pub(crate) finish: Finish,
}
