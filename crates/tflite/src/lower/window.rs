//! Strides, dilations and paddings, checked.

use tract_tflite::tflite::Padding;

use super::value::Lowered;
use crate::canonical::Window;
use crate::complaint::{Complaint, Remedy};

/// The greatest stride, dilation, or side of a window.
const MAX_SIZE: i32 = 4096;

/// A window from an operator's settings.
pub(super) fn window(
    size: [usize; 2],
    stride: [i32; 2],
    dilation: [i32; 2],
    padding: Padding,
) -> Lowered<Window> {
    let same = match padding {
        Padding::SAME => true,
        Padding::VALID => false,
        _ => {
            return Err(Complaint::new(
                format!("has a padding that does not exist, {}", padding.0),
                Remedy::Export,
            ));
        }
    };
    if size.iter().any(|side| !(1..=MAX_SIZE.unsigned_abs() as usize).contains(side)) {
        return Err(Complaint::new(format!("has a window of {size:?}"), Remedy::Export));
    }
    Ok(Window { size, stride: pair(stride)?, dilation: pair(dilation)?, same })
}

/// Two sizes, each at least 1.
pub(super) fn pair(sizes: [i32; 2]) -> Lowered<[usize; 2]> {
    let mut result = [0; 2];
    for (size, result) in sizes.iter().zip(&mut result) {
        *result = usize::try_from(*size)
            .ok()
            .filter(|_| (1..=MAX_SIZE).contains(size))
            .ok_or_else(|| {
                Complaint::new(
                    format!("has a stride, dilation or window of {size}"),
                    Remedy::Export,
                )
            })?;
    }
    Ok(result)
}
