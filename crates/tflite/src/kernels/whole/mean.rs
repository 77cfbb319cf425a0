//! Means and sums over axes.

use super::axes::Axes;
use super::grid::Grid;
use super::multiplier::Multiplier;

/// `MEAN` over any axes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mean {
    axes: Axes,
    /// What is subtracted from the sum of `u8`.
    offset: i32,
    multiplier: Multiplier,
    /// How many channels, from the first, round halves up.
    half_up: usize,
    /// What is added to the product.
    zero: i32,
}

impl Mean {
    /// `reduced` says which axes of `shape` go; `kept` whether they stay as axes of one: of a tensor of four
    /// axes whose second and third go and stay so, the runtime computes otherwise. `None` where scales are
    /// absurd, or where a sum would not fit.
    pub(crate) fn new(
        from: Grid,
        to: Grid,
        shape: &[usize],
        reduced: &[bool],
        kept: bool,
    ) -> Option<Self> {
        if !(from.is_sound() && to.is_sound()) {
            return None;
        }
        let axes = Axes::new(shape, reduced)?;
        let count = i32::try_from(axes.each()).ok().filter(|count| *count < 1 << 22)?;
        match (reduced, shape) {
            ([false, true, true, false], [.., channels]) if kept => {
                Self::of_places(axes, from, to, count, *channels)
            }
            _ => Self::of_axes(axes, from, to, count),
        }
    }

    /// `Mean` of TensorFlow Lite's `optimized/integer_ops/mean.h` and `optimized/reduce.h`: the zero points are set off
    /// after the product, rounded for themselves. Channels in whole groups of sixteen round halves up.
    fn of_places(axes: Axes, from: Grid, to: Grid, count: i32, channels: usize) -> Option<Self> {
        #[allow(clippy::cast_precision_loss)] // Below 2^22; of 8 bits.
        let (number, zero) = (count as f32, (from.zero - from.moved()) as f32);
        let steps = zero * from.scale / to.scale;
        #[allow(clippy::cast_possible_truncation)] // Saturates.
        let steps = (if steps > 0.0 { steps + 0.5 } else { steps - 0.5 }) as i32;
        let multiplier = Multiplier::new(f64::from(from.scale / (number * to.scale)))?;
        let half_up = channels - channels % 16;
        let zero = to.zero.checked_sub(steps)?;
        Some(Self { axes, offset: from.moved() * count, multiplier, half_up, zero })
    }

    /// `QuantizedMeanOrSum` of TensorFlow Lite's `reference/reduce.h`: the multiplier is divided by the count.
    fn of_axes(axes: Axes, from: Grid, to: Grid, count: i32) -> Option<Self> {
        let Multiplier { bits, power } =
            Multiplier::new(f64::from(from.scale) / f64::from(to.scale))?;
        #[allow(clippy::cast_possible_wrap)] // At most 31.
        let shift = (31 - count.leading_zeros() as i32).min(31 + power);
        let bits = i32::try_from((i64::from(bits) << shift) / i64::from(count)).ok()?;
        let multiplier = Multiplier { bits, power: power - shift };
        Some(Self { axes, offset: from.zero * count, multiplier, half_up: 0, zero: to.zero })
    }

    /// How many numbers the result has.
    pub(crate) fn results(&self) -> usize {
        self.axes.results()
    }

    /// The result for a sum at place `place` of the result.
    pub(crate) fn one(&self, sum: i32, place: usize) -> u8 {
        let sum = sum - self.offset;
        let product = if place < self.half_up {
            self.multiplier.times_half_up(sum)
        } else {
            self.multiplier.times(sum)
        };
        clamp(self.zero.saturating_add(product))
    }

    /// The results for a whole tensor of one image.
    pub(crate) fn run(&self, x: &[u8], out: &mut [u8]) {
        let mut sums = vec![0_i32; self.axes.results()];
        self.axes.fold(x, &mut sums, |sum, x| *sum += i32::from(*x));
        for (place, (out, sum)) in out.iter_mut().zip(sums).enumerate() {
            *out = self.one(sum, place);
        }
    }
}

/// `SUM` over any axes (`QuantizedMeanOrSum` of TensorFlow Lite's `optimized/reduce.h`), in float32.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Sum {
    axes: Axes,
    /// What is subtracted from the sum of `u8`.
    offset: i32,
    scale: f32,
    bias: f32,
    zero: i32,
}

impl Sum {
    /// `reduced` says which axes of `shape` go.
    pub(crate) fn new(from: Grid, to: Grid, shape: &[usize], reduced: &[bool]) -> Option<Self> {
        if !(from.is_sound() && to.is_sound()) {
            return None;
        }
        let axes = Axes::new(shape, reduced)?;
        let count = i32::try_from(axes.each()).ok().filter(|count| *count < 1 << 22)?;
        let scale = from.scale / to.scale;
        #[allow(clippy::cast_precision_loss)] // Below 2^22; of 8 bits.
        let bias = -((from.zero - from.moved()) as f32) * scale * count as f32;
        let offset = from.moved() * count;
        (scale.is_finite() && bias.is_finite()).then_some(Self {
            axes,
            offset,
            scale,
            bias,
            zero: to.zero,
        })
    }

    /// How many numbers the result has.
    pub(crate) fn results(&self) -> usize {
        self.axes.results()
    }

    /// The results for a whole tensor.
    pub(crate) fn run(&self, x: &[u8], out: &mut [u8]) {
        let mut sums = vec![0_i32; self.axes.results()];
        self.axes.fold(x, &mut sums, |sum, x| *sum += i32::from(*x));
        for (out, sum) in out.iter_mut().zip(sums) {
            #[allow(clippy::cast_precision_loss)] // As the runtime does it.
            let steps = ((sum - self.offset) as f32 * self.scale + self.bias).round();
            #[allow(clippy::cast_possible_truncation)] // Saturates.
            let steps = steps as i32;
            *out = clamp(self.zero.saturating_add(steps));
        }
    }
}

fn clamp(number: i32) -> u8 {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Is clamped.
    let number = number.clamp(0, 255) as u8;
    number
}

#[cfg(test)]
mod tests {
    use super::super::golden::check;
    use super::*;

    #[test]
    fn means_and_sums_are_the_runtimes() {
        check("reduce", |case| {
            let (from, to, shape) = (case.grid("x"), case.grid("y"), case.shape("shape"));
            let axes = case.shape("axes");
            let reduced: Vec<bool> = (0..shape.len()).map(|axis| axes.contains(&axis)).collect();
            let mut out = vec![0; case.bytes("y").len()];
            match case.text("operator") {
                "SUM" => Sum::new(from, to, &shape, &reduced)?.run(&case.bytes("x"), &mut out),
                _ => Mean::new(from, to, &shape, &reduced, case.flag("kept"))?
                    .run(&case.bytes("x"), &mut out),
            }
            Some(out)
        });
    }
}
