//! The segments of a JPEG: everything that decides about pixels, found in one pass over the bytes,
//! with nothing copied. What is not needed (comments, thumbnails, XMP) is passed over, however much
//! of it there is.

use super::Fault;
use super::frame::Frame;
use crate::photo::{Format, Limits, PhotoError};

/// How often the blocks of a frame may be visited by its scans, on average. Encoders that are at
/// pains visit each some ten times; a file of thousands of scans takes minutes.
const MAX_VISITS: usize = 32;

/// What a JPEG's bytes are.
pub(super) struct Contents<'a> {
    pub frame: Frame,
    pub scans: Vec<Scan<'a>>,
    pub model: Model,
    pub markers: Markers,
    /// How often blocks are visited by the scans.
    pub visits: usize,
    /// The first block of EXIF metadata.
    pub exif: Option<&'a [u8]>,
    /// The parts of the colour profile, each with its number and how many there are.
    pub profile: Vec<[&'a [u8]; 2]>,
    /// The steps of each channel, as they are when its first scan begins.
    pub steps: Vec<Option<[u16; 64]>>,
}

/// What the channels mean, by libjpeg's rules: the markers, then the channels' names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Model {
    Grey,
    YCbCr,
    Rgb,
    Cmyk,
    Ycck,
    /// Nothing that is known here: all samples of a pixel are handed out as they are.
    Plain,
}

impl Model {
    /// How many bytes are handed out for a pixel of so many channels.
    pub(super) fn bytes(self, channels: usize) -> usize {
        if self == Self::Plain { channels } else { 3 }
    }
}

/// What markers say of the channels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Markers {
    pub jfif: bool,
    /// Adobe's number for what was done to the channels.
    pub adobe: Option<u8>,
}

/// A scan: a pass over the blocks of some channels.
pub(super) struct Scan<'a> {
    pub channels: Vec<ScanChannel<'a>>,
    /// The coefficients it has, first and last.
    pub first: usize,
    pub last: usize,
    /// The bits of them that came before, and those that are still to come.
    pub high: u32,
    pub low: u32,
    /// Units between restarts; zero if there are none.
    pub restart: usize,
    /// The coded bytes, restart markers included.
    pub data: &'a [u8],
    /// Whether a marker follows them, and not just nothing.
    pub ended: bool,
}

pub(super) struct ScanChannel<'a> {
    pub index: usize,
    /// The definitions of its codes.
    pub dc: Option<&'a [u8]>,
    pub ac: Option<&'a [u8]>,
}

/// What has been defined so far.
#[derive(Clone, Default)]
pub(in crate::photo) struct Tables<'a> {
    dc: [Option<&'a [u8]>; 4],
    ac: [Option<&'a [u8]>; 4],
    steps: [Option<[u16; 64]>; 4],
    restart: usize,
}

const SOI: u8 = 0xD8;
const EOI: u8 = 0xD9;

/// Finds what is there. Ends with the end-of-image marker, with the bytes (nothing but the marker may
/// be missing then), or when nothing can follow that matters. `tables` are those from elsewhere.
pub(super) fn read<'a>(
    bytes: &'a [u8],
    mut tables: Tables<'a>,
    limits: &Limits,
) -> Result<Contents<'a>, PhotoError> {
    let mut rest = bytes.get(2..).unwrap_or_default();
    let mut frame: Option<Frame> = None;
    let mut markers = Markers::default();
    let (mut exif, mut profile) = (None, Vec::new());
    let (mut scans, mut steps, mut visits) = (Vec::new(), Vec::new(), 0_usize);
    while let Some((marker, payload)) = next(&mut rest)? {
        let begun = !scans.is_empty();
        match marker {
            SOI => return Err(PhotoError::corrupt(Format::Jpeg, "another photo begins inside it")),
            0xC4 | 0xDB | 0xDD => tables.define(marker, payload)?,
            0xC0..=0xCF if !matches!(marker, 0xC8 | 0xCC) => {
                if frame.is_some() {
                    return Err(PhotoError::corrupt(Format::Jpeg, "it has two headers"));
                }
                let parsed = Frame::parse(marker, payload, limits)?;
                steps = vec![None; parsed.channels.len()];
                frame = Some(parsed);
            }
            0xE0 if !begun => markers.jfif |= payload.len() >= 14 && payload.starts_with(b"JFIF\0"),
            0xE1 if !begun && exif.is_none() => exif = payload.strip_prefix(b"Exif\0\0"),
            0xE2 if !begun && profile.len() < 256 => {
                let part = payload.strip_prefix(b"ICC_PROFILE\0");
                let part = part.and_then(|part| part.split_at_checked(2));
                profile.extend(part.filter(|(_, icc)| !icc.is_empty()).map(<[_; 2]>::from));
            }
            0xEE if !begun && payload.len() >= 12 && payload.starts_with(b"Adobe") => {
                markers.adobe = Some(payload[11]);
            }
            0xDA => {
                let frame = frame.as_ref().ok_or(Fault::Damaged)?;
                let scan = tables.scan(frame, payload, &mut rest)?;
                for channel in &scan.channels {
                    let (across, down) = frame.channels[channel.index].blocks();
                    visits += across * down;
                    let own = &mut steps[channel.index];
                    let table = frame.channels[channel.index].steps;
                    *own = own.or(*tables.steps.get(table).ok_or(Fault::Damaged)?);
                }
                if visits > frame.blocks() * MAX_VISITS {
                    let words = "its picture is spread over far too many scans";
                    return Err(PhotoError::corrupt(Format::Jpeg, words));
                }
                let all = scan.channels.len() == frame.channels.len();
                scans.push(scan);
                if all && !frame.progressive {
                    break;
                }
            }
            _ => {}
        }
    }
    let Some(frame) = frame else {
        return Err(if rest.is_empty() { Fault::CutOff } else { Fault::Damaged }.into());
    };
    let model = model(&frame, markers);
    Ok(Contents { frame, scans, model, markers, visits, exif, profile, steps })
}

fn model(frame: &Frame, markers: Markers) -> Model {
    match (frame.channels.len(), markers.adobe) {
        (1, _) => Model::Grey,
        (4, Some(0) | None) => Model::Cmyk,
        (4, Some(_)) => Model::Ycck,
        (_, _) if markers.jfif => Model::YCbCr,
        (_, Some(0)) => Model::Rgb,
        (_, None) if frame.is_named(b"RGB") => Model::Rgb,
        _ => Model::YCbCr,
    }
}

/// The next marker and what belongs to it; none at the end.
fn next<'a>(rest: &mut &'a [u8]) -> Result<Option<(u8, &'a [u8])>, Fault> {
    loop {
        let Some(start) = rest.iter().position(|byte| *byte == 0xFF) else {
            *rest = &[];
            return Ok(None);
        };
        *rest = &rest[start + 1..];
        match rest {
            [] | [EOI, ..] => return Ok(None),
            // A stuffed zero or a restart, out of place.
            [0x00 | 0x01 | 0xD0..=0xD7, tail @ ..] => *rest = tail,
            // The marker may be filled up with further bytes 0xFF.
            [0xFF, ..] => {}
            [SOI, ..] => return Ok(Some((SOI, &[]))),
            [marker, high, low, tail @ ..] => {
                let length = usize::from(u16::from_be_bytes([*high, *low]));
                let length = length.checked_sub(2).ok_or(Fault::Damaged)?;
                let Some((payload, tail)) = tail.split_at_checked(length) else {
                    *rest = &[];
                    return Ok(None);
                };
                *rest = tail;
                return Ok(Some((*marker, payload)));
            }
            _ => {
                *rest = &[];
                return Ok(None);
            }
        }
    }
}

/// The bytes up to the next marker that is no restart.
fn coded<'a>(rest: &mut &'a [u8]) -> &'a [u8] {
    let all = *rest;
    let mut at = 0;
    while let Some(found) = all[at..].iter().position(|byte| *byte == 0xFF) {
        let start = at + found;
        let fill = all[start..].iter().take_while(|byte| **byte == 0xFF).count();
        match all.get(start + fill) {
            Some(0x00 | 0xD0..=0xD7) => at = start + fill + 1,
            _ => {
                *rest = &all[start..];
                return &all[..start];
            }
        }
    }
    *rest = &[];
    all
}

impl<'a> Tables<'a> {
    /// Reads a JPEG of nothing but tables, for others that have none.
    pub(in crate::photo) fn read(bytes: &'a [u8]) -> Result<Self, PhotoError> {
        let mut rest = bytes.strip_prefix(&[0xFF, SOI]).ok_or(Fault::Damaged)?;
        let mut tables = Self::default();
        while let Some((marker, payload)) = next(&mut rest)? {
            tables.define(marker, payload)?;
        }
        Ok(tables)
    }

    /// Takes in a segment, if it defines something.
    fn define(&mut self, marker: u8, payload: &'a [u8]) -> Result<(), Fault> {
        match marker {
            0xC4 => self.codes(payload),
            0xDB => self.steps(payload),
            0xDD => {
                let interval = payload.first_chunk().ok_or(Fault::Damaged)?;
                self.restart = usize::from(u16::from_be_bytes(*interval));
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Takes in definitions of codes.
    fn codes(&mut self, mut payload: &'a [u8]) -> Result<(), Fault> {
        while let [kind, rest @ ..] = payload {
            let counts = rest.get(..16).ok_or(Fault::Damaged)?;
            let length = 16 + counts.iter().map(|count| usize::from(*count)).sum::<usize>();
            let (definition, rest) = rest.split_at_checked(length).ok_or(Fault::Damaged)?;
            let tables = if kind >> 4 == 0 { &mut self.dc } else { &mut self.ac };
            *tables.get_mut(usize::from(kind & 15)).ok_or(Fault::Damaged)? = Some(definition);
            payload = rest;
        }
        Ok(())
    }

    /// Takes in the steps that coefficients count in.
    fn steps(&mut self, mut payload: &[u8]) -> Result<(), Fault> {
        while let [kind, rest @ ..] = payload {
            let size = if kind >> 4 == 0 { 1 } else { 2 };
            let (values, rest) = rest.split_at_checked(64 * size).ok_or(Fault::Damaged)?;
            let mut steps = [0; 64];
            for (value, place) in values.chunks_exact(size).zip(super::blocks::ZIGZAG) {
                steps[place] = value.iter().fold(0, |sum, byte| sum << 8 | u16::from(*byte));
            }
            *self.steps.get_mut(usize::from(kind & 15)).ok_or(Fault::Damaged)? = Some(steps);
            payload = rest;
        }
        Ok(())
    }

    /// Reads a scan's header, and finds its data.
    fn scan(
        &self,
        frame: &Frame,
        payload: &[u8],
        rest: &mut &'a [u8],
    ) -> Result<Scan<'a>, PhotoError> {
        let (count, entries) = payload.split_first().ok_or(Fault::Damaged)?;
        let count = usize::from(*count);
        let (chosen, end) = entries.split_at_checked(count * 2).ok_or(Fault::Damaged)?;
        let [first, last, bits, ..] = *end else { return Err(Fault::Damaged.into()) };
        let mut channels: Vec<ScanChannel> = Vec::new();
        for pair in chosen.as_chunks::<2>().0 {
            let index = frame.channels.iter().position(|channel| channel.id == pair[0]);
            let index = index.ok_or(Fault::Damaged)?;
            if channels.iter().any(|channel| channel.index == index) {
                return Err(Fault::Damaged.into());
            }
            let table = |tables: &[Option<&'a [u8]>; 4], place: u8| {
                tables.get(usize::from(place)).copied().flatten()
            };
            let (dc, ac) = (table(&self.dc, pair[1] >> 4), table(&self.ac, pair[1] & 15));
            channels.push(ScanChannel { index, dc, ac });
        }
        // More blocks in a unit than the format allows.
        let blocks: usize =
            channels.iter().map(|c| frame.channels[c.index].h * frame.channels[c.index].v).sum();
        if channels.is_empty() || (channels.len() > 1 && blocks > 10) {
            return Err(Fault::Damaged.into());
        }
        let (first, last) = (usize::from(first), usize::from(last));
        let (high, low) = (u32::from(bits >> 4), u32::from(bits & 15));
        let sound = if frame.progressive {
            first <= last && last < 64 && low <= 13 && (high == 0 || high == low + 1)
                // The first coefficients are coded by themselves, the others channel by channel.
                && if first == 0 { last == 0 } else { channels.len() == 1 }
        } else {
            true
        };
        if !sound {
            return Err(Fault::Damaged.into());
        }
        let (first, last, high, low) =
            if frame.progressive { (first, last, high, low) } else { (0, 63, 0, 0) };
        let restart = self.restart;
        let data = coded(rest);
        let ended = !rest.is_empty();
        Ok(Scan { channels, first, last, high, low, restart, data, ended })
    }
}
