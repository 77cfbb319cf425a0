//! Convolutions of each channel alone on AVX-512 with VNNI: four rows lie between each other, so that one
//! instruction adds a column of four products to the sums of 16 channels.

#[allow(clippy::wildcard_imports)] // Dozens of instructions.
use core::arch::x86_64::*;

use fearless_simd::{Avx512, i8x64, prelude::*, u8x16, u8x32, u8x64};

use super::avx512::{RECORD, bytes, lanes, load, product, product_away, write_steps};
use super::deep_form::{Form, Line, Rows};
use super::panels::channel;
use super::tile::put;

/// See [`Form`].
pub(super) const FORM: Form = Form {
    lanes: 16,
    group: 4,
    vectors: &[4, 2, 1],
    record: RECORD,
    write: write_steps,
    channel: within,
};

/// The channel of a block that a lane of one of its vectors holds. Halves of 32 channels lie as laying them
/// leaves them.
fn within(vectors: usize, vector: usize, lane: usize) -> usize {
    match vectors {
        2 => 8 * vector + [0, 16, 4, 20][lane / 4] + lane % 4,
        _ => channel(vectors, vector, lane),
    }
}

/// Lays four rows between each other: for each column and channel, the four numbers above each other.
pub(super) fn lay(s: Avx512, vectors: usize, rows: &Rows<'_>, to: &mut [u8]) {
    match vectors {
        4 => lay_64(s, rows, to),
        2 => lay_32(s, rows, to),
        _ if rows.channels == 16 => lay_16(s, rows, to),
        _ => lay_few(rows, to),
    }
}

fearless_simd::kernel!(
    #[inline]
    fn lay_64(s: Avx512, rows: &Rows<'_>, to: &mut [u8]) {
        let [a, b, c, d] = rows.each else { return };
        for (column, to) in to.as_chunks_mut::<256>().0.iter_mut().enumerate() {
            let at = column * rows.all;
            let a: __m512i = u8x64::from_slice(s, &a[at..][..64]).into();
            let b: __m512i = u8x64::from_slice(s, &b[at..][..64]).into();
            let c: __m512i = u8x64::from_slice(s, &c[at..][..64]).into();
            let d: __m512i = u8x64::from_slice(s, &d[at..][..64]).into();
            let (ab, cd) = (_mm512_unpacklo_epi8(a, b), _mm512_unpacklo_epi8(c, d));
            let (ab_high, cd_high) = (_mm512_unpackhi_epi8(a, b), _mm512_unpackhi_epi8(c, d));
            let parts = [
                _mm512_unpacklo_epi16(ab, cd),
                _mm512_unpackhi_epi16(ab, cd),
                _mm512_unpacklo_epi16(ab_high, cd_high),
                _mm512_unpackhi_epi16(ab_high, cd_high),
            ];
            for (to, part) in to.as_chunks_mut::<64>().0.iter_mut().zip(parts) {
                *to = bytes(s, part);
            }
        }
    }
);

fearless_simd::kernel!(
    #[inline]
    fn lay_32(s: Avx512, rows: &Rows<'_>, to: &mut [u8]) {
        let [a, b, c, d] = rows.each else { return };
        for (column, to) in to.as_chunks_mut::<128>().0.iter_mut().enumerate() {
            let at = column * rows.all;
            let a: __m256i = u8x32::from_slice(s, &a[at..][..32]).into();
            let b: __m256i = u8x32::from_slice(s, &b[at..][..32]).into();
            let c: __m256i = u8x32::from_slice(s, &c[at..][..32]).into();
            let d: __m256i = u8x32::from_slice(s, &d[at..][..32]).into();
            let (ab, cd) = (_mm256_unpacklo_epi8(a, b), _mm256_unpacklo_epi8(c, d));
            let (ab_high, cd_high) = (_mm256_unpackhi_epi8(a, b), _mm256_unpackhi_epi8(c, d));
            let parts = [
                _mm256_unpacklo_epi16(ab, cd),
                _mm256_unpackhi_epi16(ab, cd),
                _mm256_unpacklo_epi16(ab_high, cd_high),
                _mm256_unpackhi_epi16(ab_high, cd_high),
            ];
            for (to, part) in to.as_chunks_mut::<32>().0.iter_mut().zip(parts) {
                let part: u8x32<_> = part.simd_into(s);
                *to = part.into();
            }
        }
    }
);

fearless_simd::kernel!(
    #[inline]
    fn lay_16(s: Avx512, rows: &Rows<'_>, to: &mut [u8]) {
        let [a, b, c, d] = rows.each else { return };
        for (column, to) in to.as_chunks_mut::<64>().0.iter_mut().enumerate() {
            let at = column * rows.all;
            let a: __m128i = u8x16::from_slice(s, &a[at..][..16]).into();
            let b: __m128i = u8x16::from_slice(s, &b[at..][..16]).into();
            let c: __m128i = u8x16::from_slice(s, &c[at..][..16]).into();
            let d: __m128i = u8x16::from_slice(s, &d[at..][..16]).into();
            let (ab, cd) = (_mm_unpacklo_epi8(a, b), _mm_unpacklo_epi8(c, d));
            let (ab_high, cd_high) = (_mm_unpackhi_epi8(a, b), _mm_unpackhi_epi8(c, d));
            let parts = [
                _mm_unpacklo_epi16(ab, cd),
                _mm_unpackhi_epi16(ab, cd),
                _mm_unpacklo_epi16(ab_high, cd_high),
                _mm_unpackhi_epi16(ab_high, cd_high),
            ];
            for (to, part) in to.as_chunks_mut::<16>().0.iter_mut().zip(parts) {
                let part: u8x16<_> = part.simd_into(s);
                *to = part.into();
            }
        }
    }
);

/// The same for fewer than 16 channels; what is in the other lanes is never used.
fn lay_few(rows: &Rows<'_>, to: &mut [u8]) {
    for (column, to) in to.as_chunks_mut::<64>().0.iter_mut().enumerate() {
        for (above, row) in rows.each.iter().enumerate() {
            let from = &row[column * rows.all..][..rows.channels];
            for (to, x) in to[above..].iter_mut().step_by(4).zip(from) {
                *to = *x;
            }
        }
    }
}

/// Computes a row of the result for a block of so many vectors.
pub(super) fn line(s: Avx512, vectors: usize, line: &Line<'_, u8>, out: &mut [u8]) {
    match vectors {
        4 => line_64(s, line, out),
        2 => line_32(s, line, out),
        _ => line_16(s, line, out),
    }
}

/// An expression for each of four, written out.
macro_rules! each {
    ($v:ident => $e:expr) => { each!(@ $v => $e, 0 1 2 3) };
    (@ $v:ident => $e:expr, $($at:literal)*) => { [$( { const $v: usize = $at; $e } ),*] };
}

/// Four vectors of products as bytes.
macro_rules! pack {
    ($s:expr, $line:expr, $x:expr) => {{
        let zero = _mm512_set1_epi16($line.ends.zero);
        let low = _mm512_adds_epi16(_mm512_packs_epi32($x[0], $x[1]), zero);
        let high = _mm512_adds_epi16(_mm512_packs_epi32($x[2], $x[3]), zero);
        let least = _mm512_set1_epi8($line.ends.least.cast_signed());
        let greatest = _mm512_set1_epi8($line.ends.greatest.cast_signed());
        let x = _mm512_packus_epi16(low, high);
        _mm512_min_epu8(_mm512_max_epu8(x, least), greatest)
    }};
}

/// Four places at a time; behind the last, it is computed again.
fn starts(line: &Line<'_, u8>, place: usize) -> [usize; 4] {
    [0, 1, 2, 3].map(|at| (place + at).min(line.places - 1) * line.along)
}

fearless_simd::kernel!(
    #[inline]
    fn line_64(s: Avx512, line: &Line<'_, u8>, out: &mut [u8]) {
        let bias = each!(V => load(s, &line.steps[V * RECORD..]));
        for place in (0..line.places).step_by(4) {
            let starts = starts(line, place);
            let mut acc = [bias; 4];
            for (tap, weights) in line.taps.iter().zip(line.weights.as_chunks::<256>().0) {
                let w: [__m512i; 4] =
                    each!(V => i8x64::from_slice(s, &weights[V * 64..][..64]).into());
                each!(P => {
                    let x = &line.data[starts[P] + tap..][..256];
                    acc[P] = each!(V => {
                        let x: __m512i = u8x64::from_slice(s, &x[V * 64..][..64]).into();
                        _mm512_dpbusd_epi32(acc[P][V], x, w[V])
                    });
                });
            }
            if line.ends.lefts || line.ends.away {
                each!(V => {
                    let left = load(s, &line.steps[V * RECORD + 16..]);
                    let by = lanes(s, line.steps, V);
                    each!(P => acc[P][V] = product_away(_mm512_sllv_epi32(acc[P][V], left), &by));
                });
            } else {
                each!(V => {
                    let by = lanes(s, line.steps, V);
                    each!(P => acc[P][V] = product(acc[P][V], &by));
                });
            }
            each!(P => if place + P < line.places {
                let x = bytes(s, pack!(s, line, acc[P]));
                put(&x, &mut out[(place + P) * line.all..][..line.channels]);
            });
        }
    }
);

fearless_simd::kernel!(
    #[inline]
    fn line_32(s: Avx512, line: &Line<'_, u8>, out: &mut [u8]) {
        let bias = [load(s, line.steps), load(s, &line.steps[RECORD..])];
        let left = [load(s, &line.steps[16..]), load(s, &line.steps[RECORD + 16..])];
        let by = [lanes(s, line.steps, 0), lanes(s, line.steps, 1)];
        // Of two places, packed: the parts of four channels of the first, then those of the second.
        let order = _mm512_setr_epi32(0, 8, 1, 9, 4, 12, 5, 13, 2, 10, 3, 11, 6, 14, 7, 15);
        for place in (0..line.places).step_by(4) {
            let starts = starts(line, place);
            let mut acc = [bias; 4];
            for (tap, weights) in line.taps.iter().zip(line.weights.as_chunks::<128>().0) {
                let w: __m512i = i8x64::from_slice(s, &weights[..64]).into();
                let w_high: __m512i = i8x64::from_slice(s, &weights[64..]).into();
                each!(P => {
                    let x = &line.data[starts[P] + tap..][..128];
                    let low: __m512i = u8x64::from_slice(s, &x[..64]).into();
                    let high: __m512i = u8x64::from_slice(s, &x[64..]).into();
                    acc[P] = [
                        _mm512_dpbusd_epi32(acc[P][0], low, w),
                        _mm512_dpbusd_epi32(acc[P][1], high, w_high),
                    ];
                });
            }
            if line.ends.lefts || line.ends.away {
                each!(P => acc[P] = [
                    product_away(_mm512_sllv_epi32(acc[P][0], left[0]), &by[0]),
                    product_away(_mm512_sllv_epi32(acc[P][1], left[1]), &by[1]),
                ]);
            } else {
                each!(P => acc[P] = [product(acc[P][0], &by[0]), product(acc[P][1], &by[1])]);
            }
            let pairs = [
                [acc[0][0], acc[0][1], acc[1][0], acc[1][1]],
                [acc[2][0], acc[2][1], acc[3][0], acc[3][1]],
            ];
            let pairs = [pack!(s, line, pairs[0]), pack!(s, line, pairs[1])];
            let pairs = pairs.map(|pair| bytes(s, _mm512_permutexvar_epi32(order, pair)));
            let each = pairs.as_flattened().as_chunks::<32>().0.iter();
            for (at, x) in each.take(line.places - place).enumerate() {
                put(x, &mut out[(place + at) * line.all..][..line.channels]);
            }
        }
    }
);

fearless_simd::kernel!(
    #[inline]
    fn line_16(s: Avx512, line: &Line<'_, u8>, out: &mut [u8]) {
        let bias = load(s, line.steps);
        let left = load(s, &line.steps[16..]);
        let by = lanes(s, line.steps, 0);
        // The four parts of four channels lie together; those of a place shall.
        let order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
        for place in (0..line.places).step_by(4) {
            let starts = starts(line, place);
            let mut acc = [bias; 4];
            for (tap, weights) in line.taps.iter().zip(line.weights.as_chunks::<64>().0) {
                let w: __m512i = i8x64::from_slice(s, weights).into();
                acc = each!(P => {
                    let x: __m512i = u8x64::from_slice(s, &line.data[starts[P] + tap..][..64]).into();
                    _mm512_dpbusd_epi32(acc[P], x, w)
                });
            }
            if line.ends.lefts || line.ends.away {
                acc = each!(P => product_away(_mm512_sllv_epi32(acc[P], left), &by));
            } else {
                acc = each!(P => product(acc[P], &by));
            }
            let x = bytes(s, _mm512_permutexvar_epi32(order, pack!(s, line, acc)));
            for (at, x) in x.as_chunks::<16>().0.iter().take(line.places - place).enumerate() {
                put(x, &mut out[(place + at) * line.all..][..line.channels]);
            }
        }
    }
);
