//! An inverted residual, some lines at a time.
//!
//! Its middle has several times as many channels as its ends. What the first convolution makes goes into a
//! ring of lines that stays in the second cache, from there through the depthwise convolution into a few
//! lines more, and from those through the last convolution into the result.

use super::conv::{Dense, pad};
use super::depthwise::{Deep, zeros};
use super::{Compute, Scratch};
use crate::kernels::float::{Aligned, Finish, Rows, gemm, padded};

/// How many bytes the middle of a block may have before it is computed some lines at a time.
const WHOLE: usize = 300 << 10;
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
        let geometry = deep.weights.geometry();
        let middle = if expand.is_some() { geometry.input } else { geometry.output };
        let bytes = size_of::<f32>() * middle.iter().product::<usize>();
        let few = ROWS.div_ceil(geometry.output[1]).next_multiple_of(2);
        let lines = if bytes <= WHOLE { usize::MAX } else { few }.min(geometry.output[0]);
        Self { expand, deep, project, lines: lines.max(1) }
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
