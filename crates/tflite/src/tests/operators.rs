//! Operators against numbers that were computed by hand.

use lookbook_tflite_fixture::tflite as t;
use lookbook_tflite_fixture::tflite::{BuiltinOperator as Op, Padding, TensorType};
use lookbook_tflite_fixture::{Fixture, options};

use super::{open, refused};

/// What a model answers.
fn answer(model: &Fixture, values: &[f32]) -> Vec<f32> {
    open(model).unwrap().run(values).unwrap()
}

fn close(found: &[f32], expected: &[f32]) {
    let near =
        |(a, b): (&f32, &f32)| (a - b).abs() <= 2e-6 * b.abs().max(1.0) || a.is_nan() && b.is_nan();
    assert!(
        found.len() == expected.len() && found.iter().zip(expected).all(near),
        "{found:?} and not {expected:?}"
    );
}

/// A `TRANSPOSE_CONV` of a row to a row of `result` values.
fn spread(
    padding: Padding,
    stride: i32,
    kernel: &[f32],
    result: i32,
    bias: Option<f32>,
) -> Fixture {
    let mut model = Fixture::default();
    let input = model.input(&[1, 1, 3, 1]);
    let shape = model.integers(&[4], &[1, 1, result, 1]);
    let kernel = model.floats(&[1, 1, i32::try_from(kernel.len()).unwrap(), 1], kernel);
    let mut inputs = vec![shape, kernel, input];
    inputs.extend(bias.map(|bias| model.floats(&[1], &[bias])));
    let args = t::TransposeConvOptionsArgs {
        padding,
        stride_w: stride,
        stride_h: 1,
        ..Default::default()
    };
    let options = options!(TransposeConvOptions, args);
    let output = model.operator(Op::TRANSPOSE_CONV, &inputs, &[1, 1, result, 1], options);
    model.outputs.push(output);
    model
}

#[test]
fn a_transposed_convolution_spreads_each_value_over_a_window() {
    let kernel = [1.0, 10.0, 100.0];
    let (valid, same) = (Padding::VALID, Padding::SAME);
    // 1, 2 and 3, two apart, each times 1, 10 and 100.
    let all = answer(&spread(valid, 2, &kernel, 7, None), &[1.0, 2.0, 3.0]);
    assert_eq!(all, [1.0, 10.0, 102.0, 20.0, 203.0, 30.0, 300.0]);
    // Of 7 values, 6 are asked for: one goes, behind, for half of one is none.
    let six = answer(&spread(same, 2, &kernel, 6, None), &[1.0, 2.0, 3.0]);
    assert_eq!(six, [1.0, 10.0, 102.0, 20.0, 203.0, 30.0]);
    // With steps of 1, two go: one at each end.
    let three = answer(&spread(same, 1, &kernel, 3, Some(0.5)), &[1.0, 2.0, 3.0]);
    assert_eq!(three, [12.5, 123.5, 230.5]);
    // What nothing spreads to is the bias.
    let gaps = answer(&spread(valid, 3, &[1.0, 1.0], 8, Some(7.0)), &[1.0, 2.0, 3.0]);
    assert_eq!(gaps, [8.0, 8.0, 7.0, 9.0, 9.0, 7.0, 10.0, 10.0]);
    let more = answer(&spread(valid, 2, &kernel, 8, None), &[1.0, 2.0, 3.0]);
    assert_eq!(more[6..], [300.0, 0.0]);
    assert!(refused(&spread(valid, 0, &kernel, 7, None)).contains("window of 0"));
    let huge = refused(&spread(valid, 4096, &kernel, i32::MAX, None));
    assert!(huge.contains("a padding that does not fit"), "{huge}");
}

#[test]
fn a_transposed_convolution_has_rows_columns_and_channels() {
    let mut model = Fixture::default();
    let input = model.input(&[1, 1, 1, 3]);
    let shape = model.integers(&[4], &[1, 2, 2, 2]);
    // Of each result, for each place, the weights of red, green and blue.
    let weights: Vec<f32> = (0..24_u8).map(f32::from).collect();
    let kernel = model.floats(&[2, 2, 2, 3], &weights);
    let args = t::TransposeConvOptionsArgs {
        padding: Padding::VALID,
        stride_w: 2,
        stride_h: 2,
        ..Default::default()
    };
    let options = options!(TransposeConvOptions, args);
    let inputs = [shape, kernel, input];
    let output = model.operator(Op::TRANSPOSE_CONV, &inputs, &[1, 2, 2, 2], options);
    model.outputs.push(output);
    // The first place of the first result: 0 * 1 + 1 * 10 + 2 * 100, and so on.
    let first = [210.0, 543.0, 876.0, 1209.0];
    let expected: Vec<f32> = first.iter().flat_map(|value| [*value, value + 1332.0]).collect();
    assert_eq!(answer(&model, &[1.0, 10.0, 100.0]), expected);
}

#[test]
fn neighbouring_channels_damp_each_other() {
    let lrn = |beta: f32, radius: i32| {
        let mut model = Fixture::default();
        let input = model.input(&[1, 1, 1, 3]);
        let args = t::LocalResponseNormalizationOptionsArgs { radius, bias: 1.0, alpha: 0.5, beta };
        let options = options!(LocalResponseNormalizationOptions, args);
        let code = Op::LOCAL_RESPONSE_NORMALIZATION;
        let output = model.operator(code, &[input], &[1, 1, 1, 3], options);
        model.outputs.push(output);
        model
    };
    // Squares 1, 4 and 16; sums with neighbours 5, 21 and 20; times a half, and 1: 3.5, 11.5, 11.
    let values = [1.0, -2.0, 4.0];
    close(&answer(&lrn(1.0, 1), &values), &[1.0 / 3.5, -2.0 / 11.5, 4.0 / 11.0]);
    close(&answer(&lrn(0.5, 1), &values), &[0.534_522_5, -0.589_767_8, 1.206_045_4]);
    // 3.5^0.75 is 2.558889, 11.5^0.75 is 6.244890, 11^0.75 is 6.040105.
    close(&answer(&lrn(0.75, 1), &values), &[0.390_794_6, -0.320_261_9, 0.662_240_1]);
    close(&answer(&lrn(1.0, 5), &values), &[1.0 / 11.5, -2.0 / 11.5, 4.0 / 11.5]);
    assert!(refused(&lrn(1.0, -1)).contains("has a radius of -1"));
    assert!(refused(&lrn(1.0, 1 << 30)).contains("has a radius of"));
}

/// An operator on a row of values and a constant of one whole number.
fn picking(code: Op, side: i32, number: i32, outputs: &[&[i32]]) -> Fixture {
    let mut model = Fixture::default();
    let input = model.input(&[1, 1, 2, side]);
    let number = model.integers(&[1], &[number]);
    let first = model.operator(code, &[input, number], outputs[0], None);
    model.outputs.push(first);
    for shape in &outputs[1..] {
        let output = model.also(shape);
        model.outputs = vec![output];
    }
    model
}

#[test]
fn the_first_of_the_greatest_is_found() {
    let values = [0.5, 7.0, -1.0, 7.0, -2.0, -3.0, -9.0, -3.0];
    for (code, axis, expected) in [
        (Op::ARG_MAX, 3, &[1.0, 0.0][..]),
        (Op::ARG_MAX, -1, &[1.0, 0.0]),
        (Op::ARG_MIN, -1, &[2.0, 2.0]),
        (Op::ARG_MAX, 2, &[0.0, 0.0, 0.0, 0.0]),
        (Op::ARG_MIN, 2, &[1.0, 1.0, 1.0, 1.0]),
    ] {
        assert_eq!(answer(&picking(code, 4, axis, &[&[1, 1, 2]]), &values), expected);
    }
    assert!(refused(&picking(Op::ARG_MAX, 4, 4, &[&[1]])).contains("has no axis 4 among 4"));
}

#[test]
fn the_greatest_come_in_order_with_their_places() {
    let values = [0.5, 7.0, -1.0, 7.0, -2.0, -3.0, -9.0, -3.0];
    let shape: &[i32] = &[1, 1, 2, 3];
    let best = answer(&picking(Op::TOPK_V2, 4, 3, &[shape]), &values);
    assert_eq!(best, [7.0, 7.0, 0.5, -2.0, -3.0, -3.0]);
    let places = answer(&picking(Op::TOPK_V2, 4, 3, &[shape, shape]), &values);
    assert_eq!(places, [1.0, 3.0, 0.0, 0.0, 1.0, 3.0]);
    for count in [0, 5, -1] {
        let error = refused(&picking(Op::TOPK_V2, 4, count, &[shape]));
        assert!(error.contains("picks not 1 to 4 of 4 values"), "{error}");
    }
}

/// `x` to a power that is a constant, or the other way round.
fn power(values: &[f32], swapped: bool) -> Fixture {
    let mut model = Fixture::default();
    let input = model.input(&[1, 1, 6, 1]);
    let count = i32::try_from(values.len()).unwrap();
    let constant = model.floats(&[1, 1, count, 1], values);
    let inputs = if swapped { [constant, input] } else { [input, constant] };
    let output = model.operator(Op::POW, &inputs, &[1, 1, 6, 1], None);
    model.outputs.push(output);
    model
}

#[test]
fn powers_are_those_of_c() {
    let nan = f32::NAN;
    let values = [0.0, 1.0, 2.0, 3.0, 0.25, -2.0];
    close(&answer(&power(&[3.0], false), &values), &[0.0, 1.0, 8.0, 27.0, 0.015_625, -8.0]);
    close(&answer(&power(&[0.0], false), &values), &[1.0; 6]);
    let fraction = [0.0, 1.0, 3.249_009_6, 6.473_008, 0.094_732_29, nan];
    close(&answer(&power(&[1.7], false), &values), &fraction);
    close(
        &answer(&power(&[11.0], false), &values[1..].repeat(2)[..6]),
        &[1.0, 2048.0, 177_147.0, 2.384_185_8e-7, -2048.0, 1.0],
    );
    // Several powers, and bases that are known.
    let powers = [0.0, 2.0, -1.0, 0.5, 3.0, 2.0];
    close(&answer(&power(&powers, false), &values), &[1.0, 1.0, 0.5, 1.732_050_8, 0.015_625, 4.0]);
    close(&answer(&power(&[-2.0], true), &powers), &[1.0, 4.0, -0.5, nan, -8.0, 4.0]);
}

#[test]
fn zeros_like_something_and_the_shape_of_two() {
    let mut model = Fixture::default();
    let input = model.input(&[1, 1, 2, 3]);
    let zeros = model.operator(Op::ZEROS_LIKE, &[input], &[1, 1, 2, 3], None);
    let (a, b) = (model.integers(&[2], &[2, 1]), model.integers(&[4], &[5, 1, 1, 3]));
    let shape = model.tensor(TensorType::INT32, &[4]);
    model.operator_into(Op::BROADCAST_ARGS, &[a, b], shape, None);
    let options = options!(AddOptions, t::AddOptionsArgs::default());
    let sum = model.operator(Op::ADD, &[input, zeros], &[1, 1, 2, 3], options);
    let wide = model.operator(Op::BROADCAST_TO, &[sum, shape], &[5, 1, 2, 3], None);
    model.outputs.push(wide);
    let values = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
    assert_eq!(answer(&model, &values), values.repeat(5));
}

#[test]
fn steps_of_a_row_go_into_a_batch_and_back() {
    let mut model = Fixture::default();
    // Six steps of one channel, as Keras exports a Conv1D with a dilation of 2.
    let input = model.input(&[1, 1, 6, 1]);
    let row = model.integers(&[3], &[1, 6, 1]);
    let reshape = || options!(ReshapeOptions, t::ReshapeOptionsArgs { new_shape: None });
    let row = model.operator(Op::RESHAPE, &[input, row], &[1, 6, 1], reshape());
    let (block, none) = (model.integers(&[1], &[2]), model.integers(&[1, 2], &[0, 0]));
    let inputs = [row, block, none];
    let batch = model.operator(Op::SPACE_TO_BATCH_ND, &inputs, &[2, 3, 1], None);
    let axis = model.integers(&[], &[1]);
    let images = model.operator(Op::EXPAND_DIMS, &[batch, axis], &[2, 1, 3, 1], None);
    let (kernel, bias) = (model.floats(&[1, 1, 2, 1], &[1.0, 10.0]), model.floats(&[1], &[0.0]));
    let args = t::Conv2DOptionsArgs {
        padding: Padding::VALID,
        stride_h: 1,
        stride_w: 1,
        ..Default::default()
    };
    let options = options!(Conv2DOptions, args);
    let conv = model.operator(Op::CONV_2D, &[images, kernel, bias], &[2, 1, 2, 1], options);
    let back = model.integers(&[3], &[2, 2, 1]);
    let back = model.operator(Op::RESHAPE, &[conv, back], &[2, 2, 1], reshape());
    let inputs = [back, block, none];
    let output = model.operator(Op::BATCH_TO_SPACE_ND, &inputs, &[1, 4, 1], None);
    model.outputs.push(output);
    // Each step, and ten times the one after the next.
    let answer = answer(&model, &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    assert_eq!(answer, [31.0, 42.0, 53.0, 64.0]);
}

#[test]
fn floats_that_were_whole_numbers_are_rounded_once() {
    let mut model = Fixture::default();
    let input = model.input(&[1, 1, 4, 1]);
    let (fine, coarse) = (
        model.tensor(TensorType::INT8, &[1, 1, 4, 1]),
        model.tensor(TensorType::INT8, &[1, 1, 4, 1]),
    );
    model.quantize_at(fine, 1.0 / 255.0, -128);
    model.quantize_at(coarse, 0.075, -128);
    model.operator_into(Op::QUANTIZE, &[input], fine, None);
    let float = model.operator(Op::DEQUANTIZE, &[fine], &[1, 1, 4, 1], None);
    model.operator_into(Op::QUANTIZE, &[float], coarse, None);
    let output = model.operator(Op::DEQUANTIZE, &[coarse], &[1, 1, 4, 1], None);
    model.outputs.push(output);
    // 9, 86, 162 and 100 of 255, in steps of 0.075: 0.471, 4.497, 8.471 and 5.229.
    let answer = answer(&model, &[9.0, 86.0, 162.0, 100.0].map(|value| value / 255.0));
    close(&answer, &[0.0, 0.3, 0.6, 0.375]);
}

/// Each row becomes a slice: hundreds of them, after other operators.
#[test]
fn many_rows_may_be_turned_round_or_left_out() {
    const ROWS: i32 = 240;
    let values: Vec<f32> = (0..ROWS * 2).map(|n| f32::from(i16::try_from(n).unwrap())).collect();
    let rows: Vec<&[f32]> = values.chunks(2).collect();
    let mut turned = Fixture::default();
    let input = turned.input(&[1, ROWS, 2, 1]);
    let squared = turned.operator(Op::MUL, &[input, input], &[1, ROWS, 2, 1], None);
    let axis = turned.integers(&[1], &[1]);
    let output = turned.operator(Op::REVERSE_V2, &[squared, axis], &[1, ROWS, 2, 1], None);
    turned.outputs.push(output);
    let expected: Vec<f32> = rows.iter().rev().flat_map(|row| row.iter().map(|v| v * v)).collect();
    assert_eq!(answer(&turned, &values), expected);

    let mut second = Fixture::default();
    let input = second.input(&[1, ROWS, 2, 1]);
    let [begin, end, strides] =
        [[0, 1, 0, 0], [1, ROWS, 2, 1], [1, 2, 1, 1]].map(|list| second.integers(&[4], &list));
    let options = options!(StridedSliceOptions, t::StridedSliceOptionsArgs::default());
    let inputs = [input, begin, end, strides];
    let output = second.operator(Op::STRIDED_SLICE, &inputs, &[1, ROWS / 2, 2, 1], options);
    second.outputs.push(output);
    let expected: Vec<f32> = rows.iter().skip(1).step_by(2).flat_map(|row| row.to_vec()).collect();
    assert_eq!(answer(&second, &values), expected);
}

#[test]
fn what_the_runtime_would_refuse_is_refused() {
    for (code, operands, count) in
        [(Op::LOGICAL_AND, 3, 2), (Op::LOGICAL_OR, 1, 2), (Op::LOGICAL_NOT, 2, 1)]
    {
        let mut model = Fixture::default();
        let input = model.input(&[1, 1, 4, 3]);
        let zero = model.floats(&[1], &[0.0]);
        let flags = model.tensor(TensorType::BOOL, &[1, 1, 4, 3]);
        model.operator_into(Op::GREATER, &[input, zero], flags, None);
        let joined = model.tensor(TensorType::BOOL, &[1, 1, 4, 3]);
        model.operator_into(code, &vec![flags; operands], joined, None);
        let output = model.operator(Op::SELECT, &[joined, input, input], &[1, 1, 4, 3], None);
        model.outputs.push(output);
        let said = refused(&model);
        assert!(said.contains(&format!("has {operands} operands, and not {count}")), "{said}");
    }
    let mut model = Fixture::default();
    let input = model.input(&[1, 4, 4, 3]);
    let size = model.integers(&[2], &[2, 2]);
    let args = t::ResizeBilinearOptionsArgs { align_corners: true, half_pixel_centers: true };
    let options = options!(ResizeBilinearOptions, args);
    let output = model.operator(Op::RESIZE_BILINEAR, &[input, size], &[1, 2, 2, 3], options);
    model.outputs.push(output);
    let said = refused(&model);
    assert!(said.contains("which exclude each other"), "{said}");
}
