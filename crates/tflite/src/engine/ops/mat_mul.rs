//! Products of matrices that are both computed.

use super::{Compute, Scratch};
use crate::kernels::Level;
use crate::kernels::float::{Activation, Finish, Packed, Rows, gemm};

/// The products of the matrices in the last two axes of two operands; with a third one, that is added to each
/// row of the results.
#[derive(Debug)]
pub(in crate::engine) struct MatMul {
    pub(in crate::engine) level: Level,
    /// Rows of the result, columns, and values that each is a sum of.
    pub(in crate::engine) sides: [usize; 3],
    /// Whether the rows of an operand are its columns.
    pub(in crate::engine) adjoint: [bool; 2],
}

impl Compute for MatMul {
    fn name(&self) -> &'static str {
        "MatMul"
    }

    fn compute(&self, inputs: &[&[f32]], out: &mut [f32], _: &mut Scratch) {
        let [rows, columns, depth] = self.sides;
        let zeros = vec![0.0; columns];
        let bias = inputs.get(2).copied().unwrap_or(&zeros);
        let (mut left, mut right) = (vec![], vec![]);
        let matrices =
            inputs[0].chunks_exact(rows * depth).zip(inputs[1].chunks_exact(depth * columns));
        for ((a, b), out) in matrices.zip(out.chunks_exact_mut(rows * columns)) {
            let a = if self.adjoint[0] { turned(a, depth, rows, &mut left) } else { a };
            // Weights are of result and value.
            let b = if self.adjoint[1] { b } else { turned(b, depth, columns, &mut right) };
            let weights = Packed::new(self.level, b, bias, columns, depth);
            let finish = Finish { activation: Activation::None, add: None };
            gemm(Rows::matrix(a, depth), 0, rows, &weights, finish, out);
        }
    }
}

/// The columns of a matrix one behind the other.
fn turned<'t>(x: &[f32], rows: usize, columns: usize, to: &'t mut Vec<f32>) -> &'t [f32] {
    to.resize(x.len(), 0.0);
    for (row, x) in x.chunks_exact(columns).enumerate() {
        for (to, x) in to[row..].iter_mut().step_by(rows).zip(x) {
            *to = *x;
        }
    }
    to
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matrices_are_multiplied_whichever_way_they_lie() {
        // [[1, 2, 3], [4, 5, 6]] times [[1, 0], [0, 1], [2, 2]], and the same twice as large.
        let (a, a_turned) = ([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]);
        let (b, b_turned) = ([1.0, 0.0, 0.0, 1.0, 2.0, 2.0], [1.0, 0.0, 2.0, 0.0, 1.0, 2.0]);
        let two = |x: [f32; 6]| [x, x.map(|x| 2.0 * x)].concat();
        for adjoint in [[false, false], [true, false], [false, true], [true, true]] {
            let left = two(if adjoint[0] { a_turned } else { a });
            let right = [if adjoint[1] { b_turned } else { b }; 2].concat();
            let product = MatMul { level: Level::new(), sides: [2, 2, 3], adjoint };
            let mut out = [0.0_f32; 8];
            let bits = |values: &[f32]| values.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
            product.compute(&[&left, &right], &mut out, &mut Scratch::default());
            let expected = [7.0, 8.0, 16.0, 17.0, 14.0, 16.0, 32.0, 34.0];
            assert_eq!(bits(&out), bits(&expected), "{adjoint:?}");
            product.compute(&[&left, &right, &[1.0, -1.0]], &mut out, &mut Scratch::default());
            assert_eq!(bits(&out[..4]), bits(&[8.0, 7.0, 17.0, 16.0]), "{adjoint:?}");
        }
    }
}
