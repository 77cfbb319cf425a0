//! A WebP's container, checked before its decoder sees it: the decoder believes the sizes it reads
//! there, and takes memory for them.
//!
//! One size is left to it, that of a lossy picture's partitions: at most 16 MiB of zeros, which the
//! system never hands out, as the read that should fill them fails first.

use super::{Format, PhotoError};

/// The container without what follows it, once every chunk is known to be there and every lossy
/// picture to fit the canvas.
pub(super) fn contents(bytes: &[u8]) -> Result<&[u8], PhotoError> {
    let cut_off = || PhotoError::corrupt(Format::WebP, "it was cut off before its end");
    let size = length(bytes, 4).ok_or_else(cut_off)?;
    // The last chunk's padding is not worth a rejection.
    let end = (size + 8).min(bytes.len());
    if size + 8 > bytes.len() + 1 {
        return Err(cut_off());
    }
    let container = &bytes[..end];
    let canvas = canvas(container);
    for chunk in Chunks(container.get(12..).ok_or_else(cut_off)?) {
        let (name, payload) = chunk.ok_or_else(cut_off)?;
        let frame = match name {
            b"VP8 " => lossy_size(payload),
            b"ANMF" => {
                let mut inner = Chunks(payload.get(16..).ok_or_else(cut_off)?).flatten();
                inner.find(|(name, _)| *name == b"VP8 ").and_then(|(_, data)| lossy_size(data))
            }
            _ => None,
        };
        if let (Some(frame), Some(canvas)) = (frame, canvas)
            && (frame.0 > canvas.0 || frame.1 > canvas.1)
        {
            return Err(PhotoError::corrupt(Format::WebP, "a picture is larger than its canvas"));
        }
    }
    Ok(container)
}

/// What the decoder holds for each pixel beside its output.
pub(super) fn decoder_bytes_per_pixel(bytes: &[u8]) -> u64 {
    match bytes.get(12..16) {
        // Luma, and chroma at half the resolution, in whole blocks.
        Some(b"VP8 ") => 2,
        // RGBA, and the transforms' smaller pictures.
        Some(b"VP8L") => 6,
        // An animation's canvas and frame, with the frame's own planes.
        _ => 12,
    }
}

/// The canvas of the extended form, which alone can disagree with its pictures.
fn canvas(container: &[u8]) -> Option<(u32, u32)> {
    if container.get(12..16)? != b"VP8X" {
        return None;
    }
    let side = |at: usize| {
        let bytes = container.get(at..at + 3)?;
        Some(u32::from_le_bytes([bytes[0], bytes[1], bytes[2], 0]) + 1)
    };
    Some((side(24)?, side(27)?))
}

/// The size of a lossy picture, from its own header.
fn lossy_size(payload: &[u8]) -> Option<(u32, u32)> {
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

/// The chunks of a container: names and payloads, and `None` for one that is cut off.
struct Chunks<'a>(&'a [u8]);

impl<'a> Iterator for Chunks<'a> {
    type Item = Option<(&'a [u8; 4], &'a [u8])>;

    fn next(&mut self) -> Option<Self::Item> {
        let name = self.0.first_chunk::<4>()?;
        let chunk = length(self.0, 4).and_then(|size| Some((name, self.0.get(8..8 + size)?)));
        self.0 = match chunk {
            Some((_, payload)) => self.0.get(8 + payload.len().next_multiple_of(2)..),
            None => None,
        }
        .unwrap_or_default();
        Some(chunk)
    }
}
