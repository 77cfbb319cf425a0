//! A factor and an addend for each channel: a normalisation that no convolution before it could take.

use super::{Compute, Scratch};
use crate::kernels::Level;
use crate::kernels::float::{self, Activation};

/// Each channel times a factor of its own, plus an addend of its own.
#[derive(Debug)]
pub(in crate::engine) struct Affine {
    pub(in crate::engine) level: Level,
    pub(in crate::engine) factors: Vec<f32>,
    pub(in crate::engine) addends: Vec<f32>,
    pub(in crate::engine) activation: Activation,
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
