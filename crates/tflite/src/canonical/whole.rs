//! Operators on whole numbers of 8 bits, each with all that it needs to run.

use super::model::{Canonical, Content};
use super::op::{Op, Window};
use crate::complaint::{Complaint, Remedy};
use crate::kernels::Geometry;
use crate::kernels::whole::{
    Activation, Add, AveragePool, Broadcast, Conv, Grid, LogSoftmax, MaxPool, Mean, Mul, Operator,
    Requantise, Softmax, Sum, Table, Unary,
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
    /// A convolution or dense layer.
    Layer(Layer),
    /// A sum, or a difference.
    Sum { add: Add, minus: bool, broadcast: Broadcast, activation: Activation },
    /// A product.
    Product { mul: Mul, broadcast: Broadcast, activation: Activation },
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
    /// The softmax along the last axis, of values times `beta`.
    Softmax { softmax: Softmax, beta: f32 },
    /// The logarithm of the softmax along the last axis.
    LogSoftmax(LogSoftmax),
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
        self.result(Op::Reshape, vec![x, list], shape, Content::Whole(grid))
    }

    /// The same values on another grid.
    pub(crate) fn requantise(
        &mut self,
        (x, from): (usize, Grid),
        to: Grid,
    ) -> Result<usize, Complaint> {
        let requantise = Requantise::new(from, to).ok_or_else(absurd)?;
        let whole = Whole::Requantise(requantise);
        self.whole_node(whole, vec![x], self.shape(x).to_vec(), Some(to))
    }

    /// What becomes of each number alone; `None` if no kernel does that.
    pub(crate) fn whole_unary(
        &mut self,
        unary: Unary,
        (x, from): (usize, Grid),
        to: Grid,
    ) -> Result<Option<usize>, Complaint> {
        let Some(table) = unary.table(from, to) else { return Ok(None) };
        let whole = Whole::Unary(unary, table);
        self.whole_node(whole, vec![x], self.shape(x).to_vec(), Some(to)).map(Some)
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

    /// The mean or the greatest number within the window, on the operand's grid.
    pub(crate) fn whole_pool(
        &mut self,
        max: bool,
        (x, grid): (usize, Grid),
        pool: Pool,
    ) -> Result<usize, Complaint> {
        let Pool { window, activation } = pool;
        let &[batch, rows, columns, channels] = self.shape(x) else {
            return Err(Complaint::new("has an operand that has not four axes", Remedy::Damaged));
        };
        let [to_rows, to_columns] = window.over([rows, columns])?;
        let [high, wide] = window.size;
        self.count_work(&[batch, to_rows, to_columns, channels, high, wide])?;
        let geometry = Geometry {
            input: [rows, columns, channels],
            output: [to_rows, to_columns, channels],
            size: window.size,
            stride: window.stride,
            dilation: window.dilation,
            before: window.before([rows, columns]),
        };
        let whole = if max {
            Whole::MaxPool(MaxPool::new(geometry, grid, activation).ok_or_else(absurd)?, pool)
        } else {
            let average = AveragePool::new(geometry, grid, activation).ok_or_else(absurd)?;
            Whole::AveragePool(average, pool)
        };
        self.whole_node(whole, vec![x], vec![batch, to_rows, to_columns, channels], Some(grid))
    }

    /// The mean, or the sum, over these axes, which stay as sides of 1 if they are `kept`.
    pub(crate) fn whole_mean(
        &mut self,
        mean: bool,
        (x, from): (usize, Grid),
        axes: &[usize],
        kept: bool,
        to: Grid,
    ) -> Result<usize, Complaint> {
        let mut sides = self.shape(x).to_vec();
        self.count_work(&sides)?;
        let reduced: Vec<bool> = (0..sides.len()).map(|axis| axes.contains(&axis)).collect();
        let list = self.list(axes)?;
        let shape = sides.iter().zip(&reduced).filter(|(_, goes)| kept || !**goes);
        let shape = shape.map(|(side, goes)| if *goes { 1 } else { *side }).collect();
        if reduced[..] == [false, true, true, false] {
            // Image by image.
            sides[0] = 1;
        }
        let whole = if mean {
            let mean = Mean::new(from, to, &sides, &reduced, kept).ok_or_else(absurd)?;
            Whole::Mean { mean, kept }
        } else {
            Whole::Total { sum: Sum::new(from, to, &sides, &reduced).ok_or_else(absurd)?, kept }
        };
        let result = self.whole_node(whole, vec![x, list], shape, Some(to))?;
        // A single number is kept as a list of one.
        self.reshape(result, &self.shape(result).to_vec())
    }

    /// The softmax along the last axis; `None` if no kernel does that.
    pub(crate) fn whole_softmax(
        &mut self,
        (x, from): (usize, Grid),
        beta: f32,
        to: Grid,
    ) -> Result<Option<usize>, Complaint> {
        let softmax = Softmax::new(from, to, beta).filter(|_| !self.shape(x).is_empty());
        let Some(softmax) = softmax else { return Ok(None) };
        let whole = Whole::Softmax { softmax, beta };
        self.whole_node(whole, vec![x], self.shape(x).to_vec(), Some(to)).map(Some)
    }

    /// The logarithm of the softmax along the last axis; `None` if no kernel does that.
    pub(crate) fn whole_log_softmax(
        &mut self,
        (x, from): (usize, Grid),
        to: Grid,
    ) -> Result<Option<usize>, Complaint> {
        let softmax = LogSoftmax::new(from, to).filter(|_| !self.shape(x).is_empty());
        let Some(softmax) = softmax else { return Ok(None) };
        let whole = Whole::LogSoftmax(softmax);
        self.whole_node(whole, vec![x], self.shape(x).to_vec(), Some(to)).map(Some)
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
}

/// What is wrong with an operator whose numbers no kernel takes.
pub(super) fn absurd() -> Complaint {
    Complaint::new("has scales beyond all bounds", Remedy::Export)
}

impl Whole {
    /// How many of its operands are tensors that it computes with; a list of axes follows them.
    pub(crate) fn operands(&self) -> usize {
        match self {
            Self::Sum { .. } | Self::Product { .. } => 2,
            _ => 1,
        }
    }
}
