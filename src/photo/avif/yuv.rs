//! Planes of brightness and colour to RGB: channels of a lower resolution are scaled up linearly,
//! as libavif does it, and the matrix is applied in whole numbers.

use super::av1::{Frame, Plane};
use crate::photo::{Format, PhotoError};

/// How samples become RGB: factors and offsets, with 16 bits behind the point.
struct Matrix {
    identity: bool,
    /// What black is, and the middle of a channel of colour.
    black: i32,
    middle: i32,
    luma: i32,
    red: i32,
    green: [i32; 2],
    blue: i32,
}

impl Matrix {
    fn new(coefficients: u8, full: bool, depth: u32) -> Result<Self, PhotoError> {
        // The parts of red and blue in brightness.
        let (kr, kb) = match coefficients {
            0 => (0.0, 0.0),
            1 => (0.2126, 0.0722),
            // BT.601; what is not said is taken for it.
            2 | 5 | 6 => (0.299, 0.114),
            4 => (0.30, 0.11),
            7 => (0.212, 0.087),
            9 => (0.2627, 0.0593),
            _ => {
                let variety = "colours by a formula that few programs know";
                return Err(PhotoError::unsupported_variety(Format::Avif, variety));
            }
        };
        let unit = f64::from(1_u32 << (depth - 8));
        let most = f64::from((1_u32 << depth) - 1);
        let (luma_range, chroma_range) =
            if full { (most, most) } else { (219.0 * unit, 224.0 * unit) };
        let (luma, chroma) = (255.0 / luma_range, 255.0 / chroma_range);
        let kg = 1.0 - kr - kb;
        let fixed = |value: f64| {
            #[expect(clippy::cast_possible_truncation, reason = "some hundred thousand at most")]
            let fixed = (value * 65536.0).round() as i32;
            fixed
        };
        Ok(Self {
            identity: coefficients == 0,
            black: if full { 0 } else { 16 << (depth - 8) },
            middle: 1 << (depth - 1),
            luma: fixed(luma),
            red: fixed(2.0 * (1.0 - kr) * chroma),
            green: [
                fixed(-2.0 * (1.0 - kb) * kb / kg * chroma),
                fixed(-2.0 * (1.0 - kr) * kr / kg * chroma),
            ],
            blue: fixed(2.0 * (1.0 - kb) * chroma),
        })
    }

    #[inline]
    fn luma(&self, sample: u16) -> i32 {
        (i32::from(sample) - self.black) * self.luma + (1 << 15)
    }

    #[inline]
    fn rgb(&self, y: u16, u: u16, v: u16) -> [u8; 3] {
        if self.identity {
            return [v, y, u].map(|sample| byte(self.luma(sample)));
        }
        let y = self.luma(y);
        let (u, v) = (i32::from(u) - self.middle, i32::from(v) - self.middle);
        [
            byte(y + self.red * v),
            byte(y + self.green[0] * u + self.green[1] * v),
            byte(y + self.blue * u),
        ]
    }
}

#[inline]
#[expect(clippy::cast_sign_loss, reason = "clamped before")]
fn byte(value: i32) -> u8 {
    (value >> 16).clamp(0, 255) as u8
}

/// Writes a frame's pixels as RGB.
pub(super) fn write(
    frame: &Frame,
    matrix: u8,
    full: bool,
    width: usize,
    rgb: &mut [u8],
) -> Result<(), PhotoError> {
    let grey = frame.chroma().is_none();
    let matrix = Matrix::new(if grey { 2 } else { matrix }, full, frame.depth())?;
    let height = rgb.len() / (width * 3);
    let luma = frame.plane(0);
    let mut line = vec![0; width];
    let Some(apart) = frame.chroma() else {
        for (y, out) in rgb.chunks_exact_mut(width * 3).enumerate() {
            luma.read(y, &mut line);
            for (pixel, sample) in out.as_chunks_mut::<3>().0.iter_mut().zip(&line) {
                *pixel = [byte(matrix.luma(*sample)); 3];
            }
        }
        return Ok(());
    };
    let mut blue = Chroma::new(frame.plane(1), apart, width, height);
    let mut red = Chroma::new(frame.plane(2), apart, width, height);
    for (y, out) in rgb.chunks_exact_mut(width * 3).enumerate() {
        luma.read(y, &mut line);
        let colours = blue.row(y).iter().zip(red.row(y));
        let pixels = out.as_chunks_mut::<3>().0.iter_mut();
        for ((pixel, y), (u, v)) in pixels.zip(&line).zip(colours) {
            *pixel = matrix.rgb(*y, *u, *v);
        }
    }
    Ok(())
}

/// Writes a frame's brightness as transparency, 8 bits a pixel.
pub(super) fn alpha(frame: &Frame, width: usize, alpha: &mut [u8]) -> Result<(), PhotoError> {
    let matrix = Matrix::new(2, frame.code_points().1, frame.depth())?;
    let plane = frame.plane(0);
    let mut line = vec![0; width];
    for (y, out) in alpha.chunks_exact_mut(width).enumerate() {
        plane.read(y, &mut line);
        for (out, sample) in out.iter_mut().zip(&line) {
            *out = byte(matrix.luma(*sample));
        }
    }
    Ok(())
}

/// A channel of colour, row by row at full resolution.
struct Chroma {
    plane: Plane,
    across: usize,
    down: usize,
    rows: usize,
    near: Vec<u16>,
    far: Vec<u16>,
    out: Vec<u16>,
}

impl Chroma {
    fn new(plane: Plane, (across, down): (usize, usize), width: usize, height: usize) -> Self {
        let own = width.div_ceil(across);
        let rows = height.div_ceil(down);
        Self {
            plane,
            across,
            down,
            rows,
            near: vec![0; own],
            far: vec![0; own],
            out: vec![0; width],
        }
    }

    /// The row `y` of pixels. A sample lies in the middle of the pixels that share it, so each pixel
    /// is three parts of the nearest sample and one of the next, in each direction.
    fn row(&mut self, y: usize) -> &[u16] {
        self.plane.read(y / self.down, &mut self.near);
        if self.across == 1 {
            return &self.near;
        }
        let here = y / self.down;
        let other = match self.down {
            1 => here,
            _ if y % 2 == 1 => (here + 1).min(self.rows - 1),
            _ => here.saturating_sub(1),
        };
        self.plane.read(other, &mut self.far);
        for (near, far) in self.near.iter_mut().zip(&self.far) {
            *near = *near * 3 + *far;
        }
        let last = self.near.len() - 1;
        for (x, out) in self.out.iter_mut().enumerate() {
            let here = x / 2;
            let next = if x % 2 == 1 { (here + 1).min(last) } else { here.saturating_sub(1) };
            *out = (self.near[here] * 3 + self.near[next] + 8) >> 4;
        }
        &self.out
    }
}
