//! A convolution of each channel alone: its weights.

use fearless_simd::Level;

use super::half::from_halves;
use super::level::lanes;
use crate::kernels::Geometry;
use crate::kernels::aligned::Aligned;

/// The weights and bias of a convolution of each channel alone: for each vector of channels those of all
/// places of the window, then the bias.
///
/// The last vector has channels of the one before too where they do not fill it. With fewer channels than
/// a vector has, the weights are as they came, and the bias behind them.
#[derive(Clone, Debug)]
pub(crate) struct Depth {
    pub(super) level: Level,
    pub(super) geometry: Geometry,
    /// The first channel of each vector; none for few channels.
    pub(super) firsts: Vec<usize>,
    pub(super) weights: Aligned,
}

impl Depth {
    /// `weights[row][column][channel]` and `bias[channel]`.
    ///
    /// # Panics
    ///
    /// If a slice has another length than the geometry says.
    pub(crate) fn new(level: Level, weights: &[f32], bias: &[f32], geometry: &Geometry) -> Self {
        let (taps, channels) = (geometry.size[0] * geometry.size[1], geometry.input[2]);
        assert_eq!(weights.len(), taps * channels, "weights of a depthwise convolution");
        assert_eq!(bias.len(), channels, "bias of a depthwise convolution");
        assert_eq!(geometry.output[2], channels, "one result channel for each");
        let lanes = lanes(level);
        if channels < lanes {
            let mut all = Aligned::zeros((taps + 1) * channels);
            all[..taps * channels].copy_from_slice(weights);
            all[taps * channels..].copy_from_slice(bias);
            return Self { level, geometry: geometry.clone(), firsts: vec![], weights: all };
        }
        let mut firsts: Vec<usize> = (0..channels / lanes).map(|block| block * lanes).collect();
        if channels % lanes != 0 {
            firsts.push(channels - lanes);
        }
        let mut all = Aligned::zeros(firsts.len() * (taps + 1) * lanes);
        for (first, block) in firsts.iter().zip(all.chunks_exact_mut((taps + 1) * lanes)) {
            for (tap, to) in block.chunks_exact_mut(lanes).enumerate() {
                let from = if tap < taps { &weights[tap * channels..] } else { bias };
                to.copy_from_slice(&from[*first..][..lanes]);
            }
        }
        Self { level, geometry: geometry.clone(), firsts, weights: all }
    }

    /// As [`Self::new`], from floats of 16 bits, the lower byte first.
    pub(crate) fn from_half(
        level: Level,
        weights: &[u8],
        bias: &[f32],
        geometry: &Geometry,
    ) -> Self {
        // There are few: a window's for each channel.
        let mut single = vec![0.0; weights.len() / 2];
        from_halves(weights, &mut single);
        Self::new(level, &single, bias, geometry)
    }

    /// Its shapes.
    pub(crate) fn geometry(&self) -> &Geometry {
        &self.geometry
    }

    /// How many lines of the input so many lines of the result need.
    pub(crate) fn needs(&self, lines: usize) -> usize {
        self.geometry.needs(0, lines)
    }
}
