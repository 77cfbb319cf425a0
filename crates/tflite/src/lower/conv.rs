//! Convolutions, dense layers and products of matrices.

use tract_tflite::tflite::{ActivationFunctionType, FullyConnectedOptionsWeightsFormat};

use super::lowering::Lowering;
use super::site::{Site, no_options};
use super::value::{Lowered, Value, Wire};
use super::weights::{WholeLayer, whole_activation};
use super::window::window;
use crate::array::{Array, broadcast, places};
use crate::canonical::{Binary, Window};
use crate::complaint::{Complaint, Remedy};
use crate::kernels::whole::{MatMul, Operator};

/// Kernels of at most this many input channels are cheaper whole than each channel for itself.
const FEW: usize = 4;

impl<'m> Lowering<'_, 'm> {
    /// `CONV_2D`, also in groups of channels.
    pub(super) fn conv(&mut self, site: &Site<'_, 'm>) -> Lowered<Wire> {
        let options = site.operator.table.builtin_options_as_conv_2_doptions();
        let options = options.ok_or_else(no_options)?;
        let kernel = site.known(1)?;
        let x = self.input(site, 0)?;
        let (&[_, _, _, channels], &[out, high, wide, of]) = (self.shape(x), &kernel.shape[..])
        else {
            return Err(self.unfit(x, kernel));
        };
        let window = window(
            [high, wide],
            [options.stride_h(), options.stride_w()],
            [options.dilation_h_factor(), options.dilation_w_factor()],
            options.padding(),
        )?;
        if of == 0 || !channels.is_multiple_of(of) || !out.is_multiple_of(channels / of) {
            return Err(self.unfit(x, kernel));
        }
        let activation = options.fused_activation_function();
        let groups = channels / of;
        let shape = [out, high, wide, of];
        if let Some(layer) = self.whole_layer(site, x.grid, shape, 0, [out, 2])? {
            let operator = if groups == 1 { Operator::Conv } else { Operator::Grouped };
            return self.whole_window(operator, x, layer, window, activation);
        }
        let x = self.real(x)?;
        let (kernel, bias) = Self::real_layer(site, kernel, [out, 2])?;
        let tensor = match (groups, of) {
            (1, _) => self.full_conv(x, &kernel, &bias, window)?,
            // From (out, rows, columns, 1) to (1, rows, columns, out).
            (_, 1) => {
                let shape = vec![1, high, wide, out];
                let places = places(&shape, &[0, wide, 1, high * wide]);
                let kernel = kernel.pick(shape.clone(), places);
                self.each_channel(x, &kernel, &bias, window)?
            }
            (groups, of) => {
                // Read once, and not for each group.
                let (kernel, bias) = (kernel.into_owned(), bias.into_owned());
                let mut parts = Vec::with_capacity(groups);
                for group in 0..groups {
                    let part = self.part(x, 3, group * of, of)?;
                    let (kernel, bias) = share(&kernel, &bias, out / groups, group);
                    parts.push(self.full_conv(part, &kernel, &bias, window)?);
                }
                self.canonical.concat(3, &parts)?
            }
        };
        self.activate(tensor, activation)
    }

    /// `DEPTHWISE_CONV_2D`, also with several results for each channel.
    pub(super) fn depthwise(&mut self, site: &Site<'_, 'm>) -> Lowered<Wire> {
        let options = site.operator.table.builtin_options_as_depthwise_conv_2_doptions();
        let options = options.ok_or_else(no_options)?;
        let kernel = site.known(1)?;
        let x = self.input(site, 0)?;
        let &[1, high, wide, out] = &kernel.shape[..] else {
            return Err(self.unfit(x, kernel));
        };
        let window = window(
            [high, wide],
            [options.stride_h(), options.stride_w()],
            [options.dilation_h_factor(), options.dilation_w_factor()],
            options.padding(),
        )?;
        let activation = options.fused_activation_function();
        let shape = [1, high, wide, out];
        if let Some(layer) = self.whole_layer(site, x.grid, shape, 3, [out, 2])? {
            return self.whole_window(Operator::Depthwise, x, layer, window, activation);
        }
        let x = self.real(x)?;
        let (kernel, bias) = Self::real_layer(site, kernel, [out, 2])?;
        let tensor = self.each_channel(x, &kernel, &bias, window)?;
        self.activate(tensor, activation)
    }

    /// A convolution in whole numbers.
    fn whole_window(
        &mut self,
        operator: Operator,
        x: Wire,
        layer: WholeLayer,
        window: Window,
        activation: ActivationFunctionType,
    ) -> Lowered<Wire> {
        let WholeLayer { input, output, weights, bias } = layer;
        let activation = whole_activation(activation)?;
        let x = (x.tensor, input);
        let tensor =
            self.canonical.whole_conv(operator, x, weights, bias, window, activation, output)?;
        Ok(Wire::whole(tensor, output))
    }

    /// A convolution over all channels.
    pub(super) fn full_conv(
        &mut self,
        x: usize,
        kernel: &Array<'m>,
        bias: &Array<'m>,
        window: Window,
    ) -> Lowered<usize> {
        let (kernel, bias) = (self.canonical.constant(kernel)?, self.canonical.constant(bias)?);
        self.canonical.conv(x, kernel, bias, window)
    }

    /// A convolution of each channel with its own kernels; `kernel` is (1, rows, columns, out),
    /// and the results of one channel lie side by side.
    fn each_channel(
        &mut self,
        x: usize,
        kernel: &Array<'m>,
        bias: &Array<'m>,
        window: Window,
    ) -> Lowered<usize> {
        let (channels, out) = (self.canonical.shape(x).last().copied(), bias.len());
        let [high, wide] = window.size;
        let channels =
            channels.filter(|channels| out.is_multiple_of(*channels)).ok_or_else(|| {
                Complaint::new(
                    format!("has {out} results for {:?} channels", self.canonical.shape(x)),
                    Remedy::Export,
                )
            })?;
        let each = out / channels;
        if each == 1 {
            let (kernel, bias) = (self.canonical.constant(kernel)?, self.canonical.constant(bias)?);
            return self.canonical.depthwise(x, kernel, bias, window);
        }
        if channels <= FEW {
            // As a convolution over all channels, most of whose weights are zero.
            let weights = kernel.to_floats();
            let mut kernel = vec![0.0; out * high * wide * channels];
            for (place, weight) in weights.iter().enumerate() {
                let (spot, result) = (place / out, place % out);
                kernel[(result * high * wide + spot) * channels + result / each] = *weight;
            }
            let kernel = Array::floats(vec![out, high, wide, channels], kernel);
            return self.full_conv(x, &kernel, bias, window);
        }
        let mut parts = Vec::with_capacity(each);
        for part in 0..each {
            let shape = vec![1, high, wide, channels];
            let kernel = kernel.pick(
                shape.clone(),
                places(&shape, &[0, wide * out, out, each]).map(|place| place + part),
            );
            let results = (0..channels).map(|channel| channel * each + part);
            let bias = bias.pick(vec![channels], results);
            let (kernel, bias) =
                (self.canonical.constant(&kernel)?, self.canonical.constant(&bias)?);
            let result = self.canonical.depthwise(x, kernel, bias, window)?;
            let mut shape = self.canonical.shape(result).to_vec();
            shape.push(1);
            parts.push(self.canonical.reshape(result, &shape)?);
        }
        let all = self.canonical.concat(4, &parts)?;
        let mut shape = self.canonical.shape(all).to_vec();
        shape.truncate(3);
        shape.push(out);
        self.canonical.reshape(all, &shape)
    }

    /// `FULLY_CONNECTED`.
    pub(super) fn dense(&mut self, site: &Site<'_, 'm>) -> Lowered<Wire> {
        let options = site.operator.table.builtin_options_as_fully_connected_options();
        let options = options.ok_or_else(no_options)?;
        if options.weights_format() != FullyConnectedOptionsWeightsFormat::DEFAULT {
            return Err(Complaint::new("has shuffled weights", Remedy::Export));
        }
        let x = self.input(site, 0)?;
        let &[out, inputs] = site.operand(1).map(|weights| self.shape_of(weights))? else {
            return Err(Complaint::new("has weights that are no matrix", Remedy::Export));
        };
        let shape = self.shape(x).to_vec();
        let all: usize = shape.iter().product();
        if inputs == 0 || !all.is_multiple_of(inputs) {
            return Err(Complaint::new(
                format!("has {inputs} weights each for {shape:?}"),
                Remedy::Export,
            ));
        }
        let rows = x.moved(self.canonical.reshape(x.tensor, &[all / inputs, inputs])?);
        let activation = options.fused_activation_function();
        let kernel = [out, 1, 1, inputs];
        let wire = match self.whole_layer(site, x.grid, kernel, 0, [out, 2])? {
            Some(WholeLayer { input, output, weights, bias }) => {
                let rows = (rows.tensor, input);
                let activation = whole_activation(activation)?;
                let c = &mut self.canonical;
                Wire::whole(c.whole_dense(rows, weights, bias, activation, output)?, output)
            }
            None => {
                let rows = self.real(rows)?;
                let product = self.real_dense(site, rows, out)?;
                self.activate(product, activation)?
            }
        };
        Ok(match (options.keep_num_dims(), shape.split_last()) {
            (true, Some((_, outer))) => {
                wire.moved(self.canonical.reshape(wire.tensor, &[outer, &[out]].concat())?)
            }
            _ => wire,
        })
    }

    /// Rows of real values through weights, known ones or others.
    fn real_dense(&mut self, site: &Site<'_, 'm>, rows: usize, out: usize) -> Lowered<usize> {
        if let Value::Known(weights) = site.operand(1)? {
            let (kernel, bias) = Self::real_layer(site, weights, [out, 2])?;
            let kernel = self.canonical.constant(&kernel)?;
            let bias = self.canonical.constant(&bias)?;
            return self.canonical.dense(rows, kernel, bias);
        }
        let weights = self.real_input(site, 1)?;
        let product = self.canonical.mat_mul(rows, weights, [false, true])?;
        match site.optional(2) {
            None => Ok(product),
            Some(_) => {
                let bias = self.real_input(site, 2)?;
                self.canonical.binary(Binary::Add, product, bias)
            }
        }
    }

    /// `BATCH_MATMUL`.
    pub(super) fn mat_mul(&mut self, site: &Site<'_, 'm>) -> Lowered<Wire> {
        let options = site.operator.table.builtin_options_as_batch_mat_mul_options();
        let options = options.ok_or_else(no_options)?;
        let (adj_x, adj_y) = (options.adj_x(), options.adj_y());
        if let Some(product) = self.whole_mat_mul(site, [adj_x, adj_y])? {
            return Ok(product);
        }
        let (a, b) = (self.real_input(site, 0)?, self.real_input(site, 1)?);
        let [left, right] = self.stretched_matrices([a, b])?;
        Ok(Wire::real(self.canonical.mat_mul(left, right, [adj_x, adj_y])?))
    }

    /// `BATCH_MATMUL` of whole numbers, if there is a kernel for it.
    fn whole_mat_mul(
        &mut self,
        site: &Site<'_, 'm>,
        [adj_x, adj_y]: [bool; 2],
    ) -> Lowered<Option<Wire>> {
        let Some(([(a, on), (b, other)], to)) = self.whole_pair(site)? else { return Ok(None) };
        if MatMul::new(on, other, to).is_none() {
            return Ok(None);
        }
        let [mut a, mut b] = self.stretched_matrices([a, b])?;
        if adj_x {
            a = self.turned(a)?;
        }
        // The kernel takes rows of both.
        if !adj_y {
            b = self.turned(b)?;
        }
        let product = self.canonical.whole_mat_mul([(a, on), (b, other)], to)?;
        Ok(product.map(|tensor| Wire::whole(tensor, to)))
    }

    /// The last two axes in the other order.
    fn turned(&mut self, x: usize) -> Lowered<usize> {
        let rank = self.canonical.shape(x).len();
        let mut order: Vec<usize> = (0..rank).collect();
        order.swap(rank - 2, rank - 1);
        self.canonical.transpose(x, &order)
    }

    /// Two operands with the same axes before the last two, of which there are at least two.
    fn stretched_matrices(&mut self, [a, b]: [usize; 2]) -> Lowered<[usize; 2]> {
        let (left, right) = (self.canonical.shape(a).to_vec(), self.canonical.shape(b).to_vec());
        let (Some(left_outer), Some(right_outer)) =
            (left.len().checked_sub(2), right.len().checked_sub(2))
        else {
            return Err(Complaint::new(
                format!("has operands of {left:?} and {right:?}"),
                Remedy::Export,
            ));
        };
        let outer = broadcast(&left[..left_outer], &right[..right_outer])?;
        let left = [&outer, &left[left_outer..]].concat();
        let right = [&outer, &right[right_outer..]].concat();
        let left = self.canonical.broadcast_to(a, &left)?;
        let right = self.canonical.broadcast_to(b, &right)?;
        Ok([left, right])
    }

    pub(super) fn unfit(&self, x: Wire, kernel: &Array<'m>) -> Complaint {
        let problem = format!("has a kernel of {:?} for {:?}", kernel.shape, self.shape(x));
        Complaint::new(problem, Remedy::Export)
    }
}

/// The kernels and biases of one group of results.
fn share<'m>(
    kernel: &Array<'m>,
    bias: &Array<'m>,
    results: usize,
    group: usize,
) -> (Array<'m>, Array<'m>) {
    let mut shape = kernel.shape.clone();
    shape[0] = results;
    let each: usize = shape.iter().product();
    let kernel = kernel.pick(shape, group * each..(group + 1) * each);
    let biases = group * results..(group + 1) * results;
    (kernel, bias.pick(vec![results], biases))
}
