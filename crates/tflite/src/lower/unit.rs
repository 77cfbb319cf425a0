//! What a value of 1 stands for, and rounding to whole numbers.

use super::lowering::Lowering;
use super::site::Site;
use super::value::{Lowered, Wire};
use crate::canonical::Binary;

/// Adding and subtracting it rounds a float to a whole number, halves to even.
pub(super) const ROUNDER: f32 = 12_582_912.0;

impl<'m> Lowering<'_, 'm> {
    /// Real values.
    pub(super) fn real(&mut self, wire: Wire) -> Lowered<usize> {
        self.in_unit(wire, 1.0)
    }

    /// The operand at `place`, as real values.
    pub(super) fn real_input(&mut self, site: &Site<'_, 'm>, place: usize) -> Lowered<usize> {
        let wire = self.input(site, place)?;
        self.real(wire)
    }

    /// The values in multiples of `unit`.
    #[allow(clippy::float_cmp)] // Equal units need no scaling; all others do.
    pub(super) fn in_unit(&mut self, wire: Wire, unit: f32) -> Lowered<usize> {
        if wire.unit == unit {
            return Ok(wire.tensor);
        }
        self.canonical.with_scalar(Binary::Mul, wire.tensor, ratio(wire.unit, unit))
    }

    /// Whole numbers, halves to even.
    pub(super) fn rounded(&mut self, tensor: usize) -> Lowered<usize> {
        let up = self.canonical.with_scalar(Binary::Add, tensor, ROUNDER)?;
        self.canonical.with_scalar(Binary::Sub, up, ROUNDER)
    }
}

/// `a / b`, rounded once.
pub(super) fn ratio(a: f32, b: f32) -> f32 {
    #[allow(clippy::cast_possible_truncation)] // Rounds.
    let ratio = (f64::from(a) / f64::from(b)) as f32;
    ratio
}
