//! A convolution of 3x3 with fewer products than its weights have.

use std::sync::Arc;

use super::pool::images;
use super::{Compute, Scratch};
use crate::kernels::Geometry;
use crate::kernels::float::{Activation, Finish, Winograd};

/// A convolution of 3x3, with what follows it. Of one input, or of two if the second is added to the sums.
#[derive(Clone, Debug)]
pub(in crate::engine) struct Tiled {
    pub(in crate::engine) geometry: Geometry,
    pub(in crate::engine) weights: Arc<Winograd>,
    pub(in crate::engine) activation: Activation,
}

impl Compute for Tiled {
    fn name(&self) -> &'static str {
        "Winograd"
    }

    fn compute(&self, inputs: &[&[f32]], out: &mut [f32], scratch: &mut Scratch) {
        let each = self.geometry.output.iter().product();
        for (image, (x, out)) in images(&self.geometry, inputs[0], out).enumerate() {
            let add = inputs.get(1).map(|add| &add[image * each..][..each]);
            let finish = Finish { activation: self.activation, add };
            self.weights.run(x, finish, &mut scratch.padded, out);
        }
    }
}
