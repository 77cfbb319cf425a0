//! Operators value by value.

use super::{Compute, Scratch};
use crate::kernels::Level;
use crate::kernels::float::{self, Activation};

/// Changes each value.
#[derive(Debug)]
pub(in crate::engine) struct Activate {
    pub(in crate::engine) level: Level,
    pub(in crate::engine) activation: Activation,
}

impl Compute for Activate {
    fn name(&self) -> &'static str {
        "Activate"
    }

    fn changes(&self) -> bool {
        true
    }

    fn change(&self, x: &mut [f32], _: &[&[f32]]) {
        float::activation(self.level, self.activation, x);
    }
}

/// The sum of two tensors of one shape.
#[derive(Debug)]
pub(in crate::engine) struct Add {
    pub(in crate::engine) level: Level,
    pub(in crate::engine) activation: Activation,
}

impl Compute for Add {
    fn name(&self) -> &'static str {
        "Add"
    }

    fn compute(&self, inputs: &[&[f32]], out: &mut [f32], _: &mut Scratch) {
        float::add(self.level, inputs[0], inputs[1], self.activation, out);
    }

    fn changes(&self) -> bool {
        true
    }

    fn change(&self, x: &mut [f32], others: &[&[f32]]) {
        float::add_to(self.level, x, others[0], self.activation);
    }
}

/// The product of two tensors of one shape.
#[derive(Debug)]
pub(in crate::engine) struct Mul {
    pub(in crate::engine) level: Level,
    pub(in crate::engine) activation: Activation,
}

impl Compute for Mul {
    fn name(&self) -> &'static str {
        "Mul"
    }

    fn compute(&self, inputs: &[&[f32]], out: &mut [f32], _: &mut Scratch) {
        float::mul(self.level, inputs[0], inputs[1], self.activation, out);
    }

    fn changes(&self) -> bool {
        true
    }

    fn change(&self, x: &mut [f32], others: &[&[f32]]) {
        float::mul_to(self.level, x, others[0], self.activation);
    }
}

/// Each channel of an image times a factor of its own: of squeeze-and-excite.
#[derive(Debug)]
pub(in crate::engine) struct Scale {
    pub(in crate::engine) level: Level,
    pub(in crate::engine) images: usize,
    pub(in crate::engine) activation: Activation,
}

impl Compute for Scale {
    fn name(&self) -> &'static str {
        "Scale"
    }

    fn compute(&self, inputs: &[&[f32]], out: &mut [f32], _: &mut Scratch) {
        let (each, channels) = (out.len() / self.images, inputs[1].len() / self.images);
        let images = inputs[0].chunks_exact(each).zip(inputs[1].chunks_exact(channels));
        for ((x, factors), out) in images.zip(out.chunks_exact_mut(each)) {
            float::scale_channels(self.level, x, factors, None, self.activation, out);
        }
    }

    fn changes(&self) -> bool {
        true
    }

    fn change(&self, x: &mut [f32], others: &[&[f32]]) {
        let (each, channels) = (x.len() / self.images, others[0].len() / self.images);
        for (x, factors) in x.chunks_exact_mut(each).zip(others[0].chunks_exact(channels)) {
            float::scale_channels_to(self.level, x, factors, None, self.activation);
        }
    }
}
