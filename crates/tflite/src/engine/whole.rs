//! Operators of our own on whole numbers of 8 bits, and on real values that are rounded to steps.
//!
//! The engine sees tensors of `u8`, and moves them about as any others; what computes with them is a
//! [`Compute`], which calls the kernels.

use std::sync::Arc;

use tract_tflite::internal::{
    Datum as _, EvalContext, EvalOp, Op, StaticName, TVec, TractResult, TypedFact, TypedOp, ensure,
    format_err, tvec,
};
use tract_tflite::prelude::{IntoTensor as _, TValue, Tensor};

use crate::canonical::{Layer, Whole};
use crate::grid::Steps;
use crate::kernels::whole::{self as kernels, Operator};

/// One operator of the canonical form on whole numbers.
#[derive(Clone, Debug)]
pub(super) struct Compute {
    whole: Arc<Whole>,
    /// Of the result.
    shape: Vec<usize>,
}

impl Compute {
    /// An operator whose result has this shape, which the canonical form has checked.
    pub(super) fn new(whole: Arc<Whole>, shape: &[usize]) -> Self {
        Self { whole, shape: shape.to_vec() }
    }

    /// The last side of the result.
    fn depth(&self) -> usize {
        self.shape.last().copied().unwrap_or(1)
    }

    fn compute(&self, inputs: &[TValue]) -> TractResult<Tensor> {
        if let Whole::Dequantise(grid) = &*self.whole {
            let mut result = Tensor::zero::<f32>(&self.shape)?;
            let mut out = result.try_as_plain_ram_mut()?;
            let x = first(inputs)?.try_as_plain_ram()?;
            kernels::dequantise(*grid, x.as_slice::<u8>()?, out.as_slice_mut::<f32>()?);
            return Ok(result);
        }
        let mut result = Tensor::zero::<u8>(&self.shape)?;
        let mut plain = result.try_as_plain_ram_mut()?;
        let out = plain.as_slice_mut::<u8>()?;
        if let Whole::Quantise(grid) = &*self.whole {
            let x = first(inputs)?.try_as_plain_ram()?;
            kernels::quantise(*grid, x.as_slice::<f32>()?, out);
            return Ok(result);
        }
        let plain =
            inputs.iter().map(|input| input.try_as_plain_ram()).collect::<TractResult<TVec<_>>>()?;
        let operands =
            plain.iter().map(|plain| plain.as_slice::<u8>()).collect::<TractResult<TVec<_>>>()?;
        match (&*self.whole, &operands[..]) {
            (Whole::Layer(own), &[x]) => layer(own, x, out),
            (Whole::Sum { add, broadcast, .. }, &[a, b]) => add.run(broadcast, a, b, out),
            (Whole::Product { mul, broadcast, .. }, &[a, b]) => mul.run(broadcast, a, b, out),
            (Whole::Unary(_, table), &[x]) => table.run(x, out),
            (Whole::Requantise(own), &[x]) => own.run(x, out),
            (Whole::AveragePool(own, _), &[x]) => {
                each(x, out, own.geometry().output.iter().product(), |x, out| own.run(x, out));
            }
            (Whole::MaxPool(own, _), &[x]) => {
                each(x, out, own.geometry().output.iter().product(), |x, out| own.run(x, out));
            }
            (Whole::Mean { mean, .. }, &[x]) => {
                each(x, out, mean.results(), |x, out| mean.run(x, out));
            }
            (Whole::Total { sum, .. }, &[x]) => {
                each(x, out, sum.results(), |x, out| sum.run(x, out));
            }
            (Whole::Softmax { softmax, .. }, &[x]) => softmax.run(self.depth(), x, out),
            (Whole::LogSoftmax(softmax), &[x]) => softmax.run(self.depth(), x, out),
            (whole, operands) => {
                return Err(format_err!("{whole:?} of {} operands", operands.len()));
            }
        }
        Ok(result)
    }
}

/// A convolution of each image of a batch.
fn layer(layer: &Layer, x: &[u8], out: &mut [u8]) {
    let conv = &layer.conv;
    let run = match layer.operator {
        Operator::Depthwise => kernels::depthwise,
        _ => kernels::conv,
    };
    each(x, out, conv.geometry.output.iter().product(), |x, out| run(conv, x, out));
}

/// Each image of a batch, whose results are so many.
fn each(x: &[u8], out: &mut [u8], results: usize, run: impl Fn(&[u8], &mut [u8])) {
    let images = (out.len() / results.max(1)).max(1);
    let from = (x.len() / images).max(1);
    for (x, out) in x.chunks_exact(from).zip(out.chunks_exact_mut(results.max(1))) {
        run(x, out);
    }
}

fn first(inputs: &[TValue]) -> TractResult<&TValue> {
    inputs.first().ok_or_else(|| format_err!("an operator has no operand"))
}

impl PartialEq for Compute {
    /// Two are the same if they share their numbers.
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.whole, &other.whole)
    }
}

impl Eq for Compute {}

impl Op for Compute {
    fn name(&self) -> StaticName {
        "Whole".into()
    }

    fn as_typed(&self) -> Option<&dyn TypedOp> {
        Some(self)
    }
}

impl EvalOp for Compute {
    fn eval(&self, _context: &EvalContext, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        Ok(tvec!(self.compute(&inputs)?.into()))
    }

    fn eval_out_of_plan(&self, inputs: TVec<TValue>) -> TractResult<Option<TVec<TValue>>> {
        Ok(Some(tvec!(self.compute(&inputs)?.into())))
    }
}

impl TypedOp for Compute {
    fn as_op(&self) -> &dyn Op {
        self
    }

    fn as_op_mut(&mut self) -> &mut dyn Op {
        self
    }

    fn output_facts(&self, _inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        let type_ = match &*self.whole {
            Whole::Dequantise(_) => f32::datum_type(),
            _ => u8::datum_type(),
        };
        Ok(tvec!(TypedFact::dt_shape(type_, &self.shape)))
    }
}

/// Real values to the nearest of some steps, halves away from 0.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Snap(Steps);

impl Eq for Snap {}

impl Snap {
    /// To these steps.
    pub(super) fn new(steps: Steps) -> Self {
        Self(steps)
    }
}

impl Op for Snap {
    fn name(&self) -> StaticName {
        "Snap".into()
    }

    fn as_typed(&self) -> Option<&dyn TypedOp> {
        Some(self)
    }
}

impl EvalOp for Snap {
    fn eval(&self, _context: &EvalContext, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        let Steps { scale, least, greatest } = self.0;
        ensure!(inputs.len() == 1, "Snap has {} operands", inputs.len());
        let mut result = inputs.into_iter().next().map(TValue::into_tensor).unwrap_or_default();
        let mut plain = result.try_as_plain_ram_mut()?;
        for value in plain.as_slice_mut::<f32>()? {
            *value = (*value / scale).round().clamp(least, greatest) * scale;
        }
        Ok(tvec!(result.into()))
    }

    fn eval_out_of_plan(&self, inputs: TVec<TValue>) -> TractResult<Option<TVec<TValue>>> {
        Ok(Some(self.eval(&EvalContext::out_of_plan(), inputs)?))
    }
}

impl TypedOp for Snap {
    fn as_op(&self) -> &dyn Op {
        self
    }

    fn as_op_mut(&mut self) -> &mut dyn Op {
        self
    }

    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        ensure!(inputs.len() == 1, "Snap has {} operands", inputs.len());
        Ok(tvec!(inputs[0].without_value()))
    }
}
