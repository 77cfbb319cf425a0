//! The weights and biases of layers: whole numbers as they lie in the file, or real values.

use std::rc::Rc;

use tract_tflite::tflite::{ActivationFunctionType, TensorType};

use super::lowering::Lowering;
use super::site::Site;
use super::value::{Lowered, Value};
use crate::array::{Array, Data};
use crate::canonical::Weights;
use crate::complaint::{Complaint, Remedy};
use crate::kernels::whole::{Activation, Grid};
use crate::quantisation::Quantisation;
use crate::stored::Stored;

/// The weights and biases of a layer in whole numbers.
pub(super) struct WholeLayer {
    /// On which its operand's numbers lie.
    pub(super) input: Grid,
    /// On which its result's numbers lie.
    pub(super) output: Grid,
    pub(super) weights: Weights,
    /// One for each result.
    pub(super) bias: Vec<i32>,
}

impl<'m> Lowering<'_, 'm> {
    /// The layer of a site in whole numbers, if operand `x`, result and weights are such. There are
    /// `out` results; the weights are operand 1, of this shape, their scales along `axis`; the biases are
    /// operand `bias`.
    pub(super) fn whole_layer(
        &self,
        site: &Site<'_, 'm>,
        x: Option<Grid>,
        shape: [usize; 4],
        axis: usize,
        [out, bias]: [usize; 2],
    ) -> Lowered<Option<WholeLayer>> {
        let (Some(input), Some(output)) = (x, site.grid()?) else { return Ok(None) };
        let Value::Known(kernel) = site.operand(1)? else { return Ok(None) };
        let tensor = site.operator.inputs.get(1).copied().flatten();
        let Some(tensor) = tensor.map(|tensor| &self.source.tensors[tensor]) else {
            return Ok(None);
        };
        let Some(own) = &tensor.quantisation else { return Ok(None) };
        // The runtime knows no layers of numbers of both kinds.
        let unsigned = tensor.type_ == TensorType::UINT8;
        if input.signed != output.signed || input.signed == unsigned {
            return Ok(None);
        }
        let fits = own.scales.len() == 1 || own.scales.len() == out && own.axis == axis;
        let zero = own.zero_points.first().copied().unwrap_or(0);
        if !fits || own.zero_points.iter().any(|other| *other != zero) {
            return Ok(None);
        }
        let down = if unsigned { 128 } else { 0 };
        let zero = i32::try_from(zero - down).unwrap_or(i32::MAX);
        let (true, Some(numbers)) =
            ((-128..=127).contains(&zero), numbers(kernel, own, axis, down))
        else {
            return Ok(None);
        };
        let scale = |result: usize| *own.scales.get(result).unwrap_or(&own.scales[0]);
        let bias = biases(site, bias, out)?;
        let bias = match &bias.data {
            // The runtime takes them as they are, whatever their scale.
            Data::Stored(stored) if stored.bytes_of(TensorType::INT32).is_some() => {
                stored.numbers().map(whole).collect()
            }
            _ => {
                let real = bias.to_floats();
                let step = |result| f64::from(input.scale) * f64::from(scale(result));
                let steps = real.iter().enumerate();
                #[allow(clippy::cast_possible_truncation)] // Saturates.
                let steps =
                    steps.map(|(result, real)| (f64::from(*real) / step(result)).round() as i64);
                steps.map(whole).collect()
            }
        };
        let weights = Weights { shape, numbers, zero, scales: own.scales.clone() };
        Ok(Some(WholeLayer { input, output, weights, bias }))
    }

    /// The weights and biases of a site with `out` results as real values.
    pub(super) fn real_layer(
        site: &Site<'_, 'm>,
        kernel: &Rc<Array<'m>>,
        [out, bias]: [usize; 2],
    ) -> Lowered<(Array<'m>, Array<'m>)> {
        if out == 0 || kernel.len() == 0 {
            return Err(Complaint::new(
                format!("has a kernel of {:?}", kernel.shape),
                Remedy::Export,
            ));
        }
        let bias = biases(site, bias, out)?;
        if kernel.is_integer() {
            return Err(unscaled());
        }
        Ok((Array::clone(kernel), bias))
    }
}

/// The biases of a site with `out` results; zeros if it has none.
fn biases<'m>(site: &Site<'_, 'm>, place: usize, out: usize) -> Lowered<Array<'m>> {
    let bias = match site.optional(place) {
        None => Array::floats(vec![out], vec![0.0; out]),
        Some(Value::Known(bias)) if bias.len() == out => bias.reshaped(vec![out]),
        Some(Value::Known(bias)) => {
            return Err(Complaint::new(
                format!("has {} biases for {out} results", bias.len()),
                Remedy::Export,
            ));
        }
        Some(Value::Wire(_)) => {
            return Err(Complaint::new("has a bias that depends on the input", Remedy::Fixed));
        }
    };
    if bias.is_integer() && bias.to_floats().iter().any(|bias| *bias != 0.0) {
        return Err(unscaled());
    }
    Ok(bias)
}

/// The whole numbers of a kernel, less `down`.
fn numbers(kernel: &Array<'_>, own: &Quantisation, axis: usize, down: i64) -> Option<Vec<i8>> {
    let near = |number: i64| i8::try_from((number - down).clamp(-128, 127)).unwrap_or(0);
    match &kernel.data {
        Data::Stored(stored) => Some(match bytes(stored) {
            Some((bytes, flip)) => bytes.iter().map(|byte| (byte ^ flip).cast_signed()).collect(),
            None if stored.bytes_of(TensorType::INT4).is_some() => {
                stored.numbers().map(near).collect()
            }
            None => return None,
        }),
        Data::Integers(_) => None,
        // They were moved about before there was an input.
        _ => {
            let inner: usize = kernel.shape.get(axis + 1..)?.iter().product();
            let channels = own.scales.len();
            let values = kernel.to_floats();
            let number = |(place, value): (usize, &f32)| {
                let channel = place.checked_div(inner).unwrap_or(0) % channels;
                let steps = (value / own.scales[channel]).round();
                #[allow(clippy::cast_possible_truncation)] // Saturates.
                near((steps as i64).saturating_add(own.zero_points[channel]))
            };
            Some(values.iter().enumerate().map(number).collect())
        }
    }
}

/// The bytes of whole numbers of 8 bits, and which bits to turn so that they are signed.
fn bytes<'s>(stored: &'s Stored<'_>) -> Option<(&'s [u8], u8)> {
    let signed = stored.bytes_of(TensorType::INT8).map(|bytes| (bytes, 0));
    signed.or_else(|| stored.bytes_of(TensorType::UINT8).map(|bytes| (bytes, 128)))
}

/// A number of 32 bits.
fn whole(number: i64) -> i32 {
    i32::try_from(number).unwrap_or(if number < 0 { i32::MIN } else { i32::MAX })
}

fn unscaled() -> Complaint {
    Complaint::new("has whole numbers without a scale as weights", Remedy::Export)
}

/// The activation that is built into an operator on whole numbers.
pub(super) fn whole_activation(activation: ActivationFunctionType) -> Lowered<Activation> {
    match activation {
        ActivationFunctionType::NONE => Ok(Activation::None),
        ActivationFunctionType::RELU => Ok(Activation::Relu),
        ActivationFunctionType::RELU6 => Ok(Activation::Relu6),
        ActivationFunctionType::RELU_N1_TO_1 => Ok(Activation::ReluN1To1),
        other => {
            let name = other.variant_name().unwrap_or("an unknown one");
            Err(Complaint::new(format!("has the activation {name} built in"), Remedy::Export))
        }
    }
}
