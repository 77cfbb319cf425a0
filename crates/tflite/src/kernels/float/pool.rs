//! The greatest and the mean value of windows.

use fearless_simd::{Level, Simd, SimdBase};

use super::activation::{Activation, activate};
use super::level::dispatch;
use crate::kernels::Geometry;

/// The greatest value of each window, of those inside of the input.
///
/// # Panics
///
/// If a slice is not as long as the geometry says.
pub(crate) fn max_pool(
    level: Level,
    x: &[f32],
    geometry: &Geometry,
    activation: Activation,
    out: &mut [f32],
) {
    #[inline(always)]
    #[allow(clippy::redundant_closure, reason = "the method has a type of its own for its operand")]
    fn greatest<S: Simd>(s: S, x: &[f32], g: &Geometry, activation: Activation, out: &mut [f32]) {
        // As processors do it.
        let single = |most: f32, x: f32| if x <= most { most } else { x };
        pool(
            s,
            x,
            g,
            activation,
            out,
            f32::NEG_INFINITY,
            false,
            single,
            #[inline(always)]
            |most: S::f32s, x: S::f32s| most.max(x),
        );
    }
    dispatch!(level, s => greatest(s, x, geometry, activation, out));
}

/// The mean of each window, over what is inside of the input: padding does not count.
///
/// # Panics
///
/// If a slice is not as long as the geometry says.
pub(crate) fn average_pool(
    level: Level,
    x: &[f32],
    geometry: &Geometry,
    activation: Activation,
    out: &mut [f32],
) {
    #[inline(always)]
    fn mean<S: Simd>(s: S, x: &[f32], g: &Geometry, activation: Activation, out: &mut [f32]) {
        pool(
            s,
            x,
            g,
            activation,
            out,
            0.0,
            true,
            |a, x| a + x,
            #[inline(always)]
            |a: S::f32s, x: S::f32s| a + x,
        );
    }
    dispatch!(level, s => mean(s, x, geometry, activation, out));
}

#[inline(always)]
#[allow(clippy::too_many_arguments, reason = "what differs between two kinds of pools")]
fn pool<S: Simd>(
    s: S,
    x: &[f32],
    g: &Geometry,
    activation: Activation,
    out: &mut [f32],
    start: f32,
    means: bool,
    single: impl Fn(f32, f32) -> f32,
    vector: impl Fn(S::f32s, S::f32s) -> S::f32s,
) {
    let ([high, wide, c], lanes) = (g.input, S::f32s::LEN);
    assert_eq!(x.len(), high * wide * c, "values of a pool");
    assert_eq!(out.len(), g.places() * c, "results of a pool");
    if out.is_empty() {
        return;
    }
    let whole = c / lanes * lanes;
    for (y, out) in out.chunks_exact_mut(g.output[1] * c).enumerate() {
        let [top, bottom] = inside(g, 0, y);
        for (column, out) in out.chunks_exact_mut(c).enumerate() {
            let [left, right] = inside(g, 1, column);
            let count = (bottom - top) * (right - left);
            #[allow(clippy::cast_precision_loss, reason = "a window has not 2^24 places")]
            let share = if means { 1.0 / count.max(1) as f32 } else { 1.0 };
            let at = |ky: usize, kx: usize| {
                let row = y * g.stride[0] + ky * g.dilation[0] - g.before[0];
                let column = column * g.stride[1] + kx * g.dilation[1] - g.before[1];
                (row * wide + column) * c
            };
            let factor = S::f32s::splat(s, share);
            for first in (0..whole).step_by(lanes) {
                let mut sum = S::f32s::splat(s, start);
                for ky in top..bottom {
                    for kx in left..right {
                        let x = S::f32s::from_slice(s, &x[at(ky, kx) + first..][..lanes]);
                        sum = vector(sum, x);
                    }
                }
                (sum * factor).store_slice(&mut out[first..][..lanes]);
            }
            let rest = &mut out[whole..];
            rest.fill(start);
            for ky in top..bottom {
                for kx in left..right {
                    for (out, x) in rest.iter_mut().zip(&x[at(ky, kx) + whole..]) {
                        *out = single(*out, *x);
                    }
                }
            }
            for out in rest {
                *out *= share;
            }
        }
        activate(s, activation, out);
    }
}

/// Which rows (or columns) of the window at a row (column) of the result are inside of the input.
#[inline(always)]
fn inside(g: &Geometry, axis: usize, at: usize) -> [usize; 2] {
    let from = at * g.stride[axis];
    let first = g.before[axis].saturating_sub(from).div_ceil(g.dilation[axis]);
    let after = (g.input[axis] + g.before[axis]).saturating_sub(from).div_ceil(g.dilation[axis]);
    let end = after.min(g.size[axis]);
    [first.min(end), end]
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
        fn pools_are_as_their_twins(
            g in twin::any_geometry(70), act in twin::any_activation(), seed: u64,
        ) {
            let c = g.input[2];
            let g = Geometry { output: [g.output[0], g.output[1], c], ..g };
            let x = twin::values(g.input.iter().product(), seed);
            let (mut greatest, mut means) = (vec![], vec![]);
            for window in twin::windows(&g) {
                for i in 0..c {
                    let seen = window.iter().map(|&(_, at)| x[at * c + i]);
                    greatest.push(act.of(seen.clone().fold(f32::NEG_INFINITY, f32::max)));
                    let count = window.len().max(1) as f64;
                    means.push(act.of((seen.map(f64::from).sum::<f64>() / count) as f32));
                }
            }
            // A window that sees nothing has no greatest value.
            let seen = twin::windows(&g).iter().all(|window| !window.is_empty());
            for level in levels() {
                let mut out = vec![f32::NAN; means.len()];
                average_pool(level, &x, &g, act, &mut out);
                twin::close(&out, &means, 1e-5)?;
                if seen {
                    max_pool(level, &x, &g, act, &mut out);
                    twin::close(&out, &greatest, 1e-6)?;
                }
            }
        }
    }
}
