//! Pools.

use super::{Compute, Scratch};
use crate::kernels::float::{self, Activation};
use crate::kernels::{Geometry, Level};

/// The greatest value of each window.
#[derive(Debug)]
pub(in crate::engine) struct MaxPool {
    pub(in crate::engine) level: Level,
    pub(in crate::engine) geometry: Geometry,
    pub(in crate::engine) activation: Activation,
}

impl Compute for MaxPool {
    fn name(&self) -> &'static str {
        "MaxPool"
    }

    fn compute(&self, inputs: &[&[f32]], out: &mut [f32], _: &mut Scratch) {
        for (x, out) in images(&self.geometry, inputs[0], out) {
            float::max_pool(self.level, x, &self.geometry, self.activation, out);
        }
    }
}

/// The average of each window; padding does not count.
#[derive(Debug)]
pub(in crate::engine) struct AveragePool {
    pub(in crate::engine) level: Level,
    pub(in crate::engine) geometry: Geometry,
    pub(in crate::engine) activation: Activation,
}

impl Compute for AveragePool {
    fn name(&self) -> &'static str {
        "AveragePool"
    }

    fn compute(&self, inputs: &[&[f32]], out: &mut [f32], _: &mut Scratch) {
        for (x, out) in images(&self.geometry, inputs[0], out) {
            float::average_pool(self.level, x, &self.geometry, self.activation, out);
        }
    }
}

/// The average of all places of each image.
#[derive(Debug)]
pub(in crate::engine) struct Mean {
    pub(in crate::engine) level: Level,
    pub(in crate::engine) channels: usize,
    pub(in crate::engine) images: usize,
}

impl Compute for Mean {
    fn name(&self) -> &'static str {
        "Mean"
    }

    fn compute(&self, inputs: &[&[f32]], out: &mut [f32], _: &mut Scratch) {
        let images = inputs[0].chunks_exact(inputs[0].len() / self.images);
        for (x, out) in images.zip(out.chunks_exact_mut(self.channels)) {
            float::mean_places(self.level, x, out);
        }
    }
}

/// Each image with its result.
pub(super) fn images<'x>(
    geometry: &Geometry,
    x: &'x [f32],
    out: &'x mut [f32],
) -> impl Iterator<Item = (&'x [f32], &'x mut [f32])> {
    let (from, to) = (geometry.input.iter().product(), geometry.output.iter().product());
    x.chunks_exact(from).zip(out.chunks_exact_mut(to))
}
