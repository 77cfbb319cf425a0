//! Pools.

use super::lowering::Lowering;
use super::site::{Site, no_options};
use super::value::{Lowered, Wire};
use super::window::{pair, window};
use crate::canonical::Binary;

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
        let x = self.input(site, 0)?;
        let size = pair([options.filter_height(), options.filter_width()])?;
        let stride = [options.stride_h(), options.stride_w()];
        let window = window(size, stride, [1, 1], options.padding())?;
        let mut tensor = self.canonical.pool(max, x.tensor, window)?;
        if let (Some(_), Some(grid), false) = (x.whole, site.grid()?, max) {
            // The official runtime rounds halves away from the number 0, not from what stands for it.
            tensor = self.canonical.with_scalar(Binary::Add, tensor, grid.zero)?;
            tensor = self.away(tensor, 1.0)?;
            tensor = self.canonical.with_scalar(Binary::Sub, tensor, grid.zero)?;
        }
        let whole = x.whole;
        let wire = Wire { tensor, unit: x.unit, whole };
        self.snap(wire, site.outputs[0], Some(options.fused_activation_function()))
    }
}
