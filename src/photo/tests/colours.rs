//! Colours of other spaces look as they should on a screen of sRGB. What they should be was computed
//! by `LittleCMS`.

use image::{DynamicImage, ImageBuffer, ImageFormat, Rgb, Rgba};
use moxcms::ColorProfile;

use super::files::{encode, png, png_header, png_rows, with_segment};
use super::{difference, pixel, read, reject};
use crate::photo::Photo;
use crate::photo::colour::Profile;

const STORED: [[u8; 3]; 6] =
    [[120, 160, 90], [200, 180, 170], [60, 70, 200], [255; 3], [0; 3], [128; 3]];
const FROM_P3: [[u8; 3]; 6] =
    [[108, 161, 80], [204, 179, 169], [57, 70, 208], [255; 3], [0; 3], [128; 3]];
const FROM_ADOBE: [[u8; 3]; 6] =
    [[99, 161, 85], [209, 181, 171], [52, 68, 205], [255; 3], [0; 3], [129; 3]];
const FROM_LINEAR: [[u8; 3]; 6] =
    [[183, 208, 160], [229, 219, 213], [133, 143, 229], [255; 3], [0; 3], [188; 3]];
const FROM_P3_GAMMA: [[u8; 3]; 6] =
    [[109, 163, 80], [205, 181, 170], [55, 69, 209], [255; 3], [0; 3], [129; 3]];

fn photo(colours: &[[u8; 3]; 6]) -> Photo {
    Photo::from_rgb(6, 1, colours.concat()).unwrap()
}

/// A PNG of the stored colours, with chunks before them.
fn with_chunks(chunks: &[(&[u8; 4], Vec<u8>)]) -> Vec<u8> {
    let mut all = vec![(b"IHDR", png_header(6, 1, 8, 2))];
    all.extend_from_slice(chunks);
    all.push((b"IDAT", png_rows(&[&STORED.concat()])));
    all.push((b"IEND", vec![]));
    png(&all)
}

fn iccp(icc: &[u8]) -> (&'static [u8; 4], Vec<u8>) {
    use std::io::Write;

    let mut deflated = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    deflated.write_all(icc).unwrap();
    (b"iCCP", [&b"name\0\0"[..], &deflated.finish().unwrap()].concat())
}

fn numbers(values: &[u32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_be_bytes()).collect()
}

fn gamma(value: u32) -> (&'static [u8; 4], Vec<u8>) {
    (b"gAMA", numbers(&[value]))
}

fn display_p3() -> Vec<u8> {
    ColorProfile::new_display_p3().encode().unwrap()
}

#[test]
fn profiles_are_applied() {
    let adobe = ColorProfile::new_adobe_rgb().encode().unwrap();
    for (icc, expected) in [(display_p3(), FROM_P3), (adobe, FROM_ADOBE)] {
        assert!(difference(&read(&with_chunks(&[iccp(&icc)])), &photo(&expected)) <= 2);
        let mut rgb = STORED.concat();
        Profile::from_icc(&icc).unwrap().apply(&mut rgb, false);
        assert!(difference(&Photo::from_rgb(6, 1, rgb).unwrap(), &photo(&expected)) <= 2);
    }
}

#[test]
fn a_profile_of_srgb_and_a_broken_one_change_nothing() {
    let srgb = ColorProfile::new_srgb().encode().unwrap();
    let printer = [&srgb[..16], b"CMYK", &srgb[20..]].concat();
    let too_long = [&display_p3()[..], &vec![0; 5 << 20]].concat();
    for icc in [srgb, display_p3()[..200].to_vec(), b"nonsense".to_vec(), printer, too_long] {
        assert_eq!(read(&with_chunks(&[iccp(&icc)])).rgb(), STORED.concat());
        if let Some(profile) = Profile::from_icc(&icc) {
            let mut rgb = STORED.concat();
            profile.apply(&mut rgb, false);
            assert_eq!(rgb, STORED.concat());
        }
    }
    assert_eq!(read(&with_chunks(&[(b"iCCP", b"no end".to_vec())])).rgb(), STORED.concat());
}

#[test]
fn a_png_tells_its_colours_in_four_ways_of_which_the_first_counts() {
    let points = (b"cICP", vec![12, 13, 0, 1]);
    let profile = iccp(&ColorProfile::new_adobe_rgb().encode().unwrap());
    let srgb = (b"sRGB", vec![0]);
    let p3 = [31_270, 32_900, 68_000, 32_000, 26_500, 69_000, 15_000, 6_000];
    let chromaticities = (b"cHRM", numbers(&p3));
    let linear = gamma(100_000);
    for (chunks, expected, most) in [
        (vec![linear.clone()], FROM_LINEAR, 4),
        (vec![gamma(45_455), chromaticities.clone()], FROM_P3_GAMMA, 4),
        // Alone they say nothing.
        (vec![chromaticities.clone()], STORED, 0),
        (vec![linear.clone(), srgb.clone()], STORED, 0),
        (vec![linear.clone(), profile.clone(), srgb.clone()], FROM_ADOBE, 2),
        (vec![linear, profile, points, srgb, chromaticities], FROM_P3, 2),
        // Nonsense is ignored.
        (vec![gamma(0)], STORED, 0),
        (vec![(b"gAMA", vec![1])], STORED, 0),
        (vec![(b"cICP", vec![250, 13, 0, 1])], STORED, 0),
        (vec![(b"cHRM", vec![0; 32])], STORED, 0),
    ] {
        let seen = read(&with_chunks(&chunks));
        assert!(difference(&seen, &photo(&expected)) <= most, "{chunks:?}: {:?}", seen.rgb());
    }
    let error = reject(&with_chunks(&[(b"cICP", vec![9, 16, 0, 1])]));
    assert!(error.to_string().contains("an HDR photo"), "{error}");
}

#[test]
fn colours_are_changed_before_they_are_laid_on_white() {
    let rgba = ImageBuffer::from_fn(6, 1, |x, _| {
        let [r, g, b] = STORED[x as usize];
        Rgba([r, g, b, 128])
    });
    let file = encode(&DynamicImage::ImageRgba8(rgba), ImageFormat::Png);
    let (name, payload) = iccp(&display_p3());
    // The profile, after the header of 25 bytes.
    let chunk = &png(&[(name, payload)])[8..];
    let seen = read(&[&file[..33], chunk, &file[33..]].concat());
    for (x, expected) in (0..).zip(FROM_P3) {
        for (seen, expected) in pixel(&seen, x, 0).iter().zip(expected) {
            let on_white = (u32::from(expected) * 128 + 255 * 127) / 255;
            assert!(u32::from(*seen).abs_diff(on_white) <= 2, "{seen} {on_white}");
        }
    }
}

#[test]
fn grey_has_profiles_of_its_own() {
    let icc = ColorProfile::new_gray_with_gamma(1.0).encode().unwrap();
    let levels = [10, 64, 128, 200];
    let file = png(&[
        (b"IHDR", png_header(4, 1, 8, 0)),
        iccp(&icc),
        (b"IDAT", png_rows(&[&levels])),
        (b"IEND", vec![]),
    ]);
    for (x, expected) in (0..).zip([56_u8, 137, 188, 229]) {
        let seen = pixel(&read(&file), x, 0);
        assert!(seen.iter().all(|seen| seen.abs_diff(expected) <= 2), "{seen:?} {expected}");
    }
    // Not for colours.
    assert_eq!(read(&with_chunks(&[iccp(&icc)])).rgb(), STORED.concat());
}

#[test]
fn a_jpeg_has_its_profile_in_parts_in_any_order() {
    let picture = ImageBuffer::from_pixel(16, 16, Rgb([120, 160, 90]));
    let file = encode(&DynamicImage::ImageRgb8(picture), ImageFormat::Jpeg);
    let icc = display_p3();
    let (front, back) = icc.split_at(icc.len() / 2);
    let part =
        |number: u8, count: u8, icc: &[u8]| [&b"ICC_PROFILE\0"[..], &[number, count], icc].concat();
    let seen = |parts: &[Vec<u8>]| {
        let file = parts.iter().fold(file.clone(), |file, part| with_segment(&file, 0xE2, part));
        pixel(&read(&file), 8, 8)
    };
    let plain = seen(&[]);
    for parts in [
        vec![part(1, 1, &icc)],
        vec![part(1, 2, front), part(2, 2, back)],
        vec![part(2, 2, back), part(1, 2, front)],
    ] {
        let seen = seen(&parts);
        let near = seen.iter().zip([108_u8, 161, 80]).all(|(one, other)| one.abs_diff(other) <= 4);
        assert!(near, "{seen:?}");
    }
    // One part is missing, or there twice.
    assert_eq!(seen(&[part(1, 2, front)]), plain);
    assert_eq!(seen(&[part(1, 2, front), part(1, 2, front)]), plain);
    assert_eq!(seen(&[part(0, 1, &icc)]), plain);
    // Of two the first counts; a segment goes before those that are there.
    let srgb = ColorProfile::new_srgb().encode().unwrap();
    assert_eq!(seen(&[part(1, 1, &srgb), part(1, 1, &icc)]), seen(&[part(1, 1, &icc)]));
    assert_eq!(seen(&[part(1, 1, &icc), part(1, 1, &srgb)]), plain);
    assert_eq!(seen(&[part(1, 1, &icc), part(1, 1, b"")]), seen(&[part(1, 1, &icc)]));
}
