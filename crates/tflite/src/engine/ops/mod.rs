//! The operators of the engine, all of our own.
//!
//! [`Compute`] is what an operator on real values does, over slices; [`Run`] is what any does, with tensors.
//! [`Ours`] makes the engine's operator of it: its tensors come from the run's [`workspace`] and go back there,
//! so that a run allocates nearly nothing.

mod affine;
mod arrange;
mod block;
mod conv;
mod depthwise;
mod each;
mod elementwise;
mod flags;
mod mat_mul;
mod plain;
mod pool;
mod reduce;
mod resize;
mod scaled;
mod softmax;
mod winograd;
pub(super) mod workspace;

use std::fmt;
use std::sync::Arc;

use tract_tflite::internal::{
    Datum as _, DatumType, EvalContext, EvalOp, IntoTensor as _, Op, StaticName, TVec, TractResult,
    TypedFact, TypedOp, tvec,
};
use tract_tflite::prelude::{TValue, Tensor};

pub(super) use affine::Affine;
pub(super) use arrange::{Arrange, Reshape, With};
pub(super) use block::Block;
pub(super) use conv::Dense;
pub(super) use depthwise::Deep;
pub(super) use each::{Each, Leaky, Pair, Snap};
pub(super) use elementwise::{Activate, Add, Mul, Scale};
pub(super) use flags::{Ask, Join, Select};
pub(super) use mat_mul::MatMul;
pub(super) use plain::{PlainConv, PlainDepthwise, PlainPool};
pub(super) use pool::{AveragePool, MaxPool, Mean};
pub(super) use reduce::Reduce;
pub(super) use resize::Bilinear;
pub(super) use scaled::Scaled;
pub(super) use softmax::Softmax;
pub(super) use winograd::Tiled;
use workspace::{Scratch, Workspace};

/// What an operator computes: either its result, or that in place of its first input, or both. How many values
/// its inputs and its result have was checked when the model was built.
pub(super) trait Compute: fmt::Debug + Send + Sync {
    /// What it is called in the engine's listings.
    fn name(&self) -> &'static str;

    /// Computes the result, whose former content is arbitrary.
    fn compute(&self, inputs: &[&[f32]], out: &mut [f32], _: &mut Scratch) {
        out.copy_from_slice(inputs[0]);
        self.change(out, &inputs[1..]);
    }

    /// Whether [`change`](Self::change) does the same in place of the first input.
    fn changes(&self) -> bool {
        false
    }

    /// Makes the result of the first input, the `others` being the inputs behind it.
    fn change(&self, _x: &mut [f32], _others: &[&[f32]]) {}
}

/// What an operator does with tensors of any type.
pub(super) trait Run: fmt::Debug + Send + Sync {
    /// What it is called in the engine's listings.
    fn name(&self) -> &'static str;

    /// The result, which has this shape. Inputs that it leaves there go back to the workspace.
    fn run(
        &self,
        shape: &[usize],
        inputs: &mut TVec<TValue>,
        workspace: &mut Workspace,
    ) -> TractResult<Tensor>;
}

/// An operator on real values.
#[derive(Debug)]
struct Real<C>(C);

impl<C: Compute> Run for Real<C> {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn run(
        &self,
        shape: &[usize],
        inputs: &mut TVec<TValue>,
        workspace: &mut Workspace,
    ) -> TractResult<Tensor> {
        let same = |x: &TValue| x.is_exclusive() && x.shape() == shape;
        if self.0.changes() && inputs.first().is_some_and(same) {
            let mut out = inputs.remove(0).into_tensor();
            let mut plain = out.try_as_plain_ram_mut()?;
            self.0.change(plain.as_slice_mut()?, &slices(inputs)?);
            return Ok(out);
        }
        let mut out = workspace.take::<f32>(shape)?;
        let mut plain = out.try_as_plain_ram_mut()?;
        self.0.compute(&slices(inputs)?, plain.as_slice_mut()?, &mut workspace.scratch);
        Ok(out)
    }
}

/// The real values of tensors.
fn slices(inputs: &[TValue]) -> TractResult<TVec<&[f32]>> {
    let mut slices = tvec!();
    for input in inputs {
        slices.push(input.try_as_plain_ram()?.as_slice::<f32>()?);
    }
    Ok(slices)
}

/// An operator of the engine, whose result has one type and one shape.
#[derive(Clone, Debug)]
pub(super) struct Ours {
    type_: DatumType,
    shape: TVec<usize>,
    work: Arc<dyn Run>,
}

impl Ours {
    /// An operator on real values, whose result has this shape.
    pub(super) fn new(shape: &[usize], work: impl Compute + 'static) -> Self {
        Self::of(f32::datum_type(), shape, Real(work))
    }

    /// An operator whose result has this type and this shape.
    pub(super) fn of(type_: DatumType, shape: &[usize], work: impl Run + 'static) -> Self {
        Self { type_, shape: shape.iter().copied().collect(), work: Arc::new(work) }
    }
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
            let out = self.work.run(&self.shape, &mut inputs, workspace)?;
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

    fn output_facts(&self, _: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        Ok(tvec!(TypedFact::dt_shape(self.type_, &self.shape)))
    }
}
