//! What becomes of sums, laid out for vectors.

use crate::kernels::whole::{Finish, Multiplier};

/// A sum that no convolution of a real model reaches; beyond, shifts could overflow.
const BOUND: i64 = 1 << 30;

/// What a channel's sums go through: moved left, multiplied by `bits / 2^31` and rounded halves up, moved
/// right and rounded again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Step {
    /// What the sum starts from.
    pub(super) bias: i32,
    /// Places to the left before the product.
    pub(super) left: u32,
    /// From 2^30 to 2^31 - 1, or 0.
    pub(super) bits: i32,
    /// Places to the right after the product; 0 if there are some to the left.
    pub(super) right: u32,
    /// Whether the second rounding takes halves away from 0, and not up.
    pub(super) away: bool,
}

/// Every channel's step, and what all have in common.
#[derive(Clone, Debug)]
pub(super) struct Steps {
    pub(super) steps: Vec<Step>,
    pub(super) ends: Ends,
}

/// What all channels have in common.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ends {
    /// The result's number that stands for 0.
    pub(super) zero: i16,
    pub(super) least: u8,
    pub(super) greatest: u8,
    /// Whether a channel does not move right.
    pub(super) lefts: bool,
    /// Whether a channel rounds away from 0 at all.
    pub(super) away: bool,
}

impl Step {
    /// What becomes of sums whose amounts are at most `most`. `None` where they could leave the bounds within
    /// which vectors compute what the twin does.
    pub(super) fn new(multiplier: Multiplier, bias: i32, away: bool, most: i64) -> Option<Self> {
        let Multiplier { bits, power } = multiplier;
        if bits < 0 || !(-31..=30).contains(&power) {
            return None;
        }
        // What becomes 0 can move anywhere.
        let power = if bits == 0 { -1 } else { power };
        let (left, right) = (power.max(0).unsigned_abs(), power.min(0).unsigned_abs());
        // What is not moved left needs room for the half that is added before it moves right. Converters give
        // channels without weights biases of up to 2^30.
        let bound = if left > 0 { BOUND >> left } else { (1 << 31) - (1 << right >> 1) };
        (most < bound).then_some(Self {
            bias,
            left,
            bits,
            right,
            away: away && right > 0 && bits > 0,
        })
    }
}

impl Steps {
    /// `input_zero` is what stands for 0 as kernels see the input. `weights` says for each channel of the result: the sum of its weights, and the sum of their amounts,
    /// both less `weights_zero` each.
    ///
    /// `None` where sums could leave the bounds within which vectors compute what the twin does.
    pub(super) fn new(
        finish: &Finish,
        input_zero: i32,
        weights: impl Iterator<Item = (i64, i64)>,
    ) -> Option<Self> {
        let channels = finish.bias.len();
        let half_up = finish.rounding.half_up(channels);
        // A negative product ends at the least number, however it is rounded.
        let matters = i32::from(finish.least) < finish.zero;
        let mut steps = Vec::with_capacity(channels);
        let each = finish.bias.iter().zip(&finish.multipliers).zip(weights).enumerate();
        for (channel, ((bias, multiplier), (sum, amount))) in each {
            // Within bounds: the weights' sum is at most their amounts'.
            let start = i32::try_from(i64::from(*bias) - i64::from(input_zero) * sum).ok()?;
            let most = i64::from(*bias).abs() + 255 * amount;
            steps.push(Step::new(*multiplier, start, channel >= half_up && matters, most)?);
        }
        (steps.len() == channels).then_some(())?;
        let ends = Ends {
            zero: i16::try_from(finish.zero).ok()?,
            least: finish.least,
            greatest: finish.greatest,
            lefts: steps.iter().any(|step| step.right == 0),
            away: steps.iter().any(|step| step.away),
        };
        Some(Self { steps, ends })
    }

    /// The step of a channel; behind the last, one of a sum that is always 0.
    pub(super) fn at(&self, channel: usize) -> Step {
        self.steps.get(channel).copied().unwrap_or_default()
    }
}
