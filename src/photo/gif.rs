//! A GIF up to its first frame, which is all that counts. Comments and what applications leave are
//! passed over; a screen that is smaller than the frame grows, as in browsers.

use std::borrow::Cow;

use super::pieces::Pieces;
use super::{Format, PhotoError};

/// The file as its decoder should see it.
pub(super) fn contents(bytes: &[u8]) -> Result<Pieces<'_>, PhotoError> {
    let cut_off = || PhotoError::corrupt(Format::Gif, "it was cut off before its end");
    let header = bytes.first_chunk::<13>().ok_or_else(cut_off)?;
    let colours = table(header[10]);
    let (start, mut rest) = bytes.split_at_checked(13 + colours).ok_or_else(cut_off)?;
    let mut control: Option<&[u8]> = None;
    loop {
        match rest {
            // An extension; the one with the label 0xF9 belongs to the frame.
            [0x21, label, tail @ ..] => {
                let after = skip_blocks(tail).ok_or_else(cut_off)?;
                if *label == 0xF9 {
                    control = Some(&rest[..rest.len() - after.len()]);
                }
                rest = after;
            }
            [0x2C, ..] => break,
            // Padding, which some writers leave between blocks.
            [0x00, tail @ ..] => rest = tail,
            [] => return Err(cut_off()),
            _ => return Err(PhotoError::corrupt(Format::Gif, "it has no picture")),
        }
    }
    let frame = rest.first_chunk::<10>().ok_or_else(cut_off)?;
    let number = |at: usize| u16::from_le_bytes([frame[at], frame[at + 1]]);
    let side = |at: usize, screen: usize| {
        let screen = u16::from_le_bytes([header[screen], header[screen + 1]]);
        screen.max(number(at).saturating_add(number(at + 4))).to_le_bytes()
    };
    let size = [side(1, 6), side(3, 8)].concat();
    let mut pieces: Vec<Cow<[u8]>> = vec![start[..6].into(), size.into()];
    pieces.extend(full(&start[10..], 0, 3));
    pieces.extend(control.map(Cow::Borrowed));
    let own = rest.split_at_checked(10 + table(frame[9]));
    let (frame, rest) = own.ok_or_else(cut_off)?;
    pieces.extend(full(frame, 9, 10));
    pieces.push(rest.into());
    Ok(Pieces::new(pieces))
}

/// A head whose flags are at `flags` and whose table of colours is at `start`, with all 256 of them:
/// what the file does not have is black, as in browsers.
fn full(head: &[u8], flags: usize, start: usize) -> [Cow<'_, [u8]>; 2] {
    if head.len() == start {
        return [head.into(), Cow::default()];
    }
    let mut begin = head.to_vec();
    begin[flags] |= 7;
    [begin.into(), vec![0; 768 - (head.len() - start)].into()]
}

/// The size of a table of colours that flags announce.
fn table(flags: u8) -> usize {
    if flags & 0x80 == 0 { 0 } else { 3 << ((flags & 7) + 1) }
}

/// What follows the blocks at the beginning, the last of which is empty.
fn skip_blocks(mut bytes: &[u8]) -> Option<&[u8]> {
    loop {
        let (length, rest) = bytes.split_first()?;
        bytes = rest.get(usize::from(*length)..)?;
        if *length == 0 {
            return Some(bytes);
        }
    }
}
