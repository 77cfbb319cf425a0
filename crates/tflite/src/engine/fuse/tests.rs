//! Small networks, and what they are fused to.

use super::*;
use crate::array::Array;

/// A canonical form in the making, with constants of arbitrary values.
#[derive(Default)]
struct Net(Canonical<'static>);

const PLAIN: Window = Window { size: [3, 3], stride: [1, 1], dilation: [1, 1], same: true };
const VALID: Window = Window { same: false, ..PLAIN };
const POINT: Window = Window { size: [1, 1], ..PLAIN };
const CHANNELS: usize = 4;

impl Net {
    fn input(&mut self) -> usize {
        self.0.input(vec![1, 8, 8, CHANNELS]).unwrap()
    }

    fn constant(&mut self, shape: &[usize]) -> usize {
        let values = vec![0.5; shape.iter().product()];
        self.0.constant(&Array::floats(shape.to_vec(), values)).unwrap()
    }

    fn conv(&mut self, x: usize, window: Window) -> usize {
        let kernel = self.constant(&[CHANNELS, window.size[0], window.size[1], CHANNELS]);
        let bias = self.constant(&[CHANNELS]);
        self.0.conv(x, kernel, bias, window).unwrap()
    }

    fn depthwise(&mut self, x: usize, window: Window) -> usize {
        let kernel = self.constant(&[1, window.size[0], window.size[1], CHANNELS]);
        let bias = self.constant(&[CHANNELS]);
        self.0.depthwise(x, kernel, bias, window).unwrap()
    }

    fn unary(&mut self, op: Unary, x: usize) -> usize {
        self.0.unary(op, x).unwrap()
    }

    fn add(&mut self, a: usize, b: usize) -> usize {
        self.0.binary(Binary::Add, a, b).unwrap()
    }

    fn mul(&mut self, a: usize, b: usize) -> usize {
        self.0.binary(Binary::Mul, a, b).unwrap()
    }

    fn with(&mut self, op: Binary, x: usize, scalar: f32) -> usize {
        self.0.with_scalar(op, x, scalar).unwrap()
    }

    fn steps(&self, output: usize) -> Vec<Step> {
        steps(&self.0, output)
    }

    /// The only step, of one input; and its activation.
    fn activation(&self, x: usize, output: usize) -> Activation {
        match &self.steps(output)[..] {
            [Step { work: Work::Conv(conv), inputs, output: made }] => {
                assert_eq!((&inputs[..], *made), (&[x][..], output));
                conv.activation
            }
            other => panic!("{other:?}"),
        }
    }
}

fn clamp(least: f32, greatest: f32) -> Activation {
    Activation::Clamp { least, greatest }
}

#[test]
fn activations_become_part_of_the_convolution_before() {
    let inf = f32::INFINITY;
    for (expected, ops) in [
        (clamp(0.0, inf), vec![(Binary::Maximum, 0.0)]),
        (clamp(-1.0, 1.0), vec![(Binary::Maximum, -1.0), (Binary::Minimum, 1.0)]),
        (clamp(2.0, 2.0), vec![(Binary::Minimum, 1.0), (Binary::Maximum, 2.0)]),
        (clamp(-inf, 1.0), vec![(Binary::Minimum, 3.0), (Binary::Minimum, 1.0)]),
    ] {
        let mut net = Net::default();
        let x = net.input();
        let mut y = net.conv(x, PLAIN);
        for (op, scalar) in ops {
            y = net.with(op, y, scalar);
        }
        assert_eq!(net.activation(x, y), expected);
    }
    for (op, expected) in [
        (Unary::Relu, clamp(0.0, inf)),
        (Unary::Relu6, clamp(0.0, 6.0)),
        (Unary::HardSwish, Activation::HardSwish),
        (Unary::Logistic, Activation::Sigmoid),
    ] {
        let mut net = Net::default();
        let x = net.input();
        let y = net.conv(x, PLAIN);
        let y = net.unary(op, y);
        assert_eq!(net.activation(x, y), expected);
    }
}

#[test]
fn swish_is_known_in_all_its_spellings() {
    for turned in [false, true] {
        let mut net = Net::default();
        let x = net.input();
        let y = net.conv(x, PLAIN);
        let factor = net.unary(Unary::Logistic, y);
        let z = if turned { net.mul(factor, y) } else { net.mul(y, factor) };
        assert_eq!(net.activation(x, z), Activation::Swish);
    }
    for before in [false, true] {
        let mut net = Net::default();
        let x = net.input();
        let y = net.conv(x, PLAIN);
        let moved = net.with(Binary::Add, y, 3.0);
        let mut factor = net.unary(Unary::Relu6, moved);
        if before {
            factor = net.with(Binary::Mul, factor, 1.0 / 6.0);
        }
        let mut z = net.mul(y, factor);
        if !before {
            z = net.with(Binary::Mul, z, 1.0 / 6.0);
        }
        assert_eq!(net.activation(x, z), Activation::HardSwish);
    }
    // Another number is another function.
    let mut net = Net::default();
    let x = net.input();
    let y = net.conv(x, PLAIN);
    let moved = net.with(Binary::Add, y, 2.0);
    let factor = net.unary(Unary::Relu6, moved);
    let factor = net.with(Binary::Mul, factor, 1.0 / 6.0);
    let z = net.mul(y, factor);
    assert!(net.steps(z).len() > 2);
}

#[test]
fn what_others_read_stays() {
    // The sum is read twice, so nothing behind it can be taken.
    let mut net = Net::default();
    let x = net.input();
    let y = net.conv(x, PLAIN);
    let sum = net.add(x, y);
    let left = net.unary(Unary::Relu, sum);
    let right = net.unary(Unary::HardSwish, sum);
    let z = net.add(left, right);
    let works: Vec<Work> = net.steps(z).into_iter().map(|step| step.work).collect();
    assert!(matches!(&works[0], Work::Conv(conv) if conv.activation == Activation::None));
    assert!(matches!(works[1], Work::Activate(Activation::Clamp { .. })));
    assert_eq!(works[2..], [Work::Activate(Activation::HardSwish), Work::Add(Activation::None)]);
    // So is the answer.
    assert_eq!(net.steps(sum).len(), 1);
    assert_eq!(net.activation(x, y), Activation::None);
}

#[test]
fn a_sum_is_part_of_the_later_convolution() {
    let mut net = Net::default();
    let x = net.input();
    let left = net.conv(x, POINT);
    let right = net.conv(x, PLAIN);
    let sum = net.add(left, right);
    let y = net.unary(Unary::Relu, sum);
    let steps = net.steps(y);
    assert_eq!(steps.len(), 2);
    assert_eq!((&steps[0].inputs[..], steps[0].output), (&[x][..], left));
    assert_eq!((&steps[1].inputs[..], steps[1].output), (&[x, left][..], y));
    assert!(matches!(&steps[1].work, Work::Conv(conv) if conv.geometry.size == [3, 3]));
    // A sum with itself is no residual.
    let doubled = net.add(right, right);
    assert_eq!(net.steps(doubled)[1].work, Work::Add(Activation::None));
}

#[test]
fn padding_becomes_part_of_the_windows_behind_it() {
    let mut net = Net::default();
    let x = net.input();
    let padded = net.0.pad(x, &[[0, 0], [1, 2], [0, 1], [0, 0]]).unwrap();
    let stride = Window { stride: [2, 2], ..VALID };
    let y = net.conv(padded, stride);
    let steps = net.steps(y);
    let [Step { work: Work::Conv(conv), inputs, .. }] = &steps[..] else { panic!("{steps:?}") };
    assert_eq!((conv.geometry.before, conv.geometry.output), ([1, 0], [5, 4, CHANNELS]));
    assert_eq!(inputs[..], [x]);
    // Nor any more than a window covers.
    let far = net.0.pad(x, &[[0, 0], [3, 0], [0, 0], [0, 0]]).unwrap();
    let y = net.conv(far, VALID);
    assert_eq!(net.steps(y).len(), 2);
    // Nor channels.
    let wide = net.0.pad(x, &[[0, 0], [0, 0], [0, 0], [0, 1]]).unwrap();
    let y = net.0.pool(true, wide, VALID).unwrap();
    assert_eq!(net.steps(y).len(), 2);
}

#[test]
fn zeros_are_values_to_a_pool() {
    let mut net = Net::default();
    let x = net.input();
    let padded = net.0.pad(x, &[[0, 0], [1, 1], [1, 1], [0, 0]]).unwrap();
    for max in [false, true] {
        let y = net.0.pool(max, padded, VALID).unwrap();
        assert_eq!(net.steps(y).len(), 2, "{max}");
    }
    // Among values that are not below it, 0 changes nothing.
    let y = net.conv(x, PLAIN);
    let y = net.unary(Unary::Relu, y);
    let padded = net.0.pad(y, &[[0, 0], [1, 1], [1, 1], [0, 0]]).unwrap();
    let most = net.0.pool(true, padded, VALID).unwrap();
    let steps = net.steps(most);
    assert_eq!(steps.len(), 2);
    assert!(matches!(&steps[1].work, Work::MaxPool(g, _) if g.before == [1, 1]));
    let average = net.0.pool(false, padded, VALID).unwrap();
    assert_eq!(net.steps(average).len(), 3);
}

#[test]
fn an_inverted_residual_is_one_operator() {
    let mut net = Net::default();
    let x = net.input();
    let y = net.conv(x, POINT);
    let y = net.unary(Unary::Relu6, y);
    let y = net.depthwise(y, PLAIN);
    let y = net.unary(Unary::Relu6, y);
    let y = net.conv(y, POINT);
    let y = net.add(y, x);
    let steps = net.steps(y);
    let [Step { work, inputs, output }] = &steps[..] else { panic!("{steps:?}") };
    assert_eq!((&inputs[..], *output), (&[x, x][..], y));
    let Work::Block { expand: Some(_), depthwise, project: Some(project) } = work else {
        panic!("{work:?}")
    };
    assert_eq!((depthwise.activation, project.activation), (clamp(0.0, 6.0), Activation::None));
}

#[test]
fn squeeze_and_excite_keeps_what_it_reads_twice() {
    let mut net = Net::default();
    let x = net.input();
    let y = net.conv(x, POINT);
    let y = net.depthwise(y, PLAIN);
    let whole = Window { size: [8, 8], ..VALID };
    let mean = net.0.pool(false, y, whole).unwrap();
    let few = net.conv(mean, POINT);
    let factors = net.unary(Unary::Logistic, few);
    let scaled = net.mul(factors, y);
    let z = net.conv(scaled, POINT);
    let works: Vec<Work> = net.steps(z).into_iter().map(|step| step.work).collect();
    assert!(matches!(works[0], Work::Block { expand: Some(_), project: None, .. }));
    assert_eq!(works[1], Work::Mean(1));
    assert!(matches!(&works[2], Work::Conv(conv) if conv.activation == Activation::Sigmoid));
    assert!(matches!(works[3], Work::Scaled(_)));
    assert_eq!(works.len(), 4);
}

#[test]
fn what_nobody_reads_is_not_computed() {
    let mut net = Net::default();
    let x = net.input();
    let y = net.conv(x, PLAIN);
    let _ = net.conv(y, PLAIN);
    assert_eq!(net.steps(y).len(), 1);
}

#[test]
fn a_normalisation_is_one_product_and_one_sum() {
    let mut net = Net::default();
    let x = net.input();
    let y = net.with(Binary::Mul, x, 2.0);
    let halves = net.constant(&[CHANNELS]);
    let y = net.0.binary(Binary::Sub, y, halves).unwrap();
    let quarter = net.constant(&[1, 1, 1, CHANNELS]);
    let y = net.0.binary(Binary::Div, y, quarter).unwrap();
    let y = net.with(Binary::Add, y, 3.0);
    let y = net.unary(Unary::Relu, y);
    let (factors, addends) = (vec![4.0; CHANNELS], vec![2.0; CHANNELS]);
    let activation = clamp(0.0, f32::INFINITY);
    let work = Work::Affine { factors, addends, activation };
    assert_eq!(net.steps(y), [Step { work, inputs: vec![x], output: y }]);
    // What is added to all alike stays by itself.
    let far = net.with(Binary::Add, x, 12_582_912.0);
    let back = net.with(Binary::Sub, far, 12_582_912.0);
    assert_eq!(net.steps(back).len(), 2);
}

#[test]
fn what_would_take_memory_out_of_proportion_is_left_to_the_engine() {
    let mut net = Net::default();
    let x = net.input();
    for (dilation, fused) in [(100, true), (200, false), (4096, false)] {
        let y = net.conv(x, Window { dilation: [dilation, 1], ..PLAIN });
        assert_eq!(matches!(net.steps(y)[0].work, Work::Conv(_)), fused, "{dilation}");
        let y = net.depthwise(x, Window { dilation: [dilation, 1], ..PLAIN });
        assert_eq!(matches!(net.steps(y)[0].work, Work::Depthwise(_)), fused, "{dilation}");
    }
    // Many zeros around few values.
    let mut net = Net::default();
    let x = net.0.input(vec![1, 1, 1, 1 << 14]).unwrap();
    let kernel = net.constant(&[8, 3, 3, 1 << 14]);
    let bias = net.constant(&[8]);
    let y = net.0.conv(x, kernel, bias, Window { dilation: [100, 100], ..PLAIN }).unwrap();
    assert_eq!(net.steps(y)[0].work, Work::Node(0));
    // One result of many values.
    for (results, fused) in [(1, false), (8, true)] {
        let mut net = Net::default();
        let x = net.0.input(vec![1, 1 << 21]).unwrap();
        let (kernel, bias) = (net.constant(&[results, 1 << 21]), net.constant(&[results]));
        let y = net.0.dense(x, kernel, bias).unwrap();
        assert_eq!(matches!(net.steps(y)[0].work, Work::Conv(_)), fused, "{results}");
    }
}
