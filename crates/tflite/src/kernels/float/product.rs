//! The matrix product: convolutions over all channels, and fully connected layers.
//!
//! A tile of the result, up to 12 rows of up to three vectors, is kept in registers over all values of
//! the rows: for each value a vector of weights is read once, and a number of each row. All loops over a
//! tile are unrolled: the numbers of its rows and vectors are constants.

#![allow(clippy::needless_range_loop, reason = "loops over a tile go over several arrays at once")]

use fearless_simd::{Simd, SimdBase, SimdFloat, f32x8};

use super::activation::{Activation, activate, clamp, clamp_one};
use super::level::{dispatch, many_registers};
use super::packed::{Packed, Panel};
use super::rows::Rows;
use crate::kernels::prefetch::{Ahead, prefetch};

/// What becomes of the sums of products: the bias is added, then `add`, then `activation` is applied.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Finish<'a> {
    /// Applied last.
    pub(crate) activation: Activation,
    /// What is added, of the result's shape.
    pub(crate) add: Option<&'a [f32]>,
}

/// Rows of the greatest tile of so many whole and half vectors: what the registers hold. None if panels
/// have no such width on that level.
const fn most_rows(lanes: usize, vectors: usize, halves: usize) -> usize {
    if halves == 1 && lanes != 16 {
        return 0;
    }
    match (many_registers(lanes), vectors, halves) {
        // Old processors: little code for them is worth more than their speed.
        (false, 1 | 2, 0) if lanes == 4 => 4,
        (true, 2 | 0, 1) | (true, 3, 0) | (false, 1, 0) => 8,
        (true, 1 | 2, 0) | (true, 1, 1) => 12,
        (false, 2, 0) => 6,
        _ => 0,
    }
}

/// Floats of the input in a block of rows, which all panels read one after the other: half a usual
/// second-level cache.
const BLOCK: usize = 128 * 1024;

/// Values of the rows that a tile reads between asking for parts of the next panel.
const STEP: usize = 32;

/// What is the same for all tiles of a panel.
struct Job<'a> {
    rows: Rows<'a>,
    weights: &'a [f32],
    /// The weights of the panel after this one, which the tiles of this one ask for.
    next: &'a [f32],
    bias: &'a [f32],
    /// Channels of the result.
    n: usize,
    /// The panel's first.
    first: usize,
    least: f32,
    greatest: f32,
    add: Option<&'a [f32]>,
}

/// Bounds a row of a tile and stores it.
#[inline(always)]
fn put<S: Simd, const V: usize, const H: usize>(
    s: S,
    x: [S::f32s; V],
    y: [f32x8<S>; H],
    least: f32,
    greatest: f32,
    out: &mut [f32],
) {
    let lanes = S::f32s::LEN;
    for v in 0..V {
        clamp(x[v], S::f32s::splat(s, least), S::f32s::splat(s, greatest))
            .store_slice(&mut out[v * lanes..][..lanes]);
    }
    for h in 0..H {
        clamp(y[h], f32x8::splat(s, least), f32x8::splat(s, greatest))
            .store_slice(&mut out[V * lanes + h * 8..][..8]);
    }
}

/// `R` rows from `row` on, of `V` whole and `H` half vectors, while what comes next is asked for.
#[inline(always)]
fn tile<S: Simd, const R: usize, const V: usize, const H: usize>(
    s: S,
    job: &Job<'_>,
    row: usize,
    ahead: Ahead<'_, f32>,
    out: &mut [f32],
) {
    let lanes = S::f32s::LEN;
    let wide = V * lanes + 8 * H;
    let mut sums = [[S::f32s::splat(s, 0.0); V]; R];
    let mut halves = [[f32x8::splat(s, 0.0); H]; R];
    for v in 0..V {
        let bias = S::f32s::from_slice(s, &job.bias[v * lanes..][..lanes]);
        for r in 0..R {
            sums[r][v] = bias;
        }
    }
    for h in 0..H {
        let bias = f32x8::from_slice(s, &job.bias[V * lanes + 8 * h..][..8]);
        for r in 0..R {
            halves[r][h] = bias;
        }
    }
    let starts: [usize; R] = job.rows.starts(row);
    let run = job.rows.run;
    let step = if ahead.is_empty() { run } else { STEP };
    let mut ahead = ahead.parts(job.rows.runs() * run.div_ceil(step));
    for (segment, weights) in job.weights.chunks_exact(run * wide).enumerate() {
        let offset = job.rows.offset(segment);
        let x: [&[f32]; R] = std::array::from_fn(|r| &job.rows.data[starts[r] + offset..][..run]);
        for (part, weights) in weights.chunks(step * wide).enumerate() {
            prefetch(ahead.next().unwrap_or_default());
            let len = weights.len() / wide;
            let x: [&[f32]; R] = std::array::from_fn(|r| &x[r][part * step..][..len]);
            for (k, weights) in (0..len).zip(weights.chunks_exact(wide)) {
                let mut whole = [S::f32s::splat(s, 0.0); V];
                for v in 0..V {
                    whole[v] = S::f32s::from_slice(s, &weights[v * lanes..][..lanes]);
                }
                let mut half = [f32x8::splat(s, 0.0); H];
                for h in 0..H {
                    half[h] = f32x8::from_slice(s, &weights[V * lanes + 8 * h..][..8]);
                }
                for r in 0..R {
                    for v in 0..V {
                        sums[r][v] = S::f32s::splat(s, x[r][k]).mul_add(whole[v], sums[r][v]);
                    }
                    for h in 0..H {
                        halves[r][h] = f32x8::splat(s, x[r][k]).mul_add(half[h], halves[r][h]);
                    }
                }
            }
        }
    }
    // Written out row by row: with a loop over the sums they would live in memory, not in registers.
    macro_rules! each_row {
        (@$x:ident $y:ident $r:ident $row:block $($n:literal)*) => {{
            $(if $n < R { let ($x, $y, $r) = (sums[$n], halves[$n], $n); $row })*
        }};
        ($x:ident, $y:ident, $r:ident => $row:block) => {
            each_row!(@$x $y $r $row 0 1 2 3 4 5 6 7 8 9 10 11)
        };
    }
    let n = job.n;
    let (least, greatest) = (job.least, job.greatest);
    if job.first + wide <= n {
        let at = row * n + job.first;
        match job.add {
            None => each_row!(x, y, r => {
                put(s, x, y, least, greatest, &mut out[at + r * n..][..wide]);
            }),
            Some(add) => each_row!(x, y, r => {
                let (mut x, mut y) = (x, y);
                let add = &add[at + r * n..][..wide];
                for v in 0..V {
                    x[v] += S::f32s::from_slice(s, &add[v * lanes..][..lanes]);
                }
                for h in 0..H {
                    y[h] += f32x8::from_slice(s, &add[V * lanes + 8 * h..][..8]);
                }
                put(s, x, y, least, greatest, &mut out[at + r * n..][..wide]);
            }),
        }
    } else {
        let mut buffer = [[0.0; 48]; R];
        let all = (f32::NEG_INFINITY, f32::INFINITY);
        each_row!(x, y, r => { put(s, x, y, all.0, all.1, &mut buffer[r][..wide]); });
        finish_part(job, &buffer, row, out);
    }
}

/// The end of the last channels, where they do not fill the panel.
#[inline(never)]
fn finish_part(job: &Job<'_>, sums: &[[f32; 48]], row: usize, out: &mut [f32]) {
    let left = job.n - job.first;
    for (r, sums) in sums.iter().enumerate() {
        let at = (row + r) * job.n + job.first;
        let out = &mut out[at..][..left];
        let add = job.add.map(|add| &add[at..][..left]);
        for (c, out) in out.iter_mut().enumerate() {
            let x = sums[c] + add.map_or(0.0, |add| add[c]);
            *out = clamp_one(x, job.least, job.greatest);
        }
    }
}

/// The tiles of one panel, for the rows from `from` to `to`.
#[inline(always)]
fn tiles<S: Simd>(s: S, job: &Job<'_>, panel: &Panel, from: usize, to: usize, out: &mut [f32]) {
    let lanes = S::f32s::LEN;
    let most = most_rows(lanes, panel.vectors, usize::from(panel.half));
    // As even as can be, so that none has few rows.
    let tiles = (to - from).div_ceil(most);
    let (each, more) = ((to - from) / tiles, (to - from) % tiles);
    let mut row = from;
    for t in 0..tiles {
        let rows = each + usize::from(t < more);
        let ahead = Ahead::share(job.next, t, tiles);
        macro_rules! go {
            ($($v:literal $h:literal: $($r:literal)*;)*) => {
                match (panel.vectors, usize::from(panel.half), rows) {
                    $($(($v, $h, $r) => {
                        // What a level does not have is no code.
                        if const { $r <= most_rows(<S::f32s as SimdBase<S>>::LEN, $v, $h) } {
                            s.vectorize(
                                #[inline(always)]
                                || tile::<S, $r, $v, $h>(s, job, row, ahead, out),
                            );
                        } else {
                            unreachable!("a panel of {panel:?} and {rows} rows")
                        }
                    })*)*
                    _ => unreachable!("a panel of {panel:?} and {rows} rows"),
                }
            };
        }
        go!(1 0: 1 2 3 4 5 6 7 8 9 10 11 12;
            2 0: 1 2 3 4 5 6 7 8 9 10 11 12;
            3 0: 1 2 3 4 5 6 7 8;
            0 1: 1 2 3 4 5 6 7 8;
            1 1: 1 2 3 4 5 6 7 8 9 10 11 12;
            2 1: 1 2 3 4 5 6 7 8;);
        row += rows;
    }
}

#[inline(always)]
fn gemm_in<S: Simd>(
    s: S,
    rows: Rows<'_>,
    range: [usize; 2],
    packed: &Packed,
    finish: Finish<'_>,
    out: &mut [f32],
) {
    let lanes = S::f32s::LEN;
    let (least, greatest) =
        finish.activation.bounds().unwrap_or((f32::NEG_INFINITY, f32::INFINITY));
    let later = finish.activation.bounds().is_none();
    let chunk = (BLOCK / packed.k.max(1)).max(24).next_multiple_of(24);
    let [mut from, end] = range;
    while from < end {
        let to = if end - from < chunk + chunk / 2 { end } else { from + chunk };
        for panel in &packed.panels {
            let wide = panel.wide(lanes);
            let (weights, after) = packed.weights[panel.at..].split_at(packed.k * wide);
            let next = match after {
                // The next block of rows begins with the first panel again.
                [] if to < end => &packed.weights[..],
                after => after,
            };
            let job = Job {
                rows,
                weights,
                next: &next[..next.len().min(weights.len())],
                bias: &packed.bias[panel.first..][..wide],
                n: packed.n,
                first: panel.first,
                least,
                greatest,
                add: finish.add,
            };
            tiles(s, &job, panel, from, to, out);
        }
        if later {
            activate(s, finish.activation, &mut out[from * packed.n..to * packed.n]);
        }
        from = to;
    }
}

/// `out[row][n] = activation(rows[row] . weights[n] + bias[n] + add[row][n])` for the rows from `from` to
/// `to`; `out` (and `add`) begin at row 0.
///
/// # Panics
///
/// If a row is not as long as the weights were said to be, or a slice ends before it.
pub(crate) fn gemm(
    rows: Rows<'_>,
    from: usize,
    to: usize,
    packed: &Packed,
    finish: Finish<'_>,
    out: &mut [f32],
) {
    assert_eq!(rows.runs() * rows.run, packed.k, "values of a row");
    if packed.k == 0 {
        return;
    }
    dispatch!(packed.level, s => gemm_in(s, rows, [from, to], packed, finish, out));
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::kernels::Geometry;
    use crate::kernels::float::{level::levels, rows::padded, twin};

    /// The input with its padding.
    fn pad(x: &[f32], g: &Geometry) -> (Vec<f32>, usize) {
        let ([high, wide], c) = (padded(g), g.input[2]);
        let mut all = vec![0.0; high * wide * c];
        for y in 0..g.input[0] {
            let to = ((y + g.before[0]) * wide + g.before[1]) * c;
            let len = g.input[1] * c;
            all[to..][..len].copy_from_slice(&x[y * len..][..len]);
        }
        (all, wide)
    }

    proptest! {
        #[test]
        fn a_product_is_as_its_twin(
            m in 1usize..40, k in 1usize..80, n in 1usize..120, act in twin::any_activation(),
            added: bool, seed: u64,
        ) {
            let g = Geometry {
                input: [m, 1, k], output: [m, 1, n], size: [1, 1], stride: [1, 1],
                dilation: [1, 1], before: [0, 0],
            };
            let (x, w) = (twin::values(m * k, seed), twin::values(n * k, seed ^ 1));
            let (bias, add) = (twin::values(n, seed ^ 2), twin::values(m * n, seed ^ 3));
            let add = added.then_some(&add[..]);
            let right = twin::convolve(&x, &w, &bias, &g, add, act);
            for level in levels() {
                let packed = Packed::new(level, &w, &bias, n, k);
                let finish = Finish { activation: act, add };
                let mut out = vec![f32::NAN; m * n];
                let middle = m / 3;
                gemm(Rows::matrix(&x, k), 0, middle, &packed, finish, &mut out);
                gemm(Rows::matrix(&x, k), middle, m, &packed, finish, &mut out);
                twin::close(&out, &right, 2e-5)?;
            }
        }

        #[test]
        fn windows_are_rows(g in twin::any_geometry(40), act in twin::any_activation(), seed: u64) {
            let ([h, w, c], n) = (g.input, g.output[2]);
            let x = twin::values(h * w * c, seed);
            let weights = twin::values(n * g.size[0] * g.size[1] * c, seed ^ 1);
            let bias = twin::values(n, seed ^ 2);
            let right = twin::convolve(&x, &weights, &bias, &g, None, act);
            let (all, wide) = pad(&x, &g);
            for level in levels() {
                let packed = Packed::new(level, &weights, &bias, n, g.size[0] * g.size[1] * c);
                let mut out = vec![f32::NAN; g.places() * n];
                let finish = Finish { activation: act, add: None };
                gemm(Rows::windows(&all, &g, wide), 0, g.places(), &packed, finish, &mut out);
                twin::close(&out, &right, 5e-5)?;
            }
        }
    }

    #[test]
    fn many_rows_and_values_in_blocks() {
        for (m, k, n) in [(500, 300, 20), (100, 1500, 70), (1, 1280, 1000)] {
            let g = Geometry {
                input: [m, 1, k],
                output: [m, 1, n],
                size: [1, 1],
                stride: [1, 1],
                dilation: [1, 1],
                before: [0, 0],
            };
            let (x, w, bias) = (twin::values(m * k, 1), twin::values(n * k, 2), twin::values(n, 3));
            let act = Activation::HardSwish;
            let right = twin::convolve(&x, &w, &bias, &g, None, act);
            for level in levels() {
                let packed = Packed::new(level, &w, &bias, n, k);
                let mut out = vec![f32::NAN; m * n];
                let finish = Finish { activation: act, add: None };
                gemm(Rows::matrix(&x, k), 0, m, &packed, finish, &mut out);
                twin::close(&out, &right, 1e-4).unwrap();
            }
        }
    }
}
