//! Tiles of a convolution on NEON, by products of `i8` in 16 bits that are added to sums of 32 in pairs. The
//! input is moved down by 128 for that, and so is its zero.

#[allow(clippy::wildcard_imports)] // Dozens of instructions.
use core::arch::aarch64::*;

use fearless_simd::{Neon, i8x16, i32x4, prelude::*, u8x16};

use super::panels::Form;
use super::steps::{Ends, Step};
use super::tile::{Job, put};

/// The numbers that the steps of a vector take.
pub(super) const RECORD: usize = 5 * 4;

/// See [`Form`].
pub(super) const FORM: Form =
    Form { lanes: 4, group: 2, vectors: &[4], record: RECORD, write: write_steps };

/// The most places of a tile: sums, weights and an input fill 32 registers.
pub(super) fn most(_vectors: usize) -> usize {
    6
}

/// Writes the steps of 4 channels: bias, places to the left, multipliers, places to the left after the
/// product (so none or less than none), and what is added to what is negative before.
pub(super) fn write_steps(steps: &[Step], to: &mut [i32]) {
    for (lane, step) in steps.iter().enumerate() {
        to[lane] = step.bias;
        to[4 + lane] = step.left.cast_signed();
        to[8 + lane] = step.bits;
        to[12 + lane] = -step.right.cast_signed();
        to[16 + lane] = -i32::from(step.away);
    }
}

#[inline]
#[target_feature(enable = "neon")]
pub(super) fn load(s: Neon, from: &[i32]) -> int32x4_t {
    i32x4::from_slice(s, &from[..4]).into()
}

/// A vector's steps.
pub(super) struct Lanes {
    left: int32x4_t,
    bits: int32x4_t,
    right: int32x4_t,
    away: int32x4_t,
}

#[inline]
#[target_feature(enable = "neon")]
pub(super) fn lanes(s: Neon, steps: &[i32], vector: usize) -> Lanes {
    let from = &steps[vector * RECORD..][..RECORD];
    Lanes {
        left: load(s, &from[4..]),
        bits: load(s, &from[8..]),
        right: load(s, &from[12..]),
        away: load(s, &from[16..]),
    }
}

/// The products of 4 sums and their multipliers, rounded.
#[inline]
#[target_feature(enable = "neon")]
pub(super) fn product(x: int32x4_t, by: &Lanes) -> int32x4_t {
    let high = vqrdmulhq_s32(vshlq_s32(x, by.left), by.bits);
    let below = vandq_s32(vshrq_n_s32::<31>(high), by.away);
    vrshlq_s32(vaddq_s32(high, below), by.right)
}

/// An expression for each of the four vectors of a panel, written out.
macro_rules! each {
    ($v:ident => $e:expr) => { each!(@ $v => $e, 0 1 2 3) };
    (@ $v:ident => $e:expr, $($at:literal)*) => { [$( { const $v: usize = $at; $e } ),*] };
}

/// Defines the tile of some places (their numbers, from 0).
macro_rules! tile {
    ($name:ident, $places:tt [$($r:tt)*]) => {
        fearless_simd::kernel!(
            #[inline]
            fn $name(s: Neon, job: &Job<'_, i8>, starts: &[usize; 8], add: &[i32; 8], out: &mut [u8]) {
                let bias = each!(V => load(s, &job.steps[V * RECORD..]));
                let mut acc = [$( {
                    let add = vdupq_n_s32(add[$r]);
                    each!(V => vaddq_s32(bias[V], add))
                } ),*];
                let segments = job.weights.chunks_exact(job.groups * 32);
                for (offset, weights) in job.offsets.iter().zip(segments) {
                    let x: [&[[i8; 2]]; $places] = [$( {
                        let run = &job.data[starts[$r] + offset..][..2 * job.groups];
                        &run.as_chunks::<2>().0[..job.groups]
                    } ),*];
                    for (k, weights) in (0..job.groups).zip(weights.chunks_exact(32)) {
                        let low: int8x16_t = i8x16::from_slice(s, &weights[..16]).into();
                        let high: int8x16_t = i8x16::from_slice(s, &weights[16..]).into();
                        $( {
                            let x = u16::from_le_bytes(x[$r][k].map(i8::cast_unsigned));
                            let x = vreinterpretq_s8_u16(vdupq_n_u16(x));
                            acc[$r] = [
                                vpadalq_s16(acc[$r][0], vmull_s8(vget_low_s8(low), vget_low_s8(x))),
                                vpadalq_s16(acc[$r][1], vmull_high_s8(low, x)),
                                vpadalq_s16(acc[$r][2], vmull_s8(vget_low_s8(high), vget_low_s8(x))),
                                vpadalq_s16(acc[$r][3], vmull_high_s8(high, x)),
                            ];
                        } )*
                    }
                }
                each!(V => {
                    let by = lanes(s, job.steps, V);
                    $( acc[$r][V] = product(acc[$r][V], &by); )*
                });
                let zero = vdupq_n_s16(job.ends.zero);
                let (least, greatest) = (vdupq_n_u8(job.ends.least), vdupq_n_u8(job.ends.greatest));
                $( {
                    let low = vqmovn_high_s32(vqmovn_s32(acc[$r][0]), acc[$r][1]);
                    let high = vqmovn_high_s32(vqmovn_s32(acc[$r][2]), acc[$r][3]);
                    let low = vqmovun_s16(vqaddq_s16(low, zero));
                    let x = vqmovun_high_s16(low, vqaddq_s16(high, zero));
                    let x: u8x16<_> = vminq_u8(vmaxq_u8(x, least), greatest).simd_into(s);
                    let x: [u8; 16] = x.into();
                    put(&x, &mut out[$r * job.line..][..job.channels]);
                } )*
            }
        );
    };
}

/// Defines the tiles of one to six places, and what picks one.
macro_rules! tiles {
    ($($places:tt $name:ident $r:tt),*) => {
        $( tile!($name, $places $r); )*

        /// Computes a tile: a panel's channels of the places whose windows start at the first `places` of
        /// `starts`. `out` starts at the first of both; `add` is added to the sums of each place.
        pub(super) fn tile(
            s: Neon,
            places: usize,
            job: &Job<'_, i8>,
            starts: &[usize; 8],
            add: &[i32; 8],
            out: &mut [u8],
        ) {
            match places {
                $( $places => $name(s, job, starts, add, out), )*
                _ => unreachable!("no such tile"),
            }
        }
    };
}

tiles!(1 t1 [0], 2 t2 [0 1], 3 t3 [0 1 2], 4 t4 [0 1 2 3], 5 t5 [0 1 2 3 4], 6 t6 [0 1 2 3 4 5]);

fearless_simd::kernel!(
    /// The numbers of sums that all go through the same step, which is written in `record`.
    #[inline]
    pub(super) fn even(
        s: Neon,
        record: &[i32],
        ends: Ends,
        sums: &[i32; 256],
        out: &mut [u8; 256],
    ) {
        let by = lanes(s, record, 0);
        let zero = vdupq_n_s16(ends.zero);
        let (least, greatest) = (vdupq_n_u8(ends.least), vdupq_n_u8(ends.greatest));
        for (sums, out) in sums.as_chunks::<16>().0.iter().zip(out.as_chunks_mut::<16>().0) {
            let x = each!(V => product(load(s, &sums[V * 4..]), &by));
            let low = vqmovn_high_s32(vqmovn_s32(x[0]), x[1]);
            let high = vqmovn_high_s32(vqmovn_s32(x[2]), x[3]);
            let low = vqmovun_s16(vqaddq_s16(low, zero));
            let x = vqmovun_high_s16(low, vqaddq_s16(high, zero));
            let x: u8x16<_> = vminq_u8(vmaxq_u8(x, least), greatest).simd_into(s);
            *out = x.into();
        }
    }
);
