//! The constants of a file.

use std::rc::Rc;

use tract_tflite::tflite::TensorType;

use crate::array::{Array, Data};
use crate::complaint::{Complaint, Remedy};
use crate::quantisation::Quantisation;
use crate::source::SourceTensor;

/// Whole numbers that stand for real ones, as they lie in a file.
#[derive(Clone, Debug)]
pub(crate) struct Stored<'m> {
    bytes: &'m [u8],
    type_: TensorType,
    count: usize,
    /// What they stand for.
    quantisation: Rc<Quantisation>,
}

impl Stored<'_> {
    /// The numbers, one after another.
    pub(crate) fn numbers(&self) -> Box<dyn Iterator<Item = i64> + '_> {
        numbers(self.type_, self.bytes, self.count)
    }

    /// The bytes, if each is a number of this type.
    pub(crate) fn bytes_of(&self, type_: TensorType) -> Option<&[u8]> {
        (self.type_ == type_).then_some(self.bytes)
    }

    /// Whether there is more than one scale.
    pub(crate) fn has_scales(&self) -> bool {
        self.quantisation.scales.len() > 1
    }

    /// The real values, under the shape that [`SourceTensor::constant`] found to fit.
    pub(crate) fn to_floats(&self, shape: &[usize]) -> Rc<[f32]> {
        self.quantisation.dequantise(shape, self.numbers())
    }
}

impl<'m> SourceTensor<'m> {
    /// Its values, if it is a constant.
    pub(crate) fn constant(&self) -> Result<Option<Array<'m>>, Complaint> {
        let Some(bytes) = self.data else { return Ok(None) };
        let damaged = |problem: String| Complaint::new(problem, Remedy::Damaged);
        if let Some(problem) = self.problem {
            return Err(Complaint::new(format!("has an operand that {problem}"), Remedy::Dense));
        }
        let shape = self
            .shape
            .iter()
            .map(|side| usize::try_from(*side).ok().filter(|side| *side < 1 << 31))
            .collect::<Option<Vec<usize>>>()
            .ok_or_else(|| damaged(format!("has a constant of shape {:?}", self.shape)))?;
        let count = shape.iter().try_fold(1_usize, |all, side| all.checked_mul(*side));
        let bits = bits(self.type_).ok_or_else(|| {
            let problem = format!("has a constant of type {}", self.type_name());
            Complaint::new(problem, Remedy::Float32)
        })?;
        let needed = count.and_then(|count| count.checked_mul(bits)).map(|bits| bits.div_ceil(8));
        let (Some(count), Some(needed)) = (count, needed) else {
            return Err(damaged(format!("has a constant of shape {shape:?}")));
        };
        if needed != bytes.len() {
            let has = bytes.len();
            return Err(damaged(format!("has {has} bytes for a constant of {shape:?}")));
        }
        let data = match (self.type_, &self.quantisation) {
            (TensorType::FLOAT32, _) => Data::Bytes(bytes),
            (TensorType::FLOAT16, _) => Data::Half(bytes),
            (type_, Some(own)) => {
                own.fits(&shape)?;
                Data::Stored(Stored { bytes, type_, count, quantisation: own.clone() })
            }
            (_, None) => Data::Integers(numbers(self.type_, bytes, count).collect()),
        };
        Ok(Some(Array { shape, data }))
    }
}

/// How many bits a value of this type takes in a file.
fn bits(type_: TensorType) -> Option<usize> {
    match type_ {
        TensorType::INT4 => Some(4),
        TensorType::INT8 | TensorType::UINT8 | TensorType::BOOL => Some(8),
        TensorType::INT16 | TensorType::UINT16 | TensorType::FLOAT16 => Some(16),
        TensorType::INT32 | TensorType::UINT32 | TensorType::FLOAT32 => Some(32),
        TensorType::INT64 => Some(64),
        _ => None,
    }
}

/// The numbers in `bytes`, of a type that [`bits`] knows and that is not a float.
fn numbers<'m>(
    type_: TensorType,
    bytes: &'m [u8],
    count: usize,
) -> Box<dyn Iterator<Item = i64> + 'm> {
    match type_ {
        TensorType::INT8 => Box::new(bytes.iter().map(|byte| i64::from(byte.cast_signed()))),
        TensorType::INT4 => {
            let high = bytes.iter().flat_map(|byte| [byte << 4, byte & 0xF0]);
            Box::new(high.map(|high| i64::from(high.cast_signed() >> 4)).take(count))
        }
        TensorType::INT16 => {
            Box::new(bytes.as_chunks().0.iter().map(|b| i64::from(i16::from_le_bytes(*b))))
        }
        TensorType::UINT16 => {
            Box::new(bytes.as_chunks().0.iter().map(|b| i64::from(u16::from_le_bytes(*b))))
        }
        TensorType::INT32 => {
            Box::new(bytes.as_chunks().0.iter().map(|b| i64::from(i32::from_le_bytes(*b))))
        }
        TensorType::UINT32 => {
            Box::new(bytes.as_chunks().0.iter().map(|b| i64::from(u32::from_le_bytes(*b))))
        }
        TensorType::INT64 => Box::new(bytes.as_chunks().0.iter().map(|b| i64::from_le_bytes(*b))),
        _ => Box::new(bytes.iter().map(|byte| i64::from(*byte))),
    }
}
