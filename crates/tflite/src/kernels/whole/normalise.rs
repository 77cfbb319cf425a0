//! `L2_NORMALIZATION`: each row divided by its length.

use super::grid::Grid;
use super::multiplier::Multiplier;
use super::rsqrt::inverse_root;

/// Rows of `depth` numbers, to a grid of 1/128 around 128 (the two files `l2normalization.h` of TensorFlow Lite). `from`
/// is the operand's grid.
pub(crate) fn l2_normalise(from: Grid, depth: usize, x: &[u8], out: &mut [u8]) {
    for (x, out) in x.chunks_exact(depth.max(1)).zip(out.chunks_exact_mut(depth.max(1))) {
        let steps = |x: &u8| i32::from(*x) - from.zero;
        let squares = x.iter().fold(0_i32, |sum, x| sum.wrapping_add(steps(x) * steps(x)));
        let inverse = inverse_root(squares);
        let inverse128 = Multiplier { power: inverse.power + 7, ..inverse };
        for (out, x) in out.iter_mut().zip(x) {
            let product = if from.signed {
                inverse128.times(steps(x))
            } else {
                inverse.times(128 * steps(x))
            };
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Is clamped.
            let number = (128 + product).clamp(0, 255) as u8;
            *out = number;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::golden::check;
    use super::*;

    #[test]
    fn normalising_is_the_runtimes() {
        check("normalise", |case| {
            let x = case.bytes("x");
            let mut out = vec![0; x.len()];
            l2_normalise(case.grid("x"), case.shape("shape")[1], &x, &mut out);
            Some(out)
        });
    }
}
