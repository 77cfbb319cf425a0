//! Whole numbers on a grid, in floats.
//!
//! An integer model computes with whole numbers `q` that stand for `scale * (q - zero_point)`. Here a
//! wire holds `q - zero_point` itself, as a float, and the scale is its *unit*. So zeros stay zeros,
//! a convolution takes the scales into its weights, and rounding to the grid is rounding to whole
//! numbers: a clamp, then adding and subtracting 1.5 × 2^23, after which a float of 32 bits has no
//! binary places left. The official runtime sums in whole numbers and multiplies once; floats of 24
//! bits differ from it only where a sum lies next to a half.

use tract_tflite::tflite::{ActivationFunctionType, TensorType};

use super::super::canonical::Binary;
use super::super::grid::Steps;
use super::super::source::SourceTensor;
use super::{EXPORT, Lowered, Lowering, Step, Wire, no_options};

/// Adding and subtracting it rounds a float to a whole number, halves to even.
const ROUNDER: f32 = 12_582_912.0;

impl<'m> Lowering<'_, 'm> {
    /// Real values.
    pub(super) fn real(&mut self, wire: Wire) -> Lowered<usize> {
        self.in_unit(wire, 1.0)
    }

    /// The values in multiples of `unit`.
    #[allow(clippy::float_cmp)] // Equal units need no scaling; all others do.
    pub(super) fn in_unit(&mut self, wire: Wire, unit: f32) -> Lowered<usize> {
        if wire.unit == unit {
            return Ok(wire.tensor);
        }
        self.canonical.with_scalar(Binary::Mul, wire.tensor, ratio(wire.unit, unit))
    }

    /// Rounds and clamps values to the numbers that `output` can hold, unless they are such numbers.
    #[allow(clippy::float_cmp)] // A unit is the very scale, or it is not.
    pub(super) fn snap(
        &mut self,
        wire: Wire,
        output: &SourceTensor<'m>,
        activation: Option<ActivationFunctionType>,
    ) -> Lowered<Wire> {
        let Some(Steps { scale, mut least, mut greatest }) = output.steps()? else {
            return match activation {
                Some(activation) => self.activate(wire, activation),
                None => Ok(wire),
            };
        };
        if let Some((low, high)) = activation.map(bounds).transpose()? {
            least = least.max(low.map_or(least, |low| (low / scale).round()));
            greatest = greatest.min(high.map_or(greatest, |high| (high / scale).round()));
        }
        if let Some((low, high)) = wire.whole
            && wire.unit == scale
            && least <= low
            && high <= greatest
        {
            return Ok(wire);
        }
        let mut tensor = self.in_unit(wire, scale)?;
        tensor = self.canonical.with_scalar(Binary::Maximum, tensor, least)?;
        tensor = self.canonical.with_scalar(Binary::Minimum, tensor, greatest)?;
        if wire.whole.is_none() || wire.unit != scale {
            tensor = self.rounded(tensor)?;
        }
        Ok(Wire { tensor, unit: scale, whole: Some((least, greatest)) })
    }

    /// Whole numbers, halves to even.
    pub(super) fn rounded(&mut self, tensor: usize) -> Lowered<usize> {
        let up = self.canonical.with_scalar(Binary::Add, tensor, ROUNDER)?;
        self.canonical.with_scalar(Binary::Sub, up, ROUNDER)
    }

    /// `QUANTIZE` and `DEQUANTIZE`: another grid, or none.
    pub(super) fn requantize(&mut self, step: &Step<'_, 'm>) -> Lowered<Wire> {
        self.input(step, 0)
    }

    /// `CAST`: whole numbers become real ones as they are.
    pub(super) fn cast(&mut self, step: &Step<'_, 'm>) -> Lowered<Wire> {
        let wire = self.input(step, 0)?;
        if self.canonical.is_flags(wire.tensor) {
            return self.counted(wire.tensor);
        }
        let from = step.operator.inputs.first().copied().flatten();
        let from = from.map_or(TensorType::FLOAT32, |from| self.source.tensors[from].type_);
        let to = step.outputs[0].type_;
        let float = |type_| [TensorType::FLOAT32, TensorType::FLOAT16].contains(&type_);
        let whole =
            |type_| [TensorType::INT8, TensorType::UINT8, TensorType::INT32].contains(&type_);
        // A cast takes the numbers themselves, whatever they stand for.
        let grid = step.operator.inputs[0].and_then(|from| self.source.tensors[from].grid.as_ref());
        if let Some(grid) = grid
            && wire.whole.is_some()
        {
            #[allow(clippy::cast_precision_loss)] // Below 2^17.
            let zero = grid.zero_points[0] as f32;
            let tensor = self.canonical.with_scalar(Binary::Add, wire.tensor, zero)?;
            let whole = wire.whole.map(|(least, greatest)| (least + zero, greatest + zero));
            return Ok(Wire { tensor, unit: 1.0, whole });
        }
        match () {
            () if float(from) && float(to) || whole(from) && float(to) => Ok(wire),
            () if whole(from) && to == TensorType::INT32 => Ok(wire),
            () => {
                let from = from.variant_name().unwrap_or("an unknown type");
                let to = step.outputs[0].type_name();
                Err((format!("turns {from} into {to} while it runs"), EXPORT))
            }
        }
    }

    /// `FAKE_QUANT`: rounds real values to one of 2^n between two bounds that are moved so that 0 is
    /// one of them.
    pub(super) fn fake_quant(&mut self, step: &Step<'_, 'm>) -> Lowered<Wire> {
        let options =
            step.operator.table.builtin_options_as_fake_quant_options().ok_or_else(no_options)?;
        let (low, high, bits) = (options.min(), options.max(), options.num_bits());
        if !(low <= 0.0 && high >= 0.0 && low < high && (2..=16).contains(&bits)) {
            return Err((format!("rounds to {bits} bits from {low} to {high}"), EXPORT));
        }
        #[allow(clippy::cast_precision_loss)] // At most 2^16.
        let top = ((1_u32 << bits) - 1) as f32;
        let bottom = if options.narrow_range() { 1.0 } else { 0.0 };
        let scale = (high - low) / (top - bottom);
        let zero = (bottom - low / scale).round().clamp(bottom, top);
        let wire = self.input(step, 0)?;
        let mut tensor = self.in_unit(wire, scale)?;
        tensor = self.canonical.with_scalar(Binary::Maximum, tensor, bottom - zero)?;
        tensor = self.canonical.with_scalar(Binary::Minimum, tensor, top - zero)?;
        let tensor = self.rounded(tensor)?;
        Ok(Wire { tensor, unit: scale, whole: None })
    }
}

/// `a / b`, rounded once.
pub(super) fn ratio(a: f32, b: f32) -> f32 {
    #[allow(clippy::cast_possible_truncation)] // Rounds.
    let ratio = (f64::from(a) / f64::from(b)) as f32;
    ratio
}

/// What the official runtime's rounding adds before it rounds half up.
///
/// It multiplies a sum by `multiplier` in two steps, each of which rounds: by a number of 31 bits from
/// a half to 1, and by the power of two `2^-k` that is left (`MultiplyByQuantizedMultiplier`). Rounding
/// to `k` binary places first and then half up is the same as adding `2^-(k + 1)` and rounding half up
/// once.
pub(super) fn nudge(multiplier: f64) -> f32 {
    // The k for which multiplier * 2^k is from a half to 1.
    let mut places = 0;
    let mut left = multiplier;
    while left < 0.5 && places < 31 {
        left *= 2.0;
        places += 1;
    }
    if places == 0 { 0.0 } else { 0.5_f32.powi(places + 1) }
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
            Err((format!("has the activation {name} built in"), EXPORT))
        }
    }
}
