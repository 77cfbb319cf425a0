//! `SQUARED_DIFFERENCE` of two operands.

use super::broadcast::Broadcast;
use super::grid::Grid;
use super::multiplier::Multiplier;

/// By how many bits operands are moved left before they are brought to one grid.
const SHIFT: i32 = 7;

/// Both operands on a grid of twice the coarser one's scale; their difference times itself brought to the
/// result's (TensorFlow Lite's `squared_difference.cc`, which takes only `int8`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SquaredDifference {
    parts: [Box<[i32; 256]>; 2],
    multiplier: Multiplier,
    zero: i32,
}

impl SquaredDifference {
    /// `None` where the runtime would refuse, too.
    pub(crate) fn new(a: Grid, b: Grid, out: Grid) -> Option<Self> {
        if ![a, b, out].iter().all(|grid| grid.is_sound() && grid.signed) {
            return None;
        }
        let twice = 2.0 * f64::from(a.scale).max(f64::from(b.scale));
        let part = |grid: Grid| {
            let multiplier = Multiplier::new(f64::from(grid.scale) / twice)?;
            Some(grid.each(|steps| multiplier.times(steps << SHIFT)))
        };
        let square = f64::from(1 << (2 * SHIFT)) * f64::from(out.scale);
        let multiplier = Multiplier::new(twice * twice / square)?;
        Some(Self { parts: [part(a)?, part(b)?], multiplier, zero: out.zero })
    }

    /// The result for two numbers.
    pub(crate) fn one(&self, a: u8, b: u8) -> u8 {
        let difference = self.parts[0][usize::from(a)] - self.parts[1][usize::from(b)];
        let product = self.multiplier.times(difference.wrapping_mul(difference));
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Is clamped to 8 bits.
        let number = self.zero.saturating_add(product).clamp(0, 255) as u8;
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
    fn squared_differences_are_the_runtimes() {
        check("difference", |case| {
            let made = SquaredDifference::new(case.grid("a"), case.grid("b"), case.grid("y"))?;
            let broadcast = Broadcast::new(&case.shape("a_shape"), &case.shape("b_shape"))?;
            let mut out = vec![0; broadcast.shape().iter().product()];
            made.run(&broadcast, &case.bytes("a"), &case.bytes("b"), &mut out);
            Some(out)
        });
    }
}
