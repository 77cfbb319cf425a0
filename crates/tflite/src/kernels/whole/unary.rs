//! The tables of activations and other operators of one operand.

use super::grid::Grid;
use super::multiplier::Multiplier;
use super::range::Activation;
use super::table::Table;

/// An operator of one operand, value by value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Unary {
    /// `RELU`, `RELU6` and `RELU_N1_TO_1`; [`Activation::None`] is no operator of the runtime.
    Clamp(Activation),
    /// `RELU_0_TO_1`.
    Relu0To1,
    /// `LEAKY_RELU`, with the factor of what is below 0.
    LeakyRelu(f32),
    HardSwish,
    Logistic,
    Tanh,
    /// Only of `int8`, as all below but [`Self::Gelu`].
    Elu,
    /// With the tangent or the error function.
    Gelu {
        approximate: bool,
    },
    Exp,
    Log,
    Abs,
    Rsqrt,
    Sqrt,
    /// Of the file's own numbers, whatever the grids, as the runtime does it.
    Negate,
}

impl Unary {
    /// The results for all numbers of grid `from`, on grid `to`. `None` where the runtime refuses the grids, or
    /// would overflow.
    pub(crate) fn table(self, from: Grid, to: Grid) -> Option<Table> {
        if !(from.is_sound() && to.is_sound()) {
            return None;
        }
        match self {
            Self::Clamp(activation) => clamp(from, to, activation.range(to)?),
            Self::Relu0To1 => {
                let (least, _) = Activation::Relu.range(to)?;
                #[allow(clippy::cast_possible_truncation)] // Saturates.
                let one = to.zero.saturating_add((1.0 / to.scale).round() as i32);
                clamp(from, to, (least, u8::try_from(one.min(255)).ok()?))
            }
            Self::LeakyRelu(slope) => leaky_relu(from, to, slope),
            Self::HardSwish => super::hard_swish::table(from, to),
            // The runtime takes no other scale.
            Self::Logistic if to.scale.to_bits() != (1.0_f32 / 256.0).to_bits() => None,
            Self::Logistic => Some(Table::of(from, to, |x| 1.0 / (1.0 + exp(-x)))),
            Self::Tanh => Some(Table::of(from, to, |x| single(f64::from(x).tanh()))),
            _ if !from.signed && !matches!(self, Self::Gelu { .. }) => None,
            Self::Elu => {
                let elu = |x: f32| if x < 0.0 { single(f64::from(x).exp_m1()) } else { x };
                Some(Table::of(from, to, elu))
            }
            Self::Gelu { approximate: true } => Some(Table::of(from, to, |x| {
                let inner = SQRT_2_OVER_PI * (x + 0.044_715 * x * x * x);
                0.5 * x * (1.0 + single(f64::from(inner).tanh()))
            })),
            Self::Gelu { approximate: false } => Some(Table::of(from, to, |x| {
                let inner = f64::from(x * -std::f32::consts::FRAC_1_SQRT_2);
                0.5 * x * single(super::erf::complement(inner))
            })),
            Self::Exp => Some(Table::of(from, to, exp)),
            Self::Log => {
                #[allow(clippy::cast_precision_loss)] // Of 8 bits.
                let least = -to.zero as f32 * to.scale;
                let log = |x: f32| if x <= 0.0 { least } else { single(f64::from(x).ln()) };
                Some(Table::of(from, to, log))
            }
            Self::Abs => {
                // In float32.
                let multiplier = Multiplier::new(f64::from(from.scale / to.scale))?;
                let same = from.scale.to_bits() == to.scale.to_bits();
                Some(Table::new(|number| {
                    let steps = (i32::from(number) - from.zero).abs();
                    to.zero.saturating_add(if same { steps } else { multiplier.times(steps) })
                }))
            }
            Self::Rsqrt => super::rsqrt::table(from, to),
            // Not rounded, but cut off. Of what is below 0 the runtime refuses to compute.
            Self::Sqrt => Some(Table::new(|number| {
                #[allow(clippy::cast_possible_truncation)] // Saturates; NaN becomes 0.
                let steps = (from.real(number).sqrt() / to.scale) as i32;
                steps.saturating_add(to.zero)
            })),
            Self::Negate => Some(Table::new(|number| i32::from(number.wrapping_neg()))),
        }
    }
}

/// The square root of 2 / pi.
const SQRT_2_OVER_PI: f32 = 0.797_884_6;

/// float32 of a float64: as exact as the C library's functions of float32 are but in rare cases, and the
/// same on every machine.
#[allow(clippy::cast_possible_truncation)] // Rounds.
fn single(x: f64) -> f32 {
    x as f32
}

/// e^x.
pub(super) fn exp(x: f32) -> f32 {
    single(f64::from(x).exp())
}

/// Requantised, then clamped (`ReluX` of TensorFlow Lite's `optimized_ops.h`).
fn clamp(from: Grid, to: Grid, (least, greatest): (u8, u8)) -> Option<Table> {
    if least > greatest {
        return None;
    }
    // In float32, as the runtime does it.
    let multiplier = Multiplier::new(f64::from(from.scale / to.scale))?;
    Some(Table::new(|number| {
        let steps = multiplier.times(i32::from(number) - from.zero);
        to.zero.saturating_add(steps).clamp(least.into(), greatest.into())
    }))
}

/// A factor for what is above 0 and one for what is below (`QuantizeLeakyRelu`).
fn leaky_relu(from: Grid, to: Grid, slope: f32) -> Option<Table> {
    let above = Multiplier::new(f64::from(from.scale / to.scale))?;
    // The runtime's multiplier has a sign too; here the product takes it.
    let below = Multiplier::new(f64::from((from.scale * slope / to.scale).abs()))?;
    Some(Table::new(|number| {
        let steps = i32::from(number) - from.zero;
        let product = match steps >= 0 {
            true => above.times(steps),
            false if slope < 0.0 => -below.times(steps),
            false => below.times(steps),
        };
        to.zero.saturating_add(product)
    }))
}

#[cfg(test)]
mod tests {
    use super::super::golden::check;
    use super::*;

    #[test]
    fn tables_are_the_runtimes() {
        check("unary", |case| {
            #[allow(clippy::cast_possible_truncation)]
            let operator = match case.text("operator") {
                "RELU" => Unary::Clamp(Activation::Relu),
                "RELU6" => Unary::Clamp(Activation::Relu6),
                "RELU_N1_TO_1" => Unary::Clamp(Activation::ReluN1To1),
                "RELU_0_TO_1" => Unary::Relu0To1,
                "LEAKY_RELU" => Unary::LeakyRelu(case.number("slope") as f32),
                "HARD_SWISH" => Unary::HardSwish,
                "LOGISTIC" => Unary::Logistic,
                "TANH" => Unary::Tanh,
                "ELU" => Unary::Elu,
                "GELU" => Unary::Gelu { approximate: case.flag("approximate") },
                "EXP" => Unary::Exp,
                "LOG" => Unary::Log,
                "ABS" => Unary::Abs,
                "RSQRT" => Unary::Rsqrt,
                "SQRT" => Unary::Sqrt,
                "NEG" => Unary::Negate,
                other => panic!("{other}"),
            };
            let x = case.bytes("x");
            let mut out = vec![0; x.len()];
            operator.table(case.grid("x"), case.grid("y"))?.run(&x, &mut out);
            Some(out)
        });
    }
}
