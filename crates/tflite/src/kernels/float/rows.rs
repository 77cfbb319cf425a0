//! Where a matrix product finds the rows that it multiplies.

use crate::kernels::Geometry;

/// The rows of a matrix that is not written down: for each place of a convolution's result, what its
/// window sees.
///
/// A row is `segments` times `parts` runs of `run` values each, in that order: run (s, p) of the row of
/// place (y, x) begins at `y * dy + x * dx + s * step + p * hop`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rows<'a> {
    /// All values.
    pub(crate) data: &'a [f32],
    /// Lines of a window.
    pub(crate) segments: usize,
    /// From one line of a window to the next.
    pub(crate) step: usize,
    /// Runs in a line of a window.
    pub(crate) parts: usize,
    /// From one run to the next.
    pub(crate) hop: usize,
    /// Values that lie side by side.
    pub(crate) run: usize,
    /// Places in a line of the result.
    pub(crate) wide: usize,
    /// From one place to the next.
    pub(crate) dx: usize,
    /// From one line of places to the next.
    pub(crate) dy: usize,
}

impl<'a> Rows<'a> {
    /// Rows of `k` values, one behind the other.
    pub(crate) fn matrix(data: &'a [f32], k: usize) -> Self {
        let wide = usize::MAX;
        Self { data, segments: 1, step: 0, parts: 1, hop: 0, run: k, wide, dx: k, dy: 0 }
    }

    /// What the windows of a convolution see. `data` is the input with its padding, in lines of `wide`
    /// columns: the first window begins at the first value. (See [`Geometry::before`] for how much padding
    /// there is in front; [`padded`] for how much of all is read.)
    pub(crate) fn windows(data: &'a [f32], geometry: &Geometry, wide: usize) -> Self {
        let channels = geometry.input[2];
        let line = wide * channels;
        // Columns that touch are one run.
        let (parts, run) = match geometry.dilation[1] {
            1 => (1, geometry.size[1] * channels),
            _ => (geometry.size[1], channels),
        };
        Self {
            data,
            segments: geometry.size[0],
            step: geometry.dilation[0] * line,
            parts,
            hop: geometry.dilation[1] * channels,
            run,
            wide: geometry.output[1],
            dx: geometry.stride[1] * channels,
            dy: geometry.stride[0] * line,
        }
    }

    /// Where the rows of `R` places begin, from one place on.
    #[inline(always)]
    pub(super) fn starts<const R: usize>(&self, place: usize) -> [usize; R] {
        if self.wide == usize::MAX {
            return std::array::from_fn(|r| (place + r) * self.dx);
        }
        // Two divisions, and not two for each: they take as long as a part of a small tile.
        let (mut y, mut x) = (place / self.wide, place % self.wide);
        std::array::from_fn(|_| {
            let start = y * self.dy + x * self.dx;
            x += 1;
            if x == self.wide {
                (y, x) = (y + 1, 0);
            }
            start
        })
    }

    /// How many runs a row has.
    #[inline(always)]
    pub(super) fn runs(&self) -> usize {
        self.segments * self.parts
    }

    /// Where a run begins, from the row's beginning.
    #[inline(always)]
    pub(super) fn offset(&self, run: usize) -> usize {
        if self.parts == 1 {
            run * self.step
        } else {
            (run / self.parts) * self.step + (run % self.parts) * self.hop
        }
    }
}

/// How many rows and columns of the input with its padding a convolution reads, at least all of the input.
pub(crate) fn padded(geometry: &Geometry) -> [usize; 2] {
    [0, 1].map(|axis| {
        let needed = geometry.needs(axis, geometry.output[axis]);
        needed.max(geometry.input[axis] + geometry.before[axis])
    })
}
