//! Rows and columns in another number.

use super::lowering::Lowering;
use super::numbers::size;
use super::site::{Site, no_options};
use super::value::{Lowered, Wire};
use crate::complaint::{Complaint, Remedy};

impl<'m> Lowering<'_, 'm> {
    /// `RESIZE_BILINEAR`.
    pub(super) fn bilinear(&mut self, site: &Site<'_, 'm>) -> Lowered<Wire> {
        let options = site.operator.table.builtin_options_as_resize_bilinear_options();
        let options = options.ok_or_else(no_options)?;
        let size = new_size(site)?;
        let (align, half) = (options.align_corners(), options.half_pixel_centers());
        if align && half {
            let problem = "aligns corners and the centers of pixels, which exclude each other";
            return Err(Complaint::new(problem, Remedy::Damaged));
        }
        // The runtime takes the numbers as they are.
        if let (Some((x, from)), Some(to)) = (self.whole_input(site, 0)?, site.grid()?)
            && from.signed == to.signed
            && let Some(tensor) = self.canonical.whole_bilinear((x, to), size, align, half)?
        {
            return Ok(Wire::whole(tensor, to));
        }
        let x = self.real_input(site, 0)?;
        Ok(Wire::real(self.canonical.bilinear(x, size, align, half)?))
    }

    /// `RESIZE_NEAREST_NEIGHBOR`: each row and column of the result is one of the operand's.
    pub(super) fn nearest(&mut self, site: &Site<'_, 'm>) -> Lowered<Wire> {
        let options = site.operator.table.builtin_options_as_resize_nearest_neighbor_options();
        let options = options.ok_or_else(no_options)?;
        let x = self.input(site, 0)?;
        let [_, rows, columns, _] = self.four(x)?;
        let mut tensor = x.tensor;
        for (axis, from, to) in [(1, rows, new_size(site)?[0]), (2, columns, new_size(site)?[1])] {
            let (align, half) = (options.align_corners(), options.half_pixel_centers());
            let indices: Vec<usize> =
                (0..to).map(|to_| source(to_, from, to, align, half)).collect();
            tensor = self.picked(tensor, axis, &indices)?;
        }
        Ok(x.moved(tensor))
    }
}

/// Which of `from` values stands at `index` of `to`: TensorFlow Lite's `GetNearestNeighbor`, with its
/// arithmetic in 32 bits.
#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Sides are below 2^24, and nothing is below 0.
fn source(index: usize, from: usize, to: usize, align_corners: bool, half_pixel: bool) -> usize {
    let scale = if align_corners && to > 1 {
        (from - 1) as f32 / (to - 1) as f32
    } else {
        from as f32 / to as f32
    };
    let offset = if half_pixel { 0.5 } else { 0.0 };
    let place = (index as f32 + offset) * scale;
    let place = if align_corners { place.round() } else { place.floor() };
    (place.max(0.0) as usize).min(from - 1)
}

/// The most rows or columns.
const MAX_SIZE: i64 = 1 << 14;

/// Rows and columns of the result.
fn new_size(site: &Site<'_, '_>) -> Lowered<[usize; 2]> {
    match site.numbers(1)?[..] {
        [rows, columns] if (1..=MAX_SIZE).contains(&rows) && (1..=MAX_SIZE).contains(&columns) => {
            Ok([size(rows)?, size(columns)?])
        }
        _ => Err(Complaint::new("has a new size that makes no sense", Remedy::Export)),
    }
}
