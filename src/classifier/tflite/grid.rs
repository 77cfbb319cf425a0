//! How whole numbers stand for real ones: `real = scale * (number - zero_point)`.
//!
//! Source: the TensorFlow Lite 8-bit quantization specification.

use std::rc::Rc;

use tract_tflite::tflite::{Tensor, TensorType};

use super::super::ModelError;
use super::Complaint;
use super::array::{Array, Data};
use super::source::{SourceTensor, brief};

/// Advice for numbers that make no sense.
const DAMAGED: &str = "the file is damaged or was written by another tool: export it again";

/// The scale and zero point of a tensor, or of each slice along an axis.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Grid {
    /// Each finite and greater than 0; at least one.
    pub(super) scales: Vec<f32>,
    /// As many as scales.
    pub(super) zero_points: Vec<i64>,
    /// Along which there is one scale for each index, if there is more than one.
    pub(super) axis: usize,
}

/// The numbers that a tensor between operators can hold, counted from its zero point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Steps {
    /// What one step is worth.
    pub(super) scale: f32,
    /// The least number, less the zero point.
    pub(super) least: f32,
    /// The greatest number, less the zero point.
    pub(super) greatest: f32,
    /// The number that stands for 0.
    pub(super) zero: f32,
}

/// The grid that the file gives a tensor, if it has one.
pub(super) fn read(tensor: &Tensor<'_>) -> Result<Option<Grid>, ModelError> {
    let Some(quantization) = tensor.quantization() else { return Ok(None) };
    let Some(scales) = quantization.scale().filter(|scales| !scales.is_empty()) else {
        return Ok(None);
    };
    let wrong = |problem: &str| ModelError::Graph {
        problem: format!(
            "has a tensor whose {problem}, {}",
            brief(tensor.name().unwrap_or_default())
        ),
        remedy: DAMAGED,
    };
    let scales: Vec<f32> = scales.iter().collect();
    if !scales.iter().all(|scale| scale.is_finite() && *scale > 0.0) {
        return Err(wrong("scale is not a number above 0"));
    }
    let zero_points: Vec<i64> = match quantization.zero_point() {
        Some(points) if points.len() == scales.len() => points.iter().collect(),
        Some(points) if points.len() == 1 => vec![points.get(0); scales.len()],
        Some(points) if !points.is_empty() => {
            return Err(wrong("zero points are not as many as its scales"));
        }
        _ => vec![0; scales.len()],
    };
    if zero_points.iter().any(|point| !(-(1 << 16)..=1 << 16).contains(point)) {
        return Err(wrong("zero point is out of range"));
    }
    let axis = usize::try_from(quantization.quantized_dimension());
    let axis = axis.map_err(|_| wrong("quantized axis is not there"))?;
    Ok(Some(Grid { scales, zero_points, axis }))
}

/// The least and greatest number of a type, if it is one that activations have.
fn range(type_: TensorType) -> Option<(i64, i64)> {
    match type_ {
        TensorType::INT8 => Some((-128, 127)),
        TensorType::UINT8 => Some((0, 255)),
        TensorType::INT16 => Some((-32_768, 32_767)),
        TensorType::UINT16 => Some((0, 65_535)),
        _ => None,
    }
}

impl SourceTensor<'_> {
    /// The numbers that it can hold; `None` if it holds real ones.
    #[allow(clippy::cast_precision_loss)] // All are below 2^18.
    pub(super) fn steps(&self) -> Result<Option<Steps>, Complaint> {
        let Some((least, greatest)) = range(self.type_) else { return Ok(None) };
        let (scale, zero) = match &self.grid {
            None => (1.0, 0),
            Some(grid) if grid.scales.len() == 1 => (grid.scales[0], grid.zero_points[0]),
            Some(_) => {
                let problem = "has a scale for each channel where one for all belongs".to_owned();
                return Err((problem, DAMAGED));
            }
        };
        let (least, greatest) = ((least - zero) as f32, (greatest - zero) as f32);
        Ok(Some(Steps { scale, least, greatest, zero: zero as f32 }))
    }
}

impl<'m> SourceTensor<'m> {
    /// Its real values, if it is a constant.
    pub(super) fn constant(&self) -> Result<Option<Array<'m>>, Complaint> {
        let Some(bytes) = self.data else { return Ok(None) };
        let damaged = |problem: String| (problem, DAMAGED);
        if let Some(problem) = self.problem {
            return Err((format!("has an operand that {problem}"), DENSE));
        }
        let shape = self
            .shape
            .iter()
            .map(|side| usize::try_from(*side).ok().filter(|side| *side < 1 << 31))
            .collect::<Option<Vec<usize>>>()
            .ok_or_else(|| damaged(format!("has a constant of shape {:?}", self.shape)))?;
        let count = shape.iter().try_fold(1_usize, |all, side| all.checked_mul(*side));
        let bits = bits(self.type_).ok_or_else(|| {
            (format!("has a constant of type {}", self.type_name()), "export it in float32")
        })?;
        let needed = count.and_then(|count| count.checked_mul(bits)).map(|bits| bits.div_ceil(8));
        let (Some(count), Some(needed)) = (count, needed) else {
            return Err(damaged(format!("has a constant of shape {shape:?}")));
        };
        if needed != bytes.len() {
            let has = bytes.len();
            return Err(damaged(format!("has {has} bytes for a constant of {shape:?}")));
        }
        let data = match (self.type_, &self.grid) {
            (TensorType::FLOAT32, _) => Data::Bytes(bytes),
            (TensorType::FLOAT16, _) => {
                let (pairs, _) = bytes.as_chunks::<2>();
                Data::Floats(pairs.iter().map(|b| half(u16::from_le_bytes(*b))).collect())
            }
            (_, Some(grid)) => {
                Data::Floats(grid.to_real(&shape, numbers(self.type_, bytes, count))?)
            }
            (_, None) => Data::Integers(numbers(self.type_, bytes, count).collect()),
        };
        Ok(Some(Array { shape, data }))
    }
}

/// Advice for weights that are stored in another way.
const DENSE: &str = "export the model without sparsity or variables";

impl Grid {
    /// What whole numbers stand for, in a tensor of this shape.
    fn to_real(
        &self,
        shape: &[usize],
        numbers: impl Iterator<Item = i64>,
    ) -> Result<Rc<[f32]>, Complaint> {
        let channels = self.scales.len();
        let inner: usize = match channels {
            1 => usize::MAX,
            _ if shape.get(self.axis) == Some(&channels) => shape[self.axis + 1..].iter().product(),
            _ => {
                return Err((
                    format!("has {channels} scales for a constant of {shape:?}"),
                    DAMAGED,
                ));
            }
        };
        let (mut channel, mut left) = (0, inner);
        let real = numbers.map(|number| {
            if left == 0 {
                (channel, left) = ((channel + 1) % channels, inner);
            }
            left -= 1;
            let steps = number.saturating_sub(self.zero_points[channel]);
            #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation)]
            // Exact for 8 and 16 bits; biases of 32 bits are rounded once.
            let real = (steps as f64 * f64::from(self.scales[channel])) as f32;
            real
        });
        Ok(real.collect())
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

/// A 16-bit float (IEEE 754 binary16) as one of 32 bits, which holds it exactly.
fn half(bits: u16) -> f32 {
    let sign = u32::from(bits & 0x8000) << 16;
    let exponent = u32::from(bits >> 10 & 0x1F);
    let fraction = u32::from(bits & 0x3FF);
    let magnitude = match exponent {
        // Below the least normal number: multiples of 2^-24.
        #[allow(clippy::cast_precision_loss)] // At most 1023.
        0 => fraction as f32 / 16_777_216.0,
        31 => f32::from_bits(0x7F80_0000 | fraction << 13),
        _ => f32::from_bits((exponent + 112) << 23 | fraction << 13),
    };
    f32::from_bits(magnitude.to_bits() | sign)
}
