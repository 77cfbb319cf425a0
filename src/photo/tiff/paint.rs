//! Samples of eight bits to RGB.

/// What a pixel's first samples mean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Colour {
    /// One sample, from black to white.
    Grey,
    /// One sample, from white to black.
    Inverse,
    /// One sample, the index of a colour.
    Palette(Vec<[u8; 3]>),
    /// Red, green and blue.
    Rgb,
    /// Inks: cyan, magenta, yellow and black.
    Cmyk,
    /// Luminance and two differences, as JPEG has them.
    YCbCr,
}

/// A sample that says how opaque a pixel is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Alpha {
    /// Which of the pixel's samples.
    pub index: usize,
    /// Whether the colours are already multiplied with it.
    pub multiplied: bool,
}

impl Colour {
    /// How many samples it takes.
    pub(super) fn samples(&self) -> usize {
        match self {
            Self::Grey | Self::Inverse | Self::Palette(_) => 1,
            Self::Rgb | Self::YCbCr => 3,
            Self::Cmyk => 4,
        }
    }
}

/// Paints a row of pixels with `step` samples each, transparency not regarded.
pub(super) fn paint(samples: &[u8], step: usize, colour: &Colour, rgb: &mut [u8]) {
    let (pixels, _) = rgb.as_chunks_mut::<3>();
    let pixels = pixels.iter_mut().zip(samples.chunks_exact(step));
    match colour {
        Colour::Grey => pixels.for_each(|(rgb, s)| *rgb = [s[0]; 3]),
        Colour::Inverse => pixels.for_each(|(rgb, s)| *rgb = [255 - s[0]; 3]),
        Colour::Palette(colours) => pixels.for_each(|(rgb, s)| {
            *rgb = colours.get(usize::from(s[0])).copied().unwrap_or_default();
        }),
        Colour::Rgb => pixels.for_each(|(rgb, s)| *rgb = [s[0], s[1], s[2]]),
        Colour::Cmyk => pixels.for_each(|(rgb, s)| {
            let key = 255 - s[3];
            *rgb = [s[0], s[1], s[2]].map(|ink| key - share(ink, key));
        }),
        Colour::YCbCr => pixels.for_each(|(rgb, s)| *rgb = from_ycbcr([s[0], s[1], s[2]])),
    }
}

/// Lays a painted row on white, as opaque as its samples say.
pub(super) fn lay_on_white(samples: &[u8], step: usize, alpha: Alpha, rgb: &mut [u8]) {
    let (pixels, _) = rgb.as_chunks_mut::<3>();
    for (rgb, samples) in pixels.iter_mut().zip(samples.chunks_exact(step)) {
        let alpha_value = samples[alpha.index];
        let paper = 255 - alpha_value;
        for value in rgb {
            let colour = if alpha.multiplied { *value } else { share(*value, alpha_value) };
            *value = colour.saturating_add(paper);
        }
    }
}

/// The product of two shares of 255, rounded.
#[expect(clippy::cast_possible_truncation, reason = "255 times 255 is the most, and becomes 255")]
fn share(one: u8, other: u8) -> u8 {
    ((u32::from(one) * u32::from(other) + 127) / 255) as u8
}

/// JPEG's colours. The factors are of 1 << 16.
#[expect(clippy::cast_sign_loss, reason = "clamped before")]
fn from_ycbcr([y, cb, cr]: [u8; 3]) -> [u8; 3] {
    let (y, cb, cr) = (i32::from(y) << 16, i32::from(cb) - 128, i32::from(cr) - 128);
    [y + 91_881 * cr, y - 22_554 * cb - 46_802 * cr, y + 116_130 * cb]
        .map(|value| ((value + (1 << 15)) >> 16).clamp(0, 255) as u8)
}
