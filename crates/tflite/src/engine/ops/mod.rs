//! Operators of our own among the engine's: what a network spends its time in.
//!
//! [`Compute`] is what such an operator does, over slices; [`Ours`] makes the engine's operator of it: its
//! tensors come from the run's [`workspace`] and go back there, so that a run allocates nearly nothing.

mod affine;
mod block;
mod concat;
mod conv;
mod depthwise;
mod elementwise;
mod pool;
mod scaled;
mod softmax;
mod winograd;
pub(super) mod workspace;

use std::fmt;
use std::sync::Arc;

use tract_tflite::internal::{
    Datum as _, DatumExt as _, EvalContext, EvalOp, IntoTensor as _, Op, StaticName, TVec,
    TractResult, TypedFact, TypedOp, ensure, tvec,
};
use tract_tflite::prelude::{TValue, Tensor};

pub(super) use affine::Affine;
pub(super) use block::Block;
pub(super) use concat::Concat;
pub(super) use conv::Dense;
pub(super) use depthwise::Deep;
pub(super) use elementwise::{Activate, Add, Mul, Scale};
pub(super) use pool::{AveragePool, MaxPool, Mean};
pub(super) use scaled::Scaled;
pub(super) use softmax::Softmax;
pub(super) use winograd::Tiled;
use workspace::{Scratch, Workspace};

/// What an operator computes. How many values its inputs and its result have was checked when the model
/// was built.
pub(super) trait Compute: fmt::Debug + Send + Sync {
    /// What it is called in the engine's listings.
    fn name(&self) -> &'static str;

    /// Computes the result, whose former content is arbitrary.
    fn compute(&self, inputs: &[&[f32]], out: &mut [f32], scratch: &mut Scratch);

    /// Whether [`change`](Self::change) does the same in place of the first input.
    fn changes(&self) -> bool {
        false
    }

    /// Makes the result of the first input, the `others` being the inputs behind it.
    fn change(&self, _x: &mut [f32], _others: &[&[f32]]) {}
}

/// An operator of the engine that computes real values of one shape.
#[derive(Clone, Debug)]
pub(super) struct Ours {
    shape: TVec<usize>,
    work: Arc<dyn Compute>,
}

impl Ours {
    /// An operator whose result has this shape.
    pub(super) fn new(shape: &[usize], work: impl Compute + 'static) -> Self {
        Self { shape: shape.iter().copied().collect(), work: Arc::new(work) }
    }

    /// The result, in a tensor of its own.
    fn made(&self, workspace: &mut Workspace, inputs: &[TValue]) -> TractResult<Tensor> {
        let mut out = workspace.take::<f32>(&self.shape)?;
        let slices = slices(inputs)?;
        let mut plain = out.try_as_plain_ram_mut()?;
        self.work.compute(&slices, plain.as_slice_mut()?, &mut workspace.scratch);
        Ok(out)
    }
}

/// The values of tensors.
fn slices(inputs: &[TValue]) -> TractResult<TVec<&[f32]>> {
    let mut slices = tvec!();
    for input in inputs {
        slices.push(input.try_as_plain_ram()?.as_slice::<f32>()?);
    }
    Ok(slices)
}

impl PartialEq for Ours {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.work, &other.work)
    }
}

impl Eq for Ours {}

impl Op for Ours {
    fn name(&self) -> StaticName {
        self.work.name().into()
    }

    fn as_typed(&self) -> Option<&dyn TypedOp> {
        Some(self)
    }
}

impl EvalOp for Ours {
    fn eval(&self, _: &EvalContext, mut inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        workspace::here(|workspace| {
            let same = |x: &TValue| x.is_exclusive() && x.shape() == &self.shape[..];
            let out = if self.work.changes() && inputs.first().is_some_and(same) {
                let mut out = inputs.remove(0).into_tensor();
                let mut plain = out.try_as_plain_ram_mut()?;
                self.work.change(plain.as_slice_mut()?, &slices(&inputs)?);
                out
            } else {
                self.made(workspace, &inputs)?
            };
            inputs.into_iter().for_each(|input| workspace.give(input));
            Ok(tvec!(out.into()))
        })
    }

    fn eval_out_of_plan(&self, inputs: TVec<TValue>) -> TractResult<Option<TVec<TValue>>> {
        Ok(Some(self.eval(&EvalContext::out_of_plan(), inputs)?))
    }
}

impl TypedOp for Ours {
    fn as_op(&self) -> &dyn Op {
        self
    }

    fn as_op_mut(&mut self) -> &mut dyn Op {
        self
    }

    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        let real = inputs.iter().all(|input| input.datum_type == f32::datum_type());
        ensure!(real, "{} of what are no real values", self.work.name());
        Ok(tvec!(f32::fact(&self.shape)))
    }
}
