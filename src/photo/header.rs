//! What a photo says of itself before its pixels are read, and the limits it is held against.

use image::metadata::Orientation;

use super::{Format, PhotoError};

/// The most that one photo may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The greatest size of the file, in bytes.
    pub max_bytes: u64,
    /// The greatest number of pixels, width times height.
    pub max_pixels: u64,
}

impl Default for Limits {
    /// 25 MiB and 50 million pixels: more than phones make.
    fn default() -> Self {
        Self { max_bytes: 25 << 20, max_pixels: 50_000_000 }
    }
}

/// The longest side in pixels: what a JPEG or a GIF can have at most. A longer one is no photo's,
/// and scaling takes memory for each pixel of a side, whatever the other side.
const MAX_SIDE: u32 = 65_535;

impl Limits {
    /// Whether a file may have so many bytes.
    pub fn check_bytes(&self, size: u64) -> Result<(), PhotoError> {
        if size == 0 {
            return Err(PhotoError::Empty);
        }
        if size > self.max_bytes {
            return Err(PhotoError::TooLarge { size, limit: self.max_bytes });
        }
        Ok(())
    }

    pub(super) fn check_pixels(
        &self,
        format: Format,
        width: u32,
        height: u32,
    ) -> Result<(), PhotoError> {
        let limit = self.max_pixels;
        match u64::from(width) * u64::from(height) {
            0 => Err(PhotoError::corrupt(format, "it has no pixels")),
            pixels if pixels > limit => Err(PhotoError::TooManyPixels { width, height, limit }),
            _ if width.max(height) > MAX_SIDE => {
                let variety = format!("{width} x {height} pixels, a strip");
                Err(PhotoError::unsupported_variety(format, &variety))
            }
            _ => Ok(()),
        }
    }
}

/// What a photo says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// What it is stored as.
    pub format: Format,
    /// The width in pixels as stored, before orientation.
    pub width: u32,
    /// The height in pixels as stored, before orientation.
    pub height: u32,
    peak: u64,
}

impl Header {
    /// The most memory in bytes that decoding this photo holds at any time, its pixels included and
    /// its file not: an upper bound to budget with. It depends on how the photo is stored (a
    /// progressive JPEG takes thrice what a baseline one does) and on whether it must be turned.
    #[must_use]
    pub fn decoded_bytes(&self) -> u64 {
        self.peak
    }
}

/// What decoders take beside pixels: tables, rows, inflated metadata.
pub(super) const SLACK: u64 = 4 << 20;

/// How much memory a photo takes until it is decoded.
pub(super) struct Cost {
    /// What is held of the file beside its bytes: metadata, and blocks as they are read.
    pub copies: u64,
    /// The buffer that ends up as the pixels.
    pub buffer: u64,
    /// What the decoder holds beside it, gone once it is done.
    pub decoder: u64,
}

impl Cost {
    pub(super) fn header(
        &self,
        format: Format,
        width: u32,
        height: u32,
        orientation: Orientation,
    ) -> Header {
        // A quarter turn needs a second set of pixels; all else happens in place.
        let turned = match orientation {
            Orientation::NoTransforms
            | Orientation::Rotate180
            | Orientation::FlipHorizontal
            | Orientation::FlipVertical => 0,
            _ => u64::from(width) * u64::from(height) * 3,
        };
        let peak = self.buffer + self.decoder.max(turned) + self.copies + SLACK;
        Header { format, width, height, peak }
    }
}
