//! `HARD_SWISH` in numbers of 16 bits.

use super::grid::Grid;
use super::multiplier::Multiplier;
use super::table::Table;

/// `x * clamp(x + 3, 0, 6) / 6` (TensorFlow Lite's `hard_swish.h`). Reals between -1 and 1 are multiples of 2^-15.
pub(super) fn table(from: Grid, to: Grid) -> Option<Table> {
    let fine = from.scale * (1.0 / 128.0);
    let result = Short::new(fine / to.scale)?;
    let gate = Short::new(fine / (3.0 / 32768.0))?;
    if result.power > 0 {
        return None;
    }
    Some(Table::new(|number| {
        let x = (i32::from(number) - from.zero) << 7;
        let mut open = x;
        // Moved left by all but one bit, multiplied, and moved left by the last: only there it may saturate.
        if gate.power > 0 {
            open = saturate(open << (gate.power - 1).min(15));
        }
        open = high(open, gate.bits);
        match gate.power {
            1.. => open = saturate(open << 1),
            power => open = divide(open, -power),
        }
        // From -1..1 to 0..1.
        let open = (open + (1 << 15)) >> 1;
        let product = open * high(x, result.bits) / (1 << 15);
        to.zero.saturating_add(divide(product, -result.power))
    }))
}

/// A multiplier of 16 bits: `bits * 2^(power - 15)`.
struct Short {
    bits: i32,
    power: i32,
}

impl Short {
    fn new(real: f32) -> Option<Self> {
        let Multiplier { bits, power } = Multiplier::new(f64::from(real))?;
        let rounded = bits.saturating_add(1 << 15) >> 16;
        Some(Self { bits: rounded, power })
    }
}

/// The upper half of a product of two numbers of 16 bits, doubled and rounded, halves up.
fn high(a: i32, b: i32) -> i32 {
    (a * b + (1 << 14)) >> 15
}

/// Divided by 2^`power`, rounded to the nearest, halves away from 0.
fn divide(x: i32, power: i32) -> i32 {
    let power = power.min(31);
    let half = (1_i64 << power) >> 1;
    #[allow(clippy::cast_possible_truncation)] // Not greater than `x`.
    let rounded = ((i64::from(x) + half - i64::from(power > 0 && x < 0)) >> power) as i32;
    rounded
}

fn saturate(x: i32) -> i32 {
    x.clamp(i16::MIN.into(), i16::MAX.into())
}
