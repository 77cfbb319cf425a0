//! Convolutions and pools without preparation: for windows that are too large for the kernels, and for weights
//! that are not known before.

use crate::kernels::Geometry;

/// For each place of the result, calls `job` with the result's values and with what its window sees: which
/// places of the window, which of the input.
fn windows(geometry: &Geometry, out: &mut [f32], mut job: impl FnMut(&mut [f32], &[[usize; 2]])) {
    let Geometry { input, output, size, .. } = geometry;
    let mut seen = vec![];
    let mut places = out.chunks_exact_mut(output[2].max(1));
    for y in 0..output[0] {
        for x in 0..output[1] {
            let Some(out) = places.next() else { return };
            seen.clear();
            for down in inside(geometry, 0, y) {
                for right in inside(geometry, 1, x) {
                    let from = down[1] * input[1] + right[1];
                    seen.push([down[0] * size[1] + right[0], from]);
                }
            }
            job(out, &seen);
        }
    }
}

/// Which rows (or columns) of a window see which of the input, for one of the result.
fn inside(geometry: &Geometry, axis: usize, place: usize) -> impl Iterator<Item = [usize; 2]> {
    let Geometry { input, size, stride, dilation, before, .. } = geometry;
    let (first, side, dilation) = (place * stride[axis], input[axis], dilation[axis]);
    let before = before[axis];
    (0..size[axis]).filter_map(move |own| {
        let at = (first + own * dilation).checked_sub(before).filter(|at| *at < side)?;
        Some([own, at])
    })
}

/// A convolution of one image over all channels; `weights` are of result, row, column, channel.
pub(crate) fn plain_conv(x: &[f32], weights: &[f32], bias: &[f32], g: &Geometry, out: &mut [f32]) {
    let (channels, taps) = (g.input[2], g.size[0] * g.size[1]);
    windows(g, out, |out, seen| {
        let kernels = weights.chunks_exact(taps * channels);
        for ((out, bias), kernel) in out.iter_mut().zip(bias).zip(kernels) {
            *out = bias
                + seen
                    .iter()
                    .map(|[tap, from]| {
                        dot(
                            &x[from * channels..][..channels],
                            &kernel[tap * channels..][..channels],
                        )
                    })
                    .sum::<f32>();
        }
    });
}

/// The sum of the products, in eight parts that are summed alone.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    let mut sums = [0.0; 8];
    for (a, b) in a.iter().zip(b) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += a * b;
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f32>() + rest
}

/// A convolution of each channel of one image; `weights` are of row, column, channel.
pub(crate) fn plain_depthwise(
    x: &[f32],
    weights: &[f32],
    bias: &[f32],
    g: &Geometry,
    out: &mut [f32],
) {
    let channels = g.input[2];
    windows(g, out, |out, seen| {
        out.copy_from_slice(bias);
        for [tap, from] in seen {
            let values = x[from * channels..].iter().zip(&weights[tap * channels..]);
            for (out, (x, weight)) in out.iter_mut().zip(values) {
                *out += x * weight;
            }
        }
    });
}

/// The greatest value of each window, or the average of those that are no padding.
pub(crate) fn plain_pool(max: bool, x: &[f32], g: &Geometry, out: &mut [f32]) {
    let channels = g.input[2];
    windows(g, out, |out, seen| {
        out.fill(if max { f32::NEG_INFINITY } else { 0.0 });
        for [_, from] in seen {
            for (out, x) in out.iter_mut().zip(&x[from * channels..]) {
                *out = match max {
                    true if *x > *out || x.is_nan() => *x,
                    true => *out,
                    false => *out + x,
                };
            }
        }
        #[allow(clippy::cast_precision_loss, reason = "of 2^24 places nobody takes the mean")]
        if !max {
            let count = seen.len().max(1) as f32;
            for out in out {
                *out /= count;
            }
        }
    });
}

#[cfg(test)]
#[allow(clippy::cast_precision_loss, reason = "few places")]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::kernels::float::{Activation, twin};

    proptest! {
        #[test]
        fn convolutions_are_as_their_twins(g in twin::any_geometry(40), seed: u64) {
            let ([high, wide, c], n, taps) = (g.input, g.output[2], g.size[0] * g.size[1]);
            let x = twin::values(high * wide * c, seed);
            let (weights, bias) = (twin::values(n * taps * c, seed ^ 1), twin::values(n, seed ^ 2));
            let mut out = vec![f32::NAN; g.places() * n];
            plain_conv(&x, &weights, &bias, &g, &mut out);
            let right = twin::convolve(&x, &weights, &bias, &g, None, Activation::None);
            twin::close(&out, &right, 1e-4)?;
        }

        #[test]
        fn each_channel_is_as_its_twin(mut g in twin::any_geometry(40), seed: u64) {
            g.output[2] = g.input[2];
            let ([high, wide, c], taps) = (g.input, g.size[0] * g.size[1]);
            let x = twin::values(high * wide * c, seed);
            let (weights, bias) = (twin::values(taps * c, seed ^ 1), twin::values(c, seed ^ 2));
            let mut out = vec![f32::NAN; g.places() * c];
            plain_depthwise(&x, &weights, &bias, &g, &mut out);
            let right = twin::depthwise(&x, &weights, &bias, &g, Activation::None);
            twin::close(&out, &right, 1e-5)?;
            // Of no place there is no greatest.
            prop_assume!(twin::windows(&g).iter().all(|window| !window.is_empty()));
            for max in [false, true] {
                plain_pool(max, &x, &g, &mut out);
                let right: Vec<f32> = twin::windows(&g).into_iter().flat_map(|window| {
                    let x = &x;
                    (0..c).map(move |i| {
                        let seen = window.iter().map(|(_, at)| x[at * c + i]);
                        if max { seen.fold(f32::NEG_INFINITY, f32::max) } else { seen.sum::<f32>() / (window.len().max(1) as f32) }
                    }).collect::<Vec<f32>>()
                }).collect();
                twin::close(&out, &right, 1e-5)?;
            }
        }
    }
}
