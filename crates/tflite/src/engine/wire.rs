//! Which of the engine's operators computes which of the canonical form.

use tract_tflite::internal::tract_core::ops::array::{
    Gather, MultiBroadcastTo, Pad, PadMode, Slice, TypedConcat,
};
use tract_tflite::internal::tract_core::ops::binary::TypedBinOp;
use tract_tflite::internal::tract_core::ops::change_axes::{
    AxisOp, perm_to_ops, to_axis_ops_with_tf_rules, wire_with_rank_broadcast,
};
use tract_tflite::internal::tract_core::ops::cnn::{
    Conv, KernelFormat, MaxPool, PaddingSpec, PoolSpec, SumPool,
};
use tract_tflite::internal::tract_core::ops::einsum::EinSum;
use tract_tflite::internal::tract_core::ops::element_wise::ElementWiseOp;
use tract_tflite::internal::tract_core::ops::logic::{
    Iff, and, comp_eq, comp_gt, comp_gte, comp_lt, comp_lte, comp_ne, not, or,
};
use tract_tflite::internal::tract_core::ops::math::{self, add, div, max, min, mul, sub};
use tract_tflite::internal::tract_core::ops::nn::{
    CoordTransformer, DataFormat, Interpolator, Nearest, Reduce, Reducer, Resize, Softmax,
    hard_swish, leaky_relu, sigmoid,
};
use tract_tflite::internal::{
    AxesMapping, Axis, Datum as _, OutletId, SpecialOps as _, TDim, TVec, ToDim, TractResult,
    TypedOp, ensure, format_err, tensor0, tensor1, tvec,
};

use tract_tflite::prelude::Tensor;

use super::build::Builder;
use super::whole;
use crate::canonical::{Binary, Comparison, Content, Logical, Node, Op, Reduction, Unary, Window};

/// So many slices the engine handles as well one by one.
const FEW_PARTS: usize = 16;

impl Builder<'_> {
    /// Adds the operators that compute a node; the last one's result is the node's.
    pub(super) fn wire(&mut self, name: &str, node: &Node) -> TractResult<OutletId> {
        match node.op {
            Op::Conv(window) => self.conv(name, node, window, false),
            Op::Depthwise(window) => self.conv(name, node, window, true),
            Op::Dense => self.dense(name, node),
            Op::MatMul { adjoint } => self.mat_mul(name, node, adjoint),
            Op::AveragePool(window) => {
                let pool_spec = self.window(node, window);
                let pool = SumPool { pool_spec, normalize: true, count_include_pad: false };
                self.one(name, pool, &node.inputs)
            }
            Op::MaxPool(window) => {
                let pool_spec = self.window(node, window);
                self.one(name, MaxPool { pool_spec, with_index_outputs: None }, &node.inputs)
            }
            Op::Unary(Unary::Relu) => {
                let x = self.outlet(node.inputs[0])?;
                self.with_scalar(name, max(), x, 0.0)
            }
            Op::Unary(Unary::Relu6) => {
                let x = self.outlet(node.inputs[0])?;
                let x = self.with_scalar(&format!("{name}.relu"), max(), x, 0.0)?;
                self.with_scalar(name, min(), x, 6.0)
            }
            Op::Unary(op) => self.one(name, unary(op)?, &node.inputs),
            Op::LeakyRelu(alpha) => self.one(name, leaky_relu(alpha), &node.inputs),
            Op::Binary(op) => self.broadcast(name, binary(op), &node.inputs),
            Op::Compare(how) => self.broadcast(name, comparison(how), &node.inputs),
            Op::Logical(Logical::And) => self.broadcast(name, and(), &node.inputs),
            Op::Logical(Logical::Or) => self.broadcast(name, or(), &node.inputs),
            Op::Logical(Logical::Not) => self.one(name, not(), &node.inputs),
            Op::Select => self.broadcast(name, Iff, &node.inputs),
            Op::Softmax => {
                let axes = tvec!(self.shape(node.inputs[0]).len().saturating_sub(1));
                self.one(name, Softmax { axes, ..Softmax::default() }, &node.inputs)
            }
            Op::Reshape => {
                let (from, to) = (self.dims(node.inputs[0]), self.dims(node.output));
                self.chain(name, node, to_axis_ops_with_tf_rules(&from, &to)?)
            }
            Op::Transpose => {
                let order = self.numbers(node.inputs[1])?;
                self.chain(name, node, perm_to_ops(&order))
            }
            Op::Broadcast => {
                let shape = self.shape(node.output).iter().copied().collect();
                self.one(name, MultiBroadcastTo { shape }, &node.inputs[..1])
            }
            Op::Pad => {
                let pads = self.numbers(node.inputs[1])?;
                let pads =
                    pads.as_chunks::<2>().0.iter().map(|[before, behind]| (*before, *behind));
                let mode = PadMode::Constant(self.padding(node)?.into());
                self.one(name, Pad { pads: pads.collect(), mode }, &node.inputs[..1])
            }
            Op::Concat(axis) => {
                let operands = self.operands(&node.inputs)?;
                match self.gathered(name, axis, &operands)? {
                    Some(gathered) => Ok(gathered),
                    None => self.add(name, TypedConcat::new(axis), &operands),
                }
            }
            Op::Slice => self.slice(name, node),
            Op::Reduce(how) => {
                let mut axes = self.numbers(node.inputs[1])?;
                axes.sort_unstable();
                self.one(name, Reduce::new(axes, reducer(how)), &node.inputs[..1])
            }
            Op::Bilinear { align_corners, half_pixel } => {
                self.bilinear(name, node, align_corners, half_pixel)
            }
            Op::Snap(steps) => self.one(name, whole::Snap::new(steps), &node.inputs),
            Op::Whole(place) => {
                let whole = self.whole(place)?;
                let operands = &node.inputs[..whole.operands()];
                let op = whole::Compute::new(whole, self.shape(node.output), self.level);
                self.one(name, op, operands)
            }
        }
    }

    /// What a node pads with: a constant, or what stands for zero.
    fn padding(&self, node: &Node) -> TractResult<Tensor> {
        match (node.inputs.get(2).map(|with| self.content(*with)), self.content(node.output)) {
            (Some(Content::Bytes(_, bytes)), _) if let Some(with) = bytes.first() => {
                Ok(tensor0(*with))
            }
            (Some(Content::Floats(array)), _) => {
                Ok(tensor0(array.to_floats().first().copied().unwrap_or_default()))
            }
            (None, Content::Whole(grid)) => Ok(tensor0(u8::try_from(grid.zero)?)),
            _ => Ok(tensor0(0_f32)),
        }
    }

    /// One operator of one result.
    fn one(
        &mut self,
        name: &str,
        op: impl Into<Box<dyn TypedOp>>,
        operands: &[usize],
    ) -> TractResult<OutletId> {
        let operands = self.operands(operands)?;
        self.add(name, op, &operands)
    }

    fn add(
        &mut self,
        name: &str,
        op: impl Into<Box<dyn TypedOp>>,
        operands: &[OutletId],
    ) -> TractResult<OutletId> {
        only(&self.model.wire_node(name, op, operands)?)
    }

    /// One operator whose operands are stretched to each other.
    fn broadcast(
        &mut self,
        name: &str,
        op: impl Into<Box<dyn TypedOp>>,
        operands: &[usize],
    ) -> TractResult<OutletId> {
        let operands = self.operands(operands)?;
        only(&wire_with_rank_broadcast(name, &mut self.model, op, &operands)?)
    }

    fn with_scalar(
        &mut self,
        name: &str,
        op: TypedBinOp,
        x: OutletId,
        scalar: f32,
    ) -> TractResult<OutletId> {
        let scalar = self.model.add_const(format!("{name}.scalar"), tensor0(scalar))?;
        only(&wire_with_rank_broadcast(name, &mut self.model, op, &[x, scalar])?)
    }

    /// The shape of a tensor as the engine writes it.
    fn dims(&self, tensor: usize) -> TVec<TDim> {
        self.shape(tensor).iter().map(ToDim::to_dim).collect()
    }

    /// Changes of axes, one after another.
    fn chain(&mut self, name: &str, node: &Node, ops: TVec<AxisOp>) -> TractResult<OutletId> {
        let mut wire = self.outlet(node.inputs[0])?;
        for (place, op) in ops.into_iter().enumerate() {
            wire = self.add(&format!("{name}.{place}"), op, &[wire])?;
        }
        Ok(wire)
    }

    /// Where a convolution or a pool looks, over rows and columns of channels.
    fn window(&self, node: &Node, window: Window) -> PoolSpec {
        let channels = |tensor| self.shape(tensor).last().copied().unwrap_or(1);
        PoolSpec {
            data_format: DataFormat::NHWC,
            kernel_shape: window.size.into_iter().collect(),
            padding: if window.same { PaddingSpec::SameUpper } else { PaddingSpec::Valid },
            strides: Some(window.stride.into_iter().collect()),
            dilations: Some(window.dilation.into_iter().collect()),
            input_channels: channels(node.inputs[0]),
            output_channels: channels(node.output),
        }
    }

    fn conv(
        &mut self,
        name: &str,
        node: &Node,
        window: Window,
        depthwise: bool,
    ) -> TractResult<OutletId> {
        let pool_spec = self.window(node, window);
        let group = if depthwise { pool_spec.output_channels } else { 1 };
        let conv = Conv { pool_spec, kernel_fmt: KernelFormat::OHWI, group, q_params: None };
        self.one(name, conv, &node.inputs)
    }

    fn dense(&mut self, name: &str, node: &Node) -> TractResult<OutletId> {
        let op =
            EinSum { axes: "BI,OI->BO".parse()?, q_params: None, operating_dt: f32::datum_type() };
        let product = self.one(&format!("{name}.product"), op, &node.inputs[..2])?;
        let bias = self.one(&format!("{name}.bias"), AxisOp::Add(0), &node.inputs[2..])?;
        self.add(name, add(), &[product, bias])
    }

    fn mat_mul(&mut self, name: &str, node: &Node, adjoint: [bool; 2]) -> TractResult<OutletId> {
        let rank = self.shape(node.inputs[0]).len();
        ensure!(rank >= 2, "a product of what is no matrix");
        let (outer, last) = (rank - 2, rank - 1);
        let turned = |adjoint| if adjoint { (last, outer) } else { (outer, last) };
        let ((rows, left), (right, columns)) = (turned(adjoint[0]), turned(adjoint[1]));
        let mut axes = tvec!(
            Axis::new('M', 2, 1).input(0, rows).output(0, outer),
            Axis::new('N', 2, 1).input(1, columns).output(0, last),
            Axis::new('K', 2, 1).input(0, left).input(1, right)
        );
        for (axis, letter) in (0..outer).zip('a'..) {
            axes.push(Axis::new(letter, 2, 1).input(0, axis).input(1, axis).output(0, axis));
        }
        let axes = AxesMapping::new(2, 1, axes)?;
        self.one(
            name,
            EinSum { axes, q_params: None, operating_dt: f32::datum_type() },
            &node.inputs,
        )
    }

    fn slice(&mut self, name: &str, node: &Node) -> TractResult<OutletId> {
        let (begins, sizes) = (self.numbers(node.inputs[1])?, self.numbers(node.inputs[2])?);
        let mut wire = self.outlet(node.inputs[0])?;
        let sides = self.shape(node.inputs[0]).to_vec();
        for (axis, (side, (begin, size))) in sides.iter().zip(begins.iter().zip(&sizes)).enumerate()
        {
            if size != side {
                let (start, end) = (begin.to_dim(), (begin + size).to_dim());
                wire = self.add(&format!("{name}.{axis}"), Slice { axis, start, end }, &[wire])?;
            }
        }
        Ok(wire)
    }

    /// Many slices of one tensor, put together again, as one operator: every second row, or all of them
    /// the other way round. The engine would move each slice up to its input, which takes minutes.
    fn gathered(
        &mut self,
        name: &str,
        axis: usize,
        parts: &[OutletId],
    ) -> TractResult<Option<OutletId>> {
        if parts.len() <= FEW_PARTS {
            return Ok(None);
        }
        let (mut from, mut indices) = (None, vec![]);
        for part in parts {
            let node = self.model.node(part.node);
            let Some(slice) = node.op_as::<Slice>().filter(|slice| slice.axis == axis) else {
                return Ok(None);
            };
            let (Ok(start), Ok(end)) = (slice.start.to_i64(), slice.end.to_i64()) else {
                return Ok(None);
            };
            if *from.get_or_insert(node.inputs[0]) != node.inputs[0] {
                return Ok(None);
            }
            indices.extend(start..end);
        }
        let Some(from) = from else { return Ok(None) };
        let indices = self.model.add_const(format!("{name}.indices"), tensor1(&indices))?;
        self.add(name, Gather::new(axis), &[from, indices]).map(Some)
    }

    fn bilinear(
        &mut self,
        name: &str,
        node: &Node,
        align_corners: bool,
        half_pixel: bool,
    ) -> TractResult<OutletId> {
        let sizes = tensor1(&self.dims(node.output));
        let sizes = self.model.add_const(format!("{name}.sizes"), sizes)?;
        let resize = Resize {
            coord_transformer: match (align_corners, half_pixel) {
                (true, _) => CoordTransformer::AlignCorners,
                (false, true) => CoordTransformer::HalfPixel,
                (false, false) => CoordTransformer::Asymmetric,
            },
            interpolator: Interpolator::Linear,
            nearest: Nearest::Floor,
            optional_scales_input: None,
            optional_sizes_input: Some(1),
        };
        let x = self.outlet(node.inputs[0])?;
        self.add(name, resize, &[x, sizes])
    }
}

fn only(outlets: &[OutletId]) -> TractResult<OutletId> {
    outlets.first().copied().ok_or_else(|| format_err!("an operator has no result"))
}

fn unary(op: Unary) -> TractResult<ElementWiseOp> {
    Ok(match op {
        Unary::Abs => math::abs(),
        Unary::Ceil => math::ceil(),
        Unary::Cos => math::cos(),
        Unary::Exp => math::exp(),
        Unary::Floor => math::floor(),
        Unary::HardSwish => hard_swish(),
        Unary::Log => math::ln(),
        Unary::Logistic => sigmoid(),
        Unary::Rsqrt => math::rsqrt(),
        Unary::Sin => math::sin(),
        Unary::Sqrt => math::sqrt(),
        Unary::Tanh => math::tanh(),
        // These have an operand more.
        Unary::Relu | Unary::Relu6 => return Err(format_err!("{op:?} is not of one operand")),
    })
}

fn binary(op: Binary) -> TypedBinOp {
    match op {
        Binary::Add => add(),
        Binary::Sub => sub(),
        Binary::Mul => mul(),
        Binary::Div => div(),
        Binary::Maximum => max(),
        Binary::Minimum => min(),
    }
}

fn comparison(how: Comparison) -> TypedBinOp {
    let how = match how {
        Comparison::Equal => comp_eq(),
        Comparison::NotEqual => comp_ne(),
        Comparison::Greater => comp_gt(),
        Comparison::GreaterEqual => comp_gte(),
        Comparison::Less => comp_lt(),
        Comparison::LessEqual => comp_lte(),
    };
    TypedBinOp(how, None)
}

fn reducer(how: Reduction) -> Reducer {
    match how {
        Reduction::Sum => Reducer::Sum,
        Reduction::Max => Reducer::Max,
        Reduction::Min => Reducer::Min,
        Reduction::Product => Reducer::Prod,
    }
}
