//! Coefficients to samples, with the arithmetic of libjpeg's accurate integer transform ("islow"),
//! which all browsers have: every sample is the same as theirs.

// See `wide`.
#![allow(clippy::inline_always)]

use std::num::Wrapping;

use super::reduced;
use super::square::{POINT, Square, down, sample, scale, turned};
use super::wide::Wide;

// Cosines with 13 bits behind the point.
const C0_298: i32 = 2446;
const C0_390: i32 = 3196;
const C0_541: i32 = 4433;
const C0_765: i32 = 6270;
const C0_899: i32 = 7373;
const C1_175: i32 = 9633;
const C1_501: i32 = 12299;
const C1_847: i32 = 15137;
const C1_961: i32 = 16069;
const C2_053: i32 = 16819;
const C2_562: i32 = 20995;
const C3_072: i32 = 25172;

/// One pass, over all columns. `bits` are taken off the results. `LOW`: the last four rows are zeros,
/// as in most blocks; what is multiplied with them is left out, and the sums stay the same.
#[inline(always)]
fn pass<const LOW: bool>(rows: &Square, bits: u32) -> Square {
    let mut out = [[0; 8]; 8];
    for x in 0..8 {
        let row = |y: usize| Wrapping(rows[y][x]);
        let times = |value: Wrapping<i32>, factor: i32| value * Wrapping(factor);
        let (tmp0, tmp1, tmp2, tmp3);
        if LOW {
            tmp0 = times(row(0), 1 << POINT);
            tmp1 = tmp0;
            tmp2 = times(row(2), C0_541);
            tmp3 = times(row(2), C0_541 + C0_765);
        } else {
            let z1 = times(row(2) + row(6), C0_541);
            tmp0 = times(row(0) + row(4), 1 << POINT);
            tmp1 = times(row(0) - row(4), 1 << POINT);
            tmp2 = z1 - times(row(6), C1_847);
            tmp3 = z1 + times(row(2), C0_765);
        }
        let even = [tmp0 + tmp3, tmp1 + tmp2, tmp1 - tmp2, tmp0 - tmp3];

        let (o2, o3) = (row(3), row(1));
        let odd = if LOW {
            let z5 = times(o2 + o3, C1_175);
            [
                times(o3, C1_501 - C0_899 - C0_390) + z5,
                times(o2, C3_072 - C2_562 - C1_961) + z5,
                z5 - times(o2, C2_562) - times(o3, C0_390),
                z5 - times(o2, C1_961) - times(o3, C0_899),
            ]
        } else {
            let (o0, o1) = (row(7), row(5));
            let z5 = times(o0 + o2 + o1 + o3, C1_175);
            let z1 = times(o0 + o3, -C0_899);
            let z2 = times(o1 + o2, -C2_562);
            let z3 = times(o0 + o2, -C1_961) + z5;
            let z4 = times(o1 + o3, -C0_390) + z5;
            [
                times(o3, C1_501) + z1 + z4,
                times(o2, C3_072) + z2 + z3,
                times(o1, C2_053) + z2 + z4,
                times(o0, C0_298) + z1 + z3,
            ]
        };
        out[0][x] = down(even[0] + odd[0], bits);
        out[1][x] = down(even[1] + odd[1], bits);
        out[2][x] = down(even[2] + odd[2], bits);
        out[3][x] = down(even[3] + odd[3], bits);
        out[4][x] = down(even[3] - odd[3], bits);
        out[5][x] = down(even[2] - odd[2], bits);
        out[6][x] = down(even[1] - odd[1], bits);
        out[7][x] = down(even[0] - odd[0], bits);
    }
    out
}

/// Writes the samples of a block to `out`, whose rows are `stride` apart: `side` x `side` of them.
/// `flat`: all coefficients but the first are zero.
pub(super) fn write(
    wide: Wide,
    block: &[i16; 64],
    steps: &[u16; 64],
    flat: bool,
    side: usize,
    out: &mut [u8],
    stride: usize,
) {
    if flat || side == 1 {
        let value = i32::from(block[0]).wrapping_mul(i32::from(steps[0]));
        let value = sample(value.wrapping_add(4) >> 3);
        for row in out.chunks_mut(stride).take(side) {
            row[..side].fill(value);
        }
        return;
    }
    wide.run(
        #[inline(always)]
        || match side {
            4 => reduced::write_four(block, steps, out, stride),
            2 => reduced::write_two(block, steps, out, stride),
            _ => write_eight(block, steps, out, stride),
        },
    );
}

/// Writes all samples of a block.
#[inline(always)]
fn write_eight(block: &[i16; 64], steps: &[u16; 64], out: &mut [u8], stride: usize) {
    // Which coefficients there are, by column.
    let (above, below) = block.as_chunks::<8>().0.split_at(4);
    let any = |rows: &[[i16; 8]]| {
        rows.iter().fold([0; 8], |any, row| std::array::from_fn(|x| any[x] | row[x]))
    };
    let (above, below): ([i16; 8], [i16; 8]) = (any(above), any(below));
    let mut rows = [[0; 8]; 8];
    let rows = if below == [0; 8] {
        scale(&block[..32], &steps[..32], &mut rows);
        let columns = turned(&pass::<true>(&rows, POINT - 2));
        if above[4..] == [0; 4] {
            pass::<true>(&columns, POINT + 5)
        } else {
            pass::<false>(&columns, POINT + 5)
        }
    } else {
        scale(block, steps, &mut rows);
        pass::<false>(&turned(&pass::<false>(&rows, POINT - 2)), POINT + 5)
    };
    let rows = turned(&rows);
    for (row, values) in out.chunks_mut(stride).zip(&rows) {
        row[..8].copy_from_slice(&values.map(sample));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Sums wrap, so that even damaged blocks have the same samples everywhere.
        #[test]
        fn wide_instructions_make_the_same_samples(
            block in prop::collection::vec(prop_oneof![3 => Just(0), 2 => -200_i16..200, 1 => any::<i16>()], 64),
            steps in prop::collection::vec(1_u16..300, 64),
            side in prop::sample::select(vec![1_usize, 2, 4, 8]),
        ) {
            let block: [i16; 64] = block.try_into().unwrap();
            let steps: [u16; 64] = steps.try_into().unwrap();
            let samples = |wide| {
                let mut out = [0; 8 * 11];
                write(wide, &block, &steps, false, side, &mut out, 11);
                out
            };
            prop_assert_eq!(samples(Wide::new()), samples(Wide::none()));
        }
    }
}
