//! Floats of 16 bits.

/// What a float of 16 bits (IEEE 754 binary16) stands for, exactly.
///
/// Without a branch, so that a loop over many becomes vectors: the exponent is moved up by 112 with a
/// product, which is right for numbers below the least normal one too.
#[inline(always)]
pub(crate) fn from_half(half: u16) -> f32 {
    let half = u32::from(half);
    let magnitude = f32::from_bits((half & 0x7fff) << 13) * f32::from_bits((112 + 127) << 23);
    // Infinity and what is no number have the greatest exponent there too.
    let special = if half & 0x7c00 == 0x7c00 { 0x7f80_0000 } else { 0 };
    f32::from_bits(magnitude.to_bits() | special | (half & 0x8000) << 16)
}

/// `bytes` are floats of 16 bits, the lower byte first; two for each of `out`.
#[inline(always)]
pub(crate) fn from_halves(bytes: &[u8], out: &mut [f32]) {
    for (out, bytes) in out.iter_mut().zip(bytes.chunks_exact(2)) {
        *out = from_half(u16::from_le_bytes([bytes[0], bytes[1]]));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From the definition.
    fn defined(half: u16) -> f64 {
        let (exponent, fraction) = (i32::from(half >> 10 & 31), f64::from(half & 1023));
        let magnitude = match exponent {
            0 => fraction * 2f64.powi(-24),
            31 if fraction > 0.0 => f64::NAN,
            31 => f64::INFINITY,
            _ => (1024.0 + fraction) * 2f64.powi(exponent - 25),
        };
        if half & 0x8000 == 0 { magnitude } else { -magnitude }
    }

    #[test]
    fn all_of_them_are_what_their_bits_say() {
        for half in 0..=u16::MAX {
            let (got, right) = (f64::from(from_half(half)), defined(half));
            assert!(got.to_bits() == right.to_bits() || got.is_nan() && right.is_nan(), "{half:x}");
        }
    }
}
