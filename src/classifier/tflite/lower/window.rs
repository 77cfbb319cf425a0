//! Strides, dilations and paddings, checked.

use tract_tflite::tflite::Padding;

use super::super::canonical::Window;
use super::{EXPORT, Lowered};

/// The greatest stride, dilation, or side of a window.
const MAX_STEP: i32 = 4096;

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
        _ => return Err((format!("has a padding that does not exist, {}", padding.0), EXPORT)),
    };
    if size.iter().any(|side| !(1..=MAX_STEP.unsigned_abs() as usize).contains(side)) {
        return Err((format!("has a window of {size:?}"), EXPORT));
    }
    Ok(Window { size, stride: pair(stride)?, dilation: pair(dilation)?, same })
}

/// Two steps, each at least 1.
pub(super) fn pair(steps: [i32; 2]) -> Lowered<[usize; 2]> {
    let mut result = [0; 2];
    for (step, result) in steps.iter().zip(&mut result) {
        *result = usize::try_from(*step)
            .ok()
            .filter(|_| (1..=MAX_STEP).contains(step))
            .ok_or_else(|| (format!("has a stride, dilation or window of {step}"), EXPORT))?;
    }
    Ok(result)
}
