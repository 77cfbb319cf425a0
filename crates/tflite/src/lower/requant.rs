//! Sums of whole numbers, multiplied and rounded in floats as the official runtime does it in whole
//! numbers.
//!
//! The runtime's convolutions multiply a sum by a number of 31 bits and shift the product, rounding
//! twice (`MultiplyByQuantizedMultiplier`). Here a sum is multiplied by a float, a float is added, and
//! the result is rounded once. There are few places where the two can differ: the sums on both sides
//! of each level of the result. [`fit`] looks for a factor and an addend that get them all right.

use super::quant::nudge;
use super::unit::ROUNDER;

/// Sums are whole numbers that floats hold exactly up to here.
const EXACT: u64 = 1 << 24;
/// How near to a level a sum must come, in levels, for the floats' rounding to matter.
const NEAR: f64 = 5e-5;
/// By how much the addend is changed at a time.
const SHIFT: f32 = 1.0 / 2_097_152.0;
/// How often it is changed in each direction.
const SHIFTS: i16 = 24;

/// A multiplier as the official runtime keeps it (`QuantizeMultiplier`): `bits * 2^(power - 31)`.
struct Multiplier {
    bits: i64,
    power: i32,
}

/// The sums on both sides of a level, a whole number that results are rounded to: the greatest below it, and the least that is on it.
struct Edge {
    below: f32,
    on: f32,
    level: f32,
}

/// A factor and an addend for sums with this multiplier, whose results count from `least` to `greatest`.
pub(super) fn fit(multiplier: f64, least: f32, greatest: f32) -> (f32, f32) {
    #[allow(clippy::cast_possible_truncation)] // Rounds.
    let factor = multiplier as f32;
    let addend = nudge(multiplier);
    // Only numbers of 8 bits are rounded so.
    if greatest - least > 256.0 {
        return (factor, addend);
    }
    let edges = edges(multiplier, least, greatest);
    let mut best = (usize::MAX, factor, addend);
    for factor in [factor, factor.next_up(), factor.next_down()] {
        for shift in (0..=SHIFTS).flat_map(|shift| [shift, -shift]) {
            let addend = addend + f32::from(shift) * SHIFT;
            let wrong = edges.iter().filter(|edge| !edge.is_right(factor, addend)).count();
            if wrong < best.0 {
                best = (wrong, factor, addend);
            }
            if wrong == 0 {
                return (factor, addend);
            }
        }
    }
    (best.1, best.2)
}

/// What to add to sums `a * factors[0] + b * factors[1]` so that rounding them in floats is as rounding
/// them half up without any error, as the official runtime's `ADD` does in effect. `a` and `b` are all
/// numbers that occur; `exact` are the factors unrounded.
pub(super) fn fit_sum(a: &[f32], b: &[f32], factors: [f32; 2], exact: [f64; 2]) -> f32 {
    let mut near = vec![];
    for a in a {
        for b in b {
            let sum = f64::from(*a) * exact[0] + f64::from(*b) * exact[1];
            let rounded = (sum + 0.5).floor();
            if ((sum + 0.5) - rounded).min(rounded + 0.5 - sum) < NEAR {
                #[allow(clippy::cast_possible_truncation)] // A small whole number.
                near.push((a * factors[0] + b * factors[1], rounded as f32));
            }
        }
    }
    let mut best = (usize::MAX, 0.0);
    for shift in (0..=SHIFTS).flat_map(|shift| [shift, -shift]) {
        let addend = f32::from(shift) * SHIFT * 4.0;
        let wrong = |(sum, rounded): &&(f32, f32)| {
            ((sum + addend + ROUNDER) - ROUNDER - rounded).abs() > 0.5
        };
        let wrong = near.iter().filter(wrong).count();
        if wrong < best.0 {
            best = (wrong, addend);
        }
        if wrong == 0 {
            break;
        }
    }
    best.1
}

/// The edges where floats might round another way.
fn edges(multiplier: f64, least: f32, greatest: f32) -> Vec<Edge> {
    let exact = Multiplier::new(multiplier);
    let offset = f64::from(nudge(multiplier));
    let mut edges = vec![];
    let mut level = least + 1.0;
    while level <= greatest {
        let middle = f64::from(level) - 0.5;
        #[allow(clippy::cast_possible_truncation)] // Saturates, and is then far out of range.
        let mut on = ((middle - offset) / multiplier).ceil() as i64;
        #[allow(clippy::cast_precision_loss)] // Below 2^24 where it matters.
        let near = |sum: i64| (sum as f64 * multiplier + offset - middle).abs() < NEAR;
        if on.unsigned_abs() < EXACT && (near(on) || near(on - 1)) {
            #[allow(clippy::cast_possible_truncation)] // Levels are at most 2^16.
            let whole = level as i64;
            while exact.times(on - 1) >= whole {
                on -= 1;
            }
            while exact.times(on) < whole {
                on += 1;
            }
            #[allow(clippy::cast_precision_loss)] // Below 2^24.
            edges.push(Edge { below: (on - 1) as f32, on: on as f32, level });
        }
        level += 1.0;
    }
    edges
}

impl Multiplier {
    fn new(multiplier: f64) -> Self {
        let (mut power, mut fraction) = (0, multiplier);
        while fraction >= 1.0 {
            fraction /= 2.0;
            power += 1;
        }
        while fraction < 0.5 && power > -31 {
            fraction *= 2.0;
            power -= 1;
        }
        #[allow(clippy::cast_possible_truncation)] // At most 2^31.
        let bits = (fraction * 2_147_483_648.0).round() as i64;
        if bits == 1 << 31 {
            Self { bits: bits / 2, power: power + 1 }
        } else {
            Self { bits, power }
        }
    }

    /// What the official runtime makes of a sum.
    fn times(&self, sum: i64) -> i64 {
        let high = ((sum << self.power.clamp(0, 8)) * self.bits + (1 << 30)) >> 31;
        match self.power {
            ..0 => (high + (1 << (-self.power - 1))) >> -self.power,
            _ => high,
        }
    }
}

impl Edge {
    /// Whether floats round both sums to their sides of the level.
    fn is_right(&self, factor: f32, addend: f32) -> bool {
        let rounded = |sum: f32| (sum * factor + addend + ROUNDER) - ROUNDER;
        rounded(self.below) < self.level && rounded(self.on) >= self.level
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// 127 / 256 is below a half, but 63.5 / 128 rounds to 64 / 128 first.
    #[test]
    fn the_first_rounding_lifts_what_is_just_below_a_half() {
        let exact = Multiplier::new(1.0 / 256.0);
        assert_eq!((exact.bits, exact.power), (1 << 30, -7));
        assert_eq!([126, 127, -128, -129].map(|sum| exact.times(sum)), [0, 1, 0, 0]);
        let (factor, addend) = fit(1.0 / 256.0, -128.0, 127.0);
        for (sum, rounded) in [(126.0, 0.0), (127.0, 1.0), (-128.0, 0.0), (-129.0, 0.0)] {
            assert!((((sum * factor + addend) + ROUNDER) - ROUNDER - rounded).abs() < 0.1, "{sum}");
        }
    }

    #[test]
    fn a_multiplier_beyond_all_bounds_ends_too() {
        assert_eq!(edges(0.5_f64.powi(64), -128.0, 127.0).len(), 0);
        assert!(fit(0.5_f64.powi(64), -128.0, 127.0).0 > 0.0);
    }

    #[test]
    fn sums_that_lie_by_a_half_are_rounded_as_without_error() {
        // Scales of a real model: 1.49999995 a + 0.5 b lies just below a half where a is even.
        let exact = [0.011_764_706_112_444_4 / 0.007_843_137_718_737_125, 0.5];
        #[allow(clippy::cast_possible_truncation)]
        let factors = exact.map(|factor| factor as f32);
        let a: Vec<f32> = (0..=212_i16).map(f32::from).collect();
        let addend = fit_sum(&a, &[-255.0], factors, exact);
        let wrong = |addend: f32| {
            let wrong = a.iter().filter(|a| {
                let float = (*a * factors[0] - 127.5 + addend + ROUNDER) - ROUNDER;
                let right = (f64::from(**a) * exact[0] - 127.5 + 0.5).floor();
                (f64::from(float) - right).abs() > 0.1
            });
            wrong.count()
        };
        // Where a is next to 0, floats cannot tell it from a half.
        assert!(wrong(0.0) > 20 && wrong(addend) <= 4, "{} {}", wrong(0.0), wrong(addend));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]

        #[test]
        fn floats_round_as_whole_numbers_do(
            multiplier in 0.0005_f64..0.9,
            sums in prop::collection::vec(-400_000_i64..400_000, 400),
        ) {
            let (factor, addend) = fit(multiplier, -128.0, 127.0);
            let exact = Multiplier::new(multiplier);
            let mut wrong = 0;
            for sum in sums {
                #[allow(clippy::cast_precision_loss)]
                let float = (sum as f32 * factor + addend).clamp(-128.0, 127.0);
                #[allow(clippy::cast_possible_truncation)]
                let float = ((float + ROUNDER) - ROUNDER) as i64;
                wrong += usize::from(float != exact.times(sum).clamp(-128, 127));
            }
            // One sum in a few million may still differ.
            prop_assert!(wrong == 0, "{wrong} of 400");
        }
    }
}
