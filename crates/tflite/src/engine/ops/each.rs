//! What becomes of each value, or of each pair of values.

use super::{Compute, Scratch};
use crate::canonical::{Binary, Unary};
use crate::grid::Steps;
use crate::kernels::Level;
use crate::kernels::float::{Activation, activation, exp_each, tanh};
use crate::kernels::whole::Broadcast;

/// Changes each value.
#[derive(Debug)]
pub(in crate::engine) struct Each {
    pub(in crate::engine) level: Level,
    pub(in crate::engine) op: Unary,
}

impl Compute for Each {
    fn name(&self) -> &'static str {
        "Each"
    }

    fn changes(&self) -> bool {
        true
    }

    fn change(&self, x: &mut [f32], _: &[&[f32]]) {
        let clamp = |least, greatest| Activation::Clamp { least, greatest };
        let mut all = |f: fn(f32) -> f32| x.iter_mut().for_each(|x| *x = f(*x));
        match self.op {
            Unary::Abs => all(f32::abs),
            Unary::Ceil => all(f32::ceil),
            Unary::Cos => all(f32::cos),
            Unary::Exp => exp_each(self.level, x),
            Unary::Floor => all(f32::floor),
            Unary::Log => all(f32::ln),
            Unary::Rsqrt => all(|x| 1.0 / x.sqrt()),
            Unary::Sin => all(f32::sin),
            Unary::Sqrt => all(f32::sqrt),
            Unary::Tanh => tanh(self.level, x),
            Unary::HardSwish => activation(self.level, Activation::HardSwish, x),
            Unary::Logistic => activation(self.level, Activation::Sigmoid, x),
            Unary::Relu => activation(self.level, clamp(0.0, f32::INFINITY), x),
            Unary::Relu6 => activation(self.level, clamp(0.0, 6.0), x),
        }
    }
}

/// Values below 0 times a factor.
#[derive(Debug)]
pub(in crate::engine) struct Leaky(pub(in crate::engine) f32);

impl Compute for Leaky {
    fn name(&self) -> &'static str {
        "LeakyRelu"
    }

    fn changes(&self) -> bool {
        true
    }

    fn change(&self, x: &mut [f32], _: &[&[f32]]) {
        for x in x {
            *x = if *x < 0.0 { *x * self.0 } else { *x };
        }
    }
}

/// Real values to the nearest of some steps, halves away from 0.
#[derive(Debug)]
pub(in crate::engine) struct Snap(pub(in crate::engine) Steps);

impl Compute for Snap {
    fn name(&self) -> &'static str {
        "Snap"
    }

    fn changes(&self) -> bool {
        true
    }

    fn change(&self, x: &mut [f32], _: &[&[f32]]) {
        let Steps { scale, least, greatest } = self.0;
        for x in x {
            *x = (*x / scale).round().clamp(least, greatest) * scale;
        }
    }
}

/// Joins two operands that are stretched to each other.
#[derive(Debug)]
pub(in crate::engine) struct Pair {
    pub(in crate::engine) op: Binary,
    pub(in crate::engine) broadcast: Broadcast,
}

impl Compute for Pair {
    fn name(&self) -> &'static str {
        "Pair"
    }

    fn compute(&self, inputs: &[&[f32]], out: &mut [f32], _: &mut Scratch) {
        let (a, b) = (inputs[0], inputs[1]);
        match self.op {
            Binary::Add => self.broadcast.zip(a, b, out, |a, b| a + b),
            Binary::Sub => self.broadcast.zip(a, b, out, |a, b| a - b),
            Binary::Mul => self.broadcast.zip(a, b, out, |a, b| a * b),
            Binary::Div => self.broadcast.zip(a, b, out, |a, b| a / b),
            Binary::Maximum => self.broadcast.zip(a, b, out, greater),
            Binary::Minimum => self.broadcast.zip(a, b, out, |a, b| -greater(-a, -b)),
        }
    }
}

/// The greater of two values; what is no number stays none.
pub(super) fn greater(a: f32, b: f32) -> f32 {
    if a > b || a.is_nan() { a } else { b }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_number_stays_none() {
        let broadcast = || Broadcast::new(&[4], &[4]).unwrap();
        for op in [Binary::Maximum, Binary::Minimum, Binary::Add, Binary::Mul] {
            let mut out = [0.0; 4];
            let a = [f32::NAN, 1.0, 2.0, f32::NAN];
            let pair = Pair { op, broadcast: broadcast() };
            pair.compute(&[&a, &[1.0, f32::NAN, 1.0, f32::NAN]], &mut out, &mut Scratch::default());
            assert_eq!(out.map(f32::is_nan), [true, true, false, true], "{op:?}");
        }
        for op in [Unary::Relu, Unary::Relu6, Unary::HardSwish, Unary::Tanh, Unary::Logistic] {
            let mut x = [f32::NAN; 20];
            Each { level: Level::new(), op }.change(&mut x, &[]);
            assert!(x.iter().all(|x| x.is_nan()), "{op:?}");
        }
    }
}
