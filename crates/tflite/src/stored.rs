//! Numbers of a file that stand for real ones, as they lie there.

use std::rc::Rc;

use tract_tflite::tflite::TensorType;

use crate::quantisation::Quantisation;

/// Whole numbers that stand for real ones, as they lie in a file.
#[derive(Clone, Debug)]
pub(crate) struct Stored<'m> {
    bytes: &'m [u8],
    type_: TensorType,
    count: usize,
    /// What they stand for.
    quantisation: Rc<Quantisation>,
}

impl<'m> Stored<'m> {
    /// `bytes` are `count` numbers of this type; the quantisation fits their shape.
    pub(crate) fn new(
        bytes: &'m [u8],
        type_: TensorType,
        count: usize,
        quantisation: Rc<Quantisation>,
    ) -> Self {
        Self { bytes, type_, count, quantisation }
    }

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

    /// The real values, under a shape that the quantisation fits.
    pub(crate) fn to_floats(&self, shape: &[usize]) -> Rc<[f32]> {
        self.quantisation.dequantise(shape, self.numbers())
    }
}

/// How many bits a value of this type takes in a file.
pub(crate) fn bits(type_: TensorType) -> Option<usize> {
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
pub(crate) fn numbers<'m>(
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
