//! Operators of one number or one window at a time. They are written so that the compiler finds the vectors,
//! for each instruction set.

use fearless_simd::{Level, dispatch};

use crate::kernels::whole::conv::for_each_place;
use crate::kernels::whole::{AveragePool, Grid, Table, quantise as twin};

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

/// Its twin is [`AveragePool::run`].
pub(crate) fn average_pool(level: Level, pool: &AveragePool, x: &[u8], out: &mut [u8]) {
    let [rows, columns] = pool.geometry().size;
    let most = rows.saturating_mul(columns);
    if most > FEW || out.len() < 4 * 255 * most {
        return pool.run(x, out);
    }
    let channels = pool.geometry().input[2];
    let mut sums = vec![0_u16; channels];
    // For windows of so many places, what becomes of each sum: divisions are slow.
    let mut tables = vec![None; most + 1];
    for_each_place(pool.geometry(), out, |window, place| {
        let count = window.len();
        dispatch!(level, _s => add(window, x, channels, &mut sums));
        let table = tables[count].get_or_insert_with(|| averages(pool, count));
        for (number, sum) in place.iter_mut().zip(&sums) {
            *number = table[usize::from(*sum)];
        }
    });
}

/// Sums of so many numbers fit 16 bits, and their results a small table.
const FEW: usize = 64;

/// The results for all sums of `count` numbers, at most [`FEW`].
fn averages(pool: &AveragePool, count: usize) -> Vec<u8> {
    let count = i32::try_from(count).unwrap_or(0);
    (0..=255 * count).map(|sum| pool.one(sum, count)).collect()
}

/// The sums of each channel over a window.
#[inline(always)]
#[allow(clippy::inline_always)] // Is compiled for each instruction set.
fn add(window: &[(usize, usize)], x: &[u8], channels: usize, to: &mut [u16]) {
    to.fill(0);
    for (_, at) in window {
        for (to, x) in to.iter_mut().zip(&x[at * channels..][..channels]) {
            *to += u16::from(*x);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tests::{Random, cases, levels};
    use super::*;
    use crate::kernels::Geometry;
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
            let Some(average) = AveragePool::new(geometry.clone(), grid, Activation::None) else { return Ok(()) };
            let mut want = vec![7; geometry.output.iter().product()];
            let mut out = want.clone();
            for level in levels() {
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

    /// A pool with enough results for tables, whose windows are cut at all edges.
    #[test]
    fn tables_of_means_are_the_divisions() {
        let geometry = Geometry {
            input: [20, 21, 70],
            output: [20, 21, 70],
            size: [3, 4],
            stride: [1, 1],
            dilation: [1, 1],
            before: [1, 2],
        };
        let x = Random(3).bytes(20 * 21 * 70);
        for signed in [false, true] {
            let grid = Grid { scale: 0.05, zero: 77, signed };
            let pool = AveragePool::new(geometry.clone(), grid, Activation::Relu).unwrap();
            let (mut want, mut out) = (vec![7; x.len()], vec![7; x.len()]);
            pool.run(&x, &mut want);
            for level in levels() {
                average_pool(level, &pool, &x, &mut out);
                assert!(out == want, "{level:?}");
            }
        }
    }
}
