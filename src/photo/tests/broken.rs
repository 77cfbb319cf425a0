//! Damage: cuts, holes and noise. Nothing panics, and nothing half is taken for whole.

use image::{DynamicImage, ImageFormat};
use proptest::prelude::*;

use super::files::{encode, exif, picture, png, png_header, png_rows, tiff, with_segment};
use super::{difference, read, samples};
use crate::photo::{Limits, decode, inspect};

/// A picture of which every part costs bytes.
fn detailed(width: u32, height: u32) -> DynamicImage {
    DynamicImage::ImageRgb8(image::RgbImage::from_fn(width, height, |x, y| {
        let noise = (x * 7 + y * 13 + x * y) % 64;
        image::Rgb([0, 1, 2].map(|c| u8::try_from((x + y + noise + c * 40) % 256).unwrap()))
    }))
}

/// One file of each kind.
fn files() -> Vec<Vec<u8>> {
    let mut files: Vec<Vec<u8>> = [
        samples::GREY,
        samples::PROGRESSIVE,
        samples::RESTARTS,
        samples::PLAIN_RGB,
        samples::CMYK,
        samples::YCCK,
        samples::LOSSY_WEBP,
        samples::LOSSY_WEBP_ALPHA,
        samples::ANIMATED_WEBP,
        samples::GIF,
    ]
    .iter()
    .map(samples::Sample::file)
    .collect();
    for format in [
        ImageFormat::Jpeg,
        ImageFormat::Png,
        ImageFormat::WebP,
        ImageFormat::Gif,
        ImageFormat::Tiff,
        ImageFormat::Bmp,
    ] {
        files.push(encode(&picture(16, 12), format));
    }
    files.extend(super::layouts::LAYOUTS.iter().map(|(_, file, _)| hex::decode(file).unwrap()));
    for sample in [
        super::avifs::COLOURS_AT_HALF,
        super::avifs::TRANSPARENT,
        super::avifs::MIRRORED,
        super::avifs::DISPLAY_P3,
    ] {
        files.push(sample.file());
    }
    files.push(with_segment(&files[0], 0xE1, &[b"Exif\0\0", &exif(6)[..]].concat()));
    files.push(tiff((2, 1), 8, 5, 4, &[(274, 8)], &[0, 255, 0, 0, 0, 0, 0, 255]));
    files.push(png(&[
        (b"IHDR", png_header(4, 1, 2, 3)),
        (b"PLTE", vec![0; 12]),
        (b"tRNS", vec![0]),
        (b"IDAT", png_rows(&[&[0b0001_1011]])),
        (b"IEND", vec![]),
    ]));
    files
}

#[test]
fn a_file_cut_anywhere_is_corrupt_or_whole() {
    for format in [
        ImageFormat::Jpeg,
        ImageFormat::Png,
        ImageFormat::WebP,
        ImageFormat::Gif,
        ImageFormat::Tiff,
        ImageFormat::Bmp,
    ] {
        let file = encode(&detailed(80, 60), format);
        let whole = read(&file);
        for percent in 0..100 {
            let cut = &file[..file.len() * percent / 100];
            let error = decode(cut, &Limits::default()).unwrap_err();
            let code = error.code();
            assert!(code == "corrupt" || cut.len() < 32, "{format:?} {percent} %: {error}");
            // An end marker does not make it whole.
            if format == ImageFormat::Jpeg && cut.len() > 3 {
                let ended = [cut, b"\xFF\xD9"].concat();
                assert_eq!(decode(&ended, &Limits::default()).unwrap_err().code(), "corrupt");
            }
        }
        for missing in 1..40 {
            match decode(&file[..file.len() - missing], &Limits::default()) {
                Err(error) => assert_eq!(error.code(), "corrupt"),
                // The last bytes of some formats hold no pixels.
                Ok(photo) => assert_eq!(photo, whole, "{format:?} without {missing}"),
            }
        }
    }
}

#[test]
fn a_progressive_jpeg_cut_anywhere_is_corrupt() {
    for sample in [samples::PROGRESSIVE, samples::RESTARTS, samples::YCCK, samples::GREY] {
        let file = sample.file();
        // Without the end marker, or half of it, no pixel is missing.
        for missing in 1..=2 {
            assert_eq!(read(&file[..file.len() - missing]), read(&file));
        }
        for end in 3..file.len() - 2 {
            assert_eq!(decode(&file[..end], &Limits::default()).unwrap_err().code(), "corrupt");
        }
    }
}

#[test]
fn a_jpeg_with_a_hole_is_corrupt() {
    let file = encode(&detailed(80, 60), ImageFormat::Jpeg);
    // An upload that stopped, in a file that had its size from the start.
    for percent in [30, 50, 70, 90, 99] {
        let mut hole = file.clone();
        hole[file.len() * percent / 100..].fill(0);
        assert_eq!(decode(&hole, &Limits::default()).unwrap_err().code(), "corrupt");
    }
}

#[test]
fn what_is_wrong_is_said_in_plain_words() {
    let file = encode(&picture(40, 30), ImageFormat::Png);
    let error = decode(&file[..file.len() / 2], &Limits::default()).unwrap_err();
    assert!(error.to_string().contains("(it was cut off before its end)"), "{error}");
    let mut garbled = file.clone();
    garbled[60..80].fill(0x55);
    let error = decode(&garbled, &Limits::default()).unwrap_err();
    assert!(error.to_string().contains("(what it holds makes no picture)"), "{error}");
}

#[test]
fn a_panic_is_contained_and_its_words_are_not_told() {
    let panic = |payload: fn()| {
        let result: Result<(), _> = crate::photo::contained(crate::photo::Format::Gif, || {
            payload();
            Ok(())
        });
        result.unwrap_err().to_string()
    };
    let told = panic(|| panic!("assertion failed: left == right"));
    assert_eq!(
        told,
        "the GIF file is damaged or incomplete (its decoder failed on it): upload it again, or \
         save it anew"
    );
    assert_eq!(panic(|| std::panic::panic_any(7)), told);
}

#[test]
fn the_samples_are_whole() {
    for file in files() {
        read(&file);
    }
    let jpeg = read(&encode(&detailed(80, 60), ImageFormat::Jpeg));
    let expected = read(&encode(&detailed(80, 60), ImageFormat::Png));
    assert!(difference(&jpeg, &expected) < 120);
}

/// Reads the bytes with both doors, and holds what comes out against the limits.
fn probe(bytes: &[u8]) {
    let limits = Limits { max_bytes: 1 << 20, max_pixels: 1 << 16 };
    let header = inspect(bytes, &limits);
    match decode(bytes, &limits) {
        Ok(photo) => {
            let header = header.unwrap();
            let pixels = u64::from(photo.width()) * u64::from(photo.height());
            assert!(pixels > 0 && pixels <= limits.max_pixels);
            assert_eq!(photo.rgb().len() as u64, pixels * 3);
            assert_eq!(pixels, u64::from(header.width) * u64::from(header.height));
            assert!(header.decoded_bytes() >= pixels * 3);
        }
        Err(error) => {
            assert!(!error.to_string().is_empty());
            assert_ne!(error.code(), "invalid_size");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_bytes_are_survived(
        head in prop::sample::select(vec![
            &b""[..], b"\xFF\xD8\xFF", b"\x89PNG\r\n\x1A\n", b"GIF89a", b"II*\0", b"MM\0*",
            b"RIFF\x40\0\0\0WEBPVP8 ", b"RIFF\x40\0\0\0WEBPVP8X", b"BM", b"\0\0\0\x18ftyp", b"<",
        ]),
        tail in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        probe(&[head, &tail].concat());
    }

    #[test]
    fn mutated_photos_are_survived(
        which in any::<prop::sample::Index>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let files = files();
        let mut file = files[which.index(files.len())].clone();
        for (at, value) in changes {
            let at = at.index(file.len());
            file[at] = value;
        }
        if let Some(cut) = cut {
            file.truncate(cut.index(file.len()));
        }
        probe(&file);
    }
}
