//! An operator in its place: what it reads, and what it writes.

use std::rc::Rc;

use super::value::{Lowered, Value};
use crate::array::Array;
use crate::complaint::{Complaint, Remedy};
use crate::kernels::whole::Grid;
use crate::source::{SourceOperator, SourceTensor};

/// The longest list of sizes or positions.
const MAX_NUMBERS: usize = 1 << 16;

/// An operator and what it reads.
pub(super) struct Site<'s, 'm> {
    pub(super) operator: &'s SourceOperator<'m>,
    pub(super) inputs: Vec<Option<Value<'m>>>,
    /// The tensors that it writes, as the file describes them; at least one.
    pub(super) outputs: Vec<&'s SourceTensor<'m>>,
}

impl<'m> Site<'_, 'm> {
    /// The operand at `place`.
    pub(super) fn operand(&self, place: usize) -> Lowered<&Value<'m>> {
        self.optional(place)
            .ok_or_else(|| Complaint::new(format!("has no operand {place}"), Remedy::Export))
    }

    /// The operand at `place`, if it is not left out.
    pub(super) fn optional(&self, place: usize) -> Option<&Value<'m>> {
        self.inputs.get(place).and_then(Option::as_ref)
    }

    /// The constant at `place`.
    pub(super) fn known(&self, place: usize) -> Lowered<&Rc<Array<'m>>> {
        match self.operand(place)? {
            Value::Known(array) => Ok(array),
            Value::Wire(_) => Err(Complaint::new(
                format!("has an operand {place} that depends on the input"),
                Remedy::Fixed,
            )),
        }
    }

    /// The whole numbers at `place`: a shape, axes, or positions.
    pub(super) fn numbers(&self, place: usize) -> Lowered<Rc<[i64]>> {
        let numbers = self.known(place)?.to_integers()?;
        if numbers.len() > MAX_NUMBERS {
            return Err(Complaint::new(
                format!("has {} sizes or positions", numbers.len()),
                Remedy::Export,
            ));
        }
        Ok(numbers)
    }

    /// What the first result's numbers stand for, if they are whole and have 8 bits.
    pub(super) fn grid(&self) -> Lowered<Option<Grid>> {
        self.outputs[0].grid()
    }
}

/// The error of an operator without its settings.
pub(super) fn no_options() -> Complaint {
    Complaint::new("has no settings, or another operator's", Remedy::Export)
}
