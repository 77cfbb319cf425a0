//! Squeeze-and-excite ends in a product by a factor for each channel, which only a convolution of 1x1 reads:
//! one operator together.

use super::step::{Links, Step, Work};
use crate::kernels::float::Activation;

/// The steps with products by channel as part of the convolutions behind them.
pub(super) fn scaled(steps: Vec<Step>, output: usize) -> Vec<Step> {
    let links = Links::new(&steps, output);
    let mut slots: Vec<Option<Step>> = steps.into_iter().map(Some).collect();
    for place in 0..slots.len() {
        let Some(Step { work: Work::Conv(conv), inputs, output }) = &slots[place] else { continue };
        let [x, rest @ ..] = &inputs[..] else { continue };
        if conv.images != 1 || !conv.geometry.is_pointwise() || links.reader(*x) != Some(place) {
            continue;
        }
        let Some(maker) = links.maker(*x) else { continue };
        let scale = slots[maker].as_ref().filter(|s| s.work == Work::Scale(Activation::None));
        let Some(scale) = scale else { continue };
        let inputs = scale.inputs.iter().chain(rest).copied().collect();
        let step = Step { work: Work::Scaled(conv.clone()), inputs, output: *output };
        slots[maker] = None;
        slots[place] = Some(step);
    }
    slots.into_iter().flatten().collect()
}
