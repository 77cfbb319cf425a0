//! A row of samples as it is stored, to bytes: differences summed up, and every depth made eight
//! bits.

use super::directory::Order;
use super::fault::{corrupt, rare};
use crate::photo::PhotoError;

/// How one sample is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sample {
    /// 1, 2, 4 or 8 bits without a sign.
    Bits(u8),
    /// 16 bits without a sign.
    Short,
    /// A float of 16 bits, from 0 to 1.
    Half,
    /// A float of 32 bits, from 0 to 1.
    Float,
    /// A float of 64 bits, from 0 to 1.
    Double,
}

/// What a writer did to a row so that it compresses better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Predictor {
    /// Nothing.
    None,
    /// Each sample is stored as its difference to the same of the pixel before.
    Horizontal,
    /// Floats: their first bytes, then their second, ..., and each as the difference to the byte
    /// that is as many places before as a pixel has samples.
    Floating,
}

/// Floats beyond this are no photo's that has white at 1. Highlights may exceed white.
const BRIGHTEST: f64 = 16.0;

impl Sample {
    pub(super) fn bits(self) -> u64 {
        match self {
            Self::Bits(bits) => u64::from(bits),
            Self::Short | Self::Half => 16,
            Self::Float => 32,
            Self::Double => 64,
        }
    }

    pub(super) fn is_float(self) -> bool {
        matches!(self, Self::Half | Self::Float | Self::Double)
    }

    /// The bytes of a row of so many samples.
    pub(super) fn row_bytes(self, samples: u64) -> u64 {
        (samples * self.bits()).div_ceil(8)
    }
}

/// Undoes what a predictor did to a row whose pixels have `step` samples. `spare` is as long as the
/// row.
pub(super) fn unpredict(
    row: &mut [u8],
    spare: &mut [u8],
    predictor: Predictor,
    (sample, step): (Sample, usize),
    order: Order,
) {
    match (predictor, sample.bits(), order) {
        (Predictor::None, ..) => {}
        (Predictor::Horizontal, 16, Order::Little) => {
            sum(row, step, u16::from_le_bytes, u16::to_le_bytes, u16::wrapping_add);
        }
        (Predictor::Horizontal, 16, Order::Big) => {
            sum(row, step, u16::from_be_bytes, u16::to_be_bytes, u16::wrapping_add);
        }
        (Predictor::Horizontal, 32, Order::Little) => {
            sum(row, step, u32::from_le_bytes, u32::to_le_bytes, u32::wrapping_add);
        }
        (Predictor::Horizontal, 32, Order::Big) => {
            sum(row, step, u32::from_be_bytes, u32::to_be_bytes, u32::wrapping_add);
        }
        (Predictor::Horizontal, 64, Order::Little) => {
            sum(row, step, u64::from_le_bytes, u64::to_le_bytes, u64::wrapping_add);
        }
        (Predictor::Horizontal, 64, Order::Big) => {
            sum(row, step, u64::from_be_bytes, u64::to_be_bytes, u64::wrapping_add);
        }
        (Predictor::Horizontal, ..) => bytes(row, step),
        (Predictor::Floating, bits, _) => {
            bytes(row, step);
            let size = usize::try_from(bits / 8).unwrap_or(1);
            let samples = row.len() / size;
            spare.copy_from_slice(row);
            for (index, float) in row.chunks_exact_mut(size).enumerate() {
                for (place, byte) in float.iter_mut().enumerate() {
                    // The first plane holds the greatest bytes, whatever the file's order.
                    let plane = if order == Order::Big { place } else { size - 1 - place };
                    *byte = spare[plane * samples + index];
                }
            }
        }
    }
}

fn bytes(row: &mut [u8], step: usize) {
    for index in step..row.len() {
        row[index] = row[index].wrapping_add(row[index - step]);
    }
}

fn sum<const N: usize, T: Copy>(
    row: &mut [u8],
    step: usize,
    read: impl Fn([u8; N]) -> T,
    write: impl Fn(T) -> [u8; N],
    add: impl Fn(T, T) -> T,
) {
    let (samples, _) = row.as_chunks_mut::<N>();
    for index in step..samples.len() {
        samples[index] = write(add(read(samples[index]), read(samples[index - step])));
    }
}

/// Writes the samples of a row as bytes, each `step` places after the one before.
///
/// Fewer than eight bits are spread over the whole range if `spread` says so, and left as the
/// numbers they are if not. Fails if floats are no shades between black and white.
pub(super) fn unpack(
    row: &[u8],
    (sample, order): (Sample, Order),
    spread: bool,
    out: &mut [u8],
    step: usize,
) -> Result<(), PhotoError> {
    let out = out.iter_mut().step_by(step);
    match (sample, order) {
        (Sample::Bits(8), _) => out.zip(row).for_each(|(out, byte)| *out = *byte),
        (Sample::Bits(bits), _) => {
            let most = u8::MAX >> (8 - bits);
            let factor = if spread { 255 / most } else { 1 };
            let per_byte = usize::from(8 / bits);
            for (index, out) in out.enumerate() {
                let Some(byte) = row.get(index / per_byte) else { break };
                let place = u8::try_from(index % per_byte).unwrap_or(0);
                *out = (byte >> (8 - bits * (place + 1)) & most) * factor;
            }
        }
        (Sample::Short, Order::Little) => each(row, out, |two| eight(u16::from_le_bytes(two))),
        (Sample::Short, Order::Big) => each(row, out, |two| eight(u16::from_be_bytes(two))),
        (Sample::Half, Order::Little) => {
            return floats(row, out, |two| half(u16::from_le_bytes(two)));
        }
        (Sample::Half, Order::Big) => return floats(row, out, |two| half(u16::from_be_bytes(two))),
        (Sample::Float, Order::Little) => {
            return floats(row, out, |four| f64::from(f32::from_le_bytes(four)));
        }
        (Sample::Float, Order::Big) => {
            return floats(row, out, |four| f64::from(f32::from_be_bytes(four)));
        }
        (Sample::Double, Order::Little) => return floats(row, out, f64::from_le_bytes),
        (Sample::Double, Order::Big) => return floats(row, out, f64::from_be_bytes),
    }
    Ok(())
}

fn each<'a, const N: usize>(
    row: &[u8],
    out: impl Iterator<Item = &'a mut u8>,
    mut byte: impl FnMut([u8; N]) -> u8,
) {
    let (samples, _) = row.as_chunks::<N>();
    out.zip(samples).for_each(|(out, sample)| *out = byte(*sample));
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped before")]
fn floats<'a, const N: usize>(
    row: &[u8],
    out: impl Iterator<Item = &'a mut u8>,
    float: impl Fn([u8; N]) -> f64,
) -> Result<(), PhotoError> {
    let mut odd = None;
    each(row, out, |sample| {
        let value = float(sample);
        if !(-BRIGHTEST..=BRIGHTEST).contains(&value) {
            odd = Some(value);
        }
        (value.clamp(0.0, 1.0) * 255.0).round() as u8
    });
    match odd {
        None => Ok(()),
        Some(value) if value.is_finite() => {
            Err(rare("floats far beyond the range from 0, black, to 1, white"))
        }
        Some(_) => Err(corrupt("some of its floats are no numbers")),
    }
}

/// Sixteen bits, rounded to eight.
#[expect(clippy::cast_possible_truncation, reason = "65535 becomes 255")]
fn eight(sample: u16) -> u8 {
    ((u32::from(sample) * 255 + 32_767) / 65_535) as u8
}

/// The value of a float of 16 bits: a sign, five bits of exponent, ten of fraction.
fn half(bits: u16) -> f64 {
    let fraction = f64::from(bits & 0x3FF);
    let value = match i32::from(bits >> 10 & 0x1F) {
        0 => fraction * f64::powi(2.0, -24),
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        exponent => (1.0 + fraction / 1024.0) * f64::powi(2.0, exponent - 15),
    };
    if bits >> 15 == 1 { -value } else { value }
}
