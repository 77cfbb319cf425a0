//! Convolutions the other way round: each number spreads over a window of the result.

use super::sums::{Finish, Rounding};

/// `TRANSPOSE_CONV` (the files `transpose_conv.h` of TensorFlow Lite's optimised kernels).
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct TransposedConv {
    /// Rows, columns and channels of what is read.
    pub(crate) input: [usize; 3],
    /// Rows, columns and channels of the result.
    pub(crate) output: [usize; 3],
    /// Rows and columns of the window.
    pub(crate) size: [usize; 2],
    /// Rows and columns from one number's window to the next one's.
    pub(crate) stride: [usize; 2],
    /// How many rows and columns of the first windows lie before the result.
    pub(crate) before: [usize; 2],
    /// The input's number that stands for 0.
    pub(crate) input_zero: u8,
    /// Result channel, row, column, input channel. A file's `uint8` weights are moved down by 128.
    pub(crate) weights: Vec<i8>,
    /// The weights' number that stands for 0, moved down as they are.
    pub(crate) weights_zero: i32,
    /// Of [`Operator::Transposed`](super::Operator::Transposed).
    pub(crate) finish: Finish,
}

impl TransposedConv {
    /// Whether the weights and biases are as many as the sizes say.
    pub(crate) fn is_sound(&self) -> bool {
        let factors = [self.size[0], self.size[1], self.input[2], self.output[2]];
        let weights = factors.iter().try_fold(1_usize, |all, factor| all.checked_mul(*factor));
        weights == Some(self.weights.len()) && self.finish.bias.len() == self.output[2]
    }

    /// `x` has rows, columns and channels of `input`, `out` those of `output`. What does not fit leaves `out`
    /// as it is.
    pub(crate) fn run(&self, x: &[u8], out: &mut [u8]) {
        let [rows, columns, channels] = self.input;
        let [height, width, results] = self.output;
        if !self.is_sound() || channels == 0 || results == 0 || x.len() != rows * columns * channels
        {
            return;
        }
        let mut sums = vec![0_i32; out.len()];
        for (place, x) in x.chunks_exact(channels).enumerate() {
            let start = [place / columns * self.stride[0], place % columns * self.stride[1]];
            for tap in 0..self.size[0] * self.size[1] {
                let row = (start[0] + tap / self.size[1]).wrapping_sub(self.before[0]);
                let column = (start[1] + tap % self.size[1]).wrapping_sub(self.before[1]);
                if row >= height || column >= width {
                    continue;
                }
                let Some(sums) = sums.get_mut((row * width + column) * results..) else { return };
                for (channel, sum) in sums.iter_mut().take(results).enumerate() {
                    let first = (channel * self.size[0] * self.size[1] + tap) * channels;
                    let weights = &self.weights[first..][..channels];
                    for (x, weight) in x.iter().zip(weights) {
                        let x = i32::from(*x) - i32::from(self.input_zero);
                        let weight = i32::from(*weight) - self.weights_zero;
                        *sum = sum.wrapping_add(x * weight);
                    }
                }
            }
        }
        self.finish_all(&sums, out);
    }

    /// Results for all sums. Where halves are rounded up, the runtime takes sixteen at a time, and rounds those of
    /// the up to fifteen behind them away from 0.
    fn finish_all(&self, sums: &[i32], out: &mut [u8]) {
        let results = self.output[2];
        let sixteens = match self.finish.rounding {
            Rounding::Product => out.len() - out.len() % 16,
            Rounding::Depthwise | Rounding::Reference => out.len(),
        };
        let rest = Finish { rounding: Rounding::Reference, ..self.finish.clone() };
        for (place, (out, sum)) in out.iter_mut().zip(sums).enumerate() {
            let finish = if place < sixteens { &self.finish } else { &rest };
            *out = finish.apply(*sum, place % results);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::golden::check;
    use super::super::grid::Grid;
    use super::super::range::Activation;
    use super::super::sums::Operator;
    use super::*;

    #[test]
    fn transposed_convolutions_are_the_runtimes() {
        check("transposed", |case| {
            let (input, output) = (case.grid("x"), case.grid("y"));
            let finish = Finish::new(
                Operator::Transposed,
                input,
                &case.scales("scales"),
                output,
                case.ints("bias"),
                case.activation(),
            )?;
            let three = |name| <[usize; 3]>::try_from(case.shape(name)).unwrap();
            let two = |name| <[usize; 2]>::try_from(case.shape(name)).unwrap();
            let made = TransposedConv {
                input: three("input"),
                output: three("output"),
                size: two("size"),
                stride: two("stride"),
                before: two("before"),
                input_zero: u8::try_from(input.zero).ok()?,
                weights: case.weights("weights"),
                weights_zero: case.ints("weights_zero")[0],
                finish,
            };
            let mut out = vec![0; made.output.iter().product()];
            made.run(&case.bytes("x"), &mut out);
            Some(out)
        });
    }

    #[test]
    fn halves_of_uint8_are_rounded_away_from_0_behind_the_last_sixteen() {
        let grid = Grid { scale: 1.0, zero: 128, signed: false };
        let finish =
            Finish::new(Operator::Transposed, grid, &[0.5], grid, vec![0], Activation::None);
        let made = TransposedConv {
            input: [1, 17, 1],
            output: [1, 17, 1],
            size: [1, 1],
            stride: [1, 1],
            before: [0, 0],
            input_zero: 128,
            weights: vec![1],
            weights_zero: 0,
            finish: finish.unwrap(),
        };
        // -6 times a quarter: the first rounding leaves the half.
        let mut out = [0; 17];
        made.run(&[122; 17], &mut out);
        assert_eq!(out[..16], [127; 16]);
        assert_eq!(out[16], 126);
    }
}
