//! Sums of whole numbers become the next layer's whole numbers: an operator of our own.
//!
//! A product and a sum that are each rounded, as the operator says; a fused one rounds once.

use tract_tflite::internal::tract_core::ops::change_axes::AxisOp;
use tract_tflite::internal::tract_core::ops::math::{add, mul};
use tract_tflite::internal::{
    AxesMapping, AxisChangeConsequence, EvalContext, EvalOp, InOut, Op, StaticName, TDim, TVec,
    TractResult, TypedFact, TypedModel, TypedNode, TypedOp, ensure, format_err, tvec,
};
use tract_tflite::prelude::TValue;

/// Of three operands of the same rank: the first times the second, plus the third, each step rounded to
/// a float. Sides of 1 of the second and third are stretched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rescale;

impl Op for Rescale {
    fn name(&self) -> StaticName {
        "Rescale".into()
    }

    fn as_typed(&self) -> Option<&dyn TypedOp> {
        Some(self)
    }
}

impl EvalOp for Rescale {
    fn eval(&self, context: &EvalContext, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        let [x, factors, addends] = <[TValue; 3]>::try_from(inputs.into_vec())
            .map_err(|inputs| format_err!("Rescale has {} operands", inputs.len()))?;
        let mut product = mul().eval(context, tvec!(x, factors))?;
        product.push(addends);
        add().eval(context, product)
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
        ensure!(inputs.len() == 3, "Rescale has {} operands", inputs.len());
        let like = inputs.iter().all(|input| {
            input.rank() == inputs[0].rank() && input.datum_type == inputs[0].datum_type
        });
        ensure!(like, "Rescale has operands that do not fit");
        Ok(tvec!(inputs[0].without_value()))
    }

    // As the engine's own sums and products: whatever reorders axes may pass through.

    fn axes_mapping(
        &self,
        inputs: &[&TypedFact],
        outputs: &[&TypedFact],
    ) -> TractResult<AxesMapping> {
        AxesMapping::natural(inputs, outputs)
    }

    fn change_axes(
        &self,
        model: &TypedModel,
        node: &TypedNode,
        _place: InOut,
        change: &AxisOp,
    ) -> TractResult<Option<AxisChangeConsequence>> {
        if let AxisOp::Rm(axis) = change {
            let inputs = model.node_input_facts(node.id)?;
            if !inputs.iter().all(|input| input.shape.get(*axis).is_some_and(TDim::is_one)) {
                return Ok(None);
            }
        }
        Ok(Some(AxisChangeConsequence::new(model, node, None, change)))
    }
}
