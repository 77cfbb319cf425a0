//! A convolution of each channel alone: the kernels.
//!
//! A vector is some channels of one place. A tile of the result, one or two lines of a few places, is kept
//! in registers, and each value of the input that it depends on is read once.

use fearless_simd::{Simd, SimdBase, SimdFloat};

use super::activation::{clamp, clamp_one};
use super::depth::Depth;
use super::level::many_registers;

/// The least and the greatest result.
#[derive(Clone, Copy)]
pub(super) struct Bounds {
    least: f32,
    greatest: f32,
}

impl From<(f32, f32)> for Bounds {
    fn from((least, greatest): (f32, f32)) -> Self {
        Self { least, greatest }
    }
}

/// What is the same for all tiles of one vector of channels.
struct Job<'a, S: Simd> {
    rows: &'a [&'a [f32]],
    /// Columns of the input.
    wide: usize,
    /// Columns of padding.
    before: usize,
    channels: usize,
    /// The first channel.
    first: usize,
    /// Weights and bias.
    block: &'a [f32],
    least: S::f32s,
    greatest: S::f32s,
    /// Values of a line of the result.
    line: usize,
}

/// Vectors of channels whose values are read together: 512 bytes of them where they are longest.
const SOME: usize = 8;

/// Places of a line in the greatest tile.
#[inline(always)]
const fn most_places(lanes: usize, size: usize, lines: usize) -> usize {
    match (many_registers(lanes), size, lines) {
        (true, 3, _) => 7,
        (true, _, _) => 4,
        (false, 3, _) => 4,
        (false, _, _) => 4,
    }
}

/// `R` lines of `P` results from the place `x0` on.
#[inline(always)]
fn tile<S: Simd, const K: usize, const STRIDE: usize, const R: usize, const P: usize>(
    s: S,
    job: &Job<'_, S>,
    x0: usize,
    out: &mut [f32],
) {
    let lanes = S::f32s::LEN;
    let block = &job.block[..(K * K + 1) * lanes];
    let weight = |tap: usize| S::f32s::from_slice(s, &block[tap * lanes..][..lanes]);
    // Nine weights stay in registers where there are enough; more are operands in memory at each use.
    let hold = K == 3 && many_registers(lanes);
    let mut held = [[S::f32s::splat(s, 0.0); K]; K];
    if hold {
        for ky in 0..K {
            for kx in 0..K {
                held[ky][kx] = weight(ky * K + kx);
            }
        }
    }
    let mut sums = [[weight(K * K); P]; R];
    // Column by column of the input; which results a value is a part of is known when it is compiled.
    macro_rules! columns {
        ($($j:literal)*) => {
            $(if $j < (P - 1) * STRIDE + K {
                let column = (x0 * STRIDE + $j).wrapping_sub(job.before);
                if column < job.wide {
                    let at = column * job.channels + job.first;
                    for y in 0..(R - 1) * STRIDE + K {
                        let x = S::f32s::from_slice(s, &job.rows[y][at..][..lanes]);
                        for r in 0..R {
                            let ky = y.wrapping_sub(r * STRIDE);
                            if ky < K {
                                for p in 0..P {
                                    let kx = ($j as usize).wrapping_sub(p * STRIDE);
                                    if kx < K {
                                        sums[r][p] = x.mul_add(if hold { held[ky][kx] } else { weight(ky * K + kx) }, sums[r][p]);
                                    }
                                }
                            }
                        }
                    }
                }
            })*
        };
    }
    columns!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14);
    macro_rules! results {
        ($r:literal: $($p:literal)*) => {
            $(if $r < R && $p < P {
                let at = $r * job.line + (x0 + $p) * job.channels + job.first;
                clamp(sums[$r][$p], job.least, job.greatest).store_slice(&mut out[at..][..lanes]);
            })*
        };
    }
    results!(0: 0 1 2 3 4 5 6);
    results!(1: 0 1 2 3 4 5 6);
}

/// `R` lines of a `K` by `K` window.
#[inline(always)]
pub(super) fn lines<S: Simd, const K: usize, const STRIDE: usize, const R: usize>(
    s: S,
    rows: &[&[f32]],
    depth: &Depth,
    bounds: Bounds,
    out: &mut [f32],
) {
    let lanes = S::f32s::LEN;
    let g = &depth.geometry;
    let rows = &rows[..(R - 1) * STRIDE + K];
    let most = most_places(lanes, K, R);
    let tiles = g.output[1].div_ceil(most);
    let (each, more) = (g.output[1] / tiles, g.output[1] % tiles);
    // Some channels of all places, some places at a time: so that what is read lies side by side, which
    // memory is fast at, and the weights stay in the nearest cache.
    let blocks = depth.weights.get().chunks((K * K + 1) * lanes * SOME);
    for (firsts, blocks) in depth.firsts.chunks(SOME).zip(blocks) {
        let mut x0 = 0;
        for t in 0..tiles {
            let places = each + usize::from(t < more);
            for (&first, block) in firsts.iter().zip(blocks.chunks_exact((K * K + 1) * lanes)) {
                let job = Job::<S> {
                    rows,
                    wide: g.input[1],
                    before: g.before[1],
                    channels: g.input[2],
                    first,
                    block,
                    least: S::f32s::splat(s, bounds.least),
                    greatest: S::f32s::splat(s, bounds.greatest),
                    line: g.output[1] * g.input[2],
                };
                macro_rules! go {
                    ($($p:literal)*) => {
                        match places {
                            $($p if $p <= most_places(S::f32s::LEN, K, R) => {
                                tile::<S, K, STRIDE, R, $p>(s, &job, x0, out);
                            })*
                            _ => unreachable!("a tile of {places} places"),
                        }
                    };
                }
                go!(1 2 3 4 5 6 7);
            }
            x0 += places;
        }
    }
}

/// The places of a window, at a place of the result: `(tap, row, column)` for those inside of the input.
#[inline(always)]
fn taps(depth: &Depth, y: usize, x: usize) -> impl Iterator<Item = (usize, usize, usize)> {
    let g = &depth.geometry;
    (0..g.size[0]).flat_map(move |ky| {
        (0..g.size[1]).filter_map(move |kx| {
            let column = (x * g.stride[1] + kx * g.dilation[1]).wrapping_sub(g.before[1]);
            (column < g.input[1]).then_some((
                ky * g.size[1] + kx,
                y * g.stride[0] + ky * g.dilation[0],
                column,
            ))
        })
    })
}

/// Windows of any size, stride and dilation.
#[inline(always)]
pub(super) fn any<S: Simd>(s: S, rows: &[&[f32]], depth: &Depth, bounds: Bounds, out: &mut [f32]) {
    let lanes = S::f32s::LEN;
    let g = &depth.geometry;
    let (channels, all) = (g.input[2], g.size[0] * g.size[1]);
    let least = S::f32s::splat(s, bounds.least);
    let greatest = S::f32s::splat(s, bounds.greatest);
    for (y, out) in out.chunks_exact_mut(g.output[1] * channels).enumerate() {
        let blocks = depth.weights.get().chunks_exact((all + 1) * lanes);
        for (&first, block) in depth.firsts.iter().zip(blocks) {
            for (x, out) in out.chunks_exact_mut(channels).enumerate() {
                let mut sum = S::f32s::from_slice(s, &block[all * lanes..][..lanes]);
                for (tap, row, column) in taps(depth, y, x) {
                    let value =
                        S::f32s::from_slice(s, &rows[row][column * channels + first..][..lanes]);
                    let weight = S::f32s::from_slice(s, &block[tap * lanes..][..lanes]);
                    sum = value.mul_add(weight, sum);
                }
                clamp(sum, least, greatest).store_slice(&mut out[first..][..lanes]);
            }
        }
    }
}

/// Fewer channels than a vector has.
#[inline(always)]
pub(super) fn narrow(rows: &[&[f32]], depth: &Depth, bounds: Bounds, out: &mut [f32]) {
    let g = &depth.geometry;
    let channels = g.input[2];
    let (weights, bias) = depth.weights.get().split_at(g.size[0] * g.size[1] * channels);
    for (y, out) in out.chunks_exact_mut(g.output[1] * channels).enumerate() {
        for (x, out) in out.chunks_exact_mut(channels).enumerate() {
            out.copy_from_slice(bias);
            for (tap, row, column) in taps(depth, y, x) {
                let values = &rows[row][column * channels..][..channels];
                let weights = &weights[tap * channels..][..channels];
                for ((out, value), weight) in out.iter_mut().zip(values).zip(weights) {
                    *out += value * weight;
                }
            }
            for out in out {
                *out = clamp_one(*out, bounds.least, bounds.greatest);
            }
        }
    }
}
