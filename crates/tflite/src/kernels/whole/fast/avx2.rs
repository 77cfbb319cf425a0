//! Tiles of a convolution on AVX2, whose products of pairs of `i16` cannot saturate; those of `u8` and `i8`
//! (`vpmaddubsw`) would.

#[allow(clippy::wildcard_imports)] // Dozens of instructions.
use core::arch::x86_64::*;

use fearless_simd::{Avx2, i8x16, i32x8, prelude::*, u8x32};

use super::panels::Form;
use super::steps::{Ends, Step};
use super::tile::{Job, put};

/// The numbers that the steps of a vector take.
pub(super) const RECORD: usize = 7 * 8;

/// See [`Form`].
pub(super) const FORM: Form =
    Form { lanes: 8, group: 2, vectors: &[2, 1], record: RECORD, write: write_steps };

/// The most places of a tile: sums, weights, an input and a product fill 16 registers.
pub(super) fn most(_vectors: usize) -> usize {
    6
}

/// Writes the steps of 8 channels: bias, places to the left, the multipliers of even and odd lanes, what is
/// added before the shift to the right, how far it goes, and what is added to what is negative before.
pub(super) fn write_steps(steps: &[Step], to: &mut [i32]) {
    for (lane, step) in steps.iter().enumerate() {
        to[lane] = step.bias;
        to[8 + lane] = step.left.cast_signed();
        // Only even lanes are multiplied.
        to[16 + lane % 2 * 8 + (lane & !1)] = step.bits;
        to[32 + lane] = step.right.checked_sub(1).map_or(0, |half| 1 << half);
        to[40 + lane] = step.right.cast_signed();
        to[48 + lane] = -i32::from(step.away);
    }
}

#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn load(s: Avx2, from: &[i32]) -> __m256i {
    i32x8::from_slice(s, &from[..8]).into()
}

/// A vector's steps.
pub(super) struct Lanes {
    left: __m256i,
    bits: [__m256i; 2],
    half: __m256i,
    right: __m256i,
    away: __m256i,
}

#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn lanes(s: Avx2, steps: &[i32], vector: usize) -> Lanes {
    let from = &steps[vector * RECORD..][..RECORD];
    Lanes {
        left: load(s, &from[8..]),
        bits: [load(s, &from[16..]), load(s, &from[24..])],
        half: load(s, &from[32..]),
        right: load(s, &from[40..]),
        away: load(s, &from[48..]),
    }
}

/// The products of 8 sums and their multipliers, rounded once.
#[inline]
#[target_feature(enable = "avx2")]
fn high(x: __m256i, by: &Lanes) -> __m256i {
    let first = _mm256_set1_epi64x(1 << 30);
    let even = _mm256_add_epi64(_mm256_mul_epi32(x, by.bits[0]), first);
    let odd = _mm256_mul_epi32(_mm256_srli_epi64::<32>(x), by.bits[1]);
    let odd = _mm256_add_epi64(odd, first);
    let even = _mm256_srli_epi64::<31>(even);
    let odd = _mm256_slli_epi64::<1>(odd);
    _mm256_blend_epi32::<0xaa>(even, odd)
}

/// The products of 8 sums and their multipliers, rounded twice.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn product(x: __m256i, by: &Lanes) -> __m256i {
    _mm256_srav_epi32(_mm256_add_epi32(high(x, by), by.half), by.right)
}

/// The same where some channels move left, or round halves away from 0: what is negative after the first
/// rounding ends one lower before the second.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn product_away(x: __m256i, by: &Lanes) -> __m256i {
    let high = high(_mm256_sllv_epi32(x, by.left), by);
    let below = _mm256_and_si256(_mm256_srai_epi32::<31>(high), by.away);
    let sum = _mm256_add_epi32(_mm256_add_epi32(high, by.half), below);
    _mm256_srav_epi32(sum, by.right)
}

/// An expression for each vector of a panel, written out.
macro_rules! each {
    (1, $v:ident => $e:expr) => { each!(@ $v => $e, 0) };
    (2, $v:ident => $e:expr) => { each!(@ $v => $e, 0 1) };
    (@ $v:ident => $e:expr, $($at:literal)*) => { [$( { const $v: usize = $at; $e } ),*] };
}

/// Defines the tile of some places (their numbers, from 0) and of so many vectors.
macro_rules! tile {
    ($name:ident, $places:tt [$($r:tt)*], $vectors:tt) => {
        fearless_simd::kernel!(
            #[inline]
            fn $name(s: Avx2, job: &Job<'_, i16>, starts: &[usize; 8], add: &[i32; 8], out: &mut [u8]) {
                let bias = each!($vectors, V => load(s, &job.steps[V * RECORD..]));
                let mut acc = [$( {
                    let add = _mm256_set1_epi32(add[$r]);
                    each!($vectors, V => _mm256_add_epi32(bias[V], add))
                } ),*];
                let segments = job.weights.chunks_exact(job.groups * $vectors * 16);
                for (offset, weights) in job.offsets.iter().zip(segments) {
                    let x: [&[[i16; 2]]; $places] = [$( {
                        let run = &job.data[starts[$r] + offset..][..2 * job.groups];
                        &run.as_chunks::<2>().0[..job.groups]
                    } ),*];
                    for (k, weights) in (0..job.groups).zip(weights.chunks_exact($vectors * 16)) {
                        let w = each!($vectors, V => {
                            let w: __m128i = i8x16::from_slice(s, &weights[V * 16..][..16]).into();
                            _mm256_cvtepi8_epi16(w)
                        });
                        $( {
                            let [low, high] = x[$r][k].map(i16::cast_unsigned);
                            let x = _mm256_set1_epi32(
                                (u32::from(high) << 16 | u32::from(low)).cast_signed(),
                            );
                            acc[$r] = each!($vectors, V => {
                                _mm256_add_epi32(acc[$r][V], _mm256_madd_epi16(x, w[V]))
                            });
                        } )*
                    }
                }
                if job.ends.lefts || job.ends.away {
                    each!($vectors, V => {
                        let by = lanes(s, job.steps, V);
                        $( acc[$r][V] = product_away(acc[$r][V], &by); )*
                    });
                } else {
                    each!($vectors, V => {
                        let by = lanes(s, job.steps, V);
                        $( acc[$r][V] = product(acc[$r][V], &by); )*
                    });
                }
                let zero = _mm256_set1_epi16(job.ends.zero);
                let least = _mm256_set1_epi8(job.ends.least.cast_signed());
                let greatest = _mm256_set1_epi8(job.ends.greatest.cast_signed());
                $( {
                    let x = _mm256_packs_epi32(acc[$r][0], acc[$r][$vectors - 1]);
                    let x = _mm256_adds_epi16(x, zero);
                    let x = _mm256_packus_epi16(x, x);
                    let x = _mm256_min_epu8(_mm256_max_epu8(x, least), greatest);
                    let first = match $vectors {
                        2 => _mm256_setr_epi32(0, 1, 4, 5, 0, 1, 4, 5),
                        _ => _mm256_setr_epi32(0, 4, 0, 4, 0, 4, 0, 4),
                    };
                    let x: u8x32<_> = _mm256_permutevar8x32_epi32(x, first).simd_into(s);
                    let x: [u8; 32] = x.into();
                    let out = &mut out[$r * job.line..][..job.channels];
                    if let Some(x) = x.first_chunk::<{ 8 * $vectors }>() {
                        put(x, out);
                    }
                } )*
            }
        );
    };
}

/// Defines the tiles of one to six places, and what picks one.
macro_rules! tiles {
    ($pick:ident, $vectors:tt, $($places:tt $name:ident $r:tt),*) => {
        $( tile!($name, $places $r, $vectors); )*

        /// Runs the tile of so many places.
        fn $pick(s: Avx2, places: usize, job: &Job<'_, i16>, starts: &[usize; 8], add: &[i32; 8], out: &mut [u8]) {
            match places {
                $( $places => $name(s, job, starts, add, out), )*
                _ => unreachable!("no such tile"),
            }
        }
    };
}

tiles!(two, 2, 1 t2_1 [0], 2 t2_2 [0 1], 3 t2_3 [0 1 2], 4 t2_4 [0 1 2 3], 5 t2_5 [0 1 2 3 4],
    6 t2_6 [0 1 2 3 4 5]);
tiles!(one, 1, 1 t1_1 [0], 2 t1_2 [0 1], 3 t1_3 [0 1 2], 4 t1_4 [0 1 2 3], 5 t1_5 [0 1 2 3 4],
    6 t1_6 [0 1 2 3 4 5]);

/// Computes a tile: a panel's channels of the places whose windows start at the first `places` of `starts`.
/// `out` starts at the first of both; `add` is added to the sums of each place.
pub(super) fn tile(
    s: Avx2,
    vectors: usize,
    places: usize,
    job: &Job<'_, i16>,
    starts: &[usize; 8],
    add: &[i32; 8],
    out: &mut [u8],
) {
    match vectors {
        2 => two(s, places, job, starts, add, out),
        _ => one(s, places, job, starts, add, out),
    }
}

fearless_simd::kernel!(
    /// The numbers of sums that all go through the same step, which is written in `record`.
    #[inline]
    pub(super) fn even(
        s: Avx2,
        record: &[i32],
        ends: Ends,
        sums: &[i32; 256],
        out: &mut [u8; 256],
    ) {
        let by = lanes(s, record, 0);
        // Packing leaves parts of four side by side.
        let order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
        let zero = _mm256_set1_epi16(ends.zero);
        let least = _mm256_set1_epi8(ends.least.cast_signed());
        let greatest = _mm256_set1_epi8(ends.greatest.cast_signed());
        for (sums, out) in sums.as_chunks::<32>().0.iter().zip(out.as_chunks_mut::<32>().0) {
            let [a, b, c, d] = [0, 8, 16, 24].map(|at| load(s, &sums[at..]));
            let low = _mm256_packs_epi32(product_away(a, &by), product_away(b, &by));
            let high = _mm256_packs_epi32(product_away(c, &by), product_away(d, &by));
            let x =
                _mm256_packus_epi16(_mm256_adds_epi16(low, zero), _mm256_adds_epi16(high, zero));
            let x = _mm256_min_epu8(_mm256_max_epu8(x, least), greatest);
            let x: u8x32<_> = _mm256_permutevar8x32_epi32(x, order).simd_into(s);
            *out = x.into();
        }
    }
);
