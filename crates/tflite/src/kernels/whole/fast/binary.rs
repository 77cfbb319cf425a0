//! Sums and products of two operands.

use fearless_simd::{Level, dispatch};

use super::even::{Even, MANY};
use super::steps::{Ends, Step};
use crate::kernels::whole::broadcast::Walk;
use crate::kernels::whole::{Add, Broadcast, Mul, Multiplier};

/// An operator of two operands, made ready for an instruction set.
#[derive(Clone, Debug)]
pub(crate) struct Binary8 {
    level: Level,
    operator: Operator,
    /// `None` where its twin computes it.
    even: Option<Even>,
}

#[derive(Clone, Debug)]
enum Operator {
    Add(Box<Add>),
    Mul(Mul),
}

impl Binary8 {
    /// `ADD` or `SUB`.
    pub(crate) fn add(level: Level, add: Add) -> Self {
        // A part is at most 255 * 2^19, so sums are below 2^28.
        let even = ready(level, add.multiplier, add.zero, add.least, add.greatest, 1 << 28);
        let even = even.filter(|_| !add.narrow);
        Self { level, operator: Operator::Add(Box::new(add)), even }
    }

    /// `MUL`.
    pub(crate) fn mul(level: Level, mul: Mul) -> Self {
        let even = ready(level, mul.multiplier, mul.zero, mul.least, mul.greatest, 1 << 16);
        let even = even.filter(|_| !mul.narrow);
        Self { level, operator: Operator::Mul(mul), even }
    }

    /// Computes it for operands that `broadcast` lays beside each other. What does not fit leaves `out` as it
    /// is.
    pub(crate) fn run(&self, broadcast: &Broadcast, a: &[u8], b: &[u8], out: &mut [u8]) {
        if self.run_fast(broadcast, a, b, out).is_none() {
            match &self.operator {
                Operator::Add(add) => add.run(broadcast, a, b, out),
                Operator::Mul(mul) => mul.run(broadcast, a, b, out),
            }
        }
    }

    /// `None` if it is left to the twin.
    fn run_fast(&self, broadcast: &Broadcast, a: &[u8], b: &[u8], out: &mut [u8]) -> Option<()> {
        let even = self.even.as_ref()?;
        let cycles = broadcast.cycles()?;
        // Operands that do not repeat within a stretch repeat behind it.
        let stretch = broadcast.walk().filter(|walk| !walk.repeats)?.stretch;
        let places: usize = broadcast.shape().iter().product();
        let fits = cycles == [a.len(), b.len()] && out.len() == places;
        if !fits || stretch < LEAST || cycles.iter().any(|numbers| numbers % stretch != 0) {
            return None;
        }
        for (at, out) in out.chunks_exact_mut(stretch).enumerate() {
            let [a, b] = [(a, cycles[0]), (b, cycles[1])]
                .map(|(x, numbers)| &x[at * stretch % numbers..][..stretch]);
            self.side_by_side(even, a, b, out);
        }
        Some(())
    }

    /// The results for a stretch of operands.
    fn side_by_side(&self, even: &Even, a: &[u8], b: &[u8], out: &mut [u8]) {
        match &self.operator {
            Operator::Add(add) => {
                // What is behind the last whole vector of the runtime has parts of its own.
                let whole = add.in_vectors(Walk { stretch: out.len(), repeats: false });
                let ((a, a_rest), (b, b_rest)) = (a.split_at(whole), b.split_at(whole));
                let (out, rest) = out.split_at_mut(whole);
                let [first, second] = &add.parts;
                let fill = |a: &[u8], b: &[u8], sums: &mut [i32; MANY]| {
                    for (sum, (a, b)) in sums.iter_mut().zip(a.iter().zip(b)) {
                        *sum = first[usize::from(*a)] + second[usize::from(*b)];
                    }
                };
                finish(even, a, b, out, fill);
                for (out, (a, b)) in rest.iter_mut().zip(a_rest.iter().zip(b_rest)) {
                    *out = add.one(*a, *b);
                }
            }
            Operator::Mul(mul) => {
                let (level, zeros) = (self.level, mul.zeros);
                let fill = |a: &[u8], b: &[u8], sums: &mut [i32; MANY]| {
                    dispatch!(level, _s => products(zeros, a, b, sums));
                };
                finish(even, a, b, out, fill);
            }
        }
    }
}

/// The results for sums that `fill` makes of two operands, so many at a time.
fn finish(
    even: &Even,
    a: &[u8],
    b: &[u8],
    out: &mut [u8],
    fill: impl Fn(&[u8], &[u8], &mut [i32; MANY]),
) {
    let (mut sums, mut numbers) = ([0; MANY], [0; MANY]);
    for ((a, b), out) in a.chunks(MANY).zip(b.chunks(MANY)).zip(out.chunks_mut(MANY)) {
        fill(a, b, &mut sums);
        even.run(&sums, &mut numbers);
        out.copy_from_slice(&numbers[..out.len()]);
    }
}

/// So few numbers are not worth a vector.
const LEAST: usize = 16;

/// The products of numbers less their zeros.
#[inline(always)]
#[allow(clippy::inline_always)] // Is compiled for each instruction set.
fn products(zeros: [i32; 2], a: &[u8], b: &[u8], to: &mut [i32; MANY]) {
    for (to, (a, b)) in to.iter_mut().zip(a.iter().zip(b)) {
        *to = (i32::from(*a) - zeros[0]) * (i32::from(*b) - zeros[1]);
    }
}

/// What becomes of sums whose amounts are at most `most`.
fn ready(
    level: Level,
    multiplier: Multiplier,
    zero: i32,
    least: u8,
    greatest: u8,
    most: i64,
) -> Option<Even> {
    let step = Step::new(multiplier, 0, true, most)?;
    let ends = Ends {
        zero: i16::try_from(zero).ok()?,
        least,
        greatest,
        lefts: step.right == 0,
        away: true,
    };
    Even::new(level, step, ends)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tests::{Random, levels};
    use super::*;
    use crate::kernels::whole::{Activation, Grid};

    fn grid() -> impl Strategy<Value = Grid> {
        (-9.0_f32..3.0, 0..256, any::<bool>()).prop_map(|(power, zero, signed)| Grid {
            scale: power.exp2(),
            zero,
            signed,
        })
    }

    fn shapes() -> impl Strategy<Value = (Vec<usize>, Vec<usize>)> {
        (1_usize..5, 1_usize..9, 1_usize..300, 0..6).prop_map(|(rows, columns, channels, way)| {
            let all = vec![rows, columns, channels];
            match way {
                0 => (all, vec![channels]),
                1 => (vec![1, 1, channels], all),
                2 => (all, vec![columns, channels]),
                3 => (all, vec![1]),
                4 => (vec![rows, 1, channels], all),
                _ => (all.clone(), all),
            }
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(400))]

        #[test]
        fn operators_of_two_are_their_twins(
            a in grid(),
            b in grid(),
            y in grid(),
            minus in any::<bool>(),
            (a_shape, b_shape) in shapes(),
            relu in any::<bool>(),
            seed in any::<u64>(),
        ) {
            let mut random = Random(seed);
            let [x, z] = [&a_shape, &b_shape].map(|shape| random.bytes(shape.iter().product()));
            let broadcast = Broadcast::new(&a_shape, &b_shape).unwrap();
            let activation = if relu { Activation::Relu6 } else { Activation::None };
            let make = if minus { Add::subtract } else { Add::new };
            let (add, mul) = (make(a, b, y, activation), Mul::new(a, b, y, activation));
            let mut want = vec![7; broadcast.shape().iter().product()];
            for level in levels() {
                let mut out = want.clone();
                if let Some(add) = &add {
                    add.run(&broadcast, &x, &z, &mut want);
                    Binary8::add(level, add.clone()).run(&broadcast, &x, &z, &mut out);
                    prop_assert!(out == want, "the sum differs on {level:?}");
                }
                if let Some(mul) = mul {
                    mul.run(&broadcast, &x, &z, &mut want);
                    Binary8::mul(level, mul).run(&broadcast, &x, &z, &mut out);
                    prop_assert!(out == want, "the product differs on {level:?}");
                }
            }
        }

        #[test]
        fn operands_cycle_where_it_says_so((a_shape, b_shape) in shapes()) {
            let broadcast = Broadcast::new(&a_shape, &b_shape).unwrap();
            let count = |shape: &[usize]| (0..shape.iter().product()).collect::<Vec<usize>>();
            let mut out = vec![(0, 0); broadcast.shape().iter().product()];
            broadcast.zip(&count(&a_shape), &count(&b_shape), &mut out, |a, b| (a, b));
            let numbers = [count(&a_shape).len(), count(&b_shape).len()];
            let is = out.iter().enumerate().all(|(at, (a, b))| {
                [at % numbers[0], at % numbers[1]] == [*a, *b]
            });
            prop_assert_eq!(broadcast.cycles().is_some(), is);
        }
    }

    /// A row of 256 and one number for each: all pairs.
    #[test]
    fn all_pairs_are_their_twins() {
        let numbers: Vec<u8> = (0..=255).collect();
        let rows: Vec<u8> = numbers.iter().flat_map(|number| [*number; 256]).collect();
        let broadcast = Broadcast::new(&[256, 256], &[256]).unwrap();
        let grid = |scale, zero| Grid { scale, zero, signed: true };
        let (mut out, mut want) = (vec![0; 1 << 16], vec![0; 1 << 16]);
        for (a, b, y) in [(0.1, 0.07, 0.11), (0.5, 0.25, 0.5), (0.02, 0.9, 0.6), (1.0, 1.0, 127.5)]
        {
            let (a, b, y) = (grid(a, 3), grid(b, 128), grid(y, 127));
            let add = Add::new(a, b, y, Activation::None).unwrap();
            let mul = Mul::new(a, b, y, Activation::None).unwrap();
            for level in levels() {
                add.run(&broadcast, &rows, &numbers, &mut want);
                Binary8::add(level, add.clone()).run(&broadcast, &rows, &numbers, &mut out);
                assert!(out == want, "{level:?}");
                mul.run(&broadcast, &rows, &numbers, &mut want);
                Binary8::mul(level, mul).run(&broadcast, &rows, &numbers, &mut out);
                assert!(out == want, "{level:?}");
            }
        }
    }
}
