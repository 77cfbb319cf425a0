//! Axes, sizes and positions in a file, checked.

use super::value::Lowered;
use crate::complaint::{Complaint, Remedy};

/// An axis, counted from the front.
pub(super) fn axis(axis: i64, rank: usize) -> Lowered<usize> {
    let from_front = if axis < 0 { axis + i64::try_from(rank).unwrap_or(0) } else { axis };
    usize::try_from(from_front)
        .ok()
        .filter(|axis| *axis < rank)
        .ok_or_else(|| Complaint::new(format!("has no axis {axis} among {rank}"), Remedy::Export))
}

/// A side or position that must not be below 0.
pub(super) fn size(value: i64) -> Lowered<usize> {
    usize::try_from(value)
        .ok()
        .filter(|value| *value < 1 << 31)
        .ok_or_else(|| Complaint::new(format!("has a size or position of {value}"), Remedy::Export))
}
