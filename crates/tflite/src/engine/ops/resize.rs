//! Images in another size.

use super::{Compute, Scratch};
use crate::kernels::float::Resize;

/// Rows and columns in another number, values in between being mixed.
#[derive(Debug)]
pub(in crate::engine) struct Bilinear {
    pub(in crate::engine) resize: Resize,
    /// How many images there are.
    pub(in crate::engine) images: usize,
}

impl Compute for Bilinear {
    fn name(&self) -> &'static str {
        "Bilinear"
    }

    fn compute(&self, inputs: &[&[f32]], out: &mut [f32], _: &mut Scratch) {
        let images = inputs[0].chunks_exact(inputs[0].len() / self.images);
        let each = out.len() / self.images;
        for (x, out) in images.zip(out.chunks_exact_mut(each)) {
            self.resize.run(x, out);
        }
    }
}
