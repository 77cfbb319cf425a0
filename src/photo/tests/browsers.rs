//! What browsers make of files that say one thing and another. `tests/photos/chromium.py` asks
//! Chromium, and here is what it answered.

use image::{DynamicImage, ImageBuffer, ImageFormat, Rgba};
use moxcms::ColorProfile;

use super::files::{encode, picture, png, png_header, png_rows};
use super::{pixel, read, reject, samples};

type Chunk = (&'static [u8; 4], Vec<u8>);

const GREY: [u8; 3] = [120, 160, 90];

/// A PNG of one pixel, with chunks before it.
fn one(chunks: Vec<Chunk>) -> Vec<u8> {
    let mut all = vec![(b"IHDR", png_header(1, 1, 8, 2))];
    all.extend(chunks);
    all.extend([(b"IDAT", png_rows(&[&GREY])), (b"IEND", vec![])]);
    png(&all)
}

fn seen(chunks: Vec<Chunk>) -> [u8; 3] {
    pixel(&read(&one(chunks)), 0, 0)
}

fn gamma(value: u32) -> Chunk {
    (b"gAMA", value.to_be_bytes().to_vec())
}

fn profile(head: &[u8], icc: &[u8]) -> Chunk {
    use std::io::Write;

    let mut deflated = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    deflated.write_all(icc).unwrap();
    (b"iCCP", [head, &deflated.finish().unwrap()].concat())
}

fn adobe() -> Vec<u8> {
    ColorProfile::new_adobe_rgb().encode().unwrap()
}

#[test]
fn of_two_the_first_counts_and_what_is_broken_does_not() {
    let linear = seen(vec![gamma(100_000)]);
    assert_ne!(linear, GREY);
    assert_eq!(seen(vec![gamma(100_000), gamma(45_455)]), linear);
    let by_profile = seen(vec![profile(b"name\0\0", &adobe())]);
    assert_ne!(by_profile, GREY);
    let srgb = ColorProfile::new_srgb().encode().unwrap();
    let two = vec![profile(b"name\0\0", &adobe()), profile(b"name\0\0", &srgb)];
    assert_eq!(seen(two), by_profile);
    // No profile at all: the gamma counts.
    assert_eq!(seen(vec![profile(b"name\0\0", &[7; 400]), gamma(100_000)]), linear);
    // A name is of 1 to 79 bytes, and there is one kind of compression.
    for head in [&b"\0\0"[..], &[&[b'n'; 80][..], b"\0\0"].concat(), b"name\0\x01"] {
        assert_eq!(seen(vec![profile(head, &adobe())]), GREY);
    }
    for srgb in [vec![], vec![4]] {
        assert_eq!(seen(vec![(b"sRGB", srgb), gamma(100_000)]), linear);
    }
    // A curve that is not said.
    assert_eq!(seen(vec![(b"cICP", vec![12, 2, 0, 1]), gamma(100_000)]), linear);
    // A checksum that does not fit.
    let mut file = one(vec![gamma(100_000)]);
    let at = file.windows(4).position(|name| name == b"gAMA").unwrap();
    file[at + 8] ^= 1;
    assert_eq!(pixel(&read(&file), 0, 0), GREY);
}

#[test]
fn code_points_of_video_are_shown_as_on_a_television() {
    // 2.4, and the curve of sRGB back.
    let shown = seen(vec![(b"cICP", vec![1, 1, 0, 1])]);
    for (shown, stored) in shown.into_iter().zip(GREY) {
        let light = (f64::from(stored) / 255.0).powf(2.4);
        let expected = (1.055 * light.powf(1.0 / 2.4) - 0.055) * 255.0;
        assert!((f64::from(shown) - expected).abs() <= 1.5, "{shown} {expected}");
    }
    // After the palette they say nothing.
    let late = png(&[
        (b"IHDR", png_header(1, 1, 8, 3)),
        (b"PLTE", GREY.to_vec()),
        (b"cICP", vec![12, 13, 0, 1]),
        (b"IDAT", png_rows(&[&[0]])),
        (b"IEND", vec![]),
    ]);
    assert_eq!(pixel(&read(&late), 0, 0), GREY);
}

#[test]
fn pngs_that_browsers_show_otherwise_are_turned_away() {
    let animation = |chunks: &[Chunk]| {
        let mut all =
            vec![(b"IHDR", png_header(1, 1, 8, 2)), (b"acTL", vec![0, 0, 0, 1, 0, 0, 0, 0])];
        all.extend_from_slice(chunks);
        all.extend([(b"IDAT", png_rows(&[&GREY])), (b"fcTL", vec![0; 26])]);
        all.extend([(b"fdAT", vec![7; 9]), (b"IEND", vec![])]);
        png(&all)
    };
    assert!(reject(&animation(&[])).to_string().contains("animation"));
    assert_eq!(pixel(&read(&animation(&[(b"fcTL", vec![0; 26])])), 0, 0), GREY);
    for chunk in
        [gamma(1), (b"ABCD", vec![1]), (b"cICP", vec![12, 13, 1, 1]), (b"cICP", vec![10, 8, 0, 1])]
    {
        assert_eq!(reject(&one(vec![chunk])).code(), "unsupported_format");
    }
    let clear = png(&[
        (b"IHDR", png_header(1, 1, 8, 3)),
        (b"PLTE", GREY.to_vec()),
        (b"tRNS", vec![0, 0]),
        (b"IDAT", png_rows(&[&[0]])),
        (b"IEND", vec![]),
    ]);
    assert_eq!(reject(&clear).code(), "corrupt");
}

#[test]
fn colours_that_a_png_does_not_have_are_its_last() {
    let colours = [10, 20, 30, 40, 50, 60, 70, 80, 90];
    let few = |bits: u8, rows: &[&[u8]], chunks: &[Chunk]| {
        let mut all = vec![(b"IHDR", png_header(4, 1, bits, 3)), (b"PLTE", colours.to_vec())];
        all.extend_from_slice(chunks);
        all.extend([(b"IDAT", png_rows(rows)), (b"IEND", vec![])]);
        read(&png(&all)).rgb().to_vec()
    };
    let shown = [&colours[..], &colours[6..]].concat();
    assert_eq!(few(2, &[&[0b0001_1011]], &[]), shown);
    assert_eq!(few(4, &[&[0x01, 0x2F]], &[]), shown);
    assert_eq!(few(8, &[&[0, 1, 2, 255]], &[]), shown);
    // As clear as the last, which may be clear or not.
    let clear = few(8, &[&[0, 1, 2, 255]], &[(b"tRNS", vec![0, 255, 0])]);
    assert_eq!(clear, [255, 255, 255, 40, 50, 60, 255, 255, 255, 255, 255, 255]);
    let clear = few(8, &[&[0, 1, 2, 255]], &[(b"tRNS", vec![0, 255])]);
    assert_eq!(clear, [255, 255, 255, 40, 50, 60, 70, 80, 90, 70, 80, 90]);
    // A part of a colour is none.
    let odd = png(&[
        (b"IHDR", png_header(1, 1, 8, 3)),
        (b"PLTE", [&colours[..], &[7, 7]].concat()),
        (b"IDAT", png_rows(&[&[3]])),
        (b"IEND", vec![]),
    ]);
    assert_eq!(read(&odd).rgb(), [70, 80, 90]);
    // What its checksum does not fit is not made whole.
    let mut broken = odd;
    let at = broken.windows(4).position(|name| name == b"PLTE").unwrap();
    broken[at + 4] ^= 1;
    assert_eq!(reject(&broken).code(), "corrupt");
}

/// A WebP of the given chunks.
fn webp(chunks: &[(&[u8; 4], &[u8])]) -> Vec<u8> {
    let mut body = b"WEBP".to_vec();
    for (name, payload) in chunks {
        body.extend(*name);
        body.extend(u32::try_from(payload.len()).unwrap().to_le_bytes());
        body.extend(*payload);
        body.resize(body.len().next_multiple_of(2), 0);
    }
    [&b"RIFF"[..], &u32::try_from(body.len()).unwrap().to_le_bytes(), &body].concat()
}

#[test]
fn what_a_webp_does_not_announce_is_not_looked_at() {
    let file = samples::LOSSY_WEBP.file();
    let canvas = |flags: u8, side: u8| [flags, 0, 0, 0, side - 1, 0, 0, side - 1, 0, 0];
    let icc = adobe();
    let with = |flags| {
        read(&webp(&[(b"VP8X", &canvas(flags, 8)), (b"ICCP", &icc), (b"VP8 ", &file[20..])]))
    };
    assert_eq!(with(0), read(&file));
    assert_ne!(with(0x20), read(&file));
    let late = [(b"VP8X", &canvas(0x20, 8)[..]), (b"VP8 ", &file[20..]), (b"ICCP", &icc)];
    assert!(reject(&webp(&late)).to_string().contains("after its picture"));
    // Transparency beside a picture, without its flag.
    let mut clear = samples::LOSSY_WEBP_ALPHA.file();
    assert_eq!(clear[20] & 0x10, 0x10);
    let shown = read(&clear);
    clear[20] = 0;
    let at = clear.windows(4).position(|name| name == b"VP8 ").unwrap();
    assert_eq!(read(&clear), read(&webp(&[(b"VP8 ", &clear[at + 8..])])));
    assert_ne!(read(&clear), shown);
    // And among its own bytes.
    let pixels =
        ImageBuffer::from_fn(8, 8, |x, _| Rgba([200, 100, 50, u8::try_from(x * 30).unwrap()]));
    let clear = encode(&DynamicImage::ImageRgba8(pixels), ImageFormat::WebP);
    let at = clear.windows(4).position(|name| name == b"VP8L").unwrap();
    let picture = &clear[at + 8..];
    let extended = |flags| webp(&[(b"VP8X", &canvas(flags, 8)), (b"VP8L", picture)]);
    assert_eq!(read(&extended(0x10)), read(&clear));
    assert!(reject(&extended(0)).to_string().contains("denies"));
    let inner = &webp(&[(b"VP8L", picture)])[12..];
    let frame = [&[0, 0, 0, 0, 0, 0, 7, 0, 0, 7, 0, 0, 100, 0, 0, 0], inner].concat();
    let animated =
        |flags| webp(&[(b"VP8X", &canvas(flags, 8)), (b"ANIM", &[0; 6]), (b"ANMF", &frame)]);
    assert_eq!(read(&animated(0x12)).width(), 8);
    assert!(reject(&animated(2)).to_string().contains("denies"));
}

#[test]
fn colours_that_a_gif_does_not_have_are_black() {
    // Four pixels by codes of three bits: clear, 1, 2, 3, 0, end.
    let codes = [4_u32, 1, 2, 3, 0, 5];
    let mut bits = 0_u64;
    let (mut at, mut width) = (0, 3);
    for (count, code) in codes.into_iter().enumerate() {
        bits |= u64::from(code) << at;
        at += width;
        // The table has eight entries after the third pixel.
        width = if count >= 3 { 4 } else { 3 };
    }
    let data = &bits.to_le_bytes()[..3];
    let table = [255, 255, 255, 10, 20, 30];
    let frame = |flags: u8| [0x2C, 0, 0, 0, 0, 4, 0, 1, 0, flags];
    let screen = |flags: u8| [b'G', b'I', b'F', b'8', b'9', b'a', 4, 0, 1, 0, flags, 0, 0];
    let picture = [&[2, 3], data, &[0, 0x3B]].concat();
    let global = [&screen(0x80)[..], &table, &frame(0), &picture].concat();
    let local = [&screen(0)[..], &frame(0x80), &table, &picture].concat();
    for file in [global, local] {
        let photo = read(&file);
        let expected = [10, 20, 30, 0, 0, 0, 0, 0, 0, 255, 255, 255];
        assert_eq!(photo.rgb(), expected);
    }
}

/// A bitmap with the latest header and one pixel of 32 bits, plain, with a mask of transparency.
fn bitmap(bits: u16, pixel: [u8; 4]) -> Vec<u8> {
    let mut file = vec![0; 14 + 124];
    file[..2].copy_from_slice(b"BM");
    file[10] = 14 + 124;
    file[14] = 124;
    file[18] = 1;
    file[22] = 1;
    file[26] = 1;
    file[28..30].copy_from_slice(&bits.to_le_bytes());
    file.extend(pixel);
    file
}

#[test]
fn a_bitmap_may_have_a_profile_and_transparency() {
    let mut clear = bitmap(32, [0, 0, 0, 0x40]);
    assert_eq!(read(&clear).rgb(), [0; 3]);
    clear[14 + 52..14 + 56].copy_from_slice(&0xFF00_0000_u32.to_le_bytes());
    assert_eq!(read(&clear).rgb(), [255 - 0x40; 3]);
    let [r, g, b] = GREY;
    let mut coloured = bitmap(24, [b, g, r, 0]);
    let icc = adobe();
    let length = u32::try_from(icc.len()).unwrap();
    coloured[14 + 112..14 + 116].copy_from_slice(&(124_u32 + 4).to_le_bytes());
    coloured[14 + 116..14 + 120].copy_from_slice(&length.to_le_bytes());
    coloured.extend(&icc);
    assert_eq!(read(&coloured).rgb(), GREY);
    coloured[14 + 56..14 + 60].copy_from_slice(b"DEBM");
    assert_eq!(pixel(&read(&coloured), 0, 0), seen(vec![profile(b"name\0\0", &icc)]));
    // What is not there is no profile.
    coloured.truncate(coloured.len() - 1);
    assert_eq!(read(&coloured).rgb(), GREY);
    // Other bitmaps are as they were.
    let plain = picture(3, 2);
    assert_eq!(read(&encode(&plain, ImageFormat::Bmp)).rgb(), plain.as_bytes());
}
