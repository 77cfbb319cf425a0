//! Blocks of coefficients, as scans have them: whole ones in a baseline file; in a progressive one
//! some of the coefficients, or one more bit of those that are known.

use super::Fault;
use super::bits::{Bits, Table};

/// Where the coefficients of a block belong, in the order in which they are stored.
pub(super) const ZIGZAG: [usize; 64] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20,
    13, 6, 7, 14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59,
    52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
];

/// A number as a coefficient: those of sound files fit.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "others are damaged, and wrap as in libjpeg")]
fn coefficient(value: i32) -> i16 {
    value as i16
}

/// The difference of a first coefficient from the one before it.
#[inline]
fn difference(bits: &mut Bits, table: &Table) -> Result<i32, Fault> {
    match bits.symbol(table)? {
        size @ 0..=15 => Ok(bits.signed(u32::from(size))),
        _ => Err(Fault::Damaged),
    }
}

/// Reads a block of a baseline scan; `block` is all zeros. Whether only its first coefficient is
/// other than zero.
#[inline]
pub(super) fn whole(
    bits: &mut Bits,
    dc: &Table,
    ac: &Table,
    prediction: &mut i32,
    block: &mut [i16; 64],
) -> Result<bool, Fault> {
    *prediction = prediction.wrapping_add(difference(bits, dc)?);
    block[0] = coefficient(*prediction);
    let (mut at, mut flat) = (1, true);
    while at < 64 {
        let symbol = bits.symbol(ac)?;
        let (run, size) = (usize::from(symbol >> 4), u32::from(symbol & 15));
        if size == 0 {
            if run != 15 {
                break;
            }
            at += 16;
            continue;
        }
        at += run;
        let value = bits.signed(size);
        block[*ZIGZAG.get(at).ok_or(Fault::Damaged)?] = coefficient(value);
        flat = false;
        at += 1;
    }
    Ok(flat)
}

/// The first bits of a block's first coefficient.
pub(super) fn first_dc(
    bits: &mut Bits,
    dc: &Table,
    prediction: &mut i32,
    low: u32,
) -> Result<i16, Fault> {
    *prediction = prediction.wrapping_add(difference(bits, dc)?);
    Ok(coefficient(prediction.wrapping_shl(low)))
}

/// A band of coefficients of a progressive scan, and how many blocks without any are still to come.
pub(super) struct Band {
    pub first: usize,
    pub last: usize,
    pub low: u32,
    pub empty: i32,
}

impl Band {
    /// The first bits of a block's coefficients.
    pub(super) fn begin(
        &mut self,
        bits: &mut Bits,
        ac: &Table,
        block: &mut [i16; 64],
    ) -> Result<(), Fault> {
        if self.empty > 0 {
            self.empty -= 1;
            return Ok(());
        }
        let mut at = self.first;
        while at <= self.last {
            let symbol = bits.symbol(ac)?;
            let (run, size) = (usize::from(symbol >> 4), u32::from(symbol & 15));
            match (run, size) {
                (15, 0) => at += 16,
                (_, 0) => {
                    self.empty = (1 << run) - 1 + bits.bits(u32::from(symbol >> 4));
                    return Ok(());
                }
                _ => {
                    at += run;
                    let value = bits.signed(size).wrapping_shl(self.low);
                    block[*ZIGZAG.get(at).ok_or(Fault::Damaged)?] = coefficient(value);
                    at += 1;
                }
            }
        }
        Ok(())
    }

    /// One more bit of a block's coefficients.
    pub(super) fn refine(
        &mut self,
        bits: &mut Bits,
        ac: &Table,
        block: &mut [i16; 64],
    ) -> Result<(), Fault> {
        let unit = coefficient(1 << self.low);
        let mut at = self.first;
        if self.empty == 0 {
            while at <= self.last {
                let symbol = bits.symbol(ac)?;
                let (mut run, size) = (symbol >> 4, symbol & 15);
                let fresh = match size {
                    0 if run != 15 => {
                        self.empty = (1 << run) + bits.bits(u32::from(run));
                        break;
                    }
                    0 => 0,
                    _ if bits.bit() => unit,
                    _ => -unit,
                };
                // Past `run` zeros, and the bits of all that are known among them.
                while at <= self.last {
                    let known = &mut block[ZIGZAG[at]];
                    if *known != 0 {
                        correct(bits, known, unit);
                    } else if run == 0 {
                        break;
                    } else {
                        run -= 1;
                    }
                    at += 1;
                }
                if fresh != 0 {
                    *ZIGZAG.get(at).and_then(|at| block.get_mut(*at)).ok_or(Fault::Damaged)? =
                        fresh;
                }
                at += 1;
            }
        }
        if self.empty > 0 {
            for place in ZIGZAG.get(at..=self.last).unwrap_or_default() {
                let known = &mut block[*place];
                if *known != 0 {
                    correct(bits, known, unit);
                }
            }
            self.empty -= 1;
        }
        Ok(())
    }
}

/// Reads the next bit of a coefficient that is not zero.
#[inline]
fn correct(bits: &mut Bits, known: &mut i16, unit: i16) {
    if bits.bit() && *known & unit == 0 {
        *known = known.wrapping_add(if *known > 0 { unit } else { -unit });
    }
}
