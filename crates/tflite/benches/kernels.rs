//! What share of a core's peak the kernels reach: `cargo bench -p lookbook-tflite --bench kernels`.
//!
//! The peak is measured in the same process, in turn with each kernel: multiply-adds in registers, nothing
//! loaded or stored. So what else a machine does disturbs both, and the share hardly moves. With `--gate`
//! it fails if a share is below what it must be; with `--peak` it prints the peak alone; `avx2` or `base`
//! takes a lower instruction set. `just bench-gate` builds it without the engine.

#![allow(dead_code, unused_imports, reason = "the engine uses the rest of the kernels")]
// A figure of a bench that cannot be had ends it.
#![allow(clippy::unwrap_used, clippy::cast_precision_loss)]

#[path = "../src/kernels/mod.rs"]
mod kernels;

use std::hint::black_box;
use std::process::ExitCode;
use std::time::Instant;

use fearless_simd::{Simd, SimdBase, SimdFloat, dispatch};

use kernels::float::{Activation, Aligned, Depth, Finish, Packed, Rows, depthwise_all, gemm};
use kernels::{Geometry, Level};

/// Rounds of each shape, of peak and kernel in turn.
const ROUNDS: usize = 200;

/// The least share of the peak that all matrix products of the built-in model reach together.
const LEAST_PRODUCTS: f64 = 0.75;
/// The same of its depthwise convolutions, which are bound by the caches.
const LEAST_DEPTHWISE: f64 = 0.28;

/// Places, values of a row and results of the built-in model's matrix products, and how often.
const PRODUCTS: [(usize, usize, usize, usize); 28] = [
    (12544, 32, 16, 2),
    (12544, 16, 96, 2),
    (3136, 96, 24, 2),
    (3136, 24, 144, 4),
    (3136, 144, 24, 2),
    (784, 144, 40, 1),
    (784, 144, 32, 1),
    (784, 32, 192, 3),
    (784, 192, 32, 2),
    (784, 40, 240, 2),
    (784, 240, 40, 1),
    (196, 192, 64, 1),
    (196, 240, 80, 1),
    (196, 80, 480, 3),
    (196, 480, 80, 2),
    (196, 480, 112, 1),
    (196, 112, 672, 3),
    (196, 672, 112, 2),
    (196, 64, 384, 4),
    (196, 384, 64, 3),
    (196, 96, 576, 3),
    (196, 576, 96, 2),
    (49, 672, 192, 1),
    (49, 192, 1152, 4),
    (49, 1152, 192, 3),
    (49, 1152, 320, 1),
    (49, 960, 160, 2),
    (49, 320, 1280, 2),
];

/// Side, channels, window and stride of its depthwise convolutions, and how often.
const DEPTHWISE: [(usize, usize, usize, usize, usize); 16] = [
    (112, 32, 3, 1, 2),
    (112, 96, 3, 2, 2),
    (56, 144, 3, 1, 2),
    (56, 144, 5, 2, 1),
    (56, 144, 3, 2, 1),
    (28, 240, 5, 1, 1),
    (28, 240, 3, 2, 1),
    (28, 192, 3, 1, 2),
    (28, 192, 3, 2, 1),
    (14, 480, 3, 1, 2),
    (14, 480, 5, 1, 1),
    (14, 672, 5, 1, 2),
    (14, 384, 3, 1, 4),
    (14, 576, 3, 1, 2),
    (7, 1152, 5, 1, 3),
    (7, 960, 3, 1, 3),
];

/// What was measured of a kernel: its operations, the seconds of its quickest round, its share of the peak.
struct Shape {
    name: String,
    operations: f64,
    seconds: f64,
    share: f64,
}

/// Multiply-adds in registers for about `rounds * 48` instructions; operations a second.
fn peak(level: Level, rounds: usize) -> f64 {
    /// More than the ports times the latency of any processor.
    const CHAINS: usize = 12;
    #[allow(clippy::inline_always, reason = "a part of the function with the instruction set")]
    #[inline(always)]
    fn chains<S: Simd>(s: S, rounds: usize) -> (usize, f32) {
        let mut sums = [S::f32s::splat(s, 0.0); CHAINS];
        let factor = S::f32s::splat(s, black_box(0.999));
        let term = S::f32s::splat(s, black_box(0.001));
        for _ in 0..rounds {
            for _ in 0..4 {
                for sum in &mut sums {
                    *sum = sum.mul_add(factor, term);
                }
            }
        }
        let total = sums.iter().map(|sum| sum.as_slice()[0]).sum();
        (rounds * 4 * CHAINS * S::f32s::LEN * 2, total)
    }
    let started = Instant::now();
    let (operations, total) = dispatch!(level, s => chains(s, rounds));
    black_box(total);
    operations as f64 / started.elapsed().as_secs_f64()
}

/// The highest of many.
fn highest(level: Level) -> f64 {
    (0..ROUNDS).map(|_| peak(level, 4000)).fold(0.0, f64::max)
}

/// Times a kernel in turn with the peak.
fn measure(level: Level, name: String, operations: usize, mut run: impl FnMut()) -> Shape {
    // So that a round is neither lost in the clock's grain nor longer than a slice of the scheduler.
    let repeats = 20_000_000_usize.div_ceil(operations.max(1));
    let (mut best, mut top, mut shares) = (f64::MAX, 0_f64, vec![]);
    run();
    for _ in 0..ROUNDS {
        let beside = peak(level, 1000);
        let started = Instant::now();
        for _ in 0..repeats {
            run();
        }
        let seconds = started.elapsed().as_secs_f64() / repeats as f64;
        shares.push(operations as f64 / seconds / beside);
        best = best.min(seconds);
        top = top.max(beside);
    }
    shares.sort_by(f64::total_cmp);
    // Either is disturbed by something that the other is not.
    let share = shares[ROUNDS / 2].max(operations as f64 / best / top);
    Shape { name, operations: operations as f64, seconds: best, share }
}

/// Numbers of -1 to 1.
fn values(count: usize) -> Aligned {
    let mut state = 12345_u32;
    let mut values = Aligned::zeros(count);
    for value in values.get_mut() {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        *value = (state >> 8) as f32 / 8_388_608.0 - 1.0;
    }
    values
}

const CLAMP: Activation = Activation::Clamp { least: 0.0, greatest: 6.0 };

fn product(level: Level, (places, k, n): (usize, usize, usize)) -> Shape {
    let (x, weights, bias) = (values(places * k), values(n * k), values(n));
    let packed = Packed::new(level, weights.get(), bias.get(), n, k);
    let mut out = Aligned::zeros(places * n);
    let finish = Finish { activation: CLAMP, add: None };
    measure(level, format!("product {places} x {k} x {n}"), 2 * places * k * n, || {
        gemm(Rows::matrix(x.get(), k), 0, places, &packed, finish, out.get_mut());
    })
}

fn depthwise(
    level: Level,
    (side, channels, window, stride): (usize, usize, usize, usize),
) -> Shape {
    let end = side.div_ceil(stride);
    let before = ((end - 1) * stride + window - side) / 2;
    let geometry = Geometry {
        input: [side, side, channels],
        output: [end, end, channels],
        size: [window; 2],
        stride: [stride; 2],
        dilation: [1; 2],
        before: [before; 2],
    };
    let (x, weights, bias) =
        (values(side * side * channels), values(window * window * channels), values(channels));
    let depth = Depth::new(level, weights.get(), bias.get(), &geometry);
    let zeros = vec![0.0; side * channels];
    let mut out = Aligned::zeros(end * end * channels);
    let operations = 2 * end * end * channels * window * window;
    let name = format!("depthwise {side} x {side} x {channels}, {window} / {stride}");
    measure(level, name, operations, || {
        depthwise_all(x.get(), &zeros, &depth, CLAMP, out.get_mut());
    })
}

/// Prints a group; whether all of it together reaches the least share.
fn reaches(title: &str, group: &[(Shape, usize)], least: f64) -> bool {
    let (mut all, mut ideal) = (0.0, 0.0);
    for (shape, times) in group {
        let rate = shape.operations / shape.seconds / 1e9;
        println!(
            "{:34} {:9.1} us {rate:7.1} GFLOP/s {:5.2}",
            shape.name,
            shape.seconds * 1e6,
            shape.share
        );
        all += shape.operations * *times as f64;
        // In units of the peak.
        ideal += shape.operations * *times as f64 / shape.share;
    }
    let share = all / ideal;
    let good = share >= least;
    let word = if good { "good" } else { "TOO LITTLE" };
    println!("{title}: {share:.3} of the peak together, at least {least:.2}: {word}\n");
    good
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let has = |word: &str| words.iter().any(|found| found == word);
    let mut level = Level::new();
    #[cfg(target_arch = "x86_64")]
    if has("avx2") {
        level = Level::Avx2(level.as_avx2().unwrap());
    }
    if has("base") {
        level = Level::baseline();
    }
    println!("peak of a core: {:.1} GFLOP/s", highest(level) / 1e9);
    if has("--peak") {
        return ExitCode::SUCCESS;
    }
    println!("{level:?}; shares are of the peak beside each\n");
    let products: Vec<_> =
        PRODUCTS.iter().map(|&(m, k, n, times)| (product(level, (m, k, n)), times)).collect();
    let mut good = reaches("matrix products", &products, LEAST_PRODUCTS);
    let depthwises: Vec<_> = DEPTHWISE
        .iter()
        .map(|&(side, channels, window, stride, times)| {
            (depthwise(level, (side, channels, window, stride)), times)
        })
        .collect();
    good &= reaches("depthwise convolutions", &depthwises, LEAST_DEPTHWISE);
    if has("--gate") && !good { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
