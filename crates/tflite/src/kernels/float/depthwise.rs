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

/// Places in a tile for a line of `wide`: few sizes, for each is much code. The last tile of a line has
/// places of the one before too where they do not fill it.
#[inline(always)]
const fn places(lanes: usize, wide: usize) -> usize {
    let most = if many_registers(lanes) { 7 } else { 4 };
    if wide < 4 {
        return 1;
    }
    match wide.div_ceil(wide.div_ceil(most)) {
        0..=4 => 4,
        5 => 5,
        _ if wide >= 7 => 7,
        _ => 4,
    }
}

/// Whether there are kernels of their own for usual windows. Old processors get no code for that.
pub(super) const fn has_lines(lanes: usize) -> bool {
    lanes > 4 || many_registers(lanes)
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
    let mut sums = [[weight(K * K); P]; R];
    // Line by line of the input, so that only the weights of a line of the window are held for each line of
    // the result; then column by column. Which results a value is a part of is known when it is compiled.
    macro_rules! line {
        ($y:literal: $($j:literal)*) => {
            if $y < (R - 1) * STRIDE + K {
                let row = job.rows[$y];
                let mut held = [[S::f32s::splat(s, 0.0); K]; R];
                for r in 0..R {
                    let ky = ($y as usize).wrapping_sub(r * STRIDE);
                    if ky < K {
                        for kx in 0..K {
                            held[r][kx] = weight(ky * K + kx);
                        }
                    }
                }
                $(if $j < (P - 1) * STRIDE + K {
                    let column = (x0 * STRIDE + $j).wrapping_sub(job.before);
                    if column < job.wide {
                        let at = column * job.channels + job.first;
                        let x = S::f32s::from_slice(s, &row[at..][..lanes]);
                        for r in 0..R {
                            if ($y as usize).wrapping_sub(r * STRIDE) < K {
                                for p in 0..P {
                                    let kx = ($j as usize).wrapping_sub(p * STRIDE);
                                    if kx < K {
                                        sums[r][p] = x.mul_add(held[r][kx], sums[r][p]);
                                    }
                                }
                            }
                        }
                    }
                })*
            }
        };
    }
    macro_rules! all {
        ($($y:literal)*) => { $(line!($y: 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16);)* };
    }
    all!(0 1 2 3 4 5 6);
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
    let places = places(lanes, g.output[1]);
    // Some channels of all places, some places at a time: so that what is read lies side by side, which
    // memory is fast at, and the weights stay in the nearest cache.
    let blocks = depth.weights.chunks((K * K + 1) * lanes * SOME);
    for (firsts, blocks) in depth.firsts.chunks(SOME).zip(blocks) {
        for x0 in (0..g.output[1]).step_by(places) {
            let x0 = x0.min(g.output[1] - places);
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
                            $($p => {
                                if const { $p <= 4 || many_registers(<S::f32s as SimdBase<S>>::LEN) } {
                                    tile::<S, K, STRIDE, R, $p>(s, &job, x0, out);
                                }
                            })*
                            _ => unreachable!("a tile of {places} places"),
                        }
                    };
                }
                go!(1 4 5 7);
            }
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
        let blocks = depth.weights.chunks_exact((all + 1) * lanes);
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
    let (weights, bias) = depth.weights.split_at(g.size[0] * g.size[1] * channels);
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
