//! Whole numbers on a grid, in floats.
//!
//! An integer model computes with whole numbers `q` that stand for `scale * (q - zero_point)`. Here a
//! wire holds `q - zero_point` itself, as a float, and the scale is its *unit*. So zeros stay zeros,
//! a convolution takes the scales into its weights, and rounding to the grid is rounding to whole
//! numbers: a clamp, then adding and subtracting 1.5 × 2^23, after which a float of 32 bits has no
//! binary places left. The official runtime sums in whole numbers and multiplies once; floats of 24
//! bits differ from it only where a sum lies next to a half.

use tract_tflite::tflite::{ActivationFunctionType, TensorType};

use super::builtin::bounds;
use super::lowering::Lowering;
use super::site::{Site, no_options};
use super::value::{Lowered, Value, Wire};
use crate::canonical::Binary;
use crate::complaint::{Complaint, Remedy};
use crate::grid::Grid;
use crate::source::SourceTensor;

/// Whole numbers of any size.
pub(super) const ANY: (f32, f32) = (f32::MIN, f32::MAX);

impl<'m> Lowering<'_, 'm> {
    /// Rounds and clamps values to the numbers that `output` can hold, unless they are such numbers.
    #[allow(clippy::float_cmp)] // A unit is the very scale, or it is not.
    pub(super) fn snap(
        &mut self,
        wire: Wire,
        output: &SourceTensor<'m>,
        activation: Option<ActivationFunctionType>,
    ) -> Lowered<Wire> {
        let Some(Grid { scale, mut least, mut greatest, .. }) = output.grid()? else {
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
    pub(super) fn whole_input(&mut self, site: &Site<'_, 'm>, place: usize) -> Lowered<Wire> {
        let tensor = site.operator.inputs.get(place).copied().flatten();
        let grid = tensor.map_or(Ok(None), |tensor| self.source.tensors[tensor].grid())?;
        match (site.operand(place)?, grid) {
            (Value::Known(array), Some(grid)) if !array.is_integer() => {
                let whole = array.map(|value| (value / grid.scale).round());
                let tensor = self.canonical.constant(&whole)?;
                let whole = Some((grid.least, grid.greatest));
                Ok(Wire { tensor, unit: grid.scale, whole })
            }
            _ => self.input(site, place),
        }
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
    pub(super) fn requantise(&mut self, site: &Site<'_, 'm>) -> Lowered<Wire> {
        let x = self.input(site, 0)?;
        let Some(grid) = site.grid()? else { return Ok(x) };
        // Whole numbers that are floats to the file are quantised as floats, rounded once.
        let from = site.operator.inputs.first().copied().flatten();
        let from = from.map_or(Ok(None), |from| self.source.tensors[from].grid())?;
        if from.is_none() {
            return Ok(x);
        }
        let multiplier = f64::from(x.unit) / f64::from(grid.scale);
        match (x.whole, places(multiplier)) {
            (Some(_), 1..) => {
                let tensor = self.rescaled_twice(x.tensor, multiplier, places(multiplier))?;
                Ok(Wire { tensor, unit: grid.scale, whole: Some(ANY) })
            }
            _ => Ok(x),
        }
    }

    /// `CAST`: whole numbers become real ones as they are.
    pub(super) fn cast(&mut self, site: &Site<'_, 'm>) -> Lowered<Wire> {
        let wire = self.input(site, 0)?;
        if self.canonical.is_flags(wire.tensor) {
            return self.counted(wire.tensor);
        }
        let from = site.operator.inputs.first().copied().flatten();
        let from = from.map_or(TensorType::FLOAT32, |from| self.source.tensors[from].type_);
        let to = site.outputs[0].type_;
        let float = |type_| [TensorType::FLOAT32, TensorType::FLOAT16].contains(&type_);
        let long = |type_| [TensorType::INT32, TensorType::INT64].contains(&type_);
        let whole = |type_| long(type_) || [TensorType::INT8, TensorType::UINT8].contains(&type_);
        // A cast takes the numbers themselves, whatever they stand for.
        let own = site.operator.inputs[0];
        let own = own.and_then(|from| self.source.tensors[from].quantisation.as_ref());
        if let Some(own) = own
            && wire.whole.is_some()
        {
            #[allow(clippy::cast_precision_loss)] // Below 2^17.
            let zero = own.zero_points[0] as f32;
            let tensor = self.canonical.with_scalar(Binary::Add, wire.tensor, zero)?;
            let whole = wire.whole.map(|(least, greatest)| (least + zero, greatest + zero));
            return Ok(Wire { tensor, unit: 1.0, whole });
        }
        match () {
            () if float(from) && float(to) || whole(from) && float(to) => Ok(wire),
            () if whole(from) && long(to) => Ok(wire),
            () => {
                let from = from.variant_name().unwrap_or("an unknown type");
                let to = site.outputs[0].type_name();
                Err(Complaint::new(format!("turns {from} into {to} while it runs"), Remedy::Export))
            }
        }
    }

    /// `FAKE_QUANT`: rounds real values to one of 2^n between two bounds that are moved so that 0 is
    /// one of them.
    pub(super) fn fake_quant(&mut self, site: &Site<'_, 'm>) -> Lowered<Wire> {
        let options =
            site.operator.table.builtin_options_as_fake_quant_options().ok_or_else(no_options)?;
        let (low, high, bits) = (options.min(), options.max(), options.num_bits());
        if !(low <= 0.0 && high >= 0.0 && low < high && (2..=16).contains(&bits)) {
            return Err(Complaint::new(
                format!("rounds to {bits} bits from {low} to {high}"),
                Remedy::Export,
            ));
        }
        #[allow(clippy::cast_precision_loss)] // At most 2^16.
        let top = ((1_u32 << bits) - 1) as f32;
        let bottom = if options.narrow_range() { 1.0 } else { 0.0 };
        let scale = (high - low) / (top - bottom);
        let zero = (bottom - low / scale).round().clamp(bottom, top);
        let wire = self.input(site, 0)?;
        let mut tensor = self.in_unit(wire, scale)?;
        tensor = self.canonical.with_scalar(Binary::Maximum, tensor, bottom - zero)?;
        tensor = self.canonical.with_scalar(Binary::Minimum, tensor, top - zero)?;
        let tensor = self.rounded(tensor)?;
        Ok(Wire { tensor, unit: scale, whole: None })
    }
}

/// To how many binary places the official runtime rounds a product with `multiplier` before it rounds
/// to whole numbers.
///
/// It multiplies in two stages, each of which rounds (`MultiplyByQuantizedMultiplier`): by a number of 31
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
