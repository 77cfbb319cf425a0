//! Operators on whole numbers of 8 bits, each with all that it needs to run.

use super::model::Canonical;
use super::op::{Op, Window};
use crate::complaint::{Complaint, Remedy};
use crate::kernels::Geometry;
use crate::kernels::whole::{
    Activation, Add, Broadcast, Conv, Finish, Grid, Mul, Operator, Table,
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
    /// A convolution or dense layer.
    Layer(Layer),
    /// A sum, or a difference.
    Sum { add: Add, minus: bool, broadcast: Broadcast, activation: Activation },
    /// A product.
    Product { mul: Mul, broadcast: Broadcast, activation: Activation },
    /// What becomes of each number alone.
    Table(Single, Table),
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

/// Operators of one operand, number by number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Single {
    /// The same values on another grid.
    Requantise,
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

impl Canonical<'_> {
    /// Real values as whole numbers on a grid.
    pub(crate) fn quantise(&mut self, x: usize, grid: Grid) -> Result<usize, Complaint> {
        self.only_real(x)?;
        self.whole_node(Whole::Quantise(grid), vec![x], self.shape(x).to_vec(), Some(grid))
    }

    /// Whole numbers as the real values that they stand for.
    pub(crate) fn dequantise(&mut self, x: usize, grid: Grid) -> Result<usize, Complaint> {
        self.whole_node(Whole::Dequantise(grid), vec![x], self.shape(x).to_vec(), None)
    }

    /// The same numbers, which stand for something else.
    pub(crate) fn relabel(&mut self, x: usize, grid: Grid) -> Result<usize, Complaint> {
        let shape = self.shape(x).to_vec();
        let list = self.list(&shape)?;
        self.result(Op::Reshape, vec![x, list], shape, super::Content::Whole(grid))
    }

    /// What becomes of each number alone, by a table.
    pub(crate) fn table(
        &mut self,
        single: Single,
        table: Option<Table>,
        x: usize,
        grid: Grid,
    ) -> Result<usize, Complaint> {
        let table = table.ok_or_else(absurd)?;
        self.whole_node(Whole::Table(single, table), vec![x], self.shape(x).to_vec(), Some(grid))
    }

    /// The sum, or difference, of two operands on grids.
    pub(crate) fn whole_sum(
        &mut self,
        [(a, on), (b, other)]: [(usize, Grid); 2],
        minus: bool,
        activation: Activation,
        grid: Grid,
    ) -> Result<usize, Complaint> {
        let add = if minus { Add::subtract } else { Add::new };
        let add = add(on, other, grid, activation).ok_or_else(absurd)?;
        let broadcast = self.broadcast(a, b)?;
        let shape = broadcast.shape().to_vec();
        let whole = Whole::Sum { add, minus, broadcast, activation };
        self.whole_node(whole, vec![a, b], shape, Some(grid))
    }

    /// The product of two operands on grids.
    pub(crate) fn whole_product(
        &mut self,
        [(a, on), (b, other)]: [(usize, Grid); 2],
        activation: Activation,
        grid: Grid,
    ) -> Result<usize, Complaint> {
        let mul = Mul::new(on, other, grid, activation).ok_or_else(absurd)?;
        let broadcast = self.broadcast(a, b)?;
        let shape = broadcast.shape().to_vec();
        let whole = Whole::Product { mul, broadcast, activation };
        self.whole_node(whole, vec![a, b], shape, Some(grid))
    }

    /// A convolution of `x` on a grid, over all channels, in groups of them, or of each alone.
    #[allow(clippy::too_many_arguments)] // As many as a convolution has.
    pub(crate) fn whole_conv(
        &mut self,
        operator: Operator,
        (x, on): (usize, Grid),
        weights: Weights,
        bias: Vec<i32>,
        window: Window,
        activation: Activation,
        grid: Grid,
    ) -> Result<usize, Complaint> {
        let [out, high, wide, of] = weights.shape;
        let &[batch, rows, columns, channels] = self.shape(x) else {
            return Err(self.odd(x, &weights.shape));
        };
        let (results, each) = match operator {
            Operator::Depthwise => (of, 1),
            _ => (out, of),
        };
        let [to_rows, to_columns] = window.over([rows, columns])?;
        self.count_pairs(&[batch, to_rows, to_columns, results, high, wide, each])?;
        self.count_constants(weights.numbers.len())?;
        let geometry = Geometry {
            input: [rows, columns, channels],
            output: [to_rows, to_columns, results],
            size: window.size,
            stride: window.stride,
            dilation: window.dilation,
            before: window.before([rows, columns]),
        };
        let finish = Finish::new(operator, on, &weights.scales, grid, bias, activation);
        let conv = Conv {
            geometry,
            input_zero: u8::try_from(on.zero).map_err(|_| absurd())?,
            weights: weights.numbers,
            weights_zero: weights.zero,
            finish: finish.ok_or_else(absurd)?,
        };
        let fits = match operator {
            Operator::Depthwise => conv.is_depthwise(),
            _ => conv.depth() == Some(of),
        };
        if !fits || window.size != [high, wide] {
            return Err(self.odd(x, &weights.shape));
        }
        let scales = weights.scales;
        let whole = Whole::Layer(Layer { operator, conv, scales, window, activation });
        self.whole_node(whole, vec![x], vec![batch, to_rows, to_columns, results], Some(grid))
    }

    /// Rows of `x` (rows, in) on a grid through `weights` (out, 1, 1, in).
    pub(crate) fn whole_dense(
        &mut self,
        x: (usize, Grid),
        weights: Weights,
        bias: Vec<i32>,
        activation: Activation,
        grid: Grid,
    ) -> Result<usize, Complaint> {
        let &[rows, inputs] = self.shape(x.0) else {
            return Err(self.odd(x.0, &weights.shape));
        };
        let [out, ..] = weights.shape;
        self.count_pairs(&[rows, inputs, out])?;
        self.count_constants(weights.numbers.len())?;
        let geometry = Geometry {
            input: [rows, 1, inputs],
            output: [rows, 1, out],
            size: [1, 1],
            stride: [1, 1],
            dilation: [1, 1],
            before: [0, 0],
        };
        let operator = Operator::Dense;
        let finish = Finish::new(operator, x.1, &weights.scales, grid, bias, activation);
        let conv = Conv {
            geometry,
            input_zero: u8::try_from(x.1.zero).map_err(|_| absurd())?,
            weights: weights.numbers,
            weights_zero: weights.zero,
            finish: finish.ok_or_else(absurd)?,
        };
        if conv.depth() != Some(inputs) {
            return Err(self.odd(x.0, &weights.shape));
        }
        let window = Window { size: [1, 1], stride: [1, 1], dilation: [1, 1], same: false };
        let scales = weights.scales;
        let whole = Whole::Layer(Layer { operator, conv, scales, window, activation });
        self.whole_node(whole, vec![x.0], vec![rows, out], Some(grid))
    }

    /// How two operands lie beside each other.
    pub(super) fn broadcast(&self, a: usize, b: usize) -> Result<Broadcast, Complaint> {
        Broadcast::new(self.shape(a), self.shape(b)).ok_or_else(|| self.unfit(a, b))
    }

    fn only_real(&self, x: usize) -> Result<(), Complaint> {
        if self.is_flags(x) || self.grid(x).is_some() {
            return Err(Complaint::new("rounds what is no real value", Remedy::Damaged));
        }
        Ok(())
    }

    fn odd(&self, x: usize, weights: &[usize]) -> Complaint {
        let problem = format!("has a kernel of {weights:?} for {:?}", self.shape(x));
        Complaint::new(problem, Remedy::Export)
    }
}

/// What is wrong with an operator whose numbers no kernel takes.
pub(super) fn absurd() -> Complaint {
    Complaint::new("has scales beyond all bounds", Remedy::Export)
}

impl Window {
    /// How many rows and columns of padding lie before the first of so many.
    pub(crate) fn before(&self, sides: [usize; 2]) -> [usize; 2] {
        let mut before = [0; 2];
        if self.same {
            for axis in 0..2 {
                let (size, stride) = (self.size[axis], self.stride[axis]);
                let reach = (size - 1) * self.dilation[axis] + 1;
                let last = (sides[axis].div_ceil(stride)).saturating_sub(1) * stride;
                before[axis] = (last + reach).saturating_sub(sides[axis]) / 2;
            }
        }
        before
    }
}
