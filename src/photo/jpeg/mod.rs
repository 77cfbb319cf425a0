//! JPEG: by far the most photos. Read by a decoder of our own, with the arithmetic of libjpeg, which
//! is that of all browsers: the decoders at hand have other pixels, or wrong ones, for scans and
//! samplings that are rare but valid, and take what is missing for zeros.
//!
//! The way of a file:
//!
//! ```text
//! segments  what the bytes are: frame, tables, scans; nothing else is looked at
//! scans     coded bytes to blocks (bits, blocks), in one pass if one scan has everything
//! rows      blocks to samples (idct), to full resolution, to RGB
//! ```
//!
//! Where a small picture is to be made of a large one, blocks become fewer samples (scale, reduced).
//!
//! JPEGs inside other files (`inside`) go the same way.
//!
//! Bounds. Memory: the output; three rows of units for each channel; and, unless one scan has
//! everything, all coefficients: two bytes for each sample. Time: one pass over the bytes, and as
//! much for each block as its scans visit it, at most 32 times on average.

mod bits;
mod blocks;
mod frame;
mod idct;
mod inside;
mod profile;
mod reduced;
mod rows;
mod scale;
mod scans;
mod segments;
mod square;
mod wide;

use image::metadata::Orientation;

use super::colour::{self, Profile};
use super::header::Cost;
use super::inks::{self, Inks};
use super::{Format, Header, Limits, Opened, PhotoError, pixels};
use scale::Scale;
use segments::{Contents, Model};

pub(super) use inside::Inside;
pub(super) use segments::Tables;

/// What is wrong with coded data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    /// There is less of it than the picture needs.
    CutOff,
    /// It makes no sense.
    Damaged,
}

impl From<Fault> for PhotoError {
    fn from(fault: Fault) -> Self {
        let cause = match fault {
            Fault::CutOff => "it was cut off before its end",
            Fault::Damaged => "what it holds makes no picture",
        };
        Self::corrupt(Format::Jpeg, cause)
    }
}

/// A JPEG whose header is read.
pub(super) struct Jpeg<'a> {
    contents: Contents<'a>,
    header: Header,
    orientation: Orientation,
    scale: Scale,
}

pub(super) fn open<'a>(bytes: &'a [u8], limits: &Limits) -> Result<Jpeg<'a>, PhotoError> {
    let contents = segments::read(bytes, Tables::default(), limits)?;
    let orientation = contents.exif.map_or(Orientation::NoTransforms, pixels::upright);
    let (width, height) = (contents.frame.width, contents.frame.height);
    let profile = profile::parts(&contents.profile).iter().map(|part| part.len()).sum();
    let copies = match contents.model {
        Model::Cmyk | Model::Ycck => inks::memory(profile),
        _ => colour::memory(profile),
    };
    let cost = Cost {
        copies,
        buffer: u64::from(width) * u64::from(height) * 3,
        decoder: scans::memory(&contents) + rows::memory(&contents.frame),
    };
    let header = cost.header(Format::Jpeg, width, height, orientation);
    Ok(Jpeg { contents, header, orientation, scale: Scale::FULL })
}

impl Opened for Jpeg<'_> {
    fn header(&self) -> Header {
        self.header
    }

    fn orientation(&self) -> Orientation {
        self.orientation
    }

    fn reduce(&mut self, least: (u32, u32)) {
        // Of inks, black makes more or less of the others: those are taken as they are.
        if !matches!(self.contents.model, Model::Cmyk | Model::Ycck) {
            self.scale = Scale::least(&self.contents.frame, least);
        }
    }

    fn size(&self) -> (u32, u32) {
        self.scale.size(&self.contents.frame)
    }

    fn eighths(&self) -> (u32, u32) {
        self.scale.eighths(&self.contents.frame)
    }

    fn into_rgb(self: Box<Self>) -> Result<Vec<u8>, PhotoError> {
        let (width, height) = self.size();
        let mut rgb = pixels::buffer(width, height, 3);
        scans::decode(&self.contents, self.scale, &mut rgb)?;
        let icc = profile::parts(&self.contents.profile).concat();
        match self.contents.model {
            Model::Plain => {}
            Model::Cmyk | Model::Ycck => {
                if let Some(inks) = Inks::from_icc(&icc) {
                    let unusable = "its colour profile cannot be used";
                    inks.apply(&mut rgb)
                        .ok_or_else(|| PhotoError::corrupt(Format::Jpeg, unusable))?;
                }
            }
            Model::Grey => {
                if let Some(profile) = Profile::from_icc(&icc) {
                    profile.grey_pixels(&mut rgb);
                }
            }
            Model::YCbCr | Model::Rgb => {
                if let Some(profile) = Profile::from_icc(&icc) {
                    profile.rgb(&mut rgb);
                }
            }
        }
        Ok(rgb)
    }
}
