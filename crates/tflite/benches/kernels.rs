//! How fast the kernels for real values are, as a share of what the processor can do at most: its
//! multiply-adds in registers, measured in the same run.
//!
//! `cargo bench -p lookbook-tflite --bench kernels` prints a line for each shape. With `-- --gate` it ends
//! with 1 if a shape that has a floor is below it. A machine may be busy: so each round is short, rounds
//! of the peak and of the kernel alternate, and the better of two numbers counts: the fastest round of the
//! kernel over the fastest of the peak, and the median of neighbours. Who else uses the core's caches slows a
//! kernel for seconds, but not the peak, which needs none: so what is below is timed again, and later.
//! `-- --level avx2` measures a lower level; `-- --peak` prints the peak alone. `just bench-gate` builds all
//! this without the engine.
#![allow(clippy::cast_precision_loss, reason = "numbers of operations and of nanoseconds")]

use std::hint::black_box;
use std::thread::sleep;
use std::time::{Duration, Instant};

use fearless_simd::{Level, Simd, SimdBase, SimdFloat, dispatch};

#[allow(dead_code, unused_imports, reason = "the library's own, of which this times a part")]
#[path = "../src/kernels/mod.rs"]
mod kernels;

use kernels::Geometry;
use kernels::float::{
    Activation, Aligned, Depth, Finish, Packed, Rows, Winograd, depthwise_all, gemm, padded,
};

/// Rounds of each shape.
const ROUNDS: usize = 200;

/// How often a shape below its floor is timed again, how long is waited before that, and how often in all.
const TRIES: usize = 20;
const WAIT: Duration = Duration::from_secs(3);
const WAITS: usize = 60;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let gate = arguments.iter().any(|a| a == "--gate");
    let level = level(&arguments);
    if arguments.iter().any(|a| a == "--peak") {
        let peak = (0..ROUNDS).map(|_| rate(|| registers(level))).fold(0.0, f64::max);
        println!("peak of a core: {peak:.1} GFLOP/s");
        return;
    }
    println!("{level:?}: share of the peak (fastest, median of neighbours), GFLOP/s");
    let (mut low, mut waits) = (vec![], if gate { WAITS } else { 0 });
    let mut one = |name: String, floor: f64, work: f64, run: &mut dyn FnMut()| {
        let [mut fastest, mut median, mut rate] = shares(level, work, run);
        for _ in 0..TRIES {
            if waits == 0 || fastest.max(median) >= floor {
                break;
            }
            waits -= 1;
            sleep(WAIT);
            [fastest, median, rate] = shares(level, work, run);
        }
        let below = fastest.max(median) < floor;
        let note = if below { format!("  below {floor}") } else { String::new() };
        println!("{name:32} {fastest:5.2} {median:5.2} {rate:7.1}{note}");
        if below {
            low.push(name);
        }
    };
    products(level, &mut one);
    windows(level, &mut one);
    depthwise(level, &mut one);
    // What the floors are was measured on levels with multiply-adds alone.
    if gate && !low.is_empty() && kernels::float::lanes(level) > 4 {
        eprintln!("slower than they were: {}", low.join(", "));
        std::process::exit(1);
    }
}

/// The best level of this machine, or the one that is asked for.
fn level(arguments: &[String]) -> Level {
    let best = Level::new();
    let asked = arguments.iter().position(|a| a == "--level").and_then(|at| arguments.get(at + 1));
    match asked.map(String::as_str) {
        #[cfg(target_arch = "x86_64")]
        Some("avx2") => best.as_avx2().map_or(best, Level::Avx2),
        Some("least") => Level::baseline(),
        _ => best,
    }
}

type One<'a> = dyn FnMut(String, f64, f64, &mut dyn FnMut()) + 'a;

/// Matrix products, as convolutions of 1 by 1 are: rows, values of a row, channels.
fn products(level: Level, one: &mut One<'_>) {
    for (floor, m, k, n) in [
        (0.0, 112, 16, 96),
        (0.0, 112, 24, 144),
        (0.75, 784, 144, 32),
        (0.0, 784, 144, 40),
        (0.75, 784, 40, 240),
        (0.75, 196, 480, 80),
        (0.75, 196, 112, 672),
        (0.75, 196, 96, 576),
        (0.75, 49, 1152, 192),
        (0.75, 49, 320, 1280),
        (0.0, 361, 728, 728),
        (0.0, 1, 1280, 1000),
    ] {
        let x = values(m * k);
        let packed = Packed::new(level, &values(n * k), &values(n), n, k);
        let mut out = Aligned::zeros(m * n);
        one(format!("1x1 {m} x {k} x {n}"), floor, 2.0 * (m * k * n) as f64, &mut || {
            gemm(Rows::matrix(&x, k), 0, m, &packed, finish(), &mut out);
        });
    }
}

/// Convolutions of 3 by 3: side, channels, channels of the result, stride.
fn windows(level: Level, one: &mut One<'_>) {
    for (side, c, n, stride) in
        [(56, 64, 64, 1), (28, 128, 128, 1), (14, 256, 256, 1), (7, 512, 512, 1), (224, 3, 32, 2)]
    {
        let g = geometry(side, c, n, 3, stride);
        let work = 2.0 * (g.places() * n * 9 * c) as f64;
        let weights = values(9 * n * c);
        let [high, wide] = padded(&g);
        let x = values(high * wide * c);
        let packed = Packed::new(level, &weights, &values(n), n, 9 * c);
        let mut out = Aligned::zeros(g.places() * n);
        one(format!("3x3 {side} {c} > {n}, stride {stride}"), 0.0, work, &mut || {
            let rows = Rows::windows(&x, &g, wide);
            gemm(rows, 0, g.places(), &packed, finish(), &mut out);
        });
        if Winograd::pays(level, &g) {
            let fewer = Winograd::new(level, &weights, &values(n), &g);
            let mut scratch = Aligned::default();
            // As if it did all products.
            one(format!("3x3 {side} {c} > {n}, fewer products"), 1.0, work, &mut || {
                let x = &x[..side * side * c];
                fewer.run(x, finish(), &mut scratch, &mut out);
            });
        }
    }
}

/// Convolutions of each channel alone: side, channels, window, stride.
fn depthwise(level: Level, one: &mut One<'_>) {
    for (floor, side, c, size, stride) in [
        (0.0, 56, 144, 3, 1),
        (0.0, 56, 144, 3, 2),
        (0.0, 28, 240, 5, 1),
        (0.3, 14, 480, 3, 1),
        (0.45, 14, 672, 5, 1),
        (0.0, 14, 672, 5, 2),
        (0.3, 7, 1152, 3, 1),
        (0.0, 7, 1152, 5, 1),
    ] {
        let g = geometry(side, c, c, size, stride);
        let depth = Depth::new(level, &values(size * size * c), &values(c), &g);
        let (x, zeros) = (values(side * side * c), Aligned::zeros(side * c));
        let mut out = Aligned::zeros(g.places() * c);
        let work = 2.0 * (g.places() * c * size * size) as f64;
        let name = format!("depthwise {size}x{size} {side} {c}, stride {stride}");
        one(name, floor, work, &mut || {
            let activation = finish().activation;
            depthwise_all(&x, &zeros, &depth, activation, &mut out);
        });
    }
}

fn geometry(side: usize, c: usize, n: usize, size: usize, stride: usize) -> Geometry {
    let out = side.div_ceil(stride);
    Geometry {
        input: [side, side, c],
        output: [out, out, n],
        size: [size; 2],
        stride: [stride; 2],
        dilation: [1; 2],
        before: [((out - 1) * stride + size - side) / 2; 2],
    }
}

fn finish() -> Finish<'static> {
    Finish { activation: Activation::Clamp { least: 0.0, greatest: 6.0 }, add: None }
}

/// Of some size, none of them so small that products of it take longer than others.
fn values(len: usize) -> Aligned {
    let mut values = Aligned::zeros(len);
    for (at, value) in values.iter_mut().enumerate() {
        *value = (at * 7919 % 1009) as f32 / 1009.0 - 0.45;
    }
    values
}

/// The share of the peak in the fastest round and in the median one, and the fastest's rate.
fn shares(level: Level, work: f64, run: &mut dyn FnMut()) -> [f64; 3] {
    run();
    // Rounds of about 2 million multiply-adds: shorter than the turns that a busy machine gives.
    let times = (4e6 / work).ceil().max(1.0);
    let (mut kernel, mut peak, mut ratios) = (0f64, 0f64, vec![]);
    for _ in 0..ROUNDS {
        let most = rate(|| registers(level));
        let mut left = times;
        let got = rate(|| {
            while left > 0.0 {
                run();
                left -= 1.0;
            }
            work * times
        });
        kernel = kernel.max(got);
        peak = peak.max(most);
        ratios.push(got / most);
    }
    ratios.sort_by(f64::total_cmp);
    [kernel / peak, ratios[ratios.len() / 2], kernel]
}

/// Operations a nanosecond.
fn rate(run: impl FnOnce() -> f64) -> f64 {
    let begun = Instant::now();
    let work = run();
    work / begun.elapsed().as_nanos().max(1) as f64
}

/// Multiply-adds of values in registers; how many operations they are.
fn registers(level: Level) -> f64 {
    const ROUNDS: usize = 5000;
    #[inline(always)]
    #[allow(clippy::inline_always, reason = "it is a part of what the level is switched on for")]
    fn go<S: Simd>(s: S) -> f64 {
        let mut sums = [S::f32s::splat(s, 0.0); 12];
        let (a, b) = (black_box(0.999), black_box(0.001));
        let (a, b) = (S::f32s::splat(s, a), S::f32s::splat(s, b));
        for _ in 0..ROUNDS {
            for sum in &mut sums {
                *sum = sum.mul_add(a, b);
            }
        }
        let mut all = sums[0];
        for sum in &sums[1..] {
            all += *sum;
        }
        black_box(all.as_slice()[0]);
        (2 * 12 * ROUNDS * S::f32s::LEN) as f64
    }
    dispatch!(level, s => go(s))
}
