//! Where the greatest values are, and which.

use super::lowering::Lowering;
use super::site::Site;
use super::slice::one_axis;
use super::value::{Lowered, Value, Wire};
use crate::array::Array;
use crate::canonical::{Comparison, Reduction};
use crate::complaint::{Complaint, Remedy};

/// The most values that are picked one after another.
const MAX_PICKED: usize = 64;

impl<'m> Lowering<'_, 'm> {
    /// `ARG_MAX` or `ARG_MIN`: the place of the greatest or least value along an axis, the first if there
    /// are several.
    pub(super) fn place_of(&mut self, site: &Site<'_, 'm>, how: Reduction) -> Lowered<Wire> {
        let x = self.real_input(site, 0)?;
        let mut shape = self.canonical.shape(x).to_vec();
        let axis = one_axis(site, 1, shape.len())?;
        let (_, place) = self.first(x, axis, how)?;
        shape.remove(axis);
        Ok(Wire::real(self.canonical.reshape(place, &shape)?))
    }

    /// `TOPK_V2`: the greatest values along the last axis, in order, and their places.
    pub(super) fn greatest(&mut self, site: &Site<'_, 'm>) -> Lowered<Vec<Value<'m>>> {
        let x = self.real_input(site, 0)?;
        let shape = self.canonical.shape(x).to_vec();
        let (Some(side), Some(count)) = (shape.last(), site.numbers(1)?.first().copied()) else {
            return Err(Complaint::new("picks from nothing", Remedy::Export));
        };
        let count = usize::try_from(count).ok().filter(|count| (1..=*side).contains(count));
        let count = count.filter(|count| *count <= MAX_PICKED).ok_or_else(|| {
            let problem = format!("picks not 1 to {} of {side} values", MAX_PICKED.min(*side));
            Complaint::new(problem, Remedy::Known)
        })?;
        let axis = shape.len() - 1;
        let (mut values, mut found) = (vec![], vec![]);
        let mut rest = x;
        for picked in 0..count {
            let (value, place) = self.first(rest, axis, Reduction::Max)?;
            values.push(value);
            found.push(place);
            if picked + 1 < count {
                // What was picked is less than all else.
                let numbers = self.numbers_along(&shape, axis)?;
                let here = self.canonical.compare(Comparison::Equal, numbers, place)?;
                let none = self.canonical.scalar(f32::NEG_INFINITY)?;
                rest = self.canonical.select(here, none, rest)?;
            }
        }
        let values = self.canonical.concat(axis, &values)?;
        let values = self.settled(Wire::real(values), site.outputs[0])?;
        let found = self.canonical.concat(axis, &found)?;
        Ok(vec![Value::Wire(values), Value::Wire(Wire::real(found))])
    }

    /// The greatest or least value along an axis and its first place, with a side of 1 left.
    fn first(&mut self, x: usize, axis: usize, how: Reduction) -> Lowered<(usize, usize)> {
        let shape = self.canonical.shape(x).to_vec();
        let value = self.canonical.reduce(how, x, &[axis])?;
        let here = self.canonical.compare(Comparison::Equal, x, value)?;
        let numbers = self.numbers_along(&shape, axis)?;
        #[allow(clippy::cast_precision_loss)] // Below 2^24: see `numbers_along`.
        let nowhere = self.canonical.scalar(shape[axis] as f32)?;
        let numbers = self.canonical.select(here, numbers, nowhere)?;
        Ok((value, self.canonical.reduce(Reduction::Min, numbers, &[axis])?))
    }

    /// 0, 1, 2 and so on along an axis, for operands of this shape.
    fn numbers_along(&mut self, shape: &[usize], axis: usize) -> Lowered<usize> {
        let side = shape[axis];
        if side > 1 << 20 {
            return Err(Complaint::new(format!("looks through {side} values"), Remedy::Smaller));
        }
        self.charge(side)?;
        let mut own = vec![1; shape.len()];
        own[axis] = side;
        #[allow(clippy::cast_precision_loss)] // At most 2^20.
        let numbers = (0..side).map(|number| number as f32).collect();
        self.canonical.constant(&Array::floats(own, numbers))
    }
}
