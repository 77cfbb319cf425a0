//! Bytes to oriented RGB pixels, within limits; pixels to resized pixels.
//!
//! What arrives from a bucket is not to be trusted: it may be no photo, half a photo, or made to
//! exhaust memory. So the way in has three gates, each cheaper than what lies behind it:
//!
//! 1. the number of bytes, known before anything is read;
//! 2. the content's first bytes, which say what it is (its name does not matter), or, for what
//!    cannot be read, what a person should do about it;
//! 3. the header, which says how many pixels will come. Only then is memory taken for them, and
//!    never more than [`Header::decoded_bytes`].
//!
//! What comes out always has the same form: RGB in sRGB, 8 bits a channel, upright as the camera
//! meant it, transparency laid on white, the first frame or page if there are many. The pixels are
//! those that browsers show, or the photo is rejected.
//!
//! Who only looks at a photo scaled down says so ([`decode_for`]): of a JPEG that is much larger than
//! that, fewer pixels are computed. Who shows or keeps pixels takes all of them ([`decode`]).
//!
//! # When a photo counts as damaged
//!
//! Half a photo is not classified. The scans of a JPEG must have all blocks, with an end marker or
//! not: viewers show a cut-off JPEG with grey rows, and a classifier would take those for cloth.
//! Where only the end is missing (a JPEG's marker, a PNG's last chunk, a GIF's trailer, a WebP's
//! padding), no pixel is, and the photo is taken. Whatever follows the end (an Ultra HDR gain map,
//! a padding camera's zeros) is ignored, and so is a thumbnail inside the metadata. A WebP must hold
//! all that its container announces. Damaged metadata does not matter: the photo is then taken as
//! upright, and its colours as sRGB.
//!
//! # Where browsers differ from viewers
//!
//! What a website shows is what counts, and `tests/photos/chromium.py` asks a browser. So a WebP's
//! profile and transparency need their flags; a PNG's chunks need their checksums, and of two the
//! first counts; a PNG's indices beyond its palette are its last colour; of a JPEG's profiles the
//! first whole one counts, and one of inks is applied as Chromium does it; and EXIF does not turn
//! a PNG that has it after its pixels. What browsers show in a way that is not followed here is
//! rejected: a PNG whose animation leaves its still picture out, or a WebP with transparency that
//! its header denies. Of a photo that is cut off, a browser shows the part that is there; that is
//! rejected, too.
//!
//! Two things are taken although Chromium does not: EXIF turns a WebP, as viewers do it (browsers do
//! not agree), and a WebP may lack the padding at its end, for no pixel is missing.
//!
//! # What it takes at most
//!
//! For a photo of so many pixels in so many bytes; [`Header::decoded_bytes`] has the exact numbers.
//!
//! | format | memory beside the pixels | time |
//! |---|---|---|
//! | JPEG | three rows of blocks for each channel; of progressive ones, and those with a scan for each channel, two bytes for each sample | one pass over the bytes; each block as often as scans visit it, 32 times on average at most |
//! | PNG | a few rows; the bytes of its chunks that matter are read where they are | one pass over the bytes, each row once; only the still picture of an animation |
//! | WebP | 2 bytes a pixel if lossy, 6 if lossless, 12 with transparency beside it or animated | one pass over the chunks, and the first picture |
//! | GIF | 5 bytes a pixel | one pass over the blocks, and the first frame |
//! | AVIF | 3 to 6 bytes a pixel for each frame and one more; 24 MiB | at most four frames, on one thread |
//! | BMP | nothing | one pass over the bytes |
//! | any, with a colour profile | 32 times the profile, which has 4 MiB at most, and 2 MiB, or 8 MiB if it is one of inks | one pass over the pixels |
//!
//! # Reproducible
//!
//! Decoding and resizing are integer arithmetic whose vector forms (SSE4, AVX2, NEON) give the same
//! values as the plain ones; a JPEG's pixels are, to the bit, those of libjpeg-turbo. [`VERSION`] names what this module does, so that a row can tell.

mod avif;
mod bmp;
mod colour;
mod error;
mod format;
mod gif;
mod header;
mod inks;
mod jpeg;
mod palette;
mod pieces;
mod pixels;
mod png;
mod raster;
mod resize;
mod sniff;
#[cfg(test)]
mod tests;
mod tiff;
mod view;
mod webp;

use std::panic::{AssertUnwindSafe, catch_unwind};

use image::metadata::Orientation;

pub use error::PhotoError;
pub use format::Format;
pub use header::{Header, Limits};
pub use resize::Filter;
pub use view::View;

/// The version of this module's results: it changes whenever the same bytes would give other
/// pixels, and so enters the recipe of a row.
pub const VERSION: u32 = 3;

/// A photo: upright RGB pixels, 8 bits a channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Photo {
    format: Format,
    /// Width and height of the picture that it was made of.
    original: (u32, u32),
    width: u32,
    height: u32,
    /// What of the pixels is the picture, in eighths: left, top, width and height. Of a picture that
    /// was made smaller, the pixels at one edge may be there in part.
    extent: [u32; 4],
    rgb: Vec<u8>,
}

impl Photo {
    /// A photo of the given pixels: `rgb` holds `height` rows of `width` times three bytes. Its
    /// format is [`Format::Bmp`], which is pixels and nothing else.
    ///
    /// Fails with [`PhotoError::InvalidSize`] if a side is zero or `rgb` has another length.
    pub fn from_rgb(width: u32, height: u32, rgb: Vec<u8>) -> Result<Self, PhotoError> {
        let expected = u64::from(width) * u64::from(height) * 3;
        if expected == 0 || rgb.len() as u64 != expected {
            return Err(PhotoError::InvalidSize { width, height });
        }
        let extent = [0, 0, width.saturating_mul(8), height.saturating_mul(8)];
        Ok(Self { format: Format::Bmp, original: (width, height), width, height, extent, rgb })
    }

    /// The width in pixels, after orientation.
    #[must_use]
    pub fn width(&self) -> u32 {
        self.width
    }

    /// The height in pixels, after orientation.
    #[must_use]
    pub fn height(&self) -> u32 {
        self.height
    }

    /// Width and height in pixels of the picture as it is stored, after orientation: more than there
    /// are here, if it was decoded [for a view](decode_for).
    #[must_use]
    pub fn original_size(&self) -> (u32, u32) {
        self.original
    }

    /// The pixels: row by row from the top left, three bytes each.
    #[must_use]
    pub fn rgb(&self) -> &[u8] {
        &self.rgb
    }

    /// What the photo was stored as.
    #[must_use]
    pub fn format(&self) -> Format {
        self.format
    }

    /// The photo scaled to exactly `width` by `height` (its proportions give way), as RGB bytes.
    ///
    /// The same arithmetic as Pillow's `Image.resize` with the same filter, to within one level.
    /// Fails with [`PhotoError::InvalidSize`] if a side is zero.
    pub fn resize(&self, width: u32, height: u32, filter: Filter) -> Result<Vec<u8>, PhotoError> {
        resize::resize(self, width, height, filter)
    }
}

/// Reads what a photo says of itself, and checks it against the limits. Takes no memory for
/// pixels.
pub fn inspect(bytes: &[u8], limits: &Limits) -> Result<Header, PhotoError> {
    let format = admit(bytes, limits)?;
    contained(format, || Ok(open(format, bytes, limits)?.header()))
}

/// Decodes a photo, after the same checks as [`inspect`]: all pixels that there are.
///
/// A panic in a decoder is contained, and reported as [`PhotoError::Corrupt`].
pub fn decode(bytes: &[u8], limits: &Limits) -> Result<Photo, PhotoError> {
    read(bytes, limits, None)
}

/// The same for who only looks at it scaled down: of a JPEG that is much larger than the view, a half,
/// a quarter or an eighth of the pixels across and down, each the mean of those in its place. See
/// [`View`].
pub fn decode_for(bytes: &[u8], limits: &Limits, view: &View) -> Result<Photo, PhotoError> {
    read(bytes, limits, view.least())
}

/// Decodes a photo, with at least so many pixels across and down if there may be fewer than there are.
fn read(bytes: &[u8], limits: &Limits, least: Option<(u32, u32)>) -> Result<Photo, PhotoError> {
    let format = admit(bytes, limits)?;
    contained(format, || {
        let mut opened = open(format, bytes, limits)?;
        let header = opened.header();
        let orientation = opened.orientation();
        if let Some(least) = least {
            opened.reduce(pixels::turned(least, orientation));
        }
        let stored = opened.size();
        let original = pixels::turned((header.width, header.height), orientation);
        let extent = pixels::turned_extent(opened.eighths(), stored, orientation);
        let rgb = opened.into_rgb()?;
        let (width, height, rgb) = pixels::turn(stored.0, stored.1, rgb, orientation)
            .ok_or_else(|| PhotoError::corrupt(format, "pixels are missing"))?;
        Ok(Photo { format, original, width, height, extent, rgb })
    })
}

/// The first two gates: size and kind.
fn admit(bytes: &[u8], limits: &Limits) -> Result<Format, PhotoError> {
    limits.check_bytes(bytes.len() as u64)?;
    sniff::sniff(bytes)
}

/// Runs a decoder, which reads foreign bytes with foreign code.
fn contained<T>(
    format: Format,
    read: impl FnOnce() -> Result<T, PhotoError>,
) -> Result<T, PhotoError> {
    // What `read` can leave half-changed is local to it, so nothing broken is seen afterwards. What
    // a panic says is of a decoder's insides: it goes to the error output, and into no row.
    catch_unwind(AssertUnwindSafe(read))
        .unwrap_or_else(|_| Err(PhotoError::corrupt(format, "its decoder failed on it")))
}

/// A photo whose header is read and within limits, and whose pixels are not yet.
trait Opened {
    fn header(&self) -> Header;
    fn orientation(&self) -> Orientation;

    /// Lets there be fewer pixels, by a whole factor, but at least so many across and down as they are
    /// stored.
    fn reduce(&mut self, least: (u32, u32)) {
        let _ = least;
    }

    /// Width and height of the pixels that there will be, as they are stored.
    fn size(&self) -> (u32, u32) {
        let Header { width, height, .. } = self.header();
        (width, height)
    }

    /// Width and height of the picture in eighths of those pixels, which may reach beyond it.
    fn eighths(&self) -> (u32, u32) {
        let (width, height) = self.size();
        (width * 8, height * 8)
    }

    fn into_rgb(self: Box<Self>) -> Result<Vec<u8>, PhotoError>;
}

/// The third gate: the header.
fn open<'a>(
    format: Format,
    bytes: &'a [u8],
    limits: &Limits,
) -> Result<Box<dyn Opened + 'a>, PhotoError> {
    Ok(match format {
        Format::Jpeg => Box::new(jpeg::open(bytes, limits)?),
        Format::Tiff => Box::new(tiff::open(bytes, limits)?),
        Format::Avif => Box::new(avif::open(bytes, limits)?),
        _ => Box::new(raster::open(format, bytes, limits)?),
    })
}
