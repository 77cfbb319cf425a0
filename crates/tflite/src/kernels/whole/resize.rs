//! `RESIZE_BILINEAR`: `int8` in multiples of 2^-10 of a place, `uint8` in float32.

use super::grid::Grid;

/// Where one row or column of the result lies: between two of the input, and how far from the first to the
/// second, in 1024ths or whole.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Between<T> {
    places: [usize; 2],
    far: T,
}

/// The rows and columns of the result.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Places<T> {
    rows: Vec<Between<T>>,
    columns: Vec<Between<T>>,
}

/// `RESIZE_BILINEAR` on one grid.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ResizeBilinear {
    places: Kind,
    input: [usize; 3],
}

#[derive(Clone, Debug, PartialEq)]
enum Kind {
    /// `ResizeBilinearInteger` of TensorFlow Lite's `reference/resize_bilinear.h`.
    Signed(Places<i32>),
    /// `ResizeBilinearGenericSmallChannel` of its `optimized/resize_bilinear.h`.
    Unsigned(Places<f32>),
}

impl ResizeBilinear {
    /// `input` are rows, columns and channels, `output` rows and columns. `None` for a size of 0, or one that
    /// the runtime's numbers of 32 bits do not hold, and for corners and centers at once, which it refuses.
    pub(crate) fn new(
        grid: Grid,
        input: [usize; 3],
        output: [usize; 2],
        align_corners: bool,
        half_pixel_centers: bool,
    ) -> Option<Self> {
        if align_corners && half_pixel_centers {
            return None;
        }
        let sides = [input[0], input[1]];
        let places = if grid.signed {
            Kind::Signed(Places::of(sides, output, |from, to| {
                fine(from, to, align_corners, half_pixel_centers)
            })?)
        } else {
            Kind::Unsigned(Places::real(sides, output, align_corners, half_pixel_centers)?)
        };
        Some(Self { places, input })
    }

    /// `x` has the input's rows, columns and channels, `out` the result's.
    pub(crate) fn run(&self, x: &[u8], out: &mut [u8]) {
        match &self.places {
            Kind::Signed(places) => places.run(self.input, x, out, |row, column| {
                let (down, right) = (i64::from(row), i64::from(column));
                let (up, left) = (1024 - down, 1024 - right);
                let weights = [up * left, up * right, down * left, down * right];
                move |numbers: [u8; 4]| {
                    let sum: i64 =
                        (0..4).map(|of| (i64::from(numbers[of]) - 128) * weights[of]).sum();
                    // Halves are rounded away from 0 in the file's own numbers.
                    let half = if sum > 0 { 1 << 19 } else { -(1 << 19) };
                    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Clamped.
                    let rounded = ((sum + half) / (1 << 20) + 128).clamp(0, 255) as u8;
                    rounded
                }
            }),
            Kind::Unsigned(places) => places.run(self.input, x, out, |down, right| {
                let (up, left) = (1.0 - down, 1.0 - right);
                let weights = [up * left, up * right, down * left, down * right];
                move |numbers: [u8; 4]| {
                    let part = |of: usize| f32::from(numbers[of]) * weights[of];
                    let sum = part(0) + part(1) + part(2) + part(3) + 0.5;
                    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Saturates.
                    let rounded = sum as u8;
                    rounded
                }
            }),
        }
    }
}

impl Places<f32> {
    /// In float32.
    pub(crate) fn real(
        from: [usize; 2],
        to: [usize; 2],
        align_corners: bool,
        half_pixel_centers: bool,
    ) -> Option<Self> {
        Self::of(from, to, |from, to| real(from, to, align_corners, half_pixel_centers))
    }
}

impl<T: Copy> Places<T> {
    /// Rows and columns, each by `axis`, which is given how many there are and how many are made of them.
    fn of(
        from: [usize; 2],
        to: [usize; 2],
        axis: impl Fn(i32, i32) -> Option<Vec<Between<T>>>,
    ) -> Option<Self> {
        let size =
            |size: usize| i32::try_from(size).ok().filter(|size| (1..1 << 20).contains(size));
        let rows = axis(size(from[0])?, size(to[0])?)?;
        Some(Self { rows, columns: axis(size(from[1])?, size(to[1])?)? })
    }

    /// Calls what `weigh` gives for how far down and right a place lies, for each channel, with the numbers
    /// above left, above right, below left and below right.
    pub(crate) fn run<N: Copy, F: Fn([N; 4]) -> N>(
        &self,
        [_, width, channels]: [usize; 3],
        x: &[N],
        out: &mut [N],
        weigh: impl Fn(T, T) -> F,
    ) {
        let mut places = out.chunks_exact_mut(channels.max(1));
        for row in &self.rows {
            for column in &self.columns {
                let Some(place) = places.next() else { return };
                let starts = [(0, 0), (0, 1), (1, 0), (1, 1)]
                    .map(|(r, c)| (row.places[r] * width + column.places[c]) * channels);
                let weigh = weigh(row.far, column.far);
                for (channel, number) in place.iter_mut().enumerate() {
                    *number = weigh(starts.map(|start| x[start + channel]));
                }
            }
        }
    }
}

/// One axis in 1024ths.
fn fine(from: i32, to: i32, align: bool, centers: bool) -> Option<Vec<Between<i32>>> {
    let step = if align && to > 1 {
        (1024 * (from - 1) + (to - 1) / 2) / (to - 1)
    } else {
        (1024 * from + to / 2) / to
    };
    let start = if centers { step / 2 - 512 } else { 0 };
    let between = |place: i32| {
        let at = place.checked_mul(step)?.checked_add(start)?;
        // Divisions go towards 0, as those of C do.
        let low = (at / 1024).max(0);
        let high = at.checked_add(1023)? / 1024;
        Some(Between { places: inside(low, high, from)?, far: at - 1024 * low })
    };
    (0..to).map(between).collect()
}

/// One axis in float32.
#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation)] // Below 2^20.
fn real(from: i32, to: i32, align: bool, centers: bool) -> Option<Vec<Between<f32>>> {
    let step =
        if align && to > 1 { (from - 1) as f32 / (to - 1) as f32 } else { from as f32 / to as f32 };
    let between = |place: i32| {
        let at = if centers { (place as f32 + 0.5) * step - 0.5 } else { place as f32 * step };
        let low = (at.floor() as i32).max(0);
        Some(Between { places: inside(low, at.ceil() as i32, from)?, far: at - low as f32 })
    };
    (0..to).map(between).collect()
}

/// Two places of an axis, the second at most the last.
fn inside(low: i32, high: i32, size: i32) -> Option<[usize; 2]> {
    let high = high.min(size - 1);
    (low < size).then_some([usize::try_from(low).ok()?, usize::try_from(high).ok()?])
}

#[cfg(test)]
mod tests {
    use super::super::golden::check;
    use super::*;

    #[test]
    fn resizing_is_the_runtimes() {
        check("resize", |case| {
            let input = <[usize; 3]>::try_from(case.shape("input")).unwrap();
            let output = <[usize; 2]>::try_from(case.shape("output")).unwrap();
            let (corners, centers) = (case.flag("corners"), case.flag("centers"));
            let made = ResizeBilinear::new(case.grid("x"), input, output, corners, centers)?;
            let mut out = vec![0; output[0] * output[1] * input[2]];
            made.run(&case.bytes("x"), &mut out);
            Some(out)
        });
    }
}
