//! The exponential function and what is made of it, for vectors.

use fearless_simd::{Bytes, Level, Select, Simd, SimdBase, SimdFloat, SimdMask};

use super::level::dispatch;

/// `e` to the power of `x`, within 2 units in the last place.
///
/// Below -87.3 it is 2^-126 (about 1e-38), and above 88.3 it is 2.4e38: no zero, nothing below the least
/// normal number, and no infinity. What is no number stays none.
#[inline(always)]
pub(crate) fn exp<S: Simd>(s: S, x: S::f32s) -> S::f32s {
    let of = |value: f32| S::f32s::splat(s, value);
    // In this order, what is no number passes.
    let x = of(88.37).min(of(-87.33).max(x));
    // A sum with 1.5 * 2^23 has no places behind the point: its last bits are a whole number.
    let magic = of(12_582_912.0);
    let sum = x.mul_add(of(std::f32::consts::LOG2_E), magic);
    let whole = sum - magic;
    // ln 2 in two parts: the first has 9 bits, so that its products with `whole` are exact.
    let rest = whole.mul_add(of(-0.693_359_4), x);
    let rest = whole.mul_add(of(2.121_944_4e-4), rest);
    // e^x for |x| <= ln 2 / 2: the coefficients of Moshier's Cephes library.
    let mut y = of(1.987_569_1e-4);
    for c in [1.398_199_9e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_5e-1, 0.5] {
        y = y.mul_add(rest, of(c));
    }
    let y = (rest * rest).mul_add(y, rest) + of(1.0);
    let bits: <S::f32s as SimdFloat<S>>::Bits = sum.bitcast();
    let one = <<S::f32s as SimdFloat<S>>::Bits as SimdBase<S>>::splat(s, 127 << 23);
    let power: S::f32s = ((bits << 23) + one).bitcast();
    y * power
}

/// `1 / (1 + e^-x)`.
#[inline(always)]
pub(crate) fn sigmoid<S: Simd>(s: S, x: S::f32s) -> S::f32s {
    let one = S::f32s::splat(s, 1.0);
    one / (one + exp(s, -x))
}

/// `tanh`, within 3 units in the last place.
///
/// Source: Moshier's Cephes library, `tanhf`: a polynomial below 0.625, else `1 - 2 / (e^2x + 1)`.
#[inline(always)]
fn tanh_of<S: Simd>(s: S, x: S::f32s) -> S::f32s {
    let of = |value: f32| S::f32s::splat(s, value);
    let (size, square) = (x.abs(), x * x);
    let mut y = of(-5.704_988_7e-3);
    for c in [2.063_908_8e-2, -5.373_971_5e-2, 1.333_144_2e-1, -3.333_328e-1] {
        y = y.mul_add(square, of(c));
    }
    let small = (y * square).mul_add(x, x);
    let large = of(1.0) - of(2.0) / (exp(s, size + size) + of(1.0));
    let large = large.copysign(x);
    size.simd_lt(of(0.625)).select(small, large)
}

/// `values` become their hyperbolic tangents.
pub(crate) fn tanh(level: Level, values: &mut [f32]) {
    dispatch!(level, s => each_in(s, values, #[inline(always)] |x| tanh_of(s, x)));
}

/// `e` to the power of each of `values`, also where that is no number of 32 bits with all its digits.
pub(crate) fn exp_each(level: Level, values: &mut [f32]) {
    dispatch!(level, s => each_in(s, values, #[inline(always)] |x| exp_of(s, x)));
}

#[inline(always)]
fn exp_of<S: Simd>(s: S, x: S::f32s) -> S::f32s {
    let mut y = exp(s, x);
    if x.abs().simd_gt(S::f32s::splat(s, 87.0)).any_true() {
        for (y, x) in y.as_mut_slice().iter_mut().zip(x.as_slice()) {
            *y = x.exp();
        }
    }
    y
}

#[inline(always)]
fn each_in<S: Simd>(s: S, values: &mut [f32], f: impl Fn(S::f32s) -> S::f32s) {
    let mut vectors = values.chunks_exact_mut(S::f32s::LEN);
    for some in &mut vectors {
        f(S::f32s::from_slice(s, some)).store_slice(some);
    }
    let rest = vectors.into_remainder();
    let mut x = S::f32s::splat(s, 0.0);
    x.as_mut_slice()[..rest.len()].copy_from_slice(rest);
    rest.copy_from_slice(&f(x).as_slice()[..rest.len()]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::float::level::levels;

    fn apply(level: Level, sigmoids: bool, values: &mut [f32]) {
        #[inline(always)]
        fn go<S: Simd>(s: S, sigmoids: bool, values: &mut [f32]) {
            for some in values.chunks_exact_mut(S::f32s::LEN) {
                let x = S::f32s::from_slice(s, some);
                (if sigmoids { sigmoid(s, x) } else { exp(s, x) }).store_slice(some);
            }
        }
        dispatch!(level, s => go(s, sigmoids, values));
    }

    #[test]
    fn within_a_few_units_of_the_standard_library() {
        let xs: Vec<f32> = (-8_700i16..8_800).map(|i| f32::from(i) / 100.0).collect();
        let xs = &xs[..xs.len() / 16 * 16];
        for level in levels() {
            for (sigmoids, units) in [(false, 2.0), (true, 3.0)] {
                let mut got = xs.to_vec();
                apply(level, sigmoids, &mut got);
                for (&x, got) in xs.iter().zip(got) {
                    let e = f64::from(x).exp();
                    let right = if sigmoids { e / (1.0 + e) } else { e };
                    let off = (f64::from(got) - right).abs() / right / f64::from(f32::EPSILON);
                    assert!(off <= units, "{level:?} {x}: {got} and not {right}, {off}");
                }
            }
        }
    }

    #[test]
    fn all_powers_and_tangents_are_those_of_the_standard_library() {
        let xs: Vec<f32> = (-1_200i16..1_200).map(|i| f32::from(i) / 10.0).collect();
        let small: Vec<f32> = (-1_000i16..1_000).map(|i| f32::from(i) / 700.0).collect();
        let ends = [f32::INFINITY, f32::NEG_INFINITY, f32::NAN, -0.0, 1e-30, 1e30];
        let xs = [&xs[..], &small, &ends].concat();
        for level in levels() {
            for (of, right) in
                [(exp_each as fn(Level, &mut [f32]), f64::exp as fn(f64) -> f64), (tanh, f64::tanh)]
            {
                let mut got = xs.clone();
                of(level, &mut got);
                for (x, got) in xs.iter().zip(got) {
                    #[allow(clippy::cast_possible_truncation, reason = "rounded once")]
                    let right = right(f64::from(*x)) as f32;
                    let off = (got - right).abs() / right.abs().max(f32::MIN_POSITIVE);
                    let same = got.to_bits() == right.to_bits() || got.is_nan() && right.is_nan();
                    assert!(
                        same || off < 4.0 * f32::EPSILON,
                        "{level:?} {x}: {got} and not {right}"
                    );
                }
            }
        }
    }

    #[test]
    fn ends_and_what_is_no_number() {
        for level in levels() {
            let mut x = [0.0f32; 16];
            x[..4].copy_from_slice(&[f32::INFINITY, f32::NEG_INFINITY, f32::NAN, 0.0]);
            let mut y = x;
            apply(level, false, &mut x);
            assert!(x[0] > 1e38 && x[0].is_finite() && x[1] < 1e-37 && x[1] >= 0.0);
            assert!(x[2].is_nan());
            assert_eq!(x[3].to_bits(), 1f32.to_bits());
            apply(level, true, &mut y);
            assert!(y[0] >= 1.0 && y[1] < 1e-37 && y[2].is_nan());
            assert_eq!(y[3].to_bits(), 0.5f32.to_bits());
        }
    }
}
