//! Sums of whole numbers become the next layer's whole numbers: an operator of our own.
//!
//! The engine's rewriting takes a product that follows a convolution into its weights. Those are then no
//! whole numbers any more, and their sums no longer exact. It does not know this operator, so it leaves
//! it where it is; only when the convolution has been translated into its final form does this operator
//! become a product and a sum, which the engine then computes together with the convolution.

use std::sync::Arc;

use tract_tflite::internal::tract_core::ops::change_axes::wire_with_rank_broadcast;
use tract_tflite::internal::tract_core::ops::math::{add, mul};
use tract_tflite::internal::{
    EvalContext, EvalOp, IntoTValue as _, IntoTensor as _, Op, SpecialOps as _, StaticName, TVec,
    TractResult, TypedFact, TypedModel, TypedModelPatch, TypedNode, TypedOp, ensure, format_err,
    tvec,
};
use tract_tflite::prelude::{TValue, Tensor};

/// Each value times the factor of its channel, plus the channel's addend, each rounded to a float.
/// Channels are along the last axis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rescale {
    factors: Arc<Tensor>,
    addends: Arc<Tensor>,
}

impl Rescale {
    /// One factor and one addend for each channel.
    pub(super) fn new(factors: Tensor, addends: Tensor) -> Self {
        Self { factors: factors.into(), addends: addends.into() }
    }
}

impl Op for Rescale {
    fn name(&self) -> StaticName {
        "Rescale".into()
    }

    fn as_typed(&self) -> Option<&dyn TypedOp> {
        Some(self)
    }
}

impl EvalOp for Rescale {
    fn eval(&self, _context: &EvalContext, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        let mut inputs = inputs.into_iter();
        let (Some(input), None) = (inputs.next(), inputs.next()) else {
            return Err(format_err!("Rescale has one operand"));
        };
        let mut values = input.into_tensor();
        let (factors, addends) =
            (self.factors.try_as_plain_ram()?, self.addends.try_as_plain_ram()?);
        let (factors, addends) = (factors.as_slice::<f32>()?, addends.as_slice::<f32>()?);
        ensure!(!factors.is_empty(), "Rescale has no factors");
        let mut plain = values.try_as_plain_ram_mut()?;
        for channels in plain.as_slice_mut::<f32>()?.chunks_exact_mut(factors.len()) {
            for ((value, factor), addend) in channels.iter_mut().zip(factors).zip(addends) {
                *value = *value * factor + addend;
            }
        }
        Ok(tvec!(values.into_tvalue()))
    }

    fn eval_out_of_plan(&self, inputs: TVec<TValue>) -> TractResult<Option<TVec<TValue>>> {
        Ok(Some(self.eval(&EvalContext::out_of_plan(), inputs)?))
    }
}

impl TypedOp for Rescale {
    fn as_op(&self) -> &dyn Op {
        self
    }

    fn as_op_mut(&mut self) -> &mut dyn Op {
        self
    }

    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        Ok(inputs.iter().map(|fact| fact.without_value()).collect())
    }

    fn codegen(
        &self,
        model: &TypedModel,
        node: &TypedNode,
    ) -> TractResult<Option<TypedModelPatch>> {
        let mut patch = TypedModelPatch::default();
        let name = &node.name;
        let mut wires = patch.taps(model, &node.inputs)?;
        for (op, part, constant) in
            [(mul(), "product", &self.factors), (add(), "sum", &self.addends)]
        {
            wires.push(patch.add_const(format!("{name}.{part}.operand"), Arc::clone(constant))?);
            let part = format!("{name}.{part}");
            wires = wire_with_rank_broadcast(part, &mut patch, op, &wires)?;
        }
        patch.shunt_outside(model, node.id.into(), wires[0])?;
        Ok(Some(patch))
    }
}
