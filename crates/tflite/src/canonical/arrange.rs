//! Operators that compute nothing: the same values in another shape, order or number.

use super::model::Canonical;
use super::op::Op;
use crate::array::broadcast;
use crate::complaint::{Complaint, Remedy};

impl Canonical<'_> {
    /// The same values under another shape.
    pub(crate) fn reshape(&mut self, x: usize, shape: &[usize]) -> Result<usize, Complaint> {
        // A single number is kept as a list of one: files have no empty list of sides.
        let shape = if shape.is_empty() { &[1] } else { shape };
        if self.shape(x) == shape {
            return Ok(x);
        }
        if self.shape(x).iter().product::<usize>() != shape.iter().product::<usize>() {
            let problem = format!("makes {shape:?} of {:?}", self.shape(x));
            return Err(Complaint::new(problem, Remedy::Damaged));
        }
        let list = self.list(shape)?;
        self.node(Op::Reshape, vec![x, list], shape.to_vec())
    }

    /// Repeats values along axes of 1.
    pub(crate) fn broadcast_to(&mut self, x: usize, shape: &[usize]) -> Result<usize, Complaint> {
        if self.shape(x) == shape {
            return Ok(x);
        }
        if broadcast(self.shape(x), shape)? != shape {
            let problem = format!("makes {shape:?} of {:?}", self.shape(x));
            return Err(Complaint::new(problem, Remedy::Damaged));
        }
        let mut full = vec![1; shape.len() - self.shape(x).len()];
        full.extend(self.shape(x));
        let x = self.reshape(x, &full)?;
        let list = self.list(shape)?;
        self.node(Op::Broadcast, vec![x, list], shape.to_vec())
    }

    /// Zeros before and behind, for each axis; of whole numbers, those that stand for zero.
    pub(crate) fn pad(&mut self, x: usize, pads: &[[usize; 2]]) -> Result<usize, Complaint> {
        self.pad_with(x, pads, None)
    }

    /// The same with another number, a constant of one value.
    pub(crate) fn pad_with(
        &mut self,
        x: usize,
        pads: &[[usize; 2]],
        with: Option<usize>,
    ) -> Result<usize, Complaint> {
        if pads.iter().all(|pad| *pad == [0, 0]) {
            return Ok(x);
        }
        let shape = self.shape(x).iter().zip(pads).map(|(side, [before, behind])| {
            side.checked_add(*before)?.checked_add(*behind).filter(|side| *side < 1 << 31)
        });
        let shape = shape.collect::<Option<Vec<_>>>().filter(|_| pads.len() == self.shape(x).len());
        let shape = shape
            .ok_or_else(|| Complaint::new("has a padding that does not fit", Remedy::Damaged))?;
        let list = self.integers(vec![pads.len(), 2], &pads.concat())?;
        let operands = [x, list].into_iter().chain(with).collect();
        self.node(Op::Pad, operands, shape)
    }

    /// One behind the other along an axis.
    pub(crate) fn concat(&mut self, axis: usize, parts: &[usize]) -> Result<usize, Complaint> {
        let &[first, ref rest @ ..] = parts else {
            return Err(Complaint::new("joins nothing", Remedy::Damaged));
        };
        if rest.is_empty() {
            return Ok(first);
        }
        let mut shape = self.shape(first).to_vec();
        for part in rest {
            let own = self.shape(*part);
            let fits = own.len() == shape.len()
                && axis < own.len()
                && (0..own.len()).all(|other| other == axis || own[other] == shape[other]);
            if !fits {
                return Err(self.unfit(first, *part));
            }
            shape[axis] = shape[axis].saturating_add(own[axis]);
        }
        self.node(Op::Concat(axis), parts.to_vec(), shape)
    }

    /// Axes in another order.
    pub(crate) fn transpose(&mut self, x: usize, order: &[usize]) -> Result<usize, Complaint> {
        if order.iter().enumerate().all(|(place, axis)| place == *axis) {
            return Ok(x);
        }
        let mut sorted = order.to_vec();
        sorted.sort_unstable();
        if !sorted.iter().copied().eq(0..self.shape(x).len()) {
            let problem = format!("orders the axes of {:?} as {order:?}", self.shape(x));
            return Err(Complaint::new(problem, Remedy::Damaged));
        }
        let shape = order.iter().map(|axis| self.shape(x)[*axis]).collect();
        let list = self.list(order)?;
        self.node(Op::Transpose, vec![x, list], shape)
    }

    /// A part of it.
    pub(crate) fn slice(
        &mut self,
        x: usize,
        begin: &[usize],
        size: &[usize],
    ) -> Result<usize, Complaint> {
        if self.shape(x) == size {
            return Ok(x);
        }
        let shape = self.shape(x);
        let fits = begin.len() == shape.len()
            && size.len() == shape.len()
            && (0..shape.len()).all(|axis| {
                begin[axis].checked_add(size[axis]).is_some_and(|end| end <= shape[axis])
            });
        if !fits {
            let problem = format!("takes {size:?} from {begin:?} on out of {shape:?}");
            return Err(Complaint::new(problem, Remedy::Damaged));
        }
        let (begin, list) = (self.list(begin)?, self.list(size)?);
        self.node(Op::Slice, vec![x, begin, list], size.to_vec())
    }
}
