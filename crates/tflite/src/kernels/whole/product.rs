//! Products over axes.

use super::axes::Axes;
use super::grid::Grid;
use super::multiplier::Multiplier;

/// `REDUCE_PROD` of `int8`, rescaled at each step (`QuantizedReduceProd` of TensorFlow Lite's `optimized/reduce.h`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Product {
    axes: Axes,
    multiplier: Multiplier,
    from_zero: i32,
    zero: i32,
}

/// The product of a factor and a number of 64 bits: 16 bits of the factor, rounded once, halves up
/// (`MultiplyByQuantizedMultiplier` of `int64`). Of what does not fit the lower 32 bits are left.
fn times(multiplier: Multiplier, x: i64) -> i32 {
    let bits = (multiplier.bits.saturating_add(1 << 15) >> 16).min(0x7fff);
    let shift = 15 - multiplier.power.min(14);
    #[allow(clippy::cast_possible_truncation)] // As the runtime does it.
    let product = (x.wrapping_mul(i64::from(bits)).wrapping_add(1 << (shift - 1)) >> shift) as i32;
    product
}

impl Product {
    /// `reduced` says which axes of `shape` go. `None` where the runtime refuses the types, or would overflow,
    /// or where no axis goes.
    pub(crate) fn new(from: Grid, to: Grid, shape: &[usize], reduced: &[bool]) -> Option<Self> {
        let sound = [from, to].iter().all(|grid| grid.is_sound() && grid.signed);
        if !sound || !reduced.contains(&true) {
            return None;
        }
        let axes = Axes::new(shape, reduced)?;
        let count = i32::try_from(axes.each()).ok()?;
        let root = f64::from(to.scale).powf(1.0 / f64::from(count));
        let multiplier = Multiplier::new(f64::from(from.scale) / root)?;
        Some(Self { axes, multiplier, from_zero: from.zero, zero: to.zero })
    }

    /// How many numbers the result has.
    pub(crate) fn results(&self) -> usize {
        self.axes.results()
    }

    /// The results for a whole tensor.
    pub(crate) fn run(&self, x: &[u8], out: &mut [u8]) {
        // The runtime drops axes of one, and copies where no others go, whatever the grids.
        if self.axes.each() == 1 {
            out.iter_mut().zip(x).for_each(|(out, x)| *out = *x);
            return;
        }
        let mut products = vec![None; self.axes.results()];
        self.axes.fold(x, &mut products, |product, x| {
            let steps = i32::from(*x) - self.from_zero;
            *product = Some(match *product {
                None => steps,
                Some(product) => times(self.multiplier, i64::from(steps) * i64::from(product)),
            });
        });
        for (out, product) in out.iter_mut().zip(products) {
            let steps = times(self.multiplier, product.unwrap_or(0).into());
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Is clamped.
            let number = self.zero.saturating_add(steps).clamp(0, 255) as u8;
            *out = number;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::golden::check;
    use super::*;

    #[test]
    fn products_over_axes_are_the_runtimes() {
        check("product", |case| {
            let (from, to, shape) = (case.grid("x"), case.grid("y"), case.shape("shape"));
            let axes = case.shape("axes");
            let reduced: Vec<bool> = (0..shape.len()).map(|axis| axes.contains(&axis)).collect();
            let made = Product::new(from, to, &shape, &reduced)?;
            let mut out = vec![0; made.results()];
            made.run(&case.bytes("x"), &mut out);
            Some(out)
        });
    }
}
