//! Convolutions of 3 by 3 with fewer products: Winograd's minimal filtering (Lavin and Gray, "Fast
//! Algorithms for Convolutional Neural Networks", 2016).
//!
//! Of each tile of the input, 4 by 4, a result of 2 by 2 is computed with 16 products for each pair of
//! channels, where windows need 36. The products are 16 matrix products, one for each place of the tile;
//! sums before and after them do the rest. They are sums and differences of values that are as large as
//! they are in windows, so no digit is lost.

#![allow(clippy::needless_range_loop, reason = "loops over a tile go over several arrays at once")]

use fearless_simd::{Level, Simd, SimdBase, SimdFloat};

use super::activation::{Activation, activate, clamp};
use super::level::{dispatch, lanes};
use super::packed::Packed;
use super::product::{Finish, gemm};
use super::rows::Rows;
use crate::kernels::Geometry;
use crate::kernels::aligned::Aligned;

/// Rows and columns of a tile of the input, and places of it.
const SIDE: usize = 4;
const PLACES: usize = SIDE * SIDE;
/// Values of the widest vector of any level, and of a line of the cache.
const LINE: usize = 16;

/// The weights of a convolution of 3 by 3, transformed.
#[derive(Clone, Debug)]
pub(crate) struct Winograd {
    level: Level,
    geometry: Geometry,
    /// One matrix for each place of a tile, without a bias.
    weights: Vec<Packed>,
    bias: Aligned,
    /// One for each channel of the input.
    zeros: Aligned,
}

impl Winograd {
    /// Whether a convolution can be computed like this, and is faster so on that level.
    pub(crate) fn pays(level: Level, geometry: &Geometry) -> bool {
        let [_, _, channels] = geometry.input;
        geometry.size == [3, 3]
            && geometry.stride == [1, 1]
            && geometry.dilation == [1, 1]
            // The transformed weights are 16 for each 9: too many to read for few tiles.
            && tiles(geometry) >= 32
            // The sums cost as much for each channel as some products do.
            && channels.min(geometry.output[2]) >= 2 * LINE.max(lanes(level))
    }

    /// `weights[result channel][row][column][channel]`, `bias[result channel]`.
    ///
    /// # Panics
    ///
    /// If it does not [pay](Self::pays), or a slice has another length than the geometry says.
    pub(crate) fn new(level: Level, weights: &[f32], bias: &[f32], geometry: &Geometry) -> Self {
        assert!(Self::pays(level, geometry), "a convolution that can be computed like this");
        let (k, n) = (geometry.input[2], geometry.output[2]);
        assert_eq!(weights.len(), 9 * n * k, "weights of a convolution");
        assert_eq!(bias.len(), n, "bias of a convolution");
        let none = vec![0.0; n];
        let mut matrix = vec![0.0; n * k];
        let weights = (0..PLACES)
            .map(|place| {
                let (rows, columns) = (filter(place / SIDE), filter(place % SIDE));
                for (to, from) in matrix.chunks_exact_mut(k).zip(weights.chunks_exact(9 * k)) {
                    to.fill(0.0);
                    for (tap, from) in from.chunks_exact(k).enumerate() {
                        let factor = rows[tap / 3] * columns[tap % 3];
                        if factor != 0.0 {
                            to.iter_mut().zip(from).for_each(|(to, from)| *to += factor * from);
                        }
                    }
                }
                Packed::new(level, &matrix, &none, n, k)
            })
            .collect();
        let mut padded = Aligned::zeros(n);
        padded.copy_from_slice(bias);
        Self { level, geometry: geometry.clone(), weights, bias: padded, zeros: Aligned::zeros(k) }
    }

    /// All of the result. `scratch` is memory for what is in between; it grows to what is needed.
    ///
    /// # Panics
    ///
    /// If a slice is too short.
    pub(crate) fn run(
        &self,
        x: &[f32],
        finish: Finish<'_>,
        scratch: &mut Aligned,
        out: &mut [f32],
    ) {
        let g = &self.geometry;
        let (k, n) = (g.input[2], g.output[2]);
        let all = tiles(g);
        if all == 0 {
            return;
        }
        // So many that what is in between stays in the second-level cache, but enough that the weights
        // are not read too often.
        let blocks = all.div_ceil((BLOCK / (PLACES * k.max(n))).max(64));
        let most = all.div_ceil(blocks);
        // A line more, so that the 16 matrices do not begin at the same place of the nearest cache.
        let (x_step, y_step) = (step(most * k), step(most * n));
        let (tiles_x, tiles_y) =
            scratch.grown(PLACES * (x_step + y_step)).split_at_mut(PLACES * x_step);
        for first in (0..all).step_by(most) {
            let tiles = first..(first + most).min(all);
            let count = tiles.len();
            dispatch!(self.level, s => self.before(s, x, tiles.clone(), x_step, tiles_x));
            let none = Finish { activation: Activation::None, add: None };
            let matrices = tiles_x.chunks_exact(x_step).zip(tiles_y.chunks_exact_mut(y_step));
            for (weights, (x, y)) in self.weights.iter().zip(matrices) {
                gemm(Rows::matrix(&x[..count * k], k), 0, count, weights, none, y);
            }
            dispatch!(self.level, s => self.after(s, tiles_y, y_step, tiles.clone(), finish, out));
        }
    }

    /// The sums before the products, for some tiles: `to[place][tile][channel]`.
    #[inline(always)]
    fn before<S: Simd>(
        &self,
        s: S,
        x: &[f32],
        tiles: std::ops::Range<usize>,
        step: usize,
        to: &mut [f32],
    ) {
        let g = &self.geometry;
        let ([high, wide, k], lanes) = (g.input, S::f32s::LEN);
        let across = g.output[1].div_ceil(2);
        // Beside the input are zeros.
        let (none, zeros) = (&self.zeros[..], S::f32s::splat(s, 0.0));
        for (index, tile) in tiles.enumerate() {
            let (top, left) = (tile / across * 2, tile % across * 2);
            let mut from = [&none[..k]; PLACES];
            for (place, from) in from.iter_mut().enumerate() {
                let row = (top + place / SIDE).wrapping_sub(g.before[0]);
                let column = (left + place % SIDE).wrapping_sub(g.before[1]);
                if row < high && column < wide {
                    *from = &x[(row * wide + column) * k..][..k];
                }
            }
            for channel in firsts(k, lanes) {
                let mut values = [[zeros; SIDE]; SIDE];
                for row in 0..SIDE {
                    for column in 0..SIDE {
                        let from = &from[row * SIDE + column][channel..][..lanes];
                        values[row][column] = S::f32s::from_slice(s, from);
                    }
                }
                let rows =
                    [spread(values[0]), spread(values[1]), spread(values[2]), spread(values[3])];
                for column in 0..SIDE {
                    let sums = spread([
                        rows[0][column],
                        rows[1][column],
                        rows[2][column],
                        rows[3][column],
                    ]);
                    for row in 0..SIDE {
                        let at = (row * SIDE + column) * step + index * k + channel;
                        sums[row].store_slice(&mut to[at..][..lanes]);
                    }
                }
            }
        }
    }

    /// The sums behind the products, and the finish.
    #[inline(always)]
    fn after<S: Simd>(
        &self,
        s: S,
        from: &[f32],
        step: usize,
        tiles: std::ops::Range<usize>,
        finish: Finish<'_>,
        out: &mut [f32],
    ) {
        let [high, wide, n] = self.geometry.output;
        let lanes = S::f32s::LEN;
        let across = wide.div_ceil(2);
        let all = (f32::NEG_INFINITY, f32::INFINITY);
        let (least, greatest) = finish.activation.bounds().unwrap_or(all);
        let (least, greatest) = (S::f32s::splat(s, least), S::f32s::splat(s, greatest));
        for (index, tile) in tiles.enumerate() {
            let (top, left) = (tile / across * 2, tile % across * 2);
            for channel in firsts(n, lanes) {
                let bias = S::f32s::from_slice(s, &self.bias[channel..][..lanes]);
                let mut values = [[bias; SIDE]; SIDE];
                for row in 0..SIDE {
                    for column in 0..SIDE {
                        let at = (row * SIDE + column) * step + index * n + channel;
                        values[row][column] = S::f32s::from_slice(s, &from[at..][..lanes]);
                    }
                }
                // Not with a closure: what it calls would not be a part of this function.
                let rows =
                    [gather(values[0]), gather(values[1]), gather(values[2]), gather(values[3])];
                for column in 0..2 {
                    if left + column >= wide {
                        break;
                    }
                    let sums = gather([
                        rows[0][column],
                        rows[1][column],
                        rows[2][column],
                        rows[3][column],
                    ]);
                    for row in 0..2 {
                        if top + row >= high {
                            break;
                        }
                        let at = ((top + row) * wide + left + column) * n + channel;
                        let mut sum = sums[row] + bias;
                        if let Some(add) = finish.add {
                            sum += S::f32s::from_slice(s, &add[at..][..lanes]);
                        }
                        clamp(sum, least, greatest).store_slice(&mut out[at..][..lanes]);
                    }
                }
            }
            if finish.activation.bounds().is_none() {
                for row in 0..2.min(high - top) {
                    let at = ((top + row) * wide + left) * n;
                    let out = &mut out[at..][..2.min(wide - left) * n];
                    activate(s, finish.activation, out);
                }
            }
        }
    }
}

/// Floats of the input's or the result's tiles in a block: half a usual second-level cache.
const BLOCK: usize = 128 * 1024;

/// How many tiles the result has.
fn tiles(geometry: &Geometry) -> usize {
    geometry.output[0].div_ceil(2) * geometry.output[1].div_ceil(2)
}

/// From one matrix to the next.
fn step(len: usize) -> usize {
    len.next_multiple_of(LINE) + LINE
}

/// The first channel of each vector; the last vector has some of the one before too where channels do not
/// fill it.
#[inline(always)]
fn firsts(channels: usize, lanes: usize) -> impl Iterator<Item = usize> {
    (0..channels.div_ceil(lanes)).map(move |block| (block * lanes).min(channels - lanes))
}

/// What a line of a filter is multiplied with for a place of the tile.
fn filter(place: usize) -> [f32; 3] {
    match place {
        0 => [1.0, 0.0, 0.0],
        1 => [0.5, 0.5, 0.5],
        2 => [0.5, -0.5, 0.5],
        _ => [0.0, 0.0, 1.0],
    }
}

/// A line of a tile of the input to what is multiplied.
#[inline(always)]
fn spread<S: Simd, V: SimdFloat<S>>(x: [V; 4]) -> [V; 4] {
    [x[0] - x[2], x[1] + x[2], x[2] - x[1], x[1] - x[3]]
}

/// A line of products to results.
#[inline(always)]
fn gather<S: Simd, V: SimdFloat<S>>(x: [V; 4]) -> [V; 2] {
    [x[0] + x[1] + x[2], x[1] - x[2] - x[3]]
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
        #![proptest_config(ProptestConfig::with_cases(60))]
        #[test]
        fn as_windows_are(
            high in [13usize..22, 13..22], channels in [32usize..70, 32..70], before in 0usize..3,
            act in twin::any_activation(), added: bool, seed: u64,
        ) {
            let output = high.map(|side| (side + 2 * before).saturating_sub(2).max(1));
            let g = Geometry {
                input: [high[0], high[1], channels[0]],
                output: [output[0], output[1], channels[1]],
                size: [3, 3], stride: [1, 1], dilation: [1, 1], before: [before; 2],
            };
            let x = twin::values(g.input.iter().product(), seed);
            let weights = twin::values(9 * channels[0] * channels[1], seed ^ 1);
            let bias = twin::values(channels[1], seed ^ 2);
            let add = twin::values(g.output.iter().product(), seed ^ 3);
            let add = added.then_some(&add[..]);
            let right = twin::convolve(&x, &weights, &bias, &g, add, act);
            let mut scratch = Aligned::default();
            for level in levels() {
                prop_assert!(Winograd::pays(level, &g));
                let mut out = vec![f32::NAN; right.len()];
                let finish = Finish { activation: act, add };
                Winograd::new(level, &weights, &bias, &g).run(&x, finish, &mut scratch, &mut out);
                twin::close(&out, &right, 1e-4)?;
            }
        }
    }

    /// The root of the mean square of what `got` is off.
    fn off(got: &[f32], right: &[f32]) -> f64 {
        let squares = got.iter().zip(right).map(|(x, y)| f64::from(x - y).powi(2));
        (squares.sum::<f64>() / got.len() as f64).sqrt()
    }

    #[test]
    fn no_digit_is_lost() {
        let g = Geometry {
            input: [14, 14, 96],
            output: [12, 12, 64],
            size: [3, 3],
            stride: [1, 1],
            dilation: [1, 1],
            before: [0, 0],
        };
        // As between two layers: nothing below 0.
        let x: Vec<f32> = twin::values(14 * 14 * 96, 1).iter().map(|x| x.max(0.0)).collect();
        let (weights, bias) = (twin::values(9 * 96 * 64, 2), twin::values(64, 3));
        let finish = Finish { activation: Activation::None, add: None };
        let right = twin::convolve(&x, &weights, &bias, &g, None, finish.activation);
        for level in levels() {
            let (mut fewer, mut all) = (vec![0.0; right.len()], vec![0.0; right.len()]);
            let mut scratch = Aligned::default();
            Winograd::new(level, &weights, &bias, &g).run(&x, finish, &mut scratch, &mut fewer);
            let packed = Packed::new(level, &weights, &bias, 64, 9 * 96);
            gemm(Rows::windows(&x, &g, 14), 0, g.places(), &packed, finish, &mut all);
            let (fewer, all) = (off(&fewer, &right), off(&all, &right));
            println!("{level:?}: off by {fewer:e}, and by {all:e} with all products");
            assert!(fewer <= 2.0 * all, "{level:?}: {fewer:e} and {all:e}");
        }
    }

    #[test]
    fn other_windows_are_left_to_other_kernels() {
        let g = Geometry {
            input: [12, 12, 64],
            output: [12, 12, 64],
            size: [3, 3],
            stride: [1, 1],
            dilation: [1, 1],
            before: [1, 1],
        };
        for level in levels() {
            assert!(Winograd::pays(level, &g));
            for other in [
                Geometry { size: [5, 5], ..g.clone() },
                Geometry { input: [7, 7, 64], output: [7, 7, 64], ..g.clone() },
                Geometry { stride: [2, 1], ..g.clone() },
                Geometry { dilation: [2, 2], ..g.clone() },
                Geometry { input: [12, 12, 3], ..g.clone() },
                Geometry { output: [12, 12, 20], ..g.clone() },
            ] {
                assert!(!Winograd::pays(level, &other), "{other:?}");
            }
        }
    }
}
