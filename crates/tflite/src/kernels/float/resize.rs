//! Images in another size.

use crate::kernels::whole::Places;

/// `RESIZE_BILINEAR` of real values: `ResizeBilinear` of TensorFlow Lite's `reference/resize_bilinear.h`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Resize {
    places: Places<f32>,
    input: [usize; 3],
}

impl Resize {
    /// `input` are rows, columns and channels, `output` rows and columns. `None` for a size of 0, or one beyond
    /// a million, and for corners and centers at once where that lies outside.
    pub(crate) fn new(
        input: [usize; 3],
        output: [usize; 2],
        align_corners: bool,
        half_pixel_centers: bool,
    ) -> Option<Self> {
        let sides = [input[0], input[1]];
        Some(Self {
            places: Places::real(sides, output, align_corners, half_pixel_centers)?,
            input,
        })
    }

    /// `x` has the input's rows, columns and channels, `out` the result's.
    pub(crate) fn run(&self, x: &[f32], out: &mut [f32]) {
        self.places.run(self.input, x, out, |down, right| {
            let (up, left) = (1.0 - down, 1.0 - right);
            let weights = [up * left, down * left, up * right, down * right];
            move |[a, b, c, d]: [f32; 4]| {
                a * weights[0] + c * weights[1] + b * weights[2] + d * weights[3]
            }
        });
    }
}
