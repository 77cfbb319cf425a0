//! Convolutions, products and pools without preparation: for what is too large or too small for the kernels.

use crate::kernels::Geometry;

/// Neighbours that a window sees.
#[derive(Clone, Copy, Debug)]
struct Seen {
    /// The first place of the window.
    tap: usize,
    /// The first place of the input.
    from: usize,
    /// How many there are.
    len: usize,
}

/// For each place of the result, calls `job` with the result's values and with what its window sees.
fn windows(geometry: &Geometry, out: &mut [f32], mut job: impl FnMut(&mut [f32], &[Seen])) {
    let Geometry { input, output, size, .. } = geometry;
    let mut seen = vec![];
    let mut places = out.chunks_exact_mut(output[2].max(1));
    for y in 0..output[0] {
        for x in 0..output[1] {
            let Some(out) = places.next() else { return };
            seen.clear();
            for [row, down] in inside(geometry, 0, y) {
                let at = |[column, right]: [usize; 2]| Seen {
                    tap: row * size[1] + column,
                    from: down * input[1] + right,
                    len: 1,
                };
                let mut columns = inside(geometry, 1, x).map(at);
                if geometry.dilation[1] > 1 {
                    seen.extend(columns);
                } else if let Some(first) = columns.next() {
                    seen.push(Seen { len: 1 + columns.count(), ..first });
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
            let part = |Seen { tap, from, len }: &Seen| {
                let (x, kernel) = (&x[from * channels..], &kernel[tap * channels..]);
                dot(&x[..len * channels], &kernel[..len * channels])
            };
            *out = bias + seen.iter().map(part).sum::<f32>();
        }
    });
}

/// Each row of `a` with each row of `b`, all of `depth` values: the sum of their products.
pub(crate) fn plain_product(a: &[f32], b: &[f32], depth: usize, out: &mut [f32]) {
    let pairs = a.chunks_exact(depth).flat_map(|a| b.chunks_exact(depth).map(move |b| (a, b)));
    for (out, (a, b)) in out.iter_mut().zip(pairs) {
        *out = dot(a, b);
    }
}

/// The sum of the products, in eight parts that are summed alone.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    if a.is_empty() {
        return rest;
    }
    let mut sums = [0.0; 8];
    for (a, b) in a.iter().zip(b) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += a * b;
        }
    }
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
        for Seen { tap, from, len } in seen {
            let weights = weights[tap * channels..].chunks_exact(channels);
            for (x, weights) in x[from * channels..].chunks_exact(channels).zip(weights).take(*len)
            {
                for (out, (x, weight)) in out.iter_mut().zip(x.iter().zip(weights)) {
                    *out += x * weight;
                }
            }
        }
    });
}

/// The greatest value of each window, or the average of those that are no padding.
pub(crate) fn plain_pool(max: bool, x: &[f32], g: &Geometry, out: &mut [f32]) {
    let channels = g.input[2];
    windows(g, out, |out, seen| {
        out.fill(if max { f32::NEG_INFINITY } else { 0.0 });
        for Seen { from, len, .. } in seen {
            for x in x[from * channels..].chunks_exact(channels).take(*len) {
                for (out, x) in out.iter_mut().zip(x) {
                    *out = match max {
                        true if *x > *out || x.is_nan() => *x,
                        true => *out,
                        false => *out + x,
                    };
                }
            }
        }
        #[allow(clippy::cast_precision_loss, reason = "of 2^24 places nobody takes the mean")]
        if !max {
            let count = seen.iter().map(|seen| seen.len).sum::<usize>().max(1) as f32;
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
