//! Convolutions of each channel alone on NEON, by products of `i16` that are added to sums of 32 bits. Rows
//! lie one by one, widened to 16 bits.

#[allow(clippy::wildcard_imports)] // Dozens of instructions.
use core::arch::aarch64::*;

use fearless_simd::{Neon, i8x16, i16x8, prelude::*, u8x16};

use super::deep_form::{Form, Line, Rows};
use super::neon::{RECORD, lanes, load, product, write_steps};
use super::panels::channel;
use super::tile::put;

/// See [`Form`].
pub(super) const FORM: Form =
    Form { lanes: 4, group: 1, vectors: &[4], record: RECORD, write: write_steps, channel };

/// Widens a row, for 16 channels.
pub(super) fn lay(s: Neon, rows: &Rows<'_>, to: &mut [i16]) {
    let [row] = rows.each else { return };
    if rows.channels == 16 {
        lay_16(s, row, rows.all, to);
        return;
    }
    for (column, to) in to.as_chunks_mut::<16>().0.iter_mut().enumerate() {
        let from = &row[column * rows.all..][..rows.channels];
        for (to, x) in to.iter_mut().zip(from) {
            *to = (*x).into();
        }
    }
}

fearless_simd::kernel!(
    #[inline]
    fn lay_16(s: Neon, row: &[u8], line: usize, to: &mut [i16]) {
        for (column, to) in to.as_chunks_mut::<16>().0.iter_mut().enumerate() {
            let x: uint8x16_t = u8x16::from_slice(s, &row[column * line..][..16]).into();
            let low: i16x8<_> = vreinterpretq_s16_u16(vmovl_u8(vget_low_u8(x))).simd_into(s);
            let high: i16x8<_> = vreinterpretq_s16_u16(vmovl_high_u8(x)).simd_into(s);
            low.store_slice(&mut to[..8]);
            high.store_slice(&mut to[8..]);
        }
    }
);

/// An expression for each of four, written out.
macro_rules! each {
    ($v:ident => $e:expr) => { each!(@ $v => $e, 0 1 2 3) };
    (@ $v:ident => $e:expr, $($at:literal)*) => { [$( { const $v: usize = $at; $e } ),*] };
}

fearless_simd::kernel!(
    /// Computes a row of the result.
    #[inline]
    pub(super) fn line(s: Neon, line: &Line<'_, i16>, out: &mut [u8]) {
        let bias = each!(V => load(s, &line.steps[V * RECORD..]));
        let zero = vdupq_n_s16(line.ends.zero);
        let (least, greatest) = (vdupq_n_u8(line.ends.least), vdupq_n_u8(line.ends.greatest));
        for place in (0..line.places).step_by(4) {
            // Behind the last place, it is computed again.
            let starts = [0, 1, 2, 3].map(|at| (place + at).min(line.places - 1) * line.along);
            let mut acc = [bias; 4];
            for (tap, weights) in line.taps.iter().zip(line.weights.as_chunks::<16>().0) {
                let w: int8x16_t = i8x16::from_slice(s, weights).into();
                let (low, high) = (vmovl_s8(vget_low_s8(w)), vmovl_high_s8(w));
                each!(P => {
                    let x = &line.data[starts[P] + tap..][..16];
                    let a: int16x8_t = i16x8::from_slice(s, &x[..8]).into();
                    let b: int16x8_t = i16x8::from_slice(s, &x[8..]).into();
                    acc[P] = [
                        vmlal_s16(acc[P][0], vget_low_s16(low), vget_low_s16(a)),
                        vmlal_high_s16(acc[P][1], low, a),
                        vmlal_s16(acc[P][2], vget_low_s16(high), vget_low_s16(b)),
                        vmlal_high_s16(acc[P][3], high, b),
                    ];
                });
            }
            each!(V => {
                let by = lanes(s, line.steps, V);
                each!(P => acc[P][V] = product(acc[P][V], &by));
            });
            each!(P => if place + P < line.places {
                let low = vqmovn_high_s32(vqmovn_s32(acc[P][0]), acc[P][1]);
                let high = vqmovn_high_s32(vqmovn_s32(acc[P][2]), acc[P][3]);
                let low = vqmovun_s16(vqaddq_s16(low, zero));
                let x = vqmovun_high_s16(low, vqaddq_s16(high, zero));
                let x: u8x16<_> = vminq_u8(vmaxq_u8(x, least), greatest).simd_into(s);
                let x: [u8; 16] = x.into();
                put(&x, &mut out[(place + P) * line.all..][..line.channels]);
            });
        }
    }
);
