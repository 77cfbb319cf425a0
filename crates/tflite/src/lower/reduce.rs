//! Averages, sums and extremes along axes.

use super::lowering::Lowering;
use super::numbers::axis;
use super::quant::{ANY, places};
use super::requant::fit;
use super::site::{Site, no_options};
use super::value::{Lowered, Wire};
use crate::canonical::{Binary, Reduction, Window};
use crate::grid::Grid;

impl<'m> Lowering<'_, 'm> {
    /// `MEAN`: over all rows and columns, an average pool; else a sum and a product.
    pub(super) fn mean(&mut self, site: &Site<'_, 'm>) -> Lowered<Wire> {
        let x = self.input(site, 0)?;
        let axes = self.axes(site, x)?;
        if x.whole.is_some()
            && let Some(grid) = site.grid()?
        {
            return self.whole_mean(site, x, &axes, grid);
        }
        let shape = self.shape(x).to_vec();
        let tensor = match (&axes[..], &shape[..]) {
            ([1, 2], &[_, rows, columns, _]) => {
                let size = [rows, columns];
                let window = Window { size, stride: [1, 1], dilation: [1, 1], same: false };
                self.canonical.pool(false, x.tensor, window)?
            }
            _ => {
                let count: usize = axes.iter().map(|axis| shape[*axis]).product();
                let sum = self.canonical.reduce(Reduction::Sum, x.tensor, &axes)?;
                #[allow(clippy::cast_precision_loss)] // Below 2^26.
                let share = 1.0 / count as f32;
                self.canonical.with_scalar(Binary::Mul, sum, share)?
            }
        };
        let tensor = self.kept(site, tensor, &axes)?;
        Ok(Wire { tensor, unit: x.unit, whole: None })
    }

    /// `MEAN` of whole numbers, with the official runtime's arithmetic: its kernel for rows and columns
    /// that are kept as sides of 1, or its kernel for all else (TensorFlow Lite's `mean.h`, `reduce.h`).
    fn whole_mean(
        &mut self,
        site: &Site<'_, 'm>,
        x: Wire,
        axes: &[usize],
        grid: Grid,
    ) -> Lowered<Wire> {
        let count: usize = axes.iter().map(|axis| self.shape(x)[*axis]).product();
        let sum = self.canonical.reduce(Reduction::Sum, x.tensor, axes)?;
        let ratio = f64::from(x.unit) / f64::from(grid.scale);
        let from = site.operator.inputs.first().copied().flatten();
        let zero = from.map_or(Ok(None), |from| self.source.tensors[from].grid())?;
        let zero = zero.map_or(0.0, |grid| grid.zero);
        let keep = site.operator.table.builtin_options_as_reducer_options();
        let keep = keep.ok_or_else(no_options)?.keep_dims();
        #[allow(clippy::cast_precision_loss)] // Below 2^26.
        let (share, count_f) = (ratio / count as f64, count as f32);
        let tensor = if keep && axes == [1, 2] && self.shape(x).len() == 4 {
            let shift = (zero * x.unit / grid.scale).round();
            let (factor, addend) = fit(share, grid.least + shift, grid.greatest + shift);
            let sum = self.canonical.with_scalar(Binary::Add, sum, zero * count_f)?;
            let mean = self.canonical.with_scalar(Binary::Mul, sum, factor)?;
            let mean = self.canonical.with_scalar(Binary::Add, mean, addend)?;
            let mean = self.rounded(mean)?;
            self.canonical.with_scalar(Binary::Sub, mean, shift)?
        } else {
            // The multiplier of the ratio is divided by the count, less its greatest power of two.
            let places = i32::try_from(count.ilog2()).unwrap_or(31) + places(ratio);
            let places = if ratio > 1.0 { places - exponent(ratio) } else { places };
            self.rescaled_twice(sum, share, places.max(0))?
        };
        let tensor = self.kept(site, tensor, axes)?;
        Ok(Wire { tensor, unit: grid.scale, whole: Some(ANY) })
    }

    /// `SUM`.
    pub(super) fn reduce_sum(&mut self, site: &Site<'_, 'm>) -> Lowered<Wire> {
        Ok(Wire { whole: None, ..self.reduce(site, Reduction::Sum)? })
    }

    /// `REDUCE_PROD`.
    pub(super) fn reduce_product(&mut self, site: &Site<'_, 'm>) -> Lowered<Wire> {
        let x = self.input(site, 0)?;
        let axes = self.axes(site, x)?;
        let real = self.real(x)?;
        let product = self.canonical.reduce(Reduction::Product, real, &axes)?;
        Ok(Wire::real(self.kept(site, product, &axes)?))
    }

    /// `REDUCE_MAX` or `REDUCE_MIN`.
    pub(super) fn reduce(&mut self, site: &Site<'_, 'm>, how: Reduction) -> Lowered<Wire> {
        let x = self.input(site, 0)?;
        let axes = self.axes(site, x)?;
        let reduced = self.canonical.reduce(how, x.tensor, &axes)?;
        Ok(x.moved(self.kept(site, reduced, &axes)?))
    }

    /// The axes that are reduced, in order, each once.
    fn axes(&self, site: &Site<'_, 'm>, x: Wire) -> Lowered<Vec<usize>> {
        let rank = self.shape(x).len();
        let axes = site.numbers(1)?;
        let mut axes: Vec<usize> =
            axes.iter().map(|number| axis(*number, rank)).collect::<Lowered<_>>()?;
        axes.sort_unstable();
        axes.dedup();
        Ok(axes)
    }

    /// Without the reduced axes, if the operator drops them.
    fn kept(&mut self, site: &Site<'_, 'm>, tensor: usize, axes: &[usize]) -> Lowered<usize> {
        let options = site.operator.table.builtin_options_as_reducer_options();
        if options.ok_or_else(no_options)?.keep_dims() {
            return Ok(tensor);
        }
        let shape = self.canonical.shape(tensor).iter().enumerate();
        let shape: Vec<usize> =
            shape.filter(|(axis, _)| !axes.contains(axis)).map(|(_, side)| *side).collect();
        self.canonical.reshape(tensor, &shape)
    }
}

/// The power of two that is next above a ratio above 1.
fn exponent(ratio: f64) -> i32 {
    let (mut power, mut left) = (0, ratio);
    while left >= 1.0 && power < 31 {
        left /= 2.0;
        power += 1;
    }
    power
}
