//! Arithmetic, value by value.

use tract_tflite::tflite::ActivationFunctionType;

use super::lowering::Lowering;
use super::site::{Site, no_options};
use super::value::{Lowered, OnGrid, Value, Wire};
use super::weights::whole_activation;
use crate::canonical::{Binary, Pair, Unary};
use crate::complaint::{Complaint, Remedy};
use crate::kernels::whole::{
    Activation, Add, Div, Grid, Mul, Prelu, SquaredDifference, Unary as Unary8,
};

impl<'m> Lowering<'_, 'm> {
    /// `ADD` or `SUB`.
    pub(super) fn sum(&mut self, site: &Site<'_, 'm>, op: Binary) -> Lowered<Wire> {
        let table = &site.operator.table;
        let activation = match op {
            Binary::Add => {
                table.builtin_options_as_add_options().map(|o| o.fused_activation_function())
            }
            _ => table.builtin_options_as_sub_options().map(|o| o.fused_activation_function()),
        };
        let activation = activation.unwrap_or(ActivationFunctionType::NONE);
        if let Some(([(a, on), (b, other)], grid)) = self.whole_pair(site)? {
            let clamp = whole_activation(activation)?;
            let pair = match op {
                Binary::Sub => Add::subtract(on, other, grid, clamp).map(Pair::Subtract),
                _ => Add::new(on, other, grid, clamp).map(Pair::Add),
            };
            return Ok(Wire::whole(self.canonical.pair(pair, [a, b], clamp, grid)?, grid));
        }
        self.real_pair(site, op, activation)
    }

    /// `MUL` or `DIV`.
    pub(super) fn product(&mut self, site: &Site<'_, 'm>, op: Binary) -> Lowered<Wire> {
        let table = &site.operator.table;
        let activation = match op {
            Binary::Mul => {
                table.builtin_options_as_mul_options().map(|o| o.fused_activation_function())
            }
            _ => table.builtin_options_as_div_options().map(|o| o.fused_activation_function()),
        };
        let activation = activation.unwrap_or(ActivationFunctionType::NONE);
        if let Some(([(a, on), (b, other)], grid)) = self.whole_pair(site)? {
            let clamp = whole_activation(activation)?;
            let pair = match op {
                Binary::Div => Div::new(on, other, grid, clamp).map(Pair::Divide),
                _ => Mul::new(on, other, grid, clamp).map(Pair::Multiply),
            };
            if pair.is_some() || op == Binary::Mul {
                return Ok(Wire::whole(self.canonical.pair(pair, [a, b], clamp, grid)?, grid));
            }
        }
        self.real_pair(site, op, activation)
    }

    /// Both operands, if they and the result are whole numbers, and the grid of the result.
    pub(super) fn whole_pair(
        &mut self,
        site: &Site<'_, 'm>,
    ) -> Lowered<Option<([OnGrid; 2], Grid)>> {
        let Some(grid) = site.grid()? else { return Ok(None) };
        let (a, b) = (self.whole_input(site, 0)?, self.whole_input(site, 1)?);
        // The runtime knows no operators on numbers of both kinds.
        let alike = |operand: &OnGrid| operand.1.signed == grid.signed;
        Ok(a.filter(alike).zip(b.filter(alike)).map(|(a, b)| ([a, b], grid)))
    }

    /// Two operands as real values, joined.
    fn real_pair(
        &mut self,
        site: &Site<'_, 'm>,
        op: Binary,
        activation: ActivationFunctionType,
    ) -> Lowered<Wire> {
        let (a, b) = (self.real_input(site, 0)?, self.real_input(site, 1)?);
        let tensor = self.canonical.binary(op, a, b)?;
        self.activate(tensor, activation)
    }

    /// `MAXIMUM` or `MINIMUM`.
    pub(super) fn extreme(&mut self, site: &Site<'_, 'm>, op: Binary) -> Lowered<Wire> {
        if let Some(([(a, _), (b, _)], grid)) = self.whole_pair(site)? {
            // The runtime takes the numbers as they are.
            let pair = if op == Binary::Maximum { Pair::Maximum } else { Pair::Minimum };
            let tensor = self.canonical.pair(Some(pair), [a, b], Activation::None, grid)?;
            return Ok(Wire::whole(tensor, grid));
        }
        self.real_pair(site, op, ActivationFunctionType::NONE)
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
        if let Some(([(a, on), (b, other)], grid)) = self.whole_pair(site)?
            && let Some(difference) = SquaredDifference::new(on, other, grid)
        {
            let pair = Some(Pair::SquaredDifference(difference));
            let tensor = self.canonical.pair(pair, [a, b], Activation::None, grid)?;
            return Ok(Wire::whole(tensor, grid));
        }
        let (a, b) = (self.real_input(site, 0)?, self.real_input(site, 1)?);
        let difference = self.canonical.binary(Binary::Sub, a, b)?;
        Ok(Wire::real(self.canonical.binary(Binary::Mul, difference, difference)?))
    }

    /// An operator of one operand that the canonical form has too.
    pub(super) fn unary(&mut self, site: &Site<'_, 'm>, op: Unary) -> Lowered<Wire> {
        let whole = match op {
            Unary::Abs => Some(Unary8::Abs),
            Unary::Exp => Some(Unary8::Exp),
            Unary::HardSwish => Some(Unary8::HardSwish),
            Unary::Log => Some(Unary8::Log),
            Unary::Rsqrt => Some(Unary8::Rsqrt),
            Unary::Sqrt => Some(Unary8::Sqrt),
            Unary::Tanh => Some(Unary8::Tanh),
            _ => None,
        };
        if let Some(whole) = whole
            && let Some(wire) = self.single(site, whole)?
        {
            return Ok(wire);
        }
        let x = self.real_input(site, 0)?;
        Ok(Wire::real(self.canonical.unary(op, x)?))
    }

    /// `NEG`.
    pub(super) fn neg(&mut self, site: &Site<'_, 'm>) -> Lowered<Wire> {
        if let Some(whole) = self.single(site, Unary8::Negate)? {
            return Ok(whole);
        }
        let x = self.real_input(site, 0)?;
        Ok(Wire::real(self.canonical.with_scalar(Binary::Mul, x, -1.0)?))
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

    /// `LEAKY_RELU`.
    pub(super) fn leaky_relu(&mut self, site: &Site<'_, 'm>) -> Lowered<Wire> {
        let options =
            site.operator.table.builtin_options_as_leaky_relu_options().ok_or_else(no_options)?;
        if let Some(whole) = self.single(site, Unary8::LeakyRelu(options.alpha()))? {
            return Ok(whole);
        }
        let x = self.real_input(site, 0)?;
        Ok(Wire::real(self.canonical.leaky_relu(options.alpha(), x)?))
    }

    /// `PRELU`: values below 0 times a factor of their own.
    pub(super) fn prelu(&mut self, site: &Site<'_, 'm>) -> Lowered<Wire> {
        let Value::Known(_) = site.operand(1)? else {
            return Err(Complaint::new("has factors that depend on the input", Remedy::Known));
        };
        if let Some(([(x, on), (alpha, other)], grid)) = self.whole_pair(site)? {
            let pair = Prelu::new(on, other, grid).map(Pair::Prelu);
            let tensor = self.canonical.pair(pair, [x, alpha], Activation::None, grid)?;
            return Ok(Wire::whole(tensor, grid));
        }
        let (x, alpha) = (self.real_input(site, 0)?, self.real_input(site, 1)?);
        let c = &mut self.canonical;
        let above = c.unary(Unary::Relu, x)?;
        let below = c.with_scalar(Binary::Minimum, x, 0.0)?;
        let below = c.binary(Binary::Mul, below, alpha)?;
        Ok(Wire::real(c.binary(Binary::Add, above, below)?))
    }
}
