//! Operators on whole numbers, as the file's own.

use std::collections::BTreeMap;

use tract_tflite::tflite::{
    self as fb, ActivationFunctionType, BuiltinOperator as Code, BuiltinOptions, TensorType,
};

use super::plain::{self, comparison};
use super::{Kind, Options, Writer, index, options, unsayable};
use crate::canonical::{Canonical, Layer, Node, Op, Pair, Tensor, Transposed, Whole};
use crate::complaint::Complaint;
use crate::kernels::whole::{Activation, Grid, Operator, Unary};

/// How much the weights of an operator take.
pub(super) fn bytes(whole: &Whole) -> usize {
    match whole {
        Whole::Layer(layer) => layer.conv.weights.len() + 16 * layer.conv.finish.bias.len(),
        Whole::Transposed(own) => own.conv.weights.len() + 16 * own.conv.finish.bias.len(),
        _ => 0,
    }
}

/// From each part that is brought to one grid with others to what it was before.
pub(super) fn parts(model: &Canonical<'_>) -> Result<BTreeMap<usize, usize>, Complaint> {
    let mut parts = BTreeMap::new();
    for node in &model.nodes {
        if let (Op::Whole(place), &[x]) = (node.op, &node.inputs[..])
            && matches!(model.wholes[place], Whole::Part(_))
        {
            parts.insert(node.output, x);
        } else if !matches!(node.op, Op::Concat(_))
            && node.inputs.iter().any(|input| parts.contains_key(input))
        {
            return Err(unsayable("a part of what is put together that is used alone"));
        }
    }
    Ok(parts)
}

/// The activation that is part of another operator.
fn fused(activation: Activation) -> ActivationFunctionType {
    match activation {
        Activation::None => ActivationFunctionType::NONE,
        Activation::Relu => ActivationFunctionType::RELU,
        Activation::Relu6 => ActivationFunctionType::RELU6,
        Activation::ReluN1To1 => ActivationFunctionType::RELU_N1_TO_1,
    }
}

impl Writer {
    /// A node that computes with whole numbers.
    pub(super) fn whole(
        &mut self,
        model: &Canonical<'_>,
        node: &Node,
        whole: &Whole,
    ) -> Result<(), Complaint> {
        let b = &mut self.b;
        let (code, options) = match whole {
            Whole::Quantise(_) | Whole::Requantise(_) => (Code::QUANTIZE, None),
            Whole::Dequantise(_) => (Code::DEQUANTIZE, None),
            // It is written with what puts it together with others.
            Whole::Part(_) => return Ok(()),
            Whole::Layer(layer) => return self.layer(model, node, layer),
            Whole::Transposed(own) => return self.transposed(model, node, own),
            Whole::Pair { pair, activation, .. } => self.pair(pair, *activation),
            Whole::Unary(unary, _) => self.unary(*unary)?,
            Whole::AveragePool(_, pool) => (
                Code::AVERAGE_POOL_2D,
                plain::pool(&mut self.b, pool.window, fused(pool.activation)),
            ),
            Whole::MaxPool(_, pool) => {
                (Code::MAX_POOL_2D, plain::pool(&mut self.b, pool.window, fused(pool.activation)))
            }
            Whole::Mean { kept, .. } => (Code::MEAN, self.reducer(*kept)),
            Whole::Total { kept, .. } => (Code::SUM, self.reducer(*kept)),
            Whole::Product { kept, .. } => (Code::REDUCE_PROD, self.reducer(*kept)),
            Whole::Softmax { beta, .. } => {
                let args = fb::SoftmaxOptionsArgs { beta: *beta };
                (Code::SOFTMAX, options!(b, SoftmaxOptions, args))
            }
            Whole::LogSoftmax(_) => {
                let args = fb::LogSoftmaxOptionsArgs {};
                (Code::LOG_SOFTMAX, options!(b, LogSoftmaxOptions, args))
            }
            Whole::Normalise(_) => {
                let args = fb::L2NormOptionsArgs::default();
                (Code::L2_NORMALIZATION, options!(b, L2NormOptions, args))
            }
            Whole::Bilinear { align_corners, half_pixel, .. } => {
                let args = fb::ResizeBilinearOptionsArgs {
                    align_corners: *align_corners,
                    half_pixel_centers: *half_pixel,
                };
                (Code::RESIZE_BILINEAR, options!(b, ResizeBilinearOptions, args))
            }
            Whole::MatMul(_) => {
                let args = fb::BatchMatMulOptionsArgs { adj_y: true, ..Default::default() };
                (Code::BATCH_MATMUL, options!(b, BatchMatMulOptions, args))
            }
        };
        self.operator((code, 1), &node.inputs, node.output, options);
        Ok(())
    }

    fn pair(&mut self, pair: &Pair, activation: Activation) -> (Code, Options) {
        let fused_activation_function = fused(activation);
        let b = &mut self.b;
        match pair {
            Pair::Add(_) => {
                let args = fb::AddOptionsArgs { fused_activation_function, ..Default::default() };
                (Code::ADD, options!(b, AddOptions, args))
            }
            Pair::Subtract(_) => {
                let args = fb::SubOptionsArgs { fused_activation_function, ..Default::default() };
                (Code::SUB, options!(b, SubOptions, args))
            }
            Pair::Multiply(_) => {
                let args = fb::MulOptionsArgs { fused_activation_function };
                (Code::MUL, options!(b, MulOptions, args))
            }
            Pair::Divide(_) => {
                let args = fb::DivOptionsArgs { fused_activation_function };
                (Code::DIV, options!(b, DivOptions, args))
            }
            Pair::SquaredDifference(_) => (Code::SQUARED_DIFFERENCE, None),
            Pair::Prelu(_) => (Code::PRELU, None),
            Pair::Maximum | Pair::Minimum => {
                let maximum = matches!(pair, Pair::Maximum);
                let options = options!(b, MaximumMinimumOptions, fb::MaximumMinimumOptionsArgs {});
                (if maximum { Code::MAXIMUM } else { Code::MINIMUM }, options)
            }
            Pair::Compare(how, _) => (comparison(*how), None),
        }
    }

    fn unary(&mut self, unary: Unary) -> Result<(Code, Options), Complaint> {
        let b = &mut self.b;
        Ok(match unary {
            Unary::Clamp(Activation::None) => return Err(unsayable("an activation of nothing")),
            Unary::Clamp(Activation::Relu) => (Code::RELU, None),
            Unary::Clamp(Activation::Relu6) => (Code::RELU6, None),
            Unary::Clamp(Activation::ReluN1To1) => (Code::RELU_N1_TO_1, None),
            Unary::Relu0To1 => (Code::RELU_0_TO_1, None),
            Unary::LeakyRelu(alpha) => {
                let args = fb::LeakyReluOptionsArgs { alpha };
                (Code::LEAKY_RELU, options!(b, LeakyReluOptions, args))
            }
            Unary::HardSwish => (Code::HARD_SWISH, None),
            Unary::Logistic => (Code::LOGISTIC, None),
            Unary::Tanh => (Code::TANH, None),
            Unary::Elu => (Code::ELU, None),
            Unary::Gelu { approximate } => {
                (Code::GELU, options!(b, GeluOptions, fb::GeluOptionsArgs { approximate }))
            }
            Unary::Exp => (Code::EXP, None),
            Unary::Log => (Code::LOG, None),
            Unary::Abs => (Code::ABS, None),
            Unary::Rsqrt => (Code::RSQRT, None),
            Unary::Sqrt => (Code::SQRT, None),
            Unary::Negate => (Code::NEG, None),
        })
    }

    fn reducer(&mut self, keep_dims: bool) -> Options {
        options!(&mut self.b, ReducerOptions, fb::ReducerOptionsArgs { keep_dims })
    }

    fn layer(
        &mut self,
        model: &Canonical<'_>,
        node: &Node,
        layer: &Layer,
    ) -> Result<(), Complaint> {
        let Layer { conv, scales, window, activation, operator } = layer;
        let [high, wide] = conv.geometry.size;
        let out = conv.geometry.output[2];
        let depth = conv.weights.len() / (high * wide * out).max(1);
        let (shape, axis) = match operator {
            Operator::Depthwise => (vec![1, high, wide, out], 3),
            Operator::Dense => (vec![out, depth], 0),
            _ => (vec![out, high, wide, depth], 0),
        };
        let (weights, bias) = self.weights(
            model,
            node,
            (&shape, axis),
            (&conv.weights, conv.weights_zero, scales),
            &conv.finish.bias,
        )?;
        let b = &mut self.b;
        let fused_activation_function = fused(*activation);
        let (code, options) = match operator {
            Operator::Dense => {
                let args = fb::FullyConnectedOptionsArgs {
                    fused_activation_function,
                    ..Default::default()
                };
                (Code::FULLY_CONNECTED, options!(b, FullyConnectedOptions, args))
            }
            Operator::Depthwise => {
                let each = index(out / conv.geometry.input[2].max(1));
                let options = plain::depthwise(b, *window, each, fused_activation_function);
                (Code::DEPTHWISE_CONV_2D, options)
            }
            _ => (Code::CONV_2D, plain::conv(b, *window, fused_activation_function)),
        };
        self.operator((code, 1), &[node.inputs[0], weights, bias], node.output, options);
        Ok(())
    }

    fn transposed(
        &mut self,
        model: &Canonical<'_>,
        node: &Node,
        transposed: &Transposed,
    ) -> Result<(), Complaint> {
        let Transposed { conv, scales, same, activation } = transposed;
        let ([high, wide], of, out) = (conv.size, conv.input[2], conv.output[2]);
        let (weights, bias) = self.weights(
            model,
            node,
            (&[out, high, wide, of], 0),
            (&conv.weights, conv.weights_zero, scales),
            &conv.finish.bias,
        )?;
        let args = fb::TransposeConvOptionsArgs {
            padding: if *same { fb::Padding::SAME } else { fb::Padding::VALID },
            stride_h: index(conv.stride[0]),
            stride_w: index(conv.stride[1]),
            fused_activation_function: fused(*activation),
        };
        let options = options!(&mut self.b, TransposeConvOptions, args);
        let inputs = [node.inputs[1], weights, node.inputs[0], bias];
        self.operator((Code::TRANSPOSE_CONV, 3), &inputs, node.output, options);
        Ok(())
    }

    /// The weights and biases of a node as constants: their numbers.
    fn weights(
        &mut self,
        model: &Canonical<'_>,
        node: &Node,
        (shape, axis): (&[usize], usize),
        (numbers, zero, scales): (&[i8], i32, &[f32]),
        bias: &[i32],
    ) -> Result<(usize, usize), Complaint> {
        let Tensor { name, .. } = &model.tensors[node.output];
        let Some(Grid { scale, signed, .. }) = model.grid(node.inputs[0]) else {
            return Err(unsayable("a layer of whole numbers over real ones"));
        };
        let up = if signed { 0_u8 } else { 128 };
        let type_ = if signed { TensorType::INT8 } else { TensorType::UINT8 };
        let bytes: Vec<u8> = numbers.iter().map(|number| number.cast_unsigned() ^ up).collect();
        let kind = Kind::Quantised { type_, scales, zero: i64::from(zero + i32::from(up)), axis };
        let weights = self.tensor(&format!("{name}.weights"), shape, &kind, Some(&bytes));
        let scales: Vec<f32> = scales.iter().map(|weight| scale * weight).collect();
        let (type_, scales) = (TensorType::INT32, &scales[..]);
        let kind = Kind::Quantised { type_, scales, zero: 0, axis: 0 };
        let bytes: Vec<u8> = bias.iter().flat_map(|bias| bias.to_le_bytes()).collect();
        let bias = self.tensor(&format!("{name}.bias"), &[bias.len()], &kind, Some(&bytes));
        Ok((weights, bias))
    }
}
