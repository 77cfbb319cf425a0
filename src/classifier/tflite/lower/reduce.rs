//! Averages, sums and extremes along axes.

use super::super::canonical::{Binary, Reduction, Window};
use super::super::grid::Steps;
use super::quant::{ANY, places};
use super::requant::fit;
use super::{Lowered, Lowering, Step, Wire, axis, no_options};

impl<'m> Lowering<'_, 'm> {
    /// `MEAN`: over all rows and columns, an average pool; else a sum and a product.
    pub(super) fn mean(&mut self, step: &Step<'_, 'm>) -> Lowered<Wire> {
        let x = self.input(step, 0)?;
        let axes = self.axes(step, x)?;
        if x.whole.is_some()
            && let Some(steps) = step.steps()?
        {
            return self.whole_mean(step, x, &axes, steps);
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
        let tensor = self.kept(step, tensor, &axes)?;
        Ok(Wire { tensor, unit: x.unit, whole: None })
    }

    /// `MEAN` of whole numbers, with the official runtime's arithmetic: its kernel for rows and columns
    /// that are kept as sides of 1, or its kernel for all else (TensorFlow Lite's `mean.h`, `reduce.h`).
    fn whole_mean(
        &mut self,
        step: &Step<'_, 'm>,
        x: Wire,
        axes: &[usize],
        steps: Steps,
    ) -> Lowered<Wire> {
        let count: usize = axes.iter().map(|axis| self.shape(x)[*axis]).product();
        let sum = self.canonical.reduce(Reduction::Sum, x.tensor, axes)?;
        let ratio = f64::from(x.unit) / f64::from(steps.scale);
        let from = step.operator.inputs.first().copied().flatten();
        let zero = from.map_or(Ok(None), |from| self.source.tensors[from].steps())?;
        let zero = zero.map_or(0.0, |steps| steps.zero);
        let keep = step.operator.table.builtin_options_as_reducer_options();
        let keep = keep.ok_or_else(no_options)?.keep_dims();
        #[allow(clippy::cast_precision_loss)] // Below 2^26.
        let (share, count_f) = (ratio / count as f64, count as f32);
        let tensor = if keep && axes == [1, 2] && self.shape(x).len() == 4 {
            let shift = (zero * x.unit / steps.scale).round();
            let (factor, addend) = fit(share, steps.least + shift, steps.greatest + shift);
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
        let tensor = self.kept(step, tensor, axes)?;
        Ok(Wire { tensor, unit: steps.scale, whole: Some(ANY) })
    }

    /// `SUM`.
    pub(super) fn reduce_sum(&mut self, step: &Step<'_, 'm>) -> Lowered<Wire> {
        Ok(Wire { whole: None, ..self.reduce(step, Reduction::Sum)? })
    }

    /// `REDUCE_PROD`.
    pub(super) fn reduce_product(&mut self, step: &Step<'_, 'm>) -> Lowered<Wire> {
        let x = self.input(step, 0)?;
        let axes = self.axes(step, x)?;
        let real = self.real(x)?;
        let product = self.canonical.reduce(Reduction::Product, real, &axes)?;
        Ok(Wire::real(self.kept(step, product, &axes)?))
    }

    /// `REDUCE_MAX` or `REDUCE_MIN`.
    pub(super) fn reduce(&mut self, step: &Step<'_, 'm>, how: Reduction) -> Lowered<Wire> {
        let x = self.input(step, 0)?;
        let axes = self.axes(step, x)?;
        let reduced = self.canonical.reduce(how, x.tensor, &axes)?;
        Ok(x.moved(self.kept(step, reduced, &axes)?))
    }

    /// The axes that are reduced, in order, each once.
    fn axes(&self, step: &Step<'_, 'm>, x: Wire) -> Lowered<Vec<usize>> {
        let rank = self.shape(x).len();
        let axes = step.numbers(1)?;
        let mut axes: Vec<usize> =
            axes.iter().map(|number| axis(*number, rank)).collect::<Lowered<_>>()?;
        axes.sort_unstable();
        axes.dedup();
        Ok(axes)
    }

    /// Without the reduced axes, if the operator drops them.
    fn kept(&mut self, step: &Step<'_, 'm>, tensor: usize, axes: &[usize]) -> Lowered<usize> {
        let options = step.operator.table.builtin_options_as_reducer_options();
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
