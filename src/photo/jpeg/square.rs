//! A block while it is transformed.

// See `wide`.
#![allow(clippy::inline_always)]

use std::num::Wrapping;

/// Numbers of a block. What is done to all columns alike is written as a loop over them, of which a
/// compiler makes instructions for several at once.
pub(super) type Square = [[i32; 8]; 8];

/// Binary places behind the point of the transforms' cosines.
pub(super) const POINT: u32 = 13;

/// Coefficients as numbers.
#[inline(always)]
pub(super) fn scale(block: &[i16], steps: &[u16], rows: &mut Square) {
    let blocks = block.as_chunks::<8>().0.iter().zip(steps.as_chunks::<8>().0);
    for (row, (coefficients, steps)) in rows.iter_mut().zip(blocks) {
        *row = std::array::from_fn(|x| i32::from(coefficients[x]).wrapping_mul(steps[x].into()));
    }
}

/// A value around zero as a sample.
#[inline(always)]
#[expect(clippy::cast_sign_loss, reason = "clamped before")]
pub(super) fn sample(value: i32) -> u8 {
    value.wrapping_add(128).clamp(0, 255) as u8
}

/// Rounded, with so many bits less.
#[inline(always)]
pub(super) fn down(sum: Wrapping<i32>, bits: u32) -> i32 {
    (sum + Wrapping(1 << (bits - 1))).0 >> bits
}

/// Rows to columns.
#[inline(always)]
pub(super) fn turned<const N: usize>(rows: &[[i32; 8]; N]) -> [[i32; N]; 8] {
    std::array::from_fn(|y| std::array::from_fn(|x| rows[x][y]))
}
