//! Constants: values that the file holds, or that follow from its shapes alone.

use std::rc::Rc;

use crate::complaint::{Complaint, Remedy};
use crate::kernels::float::from_half;
use crate::stored::Stored;

/// Values that are known before any input is, in row-major order.
#[derive(Clone, Debug)]
pub(crate) struct Array<'m> {
    pub(crate) shape: Vec<usize>,
    pub(crate) data: Data<'m>,
}

/// The values of an [`Array`].
#[derive(Clone, Debug)]
pub(crate) enum Data<'m> {
    /// Little-endian 32-bit floats, as they lie in the file.
    Bytes(&'m [u8]),
    /// Little-endian 16-bit floats, as they lie in the file: half the memory, until they are used.
    Half(&'m [u8]),
    /// Floats.
    Floats(Rc<[f32]>),
    /// Whole numbers that stand for real ones, as they lie in the file.
    Stored(Stored<'m>),
    /// Whole numbers: shapes, axes, positions.
    Integers(Rc<[i64]>),
}

impl Array<'_> {
    /// One float.
    pub(crate) fn scalar(value: f32) -> Self {
        Self::floats(vec![], vec![value])
    }

    /// Floats of this shape, which must have as many.
    pub(crate) fn floats(shape: Vec<usize>, values: Vec<f32>) -> Self {
        Self { shape, data: Data::Floats(values.into()) }
    }

    /// Whole numbers of this shape, which must have as many.
    pub(crate) fn integers(shape: Vec<usize>, values: Vec<i64>) -> Self {
        Self { shape, data: Data::Integers(values.into()) }
    }

    /// The same without a file that it borrows from.
    pub(crate) fn into_owned(self) -> Array<'static> {
        let data = match self.data {
            Data::Integers(values) => Data::Integers(values),
            Data::Floats(values) => Data::Floats(values),
            Data::Bytes(_) | Data::Half(_) | Data::Stored(_) => Data::Floats(self.to_floats()),
        };
        Array { shape: self.shape, data }
    }

    /// How many values it has.
    pub(crate) fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether it holds whole numbers.
    pub(crate) fn is_integer(&self) -> bool {
        matches!(self.data, Data::Integers(_))
    }

    /// Its values as floats.
    pub(crate) fn to_floats(&self) -> Rc<[f32]> {
        match &self.data {
            Data::Floats(values) => values.clone(),
            Data::Bytes(bytes) => {
                let (chunks, _) = bytes.as_chunks::<4>();
                chunks.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()
            }
            Data::Half(bytes) => {
                let (pairs, _) = bytes.as_chunks::<2>();
                pairs.iter().map(|bytes| from_half(u16::from_le_bytes(*bytes))).collect()
            }
            Data::Stored(stored) => stored.to_floats(&self.shape),
            #[allow(clippy::cast_precision_loss)] // Shapes and pixels: far below 2^24.
            Data::Integers(values) => values.iter().map(|value| *value as f32).collect(),
        }
    }

    /// Its values as whole numbers, if they are.
    pub(crate) fn to_integers(&self) -> Result<Rc<[i64]>, Complaint> {
        match &self.data {
            Data::Integers(values) => Ok(values.clone()),
            _ => Err(Complaint::new("has floats where whole numbers belong", Remedy::Damaged)),
        }
    }

    /// The same values under another shape, which must have as many.
    pub(crate) fn reshaped(&self, shape: Vec<usize>) -> Self {
        let data = match &self.data {
            // Its scales lie along an axis of the old shape.
            Data::Stored(stored) if stored.has_scales() && shape != self.shape => {
                Data::Floats(self.to_floats())
            }
            data => data.clone(),
        };
        Self { shape, data }
    }

    /// The floats, each changed.
    pub(crate) fn map(&self, change: impl Fn(f32) -> f32) -> Self {
        let values: Rc<[f32]> = self.to_floats().iter().map(|value| change(*value)).collect();
        Self { shape: self.shape.clone(), data: Data::Floats(values) }
    }

    /// The values at these places, under a new shape that has as many.
    pub(crate) fn pick(&self, shape: Vec<usize>, places: impl Iterator<Item = usize>) -> Self {
        let data = match &self.data {
            Data::Integers(values) => Data::Integers(places.map(|place| values[place]).collect()),
            _ => {
                let values = self.to_floats();
                Data::Floats(places.map(|place| values[place]).collect())
            }
        };
        Self { shape, data }
    }
}

/// How far apart neighbours along each axis lie, in row-major order.
pub(crate) fn strides(shape: &[usize]) -> Vec<usize> {
    let mut strides = vec![1; shape.len()];
    for axis in (1..shape.len()).rev() {
        strides[axis - 1] = strides[axis] * shape[axis];
    }
    strides
}

/// For each place of `shape`, in row-major order, the sum over all axes of the index times `strides`.
pub(crate) fn places(shape: &[usize], strides: &[usize]) -> impl Iterator<Item = usize> + use<> {
    let (shape, strides) = (shape.to_vec(), strides.to_vec());
    let count: usize = shape.iter().product();
    (0..count).map(move |mut place| {
        let mut sum = 0;
        for axis in (0..shape.len()).rev() {
            sum += place % shape[axis] * strides[axis];
            place /= shape[axis];
        }
        sum
    })
}

/// The shape that two operands have together, sides of 1 being stretched, as in `NumPy`.
pub(crate) fn broadcast(a: &[usize], b: &[usize]) -> Result<Vec<usize>, Complaint> {
    let rank = a.len().max(b.len());
    let side = |shape: &[usize], axis: usize| {
        (axis + shape.len()).checked_sub(rank).map_or(1, |axis| shape[axis])
    };
    (0..rank)
        .map(|axis| match (side(a, axis), side(b, axis)) {
            (a, b) if a == b || b == 1 => Ok(a),
            (1, b) => Ok(b),
            _ => Err(Complaint::new(
                format!("has operands of {a:?} and {b:?}, which do not fit"),
                Remedy::Damaged,
            )),
        })
        .collect()
}

/// The strides with which an operand of `shape` is read to fill the shape `into`.
pub(crate) fn stretched(shape: &[usize], into: &[usize]) -> Vec<usize> {
    let own = strides(shape);
    (0..into.len())
        .map(|axis| match (axis + shape.len()).checked_sub(into.len()) {
            Some(axis) if shape[axis] > 1 => own[axis],
            _ => 0,
        })
        .collect()
}
