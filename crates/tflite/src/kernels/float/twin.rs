//! The same in plain Rust: what is right. For tests.

#![allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "what is right, rounded once"
)]

use proptest::prelude::*;

use super::activation::Activation;
use crate::kernels::Geometry;

/// One of each.
pub(crate) fn activations() -> Vec<Activation> {
    let clamp = |least, greatest| Activation::Clamp { least, greatest };
    vec![
        Activation::None,
        clamp(0.0, 6.0),
        clamp(0.0, f32::INFINITY),
        clamp(f32::NEG_INFINITY, 0.5),
        Activation::HardSwish,
        Activation::Swish,
        Activation::Sigmoid,
    ]
}

/// Any of them.
pub(crate) fn any_activation() -> impl Strategy<Value = Activation> {
    prop::sample::select(activations())
}

/// So many values between -1 and 1, by a seed.
pub(crate) fn values(len: usize, seed: u64) -> Vec<f32> {
    let mut state = seed.wrapping_mul(2).wrapping_add(1);
    let mut next = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((state >> 40) as f32) / 8_388_608.0 - 1.0
    };
    next();
    (0..len).map(|_| next()).collect()
}

/// Whether all of `got` are within `off` of `right`, or within `off` times that if it is more than 1.
pub(crate) fn close(got: &[f32], right: &[f32], off: f32) -> Result<(), TestCaseError> {
    prop_assert_eq!(got.len(), right.len());
    for (at, (got, right)) in got.iter().zip(right).enumerate() {
        let most = off * right.abs().max(1.0);
        prop_assert!((got - right).abs() <= most, "{at}: {got} and not {right}");
    }
    Ok(())
}

/// A whole convolution over all channels; `weights` are of result channel, row, column, channel.
pub(crate) fn convolve(
    x: &[f32],
    weights: &[f32],
    bias: &[f32],
    g: &Geometry,
    add: Option<&[f32]>,
    activation: Activation,
) -> Vec<f32> {
    let ([_, _, c], [_, _, n]) = (g.input, g.output);
    let mut out = vec![];
    for (place, window) in windows(g).into_iter().enumerate() {
        for o in 0..n {
            let mut sum = f64::from(bias[o]);
            for &(tap, at) in &window {
                for i in 0..c {
                    let weight = weights[(o * g.size[0] * g.size[1] + tap) * c + i];
                    sum += f64::from(x[at * c + i]) * f64::from(weight);
                }
            }
            sum += add.map_or(0.0, |add| f64::from(add[place * n + o]));
            out.push(activation.of(sum as f32));
        }
    }
    out
}

/// A convolution of each channel alone; `weights` are of row, column, channel.
pub(crate) fn depthwise(
    x: &[f32],
    weights: &[f32],
    bias: &[f32],
    g: &Geometry,
    activation: Activation,
) -> Vec<f32> {
    let c = g.input[2];
    let mut out = vec![];
    for window in windows(g) {
        for i in 0..c {
            let mut sum = f64::from(bias[i]);
            for &(tap, at) in &window {
                sum += f64::from(x[at * c + i]) * f64::from(weights[tap * c + i]);
            }
            out.push(activation.of(sum as f32));
        }
    }
    out
}

/// For each place of the result, what its window sees: which place of the window, which of the input.
pub(crate) fn windows(g: &Geometry) -> Vec<Vec<(usize, usize)>> {
    let mut all = vec![];
    for y in 0..g.output[0] {
        for x in 0..g.output[1] {
            let mut window = vec![];
            for ky in 0..g.size[0] {
                for kx in 0..g.size[1] {
                    let row = (y * g.stride[0] + ky * g.dilation[0]).checked_sub(g.before[0]);
                    let column = (x * g.stride[1] + kx * g.dilation[1]).checked_sub(g.before[1]);
                    if let (Some(row), Some(column)) = (row, column)
                        && row < g.input[0]
                        && column < g.input[1]
                    {
                        window.push((ky * g.size[1] + kx, row * g.input[1] + column));
                    }
                }
            }
            all.push(window);
        }
    }
    all
}

/// Convolutions of all kinds; those over all channels have other numbers of them in the result.
pub(crate) fn any_geometry(most_channels: usize) -> impl Strategy<Value = Geometry> {
    let two = |range: std::ops::Range<usize>| [range.clone(), range];
    let size = prop_oneof![Just([3, 3]), Just([5, 5]), two(1..8)];
    let stride = prop_oneof![Just([1, 1]), Just([2, 2]), two(1..4)];
    let dilation = prop_oneof![3 => Just([1, 1]), 1 => two(1..4)];
    let channels = [1..most_channels, 1..most_channels];
    (two(1..14), size, stride, dilation, two(0..4), channels, any::<bool>()).prop_map(
        |(high, size, stride, dilation, before, channels, same)| {
            let mut g = Geometry {
                input: [high[0], high[1], channels[0]],
                output: [0, 0, channels[1]],
                size,
                stride,
                dilation,
                before,
            };
            for axis in 0..2 {
                let reach = (g.size[axis] - 1) * g.dilation[axis] + 1;
                if same {
                    g.output[axis] = g.input[axis].div_ceil(g.stride[axis]);
                    let all = (g.output[axis] - 1) * g.stride[axis] + reach;
                    g.before[axis] = all.saturating_sub(g.input[axis]) / 2;
                } else {
                    g.before[axis] = g.before[axis].min(reach - 1);
                    let padded = g.input[axis] + 2 * g.before[axis];
                    g.output[axis] = padded.saturating_sub(reach) / g.stride[axis] + 1;
                }
            }
            g
        },
    )
}
