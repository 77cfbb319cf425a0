//! A model while it is lowered: what is known of each of its tensors so far.

use std::rc::Rc;

use super::site::Site;
use super::value::{Lowered, Value, Wire};
use crate::canonical::Canonical;
use crate::complaint::{Complaint, Remedy};
use crate::error::Error;
use crate::grid::Numbers;
use crate::kernels::whole::Grid;
use crate::name::brief;
use crate::source::{Source, SourceTensor};

/// A model that was lowered as far as it can be.
pub(crate) struct Lowering<'s, 'm> {
    pub(super) source: &'s Source<'m>,
    pub(crate) canonical: Canonical<'m>,
    /// For each tensor of the file.
    pub(super) values: Vec<Option<Value<'m>>>,
    /// What could not be said, in the file's order.
    pub(crate) problems: Vec<Error>,
    /// How many constants were read.
    known: usize,
    /// How many values were computed before there is an input.
    pub(super) folded: usize,
}

impl<'s, 'm> Lowering<'s, 'm> {
    /// The most constants that are read: 512 MiB as floats.
    const MAX_KNOWN: usize = 1 << 27;
    /// The most values that are computed before there is an input: 256 MiB as floats.
    const MAX_FOLDED: usize = 1 << 26;

    /// Nothing is known of this model yet.
    pub(super) fn of(source: &'s Source<'m>) -> Self {
        Self {
            source,
            canonical: Canonical::default(),
            values: source.tensors.iter().map(|_| None).collect(),
            problems: vec![],
            known: 0,
            folded: 0,
        }
    }

    /// A tensor of the file.
    pub(super) fn value(&mut self, tensor: usize) -> Lowered<Value<'m>> {
        if let Some(value) = &self.values[tensor] {
            return Ok(value.clone());
        }
        let described = &self.source.tensors[tensor];
        let count = described.shape.iter().map(|side| usize::try_from(*side).unwrap_or(0));
        self.known += count.fold(1, usize::saturating_mul).min(Self::MAX_KNOWN + 1);
        if self.known > Self::MAX_KNOWN {
            return Err(Complaint::new("needs too many weights", Remedy::Smaller));
        }
        match described.constant()? {
            Some(array) => {
                let value = Value::Known(Rc::new(array));
                self.values[tensor] = Some(value.clone());
                Ok(value)
            }
            None => {
                let problem = format!("reads {} before it is written", brief(described.name));
                Err(Complaint::new(problem, Remedy::Export))
            }
        }
    }

    /// A tensor that could not be computed, so that what reads it can be looked at too.
    pub(super) fn pretend(&mut self, output: &SourceTensor<'m>) -> Option<Value<'m>> {
        let shape = output.shape.iter().map(|side| usize::try_from(*side).ok());
        let shape = shape.collect::<Option<Vec<_>>>()?;
        let wire = Wire::real(self.canonical.input(shape).ok()?);
        Some(Value::Wire(wire))
    }

    /// Counts what is computed before there is an input.
    pub(super) fn charge(&mut self, count: usize) -> Lowered<()> {
        self.folded = self.folded.saturating_add(count);
        if self.folded > Self::MAX_FOLDED {
            return Err(Complaint::new("computes too much of constants", Remedy::Smaller));
        }
        Ok(())
    }

    /// The operand at `place`; a constant of whole numbers as them.
    pub(super) fn input(&mut self, site: &Site<'_, 'm>, place: usize) -> Lowered<Wire> {
        match self.whole_input(site, place)? {
            Some((tensor, grid)) => Ok(Wire::whole(tensor, grid)),
            None => Ok(Wire::real(self.real_input(site, place)?)),
        }
    }

    /// The operand at `place`, as real values.
    pub(super) fn real_input(&mut self, site: &Site<'_, 'm>, place: usize) -> Lowered<usize> {
        match site.operand(place)? {
            Value::Wire(wire) => self.real(*wire),
            Value::Known(array) => self.canonical.constant(array),
        }
    }

    /// The real values of a wire.
    pub(super) fn real(&mut self, wire: Wire) -> Lowered<usize> {
        match wire.grid {
            None => Ok(wire.tensor),
            Some(grid) => self.canonical.dequantise(wire.tensor, grid),
        }
    }

    /// The operand at `place`, if it holds whole numbers, and what they stand for.
    pub(super) fn whole_input(
        &mut self,
        site: &Site<'_, 'm>,
        place: usize,
    ) -> Lowered<Option<(usize, Grid)>> {
        let array = match site.optional(place) {
            Some(Value::Wire(wire)) => return Ok(wire.grid.map(|grid| (wire.tensor, grid))),
            Some(Value::Known(array)) if !array.is_integer() => array,
            _ => return Ok(None),
        };
        let tensor = site.operator.inputs.get(place).copied().flatten();
        let grid = tensor.map_or(Ok(None), |tensor| self.source.tensors[tensor].grid())?;
        let Some(grid) = grid else { return Ok(None) };
        Ok(Some((self.canonical.whole_constant(array, grid)?, grid)))
    }

    /// A value in the numbers that `output` can hold, unless it is already.
    pub(super) fn settled(&mut self, wire: Wire, output: &SourceTensor<'m>) -> Lowered<Wire> {
        match (output.numbers()?, wire.grid) {
            (Numbers::Real, _) => Ok(Wire::real(self.real(wire)?)),
            (Numbers::Long(steps), _) => {
                let real = self.real(wire)?;
                Ok(Wire::real(self.canonical.snap(real, steps)?))
            }
            (Numbers::Whole(grid), Some(own)) if grid == own => Ok(wire),
            // Whatever moves numbers without looking at them leaves them as they are.
            (Numbers::Whole(grid), Some(own)) if grid.signed == own.signed => {
                Ok(Wire::whole(self.canonical.relabel(wire.tensor, grid)?, grid))
            }
            (Numbers::Whole(grid), _) => {
                let real = self.real(wire)?;
                Ok(Wire::whole(self.canonical.quantise(real, grid)?, grid))
            }
        }
    }

    /// The shape of a wire.
    pub(super) fn shape(&self, wire: Wire) -> &[usize] {
        self.canonical.shape(wire.tensor)
    }

    /// The shape of an operand.
    pub(super) fn shape_of<'v>(&'v self, value: &'v Value<'m>) -> &'v [usize] {
        match value {
            Value::Known(array) => &array.shape,
            Value::Wire(wire) => self.shape(*wire),
        }
    }
}
