//! Sums and products of two tensors, and of a tensor and one number for each channel.

use fearless_simd::{Level, Simd, SimdBase, SimdFloat};

use super::activation::{Activation, activate};
use super::level::dispatch;

/// `out[i] = activation(a[i] + b[i])`. All are of one length.
pub(crate) fn add(level: Level, a: &[f32], b: &[f32], activation: Activation, out: &mut [f32]) {
    dispatch!(level, s => both(s, a, b, activation, out, |x, y| x + y, |x, y| x + y));
}

/// `out[i] = activation(a[i] * b[i])`. All are of one length.
pub(crate) fn mul(level: Level, a: &[f32], b: &[f32], activation: Activation, out: &mut [f32]) {
    dispatch!(level, s => both(s, a, b, activation, out, |x, y| x * y, |x, y| x * y));
}

/// `a[i] = activation(a[i] + b[i])`. Both are of one length.
pub(crate) fn add_to(level: Level, a: &mut [f32], b: &[f32], activation: Activation) {
    dispatch!(level, s => one(s, a, b, activation, |x, y| x + y, |x, y| x + y));
}

/// `a[i] = activation(a[i] * b[i])`. Both are of one length.
pub(crate) fn mul_to(level: Level, a: &mut [f32], b: &[f32], activation: Activation) {
    dispatch!(level, s => one(s, a, b, activation, |x, y| x * y, |x, y| x * y));
}

/// Values that are computed before they are activated: what the nearest cache holds.
const BLOCK: usize = 1024;

#[inline(always)]
fn both<S: Simd>(
    s: S,
    a: &[f32],
    b: &[f32],
    activation: Activation,
    out: &mut [f32],
    vector: impl Fn(S::f32s, S::f32s) -> S::f32s,
    single: impl Fn(f32, f32) -> f32,
) {
    assert!(a.len() == out.len() && b.len() == out.len(), "values of two tensors");
    let lanes = S::f32s::LEN;
    for (out, (a, b)) in out.chunks_mut(BLOCK).zip(a.chunks(BLOCK).zip(b.chunks(BLOCK))) {
        let whole = out.len() / lanes * lanes;
        let vectors = a.chunks_exact(lanes).zip(b.chunks_exact(lanes));
        for (out, (a, b)) in out.chunks_exact_mut(lanes).zip(vectors) {
            vector(S::f32s::from_slice(s, a), S::f32s::from_slice(s, b)).store_slice(out);
        }
        for (out, (a, b)) in out[whole..].iter_mut().zip(a[whole..].iter().zip(&b[whole..])) {
            *out = single(*a, *b);
        }
        activate(s, activation, out);
    }
}

#[inline(always)]
fn one<S: Simd>(
    s: S,
    a: &mut [f32],
    b: &[f32],
    activation: Activation,
    vector: impl Fn(S::f32s, S::f32s) -> S::f32s,
    single: impl Fn(f32, f32) -> f32,
) {
    assert_eq!(a.len(), b.len(), "values of two tensors");
    let lanes = S::f32s::LEN;
    for (a, b) in a.chunks_mut(BLOCK).zip(b.chunks(BLOCK)) {
        let whole = a.len() / lanes * lanes;
        for (a, b) in a.chunks_exact_mut(lanes).zip(b.chunks_exact(lanes)) {
            vector(S::f32s::from_slice(s, a), S::f32s::from_slice(s, b)).store_slice(a);
        }
        for (a, b) in a[whole..].iter_mut().zip(&b[whole..]) {
            *a = single(*a, *b);
        }
        activate(s, activation, a);
    }
}

/// `out[place][c] = activation(x[place][c] * factors[c] + addends[c])`.
///
/// # Panics
///
/// If there are other numbers of addends than factors, or of values than whole places.
pub(crate) fn scale_channels(
    level: Level,
    x: &[f32],
    factors: &[f32],
    addends: Option<&[f32]>,
    activation: Activation,
    out: &mut [f32],
) {
    assert_eq!(x.len(), out.len(), "values of two tensors");
    dispatch!(level, s => scale(s, Some(x), factors, addends, activation, out));
}

/// As [`scale_channels`], where the result takes the values' place.
pub(crate) fn scale_channels_to(
    level: Level,
    x: &mut [f32],
    factors: &[f32],
    addends: Option<&[f32]>,
    activation: Activation,
) {
    dispatch!(level, s => scale(s, None, factors, addends, activation, x));
}

#[inline(always)]
fn scale<S: Simd>(
    s: S,
    x: Option<&[f32]>,
    factors: &[f32],
    addends: Option<&[f32]>,
    activation: Activation,
    out: &mut [f32],
) {
    let c = factors.len();
    assert!(addends.is_none_or(|addends| addends.len() == c), "an addend for each factor");
    if c == 0 {
        return;
    }
    assert_eq!(out.len() % c, 0, "whole places");
    let lanes = S::f32s::LEN;
    let whole = c / lanes * lanes;
    let zeros = S::f32s::splat(s, 0.0);
    // Some places at a time, so that they are still in the nearest cache when they are activated.
    let some = (BLOCK / c).max(1) * c;
    for (block, out) in out.chunks_mut(some).enumerate() {
        let x = x.map(|x| &x[block * some..][..out.len()]);
        for (place, out) in out.chunks_exact_mut(c).enumerate() {
            if let Some(x) = x {
                out.copy_from_slice(&x[place * c..][..c]);
            }
            for (at, out) in out.chunks_exact_mut(lanes).enumerate() {
                let at = at * lanes;
                let addend = addends.map_or(zeros, |b| S::f32s::from_slice(s, &b[at..][..lanes]));
                let factor = S::f32s::from_slice(s, &factors[at..][..lanes]);
                S::f32s::from_slice(s, out).mul_add(factor, addend).store_slice(out);
            }
            for at in whole..c {
                out[at] = out[at] * factors[at] + addends.map_or(0.0, |b| b[at]);
            }
        }
        activate(s, activation, out);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::kernels::float::{level::levels, twin};

    proptest! {
        #[test]
        fn pairs_are_as_their_twins(len in 0usize..3000, act in twin::any_activation(), seed: u64) {
            let (a, b) = (twin::values(len, seed), twin::values(len, seed ^ 1));
            let twin = |of: fn(f32, f32) -> f32| -> Vec<f32> {
                a.iter().zip(&b).map(|(&a, &b)| act.of(of(a, b))).collect()
            };
            let (sums, products) = (twin(|a, b| a + b), twin(|a, b| a * b));
            for level in levels() {
                let mut out = vec![f32::NAN; len];
                add(level, &a, &b, act, &mut out);
                twin::close(&out, &sums, 1e-6)?;
                mul(level, &a, &b, act, &mut out);
                twin::close(&out, &products, 1e-6)?;
                out.copy_from_slice(&a);
                add_to(level, &mut out, &b, act);
                twin::close(&out, &sums, 1e-6)?;
                out.copy_from_slice(&a);
                mul_to(level, &mut out, &b, act);
                twin::close(&out, &products, 1e-6)?;
            }
        }

        #[test]
        fn channels_are_scaled_as_by_their_twin(
            places in 0usize..40, c in 1usize..90, added: bool, act in twin::any_activation(),
            seed: u64,
        ) {
            let x = twin::values(places * c, seed);
            let (factors, addends) = (twin::values(c, seed ^ 1), twin::values(c, seed ^ 2));
            let right: Vec<f32> = x
                .iter()
                .enumerate()
                .map(|(at, x)| {
                    let addend = if added { addends[at % c] } else { 0.0 };
                    act.of(x * factors[at % c] + addend)
                })
                .collect();
            for level in levels() {
                let addends = added.then_some(&addends[..]);
                let mut out = vec![f32::NAN; x.len()];
                scale_channels(level, &x, &factors, addends, act, &mut out);
                twin::close(&out, &right, 1e-6)?;
                out.copy_from_slice(&x);
                scale_channels_to(level, &mut out, &factors, addends, act);
                twin::close(&out, &right, 1e-6)?;
            }
        }
    }
}
