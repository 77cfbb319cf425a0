//! TIFFs of every layout show the same picture, or are rejected with a reason.

use super::tiff_file::{Tiff, deflated, lzw};
use super::{read, reject};

const SIZE: (u16, u16) = (37, 21);
const W: usize = 37;
const H: usize = 21;

/// Samples of which no two neighbours are alike.
fn noise(count: usize) -> Vec<u8> {
    (0..W * H * count)
        .map(|i| u8::try_from((i * 7 + i / W * 13 + i * i / 50) % 256).unwrap())
        .collect()
}

/// The part of `pixels` in a chunk at the given place; zeros beyond the picture.
fn cut(
    pixels: &[u8],
    pixel: usize,
    (left, top): (usize, usize),
    (w, h): (usize, usize),
) -> Vec<u8> {
    let mut chunk = Vec::new();
    for y in top..top + h {
        for at in left * pixel..(left + w) * pixel {
            let inside = y < H && at < W * pixel;
            chunk.push(if inside { pixels[y * W * pixel + at] } else { 0 });
        }
    }
    chunk
}

/// The chunks of a picture whose pixels have so many bytes.
fn chunks(pixels: &[u8], pixel: usize, (w, h): (usize, usize), tiled: bool) -> Vec<Vec<u8>> {
    let mut chunks = Vec::new();
    for top in (0..H).step_by(h) {
        for left in (0..W).step_by(w) {
            let h = if tiled { h } else { h.min(H - top) };
            chunks.push(cut(pixels, pixel, (left, top), (w, h)));
        }
    }
    chunks
}

/// Each sample of a byte less the same of the pixel before, in rows of `width` pixels.
fn differences(chunk: &[u8], width: usize, step: usize) -> Vec<u8> {
    let mut out = chunk.to_vec();
    for row in out.chunks_mut(width * step) {
        for at in (step..row.len()).rev() {
            row[at] = row[at].wrapping_sub(row[at - step]);
        }
    }
    out
}

/// Bytes as runs of at most 100 that are not packed, after a byte that does nothing.
fn runs(bytes: &[u8]) -> Vec<u8> {
    let mut out = vec![0x80];
    for run in bytes.chunks(100) {
        if run.iter().all(|byte| *byte == run[0]) && run.len() > 1 {
            out.extend([u8::try_from(257 - run.len()).unwrap(), run[0]]);
        } else {
            out.push(u8::try_from(run.len() - 1).unwrap());
            out.extend(run);
        }
    }
    out
}

fn old_lzw(bytes: &[u8]) -> Vec<u8> {
    lzw(bytes, true)
}

fn new_lzw(bytes: &[u8]) -> Vec<u8> {
    lzw(bytes, false)
}

/// How chunks are packed, with the tag's value.
type Packing = (u16, fn(&[u8]) -> Vec<u8>);

const PACKINGS: [Packing; 6] = [
    (1, <[u8]>::to_vec),
    (5, new_lzw),
    (5, old_lzw),
    (8, deflated),
    (32946, deflated),
    (32773, runs),
];

#[test]
fn strips_and_tiles_however_packed_show_the_same() {
    let rgb = noise(3);
    for (code, pack) in PACKINGS {
        for (w, h, tiled) in [(W, 5, false), (W, H, false), (16, 16, true), (48, 32, true)] {
            for planar in [false, true] {
                let mut file = Tiff::new(SIZE, 2, 8, 3).short(259, &[code]);
                file = if tiled {
                    file.tiles(u16::try_from(w).unwrap(), u16::try_from(h).unwrap())
                } else {
                    file.short(278, &[u16::try_from(h).unwrap()])
                };
                if planar {
                    file = file.short(284, &[2]);
                    for plane in 0..3 {
                        let plane: Vec<u8> = rgb.iter().skip(plane).step_by(3).copied().collect();
                        file.chunks
                            .extend(chunks(&plane, 1, (w, h), tiled).iter().map(|c| pack(c)));
                    }
                } else {
                    file.chunks.extend(chunks(&rgb, 3, (w, h), tiled).iter().map(|c| pack(c)));
                }
                for variety in [file.clone(), file.clone().big(), file.big_endian()] {
                    let photo = read(&variety.file());
                    assert_eq!(photo.rgb(), rgb, "{code} {w} x {h} {planar}");
                }
            }
        }
    }
}

/// Codes that are read ahead give words that are longer than a row.
#[test]
fn lzw_of_any_length_is_read_in_short_rows() {
    for old in [false, true] {
        for width in 1..9_u16 {
            for height in 1..99_u16 {
                for colours in 1..4 {
                    let count = u32::from(width) * u32::from(height);
                    let grey = (0..count).map(|i| u8::try_from(i * i / 7 % colours).unwrap());
                    let grey: Vec<u8> = grey.collect();
                    let file = Tiff::new((width, height), 1, 8, 1)
                        .short(259, &[5])
                        .chunk(&lzw(&grey, old))
                        .file();
                    let shown: Vec<u8> = read(&file).rgb().iter().step_by(3).copied().collect();
                    assert_eq!(shown, grey, "{width} x {height}, {colours} colours, {old}");
                }
            }
        }
    }
    // As libtiff packs a tile of 16 x 32 bits.
    let tile = [0x80, 0, 0x20, 0x50, 0x38, 0x24, 0x16, 0x0D, 7, 0x84, 0x42, 0x61, 0x50, 0x98, 8];
    let file = Tiff::new((16, 32), 1, 1, 1).short(259, &[5]).tiles(16, 32).chunk(&tile).file();
    assert_eq!(read(&file).rgb(), [0; 16 * 32 * 3]);
}

#[test]
fn a_predictor_steps_over_samples_that_are_not_shown() {
    for extra in 0..4_u16 {
        let stored = 3 + usize::from(extra);
        let pixels = noise(stored);
        let expected: Vec<u8> =
            pixels.chunks(stored).flat_map(|pixel| pixel[..3].to_vec()).collect();
        let file = Tiff::new(SIZE, 2, 8, 3 + extra)
            .short(259, &[5])
            .short(317, &[2])
            .chunk(&new_lzw(&differences(&pixels, W, stored)));
        let file = if extra == 0 { file } else { file.short(338, &vec![0; usize::from(extra)]) };
        assert_eq!(read(&file.file()).rgb(), expected, "{extra}");
    }
}

#[test]
fn predictors_of_deep_samples_in_both_orders() {
    let grey = noise(1);
    let expected: Vec<u8> = grey.iter().flat_map(|value| [*value; 3]).collect();
    for big_endian in [false, true] {
        // Sixteen bits, as differences.
        let mut stored = Vec::new();
        for row in grey.chunks(W) {
            let mut before = 0_u16;
            for value in row {
                let value = u16::from(*value) * 257;
                let step = value.wrapping_sub(before);
                stored.extend(if big_endian { step.to_be_bytes() } else { step.to_le_bytes() });
                before = value;
            }
        }
        let file = Tiff::new(SIZE, 1, 16, 1).short(259, &[8]).short(317, &[2]);
        let file = if big_endian { file.big_endian() } else { file };
        assert_eq!(read(&file.chunk(&deflated(&stored)).file()).rgb(), expected);

        // Floats: first bytes first, in both orders.
        let mut stored = Vec::new();
        for row in grey.chunks(W) {
            let floats: Vec<[u8; 4]> =
                row.iter().map(|value| (f32::from(*value) / 255.0).to_be_bytes()).collect();
            let planes: Vec<u8> =
                (0..4).flat_map(|place| floats.iter().map(move |float| float[place])).collect();
            stored.extend(differences(&planes, planes.len(), 1));
        }
        let file = Tiff::new(SIZE, 1, 32, 1).short(259, &[8]).short(317, &[3]).short(339, &[3]);
        let file = if big_endian { file.big_endian() } else { file };
        assert_eq!(read(&file.chunk(&deflated(&stored)).file()).rgb(), expected);
    }
}

#[test]
fn floats_are_shades_or_rejected() {
    let file = |bits: u16, bytes: &[u8]| {
        Tiff::new((1, 1), 1, bits, 1).short(339, &[3]).chunk(bytes).file()
    };
    for (value, expected) in [(0.0, 0), (0.5, 128), (1.0, 255), (1.4, 255), (-0.1, 0)] {
        assert_eq!(read(&file(32, &f32::to_le_bytes(value))).rgb(), [expected; 3]);
        assert_eq!(read(&file(64, &f64::from(value).to_le_bytes())).rgb(), [expected; 3]);
    }
    for (value, expected) in [(0x3C00_u16, 255), (0x3800, 128), (0, 0), (0x8001, 0), (0x0001, 0)] {
        assert_eq!(read(&file(16, &value.to_le_bytes())).rgb(), [expected; 3]);
    }
    for value in [200.0, -200.0] {
        let error = reject(&file(32, &f32::to_le_bytes(value)));
        assert!(error.to_string().contains("far beyond"), "{error}");
    }
    for value in [f32::NAN, f32::INFINITY] {
        assert_eq!(reject(&file(32, &value.to_le_bytes())).code(), "corrupt");
    }
    assert_eq!(reject(&file(16, &0x7C00_u16.to_le_bytes())).code(), "corrupt");
}

#[test]
fn few_bits_grey_inverse_and_palettes() {
    // Each sample counts up; the last byte of a row is filled up with ones.
    for (bits, row, expected) in [
        (1, vec![0b0101_0111, 0xFF], vec![0, 255, 0, 255, 0, 255, 255, 255, 255]),
        (2, vec![0b0001_1011, 0b1110_0100, 0x3F], vec![0, 85, 170, 255, 255, 170, 85, 0, 0]),
        (4, vec![0x01, 0x23, 0x45, 0xEF, 0x7F], vec![0, 17, 34, 51, 68, 85, 238, 255, 119]),
    ] {
        let page = |photometric| Tiff::new((9, 1), photometric, bits, 1);
        let grey = |file: Vec<u8>| -> Vec<u8> {
            read(&file).rgb().chunks(3).map(|pixel| pixel[0]).collect()
        };
        assert_eq!(grey(page(1).chunk(&row).file()), expected);
        let inverse: Vec<u8> = expected.iter().map(|value| 255 - value).collect();
        assert_eq!(grey(page(0).chunk(&row).file()), inverse);
        // The bits of each byte the other way round, packed or not.
        let mirrored =
            |bytes: &[u8]| -> Vec<u8> { bytes.iter().map(|b| b.reverse_bits()).collect() };
        let file = page(1).short(266, &[2]).chunk(&mirrored(&row));
        assert_eq!(grey(file.file()), expected);
        let file = page(1).short(266, &[2]).short(259, &[8]).chunk(&mirrored(&deflated(&row)));
        assert_eq!(grey(file.file()), expected);

        // Colours of 16 bits, of which the upper half is taken.
        let most = (1_u16 << bits) - 1;
        for (unit, code) in [(256, 1), (257, 1)] {
            let reds = (0..=most).map(|index| index * (255 / most) * unit);
            let map: Vec<u16> = reds
                .chain((0..=most).map(|_| 7 * unit))
                .chain((0..=most).map(|_| 9 * unit))
                .collect();
            let photo = read(&page(3).short(259, &[code]).short(320, &map).chunk(&row).file());
            let colours: Vec<u8> = expected.iter().flat_map(|value| [*value, 7, 9]).collect();
            assert_eq!(photo.rgb(), colours);
        }
    }
}

#[test]
fn transparency_multiplied_or_not_lies_on_white() {
    let page = |samples, extra: &[u16]| {
        let page = Tiff::new((2, 1), if samples < 3 { 1 } else { 2 }, 8, samples);
        if extra.is_empty() { page } else { page.short(338, extra) }
    };
    let rgb = |file: Tiff, bytes: &[u8]| read(&file.chunk(bytes).file()).rgb().to_vec();
    let rgba = [200, 100, 0, 51, 10, 20, 30, 255];
    let on_white = [244, 224, 204, 10, 20, 30];
    assert_eq!(rgb(page(4, &[2]), &rgba), on_white);
    // Nothing said: taken for transparency, as others do.
    assert_eq!(rgb(page(4, &[]), &rgba), on_white);
    assert_eq!(rgb(page(4, &[1]), &[40, 20, 0, 51, 10, 20, 30, 255]), on_white);
    // Brighter than its transparency allows.
    assert_eq!(rgb(page(4, &[1]), &[90, 20, 0, 200, 0, 0, 0, 0]), [145, 75, 55, 255, 255, 255]);
    assert_eq!(rgb(page(4, &[0]), &rgba), [200, 100, 0, 10, 20, 30]);
    assert_eq!(rgb(page(5, &[0, 2]), &[200, 100, 0, 9, 51, 10, 20, 30, 9, 255]), on_white);
    assert_eq!(rgb(page(2, &[2]), &[0, 51, 9, 255]), [204, 204, 204, 9, 9, 9]);
    assert_eq!(rgb(page(2, &[1]), &[0, 51, 9, 255]), [204, 204, 204, 9, 9, 9]);
    assert_eq!(rgb(page(2, &[0]), &[7, 51, 9, 255]), [7, 7, 7, 9, 9, 9]);
    // In planes, of which those that are not shown are not read.
    let planes =
        page(5, &[0, 2]).short(284, &[2]).chunk(&[200, 10]).chunk(&[100, 20]).chunk(&[0, 30]);
    assert_eq!(rgb(planes.chunk(b""), &[51, 255]), on_white);
    let error = reject(&page(2, &[]).chunk(&[0; 4]).file());
    assert!(error.to_string().contains("unknown meaning"), "{error}");
}

#[test]
fn inks_and_luminance() {
    let inks = [255, 0, 0, 0, 0, 128, 0, 128, 10, 20, 30, 255];
    let expected = [0, 255, 255, 127, 63, 127, 0, 0, 0];
    let file = Tiff::new((3, 1), 5, 8, 4).chunk(&inks).file();
    assert_eq!(read(&file).rgb(), expected);
    let deep: Vec<u8> = inks.iter().flat_map(|ink| [*ink; 2]).collect();
    assert_eq!(read(&Tiff::new((3, 1), 5, 16, 4).chunk(&deep).file()).rgb(), expected);
    let other = Tiff::new((3, 1), 5, 8, 4).short(332, &[2]).chunk(&inks).file();
    assert!(reject(&other).to_string().contains("inks"));

    let ycbcr = Tiff::new((2, 1), 6, 8, 3).short(530, &[1, 1]).chunk(&[76, 85, 255, 150, 44, 21]);
    assert_eq!(read(&ycbcr.clone().file()).rgb(), [254, 0, 0, 0, 255, 1]);
    let error = reject(&ycbcr.short(530, &[2, 2]).file());
    assert!(error.to_string().contains("luminance that is finer"), "{error}");
}

/// The same pixels with a profile, in a PNG and here.
#[test]
fn the_profile_of_colours_is_applied_and_that_of_inks_is_not() {
    use moxcms::ColorProfile;
    let p3 = ColorProfile::new_display_p3().encode().unwrap();
    let page = |photometric, pixels: &[u8]| {
        let samples = u16::try_from(pixels.len() / 2).unwrap();
        Tiff::new((2, 1), photometric, 8, samples).chunk(pixels)
    };
    let (colours, inks) = ([234, 51, 35, 117, 251, 76], [10, 20, 30, 0, 200, 100, 50, 10]);
    let shown = read(&page(2, &colours).bytes(34675, &p3).file());
    let mut expected = colours;
    crate::photo::colour::Profile::from_icc(&p3).unwrap().rgb(&mut expected);
    assert_ne!(expected, colours);
    assert_eq!(shown.rgb(), expected);
    let plain = read(&page(5, &inks).file());
    assert_eq!(read(&page(5, &inks).bytes(34675, &p3).file()).rgb(), plain.rgb());
    // A profile that is not there, or is none, is no reason to reject the photo.
    assert_eq!(read(&page(2, &colours).bytes(34675, b"a profile").file()).rgb(), colours);
    let mut file = page(2, &colours).bytes(34675, &p3).file();
    let tag = file.windows(4).position(|bytes| bytes == [0x73, 0x87, 7, 0]).unwrap();
    file[tag + 8..tag + 12].fill(0x7F);
    assert_eq!(read(&file).rgb(), colours);
}

#[test]
fn what_is_not_read_is_named_in_plain_words() {
    let page = |photometric, bits, samples| Tiff::new((2, 2), photometric, bits, samples);
    let ok = || page(2, 8, 3).chunk(&[9; 12]);
    assert_eq!(read(&ok().file()).rgb(), [9; 12]);
    for (file, words) in [
        (ok().short(259, &[3]), "packed as a fax"),
        (ok().short(259, &[6]), "JPEG in the manner of 1992"),
        (ok().short(259, &[34925]), "packed with LZMA"),
        (ok().short(259, &[50000]), "packed with Zstandard"),
        (ok().short(259, &[50001]), "packed with WebP"),
        (ok().short(259, &[999]), "packed in a way that is not known, number 999"),
        (page(2, 32, 3).chunk(&[0; 48]), "whole numbers of 32 bits"),
        (page(1, 12, 1).chunk(&[0; 6]), "whole numbers of 12 bits"),
        (ok().short(339, &[2, 2, 2]), "numbers of 8 bits with a sign"),
        (page(1, 24, 1).short(339, &[3]).chunk(&[0; 12]), "floats of 24 bits"),
        (ok().short(339, &[1, 1, 2]), "samples of several kinds"),
        (ok().short(258, &[8, 8, 4]), "samples of several kinds"),
        (ok().short(339, &[6]), "complex numbers"),
        (ok().short(262, &[8]), "L*a*b*"),
        (ok().short(262, &[32845]), "LogLuv"),
        (ok().short(262, &[777]), "not known, number 777"),
        (
            page(3, 1, 1).short(320, &[0, 255, 0, 255, 0, 255]).chunk(&[0; 2]),
            "a palette that is black",
        ),
        (page(5, 8, 5).short(338, &[1]).chunk(&[0; 20]), "multiplied with their transparency"),
        (ok().short(317, &[2]), "differences that are not packed with LZW or Deflate"),
        (page(1, 4, 1).short(259, &[5]).short(317, &[2]).chunk(&[0; 4]), "differences of 4 bits"),
    ] {
        let error = reject(&file.file());
        assert_eq!(error.code(), "unsupported_format", "{error}");
        assert!(error.to_string().contains(words), "{error}");
    }
    let raw = reject(&ok().short(262, &[32803]).file());
    assert!(raw.to_string().contains("RAW"), "{raw}");
    for (file, words) in [
        (ok().without(262), "what its colours mean"),
        (ok().without(256), "how large it is"),
        (ok().short(277, &[2]), "too few for its colours"),
        (ok().short(284, &[3]), "in no known order"),
        (ok().short(317, &[9]), "in no known way"),
        (ok().short(278, &[0]), "no rows"),
        (page(3, 8, 1).chunk(&[0; 4]), "its palette is missing"),
        (ok().short(278, &[1]), "where all its pixels are"),
        (page(2, 8, 3).chunk(&[9; 11]), "cut off"),
        (ok().twice(277, 4), "its tag 277 is there twice"),
    ] {
        let error = reject(&file.file());
        assert_eq!(error.code(), "corrupt", "{error}");
        assert!(error.to_string().contains(words), "{error}");
    }
}

#[test]
fn nothing_of_the_code_shows_in_messages() {
    for photometric in 0..12 {
        for bits in [1, 2, 3, 8, 16, 24, 32, 64] {
            for samples in 1..6 {
                for code in [1, 2, 5, 7, 8, 32773] {
                    for (planar, format) in [(1, 1), (2, 1), (1, 3)] {
                        let file = Tiff::new((3, 2), photometric, bits, samples)
                            .short(259, &[code])
                            .short(284, &[planar])
                            .short(339, &[format])
                            .chunk(&[0x20; 99])
                            .file();
                        let Err(error) =
                            crate::photo::decode(&file, &crate::photo::Limits::default())
                        else {
                            continue;
                        };
                        let text = error.to_string();
                        let odd = ["{", "}", "::", "_", "assert", "the decoder gave up"];
                        assert!(!odd.iter().any(|odd| text.contains(odd)), "{text}");
                    }
                }
            }
        }
    }
}
