//! What operators read and give while a model is lowered.

use std::rc::Rc;

use crate::array::Array;
use crate::complaint::Complaint;
use crate::kernels::whole::Grid;

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

/// A tensor of the canonical form.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wire {
    /// Of the canonical form.
    pub(super) tensor: usize,
    /// What its whole numbers stand for, if it holds such.
    pub(super) grid: Option<Grid>,
}

impl Wire {
    /// A tensor that holds real values.
    pub(super) fn real(tensor: usize) -> Self {
        Self { tensor, grid: None }
    }

    /// A tensor that holds whole numbers.
    pub(super) fn whole(tensor: usize, grid: Grid) -> Self {
        Self { tensor, grid: Some(grid) }
    }

    /// The same numbers at another place.
    pub(super) fn moved(self, tensor: usize) -> Self {
        Self { tensor, ..self }
    }
}

/// A tensor of whole numbers, and what they stand for.
pub(super) type OnGrid = (usize, Grid);
