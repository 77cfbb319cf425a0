//! Softmax.

use super::{Compute, Scratch};
use crate::kernels::Level;
use crate::kernels::float;

/// The softmax of each row of so many values.
#[derive(Debug)]
pub(in crate::engine) struct Softmax {
    pub(in crate::engine) level: Level,
    pub(in crate::engine) side: usize,
}

impl Compute for Softmax {
    fn name(&self) -> &'static str {
        "Softmax"
    }

    fn compute(&self, inputs: &[&[f32]], out: &mut [f32], _: &mut Scratch) {
        float::softmax(self.level, inputs[0], self.side, 1.0, out);
    }
}
