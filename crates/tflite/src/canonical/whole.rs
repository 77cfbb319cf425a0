//! Operators on whole numbers of 8 bits, each with all that it needs to run.

use super::op::{Comparison, Window};
use crate::kernels::whole::{
    Activation, Add, AveragePool, Broadcast, Comparable, Conv, Div, Grid, LogSoftmax, MatMul,
    MaxPool, Mean, Mul, Operator, Prelu, Product, Requantise, ResizeBilinear, Softmax,
    SquaredDifference, Sum, Table, TransposedConv, Unary,
};

/// An operator on whole numbers of 8 bits.
///
/// The kernels hold what the numbers stand for; what else is here says which operator of a file it is.
#[derive(Debug)]
pub(crate) enum Whole {
    /// Real values become whole numbers on a grid.
    Quantise(Grid),
    /// Whole numbers on a grid become real values.
    Dequantise(Grid),
    /// The same values on another grid.
    Requantise(Requantise),
    /// The same for a part of what is put together.
    Part(Table),
    /// A convolution or dense layer.
    Layer(Layer),
    /// A convolution the other way round; the second operand is the shape of its result.
    Transposed(Transposed),
    /// What becomes of two numbers, the operands being stretched to each other.
    Pair { pair: Pair, broadcast: Broadcast, activation: Activation },
    /// What becomes of each number alone.
    Unary(Unary, Table),
    /// The mean of each window.
    AveragePool(AveragePool, Pool),
    /// The greatest of each window.
    MaxPool(MaxPool, Pool),
    /// The mean over the axes that the second operand lists, which stay as sides of 1 if they are kept.
    Mean { mean: Mean, kept: bool },
    /// The sum over the axes that the second operand lists.
    Total { sum: Sum, kept: bool },
    /// The product over the axes that the second operand lists.
    Product { product: Product, kept: bool },
    /// The softmax along the last axis, of values times `beta`.
    Softmax { softmax: Softmax, beta: f32 },
    /// The logarithm of the softmax along the last axis.
    LogSoftmax(LogSoftmax),
    /// Each row of the last axis divided by its length; its numbers are on this grid.
    Normalise(Grid),
    /// Rows and columns in another number, which the second operand lists.
    Bilinear { resize: ResizeBilinear, align_corners: bool, half_pixel: bool },
    /// Products of the matrices in the last two axes, of which the second is turned.
    MatMul(MatMul),
}

/// Operators of two operands, number by number.
#[derive(Debug)]
pub(crate) enum Pair {
    Add(Add),
    Subtract(Add),
    Multiply(Mul),
    Divide(Div),
    SquaredDifference(SquaredDifference),
    /// Of a value and its factor.
    Prelu(Prelu),
    /// Of the numbers as they are, whatever they stand for.
    Maximum,
    /// The same.
    Minimum,
    /// Its result is flags.
    Compare(Comparison, Comparable),
}

/// The weights of a [`Whole::Transposed`].
#[derive(Debug)]
pub(crate) struct Transposed {
    /// For one image of the batch.
    pub(crate) conv: TransposedConv,
    /// Of the weights: one in all, or one for each result.
    pub(crate) scales: Vec<f32>,
    /// Whether the edges are padded.
    pub(crate) same: bool,
    /// What clamps the result.
    pub(crate) activation: Activation,
}

/// What becomes of all numbers along some axes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Over {
    Mean,
    Sum,
    Product,
}

/// Where a pool looks, and what clamps its result.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pool {
    pub(crate) window: Window,
    pub(crate) activation: Activation,
}

/// Weights, and what becomes of their sums.
#[derive(Debug)]
pub(crate) struct Layer {
    /// The operator of the file.
    pub(crate) operator: Operator,
    /// For one image of the batch.
    pub(crate) conv: Conv,
    /// Of the weights: one in all, or one for each result.
    pub(crate) scales: Vec<f32>,
    /// Where a convolution looks.
    pub(crate) window: Window,
    /// What clamps the result.
    pub(crate) activation: Activation,
}

/// Weights in whole numbers, as a file has them.
pub(crate) struct Weights {
    /// (out, rows, columns, in), or (1, rows, columns, out) of each channel alone.
    pub(crate) shape: [usize; 4],
    /// Those of `uint8` are moved down by 128.
    pub(crate) numbers: Vec<i8>,
    /// The number that stands for 0, moved down as they are.
    pub(crate) zero: i32,
    /// One in all, or one for each result.
    pub(crate) scales: Vec<f32>,
}
