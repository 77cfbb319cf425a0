//! Operators that compute.

use super::model::Canonical;
use super::op::{Binary, Comparison, Logical, Op, Reduction, Unary, Window};
use crate::array::broadcast;
use crate::complaint::{Complaint, Remedy};
use crate::grid::Steps;

impl Canonical<'_> {
    /// Changes each value.
    pub(crate) fn unary(&mut self, op: Unary, x: usize) -> Result<usize, Complaint> {
        self.node(Op::Unary(op), vec![x], self.shape(x).to_vec())
    }

    /// Values below 0 times `alpha`.
    pub(crate) fn leaky_relu(&mut self, alpha: f32, x: usize) -> Result<usize, Complaint> {
        self.node(Op::LeakyRelu(alpha), vec![x], self.shape(x).to_vec())
    }

    /// Joins each value of `a` with one of `b`.
    pub(crate) fn binary(&mut self, op: Binary, a: usize, b: usize) -> Result<usize, Complaint> {
        let shape = broadcast(self.shape(a), self.shape(b))?;
        self.node(Op::Binary(op), vec![a, b], shape)
    }

    /// Asks about each value of `a` and one of `b`.
    pub(crate) fn compare(
        &mut self,
        how: Comparison,
        a: usize,
        b: usize,
    ) -> Result<usize, Complaint> {
        let shape = broadcast(self.shape(a), self.shape(b))?;
        self.node(Op::Compare(how), vec![a, b], shape)
    }

    /// Joins flags; `Not` has one operand, the others two.
    pub(crate) fn logical(&mut self, how: Logical, operands: &[usize]) -> Result<usize, Complaint> {
        let mut shape = vec![];
        for operand in operands {
            shape = broadcast(&shape, self.shape(*operand))?;
        }
        self.node(Op::Logical(how), operands.to_vec(), shape)
    }

    /// The values of `yes` where `flags` say so, else those of `no`.
    pub(crate) fn select(
        &mut self,
        flags: usize,
        yes: usize,
        no: usize,
    ) -> Result<usize, Complaint> {
        let shape = broadcast(self.shape(yes), self.shape(no))?;
        let shape = broadcast(&shape, self.shape(flags))?;
        if !self.is_flags(flags) {
            return Err(Complaint::new("selects by numbers", Remedy::Damaged));
        }
        self.node(Op::Select, vec![flags, yes, no], shape)
    }

    /// Joins each value of `a` with one number.
    pub(crate) fn with_scalar(&mut self, op: Binary, a: usize, b: f32) -> Result<usize, Complaint> {
        let b = self.scalar(b)?;
        self.binary(op, a, b)
    }

    /// The softmax along the last axis.
    pub(crate) fn softmax(&mut self, x: usize) -> Result<usize, Complaint> {
        if self.shape(x).is_empty() {
            return Err(Complaint::new("has a softmax of one number", Remedy::Damaged));
        }
        self.node(Op::Softmax, vec![x], self.shape(x).to_vec())
    }

    /// A convolution of `x` (rows and columns of channels) with `kernel` (out, rows, columns, in).
    pub(crate) fn conv(
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
        self.count_pairs(&[batch, rows, columns, out, high, wide, channels])?;
        self.node(Op::Conv(window), vec![x, kernel, bias], vec![batch, rows, columns, out])
    }

    /// A convolution of each channel of `x` with its own of `kernel` (1, rows, columns, channels).
    pub(crate) fn depthwise(
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
        self.count_pairs(&[batch, rows, columns, high, wide, channels])?;
        self.node(
            Op::Depthwise(window),
            vec![x, kernel, bias],
            vec![batch, rows, columns, channels],
        )
    }

    /// Rows of `x` (rows, in) through `weights` (out, in).
    pub(crate) fn dense(
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
        self.count_pairs(&[rows, inputs, outputs])?;
        self.node(Op::Dense, vec![x, weights, bias], vec![rows, outputs])
    }

    /// The product of matrices in the last two axes; `adjoint` ones are turned first.
    pub(crate) fn mat_mul(
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
        self.count_pairs(&[shape.iter().product(), rows, inner, columns])?;
        shape.extend([rows, columns]);
        self.node(Op::MatMul { adjoint }, vec![a, b], shape)
    }

    /// The average or the greatest value within the window.
    pub(crate) fn pool(&mut self, max: bool, x: usize, window: Window) -> Result<usize, Complaint> {
        let &[batch, rows, columns, channels] = self.shape(x) else {
            let shape = self.shape(x);
            return Err(Complaint::new(
                format!("has an operand of {shape:?}, not of four axes"),
                Remedy::Damaged,
            ));
        };
        let [rows, columns] = window.over([rows, columns])?;
        self.count_work(&[batch, rows, columns, channels, window.size[0], window.size[1]])?;
        let op = if max { Op::MaxPool(window) } else { Op::AveragePool(window) };
        self.node(op, vec![x], vec![batch, rows, columns, channels])
    }

    /// Reduces these axes to sides of 1.
    pub(crate) fn reduce(
        &mut self,
        reduction: Reduction,
        x: usize,
        axes: &[usize],
    ) -> Result<usize, Complaint> {
        let mut shape = self.shape(x).to_vec();
        for axis in axes {
            *shape.get_mut(*axis).ok_or_else(|| {
                Complaint::new(format!("has no axis {axis} to reduce"), Remedy::Damaged)
            })? = 1;
        }
        let list = self.list(axes)?;
        self.node(Op::Reduce(reduction), vec![x, list], shape)
    }

    /// Rows and columns in another number, values in between being mixed.
    pub(crate) fn bilinear(
        &mut self,
        x: usize,
        size: [usize; 2],
        align_corners: bool,
        half_pixel: bool,
    ) -> Result<usize, Complaint> {
        let &[batch, _, _, channels] = self.shape(x) else {
            return Err(Complaint::new("has an operand that has not four axes", Remedy::Damaged));
        };
        let list = self.list(&size)?;
        let op = Op::Bilinear { align_corners, half_pixel };
        self.node(op, vec![x, list], vec![batch, size[0], size[1], channels])
    }

    /// Real values to the nearest steps.
    pub(crate) fn snap(&mut self, x: usize, steps: Steps) -> Result<usize, Complaint> {
        self.node(Op::Snap(steps), vec![x], self.shape(x).to_vec())
    }
}
