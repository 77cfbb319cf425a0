//! JPEG inside a TIFF: each chunk is one, but for tables that may lie beside them for all.
//!
//! What is given to the decoder is written anew from the parts that describe pixels, so that only the
//! page says what the colours mean. It is one scan in one frame of the chunk's size: so its work is
//! known beforehand. And before each marker that ends a scan or a part of one, ones are put in: no
//! code consists of ones only, so that a scan that was cut off does not decode, instead of ending in
//! grey. A whole one ends before them.

use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use super::fault::{corrupt, cut_off, rare};
use crate::photo::PhotoError;

const SOI: u8 = 0xD8;
const EOI: u8 = 0xD9;
const APP0: u8 = 0xE0;
const APP14: u8 = 0xEE;
const SOS: u8 = 0xDA;
const DQT: u8 = 0xDB;
const DHT: u8 = 0xC4;
const DRI: u8 = 0xDD;
const SOF_BASELINE: u8 = 0xC0;
const SOF_EXTENDED: u8 = 0xC1;

/// Adobe's number for luminance and colour differences. Zero is for channels as they are.
const YCBCR: u8 = 1;

/// Ones, more than the decoder looks ahead, as a scan says them.
const ONES: [u8; 32] = {
    let mut ones = [0; 32];
    let mut index = 0;
    while index < ones.len() {
        ones[index] = 0xFF;
        index += 2;
    }
    ones
};

/// The bytes that a restart of the scan adds.
const RESTART: u64 = ONES.len() as u64;

/// The most bytes of all tables: four of quantisation, eight of codes, and room for repetition.
const MOST_TABLES: usize = 4 << 10;

/// Bytes that the decoder holds for each column and channel, whatever the height.
const ROWS: u64 = 256;

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

/// The tables that all chunks share.
pub(super) struct Tables(Vec<u8>);

impl Tables {
    pub(super) fn read(bytes: &[u8]) -> Result<Self, PhotoError> {
        let mut tables = Vec::new();
        let mut segments = Segments::new(bytes)?;
        while let Some((marker, segment)) = segments.next()? {
            match marker {
                EOI => break,
                DQT | DHT | DRI => tables.extend(segment),
                _ => {}
            }
            if tables.len() > MOST_TABLES {
                return Err(corrupt("the tables of its JPEG strips are too large"));
            }
        }
        Ok(Self(tables))
    }

    pub(super) fn none() -> Self {
        Self(Vec::new())
    }
}

impl Frame {
    /// What the decoder has to go through for a chunk, in bytes that are merely unpacked: whole
    /// blocks, each byte twice as hard, and the tables, made ready anew.
    pub(super) fn work(self, tables: &Tables) -> u64 {
        let tables = (256 + tables.0.len() as u64) * 32;
        2 * self.blocks() * 256 * self.channels as u64 + tables
    }

    /// What decoding a chunk of so many bytes takes: it, its pixels, and the rows under way.
    pub(super) fn memory(self, stored: u64) -> u64 {
        let columns = u64::from(self.width.next_multiple_of(32));
        let pixels = u64::from(self.width) * u64::from(self.height.1) * self.channels as u64;
        let copy = stored + 4 * MOST_TABLES as u64 + 4 * self.blocks() * RESTART;
        pixels + copy + columns * self.channels as u64 * ROWS
    }

    /// Blocks of 16 x 16 pixels.
    fn blocks(self) -> u64 {
        u64::from(self.width.div_ceil(16)) * u64::from(self.height.1.div_ceil(16))
    }
}

/// Decodes a chunk into `pixels`: row by row, eight bits a channel.
pub(super) fn decode(
    chunk: &[u8],
    tables: &Tables,
    frame: Frame,
    pixels: &mut Vec<u8>,
) -> Result<(), PhotoError> {
    let (file, height) = alone(chunk, tables, frame)?;
    pixels.clear();
    pixels.resize(frame.width as usize * height as usize * frame.channels, 0);
    let out = match (frame.channels, frame.ycbcr) {
        (1, _) => ColorSpace::Luma,
        (3, _) => ColorSpace::RGB,
        _ => ColorSpace::CMYK,
    };
    let options = DecoderOptions::default()
        .jpeg_set_out_colorspace(out)
        .set_max_width(usize::MAX)
        .set_max_height(usize::MAX)
        .set_strict_mode(true);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(&file[..]), options);
    decoder.decode_into(pixels).map_err(|_| damaged())
}

fn damaged() -> PhotoError {
    corrupt("the JPEG in one of its strips or tiles is damaged or cut off")
}

/// A file of its own of a chunk and the tables, and its height.
fn alone(chunk: &[u8], tables: &Tables, frame: Frame) -> Result<(Vec<u8>, u32), PhotoError> {
    let mut file = Vec::with_capacity(2 * MOST_TABLES);
    file.extend([0xFF, SOI]);
    if frame.channels > 1 {
        // The page says what the channels are, not a marker of the chunk.
        let transform = if frame.ycbcr { YCBCR } else { 0 };
        file.extend(b"\xFF\xEE\0\x0EAdobe\0\x64\0\0\0\0");
        file.push(transform);
    }
    file.extend(&tables.0);
    let mut interval = restart_interval(&tables.0);
    let mut segments = Segments::new(chunk)?;
    let (mut found, mut said) = (None, None);
    while let Some((marker, segment)) = segments.next()? {
        let payload = &segment[4.min(segment.len())..];
        match marker {
            DQT | DHT | DRI if file.len() + segment.len() > 2 * MOST_TABLES => {
                return Err(corrupt("the tables of its JPEG strips are too large"));
            }
            DQT | DHT => file.extend(segment),
            // What it would mean elsewhere; the second has the last word.
            APP0 if payload.starts_with(b"JFIF\0") => said = said.or(Some(YCBCR)),
            APP14 if payload.starts_with(b"Adobe") => said = payload.get(11).copied(),
            DRI => {
                file.extend(segment);
                interval = restart_interval(segment);
            }
            SOF_BASELINE | SOF_EXTENDED if found.is_none() => {
                let (height, units) = header(payload, frame)?;
                let channels = payload[6..].chunks_exact(3);
                let ids = channels.clone().map(|channel| channel[0]);
                if frame.ycbcr && ids.eq(*b"RGB") {
                    said = said.or(Some(0));
                }
                found = Some((height, units, channels.clone()));
                file.extend(&segment[..10]);
                for (index, channel) in (1..).zip(channels) {
                    // One channel alone has no finer one beside it, whatever it says.
                    let sampling = if frame.channels == 1 { 0x11 } else { channel[1] };
                    file.extend([index, sampling, channel[2]]);
                }
            }
            0xC2 => return Err(rare("progressive JPEG in strips or tiles")),
            0xC3 | 0xC5..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF => {
                return Err(rare("a rare kind of JPEG in strips or tiles"));
            }
            SOS => {
                let Some((height, units, channels)) = found else { return Err(damaged()) };
                // All channels, in the order of the frame.
                let whole = payload.len() == 4 + 2 * frame.channels
                    && usize::from(payload[0]) == frame.channels
                    && payload[1..].chunks_exact(2).zip(channels).all(|(s, f)| s[0] == f[0]);
                if !whole {
                    return Err(rare("JPEG with several scans in strips or tiles"));
                }
                // Readers do not agree on whose word counts.
                let expected = if frame.ycbcr { YCBCR } else { 0 };
                if frame.channels > 1 && said.is_some_and(|said| said != expected) {
                    return Err(rare(
                        "JPEG in strips or tiles that says other colours than the page",
                    ));
                }
                file.extend(&segment[..5]);
                let channels = payload[1..].chunks_exact(2).take(frame.channels);
                for (index, channel) in (1..).zip(channels) {
                    file.extend([index, channel[1]]);
                }
                file.extend([0, 63, 0]);
                let restarts = match interval {
                    0 => 0,
                    interval => units.div_ceil(interval) - 1,
                };
                scan(segments.rest, restarts, &mut file)?;
                return Ok((file, height));
            }
            EOI => break,
            _ => {}
        }
    }
    Err(damaged())
}

/// The height that a frame header says, and its number of units; an error if it is not the page's.
fn header(payload: &[u8], frame: Frame) -> Result<(u32, u64), PhotoError> {
    let [precision, h1, h0, w1, w0, channels, rest @ ..] = payload else {
        return Err(damaged());
    };
    let height = u32::from(u16::from_be_bytes([*h1, *h0]));
    let width = u32::from(u16::from_be_bytes([*w1, *w0]));
    let channels = usize::from(*channels);
    if channels != frame.channels || rest.len() != 3 * channels {
        return Err(corrupt("the JPEG in its strips or tiles has other channels than the page"));
    }
    if width != frame.width || height < frame.height.0 || height > frame.height.1 {
        return Err(corrupt(format!(
            "the JPEG in a strip or tile has {width} x {height} pixels, where {} x {} belong",
            frame.width, frame.height.0
        )));
    }
    if *precision != 8 {
        return Err(rare(format!("JPEG with {precision} bits a sample")));
    }
    let samplings: Vec<u8> = rest.chunks_exact(3).map(|channel| channel[1]).collect();
    let finest = match samplings[..] {
        [_] => 0x11,
        [0x11, ..] if samplings.iter().all(|sampling| *sampling == 0x11) => 0x11,
        [finest @ (0x12 | 0x21 | 0x22 | 0x41), 0x11, 0x11] if frame.ycbcr => finest,
        _ => return Err(rare("JPEG with channels of unusual resolutions in strips or tiles")),
    };
    let units = |pixels: u32, finest: u8| u64::from(pixels.div_ceil(8 * u32::from(finest)));
    Ok((height, units(width, finest >> 4) * units(height, finest & 0xF)))
}

/// Copies a scan, whose restarts must all be there, and ends the file.
fn scan(bytes: &[u8], restarts: u64, file: &mut Vec<u8>) -> Result<(), PhotoError> {
    let room = usize::try_from(restarts).unwrap_or(0).saturating_mul(ONES.len());
    file.reserve_exact(bytes.len() + room + ONES.len() + 2);
    let (mut start, mut at, mut seen) = (0, 0, 0);
    while let Some(place) = bytes[at..].iter().position(|byte| *byte == 0xFF) {
        at += place;
        match bytes.get(at + 1) {
            Some(0) => at += 2,
            Some(0xFF) => at += 1,
            Some(marker @ 0xD0..=0xD7) => {
                if seen == restarts || u64::from(marker & 7) != seen % 8 {
                    return Err(damaged());
                }
                file.extend(&bytes[start..at]);
                file.extend(ONES);
                (start, seen) = (at, seen + 1);
                at += 2;
            }
            // The end, or another marker: a second scan, which is not needed.
            _ => break,
        }
    }
    let end = if bytes[at..].first() == Some(&0xFF) { at } else { bytes.len() };
    if seen != restarts {
        return Err(damaged());
    }
    file.extend(&bytes[start..end]);
    file.extend(ONES);
    file.extend([0xFF, EOI]);
    Ok(())
}

/// How many units lie between restarts, if a segment says so; none means that there are none.
fn restart_interval(segments: &[u8]) -> u64 {
    let mut interval = 0;
    let mut rest = segments;
    while let [0xFF, marker, high, low, payload @ ..] = rest {
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        if *marker == DRI
            && let [high, low, ..] = payload
        {
            interval = u64::from(u16::from_be_bytes([*high, *low]));
        }
        rest = rest.get(2 + length..).unwrap_or_default();
    }
    interval
}

/// The segments before a scan, each with its marker.
struct Segments<'a> {
    rest: &'a [u8],
}

impl<'a> Segments<'a> {
    fn new(bytes: &'a [u8]) -> Result<Self, PhotoError> {
        bytes.strip_prefix(&[0xFF, SOI]).map(|rest| Self { rest }).ok_or_else(damaged)
    }

    /// The next marker with its whole segment; none at the end of the bytes.
    fn next(&mut self) -> Result<Option<(u8, &'a [u8])>, PhotoError> {
        while self.rest.starts_with(&[0xFF, 0xFF]) {
            self.rest = &self.rest[1..];
        }
        match self.rest {
            [] => Ok(None),
            [0xFF, EOI, ..] => {
                self.rest = &[];
                Ok(Some((EOI, &[])))
            }
            [0xFF, marker, high, low, ..] => {
                let length = 2 + usize::from(u16::from_be_bytes([*high, *low]));
                let segment = self.rest.get(..length.max(4)).ok_or_else(cut_off)?;
                self.rest = self.rest.get(length.max(4)..).unwrap_or_default();
                Ok(Some((*marker, segment)))
            }
            _ => Err(damaged()),
        }
    }
}
