//! What lies around the pixels may be missing, or there for nothing, or be a great deal.

use image::ImageFormat;

use super::files::{encode, picture, png, png_header, png_rows};
use super::{pixel, read, reject, samples};
use crate::photo::{Limits, inspect};

const ROW: &[u8] = &[1, 2, 3, 40, 50, 60];

#[test]
fn a_png_without_its_last_chunk_is_whole() {
    let file = encode(&picture(20, 10), ImageFormat::Png);
    let expected = read(&file);
    for missing in 1..=12 {
        assert_eq!(read(&file[..file.len() - missing]), expected, "{missing}");
    }
    // A byte of the pixels is missing, or their checksum.
    for missing in [13, 17, 25] {
        assert_eq!(reject(&file[..file.len() - missing]).code(), "corrupt", "{missing}");
    }
}

#[test]
fn long_texts_and_animations_of_a_png_are_passed_over() {
    let text = [&b"XML:com.adobe.xmp\0\0\0\0\0"[..], &vec![b'x'; 9 << 20]].concat();
    let compressed = [&b"Comment\0\0"[..], &vec![0x78; 1 << 20]].concat();
    let file = png(&[
        (b"IHDR", png_header(2, 1, 8, 2)),
        (b"iTXt", text),
        (b"zTXt", compressed),
        (b"acTL", vec![0, 0, 0, 9, 0, 0, 0, 0]),
        (b"fcTL", vec![0; 26]),
        (b"IDAT", png_rows(&[ROW])),
        (b"fdAT", vec![7; 99]),
        (b"tEXt", b"late\0text".to_vec()),
        (b"IEND", vec![]),
    ]);
    assert_eq!(read(&file).rgb(), ROW);
}

#[test]
fn a_png_may_have_its_pixels_in_a_great_many_chunks() {
    let pixels = png_rows(&[ROW]);
    let mut chunks = vec![(b"IHDR", png_header(2, 1, 8, 2))];
    for byte in pixels {
        chunks.extend(vec![(b"IDAT", vec![]); 1000]);
        chunks.push((b"IDAT", vec![byte]));
    }
    chunks.push((b"IEND", vec![]));
    assert_eq!(read(&png(&chunks)).rgb(), ROW);
}

#[test]
fn a_png_of_xcode_is_named() {
    let file = encode(&picture(4, 4), ImageFormat::Png);
    let start = png(&[(b"CgBI", vec![0x50, 0, 0x20, 2])]);
    let error = reject(&[&start, &file[8..]].concat());
    assert_eq!(error.code(), "unsupported_format");
    assert!(error.to_string().contains("upload the original"), "{error}");
    assert!(!error.to_string().contains("upload it again"), "{error}");
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
fn flags_of_a_webp_do_not_matter() {
    let file = samples::LOSSY_WEBP.file();
    let picture = &file[20..];
    let expected = read(&file);
    for flags in [0, 0x02, 0x04, 0x08, 0x10, 0x20, 0xFF] {
        let canvas = [flags, 0, 0, 0, 7, 0, 0, 7, 0, 0];
        let extended = webp(&[(b"VP8X", &canvas), (b"VP8 ", picture)]);
        assert_eq!(read(&extended), expected, "{flags:X}");
    }
}

#[test]
fn padding_of_a_webp_may_be_counted_or_not_or_be_missing() {
    let file = samples::LOSSY_WEBP.file();
    let expected = read(&file);
    // The same picture, with one byte more than it needs.
    let odd = webp(&[(b"VP8 ", &[&file[20..], &[0]].concat())]);
    assert_eq!(read(&odd), expected);
    let size = u32::from_le_bytes(odd[4..8].try_into().unwrap());
    for (size, length) in [(size - 1, odd.len()), (size, odd.len() - 1), (size - 1, odd.len() - 1)]
    {
        let mut file = odd[..length].to_vec();
        file[4..8].copy_from_slice(&size.to_le_bytes());
        assert_eq!(read(&file), expected, "{size} {length}");
    }
    assert_eq!(reject(&odd[..odd.len() - 2]).code(), "corrupt");
}

#[test]
fn of_an_animated_webp_one_frame_reaches_the_decoder() {
    let file = samples::ANIMATED_WEBP.file();
    let expected = read(&file);
    let frame = file.windows(4).position(|name| name == b"ANMF").unwrap();
    let (head, frames) = file.split_at(frame);
    let mut long = [head, &frames.repeat(5000)].concat();
    let size = u32::try_from(long.len() - 8).unwrap();
    long[4..8].copy_from_slice(&size.to_le_bytes());
    assert_eq!(read(&long), expected);
}

/// Bits from the lowest of each byte on: values and how many bits they have.
fn bits(parts: &[(u32, u32)]) -> Vec<u8> {
    let all = parts.iter().flat_map(|(value, count)| (0..*count).map(move |at| value >> at & 1));
    let all: Vec<u8> = all.map(|bit| u8::try_from(bit).unwrap()).collect();
    all.chunks(8).map(|byte| byte.iter().rev().fold(0, |sum, bit| sum << 1 | bit)).collect()
}

#[test]
fn a_lossless_webp_of_thousands_of_codes_is_not_begun() {
    // 8 x 8 pixels; no transform, no cache. Squares of four pixels say which codes they have: all
    // of them the group `green` and `red` name, by codes of a lone symbol.
    let file = |green: u32, red: u32| {
        let lone = |symbol| [(0b101, 3), (symbol, 8)];
        let head = [(0x2F, 8), (7, 14), (7, 14), (0, 4), (0, 1), (0, 1), (1, 1), (0, 3), (0, 1)];
        let codes = [green, red, 0, 0, 0].into_iter().flat_map(lone);
        let stream = bits(&head.into_iter().chain(codes).collect::<Vec<_>>());
        webp(&[(b"VP8L", &[&stream[..], &[0; 64]].concat())])
    };
    let promised = |file: &[u8]| inspect(file, &Limits::default()).unwrap().decoded_bytes();
    let (few, some) = (promised(&file(0, 0)), promised(&file(255, 1)));
    assert!(some > few + 511 * 5 * 4096, "{few} {some}");
    let error = reject(&file(255, 255));
    assert!(error.to_string().contains("more memory than its pixels need"), "{error}");
    let canvas = [0, 0, 0, 0, 7, 0, 0, 7, 0, 0];
    let extended = webp(&[(b"VP8X", &canvas), (b"VP8L", &file(255, 255)[20..])]);
    assert_eq!(reject(&extended), error);
}

#[test]
fn a_gif_ends_where_its_first_frame_does() {
    let file = samples::GIF.file();
    let expected = read(&file);
    assert_eq!(read(&file[..file.len() - 1]), expected);
    assert_eq!(read(&[&file[..], b"tail"].concat()), expected);
    assert_eq!(reject(&file[..file.len() - 4]).code(), "corrupt");
    // Comments before the frame, a million of them, and padding.
    let control = file.windows(3).position(|bytes| bytes == [0x21, 0xF9, 4]).unwrap();
    let comments = b"\x21\xFE\x02hi\0".repeat(1_000_000);
    let long = [&file[..control], &comments[..], b"\0\0", &file[control..]].concat();
    assert_eq!(read(&long), expected);
}

#[test]
fn a_gif_screen_grows_to_its_first_frame() {
    let sample = samples::GIF;
    let mut file = sample.file();
    file[6..10].copy_from_slice(&[2, 0, 3, 0]);
    assert_eq!(read(&file), read(&sample.file()));
    // A frame that begins outside: the screen is as large as its far corner.
    let frame = file.windows(5).position(|bytes| bytes == [0x2C, 0, 0, 0, 0]).unwrap();
    file[frame + 1] = 5;
    let photo = read(&file);
    assert_eq!((photo.width(), photo.height()), (9, 4));
    assert_eq!(pixel(&photo, 4, 0), [255; 3]);
    assert_eq!(pixel(&photo, 5, 0), pixel(&read(&sample.file()), 0, 0));
    assert_eq!(inspect(&file, &Limits::default()).unwrap().width, 9);
}
