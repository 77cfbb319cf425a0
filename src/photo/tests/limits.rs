//! What is too much is turned away before it costs anything.

use image::{DynamicImage, ImageFormat};

use super::files::{encode, picture, png, png_header, tiff, with_segment};
use super::{read, reject, samples};
use crate::photo::{Filter, Limits, Photo, PhotoError, decode, inspect};

fn too_many(width: u32, height: u32) -> PhotoError {
    PhotoError::TooManyPixels { width, height, limit: 50_000_000 }
}

#[test]
fn nothing_and_too_many_bytes() {
    assert_eq!(reject(b""), PhotoError::Empty);
    let limits = Limits { max_bytes: 9, ..Limits::default() };
    let expected = PhotoError::TooLarge { size: 10, limit: 9 };
    assert_eq!(inspect(&[0; 10], &limits), Err(expected.clone()));
    assert_eq!(decode(&[0; 10], &limits), Err(expected));
}

#[test]
fn too_many_pixels_are_seen_in_the_header() {
    // Photos of some dozen bytes that announce gigabytes.
    let header = png_header(60_000, 60_000, 8, 2);
    let png = png(&[(b"IHDR", header), (b"IDAT", vec![]), (b"IEND", vec![])]);
    assert_eq!(inspect(&png, &Limits::default()), Err(too_many(60_000, 60_000)));
    assert_eq!(reject(&png), too_many(60_000, 60_000));

    let mut gif = samples::GIF.file();
    gif[6..10].copy_from_slice(&[0xFF; 4]);
    assert_eq!(reject(&gif), too_many(65_535, 65_535));

    let tiff = tiff((60_000, 60_000), 8, 1, 1, &[], &[0; 4]);
    assert_eq!(reject(&tiff), too_many(60_000, 60_000));

    let mut bmp = encode(&picture(2, 2), ImageFormat::Bmp);
    bmp[18..22].copy_from_slice(&60_000_u32.to_le_bytes());
    bmp[22..26].copy_from_slice(&60_000_u32.to_le_bytes());
    assert_eq!(reject(&bmp), too_many(60_000, 60_000));

    let mut jpeg = encode(&picture(8, 8), ImageFormat::Jpeg);
    let frame = jpeg.windows(2).position(|bytes| bytes == [0xFF, 0xC0]).unwrap();
    jpeg[frame + 5..frame + 9].copy_from_slice(&[0xEA, 0x60, 0xEA, 0x60]);
    assert_eq!(reject(&jpeg), too_many(60_000, 60_000));
}

#[test]
fn the_limit_itself_is_allowed() {
    let file = encode(&picture(10, 10), ImageFormat::Png);
    let limits = |max_pixels| Limits { max_pixels, ..Limits::default() };
    assert!(decode(&file, &limits(100)).is_ok());
    assert_eq!(decode(&file, &limits(99)).unwrap_err().code(), "too_many_pixels");
}

#[test]
fn a_strip_is_turned_away() {
    // Few pixels, but scaling them to a model's size would take gigabytes.
    for (width, height) in [(49_000_000, 1), (1, 49_000_000), (65_536, 2)] {
        let header = png_header(width, height, 8, 2);
        let png = png(&[(b"IHDR", header), (b"IDAT", vec![]), (b"IEND", vec![])]);
        let error = reject(&png);
        assert_eq!(error.code(), "unsupported_format", "{error}");
        assert!(error.to_string().contains(&format!("{width} x {height} pixels")), "{error}");
        assert_eq!(inspect(&png, &Limits::default()), Err(error));
    }
    let longest = encode(&DynamicImage::new_luma8(65_535, 1), ImageFormat::Png);
    assert_eq!(read(&longest).resize(9, 9, Filter::Lanczos3).unwrap().len(), 9 * 9 * 3);
}

#[test]
fn a_lossy_webp_larger_than_its_canvas_is_not_begun() {
    // The canvas of an extended file says 8 x 8, its picture 16383 x 16383.
    let mut file = samples::LOSSY_WEBP_ALPHA.file();
    let picture = file.windows(3).position(|bytes| bytes == [0x9D, 0x01, 0x2A]).unwrap();
    file[picture + 3..picture + 7].copy_from_slice(&[0xFF, 0x3F, 0xFF, 0x3F]);
    let error = reject(&file);
    assert!(error.to_string().contains("larger than its canvas"), "{error}");
}

#[test]
fn a_webp_chunk_that_announces_gigabytes_is_not_believed() {
    let mut file = samples::LOSSY_WEBP_ALPHA.file();
    file.extend(b"EXIF\xFF\xFF\xFF\x7F");
    let size = u32::try_from(file.len() - 8).unwrap();
    file[4..8].copy_from_slice(&size.to_le_bytes());
    assert_eq!(reject(&file).code(), "corrupt");
}

#[test]
fn a_tiff_tag_that_announces_gigabytes_is_not_believed() {
    // The list of strips, of which there is one.
    let file = tiff((2, 2), 8, 1, 1, &[], &[0; 4]);
    let entry = file.windows(4).position(|bytes| bytes == [0x11, 0x01, 3, 0]).unwrap();
    for count in [0x7FFF_FFFF_u32, 200_000] {
        let mut file = file.clone();
        file[entry + 4..entry + 8].copy_from_slice(&count.to_le_bytes());
        assert_eq!(reject(&file).code(), "corrupt");
    }
}

#[test]
fn a_gif_frame_far_larger_than_its_screen_is_not_begun() {
    let mut file = samples::GIF.file();
    let frame = file.windows(9).position(|b| b == [0x2C, 0, 0, 0, 0, 4, 0, 4, 0]).unwrap();
    file[frame + 5..frame + 9].copy_from_slice(&[0xFF; 4]);
    assert_eq!(reject(&file), too_many(65_535, 65_535));
}

#[test]
fn a_wide_jpeg_promises_the_rows_that_are_under_way() {
    let mut file = encode(&picture(8, 8), ImageFormat::Jpeg);
    let frame = file.windows(2).position(|bytes| bytes == [0xFF, 0xC0]).unwrap();
    file[frame + 5..frame + 9].copy_from_slice(&[0, 64, 0xFF, 0xFF]);
    let header = inspect(&file, &Limits::default()).unwrap();
    assert_eq!((header.width, header.height), (65_535, 64));
    // Three rows of blocks for each of three channels, beside the pixels.
    assert!(header.decoded_bytes() > 65_535 * 64 * 3 + 3 * 24 * 65_536);
}

/// The colours of a frame are held, and its indices beside them. A small screen grows to it.
#[test]
fn a_gif_promises_the_indices_of_its_frame_too() {
    let mut file = samples::GIF.file();
    let frame = file.windows(9).position(|b| b == [0x2C, 0, 0, 0, 0, 4, 0, 4, 0]).unwrap();
    file[frame + 5..frame + 9].copy_from_slice(&[0xE8, 0x03, 0xE8, 0x03]);
    assert_eq!(reject(&file).code(), "corrupt");
    assert!(inspect(&file, &Limits::default()).unwrap().decoded_bytes() > 5 * 1000 * 1000);

    // As large as its screen, but beside it: the screen grows.
    let mut file = encode(&DynamicImage::new_rgb8(3000, 2000), ImageFormat::Gif);
    let frame =
        file.windows(9).position(|b| b == [0x2C, 0, 0, 0, 0, 0xB8, 0x0B, 0xD0, 0x07]).unwrap();
    file[frame + 1] = 1;
    assert!(inspect(&file, &Limits::default()).unwrap().decoded_bytes() > 9 * 3000 * 2000);
    assert_eq!(read(&file).width(), 3001);
}

#[test]
fn large_photos_are_read_within_their_promise() {
    // A GIF and a progressive JPEG would be the greediest; a plain one shows the proportions.
    let picture = DynamicImage::new_rgb8(3000, 2000);
    let pixels = 3000 * 2000;
    let bytes = |file: &[u8]| inspect(file, &Limits::default()).unwrap().decoded_bytes();
    let jpeg = encode(&picture, ImageFormat::Jpeg);
    assert!(bytes(&jpeg) < pixels * 3 + (7 << 20));
    let gif = encode(&picture, ImageFormat::Gif);
    assert!(bytes(&gif) < pixels * 9 + (10 << 20));
    assert_eq!(read(&gif).width(), 3000);
    let exif = [b"Exif\0\0", &super::files::exif(6)[..]].concat();
    assert_eq!(read(&with_segment(&jpeg, 0xE1, &exif)).height(), 3000);
}

#[test]
fn pixels_must_fill_their_size() {
    assert!(Photo::from_rgb(2, 2, vec![0; 12]).is_ok());
    for (width, height, bytes) in [(2, 2, 11), (2, 2, 13), (0, 2, 0), (2, 0, 0)] {
        let error = Photo::from_rgb(width, height, vec![0; bytes]).unwrap_err();
        assert_eq!(error, PhotoError::InvalidSize { width, height });
        assert_eq!(error.code(), "invalid_size");
    }
}
