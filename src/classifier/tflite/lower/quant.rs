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
use super::{EXPORT, Lowered, Lowering, Step, Value, Wire, no_options};

/// Whole numbers of any size.
pub(super) const ANY: (f32, f32) = (f32::MIN, f32::MAX);

/// Adding and subtracting it rounds a float to a whole number, halves to even.
pub(super) const ROUNDER: f32 = 12_582_912.0;

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
        let Some(Steps { scale, mut least, mut greatest, .. }) = output.steps()? else {
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

    /// The operand at `place`; a constant on a grid as its whole numbers.
    pub(super) fn whole_input(&mut self, step: &Step<'_, 'm>, place: usize) -> Lowered<Wire> {
        let tensor = step.operator.inputs.get(place).copied().flatten();
        let steps = tensor.map_or(Ok(None), |tensor| self.source.tensors[tensor].steps())?;
        match (step.operand(place)?, steps) {
            (Value::Known(array), Some(steps)) if !array.is_integer() => {
                let whole = array.map(|value| (value / steps.scale).round());
                let tensor = self.canonical.constant(&whole)?;
                let whole = Some((steps.least, steps.greatest));
                Ok(Wire { tensor, unit: steps.scale, whole })
            }
            _ => self.input(step, place),
        }
    }

    /// Whole numbers, halves to even.
    pub(super) fn rounded(&mut self, tensor: usize) -> Lowered<usize> {
        let up = self.canonical.with_scalar(Binary::Add, tensor, ROUNDER)?;
        self.canonical.with_scalar(Binary::Sub, up, ROUNDER)
    }

    /// Whole numbers times `multiplier`, rounded to `places` binary places and then to whole numbers,
    /// halves away from zero, as the official runtime does where it does not convolve.
    pub(super) fn rescaled_twice(
        &mut self,
        whole: usize,
        multiplier: f64,
        places: i32,
    ) -> Lowered<usize> {
        let up = 2_f32.powi(places);
        #[allow(clippy::cast_possible_truncation)] // Rounds.
        let factor = (multiplier * f64::from(up)) as f32;
        let fine = self.canonical.with_scalar(Binary::Mul, whole, factor)?;
        let fine = self.rounded(fine)?;
        self.away(fine, 1.0 / up)
    }

    /// Values times a power of two, rounded to whole numbers, halves away from zero.
    pub(super) fn away(&mut self, tensor: usize, power: f32) -> Lowered<usize> {
        // Halves come to lie just beyond the middle; nothing else lies that near to it.
        let beyond = power * (1.0 + 1.0 / 4_194_304.0);
        let values = self.canonical.with_scalar(Binary::Mul, tensor, beyond)?;
        self.rounded(values)
    }

    /// `QUANTIZE` and `DEQUANTIZE`: another grid, or none.
    pub(super) fn requantize(&mut self, step: &Step<'_, 'm>) -> Lowered<Wire> {
        let x = self.input(step, 0)?;
        let Some(steps) = step.steps()? else { return Ok(x) };
        let multiplier = f64::from(x.unit) / f64::from(steps.scale);
        match (x.whole, places(multiplier)) {
            (Some(_), 1..) => {
                let tensor = self.rescaled_twice(x.tensor, multiplier, places(multiplier))?;
                Ok(Wire { tensor, unit: steps.scale, whole: Some(ANY) })
            }
            _ => Ok(x),
        }
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

/// To how many binary places the official runtime rounds a product with `multiplier` before it rounds
/// to whole numbers.
///
/// It multiplies in two steps, each of which rounds (`MultiplyByQuantizedMultiplier`): by a number of 31
/// bits from a half to 1, and by the power of two that is left, `2^-places`.
pub(super) fn places(multiplier: f64) -> i32 {
    let (mut places, mut left) = (0, multiplier);
    while left < 0.5 && places < 31 {
        left *= 2.0;
        places += 1;
    }
    places
}

/// What a product with `multiplier` needs, so that rounding it once is as rounding it first to
/// [`places`] and then half up, as the official runtime's convolutions do.
pub(super) fn nudge(multiplier: f64) -> f32 {
    match places(multiplier) {
        0 => 0.0,
        places => 0.5_f32.powi(places + 1),
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
            Err((format!("has the activation {name} built in"), EXPORT))
        }
    }
}
