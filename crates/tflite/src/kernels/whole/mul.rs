//! Products of two operands.

use super::broadcast::Broadcast;
use super::grid::Grid;
use super::multiplier::Multiplier;
use super::range::Activation;

/// `MUL`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mul {
    pub(super) zeros: [i32; 2],
    pub(super) multiplier: Multiplier,
    pub(super) zero: i32,
    pub(super) least: u8,
    pub(super) greatest: u8,
}

impl Mul {
    /// `None` for scales that are absurd.
    pub(crate) fn new(a: Grid, b: Grid, out: Grid, activation: Activation) -> Option<Self> {
        if !(a.is_sound() && b.is_sound() && out.is_sound()) {
            return None;
        }
        // In float32, as the runtime does it.
        let multiplier = Multiplier::new(f64::from(a.scale * b.scale / out.scale))?;
        let (least, greatest) = activation.range(out)?;
        Some(Self { zeros: [a.zero, b.zero], multiplier, zero: out.zero, least, greatest })
    }

    /// The result for two numbers.
    pub(crate) fn one(&self, a: u8, b: u8) -> u8 {
        let product = (i32::from(a) - self.zeros[0]) * (i32::from(b) - self.zeros[1]);
        let number = self.zero.wrapping_add(self.multiplier.times(product));
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Is clamped to 8 bits.
        let number = number.clamp(self.least.into(), self.greatest.into()) as u8;
        number
    }

    /// The results for operands that `broadcast` lays beside each other.
    pub(crate) fn run(&self, broadcast: &Broadcast, a: &[u8], b: &[u8], out: &mut [u8]) {
        broadcast.zip(a, b, out, |a, b| self.one(a, b));
    }
}

#[cfg(test)]
mod tests {
    use super::super::golden::check;
    use super::*;

    #[test]
    fn products_are_the_runtimes() {
        check("mul", |case| {
            let mul = Mul::new(case.grid("a"), case.grid("b"), case.grid("y"), case.activation())?;
            let broadcast = Broadcast::new(&case.shape("a_shape"), &case.shape("b_shape"))?;
            let mut out = vec![0; broadcast.shape().iter().product()];
            mul.run(&broadcast, &case.bytes("a"), &case.bytes("b"), &mut out);
            Some(out)
        });
    }
}
