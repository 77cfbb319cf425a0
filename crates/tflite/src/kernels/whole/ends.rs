//! From real values to whole numbers, back, and from one grid to another.

use super::grid::Grid;
use super::multiplier::Multiplier;
use super::table::Table;

/// `QUANTIZE` of whole numbers. The runtime takes them sixteen at a time, and rounds halves up there; in the up
/// to fifteen behind them it rounds halves away from 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Requantise {
    sixteens: Table,
    rest: Table,
}

impl Requantise {
    /// From one grid to another. `None` for scales that are absurd.
    pub(crate) fn new(from: Grid, to: Grid) -> Option<Self> {
        if !(from.is_sound() && to.is_sound()) {
            return None;
        }
        let multiplier = Multiplier::new(f64::from(from.scale) / f64::from(to.scale))?;
        let table = |times: fn(Multiplier, i32) -> i32| {
            Table::new(|number| {
                to.zero.saturating_add(times(multiplier, i32::from(number) - from.zero))
            })
        };
        Some(Self { sixteens: table(Multiplier::times_half_up), rest: table(Multiplier::times) })
    }

    /// How many of so many numbers, from the first, the first table is for.
    pub(crate) fn in_sixteens(numbers: usize) -> usize {
        numbers - numbers % 16
    }

    /// The results for all numbers of `x`, the whole tensor.
    pub(crate) fn run(&self, x: &[u8], out: &mut [u8]) {
        let (sixteens, rest) = x.split_at(Self::in_sixteens(x.len()));
        let (out_sixteens, out_rest) = out.split_at_mut(sixteens.len().min(out.len()));
        self.sixteens.run(sixteens, out_sixteens);
        self.rest.run(rest, out_rest);
    }
}

/// `QUANTIZE` of real values. The runtime takes them eight at a time, multiplied by the scale's reciprocal
/// and halves to the even number; the up to seven behind them it divides in float64, halves away from 0.
pub(crate) fn quantise(to: Grid, x: &[f32], out: &mut [u8]) {
    let eights = x.len() - x.len() % 8;
    let once = 1.0 / to.scale;
    let number = |steps: f64| {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        // Is clamped; NaN becomes 0.
        let number = (steps + f64::from(to.zero)).clamp(0.0, 255.0) as u8;
        number
    };
    for (place, (out, x)) in out.iter_mut().zip(x).enumerate() {
        *out = if place < eights {
            number(f64::from((x * once).round_ties_even()))
        } else {
            number((f64::from(*x) / f64::from(to.scale)).round())
        };
    }
}

/// `DEQUANTIZE`. The runtime takes numbers eight at a time, and multiplies those and the zero point by the
/// scale before it subtracts; the up to seven behind them it subtracts first.
pub(crate) fn dequantise(from: Grid, x: &[u8], out: &mut [f32]) {
    let eights = x.len() - x.len() % 8;
    #[allow(clippy::cast_precision_loss)] // Of 8 bits.
    let (moved, zero) = (from.moved() as f32, (from.zero - from.moved()) as f32);
    let offset = -zero * from.scale;
    for (place, (out, x)) in out.iter_mut().zip(x).enumerate() {
        *out = if place < eights {
            (f32::from(*x) - moved) * from.scale + offset
        } else {
            from.real(*x)
        };
    }
}

#[cfg(test)]
mod tests {
    use super::super::golden::check;
    use super::*;

    #[test]
    fn ends_are_the_runtimes() {
        check("ends", |case| match case.text("operator") {
            "requantise" => {
                let table = Requantise::new(case.grid("x"), case.grid("y"))?;
                let x = case.bytes("x");
                let mut out = vec![0; x.len()];
                table.run(&x, &mut out);
                Some(out)
            }
            "quantise" => {
                let x = case.floats("x");
                let mut out = vec![0; x.len()];
                quantise(case.grid("y"), &x, &mut out);
                Some(out)
            }
            _ => {
                let x = case.bytes("x");
                let mut out = vec![0.0; x.len()];
                dequantise(case.grid("x"), &x, &mut out);
                Some(out.into_iter().flat_map(f32::to_le_bytes).collect())
            }
        });
    }
}
