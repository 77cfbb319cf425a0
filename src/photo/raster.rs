//! PNG, WebP, GIF and BMP, through the `image` crate's decoders.

use std::io::ErrorKind;

use image::codecs::bmp::BmpDecoder;
use image::codecs::gif::GifDecoder;
use image::codecs::png::PngDecoder;
use image::codecs::webp::WebPDecoder;
use image::metadata::Orientation;
use image::{ColorType, ImageDecoder, ImageError, Rgba};

use super::colour::{self, Profile};
use super::header::{Cost, SLACK};
use super::{Format, Header, Limits, Opened, PhotoError, bmp, gif, pixels, png, webp};

/// A photo whose header is read.
pub(super) struct Raster<'a> {
    decoder: Box<dyn ImageDecoder + 'a>,
    header: Header,
    orientation: Orientation,
    color: ColorType,
    profile: Later<'a>,
}

/// A colour profile, which is made once its memory is promised.
type Later<'a> = Box<dyn FnOnce() -> Result<Option<Profile>, PhotoError> + 'a>;

/// A decoder that has read the header, and what was found beside it.
struct Found<'a> {
    decoder: Box<dyn ImageDecoder + 'a>,
    exif: Option<&'a [u8]>,
    profile: Later<'a>,
    /// What the profile takes, in bytes.
    profile_memory: u64,
    /// What a WebP's decoder holds for each pixel, and for codes.
    per_pixel: u64,
    codes: u64,
}

impl<'a> Found<'a> {
    fn plain(decoder: impl ImageDecoder + 'a) -> Self {
        let decoder = Box::new(decoder);
        let profile = Box::new(|| Ok(None));
        Self { decoder, exif: None, profile, profile_memory: 0, per_pixel: 0, codes: 0 }
    }
}

pub(super) fn open<'a>(
    format: Format,
    bytes: &'a [u8],
    limits: &Limits,
) -> Result<Raster<'a>, PhotoError> {
    let Found { mut decoder, exif, profile, profile_memory, per_pixel, codes } =
        find(format, bytes, limits)?;
    let (width, height) = decoder.dimensions();
    limits.check_pixels(format, width, height)?;

    let color = decoder.color_type();
    let stored = u64::from(width) * u64::from(height);
    let depth = u64::from(color.bytes_per_pixel());
    let copies = copies(bytes);
    // The most that a GIF's first frame may have of colours, if it does not fill the screen.
    let frame = stored * 4 + copies + SLACK;
    let cost = Cost {
        copies: copies + profile_memory,
        buffer: stored * depth.max(3),
        decoder: match format {
            // Rows, before and after their filter, and what of them is inflated ahead.
            Format::Png => rows(width),
            Format::WebP => stored * per_pixel + codes,
            // The frame's colours, four bytes each, and its indices.
            Format::Gif => frame / 4 * 5,
            _ => 0,
        },
    };
    let allowed = match format {
        // The decoder does not count the indices.
        Format::Gif => frame,
        _ => cost.decoder + cost.copies + SLACK,
    };
    decoder.set_limits(allowance(allowed)).map_err(|error| rejection(format, &error))?;
    // Damaged metadata is no reason to reject a photo.
    let orientation = exif.map_or(Orientation::NoTransforms, pixels::upright);
    let header = cost.header(format, width, height, orientation);
    Ok(Raster { decoder, header, orientation, color, profile })
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
        let profile = (self.profile)()?;
        if pixels::to_rgb(&mut buffer, self.color, profile.as_ref()) {
            Ok(buffer)
        } else {
            Err(PhotoError::unsupported_variety(format, "colours stored in an unusual way"))
        }
    }
}

/// The decoder of a format, its header read.
fn find<'a>(format: Format, bytes: &'a [u8], limits: &Limits) -> Result<Found<'a>, PhotoError> {
    let reject = |error| rejection(format, &error);
    Ok(match format {
        Format::Png => {
            let png = png::open(bytes)?;
            // The decoder takes memory for rows at once, so its header is looked at before.
            limits.check_pixels(format, png.width, png.height)?;
            let allowance = allowance(rows(png.width) + copies(bytes) + SLACK);
            let decoder = PngDecoder::with_limits(png.pieces, allowance).map_err(reject)?;
            Found {
                exif: png.exif,
                profile_memory: png.colours.memory(),
                profile: Box::new(move || png.colours.profile()),
                ..Found::plain(decoder)
            }
        }
        Format::WebP => {
            let webp = webp::open(bytes)?;
            let mut decoder = WebPDecoder::new(webp.pieces).map_err(reject)?;
            if decoder.has_animation() {
                // What the first frame leaves free; white where the file has no transparency.
                decoder.set_background_color(Rgba([255, 255, 255, 0])).map_err(reject)?;
            }
            Found {
                exif: webp.exif,
                profile: Box::new(move || Ok(webp.icc.and_then(Profile::from_icc))),
                profile_memory: webp.icc.map_or(0, |icc| colour::memory(icc.len())),
                per_pixel: webp.kind.bytes_per_pixel(),
                codes: webp.codes,
                ..Found::plain(decoder)
            }
        }
        Format::Gif => Found::plain(GifDecoder::new(gif::contents(bytes)?).map_err(reject)?),
        Format::Bmp => {
            let icc = bmp::profile(bytes);
            Found {
                profile: Box::new(move || Ok(icc.and_then(Profile::from_icc))),
                profile_memory: icc.map_or(0, |icc| colour::memory(icc.len())),
                ..Found::plain(BmpDecoder::new(bmp::contents(bytes)).map_err(reject)?)
            }
        }
        Format::Jpeg | Format::Tiff | Format::Avif => {
            return Err(PhotoError::unsupported_variety(format, "not a raster"));
        }
    })
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

/// What is wrong, in plain words: a decoder's own are of its insides.
fn rejection(format: Format, error: &ImageError) -> PhotoError {
    match error {
        ImageError::Unsupported(_) => {
            PhotoError::unsupported_variety(format, "stored in an unusual way")
        }
        ImageError::IoError(error) if error.kind() == ErrorKind::UnexpectedEof => {
            PhotoError::corrupt(format, "it was cut off before its end")
        }
        ImageError::Limits(_) => {
            PhotoError::corrupt(format, "it asks for more memory than its pixels need")
        }
        _ => PhotoError::corrupt(format, "what it holds makes no picture"),
    }
}
