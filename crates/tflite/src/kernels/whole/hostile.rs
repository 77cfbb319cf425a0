//! Grids that no converter writes: all that is made of them ends, and nothing panics.

use proptest::prelude::*;

use super::*;
use crate::kernels::Geometry;

fn grids() -> impl Strategy<Value = Grid> {
    let scale = prop_oneof![
        any::<u32>().prop_map(f32::from_bits),
        Just(f32::MIN_POSITIVE),
        Just(f32::MAX),
        Just(1.0 / 256.0),
        1e-6_f32..10.0,
    ];
    let zero = prop_oneof![4 => 0..256_i32, 1 => any::<i32>()];
    (scale, zero, any::<bool>()).prop_map(|(scale, zero, signed)| Grid { scale, zero, signed })
}

fn activations() -> impl Strategy<Value = Activation> {
    use Activation::{None, Relu, Relu6, ReluN1To1};
    prop::sample::select(vec![None, Relu, Relu6, ReluN1To1])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn no_grid_panics_in_an_operator_of_one(
        from in grids(), to in grids(), activation in activations(), factor in any::<f32>(),
    ) {
        let all: Vec<u8> = (0..=255).chain(0..=255).collect();
        let mut out = vec![0; all.len()];
        for operator in [
            Unary::Clamp(activation),
            Unary::Relu0To1,
            Unary::LeakyRelu(factor),
            Unary::HardSwish,
            Unary::Logistic,
            Unary::Tanh,
            Unary::Elu,
            Unary::Gelu { approximate: true },
            Unary::Gelu { approximate: false },
            Unary::Exp,
            Unary::Log,
            Unary::Abs,
            Unary::Rsqrt,
            Unary::Sqrt,
            Unary::Negate,
        ] {
            if let Some(table) = operator.table(from, to) {
                table.run(&all, &mut out);
            }
        }
        if let Some(made) = Requantise::new(from, to) {
            made.run(&all, &mut out);
        }
        if let Some(table) = joined(from, to) {
            table.run(&all, &mut out);
        }
        if let Some(made) = Softmax::new(from, to, factor) {
            made.run(64, &all, &mut out);
            made.run(0, &all, &mut out);
        }
        if let Some(made) = LogSoftmax::new(from, to) {
            made.run(64, &all, &mut out);
        }
        for kept in [false, true] {
            let reduced = [false, true, true, false];
            if let Some(made) = Mean::new(from, to, &[1, 8, 8, 8], &reduced, kept) {
                made.run(&all, &mut out[..8]);
            }
        }
        if let Some(made) = Sum::new(from, to, &[8, 64], &[false, true]) {
            made.run(&all, &mut out[..8]);
        }
        if let Some(made) = Product::new(from, to, &[8, 64], &[false, true]) {
            made.run(&all, &mut out[..8]);
        }
        if from.is_sound() {
            l2_normalise(from, 64, &all, &mut out);
            quantise(from, &[factor, f32::NAN, f32::INFINITY], &mut out);
            dequantise(from, &all, &mut vec![0.0; all.len()]);
        }
        let geometry = Geometry {
            input: [8, 8, 8],
            output: [4, 4, 8],
            size: [3, 3],
            stride: [2, 2],
            dilation: [1, 1],
            before: [0, 0],
        };
        if let Some(made) = AveragePool::new(geometry.clone(), from, activation) {
            made.run(&all, &mut out[..128]);
        }
        if let Some(made) = MaxPool::new(geometry, from, activation) {
            made.run(&all, &mut out[..128]);
        }
        if let Some(made) = ResizeBilinear::new(from, [8, 8, 8], [3, 20], false, true) {
            made.run(&all, &mut vec![0; 480]);
        }
    }

    #[test]
    fn no_grid_panics_in_an_operator_of_two(
        a in grids(), b in grids(), to in grids(), activation in activations(),
    ) {
        let all: Vec<u8> = (0..=255).collect();
        let each = Broadcast::new(&[256, 1], &[256]).unwrap();
        let mut out = vec![0; 65536];
        let added = [Add::new(a, b, to, activation), Add::subtract(a, b, to, activation)];
        for add in added.iter().flatten() {
            add.run(&each, &all, &all, &mut out);
        }
        if let Some(made) = Mul::new(a, b, to, activation) {
            made.run(&each, &all, &all, &mut out);
        }
        if let Some(made) = Div::new(a, b, to, activation) {
            made.run(&each, &all, &all, &mut out);
        }
        if let Some(made) = Prelu::new(a, b, to) {
            made.run(&each, &all, &all, &mut out);
        }
        if let Some(made) = SquaredDifference::new(a, b, to) {
            made.run(&each, &all, &all, &mut out);
        }
        if let Some(made) = Comparable::new(a, b) {
            let _ = made.one(0, 255);
        }
        if let Some(made) = MatMul::new(a, b, to) {
            made.run(16, &all, &all, &mut out);
        }
    }

    #[test]
    fn no_grid_panics_in_a_convolution(
        input in grids(),
        output in grids(),
        scales in prop::collection::vec(any::<f32>(), 0..4),
        activation in activations(),
        bias in prop::collection::vec(any::<i32>(), 0..4),
    ) {
        for operator in [Operator::Conv, Operator::Grouped, Operator::Depthwise, Operator::Dense] {
            let bias = bias.clone();
            if let Some(made) = Finish::new(operator, input, &scales, output, bias, activation) {
                for channel in 0..made.bias.len() {
                    for sum in [i32::MIN, -1, 0, 1, i32::MAX] {
                        let number = made.apply(sum, channel);
                        prop_assert!((made.least..=made.greatest).contains(&number));
                    }
                }
            }
        }
    }
}
