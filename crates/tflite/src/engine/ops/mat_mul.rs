//! Products of matrices of which neither is known before.

use super::{Compute, Scratch};
use crate::kernels::Level;
use crate::kernels::float::{Activation, Finish, Packed, Rows, gemm, plain_product};

/// Below so many columns, most of a vector of them would be empty.
const FEW_COLUMNS: usize = 8;

/// Below so many products, it takes longer to get ready for them.
const FEW_PRODUCTS: usize = 4096;

/// The products of the matrices in the last two axes of two operands.
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
        let few = columns < FEW_COLUMNS || rows * columns * depth < FEW_PRODUCTS;
        let (bias, mut left, mut right) = (vec![0.0; columns], vec![], vec![]);
        let matrices =
            inputs[0].chunks_exact(rows * depth).zip(inputs[1].chunks_exact(depth * columns));
        for ((a, b), out) in matrices.zip(out.chunks_exact_mut(rows * columns)) {
            let a = if self.adjoint[0] { turned(a, depth, rows, &mut left) } else { a };
            // Each column of the second one behind the other.
            let b = if self.adjoint[1] { b } else { turned(b, depth, columns, &mut right) };
            if few {
                plain_product(a, b, depth, out);
                continue;
            }
            let weights = Packed::new(self.level, b, &bias, columns, depth);
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
    use proptest::prelude::*;

    use super::*;

    /// `rows` of `columns` small whole numbers, whose products and sums have no rounding.
    fn matrix(rows: usize, columns: usize, seed: u16) -> Vec<f32> {
        let values = (0..17_u8).cycle().skip(usize::from(seed % 17)).step_by(5);
        values.take(rows * columns).map(|n| f32::from(n) - 8.0).collect()
    }

    proptest! {
        #[test]
        fn matrices_are_multiplied_whichever_way_they_lie(
            sides in [1usize..20, 1usize..20, 1usize..40], adjoint: [bool; 2], seed: u16,
        ) {
            let [rows, columns, depth] = sides;
            let two = |rows, columns| {
                [matrix(rows, columns, seed), matrix(rows, columns, seed / 17)].concat()
            };
            let (a, b) = (two(rows, depth), two(depth, columns));
            let mut right = vec![];
            for (a, b) in a.chunks(rows * depth).zip(b.chunks(depth * columns)) {
                for row in 0..rows {
                    for column in 0..columns {
                        let product = |k: usize| a[row * depth + k] * b[k * columns + column];
                        right.push((0..depth).map(product).sum::<f32>().to_bits());
                    }
                }
            }
            let lie = |x: &[f32], rows: usize, columns: usize, adjoint: bool| -> Vec<f32> {
                if !adjoint {
                    return x.to_vec();
                }
                x.chunks(rows * columns)
                    .flat_map(|x| turned(x, rows, columns, &mut vec![]).to_vec())
                    .collect()
            };
            let (a, b) = (lie(&a, rows, depth, adjoint[0]), lie(&b, depth, columns, adjoint[1]));
            let mut out = vec![f32::NAN; 2 * rows * columns];
            let product = MatMul { level: Level::new(), sides, adjoint };
            product.compute(&[&a, &b], &mut out, &mut Scratch::default());
            prop_assert_eq!(out.iter().map(|x| x.to_bits()).collect::<Vec<_>>(), right);
        }
    }
}
