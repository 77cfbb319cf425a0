//! A PNG's chunks: what its decoder should see (header, palette, transparency, pixels), and what is
//! read here: colours and EXIF. Texts, thumbnails and animations are passed over.
//!
//! A file that only lacks its last chunk is whole.

use std::borrow::Cow;
use std::io::Read;
use std::ops::Range;

use super::colour::{self, Profile, Video};
use super::palette::Palette;
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
    let mut pieces = Runs { bytes, pieces: Vec::new(), run: 0..0 };
    pieces.push(0, signature.len());
    let mut colours = Colours::default();
    let mut animation = Animation::default();
    let mut palette = Palette::default();
    let (mut size, mut exif, mut pixels) = (None, None, false);
    while let Some((chunk, tail)) = next(rest) {
        let (name, payload) = (&chunk[4..8], &chunk[8..chunk.len() - 4]);
        match name {
            b"CgBI" => return Err(apple()),
            b"IHDR" if size.is_none() => {
                let side = |at: usize| payload.get(at..at + 4)?.first_chunk::<4>().copied();
                let (width, height) = side(0).zip(side(4)).ok_or_else(damaged)?;
                palette = Palette::new(payload);
                size = Some((u32::from_be_bytes(width), u32::from_be_bytes(height)));
                pieces.push(bytes.len() - rest.len(), chunk.len());
            }
            _ if size.is_none() => return Err(damaged()),
            b"tRNS" if palette.lacks(payload) => {
                let cause = "it has transparency for more colours than it has";
                return Err(PhotoError::corrupt(Format::Png, cause));
            }
            b"PLTE" | b"tRNS" if !pixels => {
                let filled = if name == b"PLTE" {
                    palette.colours(payload)
                } else {
                    palette.transparency(payload)
                };
                // Its decoder sees to a checksum that does not fit.
                match filled.filter(|_| sound(chunk)) {
                    Some(filled) => pieces.insert(filled),
                    None => pieces.push(bytes.len() - rest.len(), chunk.len()),
                }
            }
            b"IDAT" => {
                pixels = true;
                pieces.push(bytes.len() - rest.len(), chunk.len());
            }
            b"IEND" => break,
            b"fdAT" => animation.more = true,
            _ if pixels => {}
            b"PLTE" | b"tRNS" => {}
            b"acTL" => animation.announced = true,
            b"fcTL" => animation.begins_here = true,
            [b'A'..=b'Z', ..] => return Err(unknown()),
            // Browsers pass over what its checksum does not fit, and of two take the first.
            b"eXIf" if sound(chunk) && is_exif(payload) => exif = exif.or(Some(payload)),
            b"cICP" if palette.is_there() => {}
            b"cICP" | b"iCCP" | b"sRGB" | b"gAMA" | b"cHRM" if sound(chunk) => {
                colours.note(name, payload);
            }
            _ => {}
        }
        rest = tail;
    }
    if animation.shows_another() {
        let variety =
            "an animation that begins with another picture than the one that stands still";
        return Err(PhotoError::unsupported_variety(Format::Png, variety));
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

fn unknown() -> PhotoError {
    PhotoError::unsupported_variety(Format::Png, "with a part that no viewer knows")
}

/// Whether a chunk's checksum is that of its name and payload.
fn sound(chunk: &[u8]) -> bool {
    let Some((body, sum)) = chunk.split_last_chunk::<4>() else { return false };
    // Only what is small, or a profile, comes here.
    let mut crc = flate2::Crc::new();
    crc.update(&body[4..]);
    crc.sum() == u32::from_be_bytes(*sum)
}

/// Browsers want EXIF without the prefix that it has in a JPEG.
fn is_exif(payload: &[u8]) -> bool {
    payload.starts_with(b"II") || payload.starts_with(b"MM")
}

/// What tells whether the picture is part of an animation: viewers of animations do not show one
/// that is not.
#[derive(Default)]
struct Animation {
    announced: bool,
    begins_here: bool,
    more: bool,
}

impl Animation {
    fn shows_another(&self) -> bool {
        self.announced && self.more && !self.begins_here
    }
}

/// Runs of chunks that follow each other in the file (there may be a million empty ones), and new
/// chunks between them.
struct Runs<'a> {
    bytes: &'a [u8],
    pieces: Vec<Cow<'a, [u8]>>,
    /// Where the last run is, which is not among the pieces yet.
    run: Range<usize>,
}

impl<'a> Runs<'a> {
    fn push(&mut self, start: usize, length: usize) {
        if self.run.end != start {
            self.end_run();
            self.run = start..start;
        }
        self.run.end += length;
    }

    /// Puts in a chunk that the file does not have.
    fn insert(&mut self, chunk: Vec<u8>) {
        self.end_run();
        self.pieces.push(chunk.into());
    }

    fn end_run(&mut self) {
        let run = std::mem::take(&mut self.run);
        self.pieces.extend(self.bytes.get(run).filter(|run| !run.is_empty()).map(Cow::Borrowed));
    }

    fn take(mut self) -> Vec<Cow<'a, [u8]>> {
        self.end_run();
        self.pieces
    }
}

/// The first chunk, with its length, name and checksum, and what follows it.
fn next(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let length = u32::from_be_bytes(*bytes.first_chunk::<4>()?);
    bytes.split_at_checked(usize::try_from(length).ok()?.checked_add(12)?)
}

impl<'a> Colours<'a> {
    /// Keeps what tells colours.
    fn note(&mut self, name: &[u8], payload: &'a [u8]) {
        let place = match name {
            b"cICP" => &mut self.code_points,
            b"iCCP" => &mut self.icc,
            b"gAMA" => &mut self.gamma,
            b"cHRM" => &mut self.chromaticities,
            // There are four intents.
            b"sRGB" => return self.srgb |= matches!(payload, [0..=3]),
            _ => return,
        };
        place.get_or_insert(payload);
    }

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
        match self.code_points {
            // Colours that no screen shows, in a way of each browser's own.
            Some([10, _, 0, 1]) => return Err(unknown()),
            // A curve that is not known says nothing.
            Some([primaries, transfer, 0, 1]) if *transfer != 2 => {
                return Profile::from_code_points(*primaries, *transfer, Video::Gamma)
                    .map_err(|colour::Hdr| PhotoError::high_dynamic_range(Format::Png));
            }
            Some([_, _, matrix, _]) if *matrix != 0 => return Err(unknown()),
            _ => {}
        }
        if let Some(icc) = self.icc.and_then(inflate)
            && colour::is_profile(&icc)
        {
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
        let gamma = self.gamma.and_then(|bytes| number(bytes, 0)).filter(|gamma| *gamma > 0.0);
        if gamma.is_some_and(|gamma| !colour::GAMMAS.contains(&gamma)) {
            let variety = "brightness by a curve that makes all black or white";
            return Err(PhotoError::unsupported_variety(Format::Png, variety));
        }
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
    let name = payload.iter().position(|byte| *byte == 0).filter(|name| (1..80).contains(name))?;
    let compressed = payload.get(name + 1..)?.strip_prefix(b"\0")?;
    Some(flate2::read::ZlibDecoder::new(compressed).take(colour::MAX_PROFILE as u64 + 1))
}
