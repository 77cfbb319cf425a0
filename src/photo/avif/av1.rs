//! The AV1 picture of an item: one frame, decoded on this thread.

use std::borrow::Cow;

use re_rav1d::dav1d::{Decoder, Error, Picture, PixelLayout, PlanarImageComponent, Settings};

use crate::photo::{Format, PhotoError};

/// The most frames that an item may have. A still picture is one; a layered one, or one that refers
/// to a hidden frame, a few. Each may be a few bytes long, and takes the time of a whole picture.
const MAX_FRAMES: u64 = 4;

/// What the decoder takes beside its frames: tables, and rows of blocks. Measured with pictures of 12
/// million pixels: 12 MiB.
const TABLES: u64 = 24 << 20;

/// What the data of an item says of itself.
pub(super) struct Survey {
    frames: u64,
    /// Bytes of a pixel in a frame, in halves: 16 bits for each sample.
    halves: u64,
}

impl Survey {
    /// The memory that decoding takes: all frames, and one more into which noise is put; whole
    /// blocks of 128 x 128 pixels.
    pub(super) fn memory(&self, width: u32, height: u32) -> u64 {
        let side = |side: u32| u64::from(side.next_multiple_of(128) + 128);
        side(width) * side(height) * self.halves / 2 * (self.frames + 1) + TABLES
    }
}

/// Looks at the headers of what an item's data is made of.
pub(super) fn survey(data: &[&[u8]]) -> Result<Survey, PhotoError> {
    let cut_off = || PhotoError::corrupt(Format::Avif, "it was cut off before its end");
    let bytes = whole(data);
    let mut rest = &bytes[..];
    let mut survey = Survey { frames: 0, halves: 6 };
    while let Some((head, tail)) = rest.split_first() {
        let (kind, extended, sized) = (head >> 3 & 15, head & 4 != 0, head & 2 != 0);
        rest = tail.get(usize::from(extended)..).ok_or_else(cut_off)?;
        let length = if sized { leb128(&mut rest).ok_or_else(cut_off)? } else { rest.len() };
        let (unit, tail) = rest.split_at_checked(length).ok_or_else(cut_off)?;
        match kind {
            // The sequence's header begins with its profile. The main one has colours at half the
            // resolution, or none.
            1 if unit.first().is_some_and(|byte| byte >> 5 != 0) => survey.halves = 12,
            // A frame, or its header alone.
            3 | 6 => survey.frames += 1,
            _ => {}
        }
        rest = tail;
    }
    if survey.frames > MAX_FRAMES {
        let words = "its picture is spread over far too many frames";
        return Err(PhotoError::corrupt(Format::Avif, words));
    }
    Ok(survey)
}

/// The pieces as one.
fn whole<'a>(data: &[&'a [u8]]) -> Cow<'a, [u8]> {
    match data {
        [piece] => Cow::Borrowed(piece),
        pieces => Cow::Owned(pieces.concat()),
    }
}

/// A number in groups of seven bits.
fn leb128(bytes: &mut &[u8]) -> Option<usize> {
    let mut value = 0_u64;
    for place in 0..8 {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7F) << (7 * place);
        if byte & 0x80 == 0 {
            return usize::try_from(value).ok();
        }
    }
    None
}

/// Decodes a picture that must have the given size.
pub(super) fn decode(data: &[&[u8]], (width, height): (u32, u32)) -> Result<Frame, PhotoError> {
    let failed = |error| {
        let cause = match error {
            Error::Again => "it was cut off before its end",
            _ => "what it holds makes no picture",
        };
        PhotoError::corrupt(Format::Avif, cause)
    };
    let mut settings = Settings::new();
    settings.set_n_threads(1);
    settings.set_max_frame_delay(1);
    settings.set_all_layers(false);
    settings.set_frame_size_limit(width.saturating_mul(height));
    let mut decoder = Decoder::with_settings(&settings).map_err(failed)?;
    let data = data.concat();
    if data.is_empty() {
        // The decoder would complain of it on standard error.
        return Err(failed(Error::Again));
    }
    match decoder.send_data(data, None, None, None) {
        Ok(()) | Err(Error::Again) => {}
        Err(error) => return Err(failed(error)),
    }
    let mut tries = 0;
    let picture = loop {
        match decoder.get_picture() {
            Ok(picture) => break picture,
            Err(Error::Again) if tries < 2 * MAX_FRAMES => {
                tries += 1;
                match decoder.send_pending_data() {
                    Ok(()) | Err(Error::Again) => {}
                    Err(error) => return Err(failed(error)),
                }
            }
            Err(error) => return Err(failed(error)),
        }
    };
    if (picture.width(), picture.height()) != (width, height) {
        let words = "its picture has another size than its header says";
        return Err(PhotoError::corrupt(Format::Avif, words));
    }
    Ok(Frame { picture })
}

/// A decoded frame.
pub(super) struct Frame {
    picture: Picture,
}

impl Frame {
    /// How far the channels of colour are apart, across and down; none in a grey picture.
    pub(super) fn chroma(&self) -> Option<(usize, usize)> {
        match self.picture.pixel_layout() {
            PixelLayout::I400 => None,
            PixelLayout::I420 => Some((2, 2)),
            PixelLayout::I422 => Some((2, 1)),
            PixelLayout::I444 => Some((1, 1)),
        }
    }

    /// Bits of a sample: 8, 10 or 12.
    pub(super) fn depth(&self) -> u32 {
        self.picture.bits_per_component().and_then(|bits| u32::try_from(bits.0).ok()).unwrap_or(8)
    }

    /// Primaries, transfer and matrix, and whether the whole range is used, by the frame itself.
    pub(super) fn code_points(&self) -> ([u8; 3], bool) {
        let picture = &self.picture;
        let points = [
            picture.color_primaries() as u8,
            picture.transfer_characteristic() as u8,
            picture.matrix_coefficients() as u8,
        ];
        (points, picture.color_range() as u8 != 0)
    }

    /// A channel's samples.
    pub(super) fn plane(&self, channel: usize) -> Plane {
        let component = PlanarImageComponent::from(channel);
        let stride = self.picture.stride(component) as usize;
        Plane {
            samples: self.picture.plane(component),
            stride,
            wide: self.picture.bits_per_component().is_some_and(|bits| bits.0 > 8),
        }
    }
}

/// The samples of a channel.
pub(super) struct Plane {
    samples: re_rav1d::dav1d::Plane,
    stride: usize,
    wide: bool,
}

impl Plane {
    /// Copies the row `y` as far as `row` is long.
    pub(super) fn read(&self, y: usize, row: &mut [u16]) {
        let bytes = self.samples.get(y * self.stride..).unwrap_or_default();
        if self.wide {
            for (out, sample) in row.iter_mut().zip(bytes.as_chunks::<2>().0) {
                *out = u16::from_ne_bytes(*sample);
            }
        } else {
            for (out, sample) in row.iter_mut().zip(bytes) {
                *out = u16::from(*sample);
            }
        }
    }
}
