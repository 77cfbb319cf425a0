//! Photos in inks that have a printer's profile. What they should be is what Chromium shows, and what
//! `LittleCMS` makes (relative colorimetric) of the light that is left when black is laid on first.

use super::files::{encode, picture, with_segment};
use super::samples::{self, Sample};
use super::{pixel, read};
use crate::photo::{Limits, inspect};

/// A profile of four inks: the corners of their cube in Lab, eight bits each.
fn profile() -> Vec<u8> {
    const CORNERS: [[u8; 3]; 16] = [
        [240, 128, 128],
        [40, 128, 128],
        [220, 128, 208],
        [36, 128, 208],
        [150, 188, 118],
        [25, 188, 118],
        [130, 188, 198],
        [21, 188, 198],
        [160, 88, 88],
        [26, 88, 88],
        [140, 88, 168],
        [23, 88, 168],
        [70, 148, 78],
        [11, 148, 78],
        [50, 148, 158],
        [8, 148, 158],
    ];
    let number = |number: u32| number.to_be_bytes();
    let line: Vec<u8> = (0..=255).collect();
    let white = [&b"XYZ \0\0\0\0"[..], &number(63_190), &number(65_536), &number(54_061)].concat();
    // Four inks to three numbers, by two points each; a matrix of no effect.
    let mut table = b"mft1\0\0\0\0\x04\x03\x02\0".to_vec();
    for at in 0..9 {
        table.extend(number(if at % 4 == 0 { 65_536 } else { 0 }));
    }
    table.extend([line.repeat(4), CORNERS.concat(), line.repeat(3)].concat());
    let start = 128 + 4 + 12 * 2;
    let length = |part: &[u8]| u32::try_from(part.len()).unwrap();
    let mut icc = number(start + length(&white) + length(&table)).to_vec();
    icc.extend(b"none\x02\x40\0\0prtrCMYKLab ");
    // The first of January 2024.
    icc.extend(b"\x07\xE8\0\x01\0\x01\0\0\0\0\0\0acsp");
    icc.resize(68, 0);
    icc.extend([number(63_190), number(65_536), number(54_061)].concat());
    icc.resize(128, 0);
    icc.extend([&number(2), &b"wtpt"[..], &number(start), &number(length(&white))].concat());
    let after = start + length(&white);
    icc.extend([&b"A2B0"[..], &number(after), &number(length(&table))].concat());
    [icc, white, table].concat()
}

fn with_profile(file: &[u8], icc: &[u8]) -> Vec<u8> {
    with_segment(file, 0xE2, &[b"ICC_PROFILE\0\x01\x01", icc].concat())
}

/// What is seen in the columns 0, 3 and 7 of every second row.
type Seen = [[[u8; 3]; 3]; 4];

const CMYK: Seen = [
    [[79, 35, 0], [129, 50, 30], [203, 70, 69]],
    [[84, 65, 32], [136, 85, 62], [211, 112, 102]],
    [[83, 95, 65], [138, 119, 96], [216, 150, 138]],
    [[71, 126, 98], [134, 152, 131], [217, 186, 175]],
];
const YCCK: Seen = [
    [[238, 164, 197], [235, 129, 179], [110, 67, 149]],
    [[239, 187, 210], [225, 151, 191], [95, 61, 94]],
    [[240, 211, 223], [202, 158, 147], [85, 68, 42]],
    [[246, 224, 163], [179, 161, 82], [85, 83, 21]],
];

#[test]
fn inks_are_shown_by_their_profile() {
    let icc = profile();
    // A table for measured colours does as well.
    let at = icc.windows(4).position(|name| name == b"A2B0").unwrap();
    let measured = [&icc[..at], b"A2B1", &icc[at + 4..]].concat();
    for (sample, expected) in [(samples::CMYK, CMYK), (samples::YCCK, YCCK)] {
        for icc in [&icc, &measured] {
            let photo = read(&with_profile(&sample.file(), icc));
            for (y, row) in (0..).step_by(2).zip(expected) {
                for (x, expected) in [0, 3, 7].into_iter().zip(row) {
                    let seen = pixel(&photo, x, y);
                    let most = seen.iter().zip(expected).map(|(a, b)| a.abs_diff(b)).max();
                    assert!(most <= Some(3), "{x} {y}: {seen:?} {expected:?}");
                }
            }
        }
    }
}

#[test]
fn a_profile_of_other_pixels_and_a_broken_one_change_nothing() {
    let inks = profile();
    let at = inks.windows(4).position(|name| name == b"A2B0").unwrap();
    let without = [&inks[..at], b"none", &inks[at + 4..]].concat();
    let rgb = moxcms::ColorProfile::new_adobe_rgb().encode().unwrap();
    let plain = |sample: &Sample, icc: &[u8]| {
        assert_eq!(read(&with_profile(&sample.file(), icc)), read(&sample.file()));
    };
    for icc in [&without, &rgb, &inks[..1000].to_vec()] {
        plain(&samples::CMYK, icc);
        plain(&samples::YCCK, icc);
    }
    let colours = encode(&picture(16, 16), image::ImageFormat::Jpeg);
    assert_eq!(read(&with_profile(&colours, &inks)), read(&colours));
}

#[test]
fn the_header_counts_the_tables() {
    let bytes = |file: &[u8]| inspect(file, &Limits::default()).unwrap().decoded_bytes();
    let (file, icc) = (samples::CMYK.file(), profile());
    assert_eq!(bytes(&with_profile(&file, &icc)) - bytes(&file), icc.len() as u64 * 32 + (8 << 20));
    // What comes after the first is not looked at.
    let large = vec![1; 60_000];
    let two = with_profile(&with_profile(&file, &large), &icc);
    assert_eq!(bytes(&two), bytes(&with_profile(&file, &icc)));
    assert_eq!(read(&two), read(&with_profile(&file, &icc)));
}
