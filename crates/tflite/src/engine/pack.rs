//! Constants on their way into operators of our own: packed once, from the file's own bytes.

use std::sync::Arc;

use tract_tflite::internal::{TractResult, format_err};

use super::build::Builder;
use super::fuse;
use super::ops::{Deep, Dense, Tiled};
use crate::array::{Array, Data};
use crate::canonical::Content;
use crate::kernels::Level;
use crate::kernels::float::{Depth, Packed, Winograd};

impl Builder<'_> {
    /// A convolution over all channels with its weights.
    pub(super) fn packed(&mut self, conv: fuse::Conv) -> TractResult<Dense> {
        let fuse::Conv { geometry, kernel, bias, activation, .. } = conv;
        let n = geometry.output[2];
        let (kernel, bias) = (self.array(kernel)?, self.array(bias)?);
        let k = kernel.len().checked_div(n).unwrap_or_default();
        let half = matches!(kernel.data, Data::Half(_));
        let place = place(kernel).zip(place(bias)).map(|(kernel, bias)| (half, kernel, bias, k));
        let known = place.and_then(|place| self.packs.dense.get(&place).cloned());
        let weights = match known {
            Some(weights) => weights,
            None => {
                let bias = bias.to_floats();
                let packed = match &kernel.data {
                    Data::Half(bytes) => Packed::from_half(self.level, bytes, &bias, n, k),
                    _ => Packed::new(self.level, &kernel.to_floats(), &bias, n, k),
                };
                let packed = Arc::new(packed);
                if let Some(place) = place {
                    self.packs.dense.insert(place, packed.clone());
                }
                packed
            }
        };
        Ok(Dense { geometry, weights, activation })
    }

    /// A convolution of 3x3 that is computed with fewer products, with its weights.
    pub(super) fn tiled(&self, conv: fuse::Conv) -> TractResult<Tiled> {
        let fuse::Conv { geometry, kernel, bias, activation, .. } = conv;
        let (kernel, bias) = (self.array(kernel)?.to_floats(), self.array(bias)?.to_floats());
        let weights = Arc::new(Winograd::new(self.level, &kernel, &bias, &geometry));
        Ok(Tiled { geometry, weights, activation })
    }

    /// A convolution of each channel with its weights.
    pub(super) fn deep(&self, depthwise: &fuse::Depthwise) -> TractResult<Deep> {
        let fuse::Depthwise { geometry, kernel, bias, activation, .. } = depthwise;
        let (kernel, bias) = (self.array(*kernel)?, self.array(*bias)?.to_floats());
        let weights = match &kernel.data {
            Data::Half(bytes) => Depth::from_half(self.level, bytes, &bias, geometry),
            _ => Depth::new(self.level, &kernel.to_floats(), &bias, geometry),
        };
        Ok(Deep { weights: Arc::new(weights), activation: *activation })
    }

    /// The values of a constant.
    fn array(&self, tensor: usize) -> TractResult<&Array<'_>> {
        match &self.tensors[tensor].content {
            Content::Floats(array) => Ok(array),
            _ => Err(format_err!("{} is no constant", self.tensors[tensor].name)),
        }
    }
}

/// Where in the file an array lies: its address and its length.
fn place(array: &Array<'_>) -> Option<[usize; 2]> {
    match array.data {
        Data::Bytes(bytes) | Data::Half(bytes) => Some([bytes.as_ptr().addr(), bytes.len()]),
        _ => None,
    }
}

/// The instruction set of this processor.
pub(super) fn level() -> Level {
    Level::new()
}
