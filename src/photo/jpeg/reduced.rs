//! Coefficients to 4 x 4, 2 x 2 or 1 sample instead of 8 x 8, with the arithmetic of libjpeg-turbo's
//! `jidctred.c`: a reduced transform of the lower frequencies, with what the higher ones have of them.

// See `wide`.
#![allow(clippy::inline_always)]

use std::num::Wrapping;

use super::square::{POINT, Square, down, sample, scale, turned};

// Cosines with 13 bits behind the point, as `jidctred.c` names them.
const F0_211: i32 = 1730;
const F0_509: i32 = 4176;
const F0_601: i32 = 4926;
const F0_720: i32 = 5906;
const F0_765: i32 = 6270;
const F0_850: i32 = 6967;
const F0_899: i32 = 7373;
const F1_061: i32 = 8697;
const F1_272: i32 = 10426;
const F1_451: i32 = 11893;
const F1_847: i32 = 15137;
const F2_172: i32 = 17799;
const F2_562: i32 = 20995;
const F3_624: i32 = 29692;

/// Eight rows become four, in all columns.
#[inline(always)]
fn four<const N: usize>(rows: &[[i32; N]; 8], bits: u32) -> [[i32; N]; 4] {
    let mut out = [[0; N]; 4];
    for x in 0..N {
        let times = |y: usize, factor: i32| Wrapping(rows[y][x]) * Wrapping(factor);
        let first = times(0, 1 << (POINT + 1));
        let second = times(2, F1_847) - times(6, F0_765);
        let (outer, inner) = (first + second, first - second);
        let near = times(5, F1_451) - times(7, F0_211) - times(3, F2_172) + times(1, F1_061);
        let far = times(3, F0_899) - times(7, F0_509) - times(5, F0_601) + times(1, F2_562);
        out[0][x] = down(outer + far, bits);
        out[1][x] = down(inner + near, bits);
        out[2][x] = down(inner - near, bits);
        out[3][x] = down(outer - far, bits);
    }
    out
}

/// Eight rows become two, in all columns.
#[inline(always)]
fn two<const N: usize>(rows: &[[i32; N]; 8], bits: u32) -> [[i32; N]; 2] {
    let mut out = [[0; N]; 2];
    for x in 0..N {
        let times = |y: usize, factor: i32| Wrapping(rows[y][x]) * Wrapping(factor);
        let even = times(0, 1 << (POINT + 2));
        let odd = times(5, F0_850) - times(7, F0_720) - times(3, F1_272) + times(1, F3_624);
        out[0][x] = down(even + odd, bits);
        out[1][x] = down(even - odd, bits);
    }
    out
}

/// Writes 4 x 4 samples of a block to `out`, whose rows are `stride` apart.
#[inline(always)]
pub(super) fn write_four(block: &[i16; 64], steps: &[u16; 64], out: &mut [u8], stride: usize) {
    let mut rows: Square = [[0; 8]; 8];
    scale(block, steps, &mut rows);
    let columns = four(&turned(&four(&rows, POINT - 1)), POINT + 6);
    for (y, row) in out.chunks_mut(stride).take(4).enumerate() {
        for (out, column) in row.iter_mut().zip(&columns) {
            *out = sample(column[y]);
        }
    }
}

/// Writes 2 x 2 samples of a block.
#[inline(always)]
pub(super) fn write_two(block: &[i16; 64], steps: &[u16; 64], out: &mut [u8], stride: usize) {
    let mut rows: Square = [[0; 8]; 8];
    scale(block, steps, &mut rows);
    let columns = two(&turned(&two(&rows, POINT)), POINT + 7);
    for (y, row) in out.chunks_mut(stride).take(2).enumerate() {
        for (out, column) in row.iter_mut().zip(&columns) {
            *out = sample(column[y]);
        }
    }
}
