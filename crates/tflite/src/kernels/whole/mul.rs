//! Products of two operands.

use super::broadcast::{Broadcast, Walk};
use super::grid::Grid;
use super::multiplier::Multiplier;
use super::range::Activation;

/// `MUL`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mul {
    pub(super) zeros: [i32; 2],
    pub(super) multiplier: Multiplier,
    /// Whether some result does not fit the 16 bits that vectors hold, which happens where its scale is absurd.
    pub(super) narrow: bool,
    pub(super) zero: i32,
    signed: bool,
    moved: i32,
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
        let far = |grid: Grid| grid.zero.max(255 - grid.zero);
        let most = f64::from(far(a) * far(b)) * f64::from(a.scale * b.scale / out.scale);
        Some(Self {
            zeros: [a.zero, b.zero],
            multiplier,
            narrow: most > 32_000.0,
            zero: out.zero,
            signed: out.signed,
            moved: out.moved(),
            least,
            greatest,
        })
    }

    /// The result for two numbers.
    pub(crate) fn one(&self, a: u8, b: u8) -> u8 {
        self.clamped(self.zero.saturating_add(self.product(a, b)))
    }

    fn product(&self, a: u8, b: u8) -> i32 {
        let product = (i32::from(a) - self.zeros[0]) * (i32::from(b) - self.zeros[1]);
        self.multiplier.times(product)
    }

    fn clamped(&self, number: i32) -> u8 {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Is clamped to 8 bits.
        let number = number.clamp(self.least.into(), self.greatest.into()) as u8;
        number
    }

    /// The results for operands that `broadcast` lays beside each other.
    pub(crate) fn run(&self, broadcast: &Broadcast, a: &[u8], b: &[u8], out: &mut [u8]) {
        match broadcast.walk().filter(|_| self.narrow) {
            Some(walk) => self.run_narrow(walk, broadcast, a, b, out),
            None => broadcast.zip(a, b, out, |a, b| self.one(a, b)),
        }
    }

    /// The same, in vectors of 16 bits as far as there are whole ones: products saturate, or lose their
    /// upper bits where an operand of `uint8` repeats, and overflow when the zero point is added.
    fn run_narrow(&self, walk: Walk, broadcast: &Broadcast, a: &[u8], b: &[u8], out: &mut [u8]) {
        let lanes = if self.signed { 16 } else { 8 };
        let vectors = walk.stretch - walk.stretch % lanes;
        let saturate = self.signed || !walk.repeats;
        let mut next = 0;
        broadcast.zip(a, b, out, |a, b| {
            let place = next;
            next = if place + 1 < walk.stretch { place + 1 } else { 0 };
            if place >= vectors {
                return self.one(a, b);
            }
            let product = self.product(a, b);
            let product =
                if saturate { product.clamp(i16::MIN.into(), i16::MAX.into()) } else { product };
            #[allow(clippy::cast_possible_truncation)] // As the runtime does it.
            let number = (product as i16).wrapping_add((self.zero - self.moved) as i16);
            self.clamped(i32::from(number) + self.moved)
        });
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
