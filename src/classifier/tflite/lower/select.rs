//! Questions about values, and choices by their answers.

use super::super::canonical::{Comparison, Logical};
use super::{Lowered, Lowering, Step, Wire};

impl<'m> Lowering<'_, 'm> {
    /// `EQUAL` and its like.
    pub(super) fn compare(&mut self, step: &Step<'_, 'm>, how: Comparison) -> Lowered<Wire> {
        let (a, b) = (self.real_input(step, 0)?, self.real_input(step, 1)?);
        Ok(Wire::real(self.canonical.compare(how, a, b)?))
    }

    /// `LOGICAL_AND` and its like.
    pub(super) fn logical(&mut self, step: &Step<'_, 'm>, how: Logical) -> Lowered<Wire> {
        let operands = (0..step.inputs.len())
            .map(|place| self.input(step, place).map(|wire| wire.tensor))
            .collect::<Lowered<Vec<_>>>()?;
        Ok(Wire::real(self.canonical.logical(how, &operands)?))
    }

    /// `SELECT` and `SELECT_V2`.
    pub(super) fn select(&mut self, step: &Step<'_, 'm>) -> Lowered<Wire> {
        let flags = self.input(step, 0)?;
        let (yes, no) = (self.real_input(step, 1)?, self.real_input(step, 2)?);
        Ok(Wire::real(self.canonical.select(flags.tensor, yes, no)?))
    }

    /// `SIGN`: -1, 0 or 1.
    pub(super) fn sign(&mut self, step: &Step<'_, 'm>) -> Lowered<Wire> {
        let x = self.real_input(step, 0)?;
        let c = &mut self.canonical;
        let (one, zero, minus) = (c.scalar(1.0)?, c.scalar(0.0)?, c.scalar(-1.0)?);
        let above = c.compare(Comparison::Greater, x, zero)?;
        let below = c.compare(Comparison::Less, x, zero)?;
        let rest = c.select(below, minus, zero)?;
        Ok(Wire::real(c.select(above, one, rest)?))
    }

    /// Flags as numbers: 1 for yes, 0 for no.
    pub(super) fn counted(&mut self, flags: usize) -> Lowered<Wire> {
        let (one, zero) = (self.canonical.scalar(1.0)?, self.canonical.scalar(0.0)?);
        let tensor = self.canonical.select(flags, one, zero)?;
        Ok(Wire { whole: Some((0.0, 1.0)), ..Wire::real(tensor) })
    }
}
