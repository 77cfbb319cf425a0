//! Pixels of every kind to RGB, in place, and the right way up.

use image::metadata::Orientation;
use image::{ColorType, DynamicImage, RgbImage};

use super::colour::Profile;

/// Zeros for a photo's pixels, which the system only hands out once they are written.
pub(super) fn buffer(width: u32, height: u32, depth: usize) -> Vec<u8> {
    // Limits were checked before, so nothing saturates; were it to, the allocation would panic,
    // and that is contained.
    vec![0; (width as usize).saturating_mul(height as usize).saturating_mul(depth)]
}

/// Turns the pixels at the start of `buffer` into RGB, 8 bits each, without a second buffer, and
/// cuts the rest off. False for a kind of pixel that no decoder here gives.
///
/// `buffer` has room for each pixel as it is stored and as RGB. 16 bits are rounded to 8, floats
/// clamped to their range from 0 to 1, colours become sRGB, and transparency is laid on white.
pub(super) fn to_rgb(buffer: &mut Vec<u8>, stored: ColorType, profile: Option<&Profile>) -> bool {
    let Some(profile) = profile else {
        return plain_to_rgb(buffer, stored);
    };
    match stored {
        ColorType::L8 => {
            let grey = profile.grey();
            rewrite(buffer, |[l]: [u8; 1]| grey[usize::from(l)]);
        }
        ColorType::L16 => {
            let grey = profile.grey();
            rewrite(buffer, |p: [u8; 2]| grey[usize::from(eight(p, 0))]);
        }
        ColorType::La8 => {
            let grey = profile.grey();
            rewrite(buffer, |[l, a]: [u8; 2]| grey[usize::from(l)].map(|v| on_white(v, a)));
        }
        ColorType::La16 => {
            let grey = profile.grey();
            rewrite(buffer, |p: [u8; 4]| {
                grey[usize::from(eight(p, 0))].map(|v| on_white(v, eight(p, 1)))
            });
        }
        ColorType::Rgba8 => {
            profile.rgba(buffer);
            return plain_to_rgb(buffer, stored);
        }
        ColorType::Rgba16 => {
            rewrite(buffer, |p: [u8; 8]| [eight(p, 0), eight(p, 1), eight(p, 2), eight(p, 3)]);
            profile.rgba(buffer);
            return plain_to_rgb(buffer, ColorType::Rgba8);
        }
        _ => {
            let known = plain_to_rgb(buffer, stored);
            profile.rgb(buffer);
            return known;
        }
    }
    true
}

fn plain_to_rgb(buffer: &mut Vec<u8>, stored: ColorType) -> bool {
    match stored {
        ColorType::Rgb8 => {}
        ColorType::L8 => rewrite(buffer, |[l]: [u8; 1]| [l; 3]),
        ColorType::La8 => rewrite(buffer, |[l, a]: [u8; 2]| [on_white(l, a); 3]),
        ColorType::Rgba8 => rewrite(buffer, |[r, g, b, a]: [u8; 4]| {
            [on_white(r, a), on_white(g, a), on_white(b, a)]
        }),
        ColorType::L16 => rewrite(buffer, |p: [u8; 2]| [eight(p, 0); 3]),
        ColorType::La16 => {
            rewrite(buffer, |p: [u8; 4]| [on_white(eight(p, 0), eight(p, 1)); 3]);
        }
        ColorType::Rgb16 => {
            rewrite(buffer, |p: [u8; 6]| [eight(p, 0), eight(p, 1), eight(p, 2)]);
        }
        ColorType::Rgba16 => rewrite(buffer, |p: [u8; 8]| {
            let a = eight(p, 3);
            [on_white(eight(p, 0), a), on_white(eight(p, 1), a), on_white(eight(p, 2), a)]
        }),
        ColorType::Rgb32F => {
            rewrite(buffer, |p: [u8; 12]| [float(p, 0), float(p, 1), float(p, 2)]);
        }
        ColorType::Rgba32F => rewrite(buffer, |p: [u8; 16]| {
            let a = float(p, 3);
            [on_white(float(p, 0), a), on_white(float(p, 1), a), on_white(float(p, 2), a)]
        }),
        _ => return false,
    }
    true
}

/// Rewrites pixels of `N` bytes as pixels of `M`: from the front if they shrink, from the back if
/// they grow, so that none is overwritten before it is read. The buffer has room for the greater of
/// both.
fn rewrite<const N: usize, const M: usize>(
    buffer: &mut Vec<u8>,
    pixel_of: impl Fn([u8; N]) -> [u8; M],
) {
    let pixels = buffer.len() / N.max(M);
    let mut one = |at: usize| {
        let mut pixel = [0; N];
        pixel.copy_from_slice(&buffer[at * N..(at + 1) * N]);
        buffer[at * M..(at + 1) * M].copy_from_slice(&pixel_of(pixel));
    };
    if N < M {
        (0..pixels).rev().for_each(&mut one);
    } else {
        (0..pixels).for_each(&mut one);
    }
    buffer.truncate(pixels * M);
}

/// RGB pixels whose transparency is elsewhere, as seen on white paper.
pub(super) fn lay_on_white(rgb: &mut [u8], alpha: &[u8]) {
    for (pixel, alpha) in rgb.as_chunks_mut::<3>().0.iter_mut().zip(alpha) {
        *pixel = pixel.map(|value| on_white(value, *alpha));
    }
}

/// Colours that were multiplied with their transparency, as they were before.
pub(super) fn divide(rgb: &mut [u8], alpha: &[u8]) {
    for (pixel, alpha) in rgb.as_chunks_mut::<3>().0.iter_mut().zip(alpha) {
        let alpha = u32::from(*alpha).max(1);
        *pixel = pixel.map(|value| {
            let value = (u32::from(value) * 255 + alpha / 2) / alpha;
            u8::try_from(value).unwrap_or(u8::MAX)
        });
    }
}

/// A value as seen on white paper, rounded.
#[expect(clippy::cast_possible_truncation, reason = "a weighted mean of bytes is a byte")]
fn on_white(value: u8, alpha: u8) -> u8 {
    let (value, alpha) = (u32::from(value), u32::from(alpha));
    ((value * alpha + 255 * (255 - alpha) + 127) / 255) as u8
}

/// The sample of 16 bits at `index`, rounded to eight.
#[expect(clippy::cast_possible_truncation, reason = "65535 becomes 255")]
fn eight<const N: usize>(pixel: [u8; N], index: usize) -> u8 {
    let sample = u32::from(u16::from_ne_bytes([pixel[index * 2], pixel[index * 2 + 1]]));
    ((sample * 255 + 32_767) / 65_535) as u8
}

/// The float at `index`, from 0 to 1, as a byte.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped before")]
fn float<const N: usize>(pixel: [u8; N], index: usize) -> u8 {
    let at = index * 4;
    let sample = f32::from_ne_bytes([pixel[at], pixel[at + 1], pixel[at + 2], pixel[at + 3]]);
    // Not a number becomes zero.
    (sample.clamp(0.0, 1.0) * 255.0).round() as u8
}

/// The orientation that EXIF metadata asks for. Some writers keep the prefix JPEG needs.
pub(super) fn upright(exif: &[u8]) -> Orientation {
    let exif = exif.strip_prefix(b"Exif\0\0").unwrap_or(exif);
    Orientation::from_exif_chunk(exif).unwrap_or(Orientation::NoTransforms)
}

/// Width and height turned the right way up, or from there to how they are stored.
pub(super) fn turned((width, height): (u32, u32), orientation: Orientation) -> (u32, u32) {
    match orientation {
        Orientation::NoTransforms
        | Orientation::Rotate180
        | Orientation::FlipHorizontal
        | Orientation::FlipVertical => (width, height),
        _ => (height, width),
    }
}

/// Where in a picture its right and lower edges are, in eighths of a pixel, once it is turned the right
/// way up: left, top, width and height of what is inside them. `size` are its pixels as they are
/// stored; the last of a row or column may be there in part.
pub(super) fn turned_extent(
    (width, height): (u32, u32),
    size: (u32, u32),
    orientation: Orientation,
) -> [u32; 4] {
    let (right, below) = (size.0 * 8 - width, size.1 * 8 - height);
    let (left, top) = match orientation {
        Orientation::NoTransforms | Orientation::Rotate90FlipH => (0, 0),
        Orientation::FlipHorizontal => (right, 0),
        Orientation::FlipVertical => (0, below),
        Orientation::Rotate180 => (right, below),
        Orientation::Rotate90 => (below, 0),
        Orientation::Rotate270 => (0, right),
        Orientation::Rotate270FlipH => (below, right),
    };
    let (width, height) = turned((width, height), orientation);
    [left, top, width, height]
}

/// The pixels turned the right way up, with their width and height. None if they are too few.
pub(super) fn turn(
    width: u32,
    height: u32,
    rgb: Vec<u8>,
    orientation: Orientation,
) -> Option<(u32, u32, Vec<u8>)> {
    let mut image = DynamicImage::ImageRgb8(RgbImage::from_raw(width, height, rgb)?);
    image.apply_orientation(orientation);
    let image = image.into_rgb8();
    Some((image.width(), image.height(), image.into_raw()))
}
