//! A real factor in whole numbers.

/// A factor as the official runtime keeps it (`QuantizeMultiplier`): `bits * 2^(power - 31)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Multiplier {
    /// From 2^30 to 2^31 - 1, or 0.
    pub(crate) bits: i32,
    /// At least -31.
    pub(crate) power: i32,
}

impl Multiplier {
    /// The nearest factor. What is below 2^-32 becomes 0, as in the runtime. `None` for what is no number, is
    /// negative, or is 2^30 or more: there the runtime's own shifts would overflow.
    pub(crate) fn new(real: f64) -> Option<Self> {
        const NONE: Multiplier = Multiplier { bits: 0, power: 0 };
        if !(real >= 0.0 && real < f64::from(1 << 30)) {
            return None;
        }
        // Below is 0 in any case; what is left is a normal number.
        if real < f64::MIN_POSITIVE {
            return Some(NONE);
        }
        // real = fraction * 2^power, the fraction from a half to below 1.
        let field = real.to_bits();
        #[allow(clippy::cast_possible_truncation)] // 11 bits: `real` has no sign.
        let mut power = (field >> 52) as i32 - 1022;
        let fraction = f64::from_bits((field & ((1 << 52) - 1)) | (1022 << 52));
        #[allow(clippy::cast_possible_truncation)] // At most 2^31.
        let mut bits = (fraction * f64::from(1_u32 << 31)).round() as i64;
        if bits == 1 << 31 {
            bits /= 2;
            power += 1;
        }
        if power < -31 {
            return Some(NONE);
        }
        // `real` just below 2^30 may have been rounded up to it.
        if power > 30 {
            return None;
        }
        Some(Self { bits: i32::try_from(bits).ok()?, power })
    }

    /// The product with `x`, rounded twice: by [`Self::high`], then to the nearest, halves away from 0
    /// (`MultiplyByQuantizedMultiplier` of TensorFlow Lite's `common.h`). What almost all operators do.
    pub(crate) fn times(self, x: i32) -> i32 {
        let high = i64::from(self.high(x));
        let down = (-self.power).max(0);
        let half = (1_i64 << down) >> 1;
        #[allow(clippy::cast_possible_truncation)] // Not greater than `high`.
        let rounded = ((high + half - i64::from(down > 0 && high < 0)) >> down) as i32;
        rounded
    }

    /// The product with `x`, rounded twice: by [`Self::high`], then to the nearest, halves up. What the
    /// runtime's matrix products do (ruy's kernels for x86).
    pub(crate) fn times_half_up(self, x: i32) -> i32 {
        let high = i64::from(self.high(x));
        let down = (-self.power).max(0);
        let half = (1_i64 << down) >> 1;
        #[allow(clippy::cast_possible_truncation)] // Not greater than `high`.
        let rounded = ((high + half) >> down) as i32;
        rounded
    }

    /// `x * bits / 2^31`, `x` moved left before where the factor is above 1, rounded to the nearest, halves up
    /// (gemmlowp's `SaturatingRoundingDoublingHighMul`).
    fn high(self, x: i32) -> i32 {
        high(x.wrapping_shl(self.power.max(0).unsigned_abs()), self.bits)
    }
}

/// The upper half of a product, doubled and rounded, halves up.
pub(super) fn high(a: i32, b: i32) -> i32 {
    #[allow(clippy::cast_possible_truncation)] // No two are the least number.
    let high = ((i64::from(a) * i64::from(b) + (1 << 30)) >> 31) as i32;
    high
}

/// Moved left, clamped to 32 bits.
pub(super) fn left(x: i32, by: u32) -> i32 {
    let moved = i64::from(x) << by;
    #[allow(clippy::cast_possible_truncation)] // Is clamped.
    let moved = moved.clamp(i32::MIN.into(), i32::MAX.into()) as i32;
    moved
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_factor_is_a_number_of_31_bits_and_a_power() {
        let made = |real| Multiplier::new(real).map(|made| (made.bits, made.power));
        assert_eq!(made(1.0), Some((1 << 30, 1)));
        assert_eq!(made(0.75), Some((3 << 29, 0)));
        assert_eq!(made(0.5_f64.powi(32)), Some((1 << 30, -31)));
        assert_eq!(made(0.5_f64.powi(33)), Some((0, 0)));
        assert_eq!(made(0.0), Some((0, 0)));
        assert_eq!(made(f64::MIN_POSITIVE / 2.0), Some((0, 0)));
        // Rounded up to the next power of two.
        assert_eq!(made(1.0 - 0.5_f64.powi(40)), Some((1 << 30, 1)));
        assert_eq!(made(f64::from(1 << 29)), Some((1 << 30, 30)));
        assert_eq!(made(f64::from(1 << 30) - 0.001), None);
        for absurd in [-0.1, f64::NAN, f64::INFINITY, 2.0_f64.powi(30), f64::MIN] {
            assert_eq!(made(absurd), None, "{absurd}");
        }
    }

    #[test]
    fn products_are_rounded_twice_and_only_halves_below_0_in_two_ways() {
        let factor = Multiplier::new(1.0 / 256.0).unwrap();
        // 127 / 256 is below a half, but 63.5 / 128 is rounded to 64 / 128 first.
        assert_eq!([126, 127, -127, -128, -129].map(|x| factor.times_half_up(x)), [0, 1, 0, 0, 0]);
        assert_eq!([126, 127, -127, -128, -129].map(|x| factor.times(x)), [0, 1, 0, -1, -1]);
        let factor = Multiplier::new(6.0).unwrap();
        assert_eq!([factor.times(-7), factor.times_half_up(7)], [-42, 42]);
    }

    proptest! {
        #[test]
        fn a_product_is_near_the_real_one(real in 1e-9_f64..1e3, x in -1_000_000_i32..1_000_000) {
            let factor = Multiplier::new(real).unwrap();
            let exact = real * f64::from(x);
            prop_assert!((f64::from(factor.times(x)) - exact).abs() <= 1.0 + exact.abs() * 1e-9);
            prop_assert!((factor.times(x) - factor.times_half_up(x)).abs() <= 1);
            prop_assert_eq!(factor.times(x.abs()), factor.times_half_up(x.abs()));
        }

        #[test]
        fn no_factor_and_number_overflow(real in any::<f64>(), x in any::<i32>()) {
            if let Some(factor) = Multiplier::new(real) {
                prop_assert!(factor.bits == 0 || factor.bits >= 1 << 30);
                prop_assert!((-31..=30).contains(&factor.power));
                factor.times(x);
                factor.times_half_up(x);
            }
        }
    }
}
