//! The whole numbers that a tensor between operators can hold.

use tract_tflite::tflite::TensorType;

use crate::complaint::{Complaint, Remedy};
use crate::source::SourceTensor;

/// The numbers that a tensor between operators can hold, counted from its zero point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Grid {
    /// What the number 1 stands for.
    pub(crate) scale: f32,
    /// The least number, less the zero point.
    pub(crate) least: f32,
    /// The greatest number, less the zero point.
    pub(crate) greatest: f32,
    /// The number that stands for 0.
    pub(crate) zero: f32,
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
    pub(crate) fn grid(&self) -> Result<Option<Grid>, Complaint> {
        let Some((least, greatest)) = range(self.type_) else { return Ok(None) };
        let (scale, zero) = match &self.quantisation {
            None => (1.0, 0),
            Some(own) if own.scales.len() == 1 => (own.scales[0], own.zero_points[0]),
            Some(_) => {
                let problem = "has a scale for each channel where one for all belongs".to_owned();
                return Err(Complaint::new(problem, Remedy::Damaged));
            }
        };
        let (least, greatest) = ((least - zero) as f32, (greatest - zero) as f32);
        Ok(Some(Grid { scale, least, greatest, zero: zero as f32 }))
    }
}
