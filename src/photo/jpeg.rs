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
    decoder.decode_headers().map_err(rejection)?;
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
    let cost = Cost {
        file: bytes.len() as u64,
        buffer: u64::from(width) * u64::from(height) * 3,
        decoder: coefficients,
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
        if !Segments::new(self.bytes).any(|segment| segment.marker == EOI) {
            return Err(PhotoError::corrupt(Format::Jpeg, "it was cut off before its end"));
        }
        let mut rgb = pixels::buffer(self.header.width, self.header.height, 3);
        self.decoder.decode_into(&mut rgb).map_err(rejection)?;
        Ok(rgb)
    }
}

fn rejection(error: DecodeErrors) -> PhotoError {
    match error {
        DecodeErrors::Unsupported(scheme) => {
            PhotoError::unsupported_variety(Format::Jpeg, &format!("{scheme:?}"))
        }
        // The debug form wraps these in quotes and names of types.
        DecodeErrors::Format(words) => PhotoError::corrupt(Format::Jpeg, words),
        DecodeErrors::FormatStatic(words) => PhotoError::corrupt(Format::Jpeg, words),
        DecodeErrors::ExhaustedData => PhotoError::corrupt(Format::Jpeg, "data ends too early"),
        error => PhotoError::corrupt(Format::Jpeg, format!("{error:?}")),
    }
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
