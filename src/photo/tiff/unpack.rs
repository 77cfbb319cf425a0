//! The bytes of a chunk, unpacked as they are asked for: row by row, and never more than that.

use std::borrow::Cow;

use flate2::{Decompress, FlushDecompress, Status};
use weezl::{BitOrder, LzwStatus, decode};

use super::fault::{corrupt, cut_off};
use crate::photo::PhotoError;

/// A chunk's bytes, and how far they are read.
pub(super) struct Packed<'a> {
    bytes: Cow<'a, [u8]>,
    at: usize,
}

impl<'a> Packed<'a> {
    /// The bytes as they are, or with the bits of each in reverse order.
    pub(super) fn new(bytes: &'a [u8], mirrored: bool) -> Self {
        let bytes = if mirrored {
            bytes.iter().map(|byte| byte.reverse_bits()).collect::<Vec<_>>().into()
        } else {
            bytes.into()
        };
        Self { bytes, at: 0 }
    }

    fn rest(&self) -> &[u8] {
        &self.bytes[self.at..]
    }

    fn take(&mut self, count: usize) -> Result<&[u8], PhotoError> {
        let end = self.at.checked_add(count).ok_or_else(cut_off)?;
        let taken = self.bytes.get(self.at..end).ok_or_else(cut_off)?;
        self.at = end;
        Ok(taken)
    }
}

/// What unpacks chunks, one after the other.
pub(super) enum Unpacker {
    /// The bytes are not packed.
    Plain,
    Runs(Runs),
    Lzw(Lzw),
    Deflate(Box<Decompress>),
}

impl Unpacker {
    pub(super) fn runs() -> Self {
        Self::Runs(Runs::Done)
    }

    pub(super) fn lzw() -> Self {
        Self::Lzw(Lzw { usual: None, old: None, is_old: false })
    }

    pub(super) fn deflate() -> Self {
        Self::Deflate(Box::new(Decompress::new(true)))
    }

    /// Forgets what was before a chunk.
    pub(super) fn begin(&mut self, packed: &Packed<'_>) {
        match self {
            Self::Plain => {}
            Self::Runs(runs) => *runs = Runs::Done,
            Self::Lzw(lzw) => lzw.begin(packed.rest()),
            Self::Deflate(inflater) => inflater.reset(true),
        }
    }

    /// Fills `out` with the bytes that come next.
    pub(super) fn fill(
        &mut self,
        packed: &mut Packed<'_>,
        out: &mut [u8],
    ) -> Result<(), PhotoError> {
        match self {
            Self::Plain => out.copy_from_slice(packed.take(out.len())?),
            Self::Runs(runs) => runs.fill(packed, out)?,
            Self::Lzw(lzw) => lzw.fill(packed, out)?,
            Self::Deflate(inflater) => inflate(inflater, packed, out)?,
        }
        Ok(())
    }
}

fn inflate(
    inflater: &mut Decompress,
    packed: &mut Packed<'_>,
    mut out: &mut [u8],
) -> Result<(), PhotoError> {
    while !out.is_empty() {
        let (read, written) = (inflater.total_in(), inflater.total_out());
        let status = inflater
            .decompress(packed.rest(), out, FlushDecompress::None)
            .map_err(|_| corrupt("what was deflated cannot be inflated"))?;
        let read = usize::try_from(inflater.total_in() - read).unwrap_or(usize::MAX);
        let written = usize::try_from(inflater.total_out() - written).unwrap_or(usize::MAX);
        packed.take(read)?;
        out = out.get_mut(written..).unwrap_or_default();
        if !out.is_empty() && (status == Status::StreamEnd || (read == 0 && written == 0)) {
            return Err(missing(packed));
        }
    }
    Ok(())
}

/// Why there is nothing left of a chunk before its last row.
fn missing(packed: &Packed<'_>) -> PhotoError {
    if packed.rest().is_empty() { cut_off() } else { corrupt("pixels are missing") }
}

/// How often the decoder may neither read nor write. It reads eight bytes ahead, which hold seven
/// codes; one that it takes from there shows only when it is called again, and it says that there was
/// no progress.
const MOST_IDLE: u32 = 16;

/// The two kinds of LZW: the usual one, and the one that writers had before there was a standard.
pub(super) struct Lzw {
    usual: Option<decode::Decoder>,
    old: Option<decode::Decoder>,
    is_old: bool,
}

impl Lzw {
    fn begin(&mut self, bytes: &[u8]) {
        // Both begin with the code that clears the table, 256 in nine bits, from either end.
        self.is_old = bytes.first() == Some(&0) && bytes.get(1).is_some_and(|byte| byte & 1 == 1);
        if let Some(decoder) = if self.is_old { &mut self.old } else { &mut self.usual } {
            decoder.reset();
        }
    }

    fn fill(&mut self, packed: &mut Packed<'_>, mut out: &mut [u8]) -> Result<(), PhotoError> {
        let configuration = |configuration: decode::Configuration| {
            // Not every writer ends a chunk as it should.
            configuration.with_yield_on_full_buffer(true).build()
        };
        let decoder = if self.is_old {
            self.old
                .get_or_insert_with(|| configuration(decode::Configuration::new(BitOrder::Lsb, 8)))
        } else {
            self.usual.get_or_insert_with(|| {
                configuration(decode::Configuration::with_tiff_size_switch(BitOrder::Msb, 8))
            })
        };
        let mut idle = 0;
        while !out.is_empty() {
            let result = decoder.decode_bytes(packed.rest(), out);
            packed.take(result.consumed_in)?;
            out = out.get_mut(result.consumed_out..).unwrap_or_default();
            idle = if result.consumed_in + result.consumed_out == 0 { idle + 1 } else { 0 };
            match result.status {
                Err(_) => return Err(corrupt("what was packed with LZW cannot be unpacked")),
                Ok(LzwStatus::Done) if !out.is_empty() => return Err(missing(packed)),
                Ok(_) if idle > MOST_IDLE => return Err(missing(packed)),
                Ok(_) => {}
            }
        }
        Ok(())
    }
}

/// `PackBits`: what is left of a run that the row before did not take.
pub(super) enum Runs {
    Done,
    /// So many bytes as they are.
    Literal(usize),
    /// So many times this byte.
    Repeat(usize, u8),
}

impl Runs {
    fn fill(&mut self, packed: &mut Packed<'_>, mut out: &mut [u8]) -> Result<(), PhotoError> {
        while !out.is_empty() {
            let (written, left) = match *self {
                Self::Done => {
                    let head = packed.take(1)?[0].cast_signed();
                    *self = match head {
                        0.. => Self::Literal(usize::from(head.unsigned_abs()) + 1),
                        // Does nothing.
                        i8::MIN => Self::Done,
                        _ => {
                            let byte = packed.take(1)?[0];
                            Self::Repeat(usize::from(head.unsigned_abs()) + 1, byte)
                        }
                    };
                    continue;
                }
                Self::Literal(count) => {
                    let written = count.min(out.len());
                    out[..written].copy_from_slice(packed.take(written)?);
                    (written, Self::Literal(count - written))
                }
                Self::Repeat(count, byte) => {
                    let written = count.min(out.len());
                    out[..written].fill(byte);
                    (written, Self::Repeat(count - written, byte))
                }
            };
            *self = match left {
                Self::Literal(0) | Self::Repeat(0, _) => Self::Done,
                left => left,
            };
            out = &mut out[written..];
        }
        Ok(())
    }
}
