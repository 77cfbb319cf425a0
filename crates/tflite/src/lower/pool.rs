//! Pools.

use super::lowering::Lowering;
use super::site::{Site, no_options};
use super::value::{Lowered, Wire};
use super::weights::whole_activation;
use super::window::{pair, window};
use crate::canonical::Pool;

impl<'m> Lowering<'_, 'm> {
    /// `AVERAGE_POOL_2D`; the padding does not count.
    pub(super) fn average_pool(&mut self, site: &Site<'_, 'm>) -> Lowered<Wire> {
        self.pool(site, false)
    }

    /// `MAX_POOL_2D`.
    pub(super) fn max_pool(&mut self, site: &Site<'_, 'm>) -> Lowered<Wire> {
        self.pool(site, true)
    }

    fn pool(&mut self, site: &Site<'_, 'm>, max: bool) -> Lowered<Wire> {
        let options = site.operator.table.builtin_options_as_pool_2_doptions();
        let options = options.ok_or_else(no_options)?;
        let size = pair([options.filter_height(), options.filter_width()])?;
        let stride = [options.stride_h(), options.stride_w()];
        let window = window(size, stride, [1, 1], options.padding())?;
        let activation = options.fused_activation_function();
        let x = self.input(site, 0)?;
        // The runtime leaves the numbers as they are, and wants both grids to be the same.
        if let (Some(from), Some(to)) = (x.grid, site.grid()?)
            && from.is_near(to)
        {
            let pool = Pool { window, activation: whole_activation(activation)? };
            let tensor = self.canonical.whole_pool(max, (x.tensor, to), pool)?;
            return Ok(Wire::whole(tensor, to));
        }
        let x = self.real(x)?;
        let tensor = self.canonical.pool(max, x, window)?;
        self.activate(tensor, activation)
    }
}
