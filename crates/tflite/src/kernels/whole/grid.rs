//! What whole numbers stand for.

/// The real values that the numbers of a tensor stand for: `scale * (number - zero)`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Grid {
    /// What one step is; finite and above 0.
    pub(crate) scale: f32,
    /// The number that stands for 0, moved up by 128 where the file has `int8`.
    pub(crate) zero: i32,
    /// Whether the file has `int8`, and not `uint8`: in a few operators the runtime computes otherwise.
    pub(crate) signed: bool,
}

impl Grid {
    /// Whether the scale is a number above 0, and the zero point a number of 8 bits.
    pub(crate) fn is_sound(self) -> bool {
        self.scale > 0.0 && self.scale.is_finite() && (0..=255).contains(&self.zero)
    }

    /// What `of` makes of each number, given in steps from the one that stands for 0.
    pub(crate) fn each(self, of: impl Fn(i32) -> i32) -> Box<[i32; 256]> {
        let mut all = Box::new([0; 256]);
        for (made, number) in all.iter_mut().zip(0..) {
            *made = of(number - self.zero);
        }
        all
    }

    /// What a number stands for.
    pub(crate) fn real(self, number: u8) -> f32 {
        #[allow(clippy::cast_precision_loss)] // At most 255.
        let steps = (i32::from(number) - self.zero) as f32;
        steps * self.scale
    }

    /// By how much the file's own numbers are less than ours.
    pub(crate) fn moved(self) -> i32 {
        if self.signed { 128 } else { 0 }
    }
}
