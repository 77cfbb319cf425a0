//! Quotients of two operands.

use super::broadcast::Broadcast;
use super::grid::Grid;
use super::multiplier::{Multiplier, high, left};
use super::range::Activation;

/// `DIV` of `uint8` (TensorFlow Lite's `div.h`): by a reciprocal in fixed point.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Div {
    zeros: [i32; 2],
    /// For each number of the second operand: 2^31 times the reciprocal of its size, the size brought
    /// between 1 and 2, and by how many bits.
    reciprocals: Box<[(i32, u32); 256]>,
    multiplier: Multiplier,
    zero: i32,
    least: u8,
    greatest: u8,
}

impl Div {
    /// `None` where the runtime refuses the types, or scales are absurd.
    pub(crate) fn new(a: Grid, b: Grid, out: Grid, activation: Activation) -> Option<Self> {
        if ![a, b, out].iter().all(|grid| grid.is_sound() && !grid.signed) {
            return None;
        }
        let multiplier = Multiplier::new(f64::from(a.scale / (b.scale * out.scale)))?;
        let mut reciprocals = Box::new([(0, 0); 256]);
        for (reciprocal, number) in reciprocals.iter_mut().zip(0_i32..) {
            *reciprocal = self::reciprocal((number - b.zero).unsigned_abs());
        }
        let (least, greatest) = activation.range(out)?;
        let zeros = [a.zero, b.zero];
        Some(Self { zeros, reciprocals, multiplier, zero: out.zero, least, greatest })
    }

    /// The result for two numbers. Where the second stands for 0 the runtime gives up; here it is what the
    /// greatest size would give.
    pub(crate) fn one(&self, a: u8, b: u8) -> u8 {
        let steps = i32::from(a) - self.zeros[0];
        let steps = if i32::from(b) < self.zeros[1] { -steps } else { steps };
        let (reciprocal, bits) = self.reciprocals[usize::from(b)];
        let room = match steps {
            0.. => steps.leading_zeros() - 1,
            _ => (!steps).leading_zeros() - 1,
        };
        let quotient = high(steps << room, reciprocal);
        #[allow(clippy::cast_possible_wrap)] // Below 64.
        let down = (bits + room) as i32 - self.multiplier.power;
        let product = divide(high(quotient, self.multiplier.bits), down);
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Is clamped to 8 bits.
        let number =
            self.zero.saturating_add(product).clamp(self.least.into(), self.greatest.into()) as u8;
        number
    }

    /// The results for operands that `broadcast` lays beside each other.
    pub(crate) fn run(&self, broadcast: &Broadcast, a: &[u8], b: &[u8], out: &mut [u8]) {
        broadcast.zip(a, b, out, |a, b| self.one(a, b));
    }
}

/// 2^31 / (`size` / 2^bits), and those bits (`GetReciprocal` of TensorFlow Lite's `common.h`, by three steps of Newton's
/// method). Of 0 as of the greatest number.
fn reciprocal(size: u32) -> (i32, u32) {
    let size = if size == 0 { 255 } else { size };
    let room = size.leading_zeros();
    // What is above 1, times 2^31.
    let above = i64::from(size << room) - (1 << 31);
    // Reals with two bits before the point: 1 is 2^29.
    #[allow(clippy::cast_possible_truncation)] // Half of two numbers below 2^31.
    let half = ((above + i64::from(i32::MAX) + 1) / 2) as i32;
    // 48 / 17 - 32 / 17 times it.
    let mut x = 1_515_870_810 + high(half, -1_010_580_540);
    for _ in 0..3 {
        x = x.wrapping_add(left(high(x, (1 << 29) - high(half, x)), 2));
    }
    (left(x, 1), 31 - room)
}

/// Divided by 2^`down`, rounded to the nearest, halves away from 0; moved left where `down` is below 0. From 32
/// bits on, where nothing should be left, the runtime's own shift goes wrong, as a processor's does: by 32 bits
/// less, and what is not below 0 is one more.
fn divide(x: i32, down: i32) -> i32 {
    let more = match down {
        ..0 => return left(x, down.unsigned_abs().min(31)),
        0..32 => {
            let lost = i64::from(x) & ((1 << down) - 1);
            lost > (((1_i64 << down) - 1) >> 1) + i64::from(x < 0)
        }
        _ => x >= 0,
    };
    x.wrapping_shr(down.unsigned_abs()).wrapping_add(i32::from(more))
}

#[cfg(test)]
mod tests {
    use super::super::golden::check;
    use super::*;

    #[test]
    fn quotients_are_the_runtimes() {
        check("div", |case| {
            let div = Div::new(case.grid("a"), case.grid("b"), case.grid("y"), case.activation())?;
            let broadcast = Broadcast::new(&case.shape("a_shape"), &case.shape("b_shape"))?;
            let mut out = vec![0; broadcast.shape().iter().product()];
            div.run(&broadcast, &case.bytes("a"), &case.bytes("b"), &mut out);
            Some(out)
        });
    }
}
