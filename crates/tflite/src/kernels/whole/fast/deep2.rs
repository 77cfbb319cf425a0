//! Convolutions of each channel alone on AVX2: two rows lie between each other as numbers of 16 bits, so that
//! one instruction multiplies and adds a column of two for 8 channels.

#[allow(clippy::wildcard_imports)] // Dozens of instructions.
use core::arch::x86_64::*;

use fearless_simd::{Avx2, i8x16, i16x16, prelude::*, u8x16, u8x32};

use super::avx2::{RECORD, lanes, load, product, product_away, write_steps};
use super::deep_form::{Form, Line, Rows};
use super::tile::put;

/// See [`Form`].
pub(super) const FORM: Form = Form {
    lanes: 8,
    group: 2,
    vectors: &[2, 1],
    record: RECORD,
    write: write_steps,
    channel: |_, vector, lane| vector * 8 + lane,
};

/// Lays two rows between each other: for each column and channel, the two numbers above each other.
pub(super) fn lay(s: Avx2, vectors: usize, rows: &Rows<'_>, to: &mut [i16]) {
    if vectors == 2 && rows.channels == 16 {
        lay_16(s, rows, to);
        return;
    }
    for (column, to) in to.chunks_exact_mut(16 * vectors).enumerate() {
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
    fn lay_16(s: Avx2, rows: &Rows<'_>, to: &mut [i16]) {
        let [a, b] = rows.each else { return };
        for (column, to) in to.as_chunks_mut::<32>().0.iter_mut().enumerate() {
            let at = column * rows.all;
            let a: __m128i = u8x16::from_slice(s, &a[at..][..16]).into();
            let b: __m128i = u8x16::from_slice(s, &b[at..][..16]).into();
            let low: i16x16<_> = _mm256_cvtepu8_epi16(_mm_unpacklo_epi8(a, b)).simd_into(s);
            let high: i16x16<_> = _mm256_cvtepu8_epi16(_mm_unpackhi_epi8(a, b)).simd_into(s);
            low.store_slice(&mut to[..16]);
            high.store_slice(&mut to[16..]);
        }
    }
);

/// Computes a row of the result for a block of so many vectors.
pub(super) fn line(s: Avx2, vectors: usize, line: &Line<'_, i16>, out: &mut [u8]) {
    match vectors {
        2 => line_2(s, line, out),
        _ => line_1(s, line, out),
    }
}

/// An expression for each of four places, or each vector, written out.
macro_rules! each {
    (4, $v:ident => $e:expr) => { each!(@ $v => $e, 0 1 2 3) };
    (2, $v:ident => $e:expr) => { each!(@ $v => $e, 0 1) };
    (1, $v:ident => $e:expr) => { each!(@ $v => $e, 0) };
    (@ $v:ident => $e:expr, $($at:literal)*) => { [$( { const $v: usize = $at; $e } ),*] };
}

/// Defines what computes a row for a block of so many vectors.
macro_rules! line {
    ($name:ident, $vectors:tt) => {
        fearless_simd::kernel!(
            #[inline]
            fn $name(s: Avx2, line: &Line<'_, i16>, out: &mut [u8]) {
                let bias = each!($vectors, V => load(s, &line.steps[V * RECORD..]));
                let zero = _mm256_set1_epi16(line.ends.zero);
                let least = _mm256_set1_epi8(line.ends.least.cast_signed());
                let greatest = _mm256_set1_epi8(line.ends.greatest.cast_signed());
                let plain = !(line.ends.lefts || line.ends.away);
                // The two parts of four channels lie together; those of a place shall.
                let order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
                for place in (0..line.places).step_by(4) {
                    // Behind the last place, it is computed again.
                    let starts = [0, 1, 2, 3].map(|at| (place + at).min(line.places - 1) * line.along);
                    let mut acc = [bias; 4];
                    let weights = line.weights.as_chunks::<{ 16 * $vectors }>().0;
                    for (tap, weights) in line.taps.iter().zip(weights) {
                        let w = each!($vectors, V => {
                            let w: __m128i = i8x16::from_slice(s, &weights[V * 16..][..16]).into();
                            _mm256_cvtepi8_epi16(w)
                        });
                        each!(4, P => {
                            let x = &line.data[starts[P] + tap..][..16 * $vectors];
                            acc[P] = each!($vectors, V => {
                                let x = i16x16::from_slice(s, &x[V * 16..][..16]).into();
                                _mm256_add_epi32(acc[P][V], _mm256_madd_epi16(x, w[V]))
                            });
                        });
                    }
                    each!($vectors, V => {
                        let by = lanes(s, line.steps, V);
                        if plain {
                            each!(4, P => acc[P][V] = product(acc[P][V], &by));
                        } else {
                            each!(4, P => acc[P][V] = product_away(acc[P][V], &by));
                        }
                        let low = _mm256_packs_epi32(acc[0][V], acc[1][V]);
                        let high = _mm256_packs_epi32(acc[2][V], acc[3][V]);
                        let low = _mm256_adds_epi16(low, zero);
                        let x = _mm256_packus_epi16(low, _mm256_adds_epi16(high, zero));
                        let x = _mm256_min_epu8(_mm256_max_epu8(x, least), greatest);
                        let x: u8x32<_> = _mm256_permutevar8x32_epi32(x, order).simd_into(s);
                        let x: [u8; 32] = x.into();
                        let channels = line.channels - (V * 8).min(line.channels);
                        for (at, x) in x.as_chunks::<8>().0.iter().take(line.places - place).enumerate() {
                            let at = (place + at) * line.all + V * 8;
                            put(x, &mut out[at..][..channels.min(8)]);
                        }
                    });
                }
            }
        );
    };
}

line!(line_2, 2);
line!(line_1, 1);
