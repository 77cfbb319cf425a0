//! What an instruction set says of, and is given of, a convolution of each channel alone.

use super::steps::{Ends, Step};

/// How an instruction set does it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Form {
    /// The sums of a vector.
    pub(super) lanes: usize,
    /// The rows that lie between each other.
    pub(super) group: usize,
    /// The vectors of a block of channels, the most first. Only the last may be of fewer channels.
    pub(super) vectors: &'static [usize],
    /// The numbers that a vector's steps take, and what writes them.
    pub(super) record: usize,
    pub(super) write: fn(&[Step], &mut [i32]),
    /// The channel of a block that a vector's lane holds, given the vectors, the vector and the lane.
    pub(super) channel: fn(usize, usize, usize) -> usize,
}

/// A row of the result, or a part of it, for a block of channels.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line<'a, T> {
    /// The block's numbers, rows between each other: groups of rows, columns, vectors.
    pub(super) data: &'a [T],
    /// From a window's first column to each of its taps, in the order of the weights.
    pub(super) taps: &'a [usize],
    /// From one window to the next.
    pub(super) along: usize,
    pub(super) weights: &'a [i8],
    pub(super) steps: &'a [i32],
    pub(super) ends: Ends,
    /// The places of the row, the channels of the block, and those of the result.
    pub(super) places: usize,
    pub(super) channels: usize,
    pub(super) all: usize,
}

/// Rows of the input that are laid between each other, for a block of channels.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rows<'a> {
    /// The rows, from the block's first channel on.
    pub(super) each: &'a [&'a [u8]],
    /// The channels of the input, and of the block.
    pub(super) all: usize,
    pub(super) channels: usize,
}
