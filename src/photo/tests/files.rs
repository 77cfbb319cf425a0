//! Files made by hand where no encoder makes them: chunks, segments and directories.

use std::io::Cursor;

use image::codecs::{png::PngEncoder, webp::WebPEncoder};
use image::{DynamicImage, ExtendedColorType, ImageEncoder, ImageFormat};

/// A picture as a file, by the encoders of the `image` crate.
pub(super) fn encode(image: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    image.write_to(&mut file, format).unwrap();
    file.into_inner()
}

/// A picture with soft colours that no two places share.
pub(super) fn picture(width: u32, height: u32) -> DynamicImage {
    DynamicImage::ImageRgb8(image::RgbImage::from_fn(width, height, |x, y| {
        let part = |value: u32, of: u32| u8::try_from(value * 255 / of).unwrap();
        image::Rgb([part(x, width), part(y, height), part(x + y, width + height)])
    }))
}

/// EXIF metadata that holds an orientation and nothing else.
pub(super) fn exif(orientation: u8) -> Vec<u8> {
    let mut exif = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".to_vec();
    exif.extend([orientation, 0, 0, 0, 0, 0, 0, 0]);
    exif
}

/// A JPEG with one more segment at its beginning.
pub(super) fn with_segment(jpeg: &[u8], marker: u8, payload: &[u8]) -> Vec<u8> {
    let mut file = jpeg[..2].to_vec();
    file.extend([0xFF, marker]);
    file.extend(u16::try_from(payload.len() + 2).unwrap().to_be_bytes());
    file.extend(payload);
    file.extend(&jpeg[2..]);
    file
}

/// A PNG of the given chunks, with their checksums.
pub(super) fn png(chunks: &[(&[u8; 4], Vec<u8>)]) -> Vec<u8> {
    let mut file = b"\x89PNG\r\n\x1A\n".to_vec();
    for (name, payload) in chunks {
        file.extend(u32::try_from(payload.len()).unwrap().to_be_bytes());
        let start = file.len();
        file.extend(*name);
        file.extend(payload);
        let mut crc = u32::MAX;
        for byte in &file[start..] {
            crc ^= u32::from(*byte);
            for _ in 0..8 {
                crc = if crc & 1 == 1 { crc >> 1 ^ 0xEDB8_8320 } else { crc >> 1 };
            }
        }
        file.extend((!crc).to_be_bytes());
    }
    file
}

/// A PNG's header chunk.
pub(super) fn png_header(width: u32, height: u32, depth: u8, color: u8) -> Vec<u8> {
    let mut header = [width.to_be_bytes(), height.to_be_bytes()].concat();
    header.extend([depth, color, 0, 0, 0]);
    header
}

/// The data chunk of a PNG: rows of samples, each given its filter type, in a stored block.
pub(super) fn png_rows(rows: &[&[u8]]) -> Vec<u8> {
    let data: Vec<u8> = rows.iter().flat_map(|row| [&[0], *row].concat()).collect();
    let length = u16::try_from(data.len()).unwrap();
    let (mut low, mut high) = (1, 0);
    for byte in &data {
        low = (low + u32::from(*byte)) % 65521;
        high = (high + low) % 65521;
    }
    let mut stream = vec![0x78, 0x01, 0x01];
    stream.extend(length.to_le_bytes());
    stream.extend((!length).to_le_bytes());
    stream.extend(data);
    stream.extend((high << 16 | low).to_be_bytes());
    stream
}

/// A little-endian TIFF of one page in one strip. `tags` are further ones of type SHORT.
pub(super) fn tiff(
    (width, height): (u16, u16),
    bits: u16,
    photometric: u16,
    channels: u16,
    tags: &[(u16, u16)],
    data: &[u8],
) -> Vec<u8> {
    let pixels = 8;
    let mut entries = vec![
        (256, width),
        (257, height),
        (259, 1),
        (262, photometric),
        (273, pixels),
        (277, channels),
        (278, height),
        (279, u16::try_from(data.len()).unwrap()),
    ];
    entries.extend(tags);
    let directory = usize::from(pixels) + data.len().next_multiple_of(2);
    let count = entries.len() + 1;
    let bits_at = directory + 2 + count * 12 + 4;
    let mut file = b"II*\0".to_vec();
    file.extend(u32::try_from(directory).unwrap().to_le_bytes());
    file.extend(data);
    file.resize(directory, 0);
    file.extend(u16::try_from(count).unwrap().to_le_bytes());
    // The bits of each channel: in the entry itself if they fit there.
    let (bits_count, bits_value) = match channels {
        1 => (1, u32::from(bits)),
        _ => (u32::from(channels), u32::try_from(bits_at).unwrap()),
    };
    let mut sorted: Vec<(u16, u32, u32)> =
        entries.iter().map(|(tag, value)| (*tag, 1, u32::from(*value))).collect();
    sorted.push((258, bits_count, bits_value));
    sorted.sort_unstable();
    for (tag, count, value) in sorted {
        file.extend(tag.to_le_bytes());
        file.extend(3_u16.to_le_bytes());
        file.extend(count.to_le_bytes());
        file.extend(value.to_le_bytes());
    }
    file.extend([0; 4]);
    file.extend((0..channels).flat_map(|_| bits.to_le_bytes()));
    file
}

/// Writes an RGB photo with EXIF metadata, in the encoder's format.
fn encode_with_exif(image: &DynamicImage, mut encoder: impl ImageEncoder, exif: Vec<u8>) {
    encoder.set_exif_metadata(exif).unwrap();
    let (width, height) = (image.width(), image.height());
    encoder.write_image(image.as_bytes(), width, height, ExtendedColorType::Rgb8).unwrap();
}

/// An RGB photo with EXIF metadata, as PNG.
pub(super) fn png_with_exif(image: &DynamicImage, exif: Vec<u8>) -> Vec<u8> {
    let mut file = Vec::new();
    encode_with_exif(image, PngEncoder::new(&mut file), exif);
    file
}

/// The same as lossless WebP.
pub(super) fn webp_with_exif(image: &DynamicImage, exif: Vec<u8>) -> Vec<u8> {
    let mut file = Vec::new();
    encode_with_exif(image, WebPEncoder::new_lossless(&mut file), exif);
    file
}
