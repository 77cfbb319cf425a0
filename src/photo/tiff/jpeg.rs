//! JPEG inside a TIFF: each chunk is one, but for tables that may lie beside them for all. Only the
//! page says what the channels mean, and a JPEG that says otherwise is rejected: readers do not agree
//! on whose word counts.

use super::fault::{corrupt, rare};
use crate::photo::PhotoError;
use crate::photo::jpeg::{Inside, Tables};

/// What a chunk counts for besides its pixels: its codes are made ready anew.
const CHUNK: u64 = 8 << 10;

/// The same for each scan, if there are several.
const SCAN: u64 = 4 << 10;

/// What it counts for when a scan visits a block again.
const VISIT: u64 = 64;

/// The most bytes that are held for each column and channel, whatever the height: three rows of units
/// of up to four blocks, and a row at full resolution.
const ROWS: u64 = 3 * 8 * 4 + 4;

/// What the chunks of a page must have.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame {
    pub width: u32,
    /// The rows that are shown, and those that there may be.
    pub height: (u32, u32),
    pub channels: usize,
    /// Whether the channels are luminance and colour differences, to be decoded as RGB.
    pub ycbcr: bool,
}

/// What the scans of chunks take beyond one pass over the pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Scans {
    /// Counted like bytes that are unpacked.
    pub work: u64,
    /// The most bytes that are held for one chunk.
    pub memory: u64,
}

/// The tables that all chunks share.
pub(super) fn tables(bytes: &[u8]) -> Result<Tables<'_>, PhotoError> {
    Tables::read(bytes).map_err(|_| corrupt("the tables of its JPEG strips are damaged"))
}

impl Frame {
    /// What there is to do for a chunk, in bytes that are merely unpacked: whole blocks, each byte
    /// twice as hard.
    pub(super) fn work(self) -> u64 {
        let blocks = u64::from(self.width.div_ceil(16)) * u64::from(self.height.1.div_ceil(16));
        2 * blocks * 256 * self.channels as u64 + CHUNK
    }

    /// What decoding a chunk takes if one scan has everything: its pixels, and the rows under way.
    pub(super) fn memory(self) -> u64 {
        let columns = u64::from(self.width) + 32;
        let pixels = u64::from(self.width) * u64::from(self.height.1) * self.channels as u64;
        pixels + columns * self.channels as u64 * ROWS
    }

    /// Reads what a chunk says of itself, which must be what the page says.
    fn open<'a>(self, chunk: &'a [u8], tables: &Tables<'a>) -> Result<Inside<'a>, PhotoError> {
        let jpeg = Inside::open(chunk, tables).map_err(inside)?;
        let (width, height) = (jpeg.width(), jpeg.height());
        if jpeg.channels() != self.channels {
            return Err(corrupt(
                "the JPEG in its strips or tiles has other channels than the page",
            ));
        }
        if width != self.width || height < self.height.0 || height > self.height.1 {
            return Err(corrupt(format!(
                "the JPEG in a strip or tile has {width} x {height} pixels, where {} x {} belong",
                self.width, self.height.0
            )));
        }
        if !jpeg.agrees(self.ycbcr) {
            return Err(rare("JPEG in strips or tiles that says other colours than the page"));
        }
        Ok(jpeg)
    }

    /// What a chunk's scans take. Nothing if it cannot be read: that is found before decoding, too.
    pub(super) fn scans(self, chunk: &[u8], tables: &Tables<'_>) -> Scans {
        let Ok(jpeg) = self.open(chunk, tables) else { return Scans::default() };
        let (visits, scans) = jpeg.visits();
        Scans { work: visits * VISIT + scans * SCAN, memory: jpeg.coefficients() }
    }
}

/// Decodes a chunk into `pixels`: row by row, eight bits a channel.
pub(super) fn decode(
    chunk: &[u8],
    tables: &Tables<'_>,
    frame: Frame,
    pixels: &mut Vec<u8>,
) -> Result<(), PhotoError> {
    frame.open(chunk, tables)?.decode(frame.ycbcr, pixels).map_err(inside)
}

/// What is wrong with a chunk, said of the file.
fn inside(error: PhotoError) -> PhotoError {
    match error {
        PhotoError::UnsupportedFormat { .. } => rare("a rare kind of JPEG in strips or tiles"),
        PhotoError::Corrupt { cause, .. } => {
            corrupt(format!("the JPEG in one of its strips or tiles: {cause}"))
        }
        _ => corrupt("the JPEG in one of its strips or tiles cannot be read"),
    }
}
