//! Operators that compute with whole numbers.

use super::model::{Canonical, Content};
use super::op::{Comparison, Op};
use super::whole::{Over, Pair, Pool, Whole};
use crate::complaint::{Complaint, Remedy};
use crate::kernels::whole::{
    Activation, AveragePool, Broadcast, Comparable, Grid, LogSoftmax, MatMul, MaxPool, Mean,
    Product, Requantise, ResizeBilinear, Softmax, Sum, Unary, joined,
};

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

    /// The numbers of a part that is put together with others on grid `to`; `None` if no kernel does that.
    pub(crate) fn joined(
        &mut self,
        (x, from): (usize, Grid),
        to: Grid,
    ) -> Result<Option<usize>, Complaint> {
        let Some(table) = joined(from, to) else { return Ok(None) };
        let whole = Whole::Part(table);
        self.whole_node(whole, vec![x], self.shape(x).to_vec(), Some(to)).map(Some)
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

    /// What becomes of two numbers, of operands that are stretched to each other.
    pub(crate) fn pair(
        &mut self,
        pair: Option<Pair>,
        [a, b]: [usize; 2],
        activation: Activation,
        grid: Grid,
    ) -> Result<usize, Complaint> {
        let pair = pair.ok_or_else(absurd)?;
        let broadcast = self.broadcast(a, b)?;
        let shape = broadcast.shape().to_vec();
        let whole = Whole::Pair { pair, broadcast, activation };
        self.whole_node(whole, vec![a, b], shape, Some(grid))
    }

    /// How two numbers compare: flags. `None` if no kernel does that.
    pub(crate) fn whole_compare(
        &mut self,
        how: Comparison,
        [(a, on), (b, other)]: [(usize, Grid); 2],
    ) -> Result<Option<usize>, Complaint> {
        let Some(comparable) = Comparable::new(on, other) else { return Ok(None) };
        let broadcast = self.broadcast(a, b)?;
        let shape = broadcast.shape().to_vec();
        let pair = Pair::Compare(how, comparable);
        self.wholes.push(Whole::Pair { pair, broadcast, activation: Activation::None });
        let op = Op::Whole(self.wholes.len() - 1);
        self.result(op, vec![a, b], shape, Content::Flags).map(Some)
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
        let geometry = window.geometry([rows, columns, channels], channels)?;
        let [to_rows, to_columns, _] = geometry.output;
        let [high, wide] = window.size;
        self.count_work(&[batch, to_rows, to_columns, channels, high, wide])?;
        let whole = if max {
            Whole::MaxPool(MaxPool::new(geometry, grid, activation).ok_or_else(absurd)?, pool)
        } else {
            let average = AveragePool::new(geometry, grid, activation).ok_or_else(absurd)?;
            Whole::AveragePool(average, pool)
        };
        self.whole_node(whole, vec![x], vec![batch, to_rows, to_columns, channels], Some(grid))
    }

    /// The mean, sum or product over these axes, which stay as sides of 1 if they are `kept`; `None` if no
    /// kernel does that.
    pub(crate) fn whole_over(
        &mut self,
        over: Over,
        (x, from): (usize, Grid),
        axes: &[usize],
        kept: bool,
        to: Grid,
    ) -> Result<Option<usize>, Complaint> {
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
        let whole = match over {
            Over::Mean => {
                let mean = Mean::new(from, to, &sides, &reduced, kept);
                mean.map(|mean| Whole::Mean { mean, kept })
            }
            Over::Sum => {
                let sum = Sum::new(from, to, &sides, &reduced);
                sum.map(|sum| Whole::Total { sum, kept })
            }
            Over::Product => {
                let product = Product::new(from, to, &sides, &reduced);
                product.map(|product| Whole::Product { product, kept })
            }
        };
        let Some(whole) = whole else { return Ok(None) };
        let result = self.whole_node(whole, vec![x, list], shape, Some(to))?;
        // A single number is kept as a list of one.
        let shape = self.shape(result).to_vec();
        self.reshape(result, &shape).map(Some)
    }

    /// Each row of the last axis divided by its length.
    pub(crate) fn whole_normalise(
        &mut self,
        (x, from): (usize, Grid),
        to: Grid,
    ) -> Result<usize, Complaint> {
        let whole = Whole::Normalise(from);
        self.whole_node(whole, vec![x], self.shape(x).to_vec(), Some(to))
    }

    /// Rows and columns in another number; `None` if no kernel does that.
    pub(crate) fn whole_bilinear(
        &mut self,
        (x, grid): (usize, Grid),
        size: [usize; 2],
        align_corners: bool,
        half_pixel: bool,
    ) -> Result<Option<usize>, Complaint> {
        let &[batch, rows, columns, channels] = self.shape(x) else { return Ok(None) };
        let input = [rows, columns, channels];
        let resize = ResizeBilinear::new(grid, input, size, align_corners, half_pixel);
        let Some(resize) = resize else { return Ok(None) };
        let list = self.list(&size)?;
        let whole = Whole::Bilinear { resize, align_corners, half_pixel };
        let shape = vec![batch, size[0], size[1], channels];
        self.whole_node(whole, vec![x, list], shape, Some(grid)).map(Some)
    }

    /// Products of matrices in the last two axes: rows of `a` with rows of `b`. `None` if no kernel does
    /// that.
    pub(crate) fn whole_mat_mul(
        &mut self,
        [(a, on), (b, other)]: [(usize, Grid); 2],
        to: Grid,
    ) -> Result<Option<usize>, Complaint> {
        let Some(product) = MatMul::new(on, other, to) else { return Ok(None) };
        let (left, right) = (self.shape(a).to_vec(), self.shape(b).to_vec());
        let (&[ref outer @ .., rows, depth], &[ref beside @ .., columns, of]) =
            (&left[..], &right[..])
        else {
            return Err(self.unfit(a, b));
        };
        if outer != beside || depth != of {
            return Err(self.unfit(a, b));
        }
        self.count_pairs(&[outer.iter().product(), rows, depth, columns])?;
        let shape = [outer, &[rows, columns]].concat();
        self.whole_node(Whole::MatMul(product), vec![a, b], shape, Some(to)).map(Some)
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
            Self::Pair { .. } | Self::MatMul(_) => 2,
            _ => 1,
        }
    }
}
