//! Activations that only clamp.

use super::grid::Grid;

/// The activation that is part of another operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Activation {
    None,
    /// At least 0.
    Relu,
    /// From 0 to 6.
    Relu6,
    /// From -1 to 1.
    ReluN1To1,
}

impl Activation {
    /// The least and the greatest number that it leaves on `grid` (`CalculateActivationRangeQuantized` of
    /// TensorFlow Lite's `kernel_util.cc`). `None` where a bound is no number of 32 bits, which the runtime refuses
    /// too, or where the range is empty.
    pub(crate) fn range(self, grid: Grid) -> Option<(u8, u8)> {
        let (least, greatest) = match self {
            Self::None => (None, None),
            Self::Relu => (Some(0.0), None),
            Self::Relu6 => (Some(0.0), Some(6.0)),
            Self::ReluN1To1 => (Some(-1.0), Some(1.0)),
        };
        let number = |real: f32| {
            let steps = (real / grid.scale).round();
            #[allow(clippy::cast_possible_truncation)] // Is within 32 bits.
            (steps.abs() < 2_147_483_648.0).then(|| grid.zero.saturating_add(steps as i32))
        };
        let least = least.map_or(Some(0), number)?.max(0);
        let greatest = greatest.map_or(Some(255), number)?.min(255);
        let (least, greatest) = (u8::try_from(least).ok()?, u8::try_from(greatest).ok()?);
        (least <= greatest).then_some((least, greatest))
    }
}
