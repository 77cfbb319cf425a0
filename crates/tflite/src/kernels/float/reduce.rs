//! Many values to few: means, and shares of a whole.

use fearless_simd::{Level, Simd, SimdBase};

use super::exp::exp;
use super::level::dispatch;

/// The mean of each channel over all places; `out` has as many values as there are channels.
///
/// Of no place it is 0.
pub(crate) fn mean_places(level: Level, x: &[f32], out: &mut [f32]) {
    dispatch!(level, s => mean_in(s, x, out));
}

#[inline(always)]
fn mean_in<S: Simd>(s: S, x: &[f32], out: &mut [f32]) {
    let (lanes, c) = (S::f32s::LEN, out.len());
    out.fill(0.0);
    if c == 0 || x.is_empty() {
        return;
    }
    assert_eq!(x.len() % c, 0, "whole places");
    #[allow(clippy::cast_precision_loss, reason = "of 2^24 places nobody takes the mean")]
    let share = 1.0 / (x.len() / c) as f32;
    let whole = c / lanes * lanes;
    // Four vectors of channels at a time, as long as there are as many.
    for first in (0..whole).step_by(4 * lanes) {
        match (whole - first) / lanes {
            1 => columns::<S, 1>(s, x, first, share, out),
            2 => columns::<S, 2>(s, x, first, share, out),
            3 => columns::<S, 3>(s, x, first, share, out),
            _ => columns::<S, 4>(s, x, first, share, out),
        }
    }
    for place in x.chunks_exact(c) {
        for (out, x) in out[whole..].iter_mut().zip(&place[whole..]) {
            *out += x;
        }
    }
    for out in &mut out[whole..] {
        *out *= share;
    }
}

/// The means of `V` vectors of channels.
#[inline(always)]
fn columns<S: Simd, const V: usize>(s: S, x: &[f32], first: usize, share: f32, out: &mut [f32]) {
    let lanes = S::f32s::LEN;
    let mut sums = [S::f32s::splat(s, 0.0); V];
    for place in x.chunks_exact(out.len()) {
        let place = &place[first..][..V * lanes];
        for v in 0..V {
            sums[v] += S::f32s::from_slice(s, &place[v * lanes..][..lanes]);
        }
    }
    for (out, sum) in out[first..].chunks_exact_mut(lanes).zip(sums) {
        (sum * S::f32s::splat(s, share)).store_slice(out);
    }
}

/// For each row of `len` values: `e^(beta * x)`, as a share of the sum of all of the row.
///
/// # Panics
///
/// If there are no whole rows.
pub(crate) fn softmax(level: Level, x: &[f32], len: usize, beta: f32, out: &mut [f32]) {
    if len == 0 {
        return;
    }
    assert!(x.len() == out.len() && x.len().is_multiple_of(len), "whole rows");
    for (x, out) in x.chunks_exact(len).zip(out.chunks_exact_mut(len)) {
        dispatch!(level, s => softmax_in(s, x, beta, out));
    }
}

#[inline(always)]
fn softmax_in<S: Simd>(s: S, x: &[f32], beta: f32, out: &mut [f32]) {
    // What is taken off all of them changes no share, and nothing grows beyond all bounds.
    let most = x.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut sum = 0.0;
    for (x, out) in x.chunks(S::f32s::LEN).zip(out.chunks_mut(S::f32s::LEN)) {
        let mut some = S::f32s::splat(s, 0.0);
        for (some, x) in some.as_mut_slice().iter_mut().zip(x) {
            *some = (x - most) * beta;
        }
        let powers = exp(s, some);
        for (out, power) in out.iter_mut().zip(powers.as_slice()) {
            *out = *power;
            sum += power;
        }
    }
    for out in out {
        *out /= sum;
    }
}

#[cfg(test)]
#[allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "what is right, rounded once"
)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::kernels::float::{level::levels, twin};

    proptest! {
        #[test]
        fn means_are_as_their_twin(places in 1usize..60, c in 1usize..200, seed: u64) {
            let x = twin::values(places * c, seed);
            let right: Vec<f32> = (0..c)
                .map(|c0| {
                    let sum: f64 = x[c0..].iter().step_by(c).map(|&x| f64::from(x)).sum();
                    (sum / places as f64) as f32
                })
                .collect();
            for level in levels() {
                let mut out = vec![f32::NAN; c];
                mean_places(level, &x, &mut out);
                twin::close(&out, &right, 1e-5)?;
            }
        }

        #[test]
        fn shares_are_as_their_twin(
            rows in 1usize..5, len in 1usize..80, by in 0.1f32..60.0, beta in 0.5f32..2.0, seed: u64,
        ) {
            let x: Vec<f32> = twin::values(rows * len, seed).iter().map(|x| x * by).collect();
            let mut right = vec![];
            for row in x.chunks(len) {
                let most = row.iter().copied().fold(f32::MIN, f32::max);
                let power = |x: f32| (f64::from(beta) * f64::from(x - most)).exp();
                let sum: f64 = row.iter().map(|&x| power(x)).sum();
                right.extend(row.iter().map(|&x| (power(x) / sum) as f32));
            }
            for level in levels() {
                let mut out = vec![f32::NAN; x.len()];
                softmax(level, &x, len, beta, &mut out);
                twin::close(&out, &right, 1e-5)?;
            }
        }
    }

    #[test]
    fn of_no_number_there_is_no_share() {
        for level in levels() {
            for x in [[f32::NAN, 1.0, 2.0], [1.0, f32::INFINITY, 2.0], [f32::NEG_INFINITY; 3]] {
                let mut out = [0.0; 3];
                softmax(level, &x, 3, 1.0, &mut out);
                assert!(out.iter().any(|x| x.is_nan()), "{level:?} {x:?} {out:?}");
            }
            let mut none = [1.0; 3];
            mean_places(level, &[], &mut none);
            assert_eq!(none.map(f32::to_bits), [0; 3]);
        }
    }
}
