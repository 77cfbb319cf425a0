//! An inverted residual, some lines at a time.
//!
//! Its middle has several times as many channels as its ends. What the first convolution makes goes into a
//! ring of lines that stays in the second cache, from there through the depthwise convolution into a few
//! lines more, and from those through the last convolution into the result.

use super::conv::{Dense, pad};
use super::depthwise::{Deep, zeros};
use super::{Compute, Scratch};
use crate::kernels::Geometry;
use crate::kernels::float::{Aligned, Finish, Rows, gemm, padded};

/// How many bytes of the middle are there at a time, if it has more: they share the second cache with weights.
const SOME: usize = 300 << 10;
/// How many rows a product has at least, where a block is computed some lines at a time: the weights are
/// read anew for each.
const ROWS: usize = 64;

/// A convolution, if there is one, a depthwise one, and one of 1x1, if there is one. Of one input, or of two
/// if the second is added to the last sums.
#[derive(Clone, Debug)]
pub(in crate::engine) struct Block {
    expand: Option<Dense>,
    deep: Deep,
    project: Option<Dense>,
    /// How many lines of the result are computed at a time.
    lines: usize,
}

impl Block {
    pub(in crate::engine) fn new(
        expand: Option<Dense>,
        deep: Deep,
        project: Option<Dense>,
    ) -> Self {
        let weights =
            [&expand, &project].into_iter().flatten().map(|dense| dense.weights.bytes()).sum();
        let lines = lines(deep.weights.geometry(), expand.is_some(), weights);
        Self { expand, deep, project, lines }
    }

    /// Makes lines of the middle from the input.
    fn widen(
        expand: &Dense,
        x: &[f32],
        from: usize,
        to: usize,
        out: &mut [f32],
        band: &mut Aligned,
    ) {
        let geometry = &expand.geometry;
        let finish = Finish { activation: expand.activation, add: None };
        let [_, columns, channels] = geometry.input;
        let rows = if geometry.is_pointwise() {
            Rows::matrix(&x[from * columns * channels..], channels)
        } else {
            let wide = padded(geometry)[1];
            let lines = geometry.needs(0, to - from);
            let band = band.grown(lines * wide * channels);
            pad(geometry, x, from * geometry.stride[0], wide, band);
            Rows::windows(band, geometry, wide)
        };
        gemm(rows, 0, (to - from) * geometry.output[1], &expand.weights, finish, out);
    }
}

/// How many lines of its result a block computes at a time, an even number if not all: as many as the second
/// cache holds the middle of, of one length. But all if it costs less to have the whole middle in memory,
/// written once and read once, than to read the block's `weights`, in bytes, for each part anew.
fn lines(geometry: &Geometry, expands: bool, weights: usize) -> usize {
    let middle = if expands { geometry.input } else { geometry.output };
    let middle = size_of::<f32>() * middle.iter().product::<usize>();
    let [high, columns, _] = geometry.output;
    if high == 0 || columns == 0 || middle <= SOME {
        return high.max(1);
    }
    let most = (SOME * high / middle).max(ROWS.div_ceil(columns)).next_multiple_of(2);
    let parts = high.div_ceil(most);
    if (parts - 1) * weights > 2 * middle {
        return high;
    }
    high.div_ceil(parts).next_multiple_of(2).min(high)
}

impl Compute for Block {
    fn name(&self) -> &'static str {
        "Block"
    }

    fn compute(&self, inputs: &[&[f32]], out: &mut [f32], scratch: &mut Scratch) {
        let (x, add) = (inputs[0], inputs.get(1));
        let geometry = self.deep.weights.geometry();
        let [high, columns, channels] = geometry.input;
        let line = columns * channels;
        let Scratch { padded, ring, wide, zeros: memory } = scratch;
        let zeros = zeros(memory, line);
        let slots = self.deep.weights.needs(self.lines).min(high);
        let ring = ring.grown(if self.expand.is_some() { slots * line } else { 0 });
        let wide_line = geometry.output[1] * channels;
        let wide = wide.grown(if self.project.is_some() { self.lines * wide_line } else { 0 });
        let results = self.project.as_ref().map_or(channels, |project| project.geometry.output[2]);
        let out_line = geometry.output[1] * results;
        let (mut first, mut made) = (0, 0);
        for out in out.chunks_mut(self.lines * out_line) {
            let lines = out.len() / out_line;
            if let Some(expand) = &self.expand {
                let last = first * geometry.stride[0] + self.deep.weights.needs(lines);
                let last = last.saturating_sub(geometry.before[0]).min(high);
                while made < last {
                    // As far as the ring goes without a turn.
                    let to = last.min((made / slots + 1) * slots);
                    let lines = &mut ring[made % slots * line..][..(to - made) * line];
                    Self::widen(expand, x, made, to, lines, padded);
                    made = to;
                }
            }
            let (ring, expands) = (&*ring, self.expand.is_some());
            let from = |y: usize| {
                if expands { &ring[y % slots * line..][..line] } else { &x[y * line..][..line] }
            };
            match &self.project {
                None => self.deep.lines(first, out, zeros, from),
                Some(project) => {
                    let wide = &mut wide[..lines * wide_line];
                    self.deep.lines(first, wide, zeros, from);
                    let add = add.map(|add| &add[first * out_line..][..out.len()]);
                    let finish = Finish { activation: project.activation, add };
                    let rows = Rows::matrix(wide, channels);
                    gemm(rows, 0, lines * geometry.output[1], &project.weights, finish, out);
                }
            }
            first += lines;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lines at a time of a convolution of 3x3 over so many lines, columns and channels.
    fn at_a_time(input: [usize; 3], stride: usize, expands: bool, weights: usize) -> usize {
        let output = [input[0].div_ceil(stride), input[1].div_ceil(stride), input[2]];
        let geometry = Geometry {
            input,
            output,
            size: [3; 2],
            stride: [stride; 2],
            dilation: [1; 2],
            before: [1; 2],
        };
        lines(&geometry, expands, weights)
    }

    #[test]
    fn as_many_lines_as_the_cache_holds_unless_weights_are_more() {
        assert_eq!(at_a_time([7, 7, 1152], 1, true, 3 << 20), 7, "a small middle");
        assert_eq!(at_a_time([14, 14, 672], 1, true, 600_000), 8, "in two parts");
        assert_eq!(at_a_time([112, 112, 96], 2, true, 15_000), 4, "in many");
        assert_eq!(at_a_time([147, 147, 128], 1, false, 65_536), 4, "without a first convolution");
        assert_eq!(at_a_time([19, 19, 728], 1, false, 2_119_936), 19, "many weights");
        assert_eq!(at_a_time([1, 100_000, 8], 1, false, 64), 1, "one long line");
        assert_eq!(at_a_time([0, 5, 8], 1, false, 64), 1, "nothing");
    }
}
