//! A PNG's chunks: what its decoder should see (header, palette, transparency, pixels), and what is
//! read here: colours and EXIF. Texts, thumbnails and animations are passed over.
//!
//! A file that only lacks its last chunk is whole.

use std::borrow::Cow;
use std::io::Read;
use std::ops::Range;

use super::colour::{self, Profile};
use super::pieces::Pieces;
use super::{Format, PhotoError};

/// A PNG that is about to be read.
pub(super) struct Png<'a> {
    pub width: u32,
    pub height: u32,
    pub pieces: Pieces<'a>,
    pub exif: Option<&'a [u8]>,
    pub colours: Colours<'a>,
}

const IEND: &[u8] = b"\0\0\0\0IEND\xAE\x42\x60\x82";

/// What tells the colours, each as its chunk has it.
#[derive(Default)]
pub(super) struct Colours<'a> {
    code_points: Option<&'a [u8]>,
    icc: Option<&'a [u8]>,
    srgb: bool,
    gamma: Option<&'a [u8]>,
    chromaticities: Option<&'a [u8]>,
}

/// Finds what is there.
pub(super) fn open(bytes: &[u8]) -> Result<Png<'_>, PhotoError> {
    let damaged = || PhotoError::corrupt(Format::Png, "its header is missing");
    let (signature, mut rest) = bytes.split_at_checked(8).ok_or_else(damaged)?;
    let mut pieces = Runs { bytes, runs: Vec::new() };
    pieces.push(0, signature.len());
    let mut colours = Colours::default();
    let (mut size, mut exif, mut pixels) = (None, None, false);
    while let Some((chunk, tail)) = next(rest) {
        let (name, payload) = (&chunk[4..8], &chunk[8..chunk.len() - 4]);
        match name {
            b"CgBI" => return Err(apple()),
            b"IHDR" if size.is_none() => {
                let side = |at: usize| payload.get(at..at + 4)?.first_chunk::<4>().copied();
                let (width, height) = side(0).zip(side(4)).ok_or_else(damaged)?;
                size = Some((u32::from_be_bytes(width), u32::from_be_bytes(height)));
                pieces.push(bytes.len() - rest.len(), chunk.len());
            }
            _ if size.is_none() => return Err(damaged()),
            b"PLTE" | b"tRNS" if !pixels => pieces.push(bytes.len() - rest.len(), chunk.len()),
            b"IDAT" => {
                pixels = true;
                pieces.push(bytes.len() - rest.len(), chunk.len());
            }
            b"IEND" => break,
            b"eXIf" if exif.is_none() => exif = Some(payload),
            _ if pixels => {}
            b"cICP" => colours.code_points = Some(payload),
            b"iCCP" => colours.icc = Some(payload),
            b"sRGB" => colours.srgb = true,
            b"gAMA" => colours.gamma = Some(payload),
            b"cHRM" => colours.chromaticities = Some(payload),
            _ => {}
        }
        rest = tail;
    }
    // A chunk that is cut off, the last one as a rule: its decoder says what is missing, if it is.
    let cut = rest.get(4..8) == Some(b"IDAT");
    if cut {
        pieces.push(bytes.len() - rest.len(), rest.len());
    }
    let mut pieces = pieces.take();
    if !cut {
        pieces.push(IEND.into());
    }
    let (width, height) = size.ok_or_else(damaged)?;
    Ok(Png { width, height, pieces: Pieces::new(pieces), exif, colours })
}

fn apple() -> PhotoError {
    PhotoError::UnsupportedFormat {
        what: "a PNG that Xcode has optimised for an iPhone's app, which only apps can show".into(),
        advice: "upload the original from which the app was built, or export it as JPEG".into(),
    }
}

/// Runs of chunks that follow each other in the file: there may be a million empty ones.
struct Runs<'a> {
    bytes: &'a [u8],
    runs: Vec<Range<usize>>,
}

impl<'a> Runs<'a> {
    fn push(&mut self, start: usize, length: usize) {
        match self.runs.last_mut() {
            Some(run) if run.end == start => run.end += length,
            _ => self.runs.push(start..start + length),
        }
    }

    fn take(self) -> Vec<Cow<'a, [u8]>> {
        self.runs.into_iter().filter_map(|run| self.bytes.get(run).map(Cow::Borrowed)).collect()
    }
}

/// The first chunk, with its length, name and checksum, and what follows it.
fn next(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let length = u32::from_be_bytes(*bytes.first_chunk::<4>()?);
    bytes.split_at_checked(usize::try_from(length).ok()?.checked_add(12)?)
}

impl Colours<'_> {
    /// What making the profile takes, in bytes. Its length is found without keeping it.
    pub(super) fn memory(&self) -> u64 {
        let others = [self.code_points, self.gamma, self.chromaticities];
        if self.icc.is_none() && others.iter().all(Option::is_none) {
            return 0;
        }
        let length = self
            .icc
            .and_then(|payload| std::io::copy(&mut inflating(payload)?, &mut std::io::sink()).ok());
        colour::memory(length.and_then(|length| usize::try_from(length).ok()).unwrap_or(1))
    }

    /// By what counts before what, in all browsers.
    pub(super) fn profile(&self) -> Result<Option<Profile>, PhotoError> {
        if let Some([primaries, transfer, 0, 1]) = self.code_points {
            return Profile::from_code_points(*primaries, *transfer)
                .map_err(|colour::Hdr| PhotoError::high_dynamic_range(Format::Png));
        }
        if let Some(icc) = self.icc.and_then(inflate) {
            return Ok(Profile::from_icc(&icc));
        }
        if self.srgb {
            return Ok(None);
        }
        let number = |bytes: &[u8], at: usize| {
            let bytes = bytes.get(at * 4..at * 4 + 4)?.first_chunk()?;
            // In parts of a hundred thousand.
            Some(parts(u32::from_be_bytes(*bytes)))
        };
        let gamma = self.gamma.and_then(|bytes| number(bytes, 0));
        let chromaticities = self.chromaticities.and_then(|bytes| {
            let pair = |at: usize| Some([number(bytes, at * 2)?, number(bytes, at * 2 + 1)?]);
            Some([pair(0)?, pair(1)?, pair(2)?, pair(3)?])
        });
        Ok(Profile::from_gamma(gamma, chromaticities))
    }
}

#[expect(clippy::cast_precision_loss, reason = "six digits matter")]
fn parts(value: u32) -> f32 {
    value as f32 / 100_000.0
}

/// The profile in a chunk. None if it has too many bytes.
fn inflate(payload: &[u8]) -> Option<Vec<u8>> {
    let mut icc = Vec::new();
    inflating(payload)?.read_to_end(&mut icc).ok()?;
    (icc.len() <= colour::MAX_PROFILE).then_some(icc)
}

/// The profile in a chunk, as it comes out: a name, a zero, the kind of compression, and the
/// compressed bytes. One byte more than is allowed, at most.
fn inflating(payload: &[u8]) -> Option<impl Read> {
    let name = payload.iter().position(|byte| *byte == 0)?;
    let compressed = payload.get(name + 2..)?;
    Some(flate2::read::ZlibDecoder::new(compressed).take(colour::MAX_PROFILE as u64 + 1))
}
