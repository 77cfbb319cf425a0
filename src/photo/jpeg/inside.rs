//! A JPEG inside another file, which says what its channels mean, and may keep tables for many.

use super::scale::Scale;
use super::segments::{self, Contents, Model, Tables};
use super::{Fault, scans};
use crate::photo::{Limits, PhotoError};

/// A JPEG whose header is read.
pub(in crate::photo) struct Inside<'a> {
    contents: Contents<'a>,
}

impl<'a> Inside<'a> {
    /// Reads everything but the pixels. No size is too large here: the other file knows the right one.
    pub(in crate::photo) fn open(bytes: &'a [u8], tables: &Tables<'a>) -> Result<Self, PhotoError> {
        if !bytes.starts_with(&[0xFF, 0xD8]) {
            return Err(Fault::Damaged.into());
        }
        let any = Limits { max_pixels: u64::MAX, ..Limits::default() };
        Ok(Self { contents: segments::read(bytes, tables.clone(), &any)? })
    }

    pub(in crate::photo) fn width(&self) -> u32 {
        self.contents.frame.width
    }

    pub(in crate::photo) fn height(&self) -> u32 {
        self.contents.frame.height
    }

    pub(in crate::photo) fn channels(&self) -> usize {
        self.contents.frame.channels.len()
    }

    /// Whether no marker and no name contradicts that its channels are luminance and colour
    /// differences, or that they are something else. One alone is what it is.
    pub(in crate::photo) fn agrees(&self, is_ycbcr: bool) -> bool {
        let Contents { frame, markers, .. } = &self.contents;
        let names = !markers.jfif && markers.adobe.is_none() && frame.is_named(b"RGB");
        let said = [
            markers.jfif.then_some(true),
            markers.adobe.map(|transform| transform != 0),
            names.then_some(false),
        ];
        self.channels() == 1 || said.into_iter().flatten().all(|said| said == is_ycbcr)
    }

    /// How often its scans visit blocks, and how many scans there are; nothing if one scan has
    /// everything.
    pub(in crate::photo) fn visits(&self) -> (u64, u64) {
        if scans::at_once(&self.contents) {
            return (0, 0);
        }
        (self.contents.visits as u64, self.contents.scans.len() as u64)
    }

    /// The memory that all coefficients take, in bytes, if they are kept.
    pub(in crate::photo) fn coefficients(&self) -> u64 {
        scans::memory(&self.contents)
    }

    /// Decodes into `pixels`, row by row: RGB if the channels are luminance and colour differences,
    /// else the channels as they are.
    pub(in crate::photo) fn decode(
        mut self,
        is_ycbcr: bool,
        pixels: &mut Vec<u8>,
    ) -> Result<(), PhotoError> {
        self.contents.model = if is_ycbcr { Model::YCbCr } else { Model::Plain };
        let count = self.width() as usize * self.height() as usize * self.channels();
        pixels.clear();
        pixels.resize(count, 0);
        Ok(scans::decode(&self.contents, Scale::FULL, pixels)?)
    }
}
