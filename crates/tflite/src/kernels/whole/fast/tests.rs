//! The fast kernels against their twins, on each level that this machine has.

use fearless_simd::Level;
use proptest::prelude::*;

use super::*;
use crate::kernels::Geometry;
use crate::kernels::whole::conv::{conv as dense, depthwise};
use crate::kernels::whole::sums::Rounding;
use crate::kernels::whole::{Conv, Finish, Multiplier};

/// The levels of this machine, the plain one with them.
pub(super) fn levels() -> Vec<Level> {
    let level = Level::new();
    #[cfg_attr(not(target_arch = "x86_64"), allow(unused_mut))]
    let mut levels = vec![level];
    #[cfg(target_arch = "x86_64")]
    {
        levels.extend(level.as_avx2().map(Level::Avx2));
        levels.extend(level.as_sse4_2().map(Level::Sse4_2));
    }
    levels
}

/// Numbers that look random, the same for the same seed.
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn next(&mut self) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 33
    }

    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    /// A byte: one in four at an end.
    fn byte(&mut self) -> u8 {
        match self.below(8) {
            0 => 0,
            1 => 255,
            _ => u8::try_from(self.below(256)).unwrap(),
        }
    }

    pub(super) fn bytes(&mut self, len: usize) -> Vec<u8> {
        (0..len).map(|_| self.byte()).collect()
    }
}

/// What a test tries.
#[derive(Clone, Debug)]
pub(super) struct Case {
    pub(super) geometry: Geometry,
    weights_zero: i32,
    input_zero: u8,
    rounding: Rounding,
    zero: u8,
    pub(super) range: (u8, u8),
    /// The multipliers' powers lie around it.
    power: i32,
    pub(super) seed: u64,
}

impl Case {
    fn conv(&self, weights: usize) -> (Conv, Vec<u8>) {
        let mut random = Random(self.seed);
        let channels = self.geometry.output[2];
        let weights: Vec<i8> = random.bytes(weights).into_iter().map(u8::cast_signed).collect();
        let multipliers = (0..channels).map(|_| {
            let bits = match random.below(6) {
                0 => 1 << 30,
                1 => i32::MAX,
                2 => return Multiplier { bits: 0, power: 0 },
                _ => i32::try_from((1 << 30) + random.below(1 << 30)).unwrap(),
            };
            let power = self.power + i32::try_from(random.below(4)).unwrap() - 2;
            Multiplier { bits, power: power.max(-31) }
        });
        let multipliers = multipliers.collect();
        let bias = (0..channels)
            .map(|_| i32::try_from(random.below(1 << 14)).unwrap() - (1 << 13))
            .collect();
        let x = random.bytes(self.geometry.input.iter().product());
        let finish = Finish {
            bias,
            multipliers,
            rounding: self.rounding,
            zero: self.zero.into(),
            least: self.range.0.min(self.range.1),
            greatest: self.range.0.max(self.range.1),
        };
        let conv = Conv {
            geometry: self.geometry.clone(),
            input_zero: self.input_zero,
            weights,
            weights_zero: self.weights_zero,
            finish,
        };
        (conv, x)
    }
}

/// Shapes, and all else but the channels and groups.
pub(super) fn cases() -> impl Strategy<Value = Case> {
    let shape = ([1_usize..12, 1_usize..12], [1_usize..6, 1_usize..6], [1_usize..4, 1_usize..4]);
    let window = ([1_usize..3, 1_usize..3], [0_usize..3, 0_usize..3], any::<bool>());
    let number = (any::<u8>(), any::<u8>(), any::<(u8, u8)>(), -14_i32..3, any::<u64>());
    let weights_zero = prop_oneof![Just(0), -128_i32..128];
    let rounding =
        prop_oneof![Just(Rounding::Product), Just(Rounding::Depthwise), Just(Rounding::Reference)];
    (shape, window, number, weights_zero, rounding).prop_map(
        |(shape, window, number, weights_zero, rounding)| {
            let (input, size, stride) = shape;
            let (dilation, before, full) = window;
            let (input_zero, zero, range, power, seed) = number;
            // Every window overlaps the input, or nearly so.
            let output = [0, 1].map(|axis| {
                let window = (size[axis] - 1) * dilation[axis] + 1;
                (input[axis] + 2 * before[axis]).saturating_sub(window) / stride[axis] + 1
            });
            Case {
                geometry: Geometry {
                    input: [input[0], input[1], 1],
                    output: [output[0], output[1], 1],
                    size,
                    stride,
                    dilation,
                    before,
                },
                weights_zero,
                input_zero,
                rounding,
                zero,
                range: if full { (0, 255) } else { range },
                power,
                seed,
            }
        },
    )
}

/// Numbers of channels around the widths of vectors and panels.
fn channels(most: usize) -> impl Strategy<Value = usize> {
    prop_oneof![
        1..most,
        prop::sample::select(vec![1_usize, 3, 4, 8, 15, 16, 17, 32, 48, 63, 64, 65, 80, 96, 130]),
    ]
}

/// Whether all levels give what the twin gives.
fn check_dense(conv: &Conv, x: &[u8]) -> Result<(), TestCaseError> {
    let mut want = vec![7; conv.geometry.output.iter().product()];
    dense(conv, x, &mut want);
    for level in levels() {
        let mut out = vec![7; want.len()];
        Packed8::new(level, conv).run(x, &mut out, &mut Scratch::default());
        let wrong = out.iter().zip(&want).position(|(out, want)| out != want);
        prop_assert!(wrong.is_none(), "number {wrong:?} differs on {level:?}");
    }
    Ok(())
}

/// Whether all levels give what the twin gives.
fn check_deep(conv: &Conv, x: &[u8]) -> Result<(), TestCaseError> {
    let mut want = vec![7; conv.geometry.output.iter().product()];
    depthwise(conv, x, &mut want);
    for level in levels() {
        let mut out = vec![7; want.len()];
        Deep8::new(level, conv).run(x, &mut out, &mut Scratch::default());
        let wrong = out.iter().zip(&want).position(|(out, want)| out != want);
        prop_assert!(wrong.is_none(), "number {wrong:?} differs on {level:?}");
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn dense_convolutions_are_their_twins(case in cases(), from in channels(40), to in channels(70), groups in 0_usize..4) {
        let mut case = case;
        let groups = [1, 1, 1, 3][groups];
        let (from, to) = (from.min(48), to);
        case.geometry.input[2] = from * groups;
        case.geometry.output[2] = to * groups;
        let [rows, columns] = case.geometry.size;
        let (conv, x) = case.conv(rows * columns * from * to * groups);
        check_dense(&conv, &x)?;
    }

    #[test]
    fn dense_layers_are_their_twins(case in cases(), from in 1_usize..600, to in channels(200)) {
        let mut case = case;
        case.geometry = Geometry {
            input: [1, 1, from],
            output: [1, 1, to],
            size: [1, 1],
            stride: [1, 1],
            dilation: [1, 1],
            before: [0, 0],
        };
        let (conv, x) = case.conv(from * to);
        check_dense(&conv, &x)?;
    }

    #[test]
    fn convolutions_of_each_channel_are_their_twins(case in cases(), channels in channels(150), times in 0_usize..6) {
        let mut case = case;
        case.geometry.input[2] = channels;
        case.geometry.output[2] = channels * [1, 1, 1, 1, 2, 8][times];
        let [rows, columns] = case.geometry.size;
        let (conv, x) = case.conv(rows * columns * case.geometry.output[2]);
        check_deep(&conv, &x)?;
    }
}

/// A convolution of one place whose sums are as large as they can be.
fn extreme(x: u8, weight: i8, from: usize, power: i32) -> (Conv, Vec<u8>) {
    let to = 70;
    let geometry = Geometry {
        input: [3, 3, from],
        output: [1, 1, to],
        size: [3, 3],
        stride: [1, 1],
        dilation: [1, 1],
        before: [0, 0],
    };
    let finish = Finish {
        bias: vec![0; to],
        multipliers: vec![Multiplier { bits: i32::MAX, power }; to],
        rounding: Rounding::Product,
        zero: 128,
        least: 0,
        greatest: 255,
    };
    let conv = Conv {
        weights: vec![weight; 9 * from * to],
        geometry,
        input_zero: 0,
        weights_zero: 0,
        finish,
    };
    (conv, vec![x; 9 * from])
}

/// Pairs of products of 8 bits, added in 16, would saturate here.
#[test]
fn no_sum_saturates() {
    for (x, weight) in [(255, -128), (255, 127), (128, -128), (1, 127), (255, -1)] {
        for (from, power) in [(2, -9), (3, -10), (64, -14), (500, -17), (500, -18)] {
            let (conv, x) = extreme(x, weight, from, power);
            check_dense(&conv, &x).unwrap();
            let mut deep = conv;
            deep.geometry.input[2] = 70;
            deep.weights.truncate(9 * 70);
            deep.weights.resize(9 * 70, weight);
            check_deep(&deep, &vec![x[0]; 9 * 70]).unwrap();
        }
    }
}

/// Every product near each edge, with multipliers at both ends, rounds as the twin's: a layer of one input
/// whose biases are the sums.
#[test]
fn all_roundings_are_their_twins() {
    let to = 6400;
    for rounding in [Rounding::Product, Rounding::Depthwise, Rounding::Reference] {
        for bits in [0, 1 << 30, (1 << 30) + 1, 1_518_500_250, i32::MAX - 1, i32::MAX] {
            for power in -31..=13 {
                let spread = 1_i64 << (-power).clamp(0, 16);
                let bias = (0..to).map(|at| i64::from(at - to / 2) * spread / 12);
                let bias: Vec<i32> = bias.map(|bias| i32::try_from(bias).unwrap()).collect();
                let channels = bias.len();
                let conv = Conv {
                    geometry: Geometry {
                        input: [1, 1, channels],
                        output: [1, 1, channels],
                        size: [1, 1],
                        stride: [1, 1],
                        dilation: [1, 1],
                        before: [0, 0],
                    },
                    input_zero: 0,
                    weights: vec![1; channels],
                    weights_zero: 0,
                    finish: Finish {
                        bias,
                        multipliers: vec![Multiplier { bits, power }; channels],
                        rounding,
                        zero: 100,
                        least: 3,
                        greatest: 250,
                    },
                };
                check_deep(&conv, &vec![0; channels]).unwrap();
                let mut dense = conv;
                dense.geometry.input[2] = 1;
                check_dense(&dense, &[0]).unwrap();
            }
        }
    }
}

/// Channels without weights, whose biases go up to the bounds of vectors and beyond them.
#[test]
fn the_greatest_sums_are_their_twins() {
    let ends = [1 << 30, (1 << 30) + 1, (1 << 30) - 1, 3 << 29, i32::MAX - (1 << 20), i32::MAX];
    let bias: Vec<i32> = ends.iter().flat_map(|end| [*end, -*end, end / 3, 1 - *end]).collect();
    let channels = bias.len();
    let geometry = Geometry {
        input: [1, 1, channels],
        output: [1, 1, channels],
        size: [1, 1],
        stride: [1, 1],
        dilation: [1, 1],
        before: [0, 0],
    };
    for power in -31..=2 {
        for most in ends {
            let bias: Vec<i32> = bias.iter().map(|bias| *bias % most).collect();
            for bits in [1 << 30, i32::MAX] {
                let conv = Conv {
                    geometry: geometry.clone(),
                    input_zero: 0,
                    weights: vec![0; channels],
                    weights_zero: 0,
                    finish: Finish {
                        bias: bias.clone(),
                        multipliers: vec![Multiplier { bits, power }; channels],
                        rounding: Rounding::Depthwise,
                        zero: 128,
                        least: 0,
                        greatest: 255,
                    },
                };
                check_deep(&conv, &vec![255; channels]).unwrap();
                let mut dense = conv;
                dense.weights = vec![0; channels * channels];
                check_dense(&dense, &vec![255; channels]).unwrap();
            }
        }
    }
}

/// Only what is beyond the bounds of vectors is left to the twins.
#[test]
fn what_fits_vectors_is_computed_on_them() {
    let (mut conv, x) = extreme(255, 127, 500, -17);
    for level in levels() {
        #[cfg(target_arch = "x86_64")]
        let vectors = level.as_avx2().is_some();
        #[cfg(not(target_arch = "x86_64"))]
        let vectors = cfg!(target_arch = "aarch64");
        assert_eq!(Packed8::new(level, &conv).is_fast(), vectors);
    }
    conv.finish.bias[69] = i32::MAX;
    assert!(levels().into_iter().all(|level| !Packed8::new(level, &conv).is_fast()));
    check_dense(&conv, &x).unwrap();
}

/// Numbers that do not fit each other leave the result as it is, as the twins do.
#[test]
fn what_does_not_fit_is_left_alone() {
    let (mut conv, x) = extreme(255, 127, 4, -9);
    conv.weights.pop();
    check_dense(&conv, &x).unwrap();
    check_deep(&conv, &x).unwrap();
}

/// Numbers that a hostile file could hold are left to the twins, and cost no memory.
#[test]
fn absurd_windows_are_left_to_the_twins() {
    let most = 1 << 60;
    for (stride, dilation, before) in [
        ([most, most], [1, 1], [0, 0]),
        ([most, 1], [1, most], [0, 0]),
        ([1, 1], [most, 1], [0, 1]),
        ([1, 1], [1 << 40, 1 << 20], [0, 0]),
        ([1, 1], [1, 1 << 30], [1 << 30, 0]),
        ([most, 2], [1, 1], [most, most]),
        ([1, 1], [1, 1], [1 << 62, 1]),
    ] {
        let (mut conv, x) = extreme(3, 5, 70, -9);
        conv.geometry.stride = stride;
        conv.geometry.dilation = dilation;
        conv.geometry.before = before;
        check_dense(&conv, &x).unwrap();
        conv.weights.truncate(9 * 70);
        check_deep(&conv, &x).unwrap();
    }
}
