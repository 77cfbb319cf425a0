//! Convolutions of each channel alone on AVX2: two rows lie between each other as numbers of 16 bits, so that
//! one instruction multiplies and adds a column of two for 8 channels.

#[allow(clippy::wildcard_imports)] // Dozens of instructions.
use core::arch::x86_64::*;

use fearless_simd::{Avx2, i8x16, i16x16, prelude::*, u8x16, u8x32};

use super::avx2::{RECORD, lanes, load, product, write_steps};
use super::deep::{Form, Line, Rows};
use super::tile::put;

/// See [`Form`].
pub(super) const FORM: Form =
    Form { lanes: 8, group: 2, vectors: &[1], record: RECORD, write: write_steps };

/// Lays two rows between each other: for each column and channel, the two numbers above each other.
pub(super) fn lay(s: Avx2, rows: &Rows<'_>, to: &mut [i16]) {
    let [a, b] = rows.each else { return };
    // Of 16 numbers that are read, 8 are used.
    let whole = (a.len().min(b.len()).saturating_sub(8)) / rows.all.max(1);
    let fast = if rows.channels == 8 { whole.min(rows.columns) } else { 0 };
    lay_8(s, rows, &mut to[..fast * 16]);
    for (column, to) in to.as_chunks_mut::<16>().0.iter_mut().enumerate().skip(fast) {
        for (above, row) in rows.each.iter().enumerate() {
            let from = &row[column * rows.all..][..rows.channels];
            for (to, x) in to[above..].iter_mut().step_by(2).zip(from) {
                *to = (*x).into();
            }
        }
    }
}

fearless_simd::kernel!(
    #[inline]
    fn lay_8(s: Avx2, rows: &Rows<'_>, to: &mut [i16]) {
        let [a, b] = rows.each else { return };
        for (column, to) in to.as_chunks_mut::<16>().0.iter_mut().enumerate() {
            let at = column * rows.all;
            let a: __m128i = u8x16::from_slice(s, &a[at..][..16]).into();
            let b: __m128i = u8x16::from_slice(s, &b[at..][..16]).into();
            let x: i16x16<_> = _mm256_cvtepu8_epi16(_mm_unpacklo_epi8(a, b)).simd_into(s);
            *to = x.into();
        }
    }
);

/// An expression for each of four places, written out.
macro_rules! each {
    ($v:ident => $e:expr) => { each!(@ $v => $e, 0 1 2 3) };
    (@ $v:ident => $e:expr, $($at:literal)*) => { [$( { const $v: usize = $at; $e } ),*] };
}

fearless_simd::kernel!(
    /// Computes a row of the result.
    #[inline]
    pub(super) fn line(s: Avx2, line: &Line<'_, i16>, out: &mut [u8]) {
        let bias = load(s, line.steps);
        let zero = _mm256_set1_epi16(line.ends.zero);
        let least = _mm256_set1_epi8(line.ends.least.cast_signed());
        let greatest = _mm256_set1_epi8(line.ends.greatest.cast_signed());
        // The two parts of four channels lie together; those of a place shall.
        let order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
        for place in (0..line.places).step_by(4) {
            // Behind the last place, it is computed again.
            let starts = [0, 1, 2, 3].map(|at| (place + at).min(line.places - 1) * line.along);
            let mut acc = [bias; 4];
            for (tap, weights) in line.taps.iter().zip(line.weights.as_chunks::<16>().0) {
                let w: __m128i = i8x16::from_slice(s, weights).into();
                let w = _mm256_cvtepi8_epi16(w);
                acc = each!(P => {
                    let x = i16x16::from_slice(s, &line.data[starts[P] + tap..][..16]).into();
                    _mm256_add_epi32(acc[P], _mm256_madd_epi16(x, w))
                });
            }
            let by = lanes(s, line.steps, 0);
            acc = each!(P => product(acc[P], &by));
            let low = _mm256_adds_epi16(_mm256_packs_epi32(acc[0], acc[1]), zero);
            let high = _mm256_adds_epi16(_mm256_packs_epi32(acc[2], acc[3]), zero);
            let x = _mm256_packus_epi16(low, high);
            let x = _mm256_min_epu8(_mm256_max_epu8(x, least), greatest);
            let x: u8x32<_> = _mm256_permutevar8x32_epi32(x, order).simd_into(s);
            let x: [u8; 32] = x.into();
            for (at, x) in x.as_chunks::<8>().0.iter().take(line.places - place).enumerate() {
                put(x, &mut out[(place + at) * line.all..][..line.channels]);
            }
        }
    }
);
