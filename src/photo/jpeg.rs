//! JPEG: by far the most photos, so read without a copy and with a decoder that is told to be
//! strict where it counts.

use image::metadata::Orientation;
use zune_jpeg::JpegDecoder;
use zune_jpeg::errors::DecodeErrors;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use super::header::Cost;
use super::{Format, Header, Limits, Opened, PhotoError, pixels};

/// Bytes that the decoder holds for each column and channel, whatever the height. It depends on how
/// channels are sampled; the most is 213, with four channels of very different resolutions.
const ROWS: u64 = 256;

/// A JPEG whose header is read.
pub(super) struct Jpeg<'a> {
    bytes: &'a [u8],
    decoder: JpegDecoder<ZCursor<&'a [u8]>>,
    header: Header,
    orientation: Orientation,
}

pub(super) fn open<'a>(bytes: &'a [u8], limits: &Limits) -> Result<Jpeg<'a>, PhotoError> {
    // Lenient while reading the header: cameras put odd things there, and none of it is pixels.
    let options = DecoderOptions::default()
        .jpeg_set_out_colorspace(ColorSpace::RGB)
        .set_max_width(usize::MAX)
        .set_max_height(usize::MAX)
        .set_strict_mode(false);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    decoder.decode_headers().map_err(|error| rejection(bytes, error))?;
    let Some(info) = decoder.info() else {
        return Err(PhotoError::corrupt(Format::Jpeg, "it has no header"));
    };
    let (width, height) = (u32::from(info.width), u32::from(info.height));
    limits.check_pixels(Format::Jpeg, width, height)?;
    if !matches!(info.components, 1 | 3 | 4) {
        let variety = format!("{} colour channels", info.components);
        return Err(PhotoError::unsupported_variety(Format::Jpeg, &variety));
    }
    // Strict from here on: in the scans, a fault means that pixels are missing.
    decoder.set_options(options.set_strict_mode(true));

    let orientation = info.exif_data.as_deref().map_or(Orientation::NoTransforms, pixels::upright);
    let coefficients = if holds_coefficients(bytes) {
        // Sixteen bits each, in whole blocks of at most 32 x 32 pixels.
        let padded = u64::from(width.next_multiple_of(32)) * u64::from(height.next_multiple_of(32));
        padded * u64::from(info.components) * 2
    } else {
        0
    };
    // The blocks that are under way, a row of them across, are held in several forms.
    let under_way = u64::from(width.next_multiple_of(32)) * u64::from(info.components) * ROWS;
    let cost = Cost {
        copies: bytes.len() as u64,
        buffer: u64::from(width) * u64::from(height) * 3,
        decoder: coefficients + under_way,
    };
    let header = cost.header(Format::Jpeg, width, height, orientation);
    Ok(Jpeg { bytes, decoder, header, orientation })
}

impl Opened for Jpeg<'_> {
    fn header(&self) -> Header {
        self.header
    }

    fn orientation(&self) -> Orientation {
        self.orientation
    }

    fn into_rgb(mut self: Box<Self>) -> Result<Vec<u8>, PhotoError> {
        // The decoder takes what is missing for zeros once it has met a marker, so it cannot be
        // trusted to notice every cut.
        if !is_whole(self.bytes) {
            return Err(cut_off());
        }
        let mut rgb = pixels::buffer(self.header.width, self.header.height, 3);
        self.decoder.decode_into(&mut rgb).map_err(|error| rejection(self.bytes, error))?;
        Ok(rgb)
    }
}

fn rejection(bytes: &[u8], error: DecodeErrors) -> PhotoError {
    // The decoder meets these two in many guises; a person should not have to.
    if let Some(variety) = rare_variety(bytes) {
        return PhotoError::unsupported_variety(Format::Jpeg, variety);
    }
    if !is_whole(bytes) {
        return cut_off();
    }
    let words = match error {
        // The debug form wraps these in the names of their types.
        DecodeErrors::Format(words) => words,
        DecodeErrors::FormatStatic(words) => words.to_owned(),
        error => format!("{error:?}"),
    };
    PhotoError::corrupt(Format::Jpeg, words)
}

fn cut_off() -> PhotoError {
    PhotoError::corrupt(Format::Jpeg, "it was cut off before its end")
}

fn is_whole(bytes: &[u8]) -> bool {
    Segments::new(bytes).any(|segment| segment.marker == EOI)
}

/// The frame's kind, if it is one that hardly any program reads.
fn rare_variety(bytes: &[u8]) -> Option<&'static str> {
    Segments::new(bytes).take_while(|segment| segment.marker != SOS).find_map(|segment| {
        Some(match segment.marker {
            0xC3 => "lossless coding",
            0xC5..=0xC7 => "hierarchical coding",
            0xC9..=0xCB | 0xCD..=0xCF => "arithmetic coding",
            _ => return None,
        })
    })
}

/// Whether pixels come only after all coefficients have been read: in progressive files, and in
/// baseline ones that hold one scan for each channel.
fn holds_coefficients(bytes: &[u8]) -> bool {
    let mut channels = None;
    for Segment { marker, payload } in Segments::new(bytes) {
        match marker {
            SOF_PROGRESSIVE => return true,
            SOF_BASELINE | SOF_EXTENDED => channels = payload.get(5),
            SOS => return payload.first() != channels,
            _ => {}
        }
    }
    true
}

const SOF_BASELINE: u8 = 0xC0;
const SOF_EXTENDED: u8 = 0xC1;
const SOF_PROGRESSIVE: u8 = 0xC2;
const SOI: u8 = 0xD8;
const EOI: u8 = 0xD9;
const SOS: u8 = 0xDA;

/// The segments of a JPEG. Iteration ends after the end-of-image marker, or where the bytes do.
///
/// What lies between segments (scans, and what some cameras leave there) is passed over: inside of
/// a scan, 0xFF is always followed by zero or a restart marker.
struct Segments<'a> {
    rest: &'a [u8],
}

struct Segment<'a> {
    marker: u8,
    payload: &'a [u8],
}

impl<'a> Segments<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }
}

impl<'a> Iterator for Segments<'a> {
    type Item = Segment<'a>;

    fn next(&mut self) -> Option<Segment<'a>> {
        loop {
            let start = self.rest.iter().position(|byte| *byte == 0xFF)? + 1;
            let marker = *self.rest.get(start)?;
            self.rest = &self.rest[start..];
            match marker {
                // Fill bytes, a stuffed zero, restarts and the like: no segment.
                0x00 | 0x01 | 0xD0..=SOI | 0xFF => {}
                EOI => {
                    self.rest = &[];
                    return Some(Segment { marker, payload: &[] });
                }
                _ => {
                    let length = self.rest.get(1..3)?;
                    let length = usize::from(u16::from_be_bytes([length[0], length[1]]));
                    let payload = self.rest.get(3..1 + length)?;
                    self.rest = &self.rest[1 + length..];
                    return Some(Segment { marker, payload });
                }
            }
        }
    }
}
