//! Tests of inputs and outputs of all forms, and of files that are written unusually.

use lookbook_tflite_fixture::tflite::{
    self, BuiltinOperator as Op, ReshapeOptionsArgs, SoftmaxOptionsArgs, TensorType,
};
use lookbook_tflite_fixture::{Fixture, colours, options};
use proptest::prelude::*;

use super::{open, refused};
use crate::{Ask, Error, Network, Pixels, convert_as, report};

/// A model that only flattens its input.
fn flat(shape: &[i32], signature: Option<&[i32]>) -> Fixture {
    let mut model = Fixture::default();
    let input = model.input(shape);
    if let Some(signature) = signature {
        model.signature(input, signature);
    }
    let target = model.integers(&[2], &[1, -1]);
    let options = options!(ReshapeOptions, ReshapeOptionsArgs { new_shape: None });
    let output = model.operator(Op::RESHAPE, &[input, target], &[1, -1], options);
    model.outputs.push(output);
    model
}

/// Two rows of three pixels: in each, red, green and blue are its number and 100 or 200 more.
const IMAGE: [f32; 18] = [
    0.0, 100.0, 200.0, 1.0, 101.0, 201.0, 2.0, 102.0, 202.0, 3.0, 103.0, 203.0, 4.0, 104.0, 204.0,
    5.0, 105.0, 205.0,
];

#[test]
fn colours_may_come_first_or_last_and_the_batch_may_be_missing() {
    let planes: Vec<f32> = (0..3_u8)
        .flat_map(|c| (0..6_u8).map(move |n| f32::from(n) + 100.0 * f32::from(c)))
        .collect();
    for (shape, expected) in [
        (&[1, 2, 3, 3][..], &IMAGE[..]),
        (&[2, 3, 3], &IMAGE),
        (&[1, 3, 2, 3], &IMAGE),
        (&[1, 3, 2, 4], &[]),
    ] {
        let network = open(&flat(shape, None)).unwrap();
        if expected.is_empty() {
            assert_eq!((network.ends().height, network.ends().width), (2, 4), "colours first");
        } else {
            let ends = network.ends();
            assert_eq!(ends.height * ends.width * ends.channels, 18);
            assert_eq!(network.run(&IMAGE).unwrap(), expected, "{shape:?}");
        }
    }
    // What a network takes is always rows of pixels; what the model's first operator sees is planes.
    for shape in [&[1, 3, 2, 4][..], &[3, 2, 4]] {
        let network = open(&flat(shape, None)).unwrap();
        let image: Vec<f32> = IMAGE.iter().chain(&[9.0; 6]).copied().collect();
        let answer = network.run(&image).unwrap();
        let (red, green) = (answer[..6].to_vec(), answer[8..14].to_vec());
        assert_eq!((red, green), (planes[..6].to_vec(), planes[6..12].to_vec()), "{shape:?}");
    }
    for shape in [&[1, 2, 3][..], &[1, 2, 3, 1], &[2, 3, 1], &[1, 1, 2, 3]] {
        let network = open(&flat(shape, None)).unwrap();
        let ends = network.ends();
        let (height, width, channels) = (ends.height, ends.width, ends.channels);
        // Three columns could be three colours: then they are.
        let expected =
            if shape == [1, 2, 3] || shape == [1, 1, 2, 3] { (1, 2, 3) } else { (2, 3, 1) };
        assert_eq!((height, width, channels), expected, "{shape:?}");
    }
    let network = open(&flat(&[1, 28, 28], None)).unwrap();
    assert_eq!((network.ends().height, network.ends().channels), (28, 1));
}

#[test]
fn a_size_that_is_left_open_is_asked_for_and_never_one_pixel() {
    let file = flat(&[1, 1, 1, 3], Some(&[-1, -1, -1, 3])).build();
    let Err(problems) = convert_as(&file, &Ask::default()) else { panic!("it was let pass") };
    assert_eq!(problems.first(), &Error::NoSize);
    assert_eq!(report(&file).unwrap().inputs[0].shape, [-1, -1, -1, 3]);
    let ask = Ask { size: Some([3, 2]), ..Ask::default() };
    let network = convert_as(&file, &ask).unwrap().into_network().unwrap();
    assert_eq!((network.ends().width, network.ends().height), (3, 2));
    assert_eq!(network.run(&IMAGE).unwrap(), IMAGE);
}

#[test]
fn an_input_of_16_bits_takes_normalised_values_and_rounds_them() {
    let mut model = Fixture::default();
    let input = model.tensor(TensorType::INT16, &[1, 1, 4, 1]);
    model.quantize(input, 0.25);
    model.inputs.push(input);
    let output = model.operator(Op::DEQUANTIZE, &[input], &[1, 1, 4, 1], None);
    model.outputs.push(output);
    let network = open(&model).unwrap();
    assert_eq!(network.ends().pixels, Pixels::Real);
    assert_eq!(network.run(&[0.3, -0.4, 9.0, 1e9]).unwrap(), [0.25, -0.5, 9.0, 8191.75]);
}

/// A model with two outputs: three means, and those of them that a softmax makes.
fn two_outputs() -> Fixture {
    let mut model = colours(6, 8);
    let softmax = options!(SoftmaxOptions, SoftmaxOptionsArgs { beta: 1.0 });
    let output = model.operator(Op::SOFTMAX, &[model.outputs[0]], &[1, 3], softmax);
    model.outputs.push(output);
    model
}

#[test]
fn one_of_several_outputs_is_meant() {
    let file = two_outputs().build();
    let error = refused(&two_outputs());
    assert!(
        error.contains(
            "the model has 2 outputs (0 is \"tensor-3\" of FLOAT32 [1, 3]; 1 is \"tensor-4\" of \
             FLOAT32 [1, 3]): say which one"
        ),
        "{error}"
    );
    let ends = |output| {
        let ask = Ask { output: Some(output), ..Ask::default() };
        convert_as(&file, &ask).map(|converted| converted.ends().probabilities)
    };
    assert_eq!((ends(0).unwrap(), ends(1).unwrap()), (false, true));
    assert!(ends(2).unwrap_err().to_string().contains("has 2 outputs"));
}

#[test]
fn what_another_output_needs_does_not_matter() {
    let mut model = two_outputs();
    let custom = model.custom("FlexSomething", &[model.outputs[0]], &[1, 3]);
    model.outputs.push(custom);
    let file = model.build();
    let open = |output| convert_as(&file, &Ask { output: Some(output), ..Ask::default() });
    assert!(open(1).is_ok());
    assert!(open(2).err().unwrap().to_string().contains("FlexSomething"));
}

#[test]
fn custom_operators_are_called_by_their_names() {
    let error = |name: &str| {
        let mut model = colours(6, 8);
        let last = model.outputs.pop().unwrap();
        let output = model.custom(name, &[last], &[1, 3]);
        model.outputs.push(output);
        assert_eq!(report(&model.build()).unwrap().operators.get(name), Some(&1));
        refused(&model)
    };
    for (name, expected) in [
        ("FlexResizeBicubic", "is an operator of TensorFlow, not of TensorFlow Lite: export the"),
        ("edgetpu-custom-op", "runs on an Edge TPU only: take the model's version for CPUs"),
        ("TFLite_Detection_PostProcess", "use an image classifier, not a detector"),
        ("MyOwn", "is none of TensorFlow Lite's own operators: export the model without custom"),
    ] {
        let error = error(name);
        let start = format!("operator 2 of the model, {name}, which makes \"tensor-4\", ");
        assert!(error.starts_with(&start) && error.contains(expected), "{error}");
    }
}

/// A model of whole numbers, whose 64-bit numbers lie at multiples of 4 bytes if they lie loosely.
fn quantised(loose: bool) -> Vec<u8> {
    let mut model = Fixture::default();
    model.loose = loose;
    let input = model.tensor(TensorType::UINT8, &[1, 1, 4, 1]);
    model.quantize_at(input, 0.5, 3);
    model.inputs.push(input);
    let bytes = model.tensor(TensorType::INT8, &[1, 1, 4, 1]);
    model.quantize_at(bytes, 0.25, -7);
    model.operator_into(Op::QUANTIZE, &[input], bytes, None);
    let output = model.operator(Op::DEQUANTIZE, &[bytes], &[1, 1, 4, 1], None);
    model.outputs.push(output);
    model.build()
}

#[test]
fn numbers_of_64_bits_may_lie_at_any_multiple_of_4_bytes() {
    let loose = quantised(true);
    let Err(error) = tflite::root_as_model(&loose) else { panic!("the verifier does not mind") };
    assert!(error.to_string().contains("is unaligned"), "{error}");
    let (right, loose) = (quantised(false), Network::open(&loose).unwrap());
    let right = Network::open(&right).unwrap();
    assert_eq!(loose.ends().pixels, Pixels::Whole { mean: 3.0, std: 2.0 });
    let values = [-1.5, 0.0, 2.5, 100.0];
    assert_eq!(loose.run(&values).unwrap(), right.run(&values).unwrap());
    // 127 stands for (127 + 7) / 4.
    assert_eq!(loose.run(&values).unwrap(), [-1.5, 0.0, 2.5, 33.5]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_damaged_file_with_loose_numbers_is_an_error_or_a_network(
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        more in 0..16_usize,
    ) {
        let mut file = quantised(true);
        for (place, value) in damage {
            let place = place.index(file.len());
            file[place] = value;
        }
        file.resize(file.len() + more, 0xff);
        if let Ok(network) = Network::open(&file) {
            let ends = network.ends();
            let _ = network.run(&vec![0.5; ends.width * ends.height * ends.channels]);
        }
        // The copy itself is never more than the file and what was put at its end.
        let copy = crate::realign::realigned(&file);
        prop_assert!(copy.is_none_or(|copy| copy.len() <= 4 * file.len() + 64));
    }
}
