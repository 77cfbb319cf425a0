//! Questions about values, and choices by their answers.

use super::lowering::Lowering;
use super::site::Site;
use super::value::{Lowered, Wire};
use crate::canonical::{Comparison, Logical};
use crate::complaint::{Complaint, Remedy};

impl<'m> Lowering<'_, 'm> {
    /// `EQUAL` and its like.
    pub(super) fn compare(&mut self, site: &Site<'_, 'm>, how: Comparison) -> Lowered<Wire> {
        if let (Some(a), Some(b)) = (self.whole_input(site, 0)?, self.whole_input(site, 1)?)
            && let Some(flags) = self.canonical.whole_compare(how, [a, b])?
        {
            return Ok(Wire::real(flags));
        }
        let (a, b) = (self.real_input(site, 0)?, self.real_input(site, 1)?);
        Ok(Wire::real(self.canonical.compare(how, a, b)?))
    }

    /// `LOGICAL_AND` and its like.
    pub(super) fn logical(&mut self, site: &Site<'_, 'm>, how: Logical) -> Lowered<Wire> {
        let count = if how == Logical::Not { 1 } else { 2 };
        if site.inputs.len() != count {
            let problem = format!("has {} operands, and not {count}", site.inputs.len());
            return Err(Complaint::new(problem, Remedy::Damaged));
        }
        let operands = (0..count)
            .map(|place| self.input(site, place).map(|wire| wire.tensor))
            .collect::<Lowered<Vec<_>>>()?;
        Ok(Wire::real(self.canonical.logical(how, &operands)?))
    }

    /// `SELECT` and `SELECT_V2`.
    pub(super) fn select(&mut self, site: &Site<'_, 'm>) -> Lowered<Wire> {
        let flags = self.input(site, 0)?;
        if let (Some((yes, on)), Some((no, other))) =
            (self.whole_input(site, 1)?, self.whole_input(site, 2)?)
            && on == other
        {
            return Ok(Wire::whole(self.canonical.select(flags.tensor, yes, no)?, on));
        }
        let (yes, no) = (self.real_input(site, 1)?, self.real_input(site, 2)?);
        Ok(Wire::real(self.canonical.select(flags.tensor, yes, no)?))
    }

    /// `SIGN`: -1, 0 or 1.
    pub(super) fn sign(&mut self, site: &Site<'_, 'm>) -> Lowered<Wire> {
        let x = self.real_input(site, 0)?;
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
        Ok(Wire::real(self.canonical.select(flags, one, zero)?))
    }
}
