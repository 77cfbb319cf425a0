//! Operators of one number or one window at a time. They are written so that the compiler finds the vectors,
//! for each instruction set.

use fearless_simd::{Level, dispatch};

use crate::kernels::whole::conv::for_each_place;
use crate::kernels::whole::{AveragePool, Grid, MaxPool, Table, quantise as twin};

/// `QUANTIZE` of real values; its twin is [`crate::kernels::whole::quantise`].
pub(crate) fn quantise(level: Level, to: Grid, x: &[f32], out: &mut [u8]) {
    let eights = x.len().min(out.len());
    // Numbers behind the last whole eight round otherwise.
    let eights = if eights == x.len() { eights - eights % 8 } else { 0 };
    let (zero, once) = (f32::from(u8::try_from(to.zero).unwrap_or(0)), 1.0 / to.scale);
    let ((x, x_rest), (out, out_rest)) = (x.split_at(eights), out.split_at_mut(eights));
    dispatch!(level, _s => quantise_eights(zero, once, x, out));
    twin(to, x_rest, out_rest);
}

#[inline(always)]
#[allow(clippy::inline_always)] // Is compiled for each instruction set.
fn quantise_eights(zero: f32, once: f32, x: &[f32], out: &mut [u8]) {
    // Where floats are whole numbers: the last byte of one is the number itself.
    const WHOLE: f32 = 8_388_608.0;
    for (out, x) in out.iter_mut().zip(x) {
        // What is no number becomes the least, as the twin's cast has it.
        let steps = (x * once).round_ties_even().max(-zero).min(255.0 - zero);
        *out = (steps + zero + WHOLE).to_bits().to_le_bytes()[0];
    }
}

/// A table's results for all numbers; its twin is [`Table::run`].
pub(crate) fn table(level: Level, table: &Table, x: &[u8], out: &mut [u8]) {
    #[cfg(target_arch = "x86_64")]
    if let Some(s) = level.as_avx512() {
        let blocks = x.len().min(out.len()) / 64 * 64;
        let ((x, x_rest), (out, out_rest)) = (x.split_at(blocks), out.split_at_mut(blocks));
        super::avx512::table(s, table.numbers(), x, out);
        table.run(x_rest, out_rest);
        return;
    }
    let _ = level;
    table.run(x, out);
}

/// Its twin is [`MaxPool::run`].
pub(crate) fn max_pool(level: Level, pool: &MaxPool, x: &[u8], out: &mut [u8]) {
    let channels = pool.geometry().input[2];
    let (least, greatest) = pool.range();
    for_each_place(pool.geometry(), out, |window, place| {
        place.fill(0);
        for (_, at) in window {
            let x = &x[at * channels..][..channels];
            dispatch!(level, _s => raise(x, place));
        }
        dispatch!(level, _s => limit(least, greatest, place));
    });
}

#[inline(always)]
#[allow(clippy::inline_always)] // Is compiled for each instruction set.
fn raise(x: &[u8], to: &mut [u8]) {
    for (to, x) in to.iter_mut().zip(x) {
        *to = (*to).max(*x);
    }
}

#[inline(always)]
#[allow(clippy::inline_always)] // Is compiled for each instruction set.
fn limit(least: u8, greatest: u8, to: &mut [u8]) {
    for to in to {
        *to = (*to).max(least).min(greatest);
    }
}

/// Its twin is [`AveragePool::run`].
pub(crate) fn average_pool(level: Level, pool: &AveragePool, x: &[u8], out: &mut [u8]) {
    let channels = pool.geometry().input[2];
    let mut sums = vec![0_i32; channels];
    for_each_place(pool.geometry(), out, |window, place| {
        sums.fill(0);
        for (_, at) in window {
            let x = &x[at * channels..][..channels];
            dispatch!(level, _s => add(x, &mut sums));
        }
        // At most 2^22.
        let count = i32::try_from(window.len()).unwrap_or(i32::MAX);
        place.iter_mut().zip(&sums).for_each(|(number, sum)| *number = pool.one(*sum, count));
    });
}

#[inline(always)]
#[allow(clippy::inline_always)] // Is compiled for each instruction set.
fn add(x: &[u8], to: &mut [i32]) {
    for (to, x) in to.iter_mut().zip(x) {
        *to += i32::from(*x);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tests::{Random, cases, levels};
    use super::*;
    use crate::kernels::whole::Activation;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]

        #[test]
        fn pools_are_their_twins(case in cases(), channels in 1_usize..140, signed in any::<bool>(), zero in 0..256) {
            let mut geometry = case.geometry;
            geometry.input[2] = channels;
            geometry.output[2] = channels;
            let mut random = Random(case.seed);
            let x = random.bytes(geometry.input.iter().product());
            let grid = Grid { scale: 0.05, zero, signed };
            let Some(max) = MaxPool::new(geometry.clone(), grid, Activation::Relu6) else { return Ok(()) };
            let Some(average) = AveragePool::new(geometry.clone(), grid, Activation::None) else { return Ok(()) };
            let mut want = vec![7; geometry.output.iter().product()];
            let mut out = want.clone();
            for level in levels() {
                max.run(&x, &mut want);
                max_pool(level, &max, &x, &mut out);
                prop_assert!(out == want, "the greatest differ on {level:?}");
                average.run(&x, &mut want);
                average_pool(level, &average, &x, &mut out);
                prop_assert!(out == want, "the means differ on {level:?}");
            }
        }

        #[test]
        fn tables_are_their_twins(len in 0_usize..300, seed in any::<u64>()) {
            let mut random = Random(seed);
            let (x, numbers) = (random.bytes(len), random.bytes(256));
            let of = Table::new(|number| numbers[usize::from(number)].into());
            let mut want = vec![7; len];
            of.run(&x, &mut want);
            for level in levels() {
                let mut out = vec![7; len];
                table(level, &of, &x, &mut out);
                prop_assert!(out == want, "{level:?}");
            }
        }

        #[test]
        fn real_values_are_quantised_as_their_twin_does(
            x in prop::collection::vec(
                prop_oneof![-9.0_f32..9.0, any::<f32>(), (-600_i16..600).prop_map(|x| f32::from(x) / 64.0)],
                0..70,
            ),
            scale in prop_oneof![Just(1.0_f32 / 32.0), 0.001_f32..0.1],
            zero in 0..256,
            missing in 0_usize..3,
        ) {
            let to = Grid { scale, zero, signed: false };
            let mut want = vec![7; x.len().saturating_sub(missing)];
            let mut out = want.clone();
            twin(to, &x, &mut want);
            for level in levels() {
                out.fill(7);
                quantise(level, to, &x, &mut out);
                prop_assert_eq!(&out, &want, "{:?}", level);
            }
        }
    }
}
