//! Pools.

use super::super::canonical::Binary;
use super::window::{pair, window};
use super::{Lowered, Lowering, Step, Wire, no_options};

impl<'m> Lowering<'_, 'm> {
    /// `AVERAGE_POOL_2D`; the padding does not count.
    pub(super) fn average_pool(&mut self, step: &Step<'_, 'm>) -> Lowered<Wire> {
        self.pool(step, false)
    }

    /// `MAX_POOL_2D`.
    pub(super) fn max_pool(&mut self, step: &Step<'_, 'm>) -> Lowered<Wire> {
        self.pool(step, true)
    }

    fn pool(&mut self, step: &Step<'_, 'm>, max: bool) -> Lowered<Wire> {
        let options = step.operator.table.builtin_options_as_pool_2_doptions();
        let options = options.ok_or_else(no_options)?;
        let x = self.input(step, 0)?;
        let size = pair([options.filter_height(), options.filter_width()])?;
        let stride = [options.stride_h(), options.stride_w()];
        let window = window(size, stride, [1, 1], options.padding())?;
        let mut tensor = self.canonical.pool(max, x.tensor, window)?;
        if let (Some(_), Some(steps), false) = (x.whole, step.steps()?, max) {
            // The official runtime rounds halves away from the number 0, not from what stands for it.
            tensor = self.canonical.with_scalar(Binary::Add, tensor, steps.zero)?;
            tensor = self.away(tensor, 1.0)?;
            tensor = self.canonical.with_scalar(Binary::Sub, tensor, steps.zero)?;
        }
        let whole = x.whole;
        let wire = Wire { tensor, unit: x.unit, whole };
        self.snap(wire, step.outputs[0], Some(options.fused_activation_function()))
    }
}
