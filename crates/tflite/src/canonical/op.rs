//! The operators of the canonical form.

use crate::complaint::{Complaint, Remedy};
use crate::grid::Steps;

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
            let (size, stride) = (self.size[axis], self.stride[axis]);
            let reach = (size - 1) * self.dilation[axis] + 1;
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
}
