//! What a network takes and gives.

use tract_tflite::tflite::{BuiltinOperator as Code, TensorType};

use crate::complaint::{Complaint, Remedy};
use crate::source::{Source, SourceTensor};

/// The greatest width or height of an input, in pixels.
pub const MAX_SIDE: u32 = 2048;

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
    /// The ends of a model whose input was let pass by [`input`].
    pub(crate) fn new(source: &Source<'_>, outputs: usize) -> Result<Self, Complaint> {
        let shape = input(source)?;
        let (first, last) = only(source)?;
        Ok(Self {
            height: shape[1],
            width: shape[2],
            channels: shape[3],
            pixels: pixels(&source.tensors[first])?,
            outputs,
            probabilities: probabilities(source, last),
        })
    }
}

/// The indices of the only input and the only output.
pub(crate) fn only(source: &Source<'_>) -> Result<(usize, usize), Complaint> {
    match (&source.inputs[..], &source.outputs[..]) {
        (&[input], &[output]) => Ok((input, output)),
        (&[_], outputs) => {
            Err(Complaint::new(format!("has {} outputs", outputs.len()), Remedy::Output))
        }
        (inputs, _) => Err(Complaint::new(format!("has {} inputs", inputs.len()), Remedy::Input)),
    }
}

/// The shape of the only input, with a batch of one.
pub(crate) fn input(source: &Source<'_>) -> Result<Vec<usize>, Complaint> {
    let input = &source.tensors[only(source)?.0];
    let unfit = || {
        let problem = format!("has an input of {} {:?}", input.type_name(), input.shape);
        Complaint::new(problem, Remedy::Input)
    };
    let side = |side: i32| u32::try_from(side).ok().filter(|side| (1..=MAX_SIDE).contains(side));
    pixels(input)?;
    // A batch of any size is said as -1, or as 0 by some.
    let (&[-1..=1, height, width, channels @ (1 | 3)], None) = (&input.shape[..], input.data)
    else {
        return Err(unfit());
    };
    match (side(height), side(width)) {
        (Some(height), Some(width)) => {
            Ok(vec![1, height as usize, width as usize, if channels == 1 { 1 } else { 3 }])
        }
        _ => Err(unfit()),
    }
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
        TensorType::FLOAT32 => Ok(Pixels::Real),
        TensorType::UINT8 => Ok(Pixels::Whole { mean: zero, std: 1.0 / scale }),
        TensorType::INT8 => Ok(Pixels::Whole { mean: zero + 128.0, std: 1.0 / scale }),
        _ => Err(Complaint::new(format!("has an input of {}", input.type_name()), Remedy::Input)),
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
