//! What operators read and give while a model is lowered.

use std::rc::Rc;

use crate::array::Array;
use crate::complaint::Complaint;

/// What a lowering gives, or what is wrong with the operator and what to change.
pub(super) type Lowered<T> = Result<T, Complaint>;

/// A tensor while the model is lowered.
#[derive(Clone, Debug)]
pub(super) enum Value<'m> {
    /// Known now.
    Known(Rc<Array<'m>>),
    /// Known when there is an input.
    Wire(Wire),
}

/// A tensor of the canonical form, and how its values stand for real ones.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wire {
    /// Of the canonical form.
    pub(super) tensor: usize,
    /// A value of 1 stands for this.
    pub(super) unit: f32,
    /// If all values are whole numbers for sure: the least and the greatest.
    pub(super) whole: Option<(f32, f32)>,
}

impl Wire {
    /// A tensor that holds real values.
    pub(super) fn real(tensor: usize) -> Self {
        Self { tensor, unit: 1.0, whole: None }
    }

    /// The same values at another place.
    pub(super) fn moved(self, tensor: usize) -> Self {
        Self { tensor, ..self }
    }
}
