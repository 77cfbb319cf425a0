//! A factor and an addend for each channel: a normalisation that no convolution before it could take.

use super::{Compute, Scratch};
use crate::kernels::Level;
use crate::kernels::float::{self, Activation};

/// Each channel times a factor of its own, plus an addend of its own.
#[derive(Debug)]
pub(in crate::engine) struct Affine {
    level: Level,
    factors: Vec<f32>,
    addends: Vec<f32>,
    activation: Activation,
}

/// Of fewer channels than this, several places are taken for one, so that they fill vectors.
const FEW: usize = 16;

impl Affine {
    /// Of a tensor of `len` values.
    pub(in crate::engine) fn new(
        level: Level,
        [factors, addends]: [Vec<f32>; 2],
        activation: Activation,
        len: usize,
    ) -> Self {
        let repeats = match factors.len() {
            few if few < FEW && len.is_multiple_of(FEW * few) => FEW,
            _ => 1,
        };
        let [factors, addends] = [factors.repeat(repeats), addends.repeat(repeats)];
        Self { level, factors, addends, activation }
    }
}

impl Compute for Affine {
    fn name(&self) -> &'static str {
        "Affine"
    }

    fn compute(&self, inputs: &[&[f32]], out: &mut [f32], _: &mut Scratch) {
        let (factors, addends) = (&self.factors, Some(&self.addends[..]));
        float::scale_channels(self.level, inputs[0], factors, addends, self.activation, out);
    }

    fn changes(&self) -> bool {
        true
    }

    fn change(&self, x: &mut [f32], _: &[&[f32]]) {
        let (factors, addends) = (&self.factors, Some(&self.addends[..]));
        float::scale_channels_to(self.level, x, factors, addends, self.activation);
    }
}
