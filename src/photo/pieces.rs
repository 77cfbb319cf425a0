//! A file without what does not matter, as its decoder should see it: pieces of the bytes, and a few
//! new ones between them, read one after the other without a copy of the whole.

use std::borrow::Cow;
use std::io::{BufRead, Error, ErrorKind, Read, Result, Seek, SeekFrom};

/// Pieces of a file.
#[derive(Default)]
pub(super) struct Pieces<'a> {
    list: Vec<Cow<'a, [u8]>>,
    /// Where each begins, and the end of all.
    starts: Vec<u64>,
    end: u64,
    /// The piece that is read, and how far.
    current: usize,
    offset: usize,
}

impl<'a> Pieces<'a> {
    pub(super) fn new(pieces: Vec<Cow<'a, [u8]>>) -> Self {
        let mut end = 0;
        let mut starts = Vec::with_capacity(pieces.len());
        for piece in &pieces {
            starts.push(end);
            end += piece.len() as u64;
        }
        Self { list: pieces, starts, end, current: 0, offset: 0 }
    }

    fn place(&self) -> u64 {
        self.starts.get(self.current).map_or(self.end, |start| start + self.offset as u64)
    }
}

impl Read for Pieces<'_> {
    fn read(&mut self, out: &mut [u8]) -> Result<usize> {
        let mut from = self.fill_buf()?;
        let count = from.read(out)?;
        self.consume(count);
        Ok(count)
    }
}

impl BufRead for Pieces<'_> {
    fn fill_buf(&mut self) -> Result<&[u8]> {
        while self.list.get(self.current).is_some_and(|piece| piece.len() == self.offset) {
            self.current += 1;
            self.offset = 0;
        }
        Ok(self.list.get(self.current).map_or(&[], |piece| &piece[self.offset..]))
    }

    fn consume(&mut self, count: usize) {
        self.offset += count;
    }
}

impl Seek for Pieces<'_> {
    fn seek(&mut self, to: SeekFrom) -> Result<u64> {
        let place = match to {
            SeekFrom::Start(place) => Some(place),
            SeekFrom::End(by) => self.end.checked_add_signed(by),
            SeekFrom::Current(by) => self.place().checked_add_signed(by),
        };
        let place = place.ok_or_else(|| Error::from(ErrorKind::InvalidInput))?;
        self.current = self.starts.partition_point(|start| *start <= place).saturating_sub(1);
        let start = self.starts.get(self.current).copied().unwrap_or_default();
        let length = self.list.get(self.current).map_or(0, |piece| piece.len());
        self.offset = usize::try_from(place - start).unwrap_or(usize::MAX).min(length);
        Ok(place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_read_like_a_file() {
        let pieces = || Pieces::new(vec![b"one"[..].into(), Cow::Owned(vec![]), b"two"[..].into()]);
        let mut all = String::new();
        pieces().read_to_string(&mut all).unwrap();
        assert_eq!(all, "onetwo");
        for start in 0..=7 {
            let mut pieces = pieces();
            let mut rest = String::new();
            assert_eq!(pieces.seek(SeekFrom::Start(start)).unwrap(), start);
            pieces.read_to_string(&mut rest).unwrap();
            assert_eq!(rest, "onetwo"[usize::try_from(start).unwrap().min(6)..]);
        }
        let mut pieces = pieces();
        assert_eq!(pieces.seek(SeekFrom::End(-2)).unwrap(), 4);
        assert_eq!(pieces.seek(SeekFrom::Current(-3)).unwrap(), 1);
        assert!(pieces.seek(SeekFrom::Current(-2)).is_err());
    }
}
