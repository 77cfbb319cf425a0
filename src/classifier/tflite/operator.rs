//! The operators that a network may be made of.
//!
//! What is not here is refused. What is here was compared with the official runtime, in the forms that
//! these checks let pass.

use tract_tflite::tflite::{ActivationFunctionType, BuiltinOperator, Model, Operator, Padding};

use super::check::Tensor;

/// Advice for an operator whose form is unusual.
const EXPORT: &str = "export the model again with TensorFlow's own converter";
/// Advice for an operator that is not known.
const KNOWN: &str = "use a network of convolutions, pools, dense layers and the usual activations, \
    such as EfficientNet-Lite or MobileNet, exported in float32 with a batch of 1";
/// Advice for a model that computes with other numbers.
const FLOAT: &str = "export the model in float32, without optimizations or quantization";
/// Advice for an average that would be rounded.
const AVERAGE: &str = "export the average as AVERAGE_POOL_2D over the whole feature map (in Keras: \
    AveragePooling2D(pool_size=7) and Flatten instead of GlobalAveragePooling2D)";

/// Advice for a model whose weights are not constants.
const FREEZE: &str = "export the model from a function whose variables were turned into constants (in \
    TensorFlow: convert_variables_to_constants_v2)";

/// What is wrong with an operator, and what to change.
pub(super) type Complaint = (String, &'static str);

/// The greatest stride, dilation, or side of a window.
const MAX_STEP: i32 = 4096;
/// The most rows or columns that are padded on a side.
const MAX_PAD: i32 = 1024;

/// Which of an operator's inputs hold what.
struct Operands {
    /// How many inputs there are.
    count: std::ops::RangeInclusive<usize>,
    /// From which input on they are constant whole numbers: shapes, axes, paddings.
    integers_from: usize,
}

/// The inputs of an operator that is known; `None` for all others.
fn operands(code: BuiltinOperator) -> Option<Operands> {
    use BuiltinOperator as Op;
    let all_float = |count| Some(Operands { count, integers_from: usize::MAX });
    let then_integers = |count| Some(Operands { count, integers_from: 1 });
    match code {
        Op::CONV_2D | Op::DEPTHWISE_CONV_2D | Op::FULLY_CONNECTED => all_float(3..=3),
        Op::ADD | Op::SUB | Op::MUL => all_float(2..=2),
        Op::AVERAGE_POOL_2D
        | Op::MAX_POOL_2D
        | Op::RELU
        | Op::RELU6
        | Op::HARD_SWISH
        | Op::LOGISTIC
        | Op::SOFTMAX
        | Op::SQUEEZE => all_float(1..=1),
        Op::CONCATENATION => all_float(1..=64),
        Op::PAD => then_integers(2..=2),
        Op::RESHAPE => then_integers(1..=2),
        _ => None,
    }
}

/// The operator's code, read as the engine reads it.
pub(super) fn code(model: &Model<'_>, operator: &Operator<'_>) -> Option<BuiltinOperator> {
    let codes = model.operator_codes()?;
    let index = usize::try_from(operator.opcode_index()).ok().filter(|i| *i < codes.len())?;
    let code = codes.get(index);
    let old = i32::from(code.deprecated_builtin_code());
    let placeholder = BuiltinOperator::PLACEHOLDER_FOR_GREATER_OP_CODES.0;
    Some(if old == placeholder { code.builtin_code() } else { BuiltinOperator(old) })
}

/// The name of an operator, as `CONV_2D`.
pub(super) fn name(code: BuiltinOperator) -> String {
    code.variant_name().map_or_else(|| format!("number {}", code.0), str::to_owned)
}

/// Whether the operator is known, and has a form that is known.
pub(super) fn check(
    code: BuiltinOperator,
    operator: &Operator<'_>,
    inputs: &[Tensor<'_>],
    output: &Tensor<'_>,
) -> Result<(), Complaint> {
    use BuiltinOperator as Op;
    if code == Op::QUANTIZE || code == Op::DEQUANTIZE {
        let from = inputs.first().map_or("another type", Tensor::type_name);
        let to = output.type_name();
        return Err((format!("turns {from} into {to}, which is not supported yet"), FLOAT));
    }
    if code == Op::VAR_HANDLE || code == Op::READ_VARIABLE {
        return Err(("reads a variable that the file does not hold".to_owned(), FREEZE));
    }
    for tensor in inputs.iter().chain([output]) {
        if let Some(problem) = tensor.quantized() {
            return Err((problem, FLOAT));
        }
    }
    if code == Op::MEAN {
        return Err((
            "is an average that the engine rounds to whole numbers here, so that scores would be wrong"
                .to_owned(),
            AVERAGE,
        ));
    }
    let Some(operands) = operands(code) else {
        return Err((
            "is not an operator that is known to give the right numbers".to_owned(),
            KNOWN,
        ));
    };
    if !operands.count.contains(&inputs.len()) {
        return Err((format!("has {} inputs", inputs.len()), EXPORT));
    }
    for (position, tensor) in inputs.iter().enumerate() {
        if position < operands.integers_from {
            tensor.expect_float(position)?;
        } else {
            tensor.expect_constant_integers(position)?;
        }
    }
    output.expect_float(0)?;
    options(code, operator, inputs)
}

/// The operator's own settings.
fn options(
    code: BuiltinOperator,
    operator: &Operator<'_>,
    inputs: &[Tensor<'_>],
) -> Result<(), Complaint> {
    use BuiltinOperator as Op;
    match code {
        Op::CONV_2D => {
            let options = operator.builtin_options_as_conv_2_doptions().ok_or_else(no_options)?;
            steps(&[options.stride_h(), options.stride_w()])?;
            steps(&[options.dilation_h_factor(), options.dilation_w_factor()])?;
            padding(options.padding())?;
            activation(options.fused_activation_function())?;
            kernel(inputs, |kernel, channels| kernel[3] == channels)
        }
        Op::DEPTHWISE_CONV_2D => {
            let options =
                operator.builtin_options_as_depthwise_conv_2_doptions().ok_or_else(no_options)?;
            steps(&[options.stride_h(), options.stride_w()])?;
            steps(&[options.dilation_h_factor(), options.dilation_w_factor()])?;
            padding(options.padding())?;
            activation(options.fused_activation_function())?;
            kernel(inputs, |kernel, channels| kernel[0] == 1 && kernel[3] == channels)
        }
        Op::AVERAGE_POOL_2D | Op::MAX_POOL_2D => {
            let options = operator.builtin_options_as_pool_2_doptions().ok_or_else(no_options)?;
            steps(&[options.stride_h(), options.stride_w()])?;
            steps(&[options.filter_height(), options.filter_width()])?;
            padding(options.padding())?;
            activation(options.fused_activation_function())
        }
        Op::FULLY_CONNECTED => {
            let options =
                operator.builtin_options_as_fully_connected_options().ok_or_else(no_options)?;
            activation(options.fused_activation_function())
        }
        Op::ADD => {
            let options = operator.builtin_options_as_add_options().ok_or_else(no_options)?;
            activation(options.fused_activation_function())
        }
        Op::SUB => {
            let options = operator.builtin_options_as_sub_options().ok_or_else(no_options)?;
            activation(options.fused_activation_function())
        }
        Op::MUL => {
            let options = operator.builtin_options_as_mul_options().ok_or_else(no_options)?;
            activation(options.fused_activation_function())
        }
        Op::CONCATENATION => {
            let options =
                operator.builtin_options_as_concatenation_options().ok_or_else(no_options)?;
            activation(options.fused_activation_function())
        }
        Op::SQUEEZE => {
            let options = operator.builtin_options_as_squeeze_options().ok_or_else(no_options)?;
            match options.squeeze_dims() {
                Some(axes) if axes.len() == 1 => Ok(()),
                _ => Err(("does not take away one axis".to_owned(), "export a RESHAPE instead")),
            }
        }
        Op::PAD => match inputs[1].integers() {
            Some(pads) if pads.iter().all(|pad| (0..=MAX_PAD).contains(pad)) => Ok(()),
            _ => Err((format!("does not pad by 0 to {MAX_PAD} on each side"), EXPORT)),
        },
        _ => Ok(()),
    }
}

fn no_options() -> Complaint {
    ("has no settings, or another operator's".to_owned(), EXPORT)
}

fn steps(steps: &[i32]) -> Result<(), Complaint> {
    match steps.iter().find(|step| !(1..=MAX_STEP).contains(*step)) {
        Some(step) => Err((format!("has a stride, dilation or window of {step}"), EXPORT)),
        None => Ok(()),
    }
}

fn padding(padding: Padding) -> Result<(), Complaint> {
    if padding == Padding::SAME || padding == Padding::VALID {
        return Ok(());
    }
    Err((format!("has a padding that does not exist, {}", padding.0), EXPORT))
}

fn activation(activation: ActivationFunctionType) -> Result<(), Complaint> {
    use ActivationFunctionType as Type;
    if [Type::NONE, Type::RELU, Type::RELU6].contains(&activation) {
        return Ok(());
    }
    let name = activation.variant_name().unwrap_or("an unknown one");
    Err((format!("has the activation {name} built in, which is not supported"), KNOWN))
}

/// Whether a convolution's kernel, with four sides, fits the channels of its input.
fn kernel(inputs: &[Tensor<'_>], fits: impl Fn(&[i32], i32) -> bool) -> Result<(), Complaint> {
    let (input, kernel) = (inputs[0].shape(), inputs[1].shape());
    if input.len() == 4 && kernel.len() == 4 && inputs[1].is_constant() && fits(kernel, input[3]) {
        return Ok(());
    }
    let problem = format!(
        "has a kernel of {kernel:?} for an input of {input:?}: groups of channels and depth \
         multipliers are not supported"
    );
    Err((problem, KNOWN))
}
