//! A convolution of each channel alone.

use std::sync::Arc;

use super::pool::images;
use super::{Compute, Scratch};
use crate::kernels::float::{Activation, Aligned, Depth, depthwise, depthwise_all};

/// A convolution of each channel alone, with the activation behind it.
#[derive(Clone, Debug)]
pub(in crate::engine) struct Deep {
    pub(in crate::engine) weights: Arc<Depth>,
    pub(in crate::engine) activation: Activation,
}

impl Compute for Deep {
    fn name(&self) -> &'static str {
        "Depthwise"
    }

    fn compute(&self, inputs: &[&[f32]], out: &mut [f32], scratch: &mut Scratch) {
        let geometry = self.weights.geometry();
        let zeros = zeros(&mut scratch.zeros, geometry.input[1] * geometry.input[2]);
        for (x, out) in images(geometry, inputs[0], out) {
            depthwise_all(x, zeros, &self.weights, self.activation, out);
        }
    }
}

impl Deep {
    /// The lines of the result from `first` on, two at a time. `line` gives those of the input, zeros where
    /// they are outside.
    pub(super) fn lines<'x>(
        &self,
        first: usize,
        out: &mut [f32],
        zeros: &'x [f32],
        line: impl Fn(usize) -> &'x [f32],
    ) {
        /// Lines of the input for two lines of most results.
        const MOST: usize = 16;
        let geometry = self.weights.geometry();
        let out_line = geometry.output[1] * geometry.output[2];
        let (mut few, mut many) = ([zeros; MOST], vec![]);
        let rows: &mut [&[f32]] = match self.weights.needs(2) {
            needed if needed <= MOST => &mut few,
            needed => {
                many.resize(needed, zeros);
                &mut many
            }
        };
        for (pair, out) in out.chunks_mut(2 * out_line).enumerate() {
            let top = (first + 2 * pair) * geometry.stride[0];
            let rows = &mut rows[..self.weights.needs(out.len() / out_line)];
            for (at, row) in rows.iter_mut().enumerate() {
                let y = (top + at).checked_sub(geometry.before[0]);
                *row = y.filter(|y| *y < geometry.input[0]).map_or(zeros, &line);
            }
            depthwise(rows, &self.weights, self.activation, out);
        }
    }
}

/// So many zeros. Nothing else is ever written there.
pub(super) fn zeros(memory: &mut Aligned, len: usize) -> &[f32] {
    memory.grown(len)
}
