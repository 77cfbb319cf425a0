//! The canonical form as the engine's model, node by node.

use tract_tflite::internal::{
    Datum as _, DatumExt as _, DatumType, InletId, OutletId, SpecialOps as _, TVec, TractResult,
    TypedModel, TypedOp as _, ensure, format_err, tvec,
};
use tract_tflite::prelude::Tensor;

use super::fuse::{self, Step, Work};
use super::ops::{
    Activate, Add, Affine, AveragePool, Block, MaxPool, Mean, Mul, Ours, Scale, Scaled, Softmax,
};
use super::packs::Packs;
use crate::array::{Array, Data};
use crate::canonical::{self, Canonical, Content, Node, Whole};
use crate::kernels::Level;
use crate::kernels::float::Winograd;

/// An engine's model in the making.
pub(super) struct Builder<'m> {
    pub(super) model: TypedModel,
    /// The instruction set that kernels use.
    pub(super) level: Level,
    /// Of the canonical form.
    pub(super) tensors: Vec<canonical::Tensor<'m>>,
    /// The operators on whole numbers, by their places.
    wholes: Vec<Option<Whole>>,
    /// For each tensor, what it is to the engine.
    pub(super) outlets: Vec<Option<OutletId>>,
    pub(super) packs: Packs,
}

/// The engine's model of a canonical form with this input and output, for this instruction set.
pub(super) fn build(
    canonical: Canonical<'_>,
    input: usize,
    output: usize,
    level: Level,
) -> TractResult<TypedModel> {
    let steps = fuse::steps(&canonical, output);
    build_steps(canonical, steps, [input, output], level)
}

/// The same of steps that are known already.
pub(super) fn build_steps(
    canonical: Canonical<'_>,
    steps: Vec<Step>,
    [input, output]: [usize; 2],
    level: Level,
) -> TractResult<TypedModel> {
    let Canonical { tensors, nodes, wholes, .. } = canonical;
    let outlets = vec![None; tensors.len()];
    let wholes = wholes.into_iter().map(Some).collect();
    let (model, packs) = (TypedModel::default(), Packs::default());
    let mut builder = Builder { model, level, tensors, wholes, outlets, packs };
    let source = &builder.tensors[input];
    let fact = f32::fact(&source.shape);
    builder.outlets[input] = Some(builder.model.add_source(source.name.clone(), fact)?);
    for step in steps {
        let made = step.output;
        let outlet = builder.step(step, &nodes)?;
        builder.check(made, outlet)?;
        builder.outlets[made] = Some(outlet);
    }
    let output = builder.outlet(output)?;
    builder.model.select_output_outlets(&[output])?;
    Ok(builder.model)
}

impl Builder<'_> {
    /// Adds the operator that computes a step.
    fn step(&mut self, step: Step, nodes: &[Node]) -> TractResult<OutletId> {
        let Step { work, inputs, output } = step;
        let name = self.tensors[output].name.clone();
        let level = self.level;
        let shape = self.tensors[output].shape.clone();
        let ours = match work {
            Work::Node(node) => return self.wire(name, &nodes[node]),
            Work::Conv(conv) if Winograd::pays(level, &conv.geometry) => {
                Ours::new(&shape, self.tiled(conv)?)
            }
            Work::Conv(conv) => Ours::new(&shape, self.packed(conv)?),
            Work::Scaled(conv) => Ours::new(&shape, Scaled(self.packed(conv)?)),
            Work::Depthwise(depthwise) => Ours::new(&shape, self.deep(&depthwise)?),
            Work::Block { expand, depthwise, project } => {
                let expand = expand.map(|conv| self.packed(conv)).transpose()?;
                let project = project.map(|conv| self.packed(conv)).transpose()?;
                Ours::new(&shape, Block::new(expand, self.deep(&depthwise)?, project))
            }
            Work::MaxPool(geometry, activation) => {
                Ours::new(&shape, MaxPool { level, geometry, activation })
            }
            Work::AveragePool(geometry, activation) => {
                Ours::new(&shape, AveragePool { level, geometry, activation })
            }
            Work::Mean(images) => {
                let channels = shape.last().copied().unwrap_or(1);
                Ours::new(&shape, Mean { level, channels, images })
            }
            Work::Affine { factors, addends, activation } => {
                let len = shape.iter().product();
                let affine = Affine::new(level, [factors, addends], activation, len);
                Ours::new(&shape, affine)
            }
            Work::Scale(activation) => {
                let images = shape.first().copied().unwrap_or(1);
                Ours::new(&shape, Scale { level, images, activation })
            }
            Work::Add(activation) => Ours::new(&shape, Add { level, activation }),
            Work::Mul(activation) => Ours::new(&shape, Mul { level, activation }),
            Work::Activate(activation) => Ours::new(&shape, Activate { level, activation }),
            Work::Softmax => {
                let side = shape.last().copied().unwrap_or(1);
                Ours::new(&shape, Softmax { level, side })
            }
        };
        let operands = self.operands(&inputs)?;
        self.place(name, ours, &operands)
    }

    /// Adds an operator without a look at all that were added before, as the engine's own method has it.
    pub(super) fn place(
        &mut self,
        name: String,
        ours: Ours,
        operands: &[OutletId],
    ) -> TractResult<OutletId> {
        let facts = ours.output_facts(&[])?;
        let node = self.model.add_node(name, ours, facts)?;
        for (slot, operand) in operands.iter().enumerate() {
            self.model.add_edge(*operand, InletId::new(node, slot))?;
        }
        Ok(OutletId::new(node, 0))
    }

    /// Makes sure that the engine sees the type and the sizes that were counted.
    fn check(&self, tensor: usize, outlet: OutletId) -> TractResult<()> {
        let type_ = self.type_(tensor);
        let (tensor, fact) = (&self.tensors[tensor], self.model.outlet_fact(outlet)?);
        ensure!(
            fact.shape.as_concrete() == Some(&tensor.shape[..]) && fact.datum_type == type_,
            "{} is {:?} to the engine, and not {type_:?} of {:?}",
            tensor.name,
            fact,
            tensor.shape
        );
        Ok(())
    }

    /// What a tensor's values are to the engine.
    pub(super) fn type_(&self, tensor: usize) -> DatumType {
        match self.tensors[tensor].content {
            Content::Flags => bool::datum_type(),
            Content::Whole(_) | Content::Bytes(..) => u8::datum_type(),
            _ => f32::datum_type(),
        }
    }

    /// What a tensor is to the engine. Constants become so when they are first asked for.
    pub(super) fn outlet(&mut self, tensor: usize) -> TractResult<OutletId> {
        if let Some(outlet) = self.outlets[tensor] {
            return Ok(outlet);
        }
        let value = self.value(tensor)?;
        let outlet = self.model.add_const(self.tensors[tensor].name.clone(), value)?;
        self.outlets[tensor] = Some(outlet);
        Ok(outlet)
    }

    /// The values of a constant.
    fn value(&self, tensor: usize) -> TractResult<Tensor> {
        let tensor = &self.tensors[tensor];
        match &tensor.content {
            Content::Floats(array) => floats(array),
            Content::Bytes(_, bytes) => Tensor::from_shape(&tensor.shape, bytes),
            _ => Err(format_err!("{} is read before it is written", tensor.name)),
        }
    }

    /// A constant of sizes, axes or positions.
    pub(super) fn numbers(&self, tensor: usize) -> TractResult<TVec<usize>> {
        match &self.tensors[tensor].content {
            Content::Integers(values) => {
                values.iter().map(|value| Ok(usize::try_from(*value)?)).collect()
            }
            _ => Err(format_err!("{} is no list of numbers", self.tensors[tensor].name)),
        }
    }

    /// An operator on whole numbers, which is then gone from the canonical form.
    pub(super) fn whole(&mut self, place: usize) -> TractResult<Whole> {
        let whole = self.wholes.get_mut(place).and_then(Option::take);
        whole.ok_or_else(|| format_err!("there is no operator {place} on whole numbers"))
    }

    /// The content of a tensor.
    pub(super) fn content(&self, tensor: usize) -> &Content<'_> {
        &self.tensors[tensor].content
    }

    /// The shape of a tensor.
    pub(super) fn shape(&self, tensor: usize) -> &[usize] {
        &self.tensors[tensor].shape
    }

    /// What the operands of a node are to the engine.
    pub(super) fn operands(&mut self, operands: &[usize]) -> TractResult<TVec<OutletId>> {
        let mut outlets = tvec!();
        for operand in operands {
            outlets.push(self.outlet(*operand)?);
        }
        Ok(outlets)
    }
}

/// The engine's own copy of an array. Bytes of a file are neither aligned nor there for long enough.
fn floats(array: &Array<'_>) -> TractResult<Tensor> {
    let Data::Bytes(bytes) = &array.data else {
        return Tensor::from_shape(&array.shape, &array.to_floats());
    };
    let mut tensor = Tensor::zero::<f32>(&array.shape)?;
    let mut plain = tensor.try_as_plain_ram_mut()?;
    let (values, _) = bytes.as_chunks::<4>();
    for (to, from) in plain.as_slice_mut::<f32>()?.iter_mut().zip(values) {
        *to = f32::from_le_bytes(*from);
    }
    Ok(tensor)
}
