//! Activations that are built into other operators.

use tract_tflite::tflite::ActivationFunctionType;

use super::lowering::Lowering;
use super::value::{Lowered, Wire};
use crate::canonical::{Binary, Unary};
use crate::complaint::{Complaint, Remedy};

impl Lowering<'_, '_> {
    /// An activation on values that are on no grid afterwards.
    pub(super) fn activate(
        &mut self,
        wire: Wire,
        activation: ActivationFunctionType,
    ) -> Lowered<Wire> {
        if activation == ActivationFunctionType::TANH {
            let real = self.real(wire)?;
            return Ok(Wire::real(self.canonical.unary(Unary::Tanh, real)?));
        }
        let tensor = match bounds(activation)? {
            (None, None) => return Ok(wire),
            (Some(0.0), None) => {
                let tensor = self.canonical.unary(Unary::Relu, wire.tensor)?;
                return Ok(Wire { tensor, unit: wire.unit, whole: None });
            }
            (low, high) => {
                let mut real = self.real(wire)?;
                if activation == ActivationFunctionType::RELU6 {
                    return Ok(Wire::real(self.canonical.unary(Unary::Relu6, real)?));
                }
                if let Some(low) = low {
                    real = self.canonical.with_scalar(Binary::Maximum, real, low)?;
                }
                if let Some(high) = high {
                    real = self.canonical.with_scalar(Binary::Minimum, real, high)?;
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
