//! `SOFTMAX` and `LOG_SOFTMAX` over the last axis, in float32 from a table.

use super::grid::Grid;
use super::unary::exp;

/// e to the power of minus each number of steps.
type Powers = Box<[f32; 256]>;

/// `SOFTMAX` (`optimized_ops.h` of TensorFlow Lite).
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Softmax {
    powers: Powers,
    to: Grid,
}

/// `LOG_SOFTMAX` (the same file).
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct LogSoftmax {
    powers: Powers,
    from: Grid,
    to: Grid,
}

fn powers(scale: f32, beta: f32) -> Powers {
    let step = -scale * beta;
    let mut powers = Box::new([0.0; 256]);
    for (power, steps) in powers.iter_mut().zip(0_u8..=255) {
        *power = exp(step * f32::from(steps));
    }
    powers
}

impl Softmax {
    /// `None` where the runtime refuses the result's grid: that of `int8` is 1/256 a step, from 0.
    pub(crate) fn new(from: Grid, to: Grid, beta: f32) -> Option<Self> {
        if !(from.is_sound() && to.is_sound() && beta.is_finite()) {
            return None;
        }
        let one = 1.0 / 256.0;
        if to.signed && (to.zero != 0 || (to.scale - one).abs() > 0.001 * one) {
            return None;
        }
        Some(Self { powers: powers(from.scale, beta), to })
    }

    /// `x` and `out` are rows of `depth` numbers.
    pub(crate) fn run(&self, depth: usize, x: &[u8], out: &mut [u8]) {
        for (x, out) in x.chunks_exact(depth.max(1)).zip(out.chunks_exact_mut(depth.max(1))) {
            let greatest = x.iter().copied().max().unwrap_or(0);
            let power = |x: &u8| self.powers[usize::from(greatest - x)];
            let once = 1.0 / (x.iter().map(power).sum::<f32>() * self.to.scale);
            for (out, x) in out.iter_mut().zip(x) {
                let steps = power(x) * once;
                // Of `uint8` the zero point counts for nothing.
                let steps = if self.to.signed { steps.round() } else { (steps + 0.5).floor() };
                #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Saturates.
                let number = steps as u8;
                *out = number;
            }
        }
    }
}

impl LogSoftmax {
    /// `None` where the runtime refuses the result's grid: it is 1/16 a step, down from the greatest number.
    pub(crate) fn new(from: Grid, to: Grid) -> Option<Self> {
        let fits = to.zero == 255 && to.scale.to_bits() == (1.0_f32 / 16.0).to_bits();
        (from.is_sound() && fits).then(|| Self { powers: powers(from.scale, 1.0), from, to })
    }

    /// `x` and `out` are rows of `depth` numbers.
    pub(crate) fn run(&self, depth: usize, x: &[u8], out: &mut [u8]) {
        #[allow(clippy::cast_precision_loss)] // Of 8 bits.
        let own = |x: u8| (i32::from(x) - self.from.moved()) as f32;
        for (x, out) in x.chunks_exact(depth.max(1)).zip(out.chunks_exact_mut(depth.max(1))) {
            let greatest = x.iter().copied().max().unwrap_or(0);
            let sum: f32 = x.iter().map(|x| self.powers[usize::from(greatest - x)]).sum();
            #[allow(clippy::cast_possible_truncation)] // Rounds.
            let log = f64::from(sum).ln() as f32;
            let scale = self.from.scale / self.to.scale;
            let all = (self.from.scale * own(greatest) + log) / self.to.scale;
            for (out, x) in out.iter_mut().zip(x) {
                #[allow(clippy::cast_possible_truncation)] // Saturates.
                let steps = (scale * own(*x) - all).round_ties_even() as i32;
                #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Is clamped.
                let number = steps.saturating_add(self.to.zero).clamp(0, 255) as u8;
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
    #[allow(clippy::cast_possible_truncation)]
    fn softmax_is_the_runtimes() {
        check("softmax", |case| {
            let (from, to, depth) = (case.grid("x"), case.grid("y"), case.shape("shape")[1]);
            let x = case.bytes("x");
            let mut out = vec![0; x.len()];
            if case.text("operator") == "SOFTMAX" {
                Softmax::new(from, to, case.number("beta") as f32)?.run(depth, &x, &mut out);
            } else {
                LogSoftmax::new(from, to)?.run(depth, &x, &mut out);
            }
            Some(out)
        });
    }
}
