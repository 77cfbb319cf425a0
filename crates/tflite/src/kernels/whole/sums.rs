//! Convolutions: sums of products, and what becomes of them.

use super::grid::Grid;
use super::multiplier::Multiplier;
use super::range::Activation;
use crate::kernels::Geometry;

/// How the product of a sum and a [`Multiplier`] is rounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rounding {
    /// As the runtime's matrix products do it: [`Multiplier::times_half_up`].
    Product,
    /// As its depthwise and its transposed convolutions of `int8` do it: channels in whole groups of eight by
    /// [`Multiplier::times_half_up`], the rest behind them by [`Multiplier::times`].
    Depthwise,
    /// As its plain kernels do it, which compute convolutions in groups, and depthwise ones of `uint8`:
    /// [`Multiplier::times`].
    Reference,
}

/// Which of the runtime's operators sums belong to: they make their multipliers in different ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    /// `CONV_2D` over all channels.
    Conv,
    /// `CONV_2D` in groups of channels.
    Grouped,
    /// `DEPTHWISE_CONV_2D`.
    Depthwise,
    /// `FULLY_CONNECTED`.
    Dense,
    /// `TRANSPOSE_CONV`, which [`TransposedConv`](super::TransposedConv) computes.
    Transposed,
}

/// What becomes of the sums of a convolution: `clamp(zero + round(multiplier * (sum + bias)))`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Finish {
    /// One for each channel of the result.
    pub(crate) bias: Vec<i32>,
    /// One for each channel of the result.
    pub(crate) multipliers: Vec<Multiplier>,
    /// How products are rounded.
    pub(crate) rounding: Rounding,
    /// The result's number that stands for 0.
    pub(crate) zero: i32,
    /// The least number of the result.
    pub(crate) least: u8,
    /// The greatest number of the result.
    pub(crate) greatest: u8,
}

/// A convolution over all channels, or of each channel alone.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Conv {
    pub(crate) geometry: Geometry,
    /// The input's number that stands for 0, which also pads it.
    pub(crate) input_zero: u8,
    /// Over all channels, or over those of a group: result channel, row, column, input channel (OHWI).
    /// Of each channel alone: row, column, result channel. A file's `uint8` weights are moved down by 128.
    pub(crate) weights: Vec<i8>,
    /// The weights' number that stands for 0, moved down as they are; not 0 only in files with `uint8`
    /// weights.
    pub(crate) weights_zero: i32,
    pub(crate) finish: Finish,
}

impl Rounding {
    /// How many of a result's channels, from the first, round halves up; the others round them away from 0.
    pub(crate) fn half_up(self, channels: usize) -> usize {
        match self {
            Self::Product => channels,
            Self::Depthwise => channels - channels % 8,
            Self::Reference => 0,
        }
    }
}

impl Finish {
    /// What `operator` makes of its sums. `weights` are the scales of the weights, one in all or one for each
    /// of `bias`, which has one number for each channel of the result (zeros where the file has none).
    ///
    /// `None` where the numbers of scales and channels do not fit, or where a scale is absurd.
    pub(crate) fn new(
        operator: Operator,
        input: Grid,
        weights: &[f32],
        output: Grid,
        bias: Vec<i32>,
        activation: Activation,
    ) -> Option<Self> {
        if !(input.is_sound() && output.is_sound()) {
            return None;
        }
        // `PopulateConvolutionQuantizationParams` multiplies in float64, for `int8`; the older
        // `GetQuantizedConvolutionMultipler`, which `uint8` and dense layers of one scale use, in float32.
        let single = !input.signed || (operator == Operator::Dense && weights.len() == 1);
        let multiplier = |scale: f32| {
            let product = if single {
                f64::from(input.scale * scale)
            } else {
                f64::from(input.scale) * f64::from(scale)
            };
            Multiplier::new(product / f64::from(output.scale))
        };
        let multipliers = match weights {
            [scale] => vec![multiplier(*scale)?; bias.len()],
            scales if scales.len() == bias.len() => {
                scales.iter().map(|scale| multiplier(*scale)).collect::<Option<_>>()?
            }
            _ => return None,
        };
        let rounding = match operator {
            Operator::Depthwise | Operator::Transposed if input.signed => Rounding::Depthwise,
            Operator::Conv | Operator::Dense | Operator::Transposed => Rounding::Product,
            Operator::Grouped | Operator::Depthwise => Rounding::Reference,
        };
        let (least, greatest) = activation.range(output)?;
        Some(Self { bias, multipliers, rounding, zero: output.zero, least, greatest })
    }

    /// The result's number for a sum of a channel, the bias not yet in it.
    ///
    /// # Panics
    ///
    /// If there is no such channel.
    pub(crate) fn apply(&self, sum: i32, channel: usize) -> u8 {
        let sum = sum.wrapping_add(self.bias[channel]);
        let multiplier = self.multipliers[channel];
        let product = if channel < self.rounding.half_up(self.bias.len()) {
            multiplier.times_half_up(sum)
        } else {
            multiplier.times(sum)
        };
        let number = self.zero.wrapping_add(product);
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Is clamped to 8 bits.
        let number = number.clamp(self.least.into(), self.greatest.into()) as u8;
        number
    }
}

impl Conv {
    /// The channels of the input that one of the result looks at. `None` if the weights are not as many as
    /// the geometry says, or there are no such groups of channels.
    pub(crate) fn depth(&self) -> Option<usize> {
        let [rows, columns] = self.geometry.size;
        let (from, to) = (self.geometry.input[2], self.geometry.output[2]);
        let each = rows.checked_mul(columns)?.checked_mul(to)?;
        let depth = self.weights.len().checked_div(each)?;
        let groups = from.checked_div(depth)?;
        let fits = depth * each == self.weights.len() && depth * groups == from;
        (fits && groups > 0 && to % groups == 0 && self.finish.bias.len() == to).then_some(depth)
    }

    /// Whether the weights and biases are as many as a convolution of each channel alone needs.
    pub(crate) fn is_depthwise(&self) -> bool {
        let [rows, columns] = self.geometry.size;
        let (from, to) = (self.geometry.input[2], self.geometry.output[2]);
        let each = rows.checked_mul(columns).and_then(|places| places.checked_mul(to));
        from > 0
            && to % from == 0
            && each == Some(self.weights.len())
            && self.finish.bias.len() == to
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn conv(channels: [usize; 2], weights: usize, biases: usize) -> Conv {
        let geometry = Geometry {
            input: [3, 3, channels[0]],
            output: [3, 3, channels[1]],
            size: [1, 2],
            stride: [1, 1],
            dilation: [1, 1],
            before: [0, 0],
        };
        let grid = Grid { scale: 0.5, zero: 128, signed: true };
        let bias = vec![0; biases];
        let finish = Finish::new(Operator::Conv, grid, &[0.1], grid, bias, Activation::None);
        Conv {
            geometry,
            input_zero: 128,
            weights: vec![0; weights],
            weights_zero: 0,
            finish: finish.unwrap(),
        }
    }

    #[test]
    fn weights_say_how_many_channels_one_looks_at() {
        assert_eq!(conv([6, 4], 2 * 6 * 4, 4).depth(), Some(6));
        assert_eq!(conv([6, 4], 2 * 3 * 4, 4).depth(), Some(3));
        // Six channels are no groups of four, four results are not in three groups.
        assert_eq!(conv([6, 4], 2 * 4 * 4, 4).depth(), None);
        assert_eq!(conv([6, 4], 2 * 2 * 4, 4).depth(), None);
        assert_eq!(conv([6, 4], 2 * 6 * 4 + 1, 4).depth(), None);
        assert_eq!(conv([6, 4], 2 * 6 * 4, 3).depth(), None);
        assert_eq!(conv([6, 4], 0, 4).depth(), None);
        assert_eq!(conv([6, 0], 0, 0).depth(), None);
        assert!(conv([6, 12], 2 * 12, 12).is_depthwise());
        assert!(!conv([6, 13], 2 * 13, 13).is_depthwise());
        assert!(!conv([6, 12], 2 * 12, 11).is_depthwise());
        assert!(!conv([0, 0], 0, 0).is_depthwise());
    }

    #[test]
    fn scales_are_one_or_as_many_as_channels() {
        let grid = Grid { scale: 0.5, zero: 128, signed: true };
        let made = |scales: &[f32]| {
            Finish::new(Operator::Conv, grid, scales, grid, vec![0; 3], Activation::None)
                .map(|made| made.multipliers.len())
        };
        assert_eq!(made(&[0.1]), Some(3));
        assert_eq!(made(&[0.1, 0.2, 0.3]), Some(3));
        assert_eq!(made(&[0.1, 0.2]), None);
        assert_eq!(made(&[]), None);
        assert_eq!(made(&[-0.1]), None);
        assert_eq!(made(&[f32::NAN]), None);
    }

    #[test]
    fn scales_are_multiplied_in_float32_only_by_the_older_operators() {
        let multiplier = |operator, signed, scales: &[f32]| {
            let input = Grid { scale: 0.1, zero: 128, signed };
            let output = Grid { scale: 1.0, ..input };
            let bias = vec![0; 2];
            Finish::new(operator, input, scales, output, bias, Activation::None)
                .unwrap()
                .multipliers[0]
        };
        let double = Multiplier::new(f64::from(0.1_f32) * f64::from(0.3_f32)).unwrap();
        let single = Multiplier::new(f64::from(0.1_f32 * 0.3_f32)).unwrap();
        assert_ne!(double, single);
        for operator in
            [Operator::Conv, Operator::Grouped, Operator::Depthwise, Operator::Transposed]
        {
            assert_eq!(multiplier(operator, true, &[0.3]), double);
            assert_eq!(multiplier(operator, false, &[0.3]), single);
        }
        assert_eq!(multiplier(Operator::Dense, true, &[0.3]), single);
        assert_eq!(multiplier(Operator::Dense, true, &[0.3, 0.3]), double);
    }
}
