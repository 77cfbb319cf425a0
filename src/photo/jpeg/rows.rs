//! Samples of each channel to rows of pixels: channels of a lower resolution are scaled up with
//! libjpeg's "fancy" weights, which browsers have too, and the colours become RGB.

// See `wide`.
#![allow(clippy::inline_always)]

use super::frame::{Channel, Frame};
use super::idct;
use super::scale::Scale;
use super::segments::Model;
use super::wide::Wide;

/// The samples of a channel that are under way: three rows of units, of which the middle one is
/// scaled up with the help of its neighbours.
pub(super) struct Plane {
    samples: Vec<u8>,
    stride: usize,
    /// How many rows there is room for.
    rows: usize,
    width: usize,
    height: usize,
    /// How many samples on a side a block has.
    side: usize,
    fit: Fit,
    wide: Wide,
    /// A row at full resolution.
    line: Vec<u8>,
}

/// How a row becomes one at full resolution.
#[derive(Clone, Copy)]
enum Fit {
    /// It is one.
    Full,
    /// Twice as wide.
    Wider,
    /// Twice as high.
    Higher,
    /// Both.
    Both,
    /// Every sample is repeated.
    Repeat(usize, usize),
}

/// How much memory the planes of a frame take, in bytes, at most: at its full size.
pub(super) fn memory(frame: &Frame) -> u64 {
    let bytes = |channel: &Channel| {
        let stride = frame.stride(channel);
        (stride * 24 * channel.v + stride * (frame.most.0 / channel.h)) as u64
    };
    frame.channels.iter().map(bytes).sum()
}

impl Plane {
    pub(super) fn new(frame: &Frame, channel: &Channel, scale: Scale, wide: Wide) -> Self {
        let own = scale.of(frame, channel);
        let side = own.side();
        let (width, height) = own.samples(frame, channel);
        let across = frame.most.0 * scale.side() / (channel.h * side);
        let down = frame.most.1 * scale.side() / (channel.v * side);
        // libjpeg weighs no neighbours where a block is a pixel.
        let weighed = scale.side() > 1;
        let fit = match (across, down) {
            (1, 1) => Fit::Full,
            (2, 1) if weighed && width > 2 => Fit::Wider,
            (1, 2) if weighed => Fit::Higher,
            (2, 2) if weighed && width > 2 => Fit::Both,
            _ => Fit::Repeat(across, down),
        };
        let (stride, rows) = (frame.stride(channel) / 8 * side, 3 * side * channel.v);
        Self {
            samples: vec![0; stride * rows],
            stride,
            rows,
            width,
            height,
            side,
            fit,
            wide,
            line: vec![0; stride * across],
        }
    }

    /// Takes in the block in the given row and column of blocks.
    #[inline]
    pub(super) fn put(
        &mut self,
        row: usize,
        column: usize,
        block: &[i16; 64],
        steps: &[u16; 64],
        flat: bool,
    ) {
        let at = row * self.side % self.rows * self.stride + column * self.side;
        idct::write(self.wide, block, steps, flat, self.side, &mut self.samples[at..], self.stride);
    }

    /// The row at a place; beyond the picture, its nearest.
    fn row(&self, place: usize) -> &[u8] {
        let at = place.min(self.height - 1) % self.rows * self.stride;
        &self.samples[at..at + self.width]
    }

    /// The row of pixels `y` of this channel.
    #[inline(always)]
    fn at(&mut self, y: usize) -> &[u8] {
        let mut line = std::mem::take(&mut self.line);
        match self.fit {
            Fit::Full => {
                self.line = line;
                return self.row(y);
            }
            Fit::Wider => wider(self.row(y), &mut line),
            Fit::Higher => {
                let (near, far, bias) = self.pair(y);
                for ((out, near), far) in line.iter_mut().zip(near).zip(far) {
                    *out = quarter(u16::from(*near) * 3 + u16::from(*far) + bias);
                }
            }
            Fit::Both => {
                let (near, far, _) = self.pair(y);
                both(near, far, &mut line);
            }
            Fit::Repeat(across, down) => {
                for (out, sample) in line.chunks_exact_mut(across).zip(self.row(y / down)) {
                    out.fill(*sample);
                }
            }
        }
        self.line = line;
        &self.line
    }

    /// The two rows that a row at twice the resolution lies between, the nearer first, and what is
    /// added before rounding down.
    fn pair(&self, y: usize) -> (&[u8], &[u8], u16) {
        let near = y / 2;
        let (far, bias) =
            if y.is_multiple_of(2) { (near.saturating_sub(1), 1) } else { (near + 1, 2) };
        (self.row(near), self.row(far), bias)
    }
}

#[inline(always)]
fn quarter(sum: u16) -> u8 {
    (sum >> 2).to_le_bytes()[0]
}

#[inline(always)]
fn sixteenth(sum: u16) -> u8 {
    (sum >> 4).to_le_bytes()[0]
}

/// Twice as wide: each new sample is three parts of the nearest and one of the next.
#[inline(always)]
fn wider(row: &[u8], out: &mut [u8]) {
    let (first, last) = (row[0], row[row.len() - 1]);
    for (out, around) in out[2..].as_chunks_mut::<2>().0.iter_mut().zip(row.array_windows::<3>()) {
        let [before, here, after] = around.map(u16::from);
        *out = [quarter(here * 3 + before + 1), quarter(here * 3 + after + 2)];
    }
    out[0] = first;
    out[1] = quarter(u16::from(first) * 3 + u16::from(row[1]) + 2);
    let end = row.len() * 2;
    out[end - 2] = quarter(u16::from(last) * 3 + u16::from(row[row.len() - 2]) + 1);
    out[end - 1] = last;
}

/// Twice as wide and high, from the nearer row and the farther.
#[inline(always)]
fn both(near: &[u8], far: &[u8], out: &mut [u8]) {
    let sum = |at: usize| u16::from(near[at]) * 3 + u16::from(far[at]);
    let count = near.len();
    let outs = out[2..].as_chunks_mut::<2>().0.iter_mut();
    for ((out, near), far) in outs.zip(near.array_windows::<3>()).zip(far.array_windows::<3>()) {
        let sum = |i: usize| u16::from(near[i]) * 3 + u16::from(far[i]);
        let (before, here, after) = (sum(0), sum(1), sum(2));
        *out = [sixteenth(here * 3 + before + 8), sixteenth(here * 3 + after + 7)];
    }
    out[0] = sixteenth(sum(0) * 4 + 8);
    out[1] = sixteenth(sum(0) * 3 + sum(1) + 7);
    out[count * 2 - 2] = sixteenth(sum(count - 1) * 3 + sum(count - 2) + 8);
    out[count * 2 - 1] = sixteenth(sum(count - 1) * 4 + 7);
}

/// Writes the row of pixels `y` as RGB, or as plain channels.
pub(super) fn write(wide: Wide, planes: &mut [Plane], model: Model, y: usize, rgb: &mut [u8]) {
    wide.run(
        #[inline(always)]
        || write_row(planes, model, y, rgb),
    );
}

#[inline(always)]
fn write_row(planes: &mut [Plane], model: Model, y: usize, rgb: &mut [u8]) {
    if model == Model::Plain {
        let count = planes.len();
        for (place, plane) in planes.iter_mut().enumerate() {
            for (pixel, sample) in rgb.chunks_exact_mut(count).zip(plane.at(y)) {
                pixel[place] = *sample;
            }
        }
        return;
    }
    let pixels = rgb.as_chunks_mut::<3>().0;
    match planes {
        [grey] => {
            for (pixel, grey) in pixels.iter_mut().zip(grey.at(y)) {
                *pixel = [*grey; 3];
            }
        }
        [one, two, three] => {
            let (one, two, three) = (one.at(y), two.at(y), three.at(y));
            if model == Model::Rgb {
                let channels = one.iter().zip(two).zip(three);
                for (pixel, ((r, g), b)) in pixels.iter_mut().zip(channels) {
                    *pixel = [*r, *g, *b];
                }
            } else {
                row_from_ycbcr(one, two, three, pixels);
            }
        }
        [one, two, three, four] => {
            let channels = one.at(y).iter().zip(two.at(y)).zip(three.at(y)).zip(four.at(y));
            for (pixel, (((one, two), three), four)) in pixels.iter_mut().zip(channels) {
                // Inks are stored as what they leave of the light, as Photoshop does it.
                let light = match model {
                    Model::Ycck => from_ycbcr(*one, *two, *three).map(|ink| 255 - ink),
                    _ => [*one, *two, *three],
                };
                *pixel = light.map(|light| on_black(light, *four));
            }
        }
        _ => {}
    }
}

/// A colour of which black ink leaves a part. Pillow's rounding.
fn on_black(light: u8, left: u8) -> u8 {
    let product = u16::from(left) * u16::from(255 - light) + 128;
    left.saturating_sub(((product + (product >> 8)) >> 8).to_le_bytes()[0])
}

/// Many pixels at once, as a compiler makes use of it.
const MANY: usize = 16;

#[inline(always)]
fn row_from_ycbcr(luma: &[u8], blue: &[u8], red: &[u8], pixels: &mut [[u8; 3]]) {
    let (many, rest) = pixels.as_chunks_mut::<MANY>();
    let done = many.len() * MANY;
    let channels = luma
        .as_chunks::<MANY>()
        .0
        .iter()
        .zip(blue.as_chunks::<MANY>().0)
        .zip(red.as_chunks::<MANY>().0);
    for (pixels, ((luma, blue), red)) in many.iter_mut().zip(channels) {
        let (mut r, mut g, mut b) = ([0; MANY], [0; MANY], [0; MANY]);
        for i in 0..MANY {
            [r[i], g[i], b[i]] = from_ycbcr(luma[i], blue[i], red[i]);
        }
        for (i, pixel) in pixels.iter_mut().enumerate() {
            *pixel = [r[i], g[i], b[i]];
        }
    }
    let channels = luma[done..].iter().zip(&blue[done..]).zip(&red[done..]);
    for (pixel, ((luma, blue), red)) in rest.iter_mut().zip(channels) {
        *pixel = from_ycbcr(*luma, *blue, *red);
    }
}

/// libjpeg's integers: 91881, 22554, 46802 and 116130 of 1 << 16. Whole parts are taken out of them,
/// so that factors have 16 bits, for which all processors have instructions.
#[inline(always)]
#[expect(clippy::cast_sign_loss, reason = "clamped before")]
fn from_ycbcr(luma: u8, blue: u8, red: u8) -> [u8; 3] {
    const HALF: i32 = 1 << 15;

    let (luma, blue, red) = (i16::from(luma), i16::from(blue) - 128, i16::from(red) - 128);
    let times = |value: i16, factor: i16| i32::from(value) * i32::from(factor);
    let part = |sum: i32| ((sum + HALF) >> 16) as i16;
    let clamp = |value: i16| value.clamp(0, 255) as u8;
    [
        clamp(luma + red + part(times(red, 26_345))),
        clamp(luma - red + part(times(blue, -22_554) + times(red, 18_734))),
        clamp(luma + 2 * blue + part(times(blue, -14_942))),
    ]
}
