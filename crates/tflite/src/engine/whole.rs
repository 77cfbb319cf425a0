//! Operators on whole numbers of 8 bits.
//!
//! The engine sees tensors of `u8`, and moves them about as any others; what computes with them is a
//! [`Compute`], which calls the kernels.

use std::cell::RefCell;
use std::cmp::Ordering;

use tract_tflite::internal::{Datum as _, TVec, TractResult, format_err};
use tract_tflite::prelude::{DatumType, TValue, Tensor};

use super::ops::Run;
use super::ops::workspace::Workspace;
use crate::canonical::{Comparison, Pair, Whole};
use crate::kernels::Level;
use crate::kernels::whole::{
    self as kernels, Binary8, Broadcast, Deep8, Operator, Packed8, Scratch, fast,
};

thread_local! {
    /// What kernels keep aside while they run.
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

/// One operator of the canonical form on whole numbers.
#[derive(Debug)]
pub(super) struct Compute {
    kernel: Kernel,
    /// Of the result.
    shape: Vec<usize>,
    level: Level,
}

/// What computes an operator.
#[derive(Debug)]
enum Kernel {
    /// A convolution of images with so many results each.
    Packed(Packed8, usize),
    /// The same of each channel alone.
    Deep(Deep8, usize),
    /// A sum, a difference or a product.
    Binary(Binary8, Broadcast),
    /// Anything else.
    Plain(Box<Whole>),
}

impl Compute {
    /// An operator whose result has this shape, which the canonical form has checked.
    pub(super) fn new(whole: Whole, shape: &[usize], level: Level) -> Self {
        let kernel = match whole {
            Whole::Layer(layer) => {
                let results = layer.conv.geometry.output.iter().product();
                match layer.operator {
                    Operator::Depthwise => Kernel::Deep(Deep8::new(level, &layer.conv), results),
                    _ => Kernel::Packed(Packed8::new(level, &layer.conv), results),
                }
            }
            Whole::Pair { pair: Pair::Add(add) | Pair::Subtract(add), broadcast, .. } => {
                Kernel::Binary(Binary8::add(level, add), broadcast)
            }
            Whole::Pair { pair: Pair::Multiply(mul), broadcast, .. } => {
                Kernel::Binary(Binary8::mul(level, mul), broadcast)
            }
            whole => Kernel::Plain(Box::new(whole)),
        };
        Self { kernel, shape: shape.to_vec(), level }
    }

    /// The last side of the result.
    fn depth(&self) -> usize {
        self.shape.last().copied().unwrap_or(1)
    }

    /// What its result's values are to the engine.
    pub(super) fn type_(&self) -> DatumType {
        match &self.kernel {
            Kernel::Plain(whole) => match &**whole {
                Whole::Dequantise(_) => f32::datum_type(),
                Whole::Pair { pair: Pair::Compare(..), .. } => bool::datum_type(),
                _ => u8::datum_type(),
            },
            _ => u8::datum_type(),
        }
    }

    fn compute(&self, inputs: &[TValue], workspace: &mut Workspace) -> TractResult<Tensor> {
        let input = |place: usize| -> TractResult<&TValue> {
            inputs.get(place).ok_or_else(|| format_err!("an operator has no operand {place}"))
        };
        let x = input(0)?.try_as_plain_ram()?;
        if let Kernel::Plain(whole) = &self.kernel {
            match &**whole {
                Whole::Dequantise(grid) => {
                    let mut result = workspace.take::<f32>(&self.shape)?;
                    let mut out = result.try_as_plain_ram_mut()?;
                    kernels::dequantise(*grid, x.as_slice::<u8>()?, out.as_slice_mut::<f32>()?);
                    return Ok(result);
                }
                Whole::Pair { pair: Pair::Compare(how, own), broadcast, .. } => {
                    let mut flags = vec![false; self.shape.iter().product()];
                    let b = input(1)?.try_as_plain_ram()?;
                    let (a, b) = (x.as_slice::<u8>()?, b.as_slice::<u8>()?);
                    broadcast.zip(a, b, &mut flags, |a, b| holds(*how, own.one(a, b)));
                    return Tensor::from_shape(&self.shape, &flags);
                }
                _ => {}
            }
        }
        let mut result = workspace.take::<u8>(&self.shape)?;
        let mut plain = result.try_as_plain_ram_mut()?;
        let out = plain.as_slice_mut::<u8>()?;
        let whole = match &self.kernel {
            Kernel::Packed(packed, results) => {
                let x = x.as_slice::<u8>()?;
                scratched(|scratch| each(x, out, *results, |x, out| packed.run(x, out, scratch)));
                return Ok(result);
            }
            Kernel::Deep(deep, results) => {
                let x = x.as_slice::<u8>()?;
                scratched(|scratch| each(x, out, *results, |x, out| deep.run(x, out, scratch)));
                return Ok(result);
            }
            Kernel::Binary(binary, broadcast) => {
                let b = input(1)?.try_as_plain_ram()?;
                binary.run(broadcast, x.as_slice::<u8>()?, b.as_slice::<u8>()?, out);
                return Ok(result);
            }
            Kernel::Plain(whole) => &**whole,
        };
        if let Whole::Quantise(grid) = whole {
            fast::quantise(self.level, *grid, x.as_slice::<f32>()?, out);
            return Ok(result);
        }
        let x = x.as_slice::<u8>()?;
        if whole.operands() == 2 {
            let b = input(1)?.try_as_plain_ram()?;
            self.two(whole, x, b.as_slice::<u8>()?, out)?;
        } else {
            self.one(whole, x, out)?;
        }
        Ok(result)
    }

    /// Operators of one operand.
    fn one(&self, whole: &Whole, x: &[u8], out: &mut [u8]) -> TractResult<()> {
        match whole {
            Whole::Unary(_, table) | Whole::Part(table) => fast::table(self.level, table, x, out),
            Whole::Requantise(own) => own.run(x, out),
            Whole::AveragePool(own, _) => {
                let results = own.geometry().output.iter().product();
                each(x, out, results, |x, out| fast::average_pool(self.level, own, x, out));
            }
            Whole::MaxPool(own, _) => {
                each(x, out, own.geometry().output.iter().product(), |x, out| own.run(x, out));
            }
            Whole::Transposed(own) => {
                let results = own.conv.output.iter().product();
                each(x, out, results, |x, out| own.conv.run(x, out));
            }
            Whole::Bilinear { resize, .. } => {
                let results = self.shape.iter().skip(1).product();
                each(x, out, results, |x, out| resize.run(x, out));
            }
            Whole::Mean { mean, .. } => each(x, out, mean.results(), |x, out| mean.run(x, out)),
            Whole::Total { sum, .. } => each(x, out, sum.results(), |x, out| sum.run(x, out)),
            Whole::Product { product, .. } => {
                each(x, out, product.results(), |x, out| product.run(x, out));
            }
            Whole::Softmax { softmax, .. } => softmax.run(self.depth(), x, out),
            Whole::LogSoftmax(softmax) => softmax.run(self.depth(), x, out),
            Whole::Normalise(from) => kernels::l2_normalise(*from, self.depth(), x, out),
            whole => return Err(format_err!("{whole:?} is not of one operand")),
        }
        Ok(())
    }

    /// Operators of two operands.
    fn two(&self, whole: &Whole, a: &[u8], b: &[u8], out: &mut [u8]) -> TractResult<()> {
        match whole {
            Whole::Pair { pair, broadcast, .. } => paired(pair, broadcast, a, b, out),
            Whole::MatMul(product) => {
                let &[.., rows, columns] = &self.shape[..] else { return Ok(()) };
                let (results, turns) = (rows * columns, out.len() / (rows * columns).max(1));
                let depth = a.len() / (turns * rows).max(1);
                let matrices = a.chunks_exact(depth * rows).zip(b.chunks_exact(depth * columns));
                for ((a, b), out) in matrices.zip(out.chunks_exact_mut(results)) {
                    product.run(depth, a, b, out);
                }
                Ok(())
            }
            whole => Err(format_err!("{whole:?} is not of two operands")),
        }
    }
}

impl Run for Compute {
    fn name(&self) -> &'static str {
        "Whole"
    }

    fn run(
        &self,
        _: &[usize],
        inputs: &mut TVec<TValue>,
        workspace: &mut Workspace,
    ) -> TractResult<Tensor> {
        self.compute(inputs, workspace)
    }
}

fn paired(
    pair: &Pair,
    broadcast: &Broadcast,
    a: &[u8],
    b: &[u8],
    out: &mut [u8],
) -> TractResult<()> {
    match pair {
        Pair::Divide(own) => own.run(broadcast, a, b, out),
        Pair::SquaredDifference(own) => own.run(broadcast, a, b, out),
        Pair::Prelu(own) => own.run(broadcast, a, b, out),
        Pair::Maximum => broadcast.zip(a, b, out, u8::max),
        Pair::Minimum => broadcast.zip(a, b, out, u8::min),
        // These have kernels of their own.
        Pair::Add(_) | Pair::Subtract(_) | Pair::Multiply(_) | Pair::Compare(..) => {
            return Err(format_err!("{pair:?} is computed elsewhere"));
        }
    }
    Ok(())
}

/// Whether a comparison holds.
fn holds(how: Comparison, order: Ordering) -> bool {
    match how {
        Comparison::Equal => order.is_eq(),
        Comparison::NotEqual => order.is_ne(),
        Comparison::Greater => order.is_gt(),
        Comparison::GreaterEqual => order.is_ge(),
        Comparison::Less => order.is_lt(),
        Comparison::LessEqual => order.is_le(),
    }
}

/// Gives the thread's scratch; one of its own to what is called while another has it.
fn scratched(run: impl FnOnce(&mut Scratch)) {
    SCRATCH.with(|scratch| match scratch.try_borrow_mut() {
        Ok(mut scratch) => run(&mut scratch),
        Err(_) => run(&mut Scratch::default()),
    });
}

/// Each image of a batch, whose results are so many.
fn each(x: &[u8], out: &mut [u8], results: usize, mut run: impl FnMut(&[u8], &mut [u8])) {
    let images = (out.len() / results.max(1)).max(1);
    let from = (x.len() / images).max(1);
    for (x, out) in x.chunks_exact(from).zip(out.chunks_exact_mut(results.max(1))) {
        run(x, out);
    }
}
