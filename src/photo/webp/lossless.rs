//! How many groups of codes a lossless picture has. Each takes tens of kilobytes once it is decoded,
//! whatever the picture's size, and there may be 65,536 of them: so they are counted before, by
//! reading what comes before the pixels. Nothing is kept of it.

/// Where the lengths of lengths stand.
const ORDER: [usize; 19] = [17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];

/// The groups of a picture with a header of its own.
pub(super) fn groups(stream: &[u8]) -> Option<u32> {
    let mut bits = Bits { bytes: stream, at: 0 };
    if bits.take(8)? != 0x2F {
        return None;
    }
    let (width, height) = (bits.take(14)? + 1, bits.take(14)? + 1);
    bits.take(4)?;
    count(bits, width, height)
}

/// The groups of a channel of transparency, whose size is told elsewhere.
pub(super) fn groups_of_alpha(stream: &[u8], (width, height): (u32, u32)) -> Option<u32> {
    count(Bits { bytes: stream, at: 0 }, width, height)
}

fn count(mut bits: Bits, mut width: u32, height: u32) -> Option<u32> {
    let mut seen = [false; 4];
    while bits.take(1)? == 1 {
        let kind = bits.take(2)?;
        if std::mem::replace(&mut seen[kind as usize], true) {
            return None;
        }
        match kind {
            // Predictors, or colours, of squares of pixels.
            0 | 1 => {
                let size = bits.take(3)? + 2;
                picture(&mut bits, parts(width, size), parts(height, size))?;
            }
            // A palette: several pixels may share one.
            3 => {
                let colours = bits.take(8)? + 1;
                picture(&mut bits, colours, 1)?;
                width = parts(
                    width,
                    match colours {
                        ..=2 => 3,
                        3..=4 => 2,
                        5..=16 => 1,
                        _ => 0,
                    },
                );
            }
            _ => {}
        }
    }
    cache(&mut bits)?;
    if bits.take(1)? == 0 {
        return Some(1);
    }
    let size = bits.take(3)? + 2;
    Some(picture(&mut bits, parts(width, size), parts(height, size))? + 1)
}

/// How many squares with sides of two to the power of `size` a side has.
fn parts(side: u32, size: u32) -> u32 {
    (side + (1 << size) - 1) >> size
}

/// How many colours the cache has.
fn cache(bits: &mut Bits) -> Option<usize> {
    if bits.take(1)? == 0 {
        return Some(0);
    }
    let size = bits.take(4)?;
    (1..=11).contains(&size).then_some(1 << size)
}

/// Reads a picture that is no photo but says something of one. The greatest of its numbers, of red
/// and green together: what is repeated was there before, so only new pixels count.
fn picture(bits: &mut Bits, width: u32, height: u32) -> Option<u32> {
    let colours = cache(bits)?;
    let green = Code::read(bits, 256 + 24 + colours)?;
    let [red, blue, alpha] =
        [Code::read(bits, 256)?, Code::read(bits, 256)?, Code::read(bits, 256)?];
    let distance = Code::read(bits, 40)?;
    let (mut left, mut greatest) = (u64::from(width) * u64::from(height), 0);
    while left > 0 {
        match green.next(bits)? {
            level @ 0..256 => {
                greatest = greatest.max(red.next(bits)? << 8 | level);
                blue.next(bits)?;
                alpha.next(bits)?;
                left -= 1;
            }
            symbol @ 256..280 => {
                let length = long(bits, symbol - 256)?;
                let symbol = distance.next(bits)?;
                long(bits, symbol)?;
                left = left.saturating_sub(u64::from(length));
            }
            _ => left -= 1,
        }
    }
    Some(greatest)
}

/// A number of which the symbol says how many bits it has.
fn long(bits: &mut Bits, symbol: u32) -> Option<u32> {
    if symbol < 4 {
        return Some(symbol + 1);
    }
    let extra = (symbol - 2) >> 1;
    Some(((2 + (symbol & 1)) << extra) + bits.take(extra)? + 1)
}

/// A Huffman code.
struct Code {
    /// The symbols, by length and then by value.
    symbols: Vec<u16>,
    /// How many of them have each length.
    counts: [u32; 16],
}

impl Code {
    fn new(lengths: &[u8]) -> Option<Self> {
        let mut counts = [0; 16];
        let mut symbols = Vec::new();
        for length in 1..=15_u8 {
            for (symbol, _) in lengths.iter().enumerate().filter(|(_, own)| **own == length) {
                symbols.push(u16::try_from(symbol).ok()?);
                counts[usize::from(length)] += 1;
            }
        }
        // A lone symbol takes no bits.
        if symbols.len() == 1 {
            counts = [0; 16];
            counts[0] = 1;
        }
        (!symbols.is_empty()).then_some(Self { symbols, counts })
    }

    /// Reads the definition of a code of so many symbols.
    fn read(bits: &mut Bits, count: usize) -> Option<Self> {
        let mut lengths = vec![0; count];
        if bits.take(1)? == 1 {
            let two = bits.take(1)? == 1;
            let first = bits.take(1)? * 7 + 1;
            *lengths.get_mut(bits.take(first)? as usize)? = 1;
            if two {
                *lengths.get_mut(bits.take(8)? as usize)? = 1;
            }
            return Self::new(&lengths);
        }
        let mut inner = [0; 19];
        let given = bits.take(4)? as usize + 4;
        for place in ORDER.iter().take(given) {
            inner[*place] = u8::try_from(bits.take(3)?).ok()?;
        }
        let inner = Self::new(&inner)?;
        let mut tokens = count;
        if bits.take(1)? == 1 {
            let size = 2 + 2 * bits.take(3)?;
            tokens = 2 + bits.take(size)? as usize;
        }
        let (mut at, mut previous) = (0, 8);
        while at < count && tokens > 0 {
            tokens -= 1;
            let (length, times) = match inner.next(bits)? {
                16 => (previous, 3 + bits.take(2)?),
                17 => (0, 3 + bits.take(3)?),
                18 => (0, 11 + bits.take(7)?),
                length => (u8::try_from(length).ok()?, 1),
            };
            if length != 0 {
                previous = length;
            }
            let end = at + times as usize;
            lengths.get_mut(at..end)?.fill(length);
            at = end;
        }
        Self::new(&lengths)
    }

    /// The next symbol.
    fn next(&self, bits: &mut Bits) -> Option<u32> {
        let (mut code, mut first, mut place) = (0, 0, 0);
        for count in self.counts {
            if code - first < count {
                return self.symbols.get((place + code - first) as usize).map(|s| u32::from(*s));
            }
            place += count;
            first = (first + count) << 1;
            code = code << 1 | bits.take(1)?;
        }
        None
    }
}

/// Bits from the lowest of each byte on.
struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Bits<'_> {
    fn take(&mut self, count: u32) -> Option<u32> {
        let mut value = 0;
        for place in 0..count {
            let byte = self.bytes.get(self.at / 8)?;
            value |= u32::from(byte >> (self.at % 8) & 1) << place;
            self.at += 1;
        }
        Some(value)
    }
}
