//! Arithmetic, value by value.

use tract_tflite::tflite::ActivationFunctionType;

use super::lowering::Lowering;
use super::quant::{ANY, places};
use super::requant::fit_sum;
use super::site::{Site, no_options};
use super::unit::ratio;
use super::value::{Lowered, Value, Wire};
use crate::canonical::{Binary, Content, Unary};
use crate::complaint::{Complaint, Remedy};

impl<'m> Lowering<'_, 'm> {
    /// `ADD` or `SUB`: in the result's unit, so that rounding follows at once.
    pub(super) fn sum(&mut self, site: &Site<'_, 'm>, op: Binary) -> Lowered<Wire> {
        let table = &site.operator.table;
        let activation = match op {
            Binary::Add => {
                table.builtin_options_as_add_options().map(|o| o.fused_activation_function())
            }
            _ => table.builtin_options_as_sub_options().map(|o| o.fused_activation_function()),
        };
        let unit = site.unit()?;
        let (a, b) = (self.whole_input(site, 0)?, self.whole_input(site, 1)?);
        let whole = site.grid()?.is_some() && a.whole.is_some() && b.whole.is_some();
        let wires = [a, b];
        let (a, b) = (self.in_unit(a, unit)?, self.in_unit(b, unit)?);
        let tensor = self.canonical.binary(op, a, b)?;
        let mut wire = Wire { tensor, unit, whole: None };
        if whole {
            let sign = if op == Binary::Sub { -1.0 } else { 1.0 };
            let exact = [wires[0].unit, wires[1].unit].map(|own| f64::from(own) / f64::from(unit));
            let factors = [ratio(wires[0].unit, unit), sign * ratio(wires[1].unit, unit)];
            let (a, b) = (self.numbers_of(wires[0]), self.numbers_of(wires[1]));
            let addend = fit_sum(&a, &b, factors, [exact[0], f64::from(sign) * exact[1]]);
            let moved = match addend {
                0.0 => tensor,
                addend => self.canonical.with_scalar(Binary::Add, tensor, addend)?,
            };
            wire = Wire { tensor: self.rounded(moved)?, whole: Some(ANY), ..wire };
        }
        let activation = activation.unwrap_or(ActivationFunctionType::NONE);
        self.snap(wire, site.outputs[0], Some(activation))
    }

    /// All whole numbers that a wire can hold; of a constant, those that it holds.
    fn numbers_of(&self, wire: Wire) -> Vec<f32> {
        if let Content::Floats(array) = &self.canonical.tensors[wire.tensor].content
            && array.len() <= 256
        {
            return array.to_floats().to_vec();
        }
        let (least, greatest) = wire.whole.unwrap_or((0.0, 0.0));
        // Numbers of 16 bits are too many to try.
        let count = if greatest - least > 256.0 { 0.0 } else { greatest - least + 1.0 };
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // At most 257.
        let count = count as u16;
        (0..count).map(|n| least + f32::from(n)).collect()
    }

    /// `MUL` or `DIV`: units are multiplied or divided too.
    pub(super) fn product(&mut self, site: &Site<'_, 'm>, op: Binary) -> Lowered<Wire> {
        let table = &site.operator.table;
        let activation = match op {
            Binary::Mul => {
                table.builtin_options_as_mul_options().map(|o| o.fused_activation_function())
            }
            _ => table.builtin_options_as_div_options().map(|o| o.fused_activation_function()),
        };
        let (a, b) = (self.whole_input(site, 0)?, self.whole_input(site, 1)?);
        let tensor = self.canonical.binary(op, a.tensor, b.tensor)?;
        let unit = if op == Binary::Mul { a.unit * b.unit } else { a.unit / b.unit };
        if !(unit.is_finite() && unit > 0.0) {
            return Err(Complaint::new("has scales beyond all bounds", Remedy::Export));
        }
        let mut wire = Wire { tensor, unit, whole: None };
        if let (Some(grid), Some(_), Some(_), Binary::Mul) = (site.grid()?, a.whole, b.whole, op) {
            let multiplier = f64::from(a.unit) * f64::from(b.unit) / f64::from(grid.scale);
            let tensor = self.rescaled_twice(tensor, multiplier, places(multiplier))?;
            wire = Wire { tensor, unit: grid.scale, whole: Some(ANY) };
        }
        let activation = activation.unwrap_or(ActivationFunctionType::NONE);
        self.snap(wire, site.outputs[0], Some(activation))
    }

    /// `MAXIMUM` or `MINIMUM`.
    pub(super) fn extreme(&mut self, site: &Site<'_, 'm>, op: Binary) -> Lowered<Wire> {
        let (a, b) = (self.input(site, 0)?, self.input(site, 1)?);
        let unit = a.unit;
        let (a, b) = (self.in_unit(a, unit)?, self.in_unit(b, unit)?);
        let tensor = self.canonical.binary(op, a, b)?;
        Ok(Wire { tensor, unit, whole: None })
    }

    /// `ADD_N`.
    pub(super) fn add_n(&mut self, site: &Site<'_, 'm>) -> Lowered<Wire> {
        let mut sum = self.real_input(site, 0)?;
        for place in 1..site.inputs.len() {
            let next = self.real_input(site, place)?;
            sum = self.canonical.binary(Binary::Add, sum, next)?;
        }
        Ok(Wire::real(sum))
    }

    /// `SQUARED_DIFFERENCE`.
    pub(super) fn squared_difference(&mut self, site: &Site<'_, 'm>) -> Lowered<Wire> {
        let (a, b) = (self.real_input(site, 0)?, self.real_input(site, 1)?);
        let difference = self.canonical.binary(Binary::Sub, a, b)?;
        Ok(Wire::real(self.canonical.binary(Binary::Mul, difference, difference)?))
    }

    /// An operator of one operand that the canonical form has too.
    pub(super) fn unary(&mut self, site: &Site<'_, 'm>, op: Unary) -> Lowered<Wire> {
        let x = self.real_input(site, 0)?;
        Ok(Wire::real(self.canonical.unary(op, x)?))
    }

    /// `NEG`.
    pub(super) fn neg(&mut self, site: &Site<'_, 'm>) -> Lowered<Wire> {
        let x = self.input(site, 0)?;
        let tensor = self.canonical.with_scalar(Binary::Mul, x.tensor, -1.0)?;
        Ok(Wire { tensor, unit: x.unit, whole: x.whole.map(|(least, most)| (-most, -least)) })
    }

    /// `ROUND`.
    pub(super) fn round(&mut self, site: &Site<'_, 'm>) -> Lowered<Wire> {
        let x = self.real_input(site, 0)?;
        Ok(Wire::real(self.rounded(x)?))
    }

    /// `SQUARE`.
    pub(super) fn square(&mut self, site: &Site<'_, 'm>) -> Lowered<Wire> {
        let x = self.real_input(site, 0)?;
        Ok(Wire::real(self.canonical.binary(Binary::Mul, x, x)?))
    }

    /// `LEAKY_RELU`, which does not mind the unit.
    pub(super) fn leaky_relu(&mut self, site: &Site<'_, 'm>) -> Lowered<Wire> {
        let options =
            site.operator.table.builtin_options_as_leaky_relu_options().ok_or_else(no_options)?;
        let x = self.input(site, 0)?;
        let tensor = self.canonical.leaky_relu(options.alpha(), x.tensor)?;
        Ok(Wire { tensor, unit: x.unit, whole: None })
    }

    /// `PRELU`: values below 0 times a factor of their own.
    pub(super) fn prelu(&mut self, site: &Site<'_, 'm>) -> Lowered<Wire> {
        let x = self.input(site, 0)?;
        let Value::Known(alpha) = site.operand(1)? else {
            return Err(Complaint::new("has factors that depend on the input", Remedy::Known));
        };
        let alpha = self.canonical.constant(alpha)?;
        let above = self.canonical.unary(Unary::Relu, x.tensor)?;
        let below = self.canonical.with_scalar(Binary::Minimum, x.tensor, 0.0)?;
        let below = self.canonical.binary(Binary::Mul, below, alpha)?;
        let tensor = self.canonical.binary(Binary::Add, above, below)?;
        Ok(Wire { tensor, unit: x.unit, whole: None })
    }
}
