//! A convolution over all channels: a matrix product, whatever its window.

use std::sync::Arc;

use super::pool::images;
use super::{Compute, Scratch};
use crate::kernels::Geometry;
use crate::kernels::float::{Activation, Aligned, Finish, Packed, Rows, gemm, padded};

/// How many values of a padded image are copied at a time: a quarter of a usual second cache.
pub(super) const BAND: usize = 64 * 1024;

/// A convolution over all channels, or a fully connected layer; with what follows it. Of one input, or of
/// two if the second is added to the sums.
#[derive(Clone, Debug)]
pub(in crate::engine) struct Dense {
    pub(in crate::engine) geometry: Geometry,
    pub(in crate::engine) weights: Arc<Packed>,
    pub(in crate::engine) activation: Activation,
}

impl Compute for Dense {
    fn name(&self) -> &'static str {
        "Conv"
    }

    fn compute(&self, inputs: &[&[f32]], out: &mut [f32], scratch: &mut Scratch) {
        let each = self.geometry.output.iter().product();
        for (image, (x, out)) in images(&self.geometry, inputs[0], out).enumerate() {
            let add = inputs.get(1).map(|add| &add[image * each..][..each]);
            self.image(x, add, out, &mut scratch.padded);
        }
    }
}

impl Dense {
    /// Of one image.
    pub(super) fn image(
        &self,
        x: &[f32],
        add: Option<&[f32]>,
        out: &mut [f32],
        scratch: &mut Aligned,
    ) {
        let (geometry, weights) = (&self.geometry, &self.weights);
        let finish = Finish { activation: self.activation, add };
        if geometry.is_pointwise() {
            let rows = Rows::matrix(x, geometry.input[2]);
            gemm(rows, 0, geometry.places(), weights, finish, out);
            return;
        }
        let [high, wide] = padded(geometry);
        if [high, wide] == geometry.input[..2] {
            let rows = Rows::windows(x, geometry, wide);
            gemm(rows, 0, geometry.places(), weights, finish, out);
            return;
        }
        let line = wide * geometry.input[2];
        let reach = geometry.needs(0, 1);
        let lines = (BAND / line).saturating_sub(reach) / geometry.stride[0] + 1;
        let out_line = geometry.output[1] * geometry.output[2];
        let mut first = 0;
        for out in out.chunks_mut(lines * out_line) {
            let lines = out.len() / out_line;
            let needed = geometry.needs(0, lines);
            let band = scratch.grown(needed * line);
            pad(geometry, x, first * geometry.stride[0], wide, band);
            let add = add.map(|add| &add[first * out_line..][..out.len()]);
            let rows = Rows::windows(band, geometry, wide);
            gemm(rows, 0, lines * geometry.output[1], weights, Finish { add, ..finish }, out);
            first += lines;
        }
    }
}

/// Copies lines of an image with their padding, from line `first` on (the padding's lines count), `wide`
/// columns each.
pub(super) fn pad(geometry: &Geometry, x: &[f32], first: usize, wide: usize, out: &mut [f32]) {
    let [high, columns, channels] = geometry.input;
    let (left, own) = (geometry.before[1] * channels, columns * channels);
    for (place, to) in out.chunks_exact_mut(wide * channels).enumerate() {
        match (first + place).checked_sub(geometry.before[0]).filter(|y| *y < high) {
            Some(y) => {
                to[..left].fill(0.0);
                to[left..][..own].copy_from_slice(&x[y * own..][..own]);
                to[left + own..].fill(0.0);
            }
            None => to.fill(0.0),
        }
    }
}
