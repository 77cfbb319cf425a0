//! `RSQRT` in whole numbers.

use super::grid::Grid;
use super::multiplier::Multiplier;
use super::table::Table;

/// By how many bits the root is moved left.
const SHIFT: i32 = 20;

/// `1 / sqrt(x)` (`RsqrtEvalQuantizedInt8` of TFLite's `elementwise.cc`). Of 0 it is the greatest number. Of
/// what is below 0 the runtime refuses to compute; here it is the greatest number, too.
pub(super) fn table(from: Grid, to: Grid) -> Option<Table> {
    let scale = 1.0 / f64::from(from.scale.sqrt() * to.scale);
    let multiplier = Multiplier::new(scale)?;
    let multiplier = Multiplier { power: multiplier.power - SHIFT, ..multiplier };
    if multiplier.power < -31 {
        return None;
    }
    Some(Table::new(|number| match i32::from(number) - from.zero {
        ..=0 => 255,
        steps => {
            let inverse = inverse_root(steps);
            let root = Multiplier { power: inverse.power + SHIFT, ..inverse }.times(1);
            to.zero.saturating_add(multiplier.times(root))
        }
    }))
}

/// The factor `1 / sqrt(x)` of a number from 1 to 255.
pub(super) fn inverse_root(x: i32) -> Multiplier {
    let real = 1.0 / f64::from(x).sqrt();
    Multiplier::new(real).unwrap_or(Multiplier { bits: 0, power: 0 })
}
