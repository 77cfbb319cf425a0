//! Photos come out as the camera was held.

use image::ImageFormat;
use image::metadata::Orientation;

use super::files::{encode, exif, picture, png, png_with_exif, tiff, webp_with_exif, with_segment};
use super::{difference, read};
use crate::photo::{Limits, Photo, inspect};

/// The picture as it should look, turned by what the EXIF standard says of a value: which side of
/// what is seen the stored first row is, and the stored first column.
fn expected(orientation: u8) -> Photo {
    let stored = picture(6, 4).into_rgb8();
    let (w, h) = stored.dimensions();
    let (width, height) = if orientation < 5 { (w, h) } else { (h, w) };
    let mut rgb = Vec::new();
    for y in 0..height {
        for x in 0..width {
            let (sx, sy) = match orientation {
                1 => (x, y),
                2 => (w - 1 - x, y),
                3 => (w - 1 - x, h - 1 - y),
                4 => (x, h - 1 - y),
                5 => (y, x),
                6 => (y, h - 1 - x),
                7 => (w - 1 - y, h - 1 - x),
                8 => (w - 1 - y, x),
                _ => unreachable!(),
            };
            rgb.extend(stored.get_pixel(sx, sy).0);
        }
    }
    Photo::from_rgb(width, height, rgb).unwrap()
}

#[test]
fn all_eight_values_in_every_format_that_has_them() {
    let picture = picture(6, 4);
    let jpeg = encode(&picture, ImageFormat::Jpeg);
    for value in 1..=8 {
        let expected = expected(value);
        let prefixed = [b"Exif\0\0", &exif(value)[..]].concat();
        for file in [
            png_with_exif(&picture, exif(value)),
            webp_with_exif(&picture, exif(value)),
            webp_with_exif(&picture, prefixed.clone()),
            tiff((6, 4), 8, 2, 3, &[(274, u16::from(value))], picture.as_bytes()),
        ] {
            assert_eq!(difference(&read(&file), &expected), 0, "{value}");
        }
        let photo = read(&with_segment(&jpeg, 0xE1, &prefixed));
        assert!(difference(&photo, &expected) < 40, "{value}");
    }
}

#[test]
fn what_browsers_do_not_turn_stays() {
    let picture = picture(6, 4);
    let stored = expected(1);
    let prefixed = [b"Exif\0\0", &exif(6)[..]].concat();
    let plain = encode(&picture, ImageFormat::Png);
    let chunk = &png(&[(b"eXIf", exif(6))])[8..];
    let end = plain.len() - 12;
    let mut damaged = png_with_exif(&picture, exif(6));
    let at = damaged.windows(4).position(|name| name == b"eXIf").unwrap();
    damaged[at + 4 + exif(6).len()] ^= 1;
    for file in [
        png_with_exif(&picture, prefixed),
        // After the pixels, and with another checksum.
        [&plain[..end], chunk, &plain[end..]].concat(),
        damaged,
    ] {
        assert_eq!(difference(&read(&file), &stored), 0);
    }
}

#[test]
fn a_turned_jpeg_is_exactly_the_stored_one_turned() {
    let jpeg = encode(&picture(6, 4), ImageFormat::Jpeg);
    let stored = image::RgbImage::from_raw(6, 4, read(&jpeg).rgb().to_vec()).unwrap();
    for value in 1..=8 {
        let mut turned = image::DynamicImage::ImageRgb8(stored.clone());
        turned.apply_orientation(Orientation::from_exif(value).unwrap());
        let photo = read(&with_segment(&jpeg, 0xE1, &[b"Exif\0\0", &exif(value)[..]].concat()));
        assert_eq!(photo.rgb(), turned.as_bytes(), "{value}");
    }
}

#[test]
fn the_header_is_as_stored_and_a_quarter_turn_costs() {
    let jpeg = encode(&picture(600, 400), ImageFormat::Jpeg);
    let header = |value| {
        let file = with_segment(&jpeg, 0xE1, &[b"Exif\0\0", &exif(value)[..]].concat());
        inspect(&file, &Limits::default()).unwrap()
    };
    assert_eq!((header(6).width, header(6).height), (600, 400));
    // The second set of pixels comes when the rows that were under way are gone.
    let (turned, under_way) = (600 * 400 * 3, 600 * 3 * (24 + 1));
    assert_eq!(header(6).decoded_bytes(), header(3).decoded_bytes() + turned - under_way);
    assert_eq!(header(3).decoded_bytes(), header(1).decoded_bytes());
}

#[test]
fn a_senseless_orientation_is_ignored() {
    let picture = picture(6, 4);
    for exif in [exif(0), exif(9), exif(255), b"II*\0".to_vec(), b"nonsense".to_vec()] {
        let file = png_with_exif(&picture, exif);
        assert_eq!(read(&file).rgb(), picture.as_bytes());
    }
}
