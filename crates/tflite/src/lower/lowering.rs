//! A model while it is lowered: what is known of each of its tensors so far.

use std::rc::Rc;

use super::site::Site;
use super::value::{Lowered, Value, Wire};
use crate::canonical::Canonical;
use crate::complaint::{Complaint, Remedy};
use crate::error::Error;
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

    /// A constant as a wire; a wire as it is.
    pub(super) fn wire(&mut self, value: &Value<'m>) -> Lowered<Wire> {
        match value {
            Value::Wire(wire) => Ok(*wire),
            Value::Known(array) => Ok(Wire::real(self.canonical.constant(array)?)),
        }
    }

    /// The operand at `place`, as a wire.
    pub(super) fn input(&mut self, site: &Site<'_, 'm>, place: usize) -> Lowered<Wire> {
        self.wire(site.operand(place)?)
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
