//! From real values to whole numbers, back, and from one grid to another.

use super::grid::Grid;
use super::multiplier::Multiplier;
use super::table::Table;

/// `QUANTIZE` of whole numbers: those of grid `from` on grid `to`. `None` for scales that are absurd.
pub(crate) fn requantise(from: Grid, to: Grid) -> Option<Table> {
    if !(from.is_sound() && to.is_sound()) {
        return None;
    }
    let multiplier = Multiplier::new(f64::from(from.scale) / f64::from(to.scale))?;
    Some(Table::new(|number| to.zero.saturating_add(multiplier.times(i32::from(number) - from.zero))))
}

/// `QUANTIZE` of real values. The runtime takes them eight at a time, and rounds those otherwise than the up
/// to seven behind them.
pub(crate) fn quantise(to: Grid, x: &[f32], out: &mut [u8]) {
    let eights = x.len() - x.len() % 8;
    let once = 1.0 / to.scale;
    #[allow(clippy::cast_precision_loss)] // Of 8 bits.
    let zero = to.zero as f32;
    for (place, (out, x)) in out.iter_mut().zip(x).enumerate() {
        let steps = match place < eights {
            true => (x * once).round_ties_even(),
            false => (x / to.scale).round(),
        };
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Is clamped; NaN becomes 0.
        let number = (steps + zero).clamp(0.0, 255.0) as u8;
        *out = number;
    }
}

/// `DEQUANTIZE`.
pub(crate) fn dequantise(from: Grid, x: &[u8], out: &mut [f32]) {
    for (out, x) in out.iter_mut().zip(x) {
        *out = from.real(*x);
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
                let table = requantise(case.grid("x"), case.grid("y"))?;
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
