//! Coefficients to samples, with the arithmetic of libjpeg's accurate integer transform ("islow"),
//! which all browsers have: every sample is the same as theirs.

/// Eight numbers that are worked on at once.
#[derive(Clone, Copy)]
struct Lanes([i32; 8]);

impl Lanes {
    #[inline]
    fn zip(self, other: Self, f: impl Fn(i32, i32) -> i32) -> Self {
        Self(std::array::from_fn(|i| f(self.0[i], other.0[i])))
    }

    #[inline]
    fn plus(self, other: Self) -> Self {
        self.zip(other, i32::wrapping_add)
    }

    #[inline]
    fn minus(self, other: Self) -> Self {
        self.zip(other, i32::wrapping_sub)
    }

    #[inline]
    fn times(self, factor: i32) -> Self {
        Self(self.0.map(|lane| lane.wrapping_mul(factor)))
    }

    #[inline]
    fn up(self, bits: u32) -> Self {
        Self(self.0.map(|lane| lane << bits))
    }

    /// Divided by a power of two, rounded.
    #[inline]
    fn down(self, bits: u32) -> Self {
        Self(self.0.map(|lane| lane.wrapping_add(1 << (bits - 1)) >> bits))
    }
}

// Cosines with 13 bits behind the point.
const C0_298: i32 = 2446;
const C0_390: i32 = 3196;
const C0_541: i32 = 4433;
const C0_765: i32 = 6270;
const C0_899: i32 = 7373;
const C1_175: i32 = 9633;
const C1_501: i32 = 12299;
const C1_847: i32 = 15137;
const C1_961: i32 = 16069;
const C2_053: i32 = 16819;
const C2_562: i32 = 20995;
const C3_072: i32 = 25172;
const POINT: u32 = 13;

/// One pass, over eight columns at once. `bits` are taken off the results.
#[inline]
fn pass(rows: &mut [Lanes; 8], bits: u32) {
    let z1 = rows[2].plus(rows[6]).times(C0_541);
    let tmp2 = z1.minus(rows[6].times(C1_847));
    let tmp3 = z1.plus(rows[2].times(C0_765));
    let tmp0 = rows[0].plus(rows[4]).up(POINT);
    let tmp1 = rows[0].minus(rows[4]).up(POINT);
    let even = [tmp0.plus(tmp3), tmp1.plus(tmp2), tmp1.minus(tmp2), tmp0.minus(tmp3)];

    let [o0, o1, o2, o3] = [rows[7], rows[5], rows[3], rows[1]];
    let z5 = o0.plus(o2).plus(o1.plus(o3)).times(C1_175);
    let z1 = o0.plus(o3).times(-C0_899);
    let z2 = o1.plus(o2).times(-C2_562);
    let z3 = o0.plus(o2).times(-C1_961).plus(z5);
    let z4 = o1.plus(o3).times(-C0_390).plus(z5);
    let odd = [
        o3.times(C1_501).plus(z1).plus(z4),
        o2.times(C3_072).plus(z2).plus(z3),
        o1.times(C2_053).plus(z2).plus(z4),
        o0.times(C0_298).plus(z1).plus(z3),
    ];
    for i in 0..4 {
        rows[i] = even[i].plus(odd[i]).down(bits);
        rows[7 - i] = even[i].minus(odd[i]).down(bits);
    }
}

#[inline]
fn transpose(rows: &mut [Lanes; 8]) {
    let before = *rows;
    for (y, row) in rows.iter_mut().enumerate() {
        *row = Lanes(std::array::from_fn(|x| before[x].0[y]));
    }
}

/// Writes the samples of a block to `out`, whose rows are `stride` apart. `flat`: all coefficients
/// but the first are zero.
pub(super) fn write(
    block: &[i16; 64],
    steps: &[u16; 64],
    flat: bool,
    out: &mut [u8],
    stride: usize,
) {
    if flat {
        let value = i32::from(block[0]).wrapping_mul(i32::from(steps[0]));
        let value = sample(value.wrapping_add(4) >> 3);
        for row in out.chunks_mut(stride).take(8) {
            row[..8].fill(value);
        }
        return;
    }
    let mut rows = [Lanes([0; 8]); 8];
    for (y, row) in rows.iter_mut().enumerate() {
        let at = y * 8;
        for (x, lane) in row.0.iter_mut().enumerate() {
            *lane = i32::from(block[at + x]).wrapping_mul(i32::from(steps[at + x]));
        }
    }
    pass(&mut rows, POINT - 2);
    transpose(&mut rows);
    pass(&mut rows, POINT + 5);
    transpose(&mut rows);
    for (row, values) in out.chunks_mut(stride).zip(&rows) {
        for (out, value) in row[..8].iter_mut().zip(values.0) {
            *out = sample(value);
        }
    }
}

/// A value around zero as a sample.
#[inline]
#[expect(clippy::cast_sign_loss, reason = "clamped before")]
fn sample(value: i32) -> u8 {
    value.wrapping_add(128).clamp(0, 255) as u8
}
