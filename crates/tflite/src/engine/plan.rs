//! Nodes that the engine's own operators compute, planned one by one.
//!
//! The engine's operators are made for this processor by a pass over a whole model, which looks at it again
//! and again: too long for models of thousands of nodes, most of which are ours and need nothing. So each node
//! is planned in a model of its own, and what came of it is put into the whole.

use std::collections::HashMap;

use tract_tflite::internal::tract_core::ops::konst::Const;
use tract_tflite::internal::{
    IntoArcTensor as _, OutletId, SpecialOps as _, TVec, TractResult, TypedModel, format_err,
};

use super::build::Builder;
use crate::canonical::{Node, Op};

impl Builder<'_> {
    /// Adds the operators that compute a node; the last one's result is the node's.
    pub(super) fn planned(&mut self, name: &str, node: &Node) -> TractResult<OutletId> {
        if arranges(node.op) {
            return self.wire(name, node);
        }
        let mut sources = vec![];
        let mut own = TypedModel::default();
        let mut inputs = node.inputs.clone();
        inputs.sort_unstable();
        inputs.dedup();
        for input in inputs {
            if let Some(outlet) = self.outlets[input] {
                let fact = self.model.outlet_fact(outlet)?.without_value();
                let source = own.add_source(format!("{name}.{input}"), fact)?;
                sources.push((input, outlet));
                self.outlets[input] = Some(source);
            }
        }
        std::mem::swap(&mut self.model, &mut own);
        let made = self.wire(name, node);
        std::mem::swap(&mut self.model, &mut own);
        // Constants that were taken are in the node's own model.
        for input in &node.inputs {
            self.outlets[*input] = None;
        }
        let operands: Vec<OutletId> = sources.iter().map(|(_, outlet)| *outlet).collect();
        for (input, outlet) in sources {
            self.outlets[input] = Some(outlet);
        }
        own.select_output_outlets(&[made?])?;
        own.optimize()?;
        self.put(&own, &operands)
    }

    /// Puts a model of one result into the whole.
    fn put(&mut self, own: &TypedModel, operands: &[OutletId]) -> TractResult<OutletId> {
        let mut outlets: HashMap<OutletId, OutletId> =
            own.input_outlets()?.iter().copied().zip(operands.iter().copied()).collect();
        for place in own.eval_order()? {
            let node = own.node(place);
            if outlets.contains_key(&OutletId::new(place, 0)) {
                continue;
            }
            if let Some(constant) = node.op_as::<Const>() {
                let value = constant.val().clone().into_arc_tensor();
                let outlet = self.model.add_const(node.name.clone(), value)?;
                outlets.insert(OutletId::new(place, 0), outlet);
                continue;
            }
            let inputs = node.inputs.iter().map(|input| outlets.get(input).copied());
            let inputs = inputs.collect::<Option<TVec<OutletId>>>();
            let inputs = inputs.ok_or_else(|| format_err!("{} has no operand", node.name))?;
            let made = self.place(node.name.clone(), node.op.clone(), &inputs)?;
            for (slot, outlet) in made.iter().enumerate() {
                outlets.insert(OutletId::new(place, slot), *outlet);
            }
        }
        let output = own.output_outlets()?.first().and_then(|output| outlets.get(output)).copied();
        output.ok_or_else(|| format_err!("an operator has no result"))
    }
}

/// Whether an operator computes nothing, so that there is nothing to plan.
fn arranges(op: Op) -> bool {
    matches!(op, Op::Reshape | Op::Broadcast | Op::Pad | Op::Concat(_) | Op::Transpose | Op::Slice)
}
