//! What is done to a result before it is stored.

use fearless_simd::{Level, Simd, SimdBase, SimdFloat};

use super::exp::sigmoid;
use super::level::dispatch;

/// What is done to a result before it is stored.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Activation {
    /// Nothing.
    None,
    /// Nothing below `least`, nothing above `greatest`; either may be infinite.
    Clamp {
        /// The least result.
        least: f32,
        /// The greatest result.
        greatest: f32,
    },
    /// `x * clamp(x + 3, 0, 6) / 6`.
    HardSwish,
    /// `x / (1 + e^-x)`.
    Swish,
    /// `1 / (1 + e^-x)`.
    Sigmoid,
}

impl Activation {
    /// The bounds, if that is all it does.
    #[inline(always)]
    pub(super) fn bounds(self) -> Option<(f32, f32)> {
        match self {
            Self::None => Some((f32::NEG_INFINITY, f32::INFINITY)),
            Self::Clamp { least, greatest } => Some((least, greatest)),
            _ => None,
        }
    }

    /// Of one value: the twin of [`apply`], and for what fills no vector.
    #[inline(always)]
    pub(super) fn of(self, x: f32) -> f32 {
        match self {
            Self::None => x,
            Self::Clamp { least, greatest } => clamp_one(x, least, greatest),
            Self::HardSwish => x * clamp_one(x + 3.0, 0.0, 6.0) * (1.0 / 6.0),
            Self::Swish => x / (1.0 + (-x).exp()),
            Self::Sigmoid => 1.0 / (1.0 + (-x).exp()),
        }
    }
}

/// As `x.max(least).min(greatest)`, but what is no number stays none.
#[inline(always)]
pub(super) fn clamp_one(x: f32, least: f32, greatest: f32) -> f32 {
    let x = if x < least { least } else { x };
    if x > greatest { greatest } else { x }
}

/// No value below `least` or above `greatest`. The operands are in the order in which processors answer
/// with the second where either is no number: so that such a result is seen, and not 0.
#[inline(always)]
pub(super) fn clamp<S: Simd, V: SimdFloat<S>>(x: V, least: V, greatest: V) -> V {
    greatest.min(least.max(x))
}

/// One vector's results.
#[inline(always)]
fn apply<S: Simd>(s: S, activation: Activation, x: S::f32s) -> S::f32s {
    let all = |value: f32| S::f32s::splat(s, value);
    match activation {
        Activation::None => x,
        Activation::Clamp { least, greatest } => clamp(x, all(least), all(greatest)),
        Activation::HardSwish => x * clamp(x + all(3.0), all(0.0), all(6.0)) * all(1.0 / 6.0),
        Activation::Swish => x * sigmoid(s, x),
        Activation::Sigmoid => sigmoid(s, x),
    }
}

/// `values` become their results. Not a part of every kernel that calls it: it is much code.
#[inline(never)]
pub(super) fn activate<S: Simd>(s: S, activation: Activation, values: &mut [f32]) {
    s.vectorize(
        #[inline(always)]
        || activate_in(s, activation, values),
    );
}

#[inline(always)]
fn activate_in<S: Simd>(s: S, activation: Activation, values: &mut [f32]) {
    macro_rules! go {
        ($($pattern:pat),*) => {
            // A loop for each, so that none looks up at each vector what it does.
            match activation {
                $($pattern => {
                    let mut vectors = values.chunks_exact_mut(S::f32s::LEN);
                    for some in &mut vectors {
                        apply(s, activation, S::f32s::from_slice(s, some)).store_slice(some);
                    }
                    for value in vectors.into_remainder() {
                        *value = activation.of(*value);
                    }
                })*
            }
        };
    }
    if activation == Activation::None {
        return;
    }
    go!(
        Activation::None,
        Activation::Clamp { .. },
        Activation::HardSwish,
        Activation::Swish,
        Activation::Sigmoid
    );
}

/// `values` become their results.
pub(crate) fn activation(level: Level, activation: Activation, values: &mut [f32]) {
    dispatch!(level, s => activate(s, activation, values));
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::kernels::float::{level::levels, twin};

    proptest! {
        #[test]
        fn vectors_are_as_single_values(values in prop::collection::vec(-12f32..12.0, 0..70)) {
            for level in levels() {
                for act in twin::activations() {
                    let mut got = values.clone();
                    activation(level, act, &mut got);
                    let right: Vec<f32> = values.iter().map(|&x| act.of(x)).collect();
                    twin::close(&got, &right, 1e-6)?;
                }
            }
        }
    }

    #[test]
    fn what_is_no_number_stays_none() {
        for level in levels() {
            for act in twin::activations() {
                let mut values = [f32::NAN; 35];
                activation(level, act, &mut values);
                assert!(values.iter().all(|x| x.is_nan()), "{level:?} {act:?}");
            }
        }
    }
}
