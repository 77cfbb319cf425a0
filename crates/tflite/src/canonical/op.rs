//! The operators of the canonical form.

use crate::complaint::{Complaint, Remedy};
use crate::grid::Steps;
use crate::kernels::Geometry;

/// Where a convolution or pool looks: rows first, then columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    pub(crate) size: [usize; 2],
    pub(crate) stride: [usize; 2],
    pub(crate) dilation: [usize; 2],
    /// Whether the edges are padded so that only the stride makes the result smaller.
    pub(crate) same: bool,
}

/// The operators of the canonical form.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Op {
    Conv(Window),
    Depthwise(Window),
    Dense,
    MatMul {
        adjoint: [bool; 2],
    },
    AveragePool(Window),
    MaxPool(Window),
    Unary(Unary),
    LeakyRelu(f32),
    Binary(Binary),
    Compare(Comparison),
    Logical(Logical),
    /// Of two operands, the first where the flags say yes.
    Select,
    Softmax,
    Reshape,
    Broadcast,
    Pad,
    Concat(usize),
    Transpose,
    Slice,
    Reduce(Reduction),
    Bilinear {
        align_corners: bool,
        half_pixel: bool,
    },
    /// Real values to the nearest steps, halves away from 0.
    Snap(Steps),
    /// One of [`Canonical::wholes`](super::Canonical), by its place.
    Whole(usize),
}

/// Operators of one operand, value by value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unary {
    Abs,
    Ceil,
    Cos,
    Exp,
    Floor,
    HardSwish,
    Log,
    Logistic,
    Relu,
    Relu6,
    Rsqrt,
    Sin,
    Sqrt,
    Tanh,
}

/// Operators of two operands, value by value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Binary {
    Add,
    Sub,
    Mul,
    Div,
    Maximum,
    Minimum,
}

/// Questions about two operands, value by value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    NotEqual,
    Greater,
    GreaterEqual,
    Less,
    LessEqual,
}

/// Operators on flags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Logical {
    And,
    Or,
    Not,
}

/// What becomes of the values along some axes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reduction {
    Sum,
    Max,
    Min,
    Product,
}

impl Window {
    /// How many rows and columns the result has, over so many.
    pub(crate) fn over(&self, sides: [usize; 2]) -> Result<[usize; 2], Complaint> {
        let mut result = [0; 2];
        for axis in 0..2 {
            let (reach, stride) = (self.reach(axis), self.stride[axis]);
            result[axis] = match self.same {
                true => sides[axis].div_ceil(stride),
                false if reach <= sides[axis] => (sides[axis] - reach) / stride + 1,
                false => {
                    let problem = format!("has a window of {reach} over {} values", sides[axis]);
                    return Err(Complaint::new(problem, Remedy::Damaged));
                }
            };
        }
        Ok(result)
    }

    /// How many rows and columns of padding lie before the first of so many.
    pub(crate) fn before(&self, sides: [usize; 2]) -> [usize; 2] {
        let mut before = [0; 2];
        if self.same {
            for axis in 0..2 {
                let stride = self.stride[axis];
                let last = (sides[axis].div_ceil(stride)).saturating_sub(1) * stride;
                before[axis] = (last + self.reach(axis)).saturating_sub(sides[axis]) / 2;
            }
        }
        before
    }

    /// From the first row or column that the window sees to behind the last.
    pub(crate) fn reach(&self, axis: usize) -> usize {
        (self.size[axis] - 1) * self.dilation[axis] + 1
    }

    /// Where it lies over so many rows, columns and channels, for so many results at each place.
    pub(crate) fn geometry(
        &self,
        input: [usize; 3],
        results: usize,
    ) -> Result<Geometry, Complaint> {
        let sides = [input[0], input[1]];
        let [rows, columns] = self.over(sides)?;
        let Self { size, stride, dilation, .. } = *self;
        let output = [rows, columns, results];
        Ok(Geometry { input, output, size, stride, dilation, before: self.before(sides) })
    }
}
