//! What whole numbers stand for.

/// The real values that the numbers of a tensor stand for: `scale * (number - zero)`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Grid {
    /// What one step is; finite and above 0.
    pub(crate) scale: f32,
    /// The number that stands for 0, moved up by 128 where the file has `int8`.
    pub(crate) zero: i32,
    /// Whether the file has `int8`, and not `uint8`: in a few operators the runtime computes otherwise.
    pub(crate) signed: bool,
}
