//! A convolution of 1x1 over an image whose channels are scaled first.

use super::conv::{BAND, Dense};
use super::{Compute, Scratch};
use crate::kernels::float::{Activation, Finish, Rows, gemm, scale_channels};

/// So many rows make whole tiles of a product.
const TILES: usize = 24;

/// A convolution of 1x1 over channels that are multiplied by a factor each first: of an image and its
/// factors, and of what is added to the sums, if anything is. What is scaled stays in the cache.
#[derive(Clone, Debug)]
pub(in crate::engine) struct Scaled(pub(in crate::engine) Dense);

impl Compute for Scaled {
    fn name(&self) -> &'static str {
        "Scaled"
    }

    fn compute(&self, inputs: &[&[f32]], out: &mut [f32], scratch: &mut Scratch) {
        let Dense { geometry, weights, activation } = &self.0;
        let (channels, results) = (geometry.input[2], geometry.output[2]);
        let (x, factors, add) = (inputs[0], inputs[1], inputs.get(2));
        let most = (BAND / channels).next_multiple_of(TILES).max(TILES);
        let mut first = 0;
        for out in out.chunks_mut(most * results) {
            let rows = out.len() / results;
            let x = &x[first * channels..][..rows * channels];
            let scaled = scratch.wide.grown(rows * channels);
            scale_channels(weights.level(), x, factors, None, Activation::None, scaled);
            let add = add.map(|add| &add[first * results..][..out.len()]);
            let finish = Finish { activation: *activation, add };
            gemm(Rows::matrix(scaled, channels), 0, rows, weights, finish, out);
            first += rows;
        }
    }
}
