//! Which operator is lowered by what.

use tract_tflite::tflite::{ActivationFunctionType, BuiltinOperator as Code};

use super::lowering::Lowering;
use super::site::Site;
use super::value::{Lowered, Value, Wire};
use crate::canonical::{Binary, Comparison, Logical, Reduction, Unary};
use crate::complaint::{Complaint, Remedy};
use crate::error::Error;
use crate::form::Form;
use crate::name::{brief, plain};
use crate::source::{Source, SourceOperator};

impl<'s, 'm> Lowering<'s, 'm> {
    /// After so many problems, the rest is not looked at.
    const MAX_PROBLEMS: usize = 100;

    /// Lowers all operators that the output depends on, with an input of this form. The canonical
    /// input is rows of columns of colours, whatever the file's is.
    pub(crate) fn new(
        source: &'s Source<'m>,
        (input, output): (usize, usize),
        form: &Form,
    ) -> Lowered<(Self, usize)> {
        let mut lowering = Self::of(source);
        "input".clone_into(&mut lowering.canonical.prefix);
        let place = lowering.canonical.input(vec![1, form.height, form.width, form.channels])?;
        let mut tensor = place;
        if form.colours_first {
            tensor = lowering.canonical.transpose(tensor, &[0, 3, 1, 2])?;
        }
        tensor = lowering.canonical.reshape(tensor, &form.shape)?;
        let wire = lowering.settled(Wire::real(tensor), &source.tensors[input])?;
        lowering.values[input] = Some(Value::Wire(wire));
        let needed = source.needed(output);
        for (index, operator) in source.operators.iter().enumerate() {
            if needed[index] {
                lowering.operator(index, operator);
            }
            if lowering.problems.len() == Self::MAX_PROBLEMS {
                break;
            }
        }
        Ok((lowering, place))
    }

    /// The real values of a tensor of the file, as a tensor of the canonical form.
    pub(crate) fn result(&mut self, tensor: usize) -> Lowered<usize> {
        "output".clone_into(&mut self.canonical.prefix);
        match self.values[tensor].clone() {
            Some(Value::Wire(wire)) if !self.canonical.is_flags(wire.tensor) => self.real(wire),
            _ => Err(Complaint::new("does not compute its output from its input", Remedy::Export)),
        }
    }

    /// Lowers one operator, or notes what is wrong with it and goes on as if nothing were.
    fn operator(&mut self, index: usize, operator: &'s SourceOperator<'m>) {
        let source = self.source;
        let outputs: Vec<_> = operator.outputs.iter().map(|o| &source.tensors[*o]).collect();
        let name = outputs.first().map_or("", |output| output.name);
        self.canonical.prefix = plain(name);
        let lowered = self.read(operator).and_then(|inputs| {
            if outputs.is_empty() {
                return Err(Complaint::new("has no result", Remedy::Export));
            }
            self.lower_one(&Site { operator, inputs, outputs: outputs.clone() })
        });
        let values = match lowered {
            Ok(values) => values.into_iter().map(Some).collect(),
            Err(mut complaint) => {
                if let Some((end, _)) = complaint.problem.char_indices().nth(200) {
                    complaint.problem.truncate(end);
                }
                self.problems.push(Error::Operator {
                    index,
                    operator: operator.name(),
                    tensor: brief(name),
                    complaint,
                });
                outputs.iter().map(|output| self.pretend(output)).collect::<Vec<_>>()
            }
        };
        for (output, value) in operator.outputs.iter().zip(values) {
            self.values[*output] = value;
        }
    }

    /// What an operator reads.
    fn read(&mut self, operator: &SourceOperator<'m>) -> Lowered<Vec<Option<Value<'m>>>> {
        let mut inputs = Vec::with_capacity(operator.inputs.len());
        for input in &operator.inputs {
            inputs.push(input.map(|input| self.value(input)).transpose()?);
        }
        Ok(inputs)
    }

    /// Lowers one operator: a value for each result.
    #[allow(clippy::too_many_lines)] // One line for each operator.
    fn lower_one(&mut self, site: &Site<'_, 'm>) -> Lowered<Vec<Value<'m>>> {
        if let Some(known) = self.fold(site)? {
            return Ok(known);
        }
        let code = site.operator.code;
        let value = match code {
            Code::CONV_2D => self.conv(site)?,
            Code::DEPTHWISE_CONV_2D => self.depthwise(site)?,
            Code::TRANSPOSE_CONV => self.transpose_conv(site)?,
            Code::FULLY_CONNECTED => self.dense(site)?,
            Code::BATCH_MATMUL => self.mat_mul(site)?,
            Code::AVERAGE_POOL_2D => self.average_pool(site)?,
            Code::MAX_POOL_2D => self.max_pool(site)?,
            Code::ADD => self.sum(site, Binary::Add)?,
            Code::SUB => self.sum(site, Binary::Sub)?,
            Code::MUL => self.product(site, Binary::Mul)?,
            Code::DIV => self.product(site, Binary::Div)?,
            Code::MAXIMUM => self.extreme(site, Binary::Maximum)?,
            Code::MINIMUM => self.extreme(site, Binary::Minimum)?,
            Code::ADD_N => self.add_n(site)?,
            Code::SQUARED_DIFFERENCE => self.squared_difference(site)?,
            Code::POW => self.pow(site)?,
            Code::ABS => self.unary(site, Unary::Abs)?,
            Code::CEIL => self.unary(site, Unary::Ceil)?,
            Code::COS => self.unary(site, Unary::Cos)?,
            Code::EXP => self.unary(site, Unary::Exp)?,
            Code::FLOOR => self.unary(site, Unary::Floor)?,
            Code::HARD_SWISH => self.unary(site, Unary::HardSwish)?,
            Code::LOG => self.unary(site, Unary::Log)?,
            Code::LOGISTIC => self.logistic(site)?,
            Code::RSQRT => self.unary(site, Unary::Rsqrt)?,
            Code::SIN => self.unary(site, Unary::Sin)?,
            Code::SQRT => self.unary(site, Unary::Sqrt)?,
            Code::TANH => self.unary(site, Unary::Tanh)?,
            Code::NEG => self.neg(site)?,
            Code::ROUND => self.round(site)?,
            Code::SQUARE => self.square(site)?,
            Code::RELU => self.fused(site, ActivationFunctionType::RELU)?,
            Code::RELU6 => self.fused(site, ActivationFunctionType::RELU6)?,
            Code::RELU_N1_TO_1 => self.fused(site, ActivationFunctionType::RELU_N1_TO_1)?,
            Code::RELU_0_TO_1 => self.relu_0_to_1(site)?,
            Code::LEAKY_RELU => self.leaky_relu(site)?,
            Code::PRELU => self.prelu(site)?,
            Code::ELU => self.elu(site)?,
            Code::GELU => self.gelu(site)?,
            Code::SOFTMAX => self.softmax(site)?,
            Code::LOG_SOFTMAX => self.log_softmax(site)?,
            Code::L2_NORMALIZATION => self.l2_normalization(site)?,
            Code::LOCAL_RESPONSE_NORMALIZATION => self.local_response(site)?,
            Code::EQUAL => self.compare(site, Comparison::Equal)?,
            Code::NOT_EQUAL => self.compare(site, Comparison::NotEqual)?,
            Code::GREATER => self.compare(site, Comparison::Greater)?,
            Code::GREATER_EQUAL => self.compare(site, Comparison::GreaterEqual)?,
            Code::LESS => self.compare(site, Comparison::Less)?,
            Code::LESS_EQUAL => self.compare(site, Comparison::LessEqual)?,
            Code::LOGICAL_AND => self.logical(site, Logical::And)?,
            Code::LOGICAL_OR => self.logical(site, Logical::Or)?,
            Code::LOGICAL_NOT => self.logical(site, Logical::Not)?,
            Code::SELECT | Code::SELECT_V2 => self.select(site)?,
            Code::SIGN => self.sign(site)?,
            Code::MEAN => self.mean(site)?,
            Code::SUM => self.reduce(site, Reduction::Sum)?,
            Code::REDUCE_MAX => self.reduce(site, Reduction::Max)?,
            Code::REDUCE_MIN => self.reduce(site, Reduction::Min)?,
            Code::REDUCE_PROD => self.reduce(site, Reduction::Product)?,
            Code::ARG_MAX => self.place_of(site, Reduction::Max)?,
            Code::ARG_MIN => self.place_of(site, Reduction::Min)?,
            Code::TOPK_V2 => return self.greatest(site),
            Code::RESHAPE => self.reshape(site)?,
            Code::SQUEEZE => self.squeeze(site)?,
            Code::EXPAND_DIMS => self.expand_dims(site)?,
            Code::TRANSPOSE => self.transpose(site)?,
            Code::CONCATENATION => self.concat(site)?,
            Code::PACK => self.pack(site)?,
            Code::UNPACK => return self.unpack(site),
            Code::SPLIT => return self.split(site),
            Code::SPLIT_V => return self.split_v(site),
            Code::SLICE => self.slice(site)?,
            Code::STRIDED_SLICE => self.strided_slice(site)?,
            Code::GATHER => self.gather(site)?,
            Code::REVERSE_V2 => self.reverse(site)?,
            Code::PAD | Code::PADV2 => self.pad(site)?,
            Code::MIRROR_PAD => self.mirror_pad(site)?,
            Code::TILE => self.tile(site)?,
            Code::BROADCAST_TO => self.broadcast_to(site)?,
            Code::SPACE_TO_DEPTH => self.space_to_depth(site)?,
            Code::DEPTH_TO_SPACE => self.depth_to_space(site)?,
            Code::SPACE_TO_BATCH_ND => self.space_to_batch(site)?,
            Code::BATCH_TO_SPACE_ND => self.batch_to_space(site)?,
            Code::RESIZE_BILINEAR => self.bilinear(site)?,
            Code::RESIZE_NEAREST_NEIGHBOR => self.nearest(site)?,
            Code::CAST => self.cast(site)?,
            Code::QUANTIZE | Code::DEQUANTIZE => self.requantise(site)?,
            Code::FAKE_QUANT => self.fake_quant(site)?,
            Code::VAR_HANDLE | Code::READ_VARIABLE => {
                let problem = "reads a variable that the file does not hold";
                return Err(Complaint::new(problem, Remedy::Freeze));
            }
            Code::CUSTOM => return Err(custom(site.operator)),
            _ => {
                return Err(Complaint::new("cannot be said in other operators yet", Remedy::Known));
            }
        };
        let value = self.settled(value, site.outputs[0])?;
        Ok(vec![Value::Wire(value)])
    }
}

/// What is wrong with an operator that is none of TensorFlow Lite's own.
fn custom(operator: &SourceOperator<'_>) -> Complaint {
    match operator.custom.unwrap_or_default() {
        name if name.starts_with("Flex") => {
            Complaint::new("is an operator of TensorFlow, not of TensorFlow Lite", Remedy::Flex)
        }
        "edgetpu-custom-op" => Complaint::new("runs on an Edge TPU only", Remedy::EdgeTpu),
        "TFLite_Detection_PostProcess" => {
            Complaint::new("sorts the finds of a detector", Remedy::Detector)
        }
        _ => Complaint::new("is none of TensorFlow Lite's own operators", Remedy::Custom),
    }
}
