//! `PRELU`: what is below 0 times a factor that is a tensor, too.

use super::broadcast::Broadcast;
use super::grid::Grid;
use super::multiplier::Multiplier;

/// `PRELU` (TensorFlow Lite's `prelu.h`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Prelu {
    zeros: [i32; 2],
    above: Multiplier,
    below: Multiplier,
    zero: i32,
}

impl Prelu {
    /// `x` is the operand's grid, `slope` the factors'. `None` for scales that are absurd.
    pub(crate) fn new(x: Grid, slope: Grid, out: Grid) -> Option<Self> {
        if !(x.is_sound() && slope.is_sound() && out.is_sound()) {
            return None;
        }
        // In float32, as the runtime does it.
        let above = Multiplier::new(f64::from(x.scale / out.scale))?;
        let below = Multiplier::new(f64::from(x.scale * slope.scale / out.scale))?;
        Some(Self { zeros: [x.zero, slope.zero], above, below, zero: out.zero })
    }

    /// The result for a number and its factor.
    pub(crate) fn one(&self, x: u8, slope: u8) -> u8 {
        let steps = i32::from(x) - self.zeros[0];
        let product = if steps >= 0 {
            self.above.times(steps)
        } else {
            self.below.times(steps * (i32::from(slope) - self.zeros[1]))
        };
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Is clamped to 8 bits.
        let number = self.zero.saturating_add(product).clamp(0, 255) as u8;
        number
    }

    /// The results for operands that `broadcast` lays beside each other.
    pub(crate) fn run(&self, broadcast: &Broadcast, x: &[u8], slope: &[u8], out: &mut [u8]) {
        broadcast.zip(x, slope, out, |x, slope| self.one(x, slope));
    }
}

#[cfg(test)]
mod tests {
    use super::super::golden::check;
    use super::*;

    #[test]
    fn prelu_is_the_runtimes() {
        check("prelu", |case| {
            let prelu = Prelu::new(case.grid("a"), case.grid("b"), case.grid("y"))?;
            let broadcast = Broadcast::new(&case.shape("a_shape"), &case.shape("b_shape"))?;
            let mut out = vec![0; broadcast.shape().iter().product()];
            prelu.run(&broadcast, &case.bytes("a"), &case.bytes("b"), &mut out);
            Some(out)
        });
    }
}
