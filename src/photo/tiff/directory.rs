//! A TIFF's first directory: which tags it has, and their values, read where they lie in the file.
//!
//! Nothing is copied, so a tag may announce any number of values: those that are asked for must be
//! in the file.

use super::fault::{corrupt, cut_off, raw};
use crate::photo::PhotoError;

const NEW_SUBFILE_TYPE: u16 = 254;
const SUB_IFDS: u16 = 330;
const DNG_VERSION: u16 = 50706;

/// More tags than any writer knows.
const MOST_TAGS: u64 = 4096;

/// Which byte of a number comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// The least.
    Little,
    /// The greatest.
    Big,
}

impl Order {
    /// The whole number that at most eight bytes say.
    pub(super) fn number(self, bytes: &[u8]) -> u64 {
        let join = |number: u64, byte: &u8| number << 8 | u64::from(*byte);
        match self {
            Self::Little => bytes.iter().rev().fold(0, join),
            Self::Big => bytes.iter().fold(0, join),
        }
    }
}

/// The first directory of a file.
pub(super) struct Directory<'a> {
    bytes: &'a [u8],
    order: Order,
    /// The bytes of a number that says where or how many; values that fit into it lie in its place.
    wide: u64,
    entries: Vec<Entry>,
}

struct Entry {
    tag: u16,
    kind: u64,
    count: u64,
    /// Where the values would lie if they fit into the entry.
    at: u64,
}

/// The values of one tag.
#[derive(Clone, Copy)]
pub(super) struct Values<'a> {
    bytes: &'a [u8],
    order: Order,
    size: usize,
    whole: bool,
}

impl<'a> Directory<'a> {
    /// Finds the directory, and turns away what begins like a TIFF and is a camera's RAW file, of
    /// which this directory may show a mere thumbnail.
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self, PhotoError> {
        if bytes.get(8..10) == Some(b"CR") {
            return Err(raw());
        }
        let order = if bytes.starts_with(b"II") { Order::Little } else { Order::Big };
        let number = |at: u64, size: u64| number(bytes, order, at, size).ok_or_else(cut_off);
        // BigTIFF: all that says where and how many is as wide again.
        let big = number(2, 2)? == 43;
        let wide = if big { 8 } else { 4 };
        let (start, first) = if big { (number(8, 8)?, 8) } else { (number(4, 4)?, 2) };
        let count = number(start, first)?;
        if count > MOST_TAGS {
            return Err(corrupt(format!("it announces {count} tags")));
        }
        let entry_size = 4 + 2 * wide;
        let mut entries = Vec::new();
        for index in 0..count {
            let at = start + first + index * entry_size;
            entries.push(Entry {
                tag: u16::try_from(number(at, 2)?).map_err(|_| cut_off())?,
                kind: number(at + 2, 2)?,
                count: number(at + 4, wide)?,
                at: at + 4 + wide,
            });
            // The value itself, which may be the file's last bytes.
            number(at + 4 + wide, wide)?;
        }
        let directory = Self { bytes, order, wide, entries };
        directory.turn_raw_away()?;
        Ok(directory)
    }

    fn turn_raw_away(&self) -> Result<(), PhotoError> {
        // The lowest bit: a smaller version of another page.
        let reduced =
            self.number(NEW_SUBFILE_TYPE).ok().flatten().is_some_and(|kind| kind & 1 == 1);
        if self.has(DNG_VERSION) || (reduced && self.has(SUB_IFDS)) {
            return Err(raw());
        }
        Ok(())
    }

    /// Which byte of a number comes first, in the file's samples too.
    pub(super) fn order(&self) -> Order {
        self.order
    }

    pub(super) fn has(&self, tag: u16) -> bool {
        self.entries.iter().any(|entry| entry.tag == tag)
    }

    /// The values of a tag; none if it is missing or empty. They are all in the file.
    pub(super) fn values(&self, tag: u16) -> Result<Option<Values<'a>>, PhotoError> {
        let mut entries = self.entries.iter().filter(|entry| entry.tag == tag);
        let Some(entry) = entries.next() else { return Ok(None) };
        if entries.next().is_some() {
            // Some take the first, others the last.
            return Err(corrupt(format!("its tag {tag} is there twice")));
        }
        let size: usize = match entry.kind {
            3 | 8 => 2,
            4 | 9 | 11 | 13 => 4,
            5 | 10 | 12 | 16..=18 => 8,
            // Bytes of several meanings, and types that are not known.
            _ => 1,
        };
        let length = entry.count.checked_mul(size as u64).ok_or_else(cut_off)?;
        let at = match length {
            0 => return Ok(None),
            length if length <= self.wide => entry.at,
            _ => number(self.bytes, self.order, entry.at, self.wide).ok_or_else(cut_off)?,
        };
        Ok(Some(Values {
            bytes: slice(self.bytes, at, length).ok_or_else(cut_off)?,
            order: self.order,
            size,
            whole: matches!(entry.kind, 1 | 3 | 4 | 7 | 13 | 16 | 18),
        }))
    }

    /// The first value of a tag, a whole number.
    pub(super) fn number(&self, tag: u16) -> Result<Option<u64>, PhotoError> {
        let Some(values) = self.values(tag)? else { return Ok(None) };
        match values.get(0) {
            Some(value) => Ok(Some(value)),
            None => Err(corrupt(format!("its tag {tag} is no whole number"))),
        }
    }
}

impl<'a> Values<'a> {
    pub(super) fn len(&self) -> usize {
        self.bytes.len() / self.size
    }

    /// The value at an index, if there is one and it is a whole number.
    pub(super) fn get(&self, index: usize) -> Option<u64> {
        let start = index.checked_mul(self.size)?;
        let bytes = self.bytes.get(start..start.checked_add(self.size)?)?;
        self.whole.then(|| self.order.number(bytes))
    }

    /// All values, up to the first that is no whole number.
    pub(super) fn iter(&self) -> impl Iterator<Item = u64> {
        (0..self.len()).map_while(|index| self.get(index))
    }

    /// What lies in the file.
    pub(super) fn bytes(&self) -> &'a [u8] {
        self.bytes
    }
}

/// The bytes from a place on, if all of them are there.
pub(super) fn slice(bytes: &[u8], at: u64, length: u64) -> Option<&[u8]> {
    let at = usize::try_from(at).ok()?;
    bytes.get(at..at.checked_add(usize::try_from(length).ok()?)?)
}

fn number(bytes: &[u8], order: Order, at: u64, size: u64) -> Option<u64> {
    Some(order.number(slice(bytes, at, size)?))
}
