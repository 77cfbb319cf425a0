//! Which operator computes a node of the canonical form that none of the kernels' own is for.

use tract_tflite::internal::{Datum as _, OutletId, TractResult, ensure, format_err};

use super::build::Builder;
use super::ops::{
    Arrange, Ask, Bilinear, Each, Join, Leaky, MatMul, Ours, Pair, PlainConv, PlainDepthwise,
    PlainPool, Reduce, Reshape, Select, Snap, Softmax, With,
};
use super::whole;
use crate::canonical::{Content, Node, Op, Window};
use crate::kernels::Geometry;
use crate::kernels::float::Resize;
use crate::kernels::whole::Broadcast;

impl Builder<'_> {
    /// Adds the operator that computes a node.
    pub(super) fn wire(&mut self, name: String, node: &Node) -> TractResult<OutletId> {
        let shape = self.shape(node.output).to_vec();
        let level = self.level;
        let (ours, operands) = match node.op {
            Op::Conv(window) => (Ours::new(&shape, PlainConv(self.window(node, window)?)), 3),
            Op::Depthwise(window) => {
                (Ours::new(&shape, PlainDepthwise(self.window(node, window)?)), 3)
            }
            Op::AveragePool(window) => {
                let geometry = self.window(node, window)?;
                (Ours::new(&shape, PlainPool { max: false, geometry }), 1)
            }
            Op::MaxPool(window) => {
                let geometry = self.window(node, window)?;
                (Ours::new(&shape, PlainPool { max: true, geometry }), 1)
            }
            Op::Dense => (Ours::new(&shape, PlainConv(self.rows(node)?)), 3),
            Op::MatMul { adjoint } => (Ours::new(&shape, self.product(node, adjoint)?), 2),
            Op::Unary(op) => (Ours::new(&shape, Each { level, op }), 1),
            Op::LeakyRelu(alpha) => (Ours::new(&shape, Leaky(alpha)), 1),
            Op::Snap(steps) => (Ours::new(&shape, Snap(steps)), 1),
            Op::Binary(op) => {
                let broadcast = self.broadcast(node)?;
                (Ours::new(&shape, Pair { op, broadcast }), 2)
            }
            Op::Compare(how) => {
                let broadcast = self.broadcast(node)?;
                (Ours::of(bool::datum_type(), &shape, Ask { how, broadcast }), 2)
            }
            Op::Logical(how) => {
                let broadcast = self.broadcast(node)?;
                let operands = node.inputs.len();
                (Ours::of(bool::datum_type(), &shape, Join { how, broadcast }), operands)
            }
            Op::Select => {
                let &[flags, yes, no] = &node.inputs[..] else { return Err(odd(node)) };
                let operands = [flags, yes, no].map(|operand| self.shape(operand));
                let select = Select::new(operands, &shape);
                (self.moving(node, select)?, 3)
            }
            Op::Softmax => {
                let side = shape.last().copied().unwrap_or(1);
                (Ours::new(&shape, Softmax { level, side }), 1)
            }
            Op::Reduce(how) => {
                let reduce = Reduce::new(how, self.shape(node.inputs[0]), &shape);
                (self.moving(node, reduce)?, 1)
            }
            Op::Bilinear { align_corners, half_pixel } => {
                let (&[images, rows, columns, channels], &[_, to_rows, to_columns, _]) =
                    (self.shape(node.inputs[0]), &shape[..])
                else {
                    return Err(odd(node));
                };
                let (from, to) = ([rows, columns, channels], [to_rows, to_columns]);
                let resize = Resize::new(from, to, align_corners, half_pixel);
                let resize = resize.ok_or_else(|| odd(node))?;
                (Ours::new(&shape, Bilinear { resize, images }), 1)
            }
            Op::Reshape | Op::Broadcast | Op::Transpose | Op::Slice | Op::Pad | Op::Concat(_) => {
                self.moved(node)?
            }
            Op::Whole(place) => {
                let whole = self.whole(place)?;
                let operands = whole.operands();
                let compute = whole::Compute::new(whole, &shape, level);
                (Ours::of(compute.type_(), &shape, compute), operands)
            }
        };
        ensure!(operands <= node.inputs.len(), "{:?} has too few operands", node.op);
        let operands = self.operands(&node.inputs[..operands])?;
        self.place(name, ours, &operands)
    }

    /// What moves values about, and how many operands it has.
    fn moved(&self, node: &Node) -> TractResult<(Ours, usize)> {
        let (x, shape) = (self.shape(node.inputs[0]), self.shape(node.output));
        let arrange = match node.op {
            Op::Broadcast => Arrange::broadcast(x, shape),
            Op::Transpose => Arrange::transpose(x, shape, &self.numbers(node.inputs[1])?),
            Op::Slice => Arrange::slice(x, shape, &self.numbers(node.inputs[1])?),
            Op::Pad => {
                let pads = self.numbers(node.inputs[1])?;
                let before: Vec<usize> = pads.iter().step_by(2).copied().collect();
                Arrange::pad(x, shape, &before, self.padding(node)?)
            }
            Op::Concat(axis) => {
                let parts: Vec<_> = node.inputs.iter().map(|part| self.shape(*part)).collect();
                return Ok((self.moving(node, Arrange::concat(&parts, shape, axis))?, parts.len()));
            }
            _ => return Ok((self.moving(node, Some(Reshape))?, 1)),
        };
        Ok((self.moving(node, arrange)?, 1))
    }

    /// An operator that moves values of its result's type, if there is one.
    fn moving(
        &self,
        node: &Node,
        work: Option<impl super::ops::Run + 'static>,
    ) -> TractResult<Ours> {
        let work = work.ok_or_else(|| odd(node))?;
        Ok(Ours::of(self.type_(node.output), self.shape(node.output), work))
    }

    /// How the operands of a node go together; one alone goes with itself.
    fn broadcast(&self, node: &Node) -> TractResult<Broadcast> {
        let shape = |operand: Option<&usize>| operand.map(|operand| self.shape(*operand));
        let both = shape(node.inputs.first()).zip(shape(node.inputs.last()));
        both.and_then(|(a, b)| Broadcast::new(a, b)).ok_or_else(|| odd(node))
    }

    /// What a node pads with: a constant, or what stands for zero.
    fn padding(&self, node: &Node) -> TractResult<With> {
        Ok(match (node.inputs.get(2).map(|with| self.content(*with)), self.content(node.output)) {
            (Some(Content::Bytes(_, bytes)), _) if let Some(with) = bytes.first() => {
                With::Whole(*with)
            }
            (Some(Content::Floats(array)), _) => {
                With::Real(array.to_floats().first().copied().unwrap_or_default())
            }
            (None, Content::Whole(grid)) => With::Whole(u8::try_from(grid.zero)?),
            _ => With::Real(0.0),
        })
    }

    /// Where a convolution or a pool looks, over rows and columns of channels.
    fn window(&self, node: &Node, window: Window) -> TractResult<Geometry> {
        let (&[_, rows, columns, channels], &[.., results]) =
            (self.shape(node.inputs[0]), self.shape(node.output))
        else {
            return Err(odd(node));
        };
        window
            .geometry([rows, columns, channels], results)
            .map_err(|complaint| format_err!("{complaint}"))
    }

    /// A dense layer's rows as the places of an image.
    fn rows(&self, node: &Node) -> TractResult<Geometry> {
        match (self.shape(node.inputs[0]), self.shape(node.output)) {
            (&[rows, inputs], &[_, outputs]) => Ok(Geometry::of_rows(rows, inputs, outputs)),
            _ => Err(odd(node)),
        }
    }

    fn product(&self, node: &Node, adjoint: [bool; 2]) -> TractResult<MatMul> {
        let (&[.., a, b], &[.., rows, columns]) =
            (self.shape(node.inputs[0]), self.shape(node.output))
        else {
            return Err(odd(node));
        };
        let depth = if adjoint[0] { a } else { b };
        Ok(MatMul { level: self.level, sides: [rows, columns, depth], adjoint })
    }
}

fn odd(node: &Node) -> tract_tflite::internal::TractError {
    format_err!("{:?} has operands that do not go together", node.op)
}
