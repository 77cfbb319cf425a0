//! The whole numbers that a tensor between operators can hold.

use tract_tflite::tflite::TensorType;

use crate::complaint::{Complaint, Remedy};
use crate::kernels::whole::Grid;
use crate::source::SourceTensor;

/// What the numbers of a tensor are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Numbers {
    /// Real values; or whole numbers that stand for themselves, such as places.
    Real,
    /// Whole numbers of 8 bits.
    Whole(Grid),
    /// Whole numbers of 16 bits.
    Long(Steps),
}

/// Real values that are multiples of a step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Steps {
    /// What one step is; finite and above 0.
    pub(crate) scale: f32,
    /// The least number of steps.
    pub(crate) least: f32,
    /// The greatest number of steps.
    pub(crate) greatest: f32,
}

impl SourceTensor<'_> {
    /// What its numbers are, if it is a tensor between operators.
    pub(crate) fn numbers(&self) -> Result<Numbers, Complaint> {
        let (bits, signed) = match self.type_ {
            TensorType::INT8 => (8, true),
            TensorType::UINT8 => (8, false),
            TensorType::INT16 => (16, true),
            TensorType::UINT16 => (16, false),
            _ => return Ok(Numbers::Real),
        };
        let (scale, zero) = match &self.quantisation {
            None => (1.0, 0),
            Some(own) if own.scales.len() == 1 => (own.scales[0], own.zero_points[0]),
            Some(_) => {
                let problem = "has a scale for each channel where one for all belongs".to_owned();
                return Err(Complaint::new(problem, Remedy::Damaged));
            }
        };
        let half = if signed { 1_i64 << (bits - 1) } else { 0 };
        if bits == 8 {
            let zero = i32::try_from(zero + half).unwrap_or(-1);
            let grid = Grid { scale, zero, signed };
            if !grid.is_sound() {
                let problem = "has a zero point that is no number of its tensor";
                return Err(Complaint::new(problem, Remedy::Damaged));
            }
            return Ok(Numbers::Whole(grid));
        }
        #[allow(clippy::cast_precision_loss)] // All are below 2^18.
        let [least, greatest] =
            [-half - zero, (1 << bits) - 1 - half - zero].map(|number| number as f32);
        Ok(Numbers::Long(Steps { scale, least, greatest }))
    }

    /// The grid of its numbers, if they are whole and have 8 bits.
    pub(crate) fn grid(&self) -> Result<Option<Grid>, Complaint> {
        Ok(match self.numbers()? {
            Numbers::Whole(grid) => Some(grid),
            _ => None,
        })
    }
}

impl Grid {
    /// Whether numbers on `other` stand for the same values, as far as the official runtime minds.
    pub(crate) fn is_near(self, other: Self) -> bool {
        self.zero == other.zero
            && self.signed == other.signed
            && (self.scale - other.scale).abs() <= 1e-6
    }
}
