//! Convolutions in plain Rust: what the fast ones are measured by.

use super::sums::Conv;
use crate::kernels::Geometry;

/// A convolution over all channels, or in groups of them. A dense layer is one of one place.
///
/// `x` has rows, columns and channels of `geometry.input`, `out` those of `geometry.output`. What does not
/// fit ([`Conv::depth`]) leaves `out` as it is.
pub(crate) fn conv(conv: &Conv, x: &[u8], out: &mut [u8]) {
    let Some(depth) = conv.depth() else { return };
    let Some(zeros) = conv.zeros() else { return };
    let geometry = &conv.geometry;
    let channels = geometry.input[2];
    let per_group = geometry.output[2] * depth / channels;
    let taps = geometry.size[0] * geometry.size[1];
    for_each_place(geometry, out, |window, place| {
        for (channel, number) in place.iter_mut().enumerate() {
            let first = channel / per_group * depth;
            let mut sum = 0_i32;
            for (tap, at) in window {
                let weights = &conv.weights[(channel * taps + tap) * depth..][..depth];
                let x = &x[at * channels + first..][..depth];
                for (x, weight) in x.iter().zip(weights) {
                    sum = sum.wrapping_add(product(zeros, *x, *weight));
                }
            }
            *number = conv.finish.apply(sum, channel);
        }
    });
}

/// A convolution of each channel alone. The result has as many channels as the input, or as many for each of
/// them: channel `c` of the result looks at `c / multiplier`.
///
/// What does not fit ([`Conv::is_depthwise`]) leaves `out` as it is.
pub(crate) fn depthwise(conv: &Conv, x: &[u8], out: &mut [u8]) {
    if !conv.is_depthwise() {
        return;
    }
    let Some(zeros) = conv.zeros() else { return };
    let geometry = &conv.geometry;
    let (from, to) = (geometry.input[2], geometry.output[2]);
    let multiplier = to / from;
    let mut sums = vec![0_i32; to];
    for_each_place(geometry, out, |window, place| {
        sums.fill(0);
        for (tap, at) in window {
            let (x, weights) = (&x[at * from..][..from], &conv.weights[tap * to..][..to]);
            if multiplier == 1 {
                for (sum, (x, weight)) in sums.iter_mut().zip(x.iter().zip(weights)) {
                    *sum = sum.wrapping_add(product(zeros, *x, *weight));
                }
            } else {
                for (channel, (sum, weight)) in sums.iter_mut().zip(weights).enumerate() {
                    *sum = sum.wrapping_add(product(zeros, x[channel / multiplier], *weight));
                }
            }
        }
        for (channel, (number, sum)) in place.iter_mut().zip(&sums).enumerate() {
            *number = conv.finish.apply(*sum, channel);
        }
    });
}

impl Conv {
    /// What is subtracted from the input and from the weights; `None` if that of the weights is none of 8 bits.
    fn zeros(&self) -> Option<[i16; 2]> {
        let weights = i8::try_from(self.weights_zero).ok()?;
        Some([i16::from(self.input_zero), i16::from(weights)])
    }
}

/// The product of a number and a weight, less their zeros. Of 16 bits each: a compiler knows an instruction for
/// sums of such products.
fn product([zero, weights_zero]: [i16; 2], x: u8, weight: i8) -> i32 {
    i32::from(i16::from(x) - zero) * i32::from(i16::from(weight) - weights_zero)
}

/// Calls `f` for each place of the result, with the places of the window that lie in the input (which of
/// the window, which of the input) and with the place's channels.
pub(super) fn for_each_place(
    geometry: &Geometry,
    out: &mut [u8],
    mut f: impl FnMut(&[(usize, usize)], &mut [u8]),
) {
    let [height, width, _] = geometry.input;
    let [_, columns, channels] = geometry.output;
    if columns == 0 || channels == 0 {
        return;
    }
    let mut window = Vec::new();
    for (place, out) in out.chunks_exact_mut(channels).enumerate() {
        let start = [place / columns * geometry.stride[0], place % columns * geometry.stride[1]];
        window.clear();
        for row in 0..geometry.size[0] {
            let at = (start[0] + row * geometry.dilation[0]).wrapping_sub(geometry.before[0]);
            if at >= height {
                continue;
            }
            for column in 0..geometry.size[1] {
                let along =
                    (start[1] + column * geometry.dilation[1]).wrapping_sub(geometry.before[1]);
                if along < width {
                    window.push((row * geometry.size[1] + column, at * width + along));
                }
            }
        }
        f(&window, out);
    }
}

#[cfg(test)]
mod tests {
    use super::super::golden::{Case, check};
    use super::super::sums::{Finish, Operator};
    use super::*;

    fn made(case: &Case, operator: Operator) -> Option<Conv> {
        let (input, output) = (case.grid("x"), case.grid("y"));
        let activation = case.activation();
        let scales = case.scales("scales");
        Some(Conv {
            geometry: case.geometry(),
            input_zero: u8::try_from(input.zero).ok()?,
            weights: case.weights("weights"),
            weights_zero: case.ints("weights_zero")[0],
            finish: Finish::new(operator, input, &scales, output, case.ints("bias"), activation)?,
        })
    }

    #[test]
    fn convolutions_are_the_runtimes() {
        check("conv", |case| {
            let operator = match case.text("operator") {
                "dense" => Operator::Dense,
                "grouped" => Operator::Grouped,
                "depthwise" => Operator::Depthwise,
                _ => Operator::Conv,
            };
            let made = made(case, operator)?;
            let mut out = vec![0; made.geometry.places() * made.geometry.output[2]];
            match operator {
                Operator::Depthwise => depthwise(&made, &case.bytes("x"), &mut out),
                _ => conv(&made, &case.bytes("x"), &mut out),
            }
            Some(out)
        });
    }
}
