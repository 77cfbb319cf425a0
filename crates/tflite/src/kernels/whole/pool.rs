//! Pools: the mean or the greatest of a window.

use super::conv::for_each_place;
use super::grid::Grid;
use super::range::Activation;
use crate::kernels::Geometry;

/// `AVERAGE_POOL_2D`: the sum of what lies in the input, divided by how many that are. The runtime computes
/// with the file's own numbers, whatever the grids, and rounds halves away from 0: so `int8` rounds otherwise
/// than `uint8`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AveragePool {
    geometry: Geometry,
    moved: i32,
    least: u8,
    greatest: u8,
}

impl AveragePool {
    /// `grid` is the result's. `None` if the activation leaves nothing, or a window looks at too much for a
    /// sum.
    pub(crate) fn new(geometry: Geometry, grid: Grid, activation: Activation) -> Option<Self> {
        if !grid.is_sound() || !is_pool(&geometry) {
            return None;
        }
        let [rows, columns] = geometry.size;
        if rows.checked_mul(columns)? > 1 << 22 {
            return None;
        }
        let (least, greatest) = activation.range(grid)?;
        Some(Self { geometry, moved: grid.moved(), least, greatest })
    }

    /// The result for the sum of `count` numbers.
    pub(crate) fn one(&self, sum: i32, count: i32) -> u8 {
        let sum = sum - self.moved * count;
        let half = if sum > 0 { count / 2 } else { -(count / 2) };
        let number = (sum + half) / count.max(1) + self.moved;
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Is clamped to 8 bits.
        let number = number.clamp(self.least.into(), self.greatest.into()) as u8;
        number
    }

    /// `x` has rows, columns and channels of `geometry.input`, `out` those of `geometry.output`.
    pub(crate) fn run(&self, x: &[u8], out: &mut [u8]) {
        let channels = self.geometry.input[2];
        let mut sums = vec![0_i32; channels];
        for_each_place(&self.geometry, out, |window, place| {
            sums.fill(0);
            for (_, at) in window {
                for (sum, x) in sums.iter_mut().zip(&x[at * channels..]) {
                    *sum += i32::from(*x);
                }
            }
            #[allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap)] // At most 2^22.
            let count = window.len() as i32;
            for (number, sum) in place.iter_mut().zip(&sums) {
                *number = self.one(*sum, count);
            }
        });
    }

    pub(crate) fn geometry(&self) -> &Geometry {
        &self.geometry
    }
}

/// `MAX_POOL_2D`, which takes the numbers as they are, whatever the grids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MaxPool {
    geometry: Geometry,
    least: u8,
    greatest: u8,
}

impl MaxPool {
    /// `grid` is the result's. `None` if the activation leaves nothing.
    pub(crate) fn new(geometry: Geometry, grid: Grid, activation: Activation) -> Option<Self> {
        if !grid.is_sound() || !is_pool(&geometry) {
            return None;
        }
        let (least, greatest) = activation.range(grid)?;
        Some(Self { geometry, least, greatest })
    }

    /// `x` has rows, columns and channels of `geometry.input`, `out` those of `geometry.output`.
    pub(crate) fn run(&self, x: &[u8], out: &mut [u8]) {
        let channels = self.geometry.input[2];
        for_each_place(&self.geometry, out, |window, place| {
            place.fill(self.least);
            for (_, at) in window {
                for (number, x) in place.iter_mut().zip(&x[at * channels..]) {
                    *number = (*x).max(*number);
                }
            }
            for number in place {
                *number = (*number).min(self.greatest);
            }
        });
    }

    pub(crate) fn geometry(&self) -> &Geometry {
        &self.geometry
    }
}

/// Whether as many channels come out as go in.
fn is_pool(geometry: &Geometry) -> bool {
    geometry.input[2] == geometry.output[2]
}

#[cfg(test)]
mod tests {
    use super::super::golden::check;
    use super::*;

    #[test]
    fn pools_are_the_runtimes() {
        check("pool", |case| {
            let (geometry, grid, x) = (case.geometry(), case.grid("x"), case.bytes("x"));
            let mut out = vec![0; geometry.places() * geometry.output[2]];
            match case.text("operator") {
                "MAX_POOL_2D" => MaxPool::new(geometry, grid, case.activation())?.run(&x, &mut out),
                _ => AveragePool::new(geometry, grid, case.activation())?.run(&x, &mut out),
            }
            Some(out)
        });
    }
}
