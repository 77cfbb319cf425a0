//! Activations that are built into other operators.

use tract_tflite::tflite::ActivationFunctionType;

use super::lowering::Lowering;
use super::value::{Lowered, Wire};
use crate::canonical::{Binary, Unary};
use crate::complaint::{Complaint, Remedy};

impl Lowering<'_, '_> {
    /// An activation on real values.
    pub(super) fn activate(
        &mut self,
        x: usize,
        activation: ActivationFunctionType,
    ) -> Lowered<Wire> {
        let c = &mut self.canonical;
        let tensor = match activation {
            ActivationFunctionType::TANH => c.unary(Unary::Tanh, x)?,
            ActivationFunctionType::RELU => c.unary(Unary::Relu, x)?,
            ActivationFunctionType::RELU6 => c.unary(Unary::Relu6, x)?,
            _ => {
                let (low, high) = bounds(activation)?;
                let mut real = x;
                if let Some(low) = low {
                    real = c.with_scalar(Binary::Maximum, real, low)?;
                }
                if let Some(high) = high {
                    real = c.with_scalar(Binary::Minimum, real, high)?;
                }
                real
            }
        };
        Ok(Wire::real(tensor))
    }
}

/// The real bounds of an activation that only clamps.
pub(super) fn bounds(activation: ActivationFunctionType) -> Lowered<(Option<f32>, Option<f32>)> {
    match activation {
        ActivationFunctionType::NONE => Ok((None, None)),
        ActivationFunctionType::RELU => Ok((Some(0.0), None)),
        ActivationFunctionType::RELU6 => Ok((Some(0.0), Some(6.0))),
        ActivationFunctionType::RELU_N1_TO_1 => Ok((Some(-1.0), Some(1.0))),
        other => {
            let name = other.variant_name().unwrap_or("an unknown one");
            Err(Complaint::new(format!("has the activation {name} built in"), Remedy::Export))
        }
    }
}
