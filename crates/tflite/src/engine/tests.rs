//! Arbitrary networks, fused and node by node.

use proptest::prelude::*;
use tract_tflite::prelude::{Tensor, TypedSimplePlan, tvec};

use super::build::build_steps;
use super::fuse::{Step, Work, steps};
use super::pack::level;
use crate::array::Array;
use crate::canonical::{Binary, Canonical, Unary, Window};
use crate::kernels::Level;

/// What is done next to one of the tensors so far.
#[derive(Clone, Debug)]
enum Next {
    Conv {
        window: Window,
        results: usize,
    },
    Depthwise(Window),
    /// A convolution of 1x1, a depthwise one and one of 1x1 again; with a residual where it fits.
    Block {
        window: Window,
        middle: usize,
        results: usize,
    },
    /// Mean, two convolutions of 1x1, and a product.
    Excite,
    Pad([[usize; 2]; 2]),
    Pool {
        max: bool,
        window: Window,
    },
    Unary(Unary),
    Swish,
    HardSwish {
        late: bool,
    },
    Clamp(f32, f32),
    Normalise,
    /// With another tensor of the same shape, if there is one.
    Join(Binary, usize),
    Concat(usize),
}

fn window() -> impl Strategy<Value = Window> {
    let size = prop_oneof![Just([1, 1]), Just([3, 3]), Just([5, 5]), Just([2, 3])];
    let pair = |most| [1..=most, 1..=most];
    (size, pair(2_usize), pair(2_usize), any::<bool>())
        .prop_map(|(size, stride, dilation, same)| Window { size, stride, dilation, same })
}

fn next() -> impl Strategy<Value = Next> {
    let channels = || 1_usize..40;
    prop_oneof![
        3 => (window(), channels()).prop_map(|(window, results)| Next::Conv { window, results }),
        2 => window().prop_map(Next::Depthwise),
        3 => (window(), channels(), channels())
            .prop_map(|(window, middle, results)| Next::Block { window, middle, results }),
        1 => Just(Next::Excite),
        1 => [[0_usize..4, 0_usize..4], [0_usize..4, 0_usize..4]].prop_map(Next::Pad),
        1 => (any::<bool>(), window()).prop_map(|(max, window)| Next::Pool { max, window }),
        2 => prop_oneof![
            Just(Unary::Relu), Just(Unary::Relu6), Just(Unary::HardSwish), Just(Unary::Logistic)
        ].prop_map(Next::Unary),
        1 => Just(Next::Swish),
        1 => any::<bool>().prop_map(|late| Next::HardSwish { late }),
        1 => (-1.0_f32..1.0, -1.0_f32..1.0).prop_map(|(low, high)| Next::Clamp(low, high)),
        1 => Just(Next::Normalise),
        2 => (prop_oneof![Just(Binary::Add), Just(Binary::Mul)], 0_usize..8)
            .prop_map(|(op, back)| Next::Join(op, back)),
        1 => (0_usize..8).prop_map(Next::Concat),
    ]
}

/// A canonical form in the making.
struct Net {
    form: Canonical<'static>,
    seed: u32,
}

impl Net {
    /// A constant of values that look arbitrary, each of about `size`.
    fn constant(&mut self, shape: &[usize], size: f32) -> usize {
        let count: usize = shape.iter().product();
        let values = (0..count).map(|_| {
            self.seed = self.seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (f32::from((self.seed >> 20) as u16) / 2048.0 - 1.0) * size
        });
        let values = values.collect();
        self.form.constant(&Array::floats(shape.to_vec(), values)).unwrap()
    }

    #[allow(clippy::cast_precision_loss)] // Small.
    fn conv(&mut self, x: usize, window: Window, results: usize) -> Option<usize> {
        let channels = self.form.shape(x)[3];
        let [rows, columns] = window.size;
        let size = 1.0 / ((rows * columns * channels) as f32).sqrt();
        let kernel = self.constant(&[results, rows, columns, channels], size);
        let bias = self.constant(&[results], 0.3);
        self.form.conv(x, kernel, bias, window).ok()
    }

    fn depthwise(&mut self, x: usize, window: Window) -> Option<usize> {
        let channels = self.form.shape(x)[3];
        let [rows, columns] = window.size;
        let kernel = self.constant(&[1, rows, columns, channels], 0.5);
        let bias = self.constant(&[channels], 0.3);
        self.form.depthwise(x, kernel, bias, window).ok()
    }

    /// Adds what is next, if it fits.
    fn next(&mut self, x: usize, before: &[usize], next: &Next) -> Option<usize> {
        let point = Window { size: [1, 1], stride: [1, 1], dilation: [1, 1], same: false };
        let [_, rows, columns, channels] = *self.form.shape(x) else { return None };
        let other = |net: &Self, back: usize, fits: &dyn Fn(&[usize]) -> bool| {
            let known = before.iter().rev().cycle().skip(back).take(before.len());
            known.copied().find(|other| fits(net.form.shape(*other)))
        };
        match *next {
            Next::Conv { window, results } => self.conv(x, window, results),
            Next::Depthwise(window) => self.depthwise(x, window),
            Next::Block { window, middle, results } => {
                let y = self.conv(x, point, middle)?;
                let y = self.form.unary(Unary::Relu6, y).ok()?;
                let y = self.depthwise(y, window)?;
                let y = self.form.unary(Unary::Relu6, y).ok()?;
                let y = self.conv(y, point, results)?;
                if self.form.shape(x) == self.form.shape(y) {
                    return self.form.binary(Binary::Add, x, y).ok();
                }
                Some(y)
            }
            Next::Excite => {
                let whole = Window { size: [rows, columns], ..point };
                let mean = self.form.pool(false, x, whole).ok()?;
                let few = self.conv(mean, point, channels.div_ceil(4))?;
                let few = self.form.unary(Unary::Relu, few).ok()?;
                let many = self.conv(few, point, channels)?;
                let factors = self.form.unary(Unary::Logistic, many).ok()?;
                self.form.binary(Binary::Mul, x, factors).ok()
            }
            Next::Pad([high, wide]) => self.form.pad(x, &[[0, 0], high, wide, [0, 0]]).ok(),
            Next::Pool { max, window } => {
                let window = Window { dilation: [1, 1], ..window };
                self.form.pool(max, x, window).ok()
            }
            Next::Unary(op) => self.form.unary(op, x).ok(),
            Next::Swish => {
                let factor = self.form.unary(Unary::Logistic, x).ok()?;
                self.form.binary(Binary::Mul, x, factor).ok()
            }
            Next::HardSwish { late } => {
                let moved = self.form.with_scalar(Binary::Add, x, 3.0).ok()?;
                let factor = self.form.unary(Unary::Relu6, moved).ok()?;
                if late {
                    let y = self.form.binary(Binary::Mul, factor, x).ok()?;
                    return self.form.with_scalar(Binary::Mul, y, 1.0 / 6.0).ok();
                }
                let factor = self.form.with_scalar(Binary::Mul, factor, 1.0 / 6.0).ok()?;
                self.form.binary(Binary::Mul, x, factor).ok()
            }
            Next::Clamp(low, high) => {
                let y = self.form.with_scalar(Binary::Maximum, x, low).ok()?;
                self.form.with_scalar(Binary::Minimum, y, high).ok()
            }
            Next::Normalise => {
                let factors = self.constant(&[channels], 1.0);
                let addends = self.constant(&[channels], 0.3);
                let y = self.form.binary(Binary::Mul, x, factors).ok()?;
                self.form.binary(Binary::Add, y, addends).ok()
            }
            Next::Join(op, back) => {
                let own = self.form.shape(x).to_vec();
                let other = other(self, back, &|shape| *shape == own)?;
                self.form.binary(op, x, other).ok()
            }
            Next::Concat(back) => {
                let other = other(self, back, &|shape| shape[..3] == [1, rows, columns])?;
                self.form.concat(3, &[other, x]).ok()
            }
        }
    }
}

/// What a network answers for values that look arbitrary.
fn answer(
    form: Canonical<'static>,
    steps: Vec<Step>,
    ends: [usize; 2],
    level: Level,
) -> (Vec<f32>, Vec<Work>) {
    let shape = form.shape(ends[0]).to_vec();
    let count = u16::try_from(shape.iter().product::<usize>()).unwrap();
    let values: Vec<f32> = (0..count).map(|n| f32::from(n % 61 * 7 % 61) / 30.0 - 1.0).collect();
    let works = steps.iter().map(|step| step.work.clone()).collect();
    let model = build_steps(form, steps, ends, level).unwrap();
    let plan = TypedSimplePlan::new(model).unwrap();
    let input = Tensor::from_shape(&shape, &values).unwrap();
    let first = plan.run(tvec!(input.clone().into())).unwrap();
    let first = first[0].try_as_plain_ram().unwrap().as_slice::<f32>().unwrap().to_vec();
    // Once more, in tensors that are full by now.
    let again = plan.run(tvec!(input.into())).unwrap();
    let again = again[0].try_as_plain_ram().unwrap().as_slice::<f32>().unwrap().to_vec();
    assert_eq!(first, again);
    (first, works)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn fused_networks_answer_as_node_by_node(
        sides in [1_usize..20, 1_usize..20],
        channels in 1_usize..40,
        seed: u32,
        nexts in prop::collection::vec((next(), 0_usize..3), 1..10),
    ) {
        let make = || {
            let mut net = Net { form: Canonical::default(), seed };
            let input = net.form.input(vec![1, sides[0], sides[1], channels]).unwrap();
            let mut tensors = vec![input];
            for (next, back) in &nexts {
                // Mostly the last one, at times one before it.
                let x = tensors[tensors.len().saturating_sub(1 + back / 2)];
                if let Some(made) = net.next(x, &tensors, next) {
                    tensors.push(made);
                }
            }
            (net.form, [input, tensors[tensors.len() - 1]])
        };
        let (form, ends) = make();
        if ends[0] == ends[1] {
            return Ok(());
        }
        let plain: Vec<Step> = form.nodes.iter().enumerate().map(|(place, node)| {
            let inputs = node.inputs.clone();
            Step { work: Work::Node(place), inputs, output: node.output }
        }).collect();
        let (expected, _) = answer(form, plain, ends, level());
        let greatest = expected.iter().fold(1.0, |all: f32, value| all.max(value.abs()));
        for level in [level(), Level::baseline()] {
            let (form, _) = make();
            let fused = steps(&form, ends[1]);
            let (got, works) = answer(form, fused, ends, level);
            prop_assert_eq!(got.len(), expected.len());
            for (got, expected) in got.iter().zip(&expected) {
                prop_assert!(
                    (got - expected).abs() <= 1e-4 * greatest,
                    "{} is not {} of {} in {:?}", got, expected, greatest, works
                );
            }
        }
    }
}
