//! A TIFF's first directory, checked before its decoder sees it: the decoder takes memory for as
//! many values as an entry announces, and a camera's RAW file begins with a mere thumbnail.

use super::{Format, PhotoError};

const NEW_SUBFILE_TYPE: u16 = 254;
const SUB_IFDS: u16 = 330;
const DNG_VERSION: u16 = 50706;

/// Private tags begin here: metadata that the decoder does not look at.
const PRIVATE: u16 = 32768;
const XMP: u16 = 700;

/// More values than any tag has that describes pixels: strips, mostly, of which there may be one a
/// row.
const MAX_VALUES: usize = 1 << 18;

/// Turns away what the decoder should not see.
pub(super) fn check(bytes: &[u8]) -> Result<(), PhotoError> {
    if bytes.get(8..10) == Some(b"CR") {
        return Err(raw());
    }
    let tiff = Tiff { bytes, little: bytes.starts_with(b"II") };
    if tiff.short(2) != Some(42) {
        return Err(PhotoError::unsupported_variety(Format::Tiff, "BigTIFF"));
    }
    let cut_off = || PhotoError::corrupt(Format::Tiff, "it was cut off before its end");
    let start = tiff.long(4).ok_or_else(cut_off)?;
    let count = usize::from(tiff.short(start).ok_or_else(cut_off)?);
    let (mut reduced, mut has_others) = (false, false);
    for index in 0..count {
        let entry = tiff.entry(start + 2 + index * 12).ok_or_else(cut_off)?;
        match entry.tag {
            // The lowest bit: a smaller version of another page.
            NEW_SUBFILE_TYPE => reduced = entry.value & 1 == 1,
            SUB_IFDS => has_others = true,
            DNG_VERSION => return Err(raw()),
            _ => {}
        }
        if entry.tag == XMP || entry.tag >= PRIVATE {
            continue;
        }
        if entry.count > MAX_VALUES {
            let words = format!("its tag {} has {} values", entry.tag, entry.count);
            return Err(PhotoError::corrupt(Format::Tiff, words));
        }
        // Four bytes fit in the entry; what is longer lies elsewhere.
        let size = entry.count * entry.value_size;
        if size > 4 && entry.value.saturating_add(size) > bytes.len() {
            return Err(cut_off());
        }
    }
    if reduced && has_others { Err(raw()) } else { Ok(()) }
}

fn raw() -> PhotoError {
    PhotoError::UnsupportedFormat {
        what: "a camera's RAW file".into(),
        advice: "develop it into a JPEG and upload that".into(),
    }
}

struct Tiff<'a> {
    bytes: &'a [u8],
    little: bool,
}

struct Entry {
    tag: u16,
    value_size: usize,
    count: usize,
    /// The value, or where it is if it is long.
    value: usize,
}

impl Tiff<'_> {
    fn short(&self, at: usize) -> Option<u16> {
        let bytes = self.bytes.get(at..at.checked_add(2)?)?.try_into().ok()?;
        Some(if self.little { u16::from_le_bytes(bytes) } else { u16::from_be_bytes(bytes) })
    }

    fn long(&self, at: usize) -> Option<usize> {
        let bytes = self.bytes.get(at..at.checked_add(4)?)?.try_into().ok()?;
        let value = if self.little { u32::from_le_bytes(bytes) } else { u32::from_be_bytes(bytes) };
        usize::try_from(value).ok()
    }

    fn entry(&self, at: usize) -> Option<Entry> {
        let value_size = match self.short(at + 2)? {
            3 | 8 => 2,
            4 | 9 | 11 | 13 => 4,
            5 | 10 | 12 | 16..=18 => 8,
            // Bytes of several meanings, and types that are not known and so not read.
            _ => 1,
        };
        let (tag, count, value) = (self.short(at)?, self.long(at + 4)?, self.long(at + 8)?);
        Some(Entry { tag, value_size, count, value })
    }
}
