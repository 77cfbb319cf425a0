//! Pictures at a part of their size have the pixels that libjpeg-turbo gives them, and look the same
//! when they are scaled.

use image::ImageFormat;
use image::metadata::Orientation;
use proptest::prelude::*;
use sha2::{Digest, Sha256};

use super::files::{encode, exif, picture, png, with_segment};
use super::layouts::LAYOUTS;
use super::{read, samples};
use crate::photo::{Filter, Limits, Photo, PhotoError, View, decode_for, read as read_with};

fn with_least(file: &[u8], least: (u32, u32)) -> Result<Photo, PhotoError> {
    read_with(file, &Limits::default(), Some(least))
}

/// Of each of [`LAYOUTS`], the SHA-256 of its pixels at a half, a quarter and an eighth in Pillow 13.0:
///
/// ```text
/// digest = hashlib.sha256()
/// for part in (2, 4, 8):
///     image = Image.open(file)
///     image.draft(None, (27 // part, 19 // part))
///     digest.update(image.convert("RGB").tobytes())
/// ```
///
/// Pictures of inks are not made smaller.
const PILLOW: [Option<&str>; 8] = [
    Some("e67e126c4206e85ce232f1493f52a4f2427c91d87286e4169357b6a1f3b2c3ca"),
    Some("d35c10b5c7e49dff90aa8d509d4a4fabc20bff62fab26825beccd2d15234a8bc"),
    Some("d8286557f1cb94e3434ea1fbc0616568614c30cfb1b2ad70d79d69d238da5fb1"),
    Some("cc51ddde86317211065ae15e3a27f9ca82b13b91c85290a3df7e028ea48d8c3f"),
    Some("df62a8f19284989fbd4884e8b59d4dc443e42f2639f48031207e6cd45b5fd37d"),
    Some("91a105cc5e96593199fb5fe0a6f98d516fb33a41ff67205c028a41511f074532"),
    Some("e67e126c4206e85ce232f1493f52a4f2427c91d87286e4169357b6a1f3b2c3ca"),
    None,
];

#[test]
fn every_layout_has_the_pixels_of_libjpeg_turbo_at_every_scale() {
    for ((name, file, _), expected) in LAYOUTS.iter().zip(PILLOW) {
        let file = hex::decode(file).unwrap();
        let mut digest = Sha256::new();
        for size in [(14, 10), (7, 5), (4, 3)] {
            let photo = with_least(&file, size).unwrap();
            assert_eq!(photo.original_size(), (27, 19), "{name}");
            let seen = (photo.width(), photo.height());
            assert_eq!(seen, expected.map_or((27, 19), |_| size), "{name}");
            digest.update(photo.rgb());
        }
        if let Some(expected) = expected {
            assert_eq!(hex::encode(digest.finalize()), expected, "{name}");
        }
    }
}

/// What Pillow's own samples hold: a file of an encoder in use, and a grey one.
#[test]
fn one_colour_stays_one_colour_at_every_scale() {
    for grey in [false, true] {
        let mut image = image::DynamicImage::ImageRgb8(image::RgbImage::from_pixel(
            45,
            33,
            image::Rgb([90, 90, 90]),
        ));
        if grey {
            image = image.to_luma8().into();
        }
        let file = encode(&image, ImageFormat::Jpeg);
        for size in [(23, 17), (12, 9), (6, 5)] {
            let photo = with_least(&file, size).unwrap();
            assert_eq!((photo.width(), photo.height()), size);
            assert!(photo.rgb().iter().all(|value| *value == 90));
        }
    }
}

#[test]
fn no_more_is_left_out_than_may_be() {
    let file = encode(&picture(100, 60), ImageFormat::Jpeg);
    for (least, size) in [
        ((1, 1), (13, 8)),
        ((13, 8), (13, 8)),
        ((14, 8), (25, 15)),
        ((13, 9), (25, 15)),
        ((25, 16), (50, 30)),
        ((51, 2), (100, 60)),
        ((2, 31), (100, 60)),
        ((101, 61), (100, 60)),
    ] {
        let photo = with_least(&file, least).unwrap();
        assert_eq!((photo.width(), photo.height()), size, "{least:?}");
    }
    let view = |side, filter| View { width: side, height: side, filter };
    let limits = Limits::default();
    // One pixel is picked as it is.
    assert_eq!(decode_for(&file, &limits, &view(1, Filter::Nearest)).unwrap(), read(&file));
    assert_ne!(decode_for(&file, &limits, &view(1, Filter::Box)).unwrap(), read(&file));
    assert_eq!(decode_for(&file, &limits, &view(60, Filter::Box)).unwrap(), read(&file));
    assert_eq!(decode_for(&file, &limits, &view(u32::MAX, Filter::Box)).unwrap(), read(&file));
    // Other formats have no such scales.
    let png = encode(&picture(100, 60), ImageFormat::Png);
    assert_eq!(with_least(&png, (1, 1)).unwrap(), read(&png));
    assert!(with_least(&png_of_nothing(), (1, 1)).is_err());
}

fn png_of_nothing() -> Vec<u8> {
    png(&[])
}

#[test]
fn what_is_cut_off_is_so_at_every_scale() {
    for file in [encode(&picture(90, 70), ImageFormat::Jpeg), samples::PROGRESSIVE.file()] {
        let scan = file.windows(2).position(|bytes| bytes == [0xFF, 0xDA]).unwrap();
        for percent in [10, 60, 95] {
            let cut = &file[..scan + (file.len() - scan) * percent / 100];
            let errors = [(1, 1), (12, 10), (40, 30), (90, 70)].map(|least| with_least(cut, least));
            assert!(errors.iter().all(|error| *error == errors[3] && error.is_err()));
        }
    }
}

/// The sides are no multiple of a scale, so that pixels at one edge are there in part: which edge, EXIF
/// decides.
#[test]
fn a_picture_is_scaled_to_the_same_pixels_whichever_way_it_is_turned() {
    let plain = encode(&picture(419, 331), ImageFormat::Jpeg);
    for value in 1..=8 {
        let file = with_segment(&plain, 0xE1, &[b"Exif\0\0", &exif(value)[..]].concat());
        let whole = read(&file);
        let turned = Orientation::from_exif(value).is_some_and(|o| {
            let mut one = image::DynamicImage::new_rgb8(2, 1);
            one.apply_orientation(o);
            one.height() == 2
        });
        for part in [2, 4, 8_u32] {
            let (across, down) = (419_u32.div_ceil(part), 331_u32.div_ceil(part));
            let least = if turned { (down, across) } else { (across, down) };
            let photo = with_least(&file, least).unwrap();
            assert_eq!((photo.width(), photo.height()), least);
            assert_eq!(photo.original_size(), (whole.width(), whole.height()));
            let scaled = |photo: &Photo| photo.resize(23, 17, Filter::Bilinear).unwrap();
            let off = scaled(&photo).iter().zip(scaled(&whole)).map(|(a, b)| a.abs_diff(b)).max();
            // A stretch by the pixels that are there in part would be five levels.
            assert!(off.unwrap() <= 2, "{value} {part}: {off:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_size_is_read_at_any_scale(width in 1_u32..70, height in 1_u32..70, part in 0_u32..4) {
        let file = encode(&picture(width, height), ImageFormat::Jpeg);
        let least = (width.div_ceil(1 << part), height.div_ceil(1 << part));
        let photo = with_least(&file, least).unwrap();
        prop_assert!(photo.width() >= least.0 && photo.height() >= least.1);
        prop_assert!(photo.width() <= width && photo.height() <= height);
        prop_assert_eq!(photo.original_size(), (width, height));
        // Its mean colour is about the whole one's. The pixels at an edge are made of what fills the last
        // blocks, too.
        let mean = |photo: &Photo| photo.resize(1, 1, Filter::Box).unwrap();
        let whole = mean(&read(&file));
        let off = mean(&photo).iter().zip(&whole).map(|(a, b)| a.abs_diff(*b)).max();
        let edge = 3 + 128 * (1 << part) / width.min(height);
        prop_assert!(off.map(u32::from) <= Some(edge), "{:?}", off);
    }
}
