//! Convolutions and dense layers in whole numbers.

use super::compute_whole::absurd;
use super::model::Canonical;
use super::op::Window;
use super::whole::{Layer, Transposed, Weights, Whole};
use crate::complaint::{Complaint, Remedy};
use crate::kernels::Geometry;
use crate::kernels::whole::{Activation, Conv, Finish, Grid, Operator, TransposedConv};

impl Canonical<'_> {
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
        let geometry = window.geometry([rows, columns, channels], results)?;
        let [to_rows, to_columns, _] = geometry.output;
        self.count_pairs(&[batch, to_rows, to_columns, results, high, wide, each])?;
        self.count_constants(weights.numbers.len())?;
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

    /// A convolution the other way round: `shape` is its result's, `before` says how much of the first windows
    /// lies before it.
    #[allow(clippy::too_many_arguments)] // As many as a convolution has.
    pub(crate) fn whole_transposed(
        &mut self,
        (x, on): (usize, Grid),
        weights: Weights,
        bias: Vec<i32>,
        shape: [usize; 4],
        window: Window,
        activation: Activation,
        grid: Grid,
    ) -> Result<usize, Complaint> {
        let &[batch, rows, columns, channels] = self.shape(x) else {
            return Err(self.odd(x, &weights.shape));
        };
        let [of_batch, to_rows, to_columns, results] = shape;
        let [out, high, wide, of] = weights.shape;
        if [of_batch, results, channels, high, wide]
            != [batch, out, of, window.size[0], window.size[1]]
        {
            return Err(self.odd(x, &weights.shape));
        }
        self.count_pairs(&[batch, rows, columns, out, high, wide, of])?;
        self.count_constants(weights.numbers.len())?;
        let operator = Operator::Transposed;
        let finish = Finish::new(operator, on, &weights.scales, grid, bias, activation);
        let conv = TransposedConv {
            input: [rows, columns, channels],
            output: [to_rows, to_columns, results],
            size: window.size,
            stride: window.stride,
            // As a convolution from the result to the operand would be padded.
            before: window.before([to_rows, to_columns]),
            input_zero: u8::try_from(on.zero).map_err(|_| absurd())?,
            weights: weights.numbers,
            weights_zero: weights.zero,
            finish: finish.ok_or_else(absurd)?,
        };
        if !conv.is_sound() {
            return Err(self.odd(x, &weights.shape));
        }
        let list = self.list(&shape)?;
        let (scales, same) = (weights.scales, window.same);
        let whole = Whole::Transposed(Transposed { conv, scales, same, activation });
        self.whole_node(whole, vec![x, list], shape.to_vec(), Some(grid))
    }

    fn odd(&self, x: usize, weights: &[usize]) -> Complaint {
        let problem = format!("has a kernel of {weights:?} for {:?}", self.shape(x));
        Complaint::new(problem, Remedy::Export)
    }
}
