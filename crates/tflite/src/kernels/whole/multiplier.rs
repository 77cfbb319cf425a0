//! A real factor in whole numbers.

/// A factor as the official runtime keeps it (`QuantizeMultiplier`): `bits * 2^(power - 31)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Multiplier {
    /// From 2^30 to 2^31 - 1, or 0.
    pub(crate) bits: i32,
    /// At least -31.
    pub(crate) power: i32,
}
