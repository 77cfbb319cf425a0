//! Activations that the canonical form has not, and those that are built into other operators.

use tract_tflite::tflite::ActivationFunctionType;

use super::lowering::Lowering;
use super::site::{Site, no_options};
use super::value::{Lowered, Wire};
use super::weights::whole_activation;
use crate::canonical::{Binary, Reduction, Unary};
use crate::complaint::{Complaint, Remedy};
use crate::grid::Numbers;
use crate::kernels::whole::{Grid, Unary as Unary8};

/// Of the approximation of the error function by Abramowitz and Stegun, "Handbook of Mathematical
/// Functions", formula 7.1.26: `1 - (a1 t + ... + a5 t^5) exp(-x^2)` with `t = 1 / (1 + p x)`, for `x`
/// from 0 on, to 1.5e-7.
const ERROR_FUNCTION: [f32; 5] = [0.254_829_6, -0.284_496_7, 1.421_413_7, -1.453_152, 1.061_405_4];
/// `p` of [`ERROR_FUNCTION`].
const ERROR_FUNCTION_P: f32 = 0.327_591_1;

impl<'m> Lowering<'_, 'm> {
    /// An operator of one operand on whole numbers, if operand and result are such and there is a kernel.
    pub(super) fn single(&mut self, site: &Site<'_, 'm>, how: Unary8) -> Lowered<Option<Wire>> {
        let Some(to) = site.grid()? else { return Ok(None) };
        let Some(x) = self.whole_input(site, 0)? else { return Ok(None) };
        if x.1.signed != to.signed {
            return Ok(None);
        }
        Ok(self.canonical.whole_unary(how, x, to)?.map(|tensor| Wire::whole(tensor, to)))
    }

    /// `RELU` and its like as operators of their own.
    pub(super) fn fused(
        &mut self,
        site: &Site<'_, 'm>,
        activation: ActivationFunctionType,
    ) -> Lowered<Wire> {
        if activation != ActivationFunctionType::TANH
            && let Some(whole) = self.single(site, Unary8::Clamp(whole_activation(activation)?))?
        {
            return Ok(whole);
        }
        let x = self.real_input(site, 0)?;
        self.activate(x, activation)
    }

    /// `LOGISTIC`. That of the kernels is an approximation: good enough, unless the result is rounded.
    pub(super) fn logistic(&mut self, site: &Site<'_, 'm>) -> Lowered<Wire> {
        if let Some(whole) = self.single(site, Unary8::Logistic)? {
            return Ok(whole);
        }
        let x = self.real_input(site, 0)?;
        if site.outputs[0].numbers()? == Numbers::Real {
            return Ok(Wire::real(self.canonical.unary(Unary::Logistic, x)?));
        }
        let c = &mut self.canonical;
        let x = c.with_scalar(Binary::Mul, x, -1.0)?;
        let x = c.unary(Unary::Exp, x)?;
        let x = c.with_scalar(Binary::Add, x, 1.0)?;
        let one = c.scalar(1.0)?;
        Ok(Wire::real(c.binary(Binary::Div, one, x)?))
    }

    /// `RELU_0_TO_1`.
    pub(super) fn relu_0_to_1(&mut self, site: &Site<'_, 'm>) -> Lowered<Wire> {
        if let Some(whole) = self.single(site, Unary8::Relu0To1)? {
            return Ok(whole);
        }
        let x = self.real_input(site, 0)?;
        let x = self.canonical.with_scalar(Binary::Maximum, x, 0.0)?;
        Ok(Wire::real(self.canonical.with_scalar(Binary::Minimum, x, 1.0)?))
    }

    /// `ELU`: `exp(x) - 1` below 0.
    pub(super) fn elu(&mut self, site: &Site<'_, 'm>) -> Lowered<Wire> {
        if let Some(whole) = self.single(site, Unary8::Elu)? {
            return Ok(whole);
        }
        let x = self.real_input(site, 0)?;
        let above = self.canonical.unary(Unary::Relu, x)?;
        let below = self.canonical.with_scalar(Binary::Minimum, x, 0.0)?;
        let below = self.canonical.unary(Unary::Exp, below)?;
        let below = self.canonical.with_scalar(Binary::Sub, below, 1.0)?;
        Ok(Wire::real(self.canonical.binary(Binary::Add, above, below)?))
    }

    /// `GELU`, exact (by the error function) or approximate (by tanh), as the file says.
    pub(super) fn gelu(&mut self, site: &Site<'_, 'm>) -> Lowered<Wire> {
        let options = site.operator.table.builtin_options_as_gelu_options();
        let approximate = options.ok_or_else(no_options)?.approximate();
        if let Some(whole) = self.single(site, Unary8::Gelu { approximate })? {
            return Ok(whole);
        }
        let x = self.real_input(site, 0)?;
        let c = &mut self.canonical;
        let doubled = if approximate {
            // x * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 x^3)))
            let square = c.binary(Binary::Mul, x, x)?;
            let inner = c.with_scalar(Binary::Mul, square, 0.044_715)?;
            let inner = c.with_scalar(Binary::Add, inner, 1.0)?;
            let inner = c.binary(Binary::Mul, inner, x)?;
            let inner = c.with_scalar(Binary::Mul, inner, 0.797_884_6)?;
            let inner = c.unary(Unary::Tanh, inner)?;
            let inner = c.with_scalar(Binary::Add, inner, 1.0)?;
            c.binary(Binary::Mul, inner, x)?
        } else {
            // x * (1 + erf(x / sqrt(2))), which is x + |x| * erf(|x| / sqrt(2)).
            let size = c.unary(Unary::Abs, x)?;
            let z = c.with_scalar(Binary::Mul, size, std::f32::consts::FRAC_1_SQRT_2)?;
            let t = c.with_scalar(Binary::Mul, z, ERROR_FUNCTION_P)?;
            let t = c.with_scalar(Binary::Add, t, 1.0)?;
            let one = c.scalar(1.0)?;
            let t = c.binary(Binary::Div, one, t)?;
            let [a1, a2, a3, a4, a5] = ERROR_FUNCTION;
            let mut sum = c.with_scalar(Binary::Mul, t, a5)?;
            for factor in [a4, a3, a2, a1] {
                sum = c.with_scalar(Binary::Add, sum, factor)?;
                sum = c.binary(Binary::Mul, sum, t)?;
            }
            let square = c.binary(Binary::Mul, z, z)?;
            let square = c.with_scalar(Binary::Mul, square, -1.0)?;
            let fall = c.unary(Unary::Exp, square)?;
            let rest = c.binary(Binary::Mul, sum, fall)?;
            let erf = c.binary(Binary::Sub, one, rest)?;
            let part = c.binary(Binary::Mul, size, erf)?;
            c.binary(Binary::Add, x, part)?
        };
        Ok(Wire::real(c.with_scalar(Binary::Mul, doubled, 0.5)?))
    }

    /// `SOFTMAX` along the last axis.
    pub(super) fn softmax(&mut self, site: &Site<'_, 'm>) -> Lowered<Wire> {
        let options = site.operator.table.builtin_options_as_softmax_options();
        let beta = options.ok_or_else(no_options)?.beta();
        if !(beta.is_finite() && beta > 0.0) {
            return Err(Complaint::new(format!("has a beta of {beta}"), Remedy::Export));
        }
        if let (Some(x), Some(to)) = (self.whole_input(site, 0)?, site.grid()?)
            && x.1.signed == to.signed
            && let Some(tensor) = self.canonical.whole_softmax(x, beta, to)?
        {
            return Ok(Wire::whole(tensor, to));
        }
        let mut x = self.real_input(site, 0)?;
        #[allow(clippy::float_cmp)] // 1 leaves them as they are.
        if beta != 1.0 {
            x = self.canonical.with_scalar(Binary::Mul, x, beta)?;
        }
        Ok(Wire::real(self.canonical.softmax(x)?))
    }

    /// `LOG_SOFTMAX` along the last axis.
    pub(super) fn log_softmax(&mut self, site: &Site<'_, 'm>) -> Lowered<Wire> {
        if let (Some(x), Some(to)) = (self.whole_input(site, 0)?, site.grid()?)
            && x.1.signed == to.signed
            && let Some(tensor) = self.canonical.whole_log_softmax(x, to)?
        {
            return Ok(Wire::whole(tensor, to));
        }
        let x = self.real_input(site, 0)?;
        let axis = self.canonical.shape(x).len().checked_sub(1);
        let axis =
            axis.ok_or_else(|| Complaint::new("has a softmax of one number", Remedy::Export))?;
        let c = &mut self.canonical;
        let greatest = c.reduce(Reduction::Max, x, &[axis])?;
        let shifted = c.binary(Binary::Sub, x, greatest)?;
        let weights = c.unary(Unary::Exp, shifted)?;
        let sum = c.reduce(Reduction::Sum, weights, &[axis])?;
        let log = c.unary(Unary::Log, sum)?;
        Ok(Wire::real(c.binary(Binary::Sub, shifted, log)?))
    }

    /// `L2_NORMALIZATION` along the last axis.
    pub(super) fn l2_normalization(&mut self, site: &Site<'_, 'm>) -> Lowered<Wire> {
        if let (Some(x), Some(to)) = (self.whole_input(site, 0)?, site.grid()?)
            && x.1.signed == to.signed
            && to.is_near(Grid { scale: 1.0 / 128.0, zero: 128, ..to })
        {
            return Ok(Wire::whole(self.canonical.whole_normalise(x, to)?, to));
        }
        let x = self.real_input(site, 0)?;
        let axis = self.canonical.shape(x).len().checked_sub(1);
        let axis =
            axis.ok_or_else(|| Complaint::new("has one number to normalize", Remedy::Export))?;
        let c = &mut self.canonical;
        let square = c.binary(Binary::Mul, x, x)?;
        let sum = c.reduce(Reduction::Sum, square, &[axis])?;
        // The official runtime's least divisor.
        let length = c.unary(Unary::Sqrt, sum)?;
        let length = c.with_scalar(Binary::Maximum, length, 1e-6)?;
        Ok(Wire::real(c.binary(Binary::Div, x, length)?))
    }
}
