//! What tiles of all instruction sets are given.

use super::steps::Ends;

/// A tile's input: windows over rows of numbers (of type `T`), times a panel's weights.
#[derive(Clone, Copy, Debug)]
pub(super) struct Job<'a, T> {
    pub(super) data: &'a [T],
    /// From the start of a window to those of its runs.
    pub(super) offsets: &'a [usize],
    /// How many groups of numbers a run has.
    pub(super) groups: usize,
    /// The panel's weights and steps.
    pub(super) weights: &'a [i8],
    pub(super) steps: &'a [i32],
    pub(super) ends: Ends,
    /// The channels of the panel, and of the result.
    pub(super) channels: usize,
    pub(super) line: usize,
}

/// Writes a panel's channels of one place: all of `x`, or as many as `out` has room for.
#[inline(always)]
#[allow(clippy::inline_always)] // A few moves.
pub(super) fn put<const N: usize>(x: &[u8; N], out: &mut [u8]) {
    if let Some(out) = out.first_chunk_mut::<N>() {
        *out = *x;
        return;
    }
    // Moves of fixed sizes, for one of any size is a call.
    let mut at = 0;
    macro_rules! part {
        ($size:literal) => {
            if out.len() - at >= $size {
                out[at..at + $size].copy_from_slice(&x[at..at + $size]);
                at += $size;
            }
        };
    }
    part!(32);
    part!(16);
    part!(8);
    part!(4);
    part!(2);
    if at < out.len() {
        out[at] = x[at];
    }
}
