//! `CONCATENATION`: parts brought to one grid.

use super::grid::Grid;
use super::table::Table;

/// What becomes of the numbers of a part (`ConcatenationWithScaling` of TensorFlow Lite's `concatenation.h`), in
/// float32. `None` where the runtime refuses grids that differ, as it does for `int8`, or a scale is absurd.
pub(crate) fn joined(from: Grid, to: Grid) -> Option<Table> {
    if !(from.is_sound() && to.is_sound()) {
        return None;
    }
    if from == to {
        return Some(Table::new(i32::from));
    }
    if from.signed || to.signed {
        return None;
    }
    let scale = from.scale * (1.0 / to.scale);
    #[allow(clippy::cast_precision_loss)] // Of 8 bits.
    let bias = -(from.zero as f32) * scale;
    Some(Table::new(|number| {
        #[allow(clippy::cast_possible_truncation)] // Saturates.
        let steps = (f32::from(number) * scale + bias).round() as i32;
        steps.saturating_add(to.zero)
    }))
}

#[cfg(test)]
mod tests {
    use super::super::golden::check;
    use super::*;

    #[test]
    fn joining_is_the_runtimes() {
        check("concat", |case| {
            let (a, b) = (case.bytes("a"), case.bytes("b"));
            let mut out = vec![0; a.len() + b.len()];
            let (first, second) = out.split_at_mut(a.len());
            joined(case.grid("a"), case.grid("y"))?.run(&a, first);
            joined(case.grid("b"), case.grid("y"))?.run(&b, second);
            Some(out)
        });
    }
}
