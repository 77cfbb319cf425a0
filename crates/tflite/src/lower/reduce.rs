//! Averages, sums and extremes along axes.

use super::lowering::Lowering;
use super::numbers::axis;
use super::site::{Site, no_options};
use super::value::{Lowered, Wire};
use crate::canonical::{Binary, Over, Reduction, Window};

impl<'m> Lowering<'_, 'm> {
    /// `MEAN`: over all rows and columns, an average pool; else a sum and a product.
    pub(super) fn mean(&mut self, site: &Site<'_, 'm>) -> Lowered<Wire> {
        let x = self.input(site, 0)?;
        let axes = self.axes(site, x)?;
        if let Some(whole) = self.whole_over(Over::Mean, site, x, &axes)? {
            return Ok(whole);
        }
        let shape = self.shape(x).to_vec();
        let x = self.real(x)?;
        let tensor = match (&axes[..], &shape[..]) {
            ([1, 2], &[_, rows, columns, _]) => {
                let size = [rows, columns];
                let window = Window { size, stride: [1, 1], dilation: [1, 1], same: false };
                self.canonical.pool(false, x, window)?
            }
            _ => {
                let count: usize = axes.iter().map(|axis| shape[*axis]).product();
                let sum = self.canonical.reduce(Reduction::Sum, x, &axes)?;
                #[allow(clippy::cast_precision_loss)] // Below 2^26.
                let share = 1.0 / count as f32;
                self.canonical.with_scalar(Binary::Mul, sum, share)?
            }
        };
        Ok(Wire::real(self.kept(site, tensor, &axes)?))
    }

    /// `SUM`, `REDUCE_PROD`, `REDUCE_MAX` or `REDUCE_MIN`.
    pub(super) fn reduce(&mut self, site: &Site<'_, 'm>, how: Reduction) -> Lowered<Wire> {
        let mut x = self.input(site, 0)?;
        let axes = self.axes(site, x)?;
        let over = match how {
            Reduction::Sum => Some(Over::Sum),
            Reduction::Product => Some(Over::Product),
            Reduction::Max | Reduction::Min => None,
        };
        if let Some(over) = over
            && let Some(whole) = self.whole_over(over, site, x, &axes)?
        {
            return Ok(whole);
        }
        if over.is_some() {
            x = Wire::real(self.real(x)?);
        }
        let reduced = self.canonical.reduce(how, x.tensor, &axes)?;
        Ok(x.moved(self.kept(site, reduced, &axes)?))
    }

    /// The mean, sum or product of whole numbers.
    fn whole_over(
        &mut self,
        over: Over,
        site: &Site<'_, 'm>,
        x: Wire,
        axes: &[usize],
    ) -> Lowered<Option<Wire>> {
        let (Some(from), Some(to)) = (x.grid, site.grid()?) else { return Ok(None) };
        if from.signed != to.signed {
            return Ok(None);
        }
        let options = site.operator.table.builtin_options_as_reducer_options();
        let kept = options.ok_or_else(no_options)?.keep_dims();
        let tensor = self.canonical.whole_over(over, (x.tensor, from), axes, kept, to)?;
        Ok(tensor.map(|tensor| Wire::whole(tensor, to)))
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
