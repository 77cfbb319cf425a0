//! Tiles of a convolution on AVX-512 with VNNI, which multiplies four `u8` with four `i8` and adds all to a
//! sum of 32 bits at once, without saturation.

#[allow(clippy::wildcard_imports)] // Dozens of instructions.
use core::arch::x86_64::*;

use fearless_simd::{Avx512, i8x64, i32x16, prelude::*, u8x16, u8x32, u8x64};

use super::panels::Form;
use super::steps::{Ends, Step};
use super::tile::{Job, put};

/// The numbers that the steps of a vector take.
pub(super) const RECORD: usize = 10 * 16;

/// See [`Form`].
pub(super) const FORM: Form =
    Form { lanes: 16, group: 4, vectors: &[4, 2, 1], record: RECORD, write: write_steps };

/// The most places of a tile, for the vectors of its panel: sums, weights and one input fill 32 registers.
pub(super) fn most(vectors: usize) -> usize {
    if vectors == 4 { 6 } else { 8 }
}

/// Writes the steps of 16 channels: bias, places to the left, the multipliers of even and odd lanes, and,
/// for products of 64 bits of the even lanes and of the odd ones, what is added before one shift to the
/// right does both roundings, how far it goes, and what is taken away from what is negative.
pub(super) fn write_steps(steps: &[Step], to: &mut [i32]) {
    for (lane, step) in steps.iter().enumerate() {
        // A product with no shift to the right is that of twice the sum with one.
        let extra = u32::from(step.right == 0);
        let right = step.right + extra;
        let half = if extra == 1 { 1_i64 << 31 } else { (1 << 30) + (1 << (30 + right)) };
        let away = if step.away { 1_i64 << 31 } else { 0 };
        // The result of an odd lane stays in the upper half of its 64 bits.
        let shift = if lane % 2 == 0 { 31 + right } else { right - 1 };
        to[lane] = step.bias;
        to[16 + lane] = (step.left + extra).cast_signed();
        to[32 + lane] = step.bits;
        to[48 + (lane & !1)] = if lane % 2 == 1 { step.bits } else { to[48 + lane] };
        let wide = lane % 2 * 16 + (lane & !1);
        put_wide(&mut to[64 + wide..], half);
        put_wide(&mut to[96 + wide..], shift.into());
        put_wide(&mut to[128 + wide..], away);
    }
}

/// A number of 64 bits in two of 32.
#[allow(clippy::cast_possible_truncation)] // Takes them apart.
fn put_wide(to: &mut [i32], number: i64) {
    (to[0], to[1]) = (number as i32, (number >> 32) as i32);
}

/// A vector's steps.
pub(super) struct Lanes {
    bits: [__m512i; 2],
    half: [__m512i; 2],
    shift: [__m512i; 2],
    away: [__m512i; 2],
}

#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn load(s: Avx512, from: &[i32]) -> __m512i {
    i32x16::from_slice(s, &from[..16]).into()
}

#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn lanes(s: Avx512, steps: &[i32], vector: usize) -> Lanes {
    let from = &steps[vector * RECORD..][..RECORD];
    let two = |at: usize| [load(s, &from[at..]), load(s, &from[at + 16..])];
    Lanes { bits: two(32), half: two(64), shift: two(96), away: two(128) }
}

/// The products of 16 sums and their multipliers, rounded.
#[inline]
#[target_feature(enable = "avx512f,avx512dq")]
pub(super) fn product(x: __m512i, by: &Lanes) -> __m512i {
    let even = _mm512_add_epi64(_mm512_mul_epi32(x, by.bits[0]), by.half[0]);
    let odd = _mm512_mul_epi32(_mm512_shuffle_epi32::<0xf5>(x), by.bits[1]);
    let odd = _mm512_add_epi64(odd, by.half[1]);
    let even = _mm512_srav_epi64(even, by.shift[0]);
    let odd = _mm512_srav_epi64(odd, by.shift[1]);
    _mm512_mask_blend_epi32(0xaaaa, even, odd)
}

/// The same where some channels round halves away from 0: what is negative after the first rounding ends
/// one lower before the second.
#[inline]
#[target_feature(enable = "avx512f,avx512dq")]
pub(super) fn product_away(x: __m512i, by: &Lanes) -> __m512i {
    let first = _mm512_set1_epi64(1 << 30);
    let one = |product: __m512i, of: usize| {
        let below = _mm512_movepi64_mask(_mm512_add_epi64(product, first));
        let sum = _mm512_add_epi64(product, by.half[of]);
        _mm512_srav_epi64(_mm512_mask_sub_epi64(sum, below, sum, by.away[of]), by.shift[of])
    };
    let even = one(_mm512_mul_epi32(x, by.bits[0]), 0);
    let odd = one(_mm512_mul_epi32(_mm512_shuffle_epi32::<0xf5>(x), by.bits[1]), 1);
    _mm512_mask_blend_epi32(0xaaaa, even, odd)
}

/// The bytes of a vector.
#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn bytes(s: Avx512, x: __m512i) -> [u8; 64] {
    let x: u8x64<_> = x.simd_into(s);
    x.into()
}

/// An expression for each vector of a panel, written out.
macro_rules! each {
    (1, $v:ident => $e:expr) => { each!(@ $v => $e, 0) };
    (2, $v:ident => $e:expr) => { each!(@ $v => $e, 0 1) };
    (4, $v:ident => $e:expr) => { each!(@ $v => $e, 0 1 2 3) };
    (@ $v:ident => $e:expr, $($at:literal)*) => { [$( { const $v: usize = $at; $e } ),*] };
}

/// Packs the products of a place to bytes, in the order of channels.
macro_rules! pack {
    (4, $x:expr, $zero:ident) => {{
        let low = _mm512_adds_epi16(_mm512_packs_epi32($x[0], $x[1]), $zero);
        let high = _mm512_adds_epi16(_mm512_packs_epi32($x[2], $x[3]), $zero);
        _mm512_packus_epi16(low, high)
    }};
    (2, $x:expr, $zero:ident) => {{
        let x = _mm512_adds_epi16(_mm512_packs_epi32($x[0], $x[1]), $zero);
        let x = _mm512_max_epi16(x, _mm512_setzero_si512());
        _mm512_castsi256_si512(_mm512_cvtusepi16_epi8(x))
    }};
    (1, $x:expr, $zero:ident) => {{
        let x = _mm512_adds_epi16(_mm512_packs_epi32($x[0], $x[0]), $zero);
        let first = _mm512_setr_epi32(0, 4, 8, 12, 0, 4, 8, 12, 0, 4, 8, 12, 0, 4, 8, 12);
        _mm512_permutexvar_epi32(first, _mm512_packus_epi16(x, x))
    }};
}

/// Writes the numbers of a panel of so many vectors, or as many as there is room for.
macro_rules! store {
    (4, $s:ident, $x:expr, $out:expr) => {{
        let x: u8x64<_> = $x.simd_into($s);
        store!(@ x, 64, $out)
    }};
    (2, $s:ident, $x:expr, $out:expr) => {{
        let x: u8x32<_> = _mm512_castsi512_si256($x).simd_into($s);
        store!(@ x, 32, $out)
    }};
    (1, $s:ident, $x:expr, $out:expr) => {{
        let x: u8x16<_> = _mm512_castsi512_si128($x).simd_into($s);
        store!(@ x, 16, $out)
    }};
    (@ $x:ident, $many:literal, $out:expr) => {{
        let out = $out;
        if out.len() >= $many {
            $x.store_slice(&mut out[..$many]);
        } else {
            let x: [u8; $many] = $x.into();
            put(&x, out);
        }
    }};
}

/// Defines the tile of some places (their numbers, from 0) and of so many vectors.
macro_rules! tile {
    ($name:ident, $places:tt [$($r:tt)*], $vectors:tt) => {
        fearless_simd::kernel!(
            #[inline]
            fn $name(s: Avx512, job: &Job<'_, u8>, starts: &[usize; 8], add: &[i32; 8], out: &mut [u8]) {
                let bias = each!($vectors, V => load(s, &job.steps[V * RECORD..]));
                let mut acc = [$( {
                    let add = _mm512_set1_epi32(add[$r]);
                    each!($vectors, V => _mm512_add_epi32(bias[V], add))
                } ),*];
                let segments = job.weights.chunks_exact(job.groups * $vectors * 64);
                for (offset, weights) in job.offsets.iter().zip(segments) {
                    let x: [&[[u8; 4]]; $places] = [$( {
                        let run = &job.data[starts[$r] + offset..][..4 * job.groups];
                        &run.as_chunks::<4>().0[..job.groups]
                    } ),*];
                    for (k, weights) in (0..job.groups).zip(weights.chunks_exact($vectors * 64)) {
                        let w: [__m512i; $vectors] =
                            each!($vectors, V => i8x64::from_slice(s, &weights[V * 64..][..64]).into());
                        $( {
                            let x = _mm512_set1_epi32(i32::from_le_bytes(x[$r][k]));
                            acc[$r] = each!($vectors, V => _mm512_dpbusd_epi32(acc[$r][V], x, w[V]));
                        } )*
                    }
                }
                if job.ends.lefts || job.ends.away {
                    each!($vectors, V => {
                        let left = load(s, &job.steps[V * RECORD + 16..]);
                        let by = lanes(s, job.steps, V);
                        $( acc[$r][V] = product_away(_mm512_sllv_epi32(acc[$r][V], left), &by); )*
                    });
                } else {
                    each!($vectors, V => {
                        let by = lanes(s, job.steps, V);
                        $( acc[$r][V] = product(acc[$r][V], &by); )*
                    });
                }
                let zero = _mm512_set1_epi16(job.ends.zero);
                let least = _mm512_set1_epi8(job.ends.least.cast_signed());
                let greatest = _mm512_set1_epi8(job.ends.greatest.cast_signed());
                $( {
                    let x = pack!($vectors, acc[$r], zero);
                    let x = _mm512_min_epu8(_mm512_max_epu8(x, least), greatest);
                    store!($vectors, s, x, &mut out[$r * job.line..][..job.channels]);
                } )*
            }
        );
    };
}

/// Defines the tiles of one to so many places, and what picks one.
macro_rules! tiles {
    ($pick:ident, $vectors:tt, $($places:tt $name:ident $r:tt),*) => {
        $( tile!($name, $places $r, $vectors); )*

        /// Runs the tile of so many places.
        fn $pick(s: Avx512, places: usize, job: &Job<'_, u8>, starts: &[usize; 8], add: &[i32; 8], out: &mut [u8]) {
            match places {
                $( $places => $name(s, job, starts, add, out), )*
                _ => unreachable!("no such tile"),
            }
        }
    };
}

tiles!(four, 4, 1 t4_1 [0], 2 t4_2 [0 1], 3 t4_3 [0 1 2], 4 t4_4 [0 1 2 3], 5 t4_5 [0 1 2 3 4],
    6 t4_6 [0 1 2 3 4 5]);
tiles!(two, 2, 1 t2_1 [0], 2 t2_2 [0 1], 3 t2_3 [0 1 2], 4 t2_4 [0 1 2 3], 5 t2_5 [0 1 2 3 4],
    6 t2_6 [0 1 2 3 4 5], 7 t2_7 [0 1 2 3 4 5 6], 8 t2_8 [0 1 2 3 4 5 6 7]);
tiles!(one, 1, 1 t1_1 [0], 2 t1_2 [0 1], 3 t1_3 [0 1 2], 4 t1_4 [0 1 2 3], 5 t1_5 [0 1 2 3 4],
    6 t1_6 [0 1 2 3 4 5], 7 t1_7 [0 1 2 3 4 5 6], 8 t1_8 [0 1 2 3 4 5 6 7]);

/// Computes a tile: a panel's channels of the places whose windows start at the first `places` of `starts`.
/// `out` starts at the first of both; `add` is added to the sums of each place.
pub(super) fn tile(
    s: Avx512,
    vectors: usize,
    places: usize,
    job: &Job<'_, u8>,
    starts: &[usize; 8],
    add: &[i32; 8],
    out: &mut [u8],
) {
    match vectors {
        4 => four(s, places, job, starts, add, out),
        2 => two(s, places, job, starts, add, out),
        _ => one(s, places, job, starts, add, out),
    }
}

fearless_simd::kernel!(
    /// The numbers of sums that all go through the same step, which is written in `record`.
    #[inline]
    pub(super) fn even(
        s: Avx512,
        record: &[i32],
        ends: Ends,
        sums: &[i32; 256],
        out: &mut [u8; 256],
    ) {
        let (left, by) = (load(s, &record[16..]), lanes(s, record, 0));
        // Packing leaves parts of four side by side.
        let order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
        let zero = _mm512_set1_epi16(ends.zero);
        let least = _mm512_set1_epi8(ends.least.cast_signed());
        let greatest = _mm512_set1_epi8(ends.greatest.cast_signed());
        for (sums, out) in sums.as_chunks::<64>().0.iter().zip(out.as_chunks_mut::<64>().0) {
            let x = each!(4, V => {
                product_away(_mm512_sllv_epi32(load(s, &sums[V * 16..]), left), &by)
            });
            let x = _mm512_min_epu8(_mm512_max_epu8(pack!(4, x, zero), least), greatest);
            *out = bytes(s, _mm512_permutexvar_epi32(order, x));
        }
    }
);

fearless_simd::kernel!(
    /// A table's results for all numbers, in whole blocks of 64: the upper bit of a number says which half of
    /// the table holds its result.
    #[inline]
    pub(super) fn table(s: Avx512, table: &[u8; 256], x: &[u8], out: &mut [u8]) {
        let part = each!(4, V => {
            let part: __m512i = u8x64::from_slice(s, &table[V * 64..][..64]).into();
            part
        });
        for (x, out) in x.as_chunks::<64>().0.iter().zip(out.as_chunks_mut::<64>().0) {
            let x: __m512i = u8x64::from_slice(s, x).into();
            let low = _mm512_permutex2var_epi8(part[0], x, part[1]);
            let high = _mm512_permutex2var_epi8(part[2], x, part[3]);
            *out = bytes(s, _mm512_mask_blend_epi8(_mm512_movepi8_mask(x), low, high));
        }
    }
);
