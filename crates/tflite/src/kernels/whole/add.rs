//! Sums and differences of two operands.

use super::broadcast::{Broadcast, Walk};
use super::grid::Grid;
use super::multiplier::Multiplier;
use super::range::Activation;

/// By how many bits operands are moved left before they are brought to one grid.
const SHIFT: i32 = 20;

/// `ADD` or `SUB`: both operands on a grid of twice the coarser one's scale, moved left by 20 bits; their
/// sum brought to the result's.
///
/// The runtime reads operands in vectors, where it brings them to that grid in its own ways; what is left of a
/// stretch behind the last whole vector it computes in a third one. They differ by one in sums of some 2^28:
/// about one result in a million is another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Add {
    /// Of vectors, of operands side by side.
    pub(super) parts: Parts,
    /// Of vectors, where one operand repeats.
    pub(super) repeated: Parts,
    /// Of all others.
    pub(super) single: Parts,
    /// How many numbers a vector has, of operands side by side and where one repeats. `SUB` knows none: there all
    /// parts are the same.
    lanes: [usize; 2],
    pub(super) multiplier: Multiplier,
    /// Whether vectors drop all but 16 bits of some result, which happens where its scale is absurd.
    pub(super) narrow: bool,
    pub(super) zero: i32,
    moved: i32,
    pub(super) least: u8,
    pub(super) greatest: u8,
}

/// What each number of the first operand adds to the sum, and each of the second.
pub(super) type Parts = [Box<[i32; 256]>; 2];

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
        let both = |times: fn(Multiplier, i32) -> i32| {
            let part = |grid: Grid, sign: i32| {
                let multiplier = Multiplier::new(f64::from(grid.scale) / twice)?;
                Some(grid.each(|steps| sign * times(multiplier, steps)))
            };
            Some([part(a, 1)?, part(b, if minus { -1 } else { 1 })?])
        };
        let multiplier = Multiplier::new(twice / (f64::from(1 << SHIFT) * f64::from(out.scale)))?;
        // `QuantizeMultiplierSmallerThanOneExp` ends the runtime otherwise.
        if multiplier.power > 0 {
            return None;
        }
        let single = both(|multiplier, steps| multiplier.times(steps << SHIFT))?;
        let repeated = both(|multiplier, steps| {
            let once = Multiplier { power: 0, ..multiplier };
            once.times(steps << SHIFT) >> (-multiplier.power)
        })?;
        let before = both(|multiplier, steps| {
            let once = Multiplier { power: 0, ..multiplier };
            once.times((steps << SHIFT) >> (-multiplier.power).min(SHIFT))
        })?;
        let repeated = if minus { single.clone() } else { repeated };
        let (parts, lanes) = match (minus, a.signed) {
            (true, _) => (single.clone(), [1, 1]),
            (false, true) => (before, [16, 8]),
            (false, false) => (repeated.clone(), [8, 8]),
        };
        // The greatest sum is 255 * 2^20.
        let narrow = !minus && multiplier.times(255 << SHIFT) > i32::from(i16::MAX) - 256;
        let (least, greatest) = activation.range(out)?;
        let (zero, moved) = (out.zero, out.moved());
        Some(Self {
            parts,
            repeated,
            single,
            lanes,
            multiplier,
            narrow,
            zero,
            moved,
            least,
            greatest,
        })
    }

    /// Which places of a stretch of `walk` are in whole vectors: so many, from the first.
    pub(super) fn in_vectors(&self, walk: Walk) -> usize {
        walk.stretch - walk.stretch % self.lanes[usize::from(walk.repeats)]
    }

    /// The result for two numbers in vectors; `parts` are [`Self::parts`] or [`Self::repeated`].
    pub(super) fn in_vector(&self, parts: &Parts, a: u8, b: u8) -> u8 {
        let product = self.product(parts, a, b);
        if !self.narrow {
            return self.clamped(self.zero + product);
        }
        #[allow(clippy::cast_possible_truncation)] // As the runtime does it.
        let number = (product as i16).wrapping_add((self.zero - self.moved) as i16);
        self.clamped(i32::from(number) + self.moved)
    }

    /// The result for two numbers alone, behind the last whole vector.
    pub(crate) fn one(&self, a: u8, b: u8) -> u8 {
        self.clamped(self.zero.saturating_add(self.product(&self.single, a, b)))
    }

    fn product(&self, parts: &Parts, a: u8, b: u8) -> i32 {
        self.multiplier.times(parts[0][usize::from(a)] + parts[1][usize::from(b)])
    }

    fn clamped(&self, number: i32) -> u8 {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Is clamped to 8 bits.
        let number = number.clamp(self.least.into(), self.greatest.into()) as u8;
        number
    }

    /// The results for operands that `broadcast` lays beside each other.
    pub(crate) fn run(&self, broadcast: &Broadcast, a: &[u8], b: &[u8], out: &mut [u8]) {
        let Some(walk) = broadcast.walk() else {
            return broadcast.zip(a, b, out, |a, b| self.one(a, b));
        };
        let whole = self.in_vectors(walk);
        let parts = if walk.repeats { &self.repeated } else { &self.parts };
        let mut place = 0;
        broadcast.zip(a, b, out, |a, b| {
            let vector = place < whole;
            place = if place + 1 < walk.stretch { place + 1 } else { 0 };
            if vector { self.in_vector(parts, a, b) } else { self.one(a, b) }
        });
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
