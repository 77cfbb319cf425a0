//! Operators of one number at a time: a result for each of the 256 numbers.

use super::grid::Grid;

/// What becomes of each number.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Table(Box<[u8; 256]>);

impl Table {
    /// `f` says the result for each number; it is clamped to 8 bits.
    pub(crate) fn new(f: impl Fn(u8) -> i32) -> Self {
        let mut table = Box::new([0; 256]);
        for (to, number) in table.iter_mut().zip(0..=255) {
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Is clamped.
            let number = f(number).clamp(0, 255) as u8;
            *to = number;
        }
        Self(table)
    }

    /// `f` of real values, as the runtime fills its own tables (`LUTPopulate` of TensorFlow Lite's `common.h`).
    pub(crate) fn of(from: Grid, to: Grid, f: impl Fn(f32) -> f32) -> Self {
        let once = 1.0 / to.scale;
        Self::new(|number| {
            let steps = (f(from.real(number)) * once).round();
            #[allow(clippy::cast_possible_truncation)] // Saturates; NaN becomes 0.
            let steps = steps as i32;
            steps.saturating_add(to.zero)
        })
    }

    /// All results, in order.
    pub(crate) fn numbers(&self) -> &[u8; 256] {
        &self.0
    }

    /// The result for a number.
    pub(crate) fn one(&self, number: u8) -> u8 {
        self.0[usize::from(number)]
    }

    /// The results for all numbers of `x`.
    pub(crate) fn run(&self, x: &[u8], out: &mut [u8]) {
        for (out, x) in out.iter_mut().zip(x) {
            *out = self.one(*x);
        }
    }
}

impl std::fmt::Debug for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Table").finish_non_exhaustive()
    }
}
