//! Sums and differences of two operands.

use super::broadcast::Broadcast;
use super::grid::Grid;
use super::multiplier::Multiplier;
use super::range::Activation;

/// By how many bits operands are moved left before they are brought to one grid.
const SHIFT: i32 = 20;

/// `ADD` or `SUB`: both operands on a grid of twice the coarser one's scale, moved left by 20 bits; their
/// sum brought to the result's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Add {
    /// What each number of the first operand adds to the sum, and each of the second.
    pub(super) parts: [Box<[i32; 256]>; 2],
    pub(super) multiplier: Multiplier,
    pub(super) zero: i32,
    pub(super) least: u8,
    pub(super) greatest: u8,
}

impl Add {
    /// `None` where the runtime would refuse the scales too: where the result's is too fine.
    pub(crate) fn new(a: Grid, b: Grid, out: Grid, activation: Activation) -> Option<Self> {
        Self::signed(a, b, out, activation, false)
    }

    /// The same for `a - b`.
    pub(crate) fn subtract(a: Grid, b: Grid, out: Grid, activation: Activation) -> Option<Self> {
        Self::signed(a, b, out, activation, true)
    }

    fn signed(a: Grid, b: Grid, out: Grid, activation: Activation, minus: bool) -> Option<Self> {
        if !(a.is_sound() && b.is_sound() && out.is_sound()) {
            return None;
        }
        let twice = f64::from(2.0 * a.scale.max(b.scale));
        let part = |grid: Grid, sign: i32| {
            let multiplier = Multiplier::new(f64::from(grid.scale) / twice)?;
            let part = |number: i32| sign * multiplier.times((number - grid.zero) << SHIFT);
            let mut parts = Box::new([0; 256]);
            parts.iter_mut().zip(0..).for_each(|(to, number)| *to = part(number));
            Some(parts)
        };
        let parts = [part(a, 1)?, part(b, if minus { -1 } else { 1 })?];
        let multiplier = Multiplier::new(twice / (f64::from(1 << SHIFT) * f64::from(out.scale)))?;
        // `QuantizeMultiplierSmallerThanOneExp` ends the runtime otherwise.
        if multiplier.power > 0 {
            return None;
        }
        let (least, greatest) = activation.range(out)?;
        Some(Self { parts, multiplier, zero: out.zero, least, greatest })
    }

    /// The result for two numbers.
    pub(crate) fn one(&self, a: u8, b: u8) -> u8 {
        let sum = self.parts[0][usize::from(a)].wrapping_add(self.parts[1][usize::from(b)]);
        let number = self.zero.wrapping_add(self.multiplier.times(sum));
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
    fn sums_and_differences_are_the_runtimes() {
        check("add", |case| {
            let make = if case.flag("minus") { Add::subtract } else { Add::new };
            let add = make(case.grid("a"), case.grid("b"), case.grid("y"), case.activation())?;
            let broadcast = Broadcast::new(&case.shape("a_shape"), &case.shape("b_shape"))?;
            let mut out = vec![0; broadcast.shape().iter().product()];
            add.run(&broadcast, &case.bytes("a"), &case.bytes("b"), &mut out);
            Some(out)
        });
    }
}
