//! Where the windows of a convolution lie in memory.

use std::iter;

use crate::kernels::Geometry;

/// The input as windows see it: with its padding around it, and each window as runs of numbers that lie
/// side by side.
#[derive(Clone, Debug)]
pub(super) struct Windows {
    input: [usize; 3],
    before: [usize; 2],
    /// Rows and columns with the padding; what windows do not reach is not there.
    padded: [usize; 2],
    /// Whether the input has to be copied to have its padding, or something behind its end.
    pub(super) copied: bool,
    /// From the start of a window to those of its runs.
    pub(super) offsets: Vec<usize>,
    /// The numbers of a run.
    pub(super) run: usize,
    /// The columns of the result.
    columns: usize,
    /// From one window to the next, along a row and down a column.
    along: usize,
    down: usize,
}

/// How many numbers may be read behind a run's end.
const BEHIND: usize = 8;

/// An input with its padding has at most so many times its numbers, if it has more than a few.
const MOST: usize = 8;
const SMALL: usize = 1 << 20;

/// The rows or columns that windows reach over, padding included. `None` if they are too many to count.
pub(super) fn reach(geometry: &Geometry, axis: usize) -> Option<usize> {
    let last = geometry.output[axis].checked_sub(1)?.checked_mul(geometry.stride[axis])?;
    let window = geometry.size[axis].checked_sub(1)?.checked_mul(geometry.dilation[axis])?;
    last.checked_add(window)?.checked_add(1)
}

impl Windows {
    /// `depth` of the input's channels belong to a window, and runs are read in groups of `group`. `None` if
    /// it is too large to count.
    pub(super) fn new(geometry: &Geometry, depth: usize, group: usize) -> Option<Self> {
        let [height, width, channels] = geometry.input;
        let padded = [reach(geometry, 0)?, reach(geometry, 1)?];
        let whole = depth == channels && geometry.dilation[1] == 1;
        let run = if whole { geometry.size[1].checked_mul(depth)? } else { depth };
        let inside = geometry.before == [0, 0] && padded[0] <= height && padded[1] <= width;
        let copied = !inside || run % group != 0;
        let line = if copied { padded[1] } else { width }.checked_mul(channels)?;
        // A window far wider than its input is not worth a copy.
        let input = height.checked_mul(width)?.checked_mul(channels)?;
        if line.checked_mul(padded[0])? > input.checked_mul(MOST)?.checked_add(SMALL)? {
            return None;
        }
        // There is no next one.
        let stride = [0, 1].map(|axis| match geometry.output[axis] {
            1 => 0,
            _ => geometry.stride[axis],
        });
        let columns = if whole { 1 } else { geometry.size[1] };
        let offsets = (0..geometry.size[0])
            .flat_map(|row| (0..columns).map(move |column| (row, column)))
            .map(|(row, column)| {
                row * geometry.dilation[0] * line + column * geometry.dilation[1] * channels
            })
            .collect();
        Some(Self {
            input: geometry.input,
            // What lies wholly in the padding lies in all of it.
            before: [0, 1].map(|axis| geometry.before[axis].min(padded[axis])),
            padded,
            copied,
            offsets,
            run,
            columns: geometry.output[1],
            along: stride[1] * channels,
            down: stride[0] * line,
        })
    }

    /// Where the windows of a place of the result and of all behind it start.
    #[inline]
    pub(super) fn starts(&self, place: usize) -> impl Iterator<Item = usize> {
        let (columns, along, down) = (self.columns, self.along, self.down);
        let (row, mut column) = (place / columns, place % columns);
        let (mut line, mut start) = (row * down, row * down + column * along);
        iter::repeat_with(move || {
            let this = start;
            (start, column) = (start + along, column + 1);
            if column == columns {
                line += down;
                (start, column) = (line, 0);
            }
            this
        })
    }

    /// Writes the input with its padding into `to`, whose numbers are made by `f`.
    pub(super) fn pad<T: Copy>(&self, x: &[u8], zero: u8, to: &mut Vec<T>, f: impl Fn(u8) -> T) {
        let [height, width, channels] = self.input;
        let [rows, columns] = self.padded;
        let line = columns * channels;
        to.resize(rows * line + BEHIND, f(zero));
        // As much of a row as windows reach.
        let across = width.min(columns.saturating_sub(self.before[1])) * channels;
        let first = (self.before[1] * channels).min(line);
        for (row, to) in to.chunks_mut(line).enumerate().take(rows) {
            let from = row.wrapping_sub(self.before[0]);
            let x = if from < height { &x[from * width * channels..][..across] } else { &[] };
            to[..first].fill(f(zero));
            for (to, x) in to[first..].iter_mut().zip(x) {
                *to = f(*x);
            }
            to[first + x.len()..].fill(f(zero));
        }
        to[rows * line..].fill(f(zero));
    }
}
