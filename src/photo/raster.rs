//! PNG, WebP, GIF and BMP, through the `image` crate's decoders.

use std::error::Error;
use std::io::{Cursor, ErrorKind};

use image::codecs::bmp::BmpDecoder;
use image::codecs::gif::GifDecoder;
use image::codecs::png::PngDecoder;
use image::codecs::webp::WebPDecoder;
use image::error::UnsupportedErrorKind;
use image::metadata::Orientation;
use image::{ColorType, ExtendedColorType, ImageDecoder, ImageError, Rgba};

use super::header::{Cost, SLACK};
use super::{Format, Header, Limits, Opened, PhotoError, pixels, webp};

/// A photo whose header is read.
pub(super) struct Raster<'a> {
    decoder: Box<dyn ImageDecoder + 'a>,
    header: Header,
    orientation: Orientation,
    color: ColorType,
}

pub(super) fn open<'a>(
    format: Format,
    bytes: &'a [u8],
    limits: &Limits,
) -> Result<Raster<'a>, PhotoError> {
    let mut decoder = decoder(format, bytes, limits)?;
    let (width, height) = decoder.dimensions();
    limits.check_pixels(format, width, height)?;

    let color = decoder.color_type();
    let stored = u64::from(width) * u64::from(height);
    let depth = u64::from(color.bytes_per_pixel());
    let copies = copies(bytes);
    // The most that a GIF's first frame may have of colours, if it does not fill the screen.
    let frame = stored * 4 + copies + SLACK;
    let cost = Cost {
        copies,
        buffer: stored * depth.max(3),
        decoder: match format {
            // Rows, before and after their filter, and what of them is inflated ahead.
            Format::Png => rows(width),
            Format::WebP => stored * webp::decoder_bytes_per_pixel(bytes),
            // The frame's colours, four bytes each, and its indices.
            Format::Gif => frame / 4 * 5,
            Format::Bmp | Format::Jpeg | Format::Tiff => 0,
        },
    };
    let allowed = match format {
        // The decoder does not count the indices.
        Format::Gif => frame,
        _ => cost.decoder + cost.copies + SLACK,
    };
    decoder.set_limits(allowance(allowed)).map_err(|error| rejection(format, &error))?;
    let orientation = orientation(decoder.as_mut());
    let header = cost.header(format, width, height, orientation);
    Ok(Raster { decoder, header, orientation, color })
}

impl Opened for Raster<'_> {
    fn header(&self) -> Header {
        self.header
    }

    fn orientation(&self) -> Orientation {
        self.orientation
    }

    fn into_rgb(self: Box<Self>) -> Result<Vec<u8>, PhotoError> {
        let Header { format, width, height, .. } = self.header;
        let depth = usize::from(self.color.bytes_per_pixel());
        // One buffer for the stored pixels and for RGB: the greater of the two.
        let mut buffer = pixels::buffer(width, height, depth.max(3));
        let stored = buffer.len() / depth.max(3) * depth;
        self.decoder
            .read_image_boxed(&mut buffer[..stored])
            .map_err(|error| rejection(format, &error))?;
        if pixels::to_rgb(&mut buffer, self.color) {
            Ok(buffer)
        } else {
            Err(PhotoError::unsupported_variety(format, &format!("{:?}", self.color)))
        }
    }
}

/// The decoder of a format, its header read.
fn decoder<'a>(
    format: Format,
    bytes: &'a [u8],
    limits: &Limits,
) -> Result<Box<dyn ImageDecoder + 'a>, PhotoError> {
    let reject = |error| rejection(format, &error);
    let reader = Cursor::new(bytes);
    Ok(match format {
        Format::Png => {
            // The decoder takes memory for rows at once, so its header is looked at before.
            let (width, height) = png_size(bytes)
                .ok_or_else(|| PhotoError::corrupt(format, "its header is missing"))?;
            limits.check_pixels(format, width, height)?;
            let allowance = allowance(rows(width) + copies(bytes) + SLACK);
            Box::new(PngDecoder::with_limits(reader, allowance).map_err(reject)?)
        }
        Format::WebP => {
            let reader = Cursor::new(webp::contents(bytes)?);
            let mut decoder = WebPDecoder::new(reader).map_err(reject)?;
            if decoder.has_animation() {
                // What the first frame leaves free; white where the file has no transparency.
                decoder.set_background_color(Rgba([255, 255, 255, 0])).map_err(reject)?;
            }
            Box::new(decoder)
        }
        Format::Gif => Box::new(GifDecoder::new(reader).map_err(reject)?),
        Format::Bmp => Box::new(BmpDecoder::new(reader).map_err(reject)?),
        Format::Jpeg | Format::Tiff => {
            return Err(PhotoError::unsupported_variety(format, "not a raster"));
        }
    })
}

/// The size in a PNG's first chunk.
fn png_size(bytes: &[u8]) -> Option<(u32, u32)> {
    let header = bytes.get(8..24)?;
    let side = |at: usize| Some(u32::from_be_bytes(header.get(at..at + 4)?.try_into().ok()?));
    (header.get(4..8)? == b"IHDR").then_some((side(8)?, side(12)?))
}

/// Metadata may be held twice, as it is stored and as it is read.
fn copies(bytes: &[u8]) -> u64 {
    2 * bytes.len() as u64
}

/// What a row-wise decoder takes for rows of at most eight bytes a pixel.
fn rows(width: u32) -> u64 {
    u64::from(width) * 8 * 8
}

fn allowance(bytes: u64) -> image::Limits {
    let mut limits = image::Limits::no_limits();
    limits.max_alloc = Some(bytes);
    limits
}

/// How the photo is to be turned. Damaged metadata is no reason to reject it.
fn orientation(decoder: &mut dyn ImageDecoder) -> Orientation {
    let exif = decoder.exif_metadata().ok().flatten();
    exif.as_deref().map_or(Orientation::NoTransforms, pixels::upright)
}

fn rejection(format: Format, error: &ImageError) -> PhotoError {
    match error {
        ImageError::Unsupported(error) => {
            let variety = match error.kind() {
                UnsupportedErrorKind::GenericFeature(words) => words.clone(),
                UnsupportedErrorKind::Color(ExtendedColorType::Unknown(_)) => {
                    "its colours are stored in an unusual way".to_owned()
                }
                _ => error.to_string(),
            };
            PhotoError::unsupported_variety(format, &variety)
        }
        ImageError::IoError(error) if error.kind() == ErrorKind::UnexpectedEof => {
            PhotoError::corrupt(format, "it was cut off before its end")
        }
        // Without the wrapper, which names the format once more.
        ImageError::Decoding(error) => {
            let words = error.source().map_or_else(|| error.to_string(), ToString::to_string);
            PhotoError::corrupt(format, words)
        }
        error => PhotoError::corrupt(format, error.to_string()),
    }
}
