//! Products of two tensors' matrices.

use super::grid::Grid;
use super::multiplier::Multiplier;

/// `BATCH_MATMUL` of `int8`, one pair of matrices at a time (TensorFlow Lite's `reference/batch_matmul.h`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct MatMul {
    zeros: [i32; 2],
    multiplier: Multiplier,
    zero: i32,
}

impl MatMul {
    /// `None` where the runtime refuses the types, or scales are absurd.
    pub(crate) fn new(a: Grid, b: Grid, out: Grid) -> Option<Self> {
        if ![a, b, out].iter().all(|grid| grid.is_sound() && grid.signed) {
            return None;
        }
        // The product of the scales in float32, as `GetQuantizedConvolutionMultipler` does it.
        let multiplier = Multiplier::new(f64::from(a.scale * b.scale) / f64::from(out.scale))?;
        Some(Self { zeros: [a.zero, b.zero], multiplier, zero: out.zero })
    }

    /// `a` holds rows of `depth` numbers, and `b` columns of `depth` numbers, one column behind the other (that
    /// is, its matrix turned); `out` has for each row of `a` a number for each column of `b`. What does not fit
    /// leaves the rest of `out` as it is.
    pub(crate) fn run(&self, depth: usize, a: &[u8], b: &[u8], out: &mut [u8]) {
        let depth = depth.max(1);
        let columns = b.len() / depth;
        for (a, out) in a.chunks_exact(depth).zip(out.chunks_exact_mut(columns.max(1))) {
            for (b, out) in b.chunks_exact(depth).zip(out) {
                let sum = a.iter().zip(b).fold(0_i32, |sum, (a, b)| {
                    let product = (i32::from(*a) - self.zeros[0]) * (i32::from(*b) - self.zeros[1]);
                    sum.wrapping_add(product)
                });
                let number = self.zero.wrapping_add(self.multiplier.times(sum));
                #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Is clamped.
                let number = number.clamp(0, 255) as u8;
                *out = number;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::golden::check;
    use super::*;

    #[test]
    fn products_of_matrices_are_the_runtimes() {
        check("matmul", |case| {
            let made = MatMul::new(case.grid("a"), case.grid("b"), case.grid("y"))?;
            let mut out = vec![0; case.bytes("y").len()];
            made.run(case.shape("depth")[0], &case.bytes("a"), &case.bytes("b"), &mut out);
            Some(out)
        });
    }
}
