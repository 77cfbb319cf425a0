//! A WebP's container, read before its decoder sees it: the decoder believes the flags and sizes it
//! finds there, and takes memory for them. It is given a new one that holds what matters: the first
//! picture, with its transparency, and flags that say what is there.
//!
//! One size is left to it, that of a lossy picture's partitions: at most 16 MiB of zeros, which the
//! system never hands out, as the read that should fill them fails first.

mod lossless;

use std::borrow::Cow;

use crate::photo::pieces::Pieces;
use crate::photo::{Format, PhotoError};

/// A WebP that is about to be read.
pub(super) struct WebP<'a> {
    pub pieces: Pieces<'a>,
    pub exif: Option<&'a [u8]>,
    pub icc: Option<&'a [u8]>,
    pub kind: Kind,
    /// What the codes of a lossless picture take, in bytes.
    pub codes: u64,
}

/// The most groups of codes that a lossless picture may have. The format's own encoder makes at most
/// 2,600.
const MAX_GROUPS: u32 = 4096;

/// What one of them takes at most: five tables of 1,024 entries, and trees of 3,100 symbols.
const GROUP: u64 = 48 << 10;

/// How the first picture is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Lossy,
    Lossless,
    /// With transparency beside it, or as a frame of an animation.
    Extended,
}

impl Kind {
    /// What the decoder holds for each pixel beside its output.
    pub(super) fn bytes_per_pixel(self) -> u64 {
        match self {
            // Luma, and chroma at half the resolution, in whole blocks.
            Self::Lossy => 2,
            // RGBA, and the transforms' smaller pictures.
            Self::Lossless => 6,
            // An animation's canvas and frame, with the frame's own planes.
            Self::Extended => 12,
        }
    }
}

const ALPHA: u8 = 0x10;
const ANIMATION: u8 = 0x02;
const PROFILE: u8 = 0x20;

/// Finds the first picture, once every chunk is known to be there.
pub(super) fn open(bytes: &[u8]) -> Result<WebP<'_>, PhotoError> {
    let cut_off = || PhotoError::corrupt(Format::WebP, "it was cut off before its end");
    let size = length(bytes, 4).ok_or_else(cut_off)?;
    // The last chunk's padding, which may or may not be counted, is not worth a rejection.
    if size + 8 > bytes.len() + 1 {
        return Err(cut_off());
    }
    let end = (size + 9).min(bytes.len());
    let mut canvas = None;
    let (mut exif, mut icc, mut late) = (None, None, false);
    let (mut alpha, mut frame, mut animation) = (None, None, None);
    for chunk in Chunks(bytes.get(12..end).ok_or_else(cut_off)?) {
        let chunk = chunk.ok_or_else(cut_off)?;
        match &chunk.name {
            b"VP8X" if canvas.is_none() => canvas = Some(chunk.payload),
            b"EXIF" if exif.is_none() => exif = Some(chunk.payload),
            b"ICCP" if icc.is_none() => {
                icc = Some(chunk.payload);
                late = frame.is_some();
            }
            b"ANIM" if animation.is_none() => animation = Some(chunk),
            b"ALPH" if alpha.is_none() && frame.is_none() => alpha = Some(chunk),
            b"VP8 " | b"VP8L" | b"ANMF" if frame.is_none() => frame = Some(chunk),
            _ => {}
        }
        // The short form has nothing beside its picture.
        if canvas.is_none() && frame.is_some() {
            break;
        }
    }
    let frame = frame.ok_or_else(|| {
        PhotoError::corrupt(Format::WebP, "it has no picture, or was cut off before it")
    })?;
    let codes = codes(&frame, alpha.as_ref())?;
    let Some(canvas) = canvas else {
        let kind = if frame.name == *b"VP8 " { Kind::Lossy } else { Kind::Lossless };
        return Ok(WebP { pieces: container(&[frame]), exif, icc, kind, codes });
    };
    let (flags, side) = (*canvas.first().ok_or_else(cut_off)?, |at: usize| {
        let bytes = canvas.get(at..at + 3)?;
        Some(u32::from_le_bytes([bytes[0], bytes[1], bytes[2], 0]) + 1)
    });
    let canvas_size = side(4).zip(side(7)).ok_or_else(cut_off)?;
    if let Some(size) = lossy_size(&frame)
        && (size.0 > canvas_size.0 || size.1 > canvas_size.1)
    {
        return Err(PhotoError::corrupt(Format::WebP, "a picture is larger than its canvas"));
    }
    // What the flags announce may have been stripped. What they do not announce, browsers do not
    // look at.
    let icc = icc.filter(|_| flags & PROFILE != 0);
    if icc.is_some() && late {
        // Browsers wait for it, and may show nothing.
        let variety = "a colour profile after its picture";
        return Err(PhotoError::unsupported_variety(Format::WebP, variety));
    }
    let alpha = alpha.filter(|_| flags & ALPHA != 0);
    if flags & ALPHA == 0 && mixed(&frame) {
        let variety = "with transparency that its header denies";
        return Err(PhotoError::unsupported_variety(Format::WebP, variety));
    }
    let flags = match (&frame.name, &alpha) {
        (b"ANMF", _) => flags & ALPHA | ANIMATION,
        (b"VP8L", _) => flags & ALPHA,
        (_, Some(_)) => ALPHA,
        _ => 0,
    };
    let head = [&[flags, 0, 0, 0], canvas.get(4..10).ok_or_else(cut_off)?].concat();
    let mut chunks = vec![Chunk { name: *b"VP8X", payload: &[] }];
    match frame.name {
        b if b == *b"ANMF" => {
            let plain = Chunk { name: *b"ANIM", payload: &[0; 6] };
            chunks.push(animation.unwrap_or(plain));
        }
        b if b == *b"VP8 " => chunks.extend(alpha),
        _ => {}
    }
    chunks.push(frame);
    let mut pieces = pieces(&chunks);
    pieces[1] = [&b"VP8X"[..], &10_u32.to_le_bytes(), &head].concat().into();
    Ok(WebP { pieces: finished(pieces), exif, icc, kind: Kind::Extended, codes })
}

/// What the codes of a frame take, those of its transparency included.
fn codes(frame: &Chunk, alpha: Option<&Chunk>) -> Result<u64, PhotoError> {
    let inner = frame.payload.get(16..).filter(|_| frame.name == *b"ANMF").unwrap_or_default();
    let mut most = 1;
    let chunks = Chunks(inner).flatten();
    for chunk in chunks.chain([*frame]).chain(alpha.copied()) {
        let groups = match &chunk.name {
            b"VP8L" => lossless::groups(chunk.payload),
            // The lowest bits say whether it is compressed.
            b"ALPH" if chunk.payload.first().is_some_and(|head| head & 3 == 1) => {
                let size = lossy_size(frame).unwrap_or_default();
                lossless::groups_of_alpha(&chunk.payload[1..], size)
            }
            _ => continue,
        };
        let damaged = || PhotoError::corrupt(Format::WebP, "what it holds makes no picture");
        most = groups.ok_or_else(damaged)?.max(most);
    }
    if most > MAX_GROUPS {
        let words = "it asks for more memory than its pixels need";
        return Err(PhotoError::corrupt(Format::WebP, words));
    }
    Ok(u64::from(most) * GROUP)
}

/// Whether transparency is stored among a frame's own bytes. Browsers take what the header denies
/// for opaque after they have multiplied with it.
fn mixed(frame: &Chunk) -> bool {
    // After the magic byte and two sides of 14 bits.
    let clear = |chunk: &Chunk| {
        chunk.name == *b"VP8L" && chunk.payload.get(4).is_some_and(|bits| bits & 0x10 != 0)
    };
    match &frame.name {
        b"ANMF" => {
            let inner = Chunks(frame.payload.get(16..).unwrap_or_default()).flatten();
            inner.take(4).any(|chunk| chunk.name == *b"ALPH" || clear(&chunk))
        }
        _ => clear(frame),
    }
}

/// The size of the lossy picture in a chunk, from its own header.
fn lossy_size(chunk: &Chunk) -> Option<(u32, u32)> {
    let payload = match &chunk.name {
        b"VP8 " => chunk.payload,
        b"ANMF" => {
            let mut inner = Chunks(chunk.payload.get(16..)?).flatten();
            inner.find(|chunk| chunk.name == *b"VP8 ")?.payload
        }
        _ => return None,
    };
    let side = |at: usize| {
        let bytes = payload.get(at..at + 2)?;
        Some(u32::from(u16::from_le_bytes([bytes[0], bytes[1]]) & 0x3FFF))
    };
    Some((side(6)?, side(8)?))
}

fn length(bytes: &[u8], at: usize) -> Option<usize> {
    let bytes = bytes.get(at..at + 4)?;
    usize::try_from(u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])).ok()
}

/// A container of chunks.
fn container<'a>(chunks: &[Chunk<'a>]) -> Pieces<'a> {
    finished(pieces(chunks))
}

/// The pieces of chunks, after room for the container's head.
fn pieces<'a>(chunks: &[Chunk<'a>]) -> Vec<Cow<'a, [u8]>> {
    let mut pieces = vec![Cow::default()];
    for chunk in chunks {
        // The file was not longer than a file may be, so no chunk is.
        let size = u32::try_from(chunk.payload.len()).unwrap_or(u32::MAX);
        pieces.push([chunk.name, size.to_le_bytes()].concat().into());
        pieces.push(chunk.payload.into());
        pieces.push((if chunk.payload.len() % 2 == 1 { &[0][..] } else { &[] }).into());
    }
    pieces
}

fn finished(mut pieces: Vec<Cow<'_, [u8]>>) -> Pieces<'_> {
    let size = 4 + pieces.iter().map(|piece| piece.len()).sum::<usize>();
    let size = u32::try_from(size).unwrap_or(u32::MAX);
    pieces[0] = [&b"RIFF"[..], &size.to_le_bytes(), b"WEBP"].concat().into();
    Pieces::new(pieces)
}

/// One chunk.
#[derive(Clone, Copy)]
struct Chunk<'a> {
    name: [u8; 4],
    payload: &'a [u8],
}

/// The chunks of a container, and `None` for one that is cut off.
struct Chunks<'a>(&'a [u8]);

impl<'a> Iterator for Chunks<'a> {
    type Item = Option<Chunk<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        let name = *self.0.first_chunk::<4>()?;
        let payload = length(self.0, 4).and_then(|size| self.0.get(8..size.checked_add(8)?));
        self.0 = payload
            .and_then(|payload| self.0.get(8 + payload.len().next_multiple_of(2)..))
            .unwrap_or_default();
        Some(payload.map(|payload| Chunk { name, payload }))
    }
}
