//! A convolution of each channel alone: which kernel computes it.

use fearless_simd::{Simd, SimdBase};

use super::activation::{Activation, activate};
use super::depth::Depth;
use super::depthwise::{Bounds, any, has_lines, lines, narrow};
use super::level::dispatch;

/// Some lines of the result, one behind the other in `out`: two at a time are fastest.
///
/// `rows` are the lines of the input that they need ([`Depth::needs`]), without padding at their ends; of
/// zeros where they are outside of the input.
///
/// # Panics
///
/// If there are other numbers of lines or values.
pub(crate) fn depthwise(rows: &[&[f32]], depth: &Depth, activation: Activation, out: &mut [f32]) {
    let line = depth.geometry.output[1] * depth.geometry.output[2];
    if line == 0 || out.is_empty() {
        return;
    }
    let count = out.len() / line;
    assert_eq!(out.len(), count * line, "whole lines");
    assert_eq!(rows.len(), depth.needs(count), "lines of the input");
    dispatch!(depth.level, s => depthwise_in(s, rows, depth, activation, out));
}

/// All of the result. `zeros` is a line of zeros, as long as one of the input at least.
///
/// # Panics
///
/// If a slice is too short.
pub(crate) fn depthwise_all(
    x: &[f32],
    zeros: &[f32],
    depth: &Depth,
    activation: Activation,
    out: &mut [f32],
) {
    const MOST: usize = 32;
    let g = &depth.geometry;
    let (line, out_line) = (g.input[1] * g.input[2], g.output[1] * g.output[2]);
    if out_line == 0 {
        return;
    }
    let zeros = &zeros[..line];
    let mut few: [&[f32]; MOST] = [&[]; MOST];
    let mut many = vec![];
    let rows: &mut [&[f32]] = if depth.needs(2) <= MOST {
        &mut few
    } else {
        many.resize(depth.needs(2), zeros);
        &mut many
    };
    for (pair, out) in out.chunks_mut(2 * out_line).enumerate() {
        let need = depth.needs(out.len() / out_line);
        for (at, row) in rows[..need].iter_mut().enumerate() {
            let y = (2 * pair * g.stride[0] + at).wrapping_sub(g.before[0]);
            *row = if y < g.input[0] { &x[y * line..][..line] } else { zeros };
        }
        depthwise(&rows[..need], depth, activation, out);
    }
}

#[inline(always)]
fn depthwise_in<S: Simd>(
    s: S,
    rows: &[&[f32]],
    depth: &Depth,
    activation: Activation,
    out: &mut [f32],
) {
    let bounds = activation.bounds();
    let bounds = Bounds::from(bounds.unwrap_or((f32::NEG_INFINITY, f32::INFINITY)));
    let g = &depth.geometry;
    let count = out.len() / (g.output[1] * g.output[2]);
    let square = g.size[0] == g.size[1] && g.stride[0] == g.stride[1] && g.dilation == [1, 1];
    macro_rules! go {
        ($k:literal $stride:literal $lines:literal) => {
            if const { has_lines(<S::f32s as SimdBase<S>>::LEN) } {
                s.vectorize(
                    #[inline(always)]
                    || lines::<S, $k, $stride, $lines>(s, rows, depth, bounds, out),
                )
            } else {
                any(s, rows, depth, bounds, out);
            }
        };
    }
    match (g.size[0], g.stride[0], count) {
        _ if depth.firsts.is_empty() => narrow(rows, depth, bounds, out),
        (3, 1, 1) if square => go!(3 1 1),
        (3, 1, 2) if square => go!(3 1 2),
        (3, 2, 1) if square => go!(3 2 1),
        (3, 2, 2) if square => go!(3 2 2),
        (5, 1, 1) if square => go!(5 1 1),
        (5, 1, 2) if square => go!(5 1 2),
        (5, 2, 1) if square => go!(5 2 1),
        (5, 2, 2) if square => go!(5 2 2),
        _ => any(s, rows, depth, bounds, out),
    }
    if activation.bounds().is_none() {
        activate(s, activation, out);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::kernels::Geometry;
    use crate::kernels::float::{level::levels, twin};

    fn check(g: &Geometry, act: Activation, count: usize, seed: u64) -> Result<(), TestCaseError> {
        let [high, wide, c] = g.input;
        let x = twin::values(high * wide * c, seed);
        let weights = twin::values(g.size[0] * g.size[1] * c, seed ^ 1);
        let bias = twin::values(c, seed ^ 2);
        let right = twin::depthwise(&x, &weights, &bias, g, act);
        let zeros = vec![0.0; wide * c];
        let line = g.output[1] * c;
        for level in levels() {
            let depth = Depth::new(level, &weights, &bias, g);
            let mut out = vec![f32::NAN; g.places() * c];
            depthwise_all(&x, &zeros, &depth, act, &mut out);
            twin::close(&out, &right, 2e-5)?;
            out.fill(f32::NAN);
            for (at, out) in out.chunks_mut(count * line).enumerate() {
                let rows: Vec<&[f32]> = (0..depth.needs(out.len() / line))
                    .map(|row| (at * count * g.stride[0] + row).wrapping_sub(g.before[0]))
                    .map(|y| if y < high { &x[y * wide * c..][..wide * c] } else { &zeros })
                    .collect();
                depthwise(&rows, &depth, act, out);
            }
            twin::close(&out, &right, 2e-5)?;
        }
        Ok(())
    }

    proptest! {
        #[test]
        fn windows_of_any_kind_are_as_their_twin(
            g in twin::any_geometry(70), act in twin::any_activation(), count in 1usize..4,
            seed: u64,
        ) {
            let c = g.input[2];
            check(&Geometry { output: [g.output[0], g.output[1], c], ..g }, act, count, seed)?;
        }

        #[test]
        fn usual_windows_are_as_their_twin(
            high in 1usize..9, wide in 1usize..40, c in 1usize..40, five: bool, stride in 1usize..3,
            before in 0usize..3, act in twin::any_activation(), count in 1usize..3, seed: u64,
        ) {
            let size = if five { 5 } else { 3 };
            let output = [high.div_ceil(stride), wide.div_ceil(stride), c];
            let g = Geometry {
                input: [high, wide, c], output, size: [size; 2], stride: [stride; 2], dilation: [1, 1],
                before: [before; 2],
            };
            check(&g, act, count, seed)?;
        }
    }

    #[test]
    fn weights_of_16_bits() {
        let g = Geometry {
            input: [4, 4, 20],
            output: [4, 4, 20],
            size: [3, 3],
            stride: [1, 1],
            dilation: [1, 1],
            before: [1, 1],
        };
        // 1.0 is 0x3c00.
        let halves = [0x00, 0x3c].repeat(9 * 20);
        for level in levels() {
            let depth = Depth::from_half(level, &halves, &[0.5; 20], &g);
            let same = Depth::new(level, &[1.0; 180], &[0.5; 20], &g);
            assert_eq!(depth.weights[..], same.weights[..]);
        }
    }
}
