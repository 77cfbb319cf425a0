//! Powers, and what is computed with them.

use super::lowering::Lowering;
use super::site::{Site, no_options};
use super::value::{Lowered, Value, Wire};
use crate::canonical::{Binary, Comparison, Logical, Unary};
use crate::complaint::{Complaint, Remedy};

/// The most neighbours on each side that a `LOCAL_RESPONSE_NORMALIZATION` adds up.
const MAX_RADIUS: usize = 64;

impl<'m> Lowering<'_, 'm> {
    /// `POW`: a small whole power, or half of one, by multiplications; others by logarithms.
    #[allow(clippy::float_cmp)] // The same power everywhere, to the bit.
    pub(super) fn pow(&mut self, site: &Site<'_, 'm>) -> Lowered<Wire> {
        let x = self.real_input(site, 0)?;
        if let Value::Known(powers) = site.operand(1)? {
            let powers = powers.to_floats();
            match powers.first() {
                Some(first) if powers.iter().all(|power| power == first) => {
                    if let Some(count) = halves(*first) {
                        let product = self.multiplied(x, count, *first < 0.0)?;
                        let shape = self.shape_of(site.operand(1)?).to_vec();
                        return self.stretched(product, &shape);
                    }
                }
                _ => {}
            }
        }
        let y = self.real_input(site, 1)?;
        Ok(Wire::real(self.any_power(x, y)?))
    }

    /// `x` to the power of half of `count`, or one by that.
    fn multiplied(&mut self, x: usize, count: usize, inverse: bool) -> Lowered<usize> {
        let c = &mut self.canonical;
        let mut result = if count % 2 == 1 {
            c.unary(Unary::Sqrt, x)?
        } else {
            let zero = c.with_scalar(Binary::Mul, x, 0.0)?;
            c.with_scalar(Binary::Add, zero, 1.0)?
        };
        for _ in 0..count / 2 {
            result = c.binary(Binary::Mul, result, x)?;
        }
        if inverse {
            let one = c.scalar(1.0)?;
            result = c.binary(Binary::Div, one, result)?;
        }
        Ok(result)
    }

    /// As many values as the powers have, if those are more.
    fn stretched(&mut self, x: usize, powers: &[usize]) -> Lowered<Wire> {
        let shape = crate::array::broadcast(self.canonical.shape(x), powers)?;
        Ok(Wire::real(self.canonical.broadcast_to(x, &shape)?))
    }

    /// `x` to the power of `y`, as C's `pow` has it: `exp(y log |x|)`, negative for negative `x` and odd
    /// `y`, no number for negative `x` and a `y` that is not whole, and 1 if `y` is 0.
    fn any_power(&mut self, x: usize, y: usize) -> Lowered<usize> {
        let c = &mut self.canonical;
        let size = c.unary(Unary::Abs, x)?;
        let log = c.unary(Unary::Log, size)?;
        let exponent = c.binary(Binary::Mul, y, log)?;
        let power = c.unary(Unary::Exp, exponent)?;
        let whole = c.unary(Unary::Floor, y)?;
        let whole = c.compare(Comparison::Equal, whole, y)?;
        let half = c.with_scalar(Binary::Mul, y, 0.5)?;
        let floor = c.unary(Unary::Floor, half)?;
        let odd = c.compare(Comparison::NotEqual, floor, half)?;
        let negative = c.with_scalar(Binary::Mul, power, -1.0)?;
        let below = c.select(odd, negative, power)?;
        let none = c.scalar(f32::NAN)?;
        let below = c.select(whole, below, none)?;
        let (zero, one) = (c.scalar(0.0)?, c.scalar(1.0)?);
        let is_below = c.compare(Comparison::Less, x, zero)?;
        let result = c.select(is_below, below, power)?;
        let nothing = c.compare(Comparison::Equal, y, zero)?;
        let some = c.logical(Logical::Not, &[nothing])?;
        c.select(some, result, one)
    }

    /// `LOCAL_RESPONSE_NORMALIZATION`: `x / (bias + alpha * sum)^beta`, `sum` being that of the squares
    /// of a channel and its neighbours.
    #[allow(clippy::float_cmp)] // Special cases of the runtime, to the bit.
    pub(super) fn local_response(&mut self, site: &Site<'_, 'm>) -> Lowered<Wire> {
        let options = site.operator.table.builtin_options_as_local_response_normalization_options();
        let options = options.ok_or_else(no_options)?;
        let radius = usize::try_from(options.radius()).ok().filter(|radius| *radius <= MAX_RADIUS);
        let radius = radius.ok_or_else(|| {
            Complaint::new(format!("has a radius of {}", options.radius()), Remedy::Known)
        })?;
        let x = self.input(site, 0)?;
        let [_, _, _, channels] = self.four(x)?;
        let x = self.real(x)?;
        let c = &mut self.canonical;
        let square = c.binary(Binary::Mul, x, x)?;
        let padded = c.pad(square, &[[0, 0], [0, 0], [0, 0], [radius, radius]])?;
        let mut sum = self.part(padded, 3, 0, channels)?;
        for first in 1..=2 * radius {
            let next = self.part(padded, 3, first, channels)?;
            sum = self.canonical.binary(Binary::Add, sum, next)?;
        }
        let c = &mut self.canonical;
        let scaled = c.with_scalar(Binary::Mul, sum, options.alpha())?;
        let base = c.with_scalar(Binary::Add, scaled, options.bias())?;
        let divisor = match options.beta() {
            1.0 => base,
            0.5 => c.unary(Unary::Sqrt, base)?,
            beta => {
                let log = c.unary(Unary::Log, base)?;
                let exponent = c.with_scalar(Binary::Mul, log, beta)?;
                c.unary(Unary::Exp, exponent)?
            }
        };
        Ok(Wire::real(c.binary(Binary::Div, x, divisor)?))
    }
}

/// How often a power has a half in it, if it is small and has nothing else.
fn halves(power: f32) -> Option<usize> {
    let halves = power * 2.0;
    if halves.fract() != 0.0 || !(-16.0..=16.0).contains(&halves) {
        return None;
    }
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Whole, 0 to 16.
    Some(halves.abs() as usize)
}
