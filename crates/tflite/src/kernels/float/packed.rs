//! Weights of a matrix product in the order in which it reads them.

use fearless_simd::{Level, Simd};

use super::half::from_halves;
use super::level::{dispatch, lanes, many_registers};
use crate::kernels::aligned::Aligned;

/// Some channels of the result whose weights lie side by side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Panel {
    /// The first channel.
    pub(super) first: usize,
    /// Whole vectors.
    pub(super) vectors: usize,
    /// Half a vector more, of 8 channels. Only where a whole one has 16.
    pub(super) half: bool,
    /// Where the panel begins.
    pub(super) at: usize,
}

impl Panel {
    /// Channels, with those that only fill the last vector.
    #[inline(always)]
    pub(super) fn wide(&self, lanes: usize) -> usize {
        self.vectors * lanes + if self.half { 8 } else { 0 }
    }
}

/// The weights and bias of a matrix product, in panels of up to three vectors of result channels: for each
/// of the `k` values of a row, the weights of a panel's channels.
#[derive(Clone, Debug)]
pub(crate) struct Packed {
    pub(super) level: Level,
    /// Values of a row.
    pub(super) k: usize,
    /// Channels of the result.
    pub(super) n: usize,
    pub(super) panels: Vec<Panel>,
    pub(super) weights: Aligned,
    /// With zeros behind it, for all channels of the panels.
    pub(super) bias: Aligned,
}

/// Where weights come from: `[n][k]`.
#[derive(Clone, Copy)]
enum Source<'a> {
    Single(&'a [f32]),
    /// Floats of 16 bits, the lower byte first.
    Half(&'a [u8]),
}

impl Packed {
    /// `weights[n][k]` and `bias[n]`.
    ///
    /// # Panics
    ///
    /// If a slice has another length.
    pub(crate) fn new(level: Level, weights: &[f32], bias: &[f32], n: usize, k: usize) -> Self {
        assert_eq!(weights.len(), n * k, "weights of a product");
        Self::pack(level, Source::Single(weights), bias, n, k)
    }

    /// As [`Self::new`], from floats of 16 bits (the lower byte first), and without all of them as floats
    /// of 32 bits in between.
    ///
    /// # Panics
    ///
    /// If a slice has another length.
    pub(crate) fn from_half(
        level: Level,
        weights: &[u8],
        bias: &[f32],
        n: usize,
        k: usize,
    ) -> Self {
        assert_eq!(weights.len(), 2 * n * k, "weights of a product");
        Self::pack(level, Source::Half(weights), bias, n, k)
    }

    /// How much memory the weights take.
    pub(crate) fn bytes(&self) -> usize {
        size_of_val(&self.weights[..])
    }

    fn pack(level: Level, source: Source<'_>, bias: &[f32], n: usize, k: usize) -> Self {
        assert_eq!(bias.len(), n, "bias of a product");
        let panels = panels(lanes(level), n, k);
        let (channels, len) = panels.last().map_or((0, 0), |last| {
            let wide = last.wide(lanes(level));
            (last.first + wide, last.at + k * wide)
        });
        let mut weights = Aligned::zeros(len);
        let mut padded = Aligned::zeros(channels);
        padded[..n].copy_from_slice(bias);
        let (lanes, out) = (lanes(level), &mut weights);
        dispatch!(level, s => fill(s, source, n, k, lanes, &panels, out));
        Self { level, k, n, panels, weights, bias: padded }
    }

    /// The instruction set that it is packed for.
    pub(crate) fn level(&self) -> Level {
        self.level
    }
}

/// How `n` channels are divided.
fn panels(lanes: usize, n: usize, k: usize) -> Vec<Panel> {
    // Half a vector computes as long as a whole one, but is written without a detour.
    let half = lanes == 16 && (1..=8).contains(&(n % 16));
    let most = if many_registers(lanes) { 3 } else { 2 };
    let mut left = if half { n / lanes } else { n.div_ceil(lanes) };
    let mut panels = vec![];
    let (mut first, mut at, mut done) = (0, 0, false);
    while !done {
        let vectors = match left {
            // Two and two, and not three and one; and three only without a half one beside them.
            4 => 2,
            3 if half => 2,
            _ => left.min(most),
        };
        left -= vectors;
        let panel = Panel { first, vectors, half: half && left == 0, at };
        let wide = panel.wide(lanes);
        done = left == 0;
        if wide > 0 {
            panels.push(panel);
        }
        at += k * wide;
        first += wide;
    }
    panels
}

/// Rows and values that are turned at a time: what is read stays in the nearest cache.
const TURNED: usize = 16;
const VALUES: usize = 64;

#[inline(always)]
fn fill<S: Simd>(
    _: S,
    source: Source<'_>,
    n: usize,
    k: usize,
    lanes: usize,
    panels: &[Panel],
    out: &mut [f32],
) {
    let mut some = [[0.0; VALUES]; TURNED];
    for panel in panels {
        let wide = panel.wide(lanes);
        let channels = wide.min(n - panel.first);
        let out = &mut out[panel.at..][..k * wide];
        for column in (0..channels).step_by(TURNED) {
            let columns = TURNED.min(channels - column);
            for (at, out) in out.chunks_mut(VALUES * wide).enumerate() {
                let len = out.len() / wide;
                for (row, some) in some[..columns].iter_mut().enumerate() {
                    let from = (panel.first + column + row) * k + at * VALUES;
                    match source {
                        Source::Single(w) => some[..len].copy_from_slice(&w[from..][..len]),
                        Source::Half(w) => from_halves(&w[2 * from..][..2 * len], &mut some[..len]),
                    }
                }
                if columns == TURNED {
                    for (value, out) in out.chunks_exact_mut(wide).enumerate() {
                        let out = &mut out[column..][..TURNED];
                        for (out, some) in out.iter_mut().zip(&some) {
                            *out = some[value % VALUES];
                        }
                    }
                } else {
                    for (value, out) in out.chunks_exact_mut(wide).enumerate() {
                        for (out, some) in out[column..].iter_mut().zip(&some[..columns]) {
                            *out = some[value % VALUES];
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::kernels::float::{level::levels, twin};

    proptest! {
        #[test]
        fn all_weights_are_where_a_panel_says(n in 1usize..100, k in 1usize..150, seed: u64) {
            let (weights, bias) = (twin::values(n * k, seed), twin::values(n, seed ^ 1));
            for level in levels() {
                let packed = Packed::new(level, &weights, &bias, n, k);
                prop_assert_eq!(&packed.bias[..n], &bias[..]);
                let mut seen = 0;
                for panel in &packed.panels {
                    let wide = panel.wide(lanes(level));
                    for column in 0..wide {
                        for value in 0..k {
                            let got = packed.weights[panel.at + value * wide + column];
                            let channel = panel.first + column;
                            let right = if channel < n { weights[channel * k + value] } else { 0.0 };
                            prop_assert_eq!(got.to_bits(), right.to_bits());
                        }
                        seen += usize::from(panel.first + column < n);
                    }
                }
                prop_assert_eq!(seen, n);
            }
        }

        #[test]
        fn floats_of_16_bits_are_packed_as_those_of_32(n in 1usize..60, k in 1usize..150, seed: u64) {
            // Multiples of 1/8 are exact in both.
            let weights: Vec<f32> =
                twin::values(n * k, seed).iter().map(|x| (x * 8.0).round() / 8.0).collect();
            let halves: Vec<u8> = weights.iter().flat_map(|&x| half(x).to_le_bytes()).collect();
            let bias = twin::values(n, seed ^ 1);
            for level in levels() {
                let (single, half) = (
                    Packed::new(level, &weights, &bias, n, k),
                    Packed::from_half(level, &halves, &bias, n, k),
                );
                prop_assert_eq!(&single.weights[..], &half.weights[..]);
                prop_assert_eq!(single.panels, half.panels);
            }
        }
    }

    /// Of a multiple of 1/8 up to 1.
    fn half(x: f32) -> u16 {
        if x == 0.0 {
            return 0;
        }
        let bits = x.to_bits();
        let exponent = (bits >> 23 & 255) - 112;
        u16::try_from((bits >> 16 & 0x8000) | exponent << 10 | (bits >> 13 & 1023)).unwrap()
    }
}
