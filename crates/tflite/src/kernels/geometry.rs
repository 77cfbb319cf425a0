//! Where a convolution or pool looks.

/// The shapes of a convolution or pool over one image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Geometry {
    /// Rows, columns and channels of what is read.
    pub(crate) input: [usize; 3],
    /// Rows, columns and channels of the result.
    pub(crate) output: [usize; 3],
    /// Rows and columns of the window.
    pub(crate) size: [usize; 2],
    /// From one window to the next.
    pub(crate) stride: [usize; 2],
    /// From one place of a window to the next.
    pub(crate) dilation: [usize; 2],
    /// Rows and columns of padding before the first; behind the last there are as many as windows reach.
    pub(crate) before: [usize; 2],
}

impl Geometry {
    /// A dense layer: so many rows of `inputs` values, as the places of an image.
    pub(crate) fn of_rows(rows: usize, inputs: usize, outputs: usize) -> Self {
        Self {
            input: [1, rows, inputs],
            output: [1, rows, outputs],
            size: [1, 1],
            stride: [1, 1],
            dilation: [1, 1],
            before: [0, 0],
        }
    }

    /// Whether the result at a place depends on the input at that place alone.
    pub(crate) fn is_pointwise(&self) -> bool {
        self.size == [1, 1] && self.stride == [1, 1] && self.before == [0, 0]
    }

    /// How many rows (or columns) of the input, with its padding, so many of the result need.
    pub(crate) fn needs(&self, axis: usize, count: usize) -> usize {
        let last = count.saturating_sub(1) * self.stride[axis];
        last + (self.size[axis] - 1) * self.dilation[axis] + 1
    }

    /// How many places the result has.
    pub(crate) fn places(&self) -> usize {
        self.output[0] * self.output[1]
    }
}
