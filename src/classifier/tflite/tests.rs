//! Tests of what is let pass, and that it gives the right numbers.

use proptest::prelude::*;
use tract_tflite::tflite::{
    AddOptionsArgs, BuiltinOperator as Op, Conv2DOptionsArgs, FullyConnectedOptionsArgs, Padding,
    QuantizeOptionsArgs, ReducerOptionsArgs, ReshapeOptionsArgs, SoftmaxOptionsArgs, TensorType,
};

use super::fixture::{Fixture, colours, options, pool};
use super::*;

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

#[test]
fn what_a_network_says_of_itself() {
    let network = open(&colours(6, 8)).unwrap();
    assert_eq!((network.width(), network.height(), network.outputs()), (8, 6, 3));
    assert!(!network.ends_with_softmax());
    let mut model = colours(6, 8);
    let logits = model.outputs.pop().unwrap();
    let softmax = options!(SoftmaxOptions, SoftmaxOptionsArgs { beta: 1.0 });
    let output = model.operator(Op::SOFTMAX, &[logits], &[1, 3], softmax);
    model.outputs.push(output);
    assert!(open(&model).unwrap().ends_with_softmax());
}

#[test]
fn a_mean_of_floats_is_refused_with_the_way_out() {
    let mut model = Fixture::default();
    let input = model.input(&[1, 6, 8, 3]);
    let axes = model.integers(&[2], &[1, 2]);
    let options = options!(ReducerOptions, ReducerOptionsArgs { keep_dims: false });
    let output = model.operator(Op::MEAN, &[input, axes], &[1, 3], options);
    model.outputs.push(output);
    let error = refused(&model);
    assert!(error.starts_with("operator 0 of the model, MEAN, is an average that"), "{error}");
    assert!(error.contains("AVERAGE_POOL_2D over the whole feature map"), "{error}");
}

#[test]
fn quantized_models_are_refused_by_the_operator() {
    let mut model = Fixture::default();
    let input = model.input(&[1, 6, 8, 3]);
    let bytes = model.tensor(TensorType::INT8, &[1, 6, 8, 3]);
    let options = options!(QuantizeOptions, QuantizeOptionsArgs {});
    model.operator_into(Op::QUANTIZE, &[input], bytes, options);
    model.outputs.push(bytes);
    let error = refused(&model);
    assert!(error.contains("QUANTIZE, turns FLOAT32 into INT8"), "{error}");
    assert!(error.contains("export the model in float32"), "{error}");

    for (type_, bytes, scale) in [
        (TensorType::INT8, 1, Some(0.1)),
        (TensorType::FLOAT16, 2, None),
        (TensorType::FLOAT32, 4, Some(0.1)),
    ] {
        let mut model = colours(6, 8);
        let means = model.outputs.pop().unwrap();
        let addend = model.constant(type_, &[1, 3], vec![0; 3 * bytes]);
        if let Some(scale) = scale {
            model.quantize(addend, scale);
        }
        let options = options!(AddOptions, AddOptionsArgs::default());
        let output = model.operator(Op::ADD, &[means, addend], &[1, 3], options);
        model.outputs.push(output);
        let error = refused(&model);
        assert!(error.contains("ADD, computes with values of type"), "{error}");
    }
}

#[test]
fn inputs_and_outputs_of_another_form_are_refused() {
    for (shape, type_) in [
        ([4, 6, 8, 3], TensorType::FLOAT32),
        ([1, 3, 6, 8], TensorType::FLOAT32),
        ([1, 6, 8, 3], TensorType::INT32),
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
    assert!(refused(&model).contains("the model has not one input"));
    let mut model = colours(6, 8);
    model.outputs.clear();
    assert!(refused(&model).contains("the model has not one output"));
    let mut model = colours(6, 8);
    let first = model.inputs[0];
    model.outputs = vec![first];
    assert!(refused(&model).contains("has an output of FLOAT32 [1, 6, 8, 3]"));

    let mut model = Fixture::default();
    let input = model.input(&[-1, 6, 8, 3]);
    let output = model.operator(Op::RELU, &[input], &[1, 3], None);
    model.outputs.push(output);
    assert!(refused(&model).contains("no fixed size"), "{}", refused(&model));
}

#[test]
fn forms_that_the_engine_would_get_wrong_are_refused() {
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
    assert!(conv(1, &[2, 3, 3, 1]).contains("groups of channels"));
    assert!(conv(1, &[2, 27]).contains("groups of channels"));

    let with = |code, extra: Option<i32>, expected: &str| {
        let mut model = colours(6, 8);
        let means = model.outputs.pop().unwrap();
        let inputs: Vec<i32> = [Some(means), extra].into_iter().flatten().collect();
        let output = model.operator(code, &inputs, &[1, 3], None);
        model.outputs.push(output);
        let error = refused(&model);
        assert!(error.contains(expected), "{error}");
    };
    with(Op::CUSTOM, None, "CUSTOM, is not an operator that is known");
    with(Op::ARG_MAX, Some(0), "ARG_MAX, is not an operator that is known");
    with(Op(999), None, "number 999, is not an operator that is known");
    with(Op::RELU, Some(0), "RELU, has 2 inputs");
    with(Op::ADD, Some(0), "ADD, has no settings");
    with(Op::ADD, Some(-1), "refers to a tensor that is not there, -1");
    with(Op::ADD, Some(1 << 20), "refers to a tensor that is not there");
    with(Op::SQUEEZE, None, "SQUEEZE, has no settings");
    with(Op::RESHAPE, Some(0), "RESHAPE, computes its input 1, a shape or an axis, at run time");
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
    assert!(refused(&model).contains("is too large"), "{}", refused(&model));

    // A pool that says that it has more channels than it is given.
    let mut model = Fixture::default();
    let input = model.input(&[1, 6, 8, 3]);
    let options: fixture::Options = Box::new(|fb| {
        let args = tract_tflite::tflite::Pool2DOptionsArgs {
            stride_h: 1,
            stride_w: 1,
            filter_height: 6,
            filter_width: 8,
            padding: Padding::VALID,
            ..Default::default()
        };
        let options = tract_tflite::tflite::Pool2DOptions::create(fb, &args);
        (tract_tflite::tflite::BuiltinOptions::Pool2DOptions, options.as_union_value())
    });
    let pooled = model.operator(Op::MAX_POOL_2D, &[input], &[1, 1, 1, 3000], Some(options));
    model.outputs.push(pooled);
    assert!(refused(&model).contains("Val(3) vs Val(3000)"), "{}", refused(&model));
}

#[test]
fn what_is_no_model_at_all() {
    for file in [&b""[..], b"TFL3", b"\xff\xff\xff\xffTFL3....", b"PK\x03\x04...."] {
        let error = Network::open(file).err().unwrap().to_string();
        assert!(error.starts_with("not a TensorFlow Lite model: "), "{error}");
    }
}

/// A network that uses every operator that is let pass.
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
            let values = vec![0.5; network.width() * network.height() * 3];
            let _ = contain(|| network.run(&values));
        }
    }
}
