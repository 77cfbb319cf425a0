//! Tests of files that are made loadable, and of those that are refused.

mod engine;
mod forms;
mod official;
mod operators;
mod whole;

use lookbook_tflite_fixture::tflite::{
    AddOptionsArgs, BuiltinOperator as Op, Conv2DOptionsArgs, FullyConnectedOptionsArgs, Padding,
    QuantizeOptionsArgs, ReducerOptionsArgs, ReshapeOptionsArgs, SoftmaxOptionsArgs, TensorType,
};
use proptest::prelude::*;

use lookbook_tflite_fixture::{self as fixture, Fixture, colours, options, pool};

use crate::{Network, Pixels, contain, convert};

fn open(model: &Fixture) -> Result<Network, String> {
    Network::open(&model.build()).map_err(|error| error.to_string())
}

/// The error of a model.
fn refused(model: &Fixture) -> String {
    match open(model) {
        Ok(_) => panic!("it was let pass"),
        Err(error) => error,
    }
}

/// [`colours`] with one more operator behind it.
fn with(code: Op, extra: Option<i32>, options: Option<fixture::Options>) -> Fixture {
    let mut model = colours(6, 8);
    let means = model.outputs.pop().unwrap();
    let inputs: Vec<i32> = [Some(means), extra].into_iter().flatten().collect();
    let output = model.operator(code, &inputs, &[1, 3], options);
    model.outputs.push(output);
    model
}

#[test]
fn what_a_network_says_of_itself() {
    let network = open(&colours(6, 8)).unwrap();
    let ends = network.ends();
    assert_eq!((ends.width, ends.height, ends.channels, ends.outputs), (8, 6, 3, 3));
    assert_eq!((ends.pixels, ends.probabilities), (Pixels::Real, false));
    let softmax = options!(SoftmaxOptions, SoftmaxOptionsArgs { beta: 1.0 });
    assert!(open(&with(Op::SOFTMAX, None, softmax)).unwrap().ends().probabilities);
    assert!(open(&with(Op::LOGISTIC, None, None)).unwrap().ends().probabilities);
}

#[test]
fn a_mean_of_floats_is_not_rounded() {
    // Rows of 0 to 7 for each colour: tract's MEAN would answer 4, not 3.5.
    let mut model = Fixture::default();
    let input = model.input(&[1, 6, 8, 3]);
    let axes = model.integers(&[2], &[-3, 2]);
    let options = options!(ReducerOptions, ReducerOptionsArgs { keep_dims: false });
    let output = model.operator(Op::MEAN, &[input, axes], &[1, 3], options);
    model.outputs.push(output);
    let values: Vec<f32> = (0..6 * 8 * 3_u16).map(|n| f32::from(n / 3 % 8)).collect();
    assert_eq!(open(&model).unwrap().run(&values).unwrap(), [3.5; 3]);
}

#[test]
fn whole_numbers_are_rounded_and_clamped_to_their_grid() {
    let mut model = Fixture::default();
    let input = model.input(&[1, 1, 4, 1]);
    let bytes = model.tensor(TensorType::INT8, &[1, 1, 4, 1]);
    model.quantize(bytes, 0.5);
    let quantize = || options!(QuantizeOptions, QuantizeOptionsArgs {});
    model.operator_into(Op::QUANTIZE, &[input], bytes, quantize());
    let output = model.operator(Op::DEQUANTIZE, &[bytes], &[1, 1, 4, 1], None);
    model.outputs.push(output);
    let answer = open(&model).unwrap().run(&[0.7, -0.8, 1000.0, -1000.0]).unwrap();
    assert_eq!(answer, [0.5, -1.0, 63.5, -64.0]);
}

#[test]
fn a_model_of_whole_numbers_takes_pixels_as_they_are() {
    for (type_, mean) in [(TensorType::UINT8, 0.0), (TensorType::INT8, 128.0)] {
        let mut model = Fixture::default();
        let input = model.tensor(type_, &[1, 2, 2, 1]);
        model.quantize(input, 0.25);
        model.inputs.push(input);
        let output = model.operator(Op::DEQUANTIZE, &[input], &[1, 2, 2, 1], None);
        model.outputs.push(output);
        let network = open(&model).unwrap();
        assert_eq!(network.ends().pixels, Pixels::Whole { mean, std: 4.0 });
        assert_eq!(network.ends().channels, 1);
        let values = [0.0, 1.0, 2.25, 30.0];
        assert_eq!(network.run(&values).unwrap(), values);
    }
}

#[test]
fn weights_of_16_bits_are_floats_again() {
    let mut model = colours(6, 8);
    let means = model.outputs.pop().unwrap();
    // 1, -2 and the least number above 0, 2^-24.
    let half = [0x3C00_u16, 0xC000, 0x0001].iter().flat_map(|bits| bits.to_le_bytes()).collect();
    let half = model.constant(TensorType::FLOAT16, &[1, 3], half);
    let addend = model.operator(Op::DEQUANTIZE, &[half], &[1, 3], None);
    let options = options!(AddOptions, AddOptionsArgs::default());
    let output = model.operator(Op::ADD, &[means, addend], &[1, 3], options);
    model.outputs.push(output);
    let answer = open(&model).unwrap().run(&[0.0; 6 * 8 * 3]).unwrap();
    assert_eq!(answer, [1.0, -2.0, 1.0 / 16_777_216.0]);
}

#[test]
fn the_canonical_form_is_a_model_of_itself() {
    let model = every_operator().build();
    let once = convert(&model).unwrap();
    let once_file = once.to_file().unwrap();
    let twice = convert(&once_file).unwrap();
    let twice_file = twice.to_file().unwrap();
    assert_eq!((once.ends(), once.multiply_adds()), (twice.ends(), twice.multiply_adds()));
    let first = Network::open(&model).unwrap().run(&ramp()).unwrap();
    assert_eq!(Network::open(&once_file).unwrap().run(&ramp()).unwrap(), first);
    assert_eq!(Network::open(&twice_file).unwrap().run(&ramp()).unwrap(), first);
}

#[test]
fn all_that_cannot_be_said_is_named_at_once() {
    let mut model = colours(6, 8);
    let means = model.outputs.pop().unwrap();
    let custom = model.operator(Op::CUSTOM, &[means], &[1, 3], None);
    let fine = model.operator(Op::RELU, &[custom], &[1, 3], None);
    let output = model.operator(Op::CUMSUM, &[fine], &[1, 3], None);
    model.outputs.push(output);
    let Err(problems) = convert(&model.build()) else { panic!("it was let pass") };
    let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(problems.len(), 2);
    assert!(
        problems[0].starts_with("operator 2 of the model, CUSTOM, which makes \"tensor-4\","),
        "{problems:?}"
    );
    assert!(problems[1].starts_with("operator 4 of the model, CUMSUM"), "{problems:?}");
    assert!(refused(&model).ends_with(" (and 1 more)"), "{}", refused(&model));
}

#[test]
fn inputs_and_outputs_of_another_form_are_refused() {
    for (shape, type_) in [
        ([4, 6, 8, 3], TensorType::FLOAT32),
        ([1, 6, 8, 3], TensorType::INT32),
        ([1, 6, 8, 4], TensorType::FLOAT32),
        ([1, 6, 4000, 3], TensorType::FLOAT32),
    ] {
        let mut model = colours(6, 8);
        model.inputs.clear();
        let input = model.tensor(type_, &shape);
        model.inputs.push(input);
        let error = refused(&model);
        assert!(error.contains("has an input of"), "{error}");
    }
    let mut model = colours(6, 8);
    model.input(&[1, 6, 8, 3]);
    assert!(refused(&model).contains("the model has 2 inputs"));
    let mut model = colours(6, 8);
    model.outputs.clear();
    assert!(refused(&model).contains("the model has 0 outputs"));
    let mut model = colours(6, 8);
    model.outputs = vec![1 << 20];
    assert!(refused(&model).contains("refers to a tensor that is not there, number 1048576"));
}

#[test]
fn forms_that_make_no_sense_are_refused() {
    let conv = |stride: i32, kernel: &[i32]| {
        let mut model = Fixture::default();
        let input = model.input(&[1, 6, 8, 3]);
        let kernel = model.weights(kernel, 1.0);
        let bias = model.floats(&[2], &[0.0; 2]);
        let convolved = model.float(&[1, 4, 6, 2]);
        let args = Conv2DOptionsArgs {
            padding: Padding::VALID,
            stride_h: stride,
            stride_w: stride,
            ..Default::default()
        };
        let options: fixture::Options = Box::new(move |fb| {
            let options = tract_tflite::tflite::Conv2DOptions::create(fb, &args);
            (tract_tflite::tflite::BuiltinOptions::Conv2DOptions, options.as_union_value())
        });
        model.operator_into(Op::CONV_2D, &[input, kernel, bias], convolved, Some(options));
        model.outputs.push(convolved);
        refused(&model)
    };
    assert!(conv(0, &[2, 3, 3, 3]).contains("stride, dilation or window of 0"));
    assert!(conv(-1, &[2, 3, 3, 3]).contains("stride, dilation or window of -1"));
    assert!(conv(1, &[2, 3, 3, 2]).contains("has a kernel of [2, 3, 3, 2]"));
    assert!(conv(1, &[2, 27]).contains("has a kernel of [2, 27]"));
    assert!(conv(1, &[2, 7, 3, 3]).contains("has a window of 7 over 6 values"));

    let error = |code, extra, expected: &str| {
        let error = refused(&with(code, extra, None));
        assert!(error.contains(expected), "{error}");
    };
    error(Op::CUSTOM, None, "CUSTOM, which makes \"tensor-4\", is none of");
    error(Op(999), None, "number 999, which makes");
    error(Op::ADD, Some(-1), "has no operand 1");
    error(Op::ADD, Some(1 << 20), "refers to a tensor that is not there");
    error(Op::RESHAPE, Some(0), "has an operand 1 that depends on the input");
    error(Op::SOFTMAX, None, "has no settings");
}

#[test]
fn what_the_file_claims_of_sizes_is_not_believed() {
    // Pads that would make one tensor of 12 TB.
    let mut model = Fixture::default();
    let input = model.input(&[1, 6, 8, 3]);
    let mut tensor = input;
    for _ in 0..4 {
        let pads = model.integers(&[4, 2], &[0, 0, 1000, 1000, 1000, 1000, 0, 0]);
        tensor = model.operator(Op::PAD, &[tensor, pads], &[1, 3], None);
    }
    model.outputs.push(tensor);
    assert!(refused(&model).contains("is empty or too large"), "{}", refused(&model));

    // Ten thousand convolutions, each of which would take seconds.
    let mut model = Fixture::default();
    let mut tensor = model.input(&[1, 1000, 1000, 3]);
    let (kernel, bias) = (model.weights(&[3, 99, 99, 3], 1.0), model.weights(&[3], 1.0));
    for _ in 0..1000 {
        let args = Conv2DOptionsArgs { stride_h: 1, stride_w: 1, ..Default::default() };
        let options = options!(Conv2DOptions, args);
        tensor = model.operator(Op::CONV_2D, &[tensor, kernel, bias], &[1, 3], options);
    }
    model.outputs.push(tensor);
    assert!(refused(&model).contains("too much work"), "{}", refused(&model));

    // A pool that says that it has more channels than it is given is believed no more than that.
    let mut model = Fixture::default();
    let input = model.input(&[1, 6, 8, 3]);
    let options = pool(Padding::VALID, [1, 1], [6, 8]);
    let pooled = model.operator(Op::MAX_POOL_2D, &[input], &[1, 1, 1, 3000], options);
    model.outputs.push(pooled);
    assert_eq!(open(&model).unwrap().ends().outputs, 3);
}

#[test]
fn one_buffer_that_many_weights_share_is_counted_each_time() {
    let mut model = Fixture::default();
    let mut tensor = model.input(&[1, 64, 64, 1]);
    let first = model.constant(TensorType::INT8, &[1 << 22], vec![1; 1 << 22]);
    model.quantize(first, 0.5);
    let (begin, size) = (model.integers(&[1], &[0]), model.integers(&[1], &[1]));
    for _ in 0..100 {
        let weights = model.share(first);
        let one = model.operator(Op::SLICE, &[weights, begin, size], &[1], None);
        let options = options!(AddOptions, AddOptionsArgs::default());
        tensor = model.operator(Op::ADD, &[tensor, one], &[1, 3], options);
    }
    model.outputs.push(tensor);
    let error = refused(&model);
    assert!(
        error.contains("too much of constants") || error.contains("too many weights"),
        "{error}"
    );
}

#[test]
fn what_is_no_model_at_all() {
    for file in [&b"TFL3"[..], b"\xff\xff\xff\xffTFL3....", b"no model"] {
        let error = Network::open(file).err().unwrap().to_string();
        assert!(error.starts_with("not a TensorFlow Lite model: "), "{error}");
    }
    let error = Network::open(b"\x89HDF\r\n\x1a\n\0").err().unwrap().to_string();
    let expected = "not a TensorFlow Lite model, but a Keras model or its weights in HDF5 (.h5): ";
    assert!(error.starts_with(expected), "{error}");
}

/// A network of many operators.
#[allow(clippy::too_many_lines)] // A network is a list.
fn every_operator() -> Fixture {
    use tract_tflite::tflite as t;
    let mut m = Fixture::default();
    let input = m.input(&[1, 9, 11, 3]);
    let pads = m.integers(&[4, 2], &[0, 0, 0, 1, 1, 0, 0, 0]);
    let padded = m.operator(Op::PAD, &[input, pads], &[1, 10, 12, 3], None);
    let (kernel, bias) = (m.weights(&[8, 3, 3, 3], 0.6), m.weights(&[8], 1.0));
    let options = options!(
        Conv2DOptions,
        Conv2DOptionsArgs {
            padding: Padding::SAME,
            stride_h: 2,
            stride_w: 2,
            fused_activation_function: t::ActivationFunctionType::RELU6,
            ..Default::default()
        }
    );
    let conv = m.operator(Op::CONV_2D, &[padded, kernel, bias], &[1, 5, 6, 8], options);
    let (kernel, bias) = (m.weights(&[1, 3, 3, 8], 0.7), m.weights(&[8], 0.5));
    let options = options!(
        DepthwiseConv2DOptions,
        t::DepthwiseConv2DOptionsArgs {
            padding: Padding::SAME,
            stride_h: 1,
            stride_w: 1,
            depth_multiplier: 1,
            dilation_h_factor: 2,
            dilation_w_factor: 2,
            ..Default::default()
        }
    );
    let inputs = [conv, kernel, bias];
    let depthwise = m.operator(Op::DEPTHWISE_CONV_2D, &inputs, &[1, 5, 6, 8], options);
    let swish = m.operator(Op::HARD_SWISH, &[depthwise], &[1, 5, 6, 8], None);
    let options = options!(AddOptions, AddOptionsArgs::default());
    let sum = m.operator(Op::ADD, &[swish, conv], &[1, 5, 6, 8], options);
    // An average with padding at its border, and a gate for each channel.
    let options = pool(Padding::SAME, [2, 2], [3, 3]);
    let average = m.operator(Op::AVERAGE_POOL_2D, &[sum], &[1, 3, 3, 8], options);
    let options = pool(Padding::VALID, [1, 1], [3, 3]);
    let whole = m.operator(Op::AVERAGE_POOL_2D, &[average], &[1, 1, 1, 8], options);
    let gate = m.operator(Op::LOGISTIC, &[whole], &[1, 1, 1, 8], None);
    let options = options!(MulOptions, t::MulOptionsArgs::default());
    let gated = m.operator(Op::MUL, &[average, gate], &[1, 3, 3, 8], options);
    let mean = m.weights(&[8], 1.0);
    let options = options!(
        SubOptions,
        t::SubOptionsArgs {
            fused_activation_function: t::ActivationFunctionType::RELU,
            ..Default::default()
        }
    );
    let centred = m.operator(Op::SUB, &[gated, mean], &[1, 3, 3, 8], options);
    let options = pool(Padding::SAME, [2, 1], [2, 2]);
    let greatest = m.operator(Op::MAX_POOL_2D, &[gated], &[1, 2, 3, 8], options);
    let options = pool(Padding::VALID, [1, 1], [2, 3]);
    let greatest = m.operator(Op::MAX_POOL_2D, &[greatest], &[1, 1, 1, 8], options);
    let options = pool(Padding::VALID, [1, 1], [3, 3]);
    let centred = m.operator(Op::AVERAGE_POOL_2D, &[centred], &[1, 1, 1, 8], options);
    let options = options!(
        ConcatenationOptions,
        t::ConcatenationOptionsArgs { axis: -1, ..Default::default() }
    );
    let inputs = [greatest, centred, whole];
    let all = m.operator(Op::CONCATENATION, &inputs, &[1, 1, 1, 24], options);
    let squeeze = |axis: i32| -> Option<fixture::Options> {
        Some(Box::new(move |fb| {
            let squeeze_dims = Some(fb.create_vector(&[axis]));
            let options = t::SqueezeOptions::create(fb, &t::SqueezeOptionsArgs { squeeze_dims });
            (t::BuiltinOptions::SqueezeOptions, options.as_union_value())
        }))
    };
    let flat = m.operator(Op::SQUEEZE, &[all], &[1, 1, 24], squeeze(1));
    let flat = m.operator(Op::SQUEEZE, &[flat], &[1, 24], squeeze(-2));
    let (kernel, bias) = (m.weights(&[16, 24], 1.0), m.weights(&[16], 0.3));
    let options = options!(FullyConnectedOptions, FullyConnectedOptionsArgs::default());
    let dense = m.operator(Op::FULLY_CONNECTED, &[flat, kernel, bias], &[1, 16], options);
    let relu = m.operator(Op::RELU, &[dense], &[1, 16], None);
    let relu6 = m.operator(Op::RELU6, &[relu], &[1, 16], None);
    let shape = m.integers(&[2], &[1, -1]);
    let options = options!(ReshapeOptions, ReshapeOptionsArgs { new_shape: None });
    let shaped = m.operator(Op::RESHAPE, &[relu6, shape], &[1, 16], options);
    let (kernel, bias) = (m.weights(&[6, 16], 0.2), m.weights(&[6], 0.3));
    let options = options!(FullyConnectedOptions, FullyConnectedOptionsArgs::default());
    let logits = m.operator(Op::FULLY_CONNECTED, &[shaped, kernel, bias], &[1, 6], options);
    let options = options!(SoftmaxOptions, SoftmaxOptionsArgs { beta: 1.0 });
    let output = m.operator(Op::SOFTMAX, &[logits], &[1, 6], options);
    m.outputs.push(output);
    m
}

/// The values that [`every_operator`] is shown.
fn ramp() -> Vec<f32> {
    (0..9 * 11 * 3_u16).map(|n| f32::from(n * 7 % 61) / 30.0 - 1.0).collect()
}

#[test]
fn every_operator_answers_as_in_the_official_runtime() {
    // Of LiteRT 2.3.0's reference kernels, for the same file and values.
    const OFFICIAL: [f32; 6] =
        [0.218_270_93, 0.058_125_824, 0.139_553_9, 0.023_101_784, 0.177_264_9, 0.383_682_7];
    let network = open(&every_operator()).unwrap();
    let answer = network.run(&ramp()).unwrap();
    assert_eq!(answer.len(), OFFICIAL.len());
    for (ours, official) in answer.iter().zip(OFFICIAL) {
        assert!((ours - official).abs() < 1e-5, "{answer:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_damaged_file_is_an_error_or_a_network_and_nothing_else(
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let mut file = every_operator().build();
        for (place, value) in damage {
            let place = place.index(file.len());
            file[place] = value;
        }
        if let Ok(network) = Network::open(&file) {
            let values = vec![0.5; network.ends().width * network.ends().height * network.ends().channels];
            let _ = contain(|| network.run(&values));
        }
    }
}
