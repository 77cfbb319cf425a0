//! What a model's user says of it.

/// The greatest width or height of an input, in pixels.
pub const MAX_SIDE: u32 = 2048;

/// What a model's user says of it, where its file leaves something open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ask {
    /// Width and height of the input in pixels. A side that the file says stays as it is.
    pub size: Option<[usize; 2]>,
    /// Which output is meant, counted from 0. A model with one output needs no more.
    pub output: Option<usize>,
}
