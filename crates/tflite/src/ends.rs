//! What a network takes and gives.

use tract_tflite::tflite::{BuiltinOperator as Code, TensorType};

use crate::ask::Ask;
use crate::complaint::{Complaint, Remedy};
use crate::form::{Form, sides};
use crate::name::brief;
use crate::source::{Source, SourceTensor};

/// The forms of a network's input and output.
#[derive(Clone, Debug, PartialEq)]
pub struct Ends {
    /// Of the input, in pixels.
    pub width: usize,
    /// Of the input, in pixels.
    pub height: usize,
    /// 3 for red, green and blue; 1 for grey.
    pub channels: usize,
    /// What its numbers are.
    pub pixels: Pixels,
    /// How many values the output has.
    pub outputs: usize,
    /// Whether they are probabilities for sure, for a softmax or a sigmoid made them.
    pub probabilities: bool,
    /// Whether they are whole numbers that stand for themselves, such as the places that `ARG_MAX`
    /// finds: no scores.
    pub places: bool,
}

/// What an input's numbers are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Pixels {
    /// Floats, normalised in a way that the network does not say.
    Real,
    /// Whole numbers: pixels as they are, or less 128. The value `v` of a pixel stands for
    /// `(v - mean) / std` to the network.
    Whole {
        /// From 0 to 255, mostly.
        mean: f32,
        /// The inverse of the scale.
        std: f32,
    },
}

impl Ends {
    /// The ends of a model with an input of this form, whose `output` has so many values.
    pub(crate) fn new(
        source: &Source<'_>,
        form: &Form,
        (input, output): (usize, usize),
        outputs: usize,
    ) -> Result<Self, Complaint> {
        Ok(Self {
            height: form.height,
            width: form.width,
            channels: form.channels,
            pixels: pixels(&source.tensors[input])?,
            outputs,
            probabilities: probabilities(source, output),
            places: matches!(source.tensors[output].type_, TensorType::INT32 | TensorType::INT64),
        })
    }
}

/// The indices of the only input and of the output that is meant.
pub(crate) fn meant(source: &Source<'_>, ask: &Ask) -> Result<(usize, usize), Complaint> {
    let &[input] = &source.inputs[..] else {
        let problem = format!("has {}", listed(source, &source.inputs, "input"));
        return Err(Complaint::new(problem, Remedy::Input));
    };
    pixels(&source.tensors[input])?;
    let output = match (&source.outputs[..], ask.output) {
        (&[output], None) => Some(output),
        (outputs, Some(place)) => outputs.get(place).copied(),
        _ => None,
    };
    output.map(|output| (input, output)).ok_or_else(|| {
        let problem = format!("has {}", listed(source, &source.outputs, "output"));
        Complaint::new(problem, Remedy::Output)
    })
}

/// How many inputs or outputs there are, and which.
fn listed(source: &Source<'_>, ends: &[usize], what: &str) -> String {
    let several = if ends.len() == 1 { "" } else { "s" };
    let each: Vec<String> = ends
        .iter()
        .enumerate()
        .take(16)
        .map(|(place, end)| {
            let tensor = &source.tensors[*end];
            let (name, type_) = (brief(tensor.name), tensor.type_name());
            format!("{place} is {name} of {type_} {:?}", sides(tensor))
        })
        .collect();
    let each = if each.is_empty() { String::new() } else { format!(" ({})", each.join("; ")) };
    format!("{} {what}{several}{each}", ends.len())
}

/// What the numbers of an input are.
fn pixels(input: &SourceTensor<'_>) -> Result<Pixels, Complaint> {
    let (scale, zero) = match &input.quantisation {
        Some(own) if own.scales.len() == 1 => (own.scales[0], own.zero_points[0]),
        _ => (1.0, 0),
    };
    #[allow(clippy::cast_precision_loss)] // Zero points are below 2^17.
    let zero = zero as f32;
    match input.type_ {
        // Numbers of 16 bits hold no pixels as they are, but normalised values, finely.
        TensorType::FLOAT32 => Ok(Pixels::Real),
        TensorType::INT16 if input.quantisation.is_some() => Ok(Pixels::Real),
        TensorType::UINT8 => Ok(Pixels::Whole { mean: zero, std: 1.0 / scale }),
        TensorType::INT8 => Ok(Pixels::Whole { mean: zero + 128.0, std: 1.0 / scale }),
        _ => {
            let problem = format!("has an input of {} {:?}", input.type_name(), sides(input));
            Err(Complaint::new(problem, Remedy::Input))
        }
    }
}

/// Whether a softmax or a sigmoid made a tensor, and nothing changed its values since.
fn probabilities(source: &Source<'_>, mut tensor: usize) -> bool {
    for operator in source.operators.iter().rev() {
        if !operator.outputs.contains(&tensor) {
            continue;
        }
        match operator.code {
            Code::SOFTMAX | Code::LOGISTIC => return true,
            Code::QUANTIZE | Code::DEQUANTIZE | Code::RESHAPE | Code::SQUEEZE => {
                match operator.inputs.first() {
                    Some(Some(input)) => tensor = *input,
                    _ => return false,
                }
            }
            _ => return false,
        }
    }
    false
}
