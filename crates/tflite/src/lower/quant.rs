//! Between real values and whole numbers.

use tract_tflite::tflite::TensorType;

use super::lowering::Lowering;
use super::site::{Site, no_options};
use super::value::{Lowered, Wire};
use crate::canonical::Binary;
use crate::complaint::{Complaint, Remedy};
use crate::kernels::whole::Grid;

/// Adding and subtracting it rounds a float to a whole number, halves to even.
const ROUNDER: f32 = 12_582_912.0;

impl<'m> Lowering<'_, 'm> {
    /// `QUANTIZE` and `DEQUANTIZE`: another grid, or none.
    pub(super) fn requantise(&mut self, site: &Site<'_, 'm>) -> Lowered<Wire> {
        let x = self.input(site, 0)?;
        match (x.grid, site.grid()?) {
            (Some(from), Some(to)) => {
                Ok(Wire::whole(self.canonical.requantise((x.tensor, from), to)?, to))
            }
            (Some(_), None) => Ok(Wire::real(self.real(x)?)),
            (None, _) => Ok(x),
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
        // A cast takes the numbers themselves, whatever they stand for.
        if let Some(grid) = wire.grid
            && (float(to) || long(to))
        {
            let own = Grid { scale: 1.0, zero: grid.moved(), ..grid };
            return Ok(Wire::real(self.canonical.dequantise(wire.tensor, own)?));
        }
        match () {
            () if (float(from) || long(from)) && float(to) || long(from) && long(to) => Ok(wire),
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
        let real = self.real_input(site, 0)?;
        #[allow(clippy::cast_possible_truncation)] // Rounds.
        let steps = (1.0 / f64::from(scale)) as f32;
        let c = &mut self.canonical;
        let mut tensor = c.with_scalar(Binary::Mul, real, steps)?;
        tensor = c.with_scalar(Binary::Maximum, tensor, bottom - zero)?;
        tensor = c.with_scalar(Binary::Minimum, tensor, top - zero)?;
        let tensor = self.rounded(tensor)?;
        Ok(Wire::real(self.canonical.with_scalar(Binary::Mul, tensor, scale)?))
    }

    /// Whole numbers, halves to even.
    pub(super) fn rounded(&mut self, tensor: usize) -> Lowered<usize> {
        let up = self.canonical.with_scalar(Binary::Add, tensor, ROUNDER)?;
        self.canonical.with_scalar(Binary::Sub, up, ROUNDER)
    }
}
