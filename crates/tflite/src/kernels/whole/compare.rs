//! Comparisons of two operands on different grids.

use super::grid::Grid;
use super::multiplier::Multiplier;

/// By how many bits operands are moved left before they are multiplied by their scales.
const SHIFT: i32 = 8;

/// Both operands of `EQUAL`, `LESS` and so on, brought to one grid: what they are is then compared (TensorFlow Lite's
/// `comparisons.h`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Comparable {
    parts: [Box<[i32; 256]>; 2],
}

impl Comparable {
    /// `None` for a scale of 1 or more, which the runtime does not take.
    pub(crate) fn new(a: Grid, b: Grid) -> Option<Self> {
        let part = |grid: Grid| {
            let multiplier = Multiplier::new(f64::from(grid.scale))?;
            if !grid.is_sound() || multiplier.power > 0 {
                return None;
            }
            Some(grid.each(|steps| multiplier.times(steps << SHIFT)))
        };
        Some(Self { parts: [part(a)?, part(b)?] })
    }

    /// How the first number is to the second.
    pub(crate) fn one(&self, a: u8, b: u8) -> std::cmp::Ordering {
        self.parts[0][usize::from(a)].cmp(&self.parts[1][usize::from(b)])
    }
}

#[cfg(test)]
mod tests {
    use super::super::broadcast::Broadcast;
    use super::super::golden::check;
    use super::*;

    #[test]
    fn comparisons_are_the_runtimes() {
        check("compare", |case| {
            let made = Comparable::new(case.grid("a"), case.grid("b"))?;
            let broadcast = Broadcast::new(&case.shape("a_shape"), &case.shape("b_shape"))?;
            let mut out = vec![0; broadcast.shape().iter().product()];
            broadcast.zip(&case.bytes("a"), &case.bytes("b"), &mut out, |a, b| {
                let order = made.one(a, b);
                u8::from(match case.text("operator") {
                    "EQUAL" => order.is_eq(),
                    "NOT_EQUAL" => order.is_ne(),
                    "GREATER" => order.is_gt(),
                    "GREATER_EQUAL" => order.is_ge(),
                    "LESS" => order.is_lt(),
                    _ => order.is_le(),
                })
            });
            Some(out)
        });
    }
}
