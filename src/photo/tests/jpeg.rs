//! JPEGs whose layout or segments are odd, but valid; and those that are not.

use std::time::{Duration, Instant};

use image::ImageFormat;
use sha2::{Digest, Sha256};

use super::files::{encode, exif, picture, with_segment};
use super::layouts::LAYOUTS;
use super::{read, reject, samples};
use crate::photo::{Limits, inspect};

const JFIF: &[u8] = b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0";

fn plain() -> Vec<u8> {
    encode(&picture(40, 30), ImageFormat::Jpeg)
}

fn find(file: &[u8], bytes: &[u8]) -> usize {
    file.windows(bytes.len()).position(|window| window == bytes).unwrap()
}

#[test]
fn layouts_have_the_pixels_that_pillow_reads() {
    for (name, file, sha256) in LAYOUTS {
        let photo = read(&hex::decode(file).unwrap());
        assert_eq!((photo.width(), photo.height()), (27, 19), "{name}");
        assert_eq!(hex::encode(Sha256::digest(photo.rgb())), *sha256, "{name}");
    }
}

/// A decoder takes what is missing for zeros, and shows grey.
#[test]
fn an_end_marker_does_not_make_half_a_scan_whole() {
    let layouts = LAYOUTS.iter().map(|(_, file, _)| hex::decode(file).unwrap());
    for file in layouts.chain([plain(), samples::PROGRESSIVE.file(), samples::RESTARTS.file()]) {
        let scan = find(&file, &[0xFF, 0xDA]);
        for percent in [10, 40, 60, 80, 95] {
            let cut = &file[..scan + (file.len() - scan) * percent / 100];
            assert_eq!(reject(cut).code(), "corrupt");
            assert_eq!(reject(&[cut, &[0xFF, 0xD9]].concat()).code(), "corrupt");
        }
        assert_eq!(read(&file[..file.len() - 2]), read(&file));
    }
}

#[test]
fn a_progressive_jpeg_without_its_last_scans_is_cut_off() {
    let file = samples::PROGRESSIVE.file();
    let scans: Vec<usize> =
        (0..file.len()).filter(|at| file[*at..].starts_with(&[0xFF, 0xDA])).collect();
    assert!(scans.len() > 5);
    for scan in &scans[..scans.len() - 1] {
        let error = reject(&[&file[..*scan], &[0xFF, 0xD9]].concat());
        assert!(error.to_string().contains("(it was cut off before its end)"), "{error}");
    }
}

#[test]
fn segments_that_do_not_matter_are_passed_over() {
    let file = plain();
    let expected = read(&file);
    let end = file.len() - 2;
    let late = [&file[..end], b"\xFF\xE4\0\x06more\xFF\xFE\0\x02", &file[end..]].concat();
    assert_eq!(read(&late), expected);
    for (marker, payload) in [
        (0xEE, &b"Adobe\0\x64"[..]),
        (0xE0, b"JF"),
        (0xE1, b"Exif\0\0"),
        (0xE1, b""),
        (0xE2, b"ICC_PROFILE\0\x01"),
        (0xED, b"Photoshop 3.0\0"),
        (0xFE, b""),
        (0xDC, b"\0\x09"),
    ] {
        assert_eq!(read(&with_segment(&file, marker, payload)), expected, "{marker:X}");
    }
    // Bytes between segments, and markers that are filled up.
    let filled = [&file[..20], b"odd\xFF\xFF\xFF", &file[21..]].concat();
    assert_eq!(read(&filled), expected);
}

#[test]
fn what_the_channels_mean_is_told_by_jfif_then_adobe_then_their_names() {
    let file = plain();
    assert!(file[6..].starts_with(b"JFIF"));
    let adobe = |file: &[u8], transform| {
        with_segment(file, 0xEE, &[&b"Adobe\0\x64\0\0\0\0"[..], &[transform]].concat())
    };
    let expected = read(&file);
    assert_eq!(read(&adobe(&file, 0)), expected);
    // Without JFIF.
    let bare = [&file[..2], &file[20..]].concat();
    assert_eq!(read(&bare), expected);
    assert_eq!(read(&adobe(&bare, 1)), expected);
    let as_rgb = read(&adobe(&bare, 0));
    assert_ne!(as_rgb, expected);
    let mut named = bare.clone();
    let frame = find(&named, &[0xFF, 0xC0]);
    let scan = find(&named, &[0xFF, 0xDA]);
    for (channel, name) in b"RGB".iter().enumerate() {
        named[frame + 10 + channel * 3] = *name;
        named[scan + 5 + channel * 2] = *name;
    }
    assert_eq!(read(&named), as_rgb);
    assert_eq!(read(&with_segment(&named, 0xE0, JFIF)), expected);
}

#[test]
fn the_first_of_two_exif_blocks_counts() {
    let block = |value| [b"Exif\0\0", &exif(value)[..]].concat();
    let file = with_segment(&plain(), 0xE1, &block(1));
    let turned = with_segment(&file, 0xE1, &block(6));
    assert_eq!((read(&turned).width(), read(&file).width()), (30, 40));
}

#[test]
fn a_great_many_segments_take_no_time() {
    let mut file = vec![0xFF, 0xD8];
    for number in 0..20_000_u32 {
        let part = [
            &b"http://ns.adobe.com/xmp/extension/\0"[..],
            &[b'A'; 32],
            &4_000_000_000_u32.to_be_bytes(),
            &number.to_be_bytes(),
        ]
        .concat();
        file.extend([0xFF, 0xE1]);
        file.extend(u16::try_from(part.len() + 2).unwrap().to_be_bytes());
        file.extend(part);
    }
    file.extend(b"\xFF\xFE\0\x02".repeat(200_000));
    // Tables that are never used.
    file.extend(b"\xFF\xC4\0\x13\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0".repeat(100_000));
    file.extend(&plain()[2..]);
    let begun = Instant::now();
    assert_eq!(read(&file), read(&plain()));
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
}

#[test]
fn thousands_of_scans_are_turned_away() {
    let file = samples::PROGRESSIVE.file();
    let scan = find(&file, &[0xFF, 0xDA]);
    // A bit more of the first coefficients, over and over.
    let again = b"\xFF\xDA\0\x08\x01\x01\0\0\0\x10\0";
    let many = [&file[..scan], &again.repeat(2000), &file[scan..]].concat();
    let error = inspect(&many, &Limits::default()).unwrap_err();
    assert!(error.to_string().contains("far too many scans"), "{error}");
}

#[test]
fn rare_kinds_are_named() {
    let file = plain();
    let frame = find(&file, &[0xFF, 0xC0]);
    let changed = |at: usize, value: u8| {
        let mut file = file.clone();
        file[frame + at] = value;
        reject(&file)
    };
    for (at, value, expected) in [
        (4, 12, "12 bits a channel"),
        (1, 0xC3, "lossless coding"),
        (1, 0xC5, "hierarchical coding"),
        (1, 0xC9, "arithmetic coding"),
        (9, 2, "2 colour channels"),
    ] {
        let error = changed(at, value);
        assert_eq!(error.code(), "unsupported_format");
        assert!(error.to_string().contains(expected), "{error}");
        assert!(error.to_string().contains("save it as an ordinary JPEG"), "{error}");
    }
    // Sampling that no decoder has: 3 x 1 beside 2 x 1.
    let mut odd = file.clone();
    odd[frame + 11] = 0x31;
    odd[frame + 14] = 0x21;
    assert!(reject(&odd).to_string().contains("a resolution that does not divide"));
    // Factors that cannot be.
    assert_eq!(changed(11, 0x51).code(), "corrupt");
    assert_eq!(changed(11, 0x10).code(), "corrupt");
}

#[test]
fn memory_is_promised_for_all_coefficients_only_where_they_are_held() {
    let promised = |file: &[u8], marker: u8| {
        let mut file = file.to_vec();
        let frame = find(&file, &[0xFF, marker]);
        file[frame + 5..frame + 9].copy_from_slice(&[0x07, 0xD0, 0x0B, 0xB8]);
        inspect(&file, &Limits::default()).unwrap().decoded_bytes()
    };
    let (pixels, slack) = (3000 * 2000, 5 << 20);
    assert!(promised(&plain(), 0xC0) < pixels * 3 + slack);
    // Two bytes for each coefficient, of which colours have a quarter.
    let progressive = promised(&samples::PROGRESSIVE.file(), 0xC2);
    assert!(progressive > pixels * 3 + pixels * 3, "{progressive}");
    assert!(progressive < pixels * 3 + pixels * 3 + 2 * slack, "{progressive}");
}
