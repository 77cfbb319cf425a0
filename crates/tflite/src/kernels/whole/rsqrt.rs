//! One over a square root, in whole numbers.

use super::grid::Grid;
use super::multiplier::{Multiplier, high, left};
use super::table::Table;

/// By how many bits the root is moved left.
const SHIFT: i32 = 20;

/// `RSQRT` (`RsqrtEvalQuantizedInt8` of TensorFlow Lite's `elementwise.cc`). Of 0 it is the greatest number. Of what is
/// below 0 the runtime refuses to compute; here it is the greatest number, too.
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

/// The factor `1 / sqrt(x)` of a number that is not below 0, by five steps of Newton's method in fixed point
/// (`GetInvSqrtQuantizedMultiplierExp` of TensorFlow Lite's `common.cc`). That of 0 is 1.
pub(super) fn inverse_root(mut x: i32) -> Multiplier {
    if x <= 1 {
        return Multiplier { bits: i32::MAX, power: 0 };
    }
    let mut down = 11;
    while x >= 1 << 29 {
        x /= 4;
        down += 1;
    }
    // `x` has at least two bits and at most 29.
    #[allow(clippy::cast_possible_wrap)] // At most 31.
    let pairs = (x.leading_zeros() as i32 - 1) / 2 - 1;
    down -= pairs;
    x <<= 2 * pairs;
    // Reals with three bits before the point: 1 is 2^28.
    let half_x = (x >> 1) / 2 + ((x >> 1) & 1);
    let mut root = 1 << 28;
    for _ in 0..5 {
        let cube = left(high(high(root, root), root), 6);
        root = left(high((1 << 28) + (1 << 27), root).wrapping_sub(high(half_x, cube)), 3);
    }
    // Half the square root of 2.
    let mut bits = high(root, 1_518_500_250);
    if down < 0 {
        bits = bits.wrapping_shl(down.unsigned_abs());
        down = 0;
    }
    Multiplier { bits, power: -down }
}

#[cfg(test)]
mod tests {
    use super::inverse_root;

    #[test]
    fn roots_are_near_and_no_number_ends_it() {
        for x in (2..2000).chain([1 << 28, (1 << 29) + 1, i32::MAX]) {
            let root = inverse_root(x);
            let real = f64::from(root.bits) * f64::from(root.power - 31).exp2();
            let off = real * f64::from(x).sqrt() - 1.0;
            assert!(off.abs() < 1e-4, "{x}: {root:?} {off}");
        }
        assert_eq!(inverse_root(-7), inverse_root(1));
    }
}
