//! Models of whole numbers: what becomes of their operators, and what is refused.

use std::path::{Path, PathBuf};

use lookbook_tflite_fixture::tflite as t;
use lookbook_tflite_fixture::tflite::{BuiltinOperator as Op, TensorType};
use lookbook_tflite_fixture::{Fixture, options};
use proptest::prelude::*;

use super::{open, refused};
use crate::{Network, convert, report};

/// An input of real values, and the same on a grid: its fixture, and the tensor of whole numbers.
fn on_grid(type_: TensorType, shape: &[i32], scale: f32, zero: i64) -> (Fixture, i32) {
    let mut model = Fixture::default();
    let input = model.input(shape);
    let whole = tensor(&mut model, type_, shape, scale, zero);
    model.operator_into(Op::QUANTIZE, &[input], whole, None);
    (model, whole)
}

/// A tensor on a grid.
fn tensor(model: &mut Fixture, type_: TensorType, shape: &[i32], scale: f32, zero: i64) -> i32 {
    let tensor = model.tensor(type_, shape);
    model.quantize_at(tensor, scale, zero);
    tensor
}

/// Ends a model with the real values of a tensor.
fn ended(mut model: Fixture, tensor: i32, shape: &[i32]) -> Fixture {
    let output = model.operator(Op::DEQUANTIZE, &[tensor], shape, None);
    model.outputs.push(output);
    model
}

fn answer(model: &Fixture, values: &[f32]) -> Vec<f32> {
    open(model).unwrap().run(values).unwrap()
}

/// The files of integer models among those of one operator.
fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/operators");
    let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let whole = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        name.ends_with("uint8.tflite")
    };
    paths.filter(whole).collect()
}

#[test]
fn an_operator_on_whole_numbers_stays_one_operator() {
    let mut one = 0;
    for path in files() {
        let file = std::fs::read(&path).unwrap();
        let written = convert(&file).unwrap().to_file().unwrap();
        let count = |file: &[u8]| report(file).unwrap().operators.into_values().sum::<usize>();
        // One more at each end, where real values become whole and whole ones real.
        one += usize::from(count(&written) <= count(&file) + 2);
        if path.to_string_lossy().contains("old_") {
            assert!(count(&written) <= count(&file) + 2, "{}", path.display());
        }
    }
    // What is not: moving values about in ways of which the canonical form has only the parts, and what has
    // no kernel.
    assert!(one > 50, "{one}");
}

#[test]
fn numbers_that_are_only_moved_stay_as_they_are() {
    let (mut model, whole) = on_grid(TensorType::INT8, &[1, 1, 2, 1], 0.5, -3);
    let shape = model.integers(&[2], &[2, 1]);
    let moved = tensor(&mut model, TensorType::INT8, &[2, 1], 0.25, 7);
    let options = options!(ReshapeOptions, t::ReshapeOptionsArgs { new_shape: None });
    model.operator_into(Op::RESHAPE, &[whole, shape], moved, options);
    let model = ended(model, moved, &[2, 1]);
    // -1 and -7, which stood for 1 and -2.
    assert_eq!(answer(&model, &[1.0, -2.0]), [-2.0, -3.5]);
    let written = convert(&model.build()).unwrap().to_file().unwrap();
    assert_eq!(Network::open(&written).unwrap().run(&[1.0, -2.0]).unwrap(), [-2.0, -3.5]);

    // Of several, too.
    let (mut model, whole) = on_grid(TensorType::INT8, &[1, 1, 2, 1], 0.5, -3);
    let packed = tensor(&mut model, TensorType::INT8, &[2, 1, 1, 2, 1], 0.25, 7);
    let options = options!(PackOptions, t::PackOptionsArgs { axis: 0, values_count: 2 });
    model.operator_into(Op::PACK, &[whole, whole], packed, options);
    let model = ended(model, packed, &[2, 1, 1, 2, 1]);
    assert_eq!(answer(&model, &[1.0, -2.0]), [-2.0, -3.5, -2.0, -3.5]);
}

#[test]
fn parts_on_other_grids_are_brought_to_one() {
    let (mut model, whole) = on_grid(TensorType::UINT8, &[1, 1, 2, 1], 0.5, 0);
    let all = tensor(&mut model, TensorType::UINT8, &[1, 1, 4, 1], 1.0, 10);
    let args = t::ConcatenationOptionsArgs { axis: 2, ..Default::default() };
    let options = options!(ConcatenationOptions, args);
    model.operator_into(Op::CONCATENATION, &[whole, whole], all, options);
    let model = ended(model, all, &[1, 1, 4, 1]);
    // 2.5 is halfway between two steps.
    assert_eq!(answer(&model, &[3.0, 2.5]), [3.0, 3.0, 3.0, 3.0]);
    // A file says that without an operator more: QUANTIZE, CONCATENATION, DEQUANTIZE.
    let written = convert(&model.build()).unwrap().to_file().unwrap();
    assert_eq!(report(&written).unwrap().operators.into_values().sum::<usize>(), 3);
    assert_eq!(Network::open(&written).unwrap().run(&[3.0, 2.5]).unwrap(), [3.0; 4]);
}

#[test]
fn padding_stands_for_zero_or_for_what_the_file_says() {
    let padded = |with: Option<i8>| {
        let (mut model, whole) = on_grid(TensorType::INT8, &[1, 1, 2, 1], 0.5, 1);
        let pads = model.integers(&[4, 2], &[0, 0, 0, 0, 1, 0, 0, 0]);
        let wide = tensor(&mut model, TensorType::INT8, &[1, 1, 3, 1], 0.5, 1);
        let mut operands = vec![whole, pads];
        let mut code = Op::PAD;
        if let Some(with) = with {
            let with = model.constant(TensorType::INT8, &[1], vec![with.cast_unsigned()]);
            model.quantize_at(with, 0.5, 1);
            operands.push(with);
            code = Op::PADV2;
        }
        model.operator_into(code, &operands, wide, None);
        ended(model, wide, &[1, 1, 3, 1])
    };
    for (with, first) in [(None, 0.0), (Some(5), 2.0)] {
        let model = padded(with);
        assert_eq!(answer(&model, &[3.0, -3.0]), [first, 3.0, -3.0]);
        let written = convert(&model.build()).unwrap().to_file().unwrap();
        let again = Network::open(&written).unwrap().run(&[3.0, -3.0]).unwrap();
        assert_eq!(again, [first, 3.0, -3.0]);
    }
}

/// A sum of an input on a grid with itself, on a grid of this scale and zero point.
fn sum(type_: TensorType, scale: f32, zero: i64) -> Fixture {
    let (mut model, whole) = on_grid(TensorType::INT8, &[1, 1, 2, 1], 0.5, 0);
    let sum = tensor(&mut model, type_, &[1, 1, 2, 1], scale, zero);
    let options = options!(AddOptions, t::AddOptionsArgs::default());
    model.operator_into(Op::ADD, &[whole, whole], sum, options);
    ended(model, sum, &[1, 1, 2, 1])
}

#[test]
fn grids_that_make_no_sense_are_refused() {
    assert_eq!(answer(&sum(TensorType::INT8, 1.0, 0), &[3.0, -2.0]), [6.0, -4.0]);
    let zero = refused(&sum(TensorType::INT8, 1.0, 128));
    assert!(zero.contains("a zero point that is no number of its tensor"), "{zero}");
    let fine = refused(&sum(TensorType::INT8, 1e-30, 0));
    assert!(fine.contains("scales beyond all bounds"), "{fine}");
    let scales = {
        let (mut model, whole) = on_grid(TensorType::INT8, &[1, 1, 1, 4], 0.5, 0);
        let weights = model.constant(TensorType::INT8, &[2, 4], vec![1; 8]);
        model.quantize(weights, 0.0);
        let dense = tensor(&mut model, TensorType::INT8, &[1, 2], 0.5, 0);
        let options = options!(FullyConnectedOptions, t::FullyConnectedOptionsArgs::default());
        model.operator_into(Op::FULLY_CONNECTED, &[whole, weights], dense, options);
        refused(&ended(model, dense, &[1, 2]))
    };
    assert!(scales.contains("scale is not a number above 0"), "{scales}");
}

#[test]
fn numbers_of_both_kinds_meet_as_real_values() {
    // The official runtime has no such operator.
    assert_eq!(answer(&sum(TensorType::UINT8, 1.0, 7), &[3.0, -2.0]), [6.0, -4.0]);
    // So much is out of its range.
    assert_eq!(answer(&sum(TensorType::UINT8, 1.0, 7), &[3.0, -9.0]), [6.0, -7.0]);
}

#[test]
fn numbers_of_16_bits_are_rounded_real_values() {
    let (mut model, whole) = on_grid(TensorType::INT16, &[1, 1, 2, 1], 0.5, 0);
    let sum = tensor(&mut model, TensorType::INT16, &[1, 1, 2, 1], 2.0, 0);
    let options = options!(AddOptions, t::AddOptionsArgs::default());
    model.operator_into(Op::ADD, &[whole, whole], sum, options);
    let model = ended(model, sum, &[1, 1, 2, 1]);
    // Rounded to 1.5 and -2.5, their sums to steps of 2, halves away from 0.
    assert_eq!(answer(&model, &[1.4, -2.6]), [4.0, -6.0]);
    let written = convert(&model.build()).unwrap().to_file().unwrap();
    assert_eq!(Network::open(&written).unwrap().run(&[1.4, -2.6]).unwrap(), [4.0, -6.0]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn a_damaged_integer_model_is_an_error_or_a_network(
        which in any::<prop::sample::Index>(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let files = files();
        let mut file = std::fs::read(which.get(&files)).unwrap();
        for (place, value) in damage {
            let place = place.index(file.len());
            file[place] = value;
        }
        if let Ok(converted) = convert(&file) {
            let _ = converted.to_file();
            // What it takes was counted before.
            if converted.multiply_adds() < 1 << 24
                && let Ok(network) = converted.into_network()
            {
                let ends = network.ends();
                let values = vec![0.5; ends.width * ends.height * ends.channels];
                let answer = network.run(&values);
                prop_assert!(answer.is_ok_and(|answer| answer.len() == ends.outputs));
            }
        }
    }
}
