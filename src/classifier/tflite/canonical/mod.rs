//! The canonical form of a model while it is made: float32, one input, fixed shapes, and operators of
//! a short list that the engine and the official runtime compute alike.
//!
//! Each method adds one operator and gives its result's number; each checks shapes first, for the
//! engine trusts them.

mod arrange;
mod op;

use super::Complaint;
use super::array::{Array, broadcast};
pub(super) use op::{Binary, Comparison, Logical, Op, Reduction, Unary, Window};

/// Advice for shapes that do not fit.
const DAMAGED: &str = "the file is damaged or was written by another tool: export it again";
/// Advice for a network beyond all bounds.
const SMALLER: &str = "use a smaller network, or smaller photos";

/// A model in canonical form.
#[derive(Default)]
pub(super) struct Canonical<'m> {
    pub(super) tensors: Vec<Tensor<'m>>,
    pub(super) nodes: Vec<Node>,
    /// What the next nodes are named after.
    pub(super) prefix: String,
    /// Of constants, in all.
    constants: usize,
    /// Of all tensors.
    values: usize,
    /// Multiplications and additions in pairs, in all.
    multiply_adds: u64,
    /// Steps of any kind, in all.
    steps: u64,
}

/// What passes between nodes, or a constant.
pub(super) struct Tensor<'m> {
    pub(super) name: String,
    pub(super) shape: Vec<usize>,
    pub(super) content: Content<'m>,
}

/// Where a tensor's values come from.
pub(super) enum Content<'m> {
    /// From a node, or from outside.
    Computed,
    /// Yes or no for each place, from a node.
    Flags,
    /// From the file.
    Floats(Array<'m>),
    /// Shapes and axes.
    Integers(Vec<i32>),
}

/// One operator.
pub(super) struct Node {
    pub(super) op: Op,
    pub(super) inputs: Vec<usize>,
    pub(super) output: usize,
}

impl<'m> Canonical<'m> {
    /// The most values of one tensor: 256 MiB.
    pub(super) const MAX_VALUES: usize = 1 << 26;
    /// The most values of all tensors together.
    const MAX_ALL_VALUES: usize = 1 << 32;
    /// The most values of all constants: 512 MiB.
    const MAX_CONSTANTS: usize = 1 << 27;
    /// The most nodes.
    const MAX_NODES: usize = 1 << 16;
    /// The most work for one photo: some minutes.
    const MAX_STEPS: u64 = 1 << 40;

    /// The pairs of a multiplication and an addition that one photo takes.
    pub(super) fn multiply_adds(&self) -> u64 {
        self.multiply_adds
    }

    /// The shape of a tensor.
    pub(super) fn shape(&self, tensor: usize) -> &[usize] {
        &self.tensors[tensor].shape
    }

    /// A tensor whose values come from outside.
    pub(super) fn input(&mut self, shape: Vec<usize>) -> Result<usize, Complaint> {
        self.push(shape, Content::Computed)
    }

    /// A constant.
    pub(super) fn constant(&mut self, array: &Array<'m>) -> Result<usize, Complaint> {
        self.constants += array.len();
        if self.constants > Self::MAX_CONSTANTS {
            return Err(("needs too many weights".to_owned(), SMALLER));
        }
        let array = if array.is_integer() {
            Array::floats(array.shape.clone(), array.to_floats().to_vec())
        } else {
            array.clone()
        };
        self.push(array.shape.clone(), Content::Floats(array))
    }

    /// A constant that is one number.
    pub(super) fn scalar(&mut self, value: f32) -> Result<usize, Complaint> {
        self.constant(&Array::scalar(value))
    }

    /// A constant of whole numbers: a shape, axes, or positions.
    fn integers(&mut self, shape: Vec<usize>, values: &[usize]) -> Result<usize, Complaint> {
        let values = values.iter().map(|value| i32::try_from(*value)).collect::<Result<_, _>>();
        let values = values.map_err(|_| ("has a shape beyond all bounds".to_owned(), SMALLER))?;
        self.push(shape, Content::Integers(values))
    }

    fn list(&mut self, values: &[usize]) -> Result<usize, Complaint> {
        self.integers(vec![values.len()], values)
    }

    fn push(&mut self, shape: Vec<usize>, content: Content<'m>) -> Result<usize, Complaint> {
        let count = shape.iter().try_fold(1_usize, |all, side| all.checked_mul(*side));
        if count.is_none_or(|count| count == 0 || count > Self::MAX_VALUES) {
            return Err((
                format!("has a tensor of {shape:?}, which is empty or too large"),
                SMALLER,
            ));
        }
        self.values += count.unwrap_or_default();
        if self.values > Self::MAX_ALL_VALUES {
            return Err(("makes the network too much work".to_owned(), SMALLER));
        }
        let name = format!("{}/{}", self.tensors.len(), self.prefix);
        self.tensors.push(Tensor { name, shape, content });
        Ok(self.tensors.len() - 1)
    }

    fn node(&mut self, op: Op, inputs: Vec<usize>, shape: Vec<usize>) -> Result<usize, Complaint> {
        let flags = inputs.iter().filter(|input| self.is_flags(**input)).count();
        let (wanted, content) = match op {
            Op::Compare(_) => (0, Content::Flags),
            Op::Logical(_) => (inputs.len(), Content::Flags),
            Op::Select => (1, Content::Computed),
            _ => (0, Content::Computed),
        };
        if flags != wanted {
            return Err(("computes with yes and no as if they were numbers".to_owned(), DAMAGED));
        }
        let output = self.push(shape, content)?;
        if self.nodes.len() >= Self::MAX_NODES {
            return Err(("takes too many steps".to_owned(), SMALLER));
        }
        self.nodes.push(Node { op, inputs, output });
        Ok(output)
    }

    /// Counts multiplications with their additions, before any is done.
    fn work(&mut self, factors: &[usize]) -> Result<(), Complaint> {
        let pairs = self.steps(factors)?;
        self.multiply_adds += pairs;
        Ok(())
    }

    /// Counts steps of any kind, before any is done.
    fn steps(&mut self, factors: &[usize]) -> Result<u64, Complaint> {
        let product = factors.iter().try_fold(1_u64, |all, factor| all.checked_mul(*factor as u64));
        let steps = product.filter(|steps| self.steps.saturating_add(*steps) <= Self::MAX_STEPS);
        let steps = steps.ok_or_else(|| ("makes the network too much work".to_owned(), SMALLER))?;
        self.steps += steps;
        Ok(steps)
    }

    /// Changes each value.
    pub(super) fn unary(&mut self, op: Unary, x: usize) -> Result<usize, Complaint> {
        self.node(Op::Unary(op), vec![x], self.shape(x).to_vec())
    }

    /// Values below 0 times `alpha`.
    pub(super) fn leaky_relu(&mut self, alpha: f32, x: usize) -> Result<usize, Complaint> {
        self.node(Op::LeakyRelu(alpha), vec![x], self.shape(x).to_vec())
    }

    /// Joins each value of `a` with one of `b`.
    pub(super) fn binary(&mut self, op: Binary, a: usize, b: usize) -> Result<usize, Complaint> {
        let shape = broadcast(self.shape(a), self.shape(b))?;
        self.node(Op::Binary(op), vec![a, b], shape)
    }

    /// Whether a tensor holds flags.
    pub(super) fn is_flags(&self, tensor: usize) -> bool {
        matches!(self.tensors[tensor].content, Content::Flags)
    }

    /// Asks about each value of `a` and one of `b`.
    pub(super) fn compare(
        &mut self,
        how: Comparison,
        a: usize,
        b: usize,
    ) -> Result<usize, Complaint> {
        let shape = broadcast(self.shape(a), self.shape(b))?;
        self.node(Op::Compare(how), vec![a, b], shape)
    }

    /// Joins flags; `Not` has one operand, the others two.
    pub(super) fn logical(&mut self, how: Logical, operands: &[usize]) -> Result<usize, Complaint> {
        let mut shape = vec![];
        for operand in operands {
            shape = broadcast(&shape, self.shape(*operand))?;
        }
        self.node(Op::Logical(how), operands.to_vec(), shape)
    }

    /// The values of `yes` where `flags` say so, else those of `no`.
    pub(super) fn select(
        &mut self,
        flags: usize,
        yes: usize,
        no: usize,
    ) -> Result<usize, Complaint> {
        let shape = broadcast(self.shape(yes), self.shape(no))?;
        let shape = broadcast(&shape, self.shape(flags))?;
        if !self.is_flags(flags) {
            return Err(("selects by numbers".to_owned(), DAMAGED));
        }
        self.node(Op::Select, vec![flags, yes, no], shape)
    }

    /// Joins each value of `a` with one number.
    pub(super) fn with_scalar(&mut self, op: Binary, a: usize, b: f32) -> Result<usize, Complaint> {
        let b = self.scalar(b)?;
        self.binary(op, a, b)
    }

    /// The softmax along the last axis.
    pub(super) fn softmax(&mut self, x: usize) -> Result<usize, Complaint> {
        if self.shape(x).is_empty() {
            return Err(("has a softmax of one number".to_owned(), DAMAGED));
        }
        self.node(Op::Softmax, vec![x], self.shape(x).to_vec())
    }

    /// A convolution of `x` (rows and columns of channels) with `kernel` (out, rows, columns, in).
    pub(super) fn conv(
        &mut self,
        x: usize,
        kernel: usize,
        bias: usize,
        window: Window,
    ) -> Result<usize, Complaint> {
        let (&[batch, rows, columns, channels], &[out, high, wide, of]) =
            (self.shape(x), self.shape(kernel))
        else {
            return Err(self.unfit(x, kernel));
        };
        if of != channels || window.size != [high, wide] || self.shape(bias) != [out] {
            return Err(self.unfit(x, kernel));
        }
        let [rows, columns] = window.over([rows, columns])?;
        self.work(&[batch, rows, columns, out, high, wide, channels])?;
        self.node(Op::Conv(window), vec![x, kernel, bias], vec![batch, rows, columns, out])
    }

    /// A convolution of each channel of `x` with its own of `kernel` (1, rows, columns, channels).
    pub(super) fn depthwise(
        &mut self,
        x: usize,
        kernel: usize,
        bias: usize,
        window: Window,
    ) -> Result<usize, Complaint> {
        let (&[batch, rows, columns, channels], &[1, high, wide, of]) =
            (self.shape(x), self.shape(kernel))
        else {
            return Err(self.unfit(x, kernel));
        };
        if of != channels || window.size != [high, wide] || self.shape(bias) != [of] {
            return Err(self.unfit(x, kernel));
        }
        let [rows, columns] = window.over([rows, columns])?;
        self.work(&[batch, rows, columns, high, wide, channels])?;
        self.node(
            Op::Depthwise(window),
            vec![x, kernel, bias],
            vec![batch, rows, columns, channels],
        )
    }

    /// Rows of `x` (rows, in) through `weights` (out, in).
    pub(super) fn dense(
        &mut self,
        x: usize,
        weights: usize,
        bias: usize,
    ) -> Result<usize, Complaint> {
        let (&[rows, inputs], &[outputs, of]) = (self.shape(x), self.shape(weights)) else {
            return Err(self.unfit(x, weights));
        };
        if of != inputs || self.shape(bias) != [outputs] {
            return Err(self.unfit(x, weights));
        }
        self.work(&[rows, inputs, outputs])?;
        self.node(Op::Dense, vec![x, weights, bias], vec![rows, outputs])
    }

    /// The product of matrices in the last two axes; `adjoint` ones are turned first.
    pub(super) fn mat_mul(
        &mut self,
        a: usize,
        b: usize,
        adjoint: [bool; 2],
    ) -> Result<usize, Complaint> {
        let (left, right) = (self.shape(a).to_vec(), self.shape(b).to_vec());
        let rank = left.len();
        if rank < 2 || right.len() != rank || left[..rank - 2] != right[..rank - 2] {
            return Err(self.unfit(a, b));
        }
        let sides = |shape: &[usize], turned: bool| {
            let (outer, inner) = (shape[rank - 2], shape[rank - 1]);
            if turned { (inner, outer) } else { (outer, inner) }
        };
        let ((rows, inner), (of, columns)) = (sides(&left, adjoint[0]), sides(&right, adjoint[1]));
        if of != inner {
            return Err(self.unfit(a, b));
        }
        let mut shape = left[..rank - 2].to_vec();
        self.work(&[shape.iter().product(), rows, inner, columns])?;
        shape.extend([rows, columns]);
        self.node(Op::MatMul { adjoint }, vec![a, b], shape)
    }

    /// The average or the greatest value within the window.
    pub(super) fn pool(&mut self, max: bool, x: usize, window: Window) -> Result<usize, Complaint> {
        let &[batch, rows, columns, channels] = self.shape(x) else {
            let shape = self.shape(x);
            return Err((format!("has an operand of {shape:?}, not of four axes"), DAMAGED));
        };
        let [rows, columns] = window.over([rows, columns])?;
        self.steps(&[batch, rows, columns, channels, window.size[0], window.size[1]])?;
        let op = if max { Op::MaxPool(window) } else { Op::AveragePool(window) };
        self.node(op, vec![x], vec![batch, rows, columns, channels])
    }

    /// Reduces these axes to sides of 1.
    pub(super) fn reduce(
        &mut self,
        reduction: Reduction,
        x: usize,
        axes: &[usize],
    ) -> Result<usize, Complaint> {
        let mut shape = self.shape(x).to_vec();
        for axis in axes {
            *shape
                .get_mut(*axis)
                .ok_or_else(|| (format!("has no axis {axis} to reduce"), DAMAGED))? = 1;
        }
        let list = self.list(axes)?;
        self.node(Op::Reduce(reduction), vec![x, list], shape)
    }

    /// Rows and columns in another number, values in between being mixed.
    pub(super) fn bilinear(
        &mut self,
        x: usize,
        size: [usize; 2],
        align_corners: bool,
        half_pixel: bool,
    ) -> Result<usize, Complaint> {
        let &[batch, _, _, channels] = self.shape(x) else {
            return Err(("has an operand that has not four axes".to_owned(), DAMAGED));
        };
        let list = self.list(&size)?;
        let op = Op::Bilinear { align_corners, half_pixel };
        self.node(op, vec![x, list], vec![batch, size[0], size[1], channels])
    }

    fn unfit(&self, a: usize, b: usize) -> Complaint {
        let (a, b) = (self.shape(a), self.shape(b));
        (format!("has operands of {a:?} and {b:?}, which do not fit"), DAMAGED)
    }
}
