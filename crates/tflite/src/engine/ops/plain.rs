//! Convolutions and pools that the kernels do not take.

use super::pool::images;
use super::{Compute, Scratch};
use crate::kernels::Geometry;
use crate::kernels::float::{plain_conv, plain_depthwise, plain_pool};

/// A convolution over all channels of an image, with a kernel and a bias.
#[derive(Debug)]
pub(in crate::engine) struct PlainConv(pub(in crate::engine) Geometry);

impl Compute for PlainConv {
    fn name(&self) -> &'static str {
        "PlainConv"
    }

    fn compute(&self, inputs: &[&[f32]], out: &mut [f32], _: &mut Scratch) {
        for (x, out) in images(&self.0, inputs[0], out) {
            plain_conv(x, inputs[1], inputs[2], &self.0, out);
        }
    }
}

/// A convolution of each channel of an image, with a kernel and a bias.
#[derive(Debug)]
pub(in crate::engine) struct PlainDepthwise(pub(in crate::engine) Geometry);

impl Compute for PlainDepthwise {
    fn name(&self) -> &'static str {
        "PlainDepthwise"
    }

    fn compute(&self, inputs: &[&[f32]], out: &mut [f32], _: &mut Scratch) {
        for (x, out) in images(&self.0, inputs[0], out) {
            plain_depthwise(x, inputs[1], inputs[2], &self.0, out);
        }
    }
}

/// The greatest value, or the average, of each window.
#[derive(Debug)]
pub(in crate::engine) struct PlainPool {
    pub(in crate::engine) max: bool,
    pub(in crate::engine) geometry: Geometry,
}

impl Compute for PlainPool {
    fn name(&self) -> &'static str {
        "PlainPool"
    }

    fn compute(&self, inputs: &[&[f32]], out: &mut [f32], _: &mut Scratch) {
        for (x, out) in images(&self.geometry, inputs[0], out) {
            plain_pool(self.max, x, &self.geometry, out);
        }
    }
}
