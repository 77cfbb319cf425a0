//! How a file says that whole numbers stand for real ones: `real = scale * (number - zero_point)`.
//!
//! Source: the TensorFlow Lite 8-bit quantization specification.

use std::rc::Rc;

use tract_tflite::tflite::Tensor;

use crate::complaint::{Complaint, Remedy};
use crate::error::Error;
use crate::name;

/// The scale and zero point of a tensor, or of each slice along an axis.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Quantisation {
    /// Each finite and greater than 0; at least one.
    pub(crate) scales: Vec<f32>,
    /// As many as scales.
    pub(crate) zero_points: Vec<i64>,
    /// Along which there is one scale for each index, if there is more than one.
    pub(crate) axis: usize,
}

impl Quantisation {
    /// How a file says that a tensor's numbers stand for real ones, if it does.
    pub(crate) fn read(tensor: &Tensor<'_>) -> Result<Option<Self>, Error> {
        let Some(quantization) = tensor.quantization() else { return Ok(None) };
        let Some(scales) = quantization.scale().filter(|scales| !scales.is_empty()) else {
            return Ok(None);
        };
        let wrong = |problem: &str| {
            let name = name::brief(tensor.name().unwrap_or_default());
            Complaint::new(format!("has a tensor whose {problem}, {name}"), Remedy::Damaged)
        };
        let scales: Vec<f32> = scales.iter().collect();
        if !scales.iter().all(|scale| scale.is_finite() && *scale > 0.0) {
            return Err(wrong("scale is not a number above 0").into());
        }
        let zero_points: Vec<i64> = match quantization.zero_point() {
            Some(points) if points.len() == scales.len() => points.iter().collect(),
            Some(points) if points.len() == 1 => vec![points.get(0); scales.len()],
            Some(points) if !points.is_empty() => {
                return Err(wrong("zero points are not as many as its scales").into());
            }
            _ => vec![0; scales.len()],
        };
        if zero_points.iter().any(|point| !(-(1 << 16)..=1 << 16).contains(point)) {
            return Err(wrong("zero point is out of range").into());
        }
        let axis = usize::try_from(quantization.quantized_dimension());
        let axis = axis.map_err(|_| wrong("quantized axis is not there"))?;
        Ok(Some(Self { scales, zero_points, axis }))
    }

    /// Makes sure that there is a scale for each channel of a constant of this shape.
    pub(crate) fn fits(&self, shape: &[usize]) -> Result<(), Complaint> {
        let channels = self.scales.len();
        if channels == 1 || shape.get(self.axis) == Some(&channels) {
            return Ok(());
        }
        let problem = format!("has {channels} scales for a constant of {shape:?}");
        Err(Complaint::new(problem, Remedy::Damaged))
    }

    /// What whole numbers stand for, in a tensor of this shape, which must fit.
    pub(crate) fn dequantise(
        &self,
        shape: &[usize],
        numbers: impl Iterator<Item = i64>,
    ) -> Rc<[f32]> {
        let channels = self.scales.len();
        let inner = match channels {
            1 => usize::MAX,
            _ => shape.get(self.axis + 1..).map_or(1, |inner| inner.iter().product()),
        };
        let (mut channel, mut left) = (0, inner);
        let real = numbers.map(|number| {
            if left == 0 {
                (channel, left) = ((channel + 1) % channels, inner);
            }
            left = left.saturating_sub(1);
            let number = number.saturating_sub(self.zero_points[channel]);
            #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation)]
            // Exact for 8 and 16 bits; biases of 32 bits are rounded once.
            let real = (number as f64 * f64::from(self.scales[channel])) as f32;
            real
        });
        real.collect()
    }
}
