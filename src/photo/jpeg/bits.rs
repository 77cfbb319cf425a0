//! Bits of a scan, and the Huffman codes in them.

use super::Fault;

/// Codes of up to this many bits are looked up at once.
const FAST: u32 = 9;

/// A Huffman code, ready to decode with.
pub(super) struct Table {
    /// For each beginning of nine bits: the length of its code in the upper byte and the symbol in
    /// the lower; zero where the code is longer.
    fast: [u16; 1 << FAST],
    /// For each length, where its codes end, as beginnings of 16 bits.
    ends: [u32; 17],
    /// For each length, the place of its first symbol, less its first code.
    offsets: [i32; 17],
    symbols: [u8; 256],
}

impl Table {
    /// The code of a definition: how many codes each length from 1 to 16 has, then the symbols.
    pub(super) fn new(definition: &[u8]) -> Option<Self> {
        let (counts, listed) = definition.split_at_checked(16)?;
        let mut table =
            Self { fast: [0; 1 << FAST], ends: [0; 17], offsets: [0; 17], symbols: [0; 256] };
        table.symbols.get_mut(..listed.len())?.copy_from_slice(listed);
        let (mut code, mut place) = (0_u32, 0_u32);
        for (length, count) in (1_u32..).zip(counts) {
            let count = u32::from(*count);
            // More codes than the bits can tell apart.
            if code + count > 1 << length {
                return None;
            }
            table.offsets[length as usize] = place.cast_signed() - code.cast_signed();
            if length <= FAST {
                for step in 0..count {
                    let symbol = *listed.get((place + step) as usize)?;
                    let entry = u16::try_from(length << 8).ok()? | u16::from(symbol);
                    let from = ((code + step) << (FAST - length)) as usize;
                    table.fast[from..from + (1 << (FAST - length))].fill(entry);
                }
            }
            code += count;
            place += count;
            table.ends[length as usize] = code << (16 - length);
            code <<= 1;
        }
        (place as usize == listed.len()).then_some(table)
    }
}

/// Reads bits from the bytes between two markers. Behind their end there are zeros, which are
/// counted, so that a cut is noticed.
pub(super) struct Bits<'a> {
    rest: &'a [u8],
    /// The next bits, from the top.
    buffer: u64,
    count: u32,
    /// How many of the bits in the buffer, and before, the bytes did not have.
    missing: u32,
}

impl<'a> Bits<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, buffer: 0, count: 0, missing: 0 }
    }

    /// How many whole bytes were not used.
    pub(super) fn left(&self) -> usize {
        self.rest.len() + (self.count.saturating_sub(self.missing) / 8) as usize
    }

    /// Fails if more bits were used than there are.
    pub(super) fn check(&self) -> Result<(), Fault> {
        if self.missing > self.count { Err(Fault::CutOff) } else { Ok(()) }
    }

    /// Makes sure of at least 32 bits.
    #[inline]
    fn fill(&mut self) {
        if self.count >= 32 {
            return;
        }
        if let Some(next) = self.rest.first_chunk::<4>() {
            let word = u32::from_be_bytes(*next);
            // No byte of it is 0xFF: none of the complement is zero.
            let inverse = !word;
            if inverse.wrapping_sub(0x0101_0101) & !inverse & 0x8080_8080 == 0 {
                self.buffer |= u64::from(word) << (32 - self.count);
                self.count += 32;
                self.rest = &self.rest[4..];
                return;
            }
        }
        self.fill_slowly();
    }

    fn fill_slowly(&mut self) {
        while self.count <= 56 {
            let byte = match self.rest {
                // A byte 0xFF is followed by a zero, with other bytes 0xFF between at most.
                [0xFF, rest @ ..] => {
                    let fill = rest.iter().take_while(|byte| **byte == 0xFF).count();
                    self.rest = rest.get(fill + 1..).unwrap_or_default();
                    0xFF
                }
                [byte, rest @ ..] => {
                    self.rest = rest;
                    *byte
                }
                [] => {
                    self.missing = self.missing.saturating_add(64 - self.count);
                    self.count = 64;
                    return;
                }
            };
            self.buffer |= u64::from(byte) << (56 - self.count);
            self.count += 8;
        }
    }

    #[inline]
    fn drop(&mut self, count: u32) {
        self.buffer <<= count;
        self.count -= count;
    }

    /// The next symbol; afterwards there are at least 16 bits more.
    #[inline]
    pub(super) fn symbol(&mut self, table: &Table) -> Result<u8, Fault> {
        self.fill();
        let entry = table.fast[(self.buffer >> (64 - FAST)) as usize];
        if entry != 0 {
            self.drop(u32::from(entry >> 8));
            return Ok(entry.to_le_bytes()[0]);
        }
        self.long_symbol(table)
    }

    fn long_symbol(&mut self, table: &Table) -> Result<u8, Fault> {
        let [high, low, ..] = self.buffer.to_be_bytes();
        let beginning = u32::from(u16::from_be_bytes([high, low]));
        for length in FAST + 1..=16 {
            if beginning < table.ends[length as usize] {
                let code = (beginning >> (16 - length)).cast_signed();
                let place = usize::try_from(code + table.offsets[length as usize]);
                self.drop(length);
                return place
                    .ok()
                    .and_then(|place| table.symbols.get(place).copied())
                    .ok_or(Fault::Damaged);
            }
        }
        Err(if self.missing > 0 { Fault::CutOff } else { Fault::Damaged })
    }

    /// The next `count` bits, at most 16.
    #[inline]
    pub(super) fn bits(&mut self, count: u32) -> i32 {
        if count == 0 {
            return 0;
        }
        if self.count < count {
            self.fill();
        }
        let value = i32::try_from(self.buffer >> (64 - count)).unwrap_or_default();
        self.drop(count);
        value
    }

    /// The next bit.
    #[inline]
    pub(super) fn bit(&mut self) -> bool {
        self.bits(1) == 1
    }

    /// A number of `count` bits, at most 16, in the form that JPEG has for signed ones. Comes after a
    /// symbol: so there are as many.
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "at most 16 bits are left")]
    pub(super) fn signed(&mut self, count: u32) -> i32 {
        let value = (self.buffer >> 1 >> (63 - count)) as i32;
        // Without a leading one it is negative.
        let below = if self.buffer >> 63 == 0 { (1 << count) - 1 } else { 0 };
        self.drop(count);
        value - below
    }
}
