//! Every format, in the varieties that shops have.

use image::{DynamicImage, ImageBuffer, ImageFormat, Luma, LumaA, Rgb, Rgba};

use super::files::{encode, picture, png, png_header, png_rows, tiff, with_segment};
use super::{difference, pixel, read, reject, samples};
use crate::photo::Format;

const WHITE: [u8; 3] = [255; 3];

#[test]
fn jpegs_of_every_kind_look_as_pillow_shows_them() {
    for (name, sample) in [
        ("grey", samples::GREY),
        ("progressive", samples::PROGRESSIVE),
        ("restarts", samples::RESTARTS),
        ("plain RGB", samples::PLAIN_RGB),
        ("CMYK", samples::CMYK),
        ("YCCK", samples::YCCK),
    ] {
        let photo = read(&sample.file());
        assert_eq!(photo.format(), Format::Jpeg);
        assert!(difference(&photo, &sample.photo()) <= 3, "{name}");
    }
}

#[test]
fn webps_and_gifs_look_as_pillow_shows_them() {
    for (name, sample) in [
        ("lossy", samples::LOSSY_WEBP),
        ("lossy with transparency", samples::LOSSY_WEBP_ALPHA),
        ("the first frame", samples::ANIMATED_WEBP),
        ("GIF with transparency", samples::GIF),
    ] {
        assert!(difference(&read(&sample.file()), &sample.photo()) <= 1, "{name}");
    }
}

#[test]
fn lossless_formats_keep_every_pixel() {
    let picture = picture(13, 7);
    for (format, name) in [
        (ImageFormat::Png, "png"),
        (ImageFormat::WebP, "webp"),
        (ImageFormat::Tiff, "tiff"),
        (ImageFormat::Bmp, "bmp"),
    ] {
        let photo = read(&encode(&picture, format));
        assert_eq!(photo.rgb(), picture.as_bytes(), "{name}");
        assert_eq!(photo.format().as_str(), name);
    }
}

#[test]
fn a_jpeg_may_carry_a_thumbnail_and_a_tail() {
    let small = encode(&picture(8, 8), ImageFormat::Jpeg);
    let plain = encode(&picture(32, 24), ImageFormat::Jpeg);
    let mut odd = with_segment(&plain, 0xE1, &[b"Exif\0\0", &small[..]].concat());
    odd = with_segment(&odd, 0xFE, b"a comment \xFF\xD9 with an end in it");
    odd.extend(b"a gain map, or zeros");
    odd.extend(&small[..small.len() / 2]);
    assert_eq!(read(&odd), read(&plain));
}

#[test]
fn grey_and_deep_pixels_become_rgb() {
    let l16 = |value| DynamicImage::ImageLuma16(ImageBuffer::from_pixel(2, 2, Luma([value])));
    // Rounded, not cut: 0x00FF is nearer to 1 than to 0.
    for (value, expected) in [(0, 0), (0x00FF, 1), (0x8000, 128), (0xFFFF, 255)] {
        for format in [ImageFormat::Png, ImageFormat::Tiff] {
            assert_eq!(pixel(&read(&encode(&l16(value), format)), 1, 1), [expected; 3]);
        }
    }
    let rgb16 = DynamicImage::ImageRgb16(ImageBuffer::from_pixel(3, 2, Rgb([0, 257 * 7, 65535])));
    let l8 = DynamicImage::ImageLuma8(ImageBuffer::from_pixel(3, 2, Luma([9])));
    for format in [ImageFormat::Png, ImageFormat::Tiff] {
        assert_eq!(pixel(&read(&encode(&rgb16, format)), 2, 1), [0, 7, 255]);
        assert_eq!(pixel(&read(&encode(&l8, format)), 2, 1), [9; 3]);
    }
}

#[test]
fn transparency_is_laid_on_white() {
    let rgba = ImageBuffer::from_fn(3, 1, |x, _| Rgba([200, 0, 40, [0, 128, 255][x as usize]]));
    let expected = [WHITE, [227, 127, 147], [200, 0, 40]];
    for format in [ImageFormat::Png, ImageFormat::WebP, ImageFormat::Tiff] {
        let photo = read(&encode(&DynamicImage::ImageRgba8(rgba.clone()), format));
        assert_eq!(photo.rgb(), expected.concat());
    }
    let deep = ImageBuffer::from_pixel(2, 2, Rgba([0_u16, 65535, 0, 0]));
    assert_eq!(
        pixel(&read(&encode(&DynamicImage::ImageRgba16(deep), ImageFormat::Png)), 1, 1),
        WHITE
    );
    let grey = ImageBuffer::from_pixel(2, 2, LumaA([0_u8, 51]));
    let photo = read(&encode(&DynamicImage::ImageLumaA8(grey), ImageFormat::Png));
    assert_eq!(pixel(&photo, 1, 1), [204; 3]);
    let grey = ImageBuffer::from_pixel(2, 2, LumaA([0_u16, 51 * 257]));
    let photo = read(&encode(&DynamicImage::ImageLumaA16(grey), ImageFormat::Png));
    assert_eq!(pixel(&photo, 1, 1), [204; 3]);
}

#[test]
fn pngs_of_few_bits_are_expanded() {
    // Grey of 1, 2 and 4 bits: the samples count up from the left, the last is white.
    for (depth, row, width, expected) in [
        (1, 0b0100_0000, 2, vec![0, 255]),
        (2, 0b0001_1011, 4, vec![0, 85, 170, 255]),
        (4, 0x0F, 2, vec![0, 255]),
    ] {
        let file = png(&[
            (b"IHDR", png_header(width, 1, depth, 0)),
            (b"IDAT", png_rows(&[&[row]])),
            (b"IEND", vec![]),
        ]);
        let grey: Vec<u8> = read(&file).rgb().chunks(3).map(|p| p[0]).collect();
        assert_eq!(grey, expected);
    }
}

#[test]
fn png_palettes_and_their_transparency() {
    let file = |extra: &[(&[u8; 4], Vec<u8>)]| {
        let mut chunks = vec![
            (b"IHDR", png_header(4, 1, 2, 3)),
            (b"PLTE", vec![1, 2, 3, 40, 50, 60, 7, 8, 9, 100, 110, 120]),
        ];
        chunks.extend_from_slice(extra);
        chunks.push((b"IDAT", png_rows(&[&[0b0001_1011]])));
        chunks.push((b"IEND", vec![]));
        read(&png(&chunks)).rgb().to_vec()
    };
    assert_eq!(file(&[]), [1, 2, 3, 40, 50, 60, 7, 8, 9, 100, 110, 120]);
    let clear = file(&[(b"tRNS", vec![255, 0, 255])]);
    assert_eq!(clear, [1, 2, 3, 255, 255, 255, 7, 8, 9, 100, 110, 120]);
}

#[test]
fn a_png_may_name_one_colour_as_clear() {
    let file = png(&[
        (b"IHDR", png_header(2, 1, 8, 2)),
        (b"tRNS", vec![0, 10, 0, 20, 0, 30]),
        (b"IDAT", png_rows(&[&[10, 20, 30, 11, 20, 30]])),
        (b"IEND", vec![]),
    ]);
    assert_eq!(read(&file).rgb(), [255, 255, 255, 11, 20, 30]);
}

#[test]
fn a_gif_frame_may_leave_the_screen_free() {
    let sample = samples::GIF;
    let mut file = sample.file();
    // The logical screen, which the frame of 4 x 4 stood for.
    file[6..10].copy_from_slice(&[6, 0, 5, 0]);
    let photo = read(&file);
    assert_eq!((photo.width(), photo.height()), (6, 5));
    let inner = sample.photo();
    for y in 0..5 {
        for x in 0..6 {
            let expected = if x < 4 && y < 4 { pixel(&inner, x, y) } else { WHITE };
            assert_eq!(pixel(&photo, x, y), expected);
        }
    }
}

#[test]
fn tiffs_for_print_and_of_fax_depth() {
    let cmyk = tiff((2, 1), 8, 5, 4, &[], &[0, 255, 0, 0, 0, 0, 0, 255]);
    assert_eq!(read(&cmyk).rgb(), [255, 0, 255, 0, 0, 0]);
    let bilevel = tiff((9, 2), 1, 1, 1, &[], &[0b1010_1010, 0x80, 0, 0]);
    let grey: Vec<u8> = read(&bilevel).rgb().chunks(3).map(|p| p[0]).collect();
    assert_eq!(grey[..9], [255, 0, 255, 0, 255, 0, 255, 0, 255]);
    assert_eq!(grey[9..], [0; 9]);
}

#[test]
fn rare_varieties_are_named() {
    let signed = tiff((1, 1), 16, 1, 1, &[(339, 2)], &[0; 2]);
    let error = reject(&signed);
    assert_eq!(error.code(), "unsupported_format");
    assert!(error.to_string().starts_with("the file is a TIFF of a rare kind"), "{error}");

    // A baseline JPEG that claims to be arithmetic-coded.
    let mut jpeg = encode(&picture(8, 8), ImageFormat::Jpeg);
    let frame = jpeg.windows(2).position(|bytes| bytes == [0xFF, 0xC0]).unwrap();
    jpeg[frame + 1] = 0xC9;
    let error = reject(&jpeg);
    assert_eq!(error.code(), "unsupported_format");
    assert!(error.to_string().contains("arithmetic coding"), "{error}");
}
