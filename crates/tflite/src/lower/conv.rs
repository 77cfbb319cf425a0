//! Convolutions, dense layers and products of matrices.

use std::rc::Rc;

use tract_tflite::tflite::FullyConnectedOptionsWeightsFormat;

use super::lowering::Lowering;
use super::requant::fit;
use super::site::{Site, no_options};
use super::unit::ratio;
use super::value::{Lowered, Value, Wire};
use super::window::window;
use crate::array::{Array, broadcast, places};
use crate::canonical::{Binary, Window};
use crate::complaint::{Complaint, Remedy};

/// Kernels of at most this many input channels are cheaper whole than each channel for itself.
const FEW: usize = 4;

/// What finding the rounding of one channel counts as, in values computed before there is an input.
const FIT: usize = 128;

/// The weights and bias of one layer, in the units of its input and result.
pub(super) struct Layer<'m> {
    pub(super) kernel: Array<'m>,
    pub(super) bias: Array<'m>,
    /// What a value of 1 in the result stands for.
    pub(super) unit: f32,
    /// If the weights are whole numbers: what their sums are multiplied by, and what is added.
    rescale: Option<(Array<'m>, Array<'m>)>,
}

impl<'m> Lowering<'_, 'm> {
    /// `CONV_2D`, also in groups of channels.
    pub(super) fn conv(&mut self, site: &Site<'_, 'm>) -> Lowered<Wire> {
        let options = site.operator.table.builtin_options_as_conv_2_doptions();
        let options = options.ok_or_else(no_options)?;
        let x = self.input(site, 0)?;
        let kernel = site.known(1)?;
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
        let layer = self.layer(site, x, kernel, [out, 2])?;
        let groups = channels / of;
        let tensor = match (groups, of) {
            (1, _) => self.whole_conv(x.tensor, &layer.kernel, &layer.bias, window)?,
            // From (out, rows, columns, 1) to (1, rows, columns, out).
            (_, 1) => {
                let shape = vec![1, high, wide, out];
                let places = places(&shape, &[0, wide, 1, high * wide]);
                let kernel = layer.kernel.pick(shape.clone(), places);
                self.each_channel(x.tensor, &kernel, &layer.bias, window)?
            }
            (groups, of) => {
                let mut parts = Vec::with_capacity(groups);
                for group in 0..groups {
                    let part = self.part(x.tensor, 3, group * of, of)?;
                    let (kernel, bias) = layer.share(out / groups, group);
                    parts.push(self.whole_conv(part, &kernel, &bias, window)?);
                }
                self.canonical.concat(3, &parts)?
            }
        };
        let tensor = self.rescaled(tensor, &layer)?;
        let wire = Wire { tensor, unit: layer.unit, whole: None };
        self.snap(wire, site.outputs[0], Some(options.fused_activation_function()))
    }

    /// `DEPTHWISE_CONV_2D`, also with several results for each channel.
    pub(super) fn depthwise(&mut self, site: &Site<'_, 'm>) -> Lowered<Wire> {
        let options = site.operator.table.builtin_options_as_depthwise_conv_2_doptions();
        let options = options.ok_or_else(no_options)?;
        let x = self.input(site, 0)?;
        let kernel = site.known(1)?;
        let &[1, high, wide, out] = &kernel.shape[..] else {
            return Err(self.unfit(x, kernel));
        };
        let window = window(
            [high, wide],
            [options.stride_h(), options.stride_w()],
            [options.dilation_h_factor(), options.dilation_w_factor()],
            options.padding(),
        )?;
        let layer = self.layer(site, x, kernel, [out, 2])?;
        let tensor = self.each_channel(x.tensor, &layer.kernel, &layer.bias, window)?;
        let tensor = self.rescaled(tensor, &layer)?;
        let wire = Wire { tensor, unit: layer.unit, whole: None };
        self.snap(wire, site.outputs[0], Some(options.fused_activation_function()))
    }

    /// A convolution over all channels.
    pub(super) fn whole_conv(
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
            return self.whole_conv(x, &kernel, bias, window);
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
        let rows = self.canonical.reshape(x.tensor, &[all / inputs, inputs])?;
        let (tensor, unit) = match site.operand(1)? {
            Value::Known(weights) => {
                let layer = self.layer(site, x, weights, [out, 2])?;
                let kernel = self.canonical.constant(&layer.kernel)?;
                let bias = self.canonical.constant(&layer.bias)?;
                {
                    let sums = self.canonical.dense(rows, kernel, bias)?;
                    (self.rescaled(sums, &layer)?, layer.unit)
                }
            }
            Value::Wire(weights) => {
                let product = self.canonical.mat_mul(rows, weights.tensor, [false, true])?;
                let unit = x.unit * weights.unit;
                match site.optional(2) {
                    None => (product, unit),
                    Some(bias) => {
                        let bias = bias.clone();
                        let bias = self.wire(&bias)?;
                        let bias = self.in_unit(bias, unit)?;
                        (self.canonical.binary(Binary::Add, product, bias)?, unit)
                    }
                }
            }
        };
        let tensor = match (options.keep_num_dims(), shape.split_last()) {
            (true, Some((_, outer))) => {
                self.canonical.reshape(tensor, &[outer, &[out]].concat())?
            }
            _ => tensor,
        };
        let wire = Wire { tensor, unit, whole: None };
        self.snap(wire, site.outputs[0], Some(options.fused_activation_function()))
    }

    /// `BATCH_MATMUL`.
    pub(super) fn mat_mul(&mut self, site: &Site<'_, 'm>) -> Lowered<Wire> {
        let options = site.operator.table.builtin_options_as_batch_mat_mul_options();
        let options = options.ok_or_else(no_options)?;
        let (a, b) = (self.input(site, 0)?, self.input(site, 1)?);
        let (left, right) = (self.shape(a).to_vec(), self.shape(b).to_vec());
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
        let left = self.canonical.broadcast_to(a.tensor, &left)?;
        let right = self.canonical.broadcast_to(b.tensor, &right)?;
        let tensor = self.canonical.mat_mul(left, right, [options.adj_x(), options.adj_y()])?;
        Ok(Wire { tensor, unit: a.unit * b.unit, whole: None })
    }

    /// The weights of a site with `out` results, whose bias is the operand at `bias`, scaled so that its
    /// result comes out in the unit that it is kept in.
    pub(super) fn layer(
        &mut self,
        site: &Site<'_, 'm>,
        x: Wire,
        kernel: &Rc<Array<'m>>,
        [out, bias]: [usize; 2],
    ) -> Lowered<Layer<'m>> {
        let unit = site.unit()?;
        if out == 0 || kernel.len() == 0 {
            return Err(Complaint::new(
                format!("has a kernel of {:?}", kernel.shape),
                Remedy::Export,
            ));
        }
        let bias = match site.optional(bias) {
            None => Array::floats(vec![out], vec![0.0; out]),
            Some(Value::Known(bias)) if bias.len() == out => bias.reshaped(vec![out]),
            Some(Value::Known(bias)) => {
                return Err(Complaint::new(
                    format!("has {} biases for {out} results", bias.len()),
                    Remedy::Export,
                ));
            }
            Some(Value::Wire(_)) => {
                return Err(Complaint::new("has a bias that depends on the input", Remedy::Fixed));
            }
        };
        if kernel.is_integer() || bias.is_integer() && bias.to_floats().iter().any(|b| *b != 0.0) {
            return Err(Complaint::new(
                "has whole numbers without a scale as weights",
                Remedy::Export,
            ));
        }
        let own = site.operator.inputs.get(1).copied().flatten();
        let own = own.and_then(|kernel| self.source.tensors[kernel].quantisation.as_ref());
        let (Some(grid), Some(_), Some(own)) = (site.grid()?, x.whole, own) else {
            let kernel = scaled(kernel, ratio(x.unit, unit));
            return Ok(Layer {
                kernel,
                bias: scaled(&bias, ratio(1.0, unit)),
                unit,
                rescale: None,
            });
        };
        let scale = |result: usize| *own.scales.get(result).unwrap_or(&own.scales[0]);
        let inner = if own.axis == 0 { kernel.len() / out } else { 1 };
        let weights = kernel.to_floats();
        let weights = weights.iter().enumerate();
        let weights = weights.map(|(place, weight)| (weight / scale(place / inner % out)).round());
        let kernel = Array::floats(kernel.shape.clone(), weights.collect());
        let biases = bias.to_floats();
        let biases = biases.iter().enumerate();
        let biases = biases.map(|(result, bias)| (bias / (x.unit * scale(result))).round());
        let bias = Array::floats(vec![out], biases.collect());
        let multiplier = |result| f64::from(x.unit) * f64::from(scale(result)) / f64::from(unit);
        let fit = |result| fit(multiplier(result), grid.least, grid.greatest);
        let (factors, addends) = if own.scales.len() == 1 {
            let (factor, addend) = fit(0);
            (vec![factor; out], vec![addend; out])
        } else {
            self.charge(out.saturating_mul(FIT))?;
            (0..out).map(fit).unzip()
        };
        let rescale = Some((Array::floats(vec![out], factors), Array::floats(vec![out], addends)));
        Ok(Layer { kernel, bias, unit, rescale })
    }

    /// The sums of a layer in its unit.
    pub(super) fn rescaled(&mut self, sums: usize, layer: &Layer<'m>) -> Lowered<usize> {
        let Some((factors, addends)) = &layer.rescale else { return Ok(sums) };
        let factors = self.canonical.constant(factors)?;
        let addends = self.canonical.constant(addends)?;
        self.canonical.rescale(sums, factors, addends)
    }

    pub(super) fn unfit(&self, x: Wire, kernel: &Array<'m>) -> Complaint {
        let problem = format!("has a kernel of {:?} for {:?}", kernel.shape, self.shape(x));
        Complaint::new(problem, Remedy::Export)
    }
}

impl<'m> Layer<'m> {
    /// The kernels and biases of one group of results.
    fn share(&self, results: usize, group: usize) -> (Array<'m>, Array<'m>) {
        let mut shape = self.kernel.shape.clone();
        shape[0] = results;
        let each: usize = shape.iter().product();
        let kernel = self.kernel.pick(shape, group * each..(group + 1) * each);
        let bias = group * results..(group + 1) * results;
        (kernel, self.bias.pick(vec![results], bias))
    }
}

/// The values times a factor.
#[allow(clippy::float_cmp)] // A factor of 1 leaves the file's own bytes in use.
fn scaled<'m>(array: &Array<'m>, factor: f32) -> Array<'m> {
    if factor == 1.0 { array.clone() } else { array.map(|value| value * factor) }
}
