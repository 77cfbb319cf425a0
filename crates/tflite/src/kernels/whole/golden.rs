//! Numbers that the official runtime gave, and what is ours beside them.
//!
//! `model/compat/whole.py` wrote the files of `tests/whole`: a list of cases for each operator. A variable
//! `LOOKBOOK_WHOLE` may name another folder of such files, with many more cases.

use std::fmt::Write as _;

use serde_json::Value;

use super::grid::Grid;
use super::range::Activation;
use crate::kernels::Geometry;

/// One run of one operator.
pub(super) struct Case(Value);

/// Runs `ours` for all cases of a file, and fails unless all its numbers are the runtime's.
pub(super) fn check(operator: &str, ours: impl Fn(&Case) -> Option<Vec<u8>>) {
    let folder = std::env::var("LOOKBOOK_WHOLE")
        .unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/tests/whole").into());
    let text = std::fs::read_to_string(format!("{folder}/{operator}.json")).unwrap();
    let cases: Vec<Value> = serde_json::from_str(&text).unwrap();
    assert!(!cases.is_empty());
    let (mut wrong, mut report) = (0, String::new());
    for case in &cases {
        let case = Case(case.clone());
        let (got, want) = (ours(&case), case.bytes("y"));
        if got.as_ref() == Some(&want) {
            continue;
        }
        wrong += 1;
        if wrong > 6 {
            continue;
        }
        let mut shown = case.0.clone();
        for value in shown.as_object_mut().unwrap().values_mut() {
            if let Some(text) = value.as_str().filter(|text| text.len() > 40) {
                *value = format!("{}... {}", &text[..40], text.len() / 2).into();
            }
        }
        let differ = got.map(|got| {
            let differ = got.iter().zip(&want).enumerate().filter(|(_, (got, want))| got != want);
            let places: Vec<_> = differ.map(|(place, (got, want))| (place, *got, *want)).collect();
            (got.len(), want.len(), places.len(), places.into_iter().take(12).collect::<Vec<_>>())
        });
        let _ =
            write!(report, "\n{shown}\n  lengths, differing, (place, ours, theirs): {differ:?}");
    }
    assert!(wrong == 0, "{operator}: {wrong} of {} cases differ{report}", cases.len());
}

impl Case {
    fn get(&self, name: &str) -> &Value {
        self.0.get(name).unwrap_or(&Value::Null)
    }

    /// A tensor's numbers, moved up by 128 where they are `int8`.
    pub(super) fn bytes(&self, name: &str) -> Vec<u8> {
        let text = self.get(name).as_str().unwrap_or_else(|| panic!("{name}"));
        let pairs = text.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).unwrap());
        pairs.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect()
    }

    /// Weights, moved down by 128 where they are `uint8`.
    pub(super) fn weights(&self, name: &str) -> Vec<i8> {
        self.bytes(name).iter().map(|byte| (byte ^ 0x80).cast_signed()).collect()
    }

    /// The little-endian float32 values of a tensor.
    pub(super) fn floats(&self, name: &str) -> Vec<f32> {
        let bytes = self.bytes(name);
        bytes.chunks_exact(4).map(|four| f32::from_le_bytes(four.try_into().unwrap())).collect()
    }

    /// The grid of a tensor: `[scale, zero, signed]` beside its numbers.
    pub(super) fn grid(&self, name: &str) -> Grid {
        let grid = self.get(&format!("{name}_grid"));
        let signed = grid[2].as_bool().unwrap();
        #[allow(clippy::cast_possible_truncation)]
        let (scale, zero) = (grid[0].as_f64().unwrap() as f32, grid[1].as_i64().unwrap() as i32);
        Grid { scale, zero: zero + if signed { 128 } else { 0 }, signed }
    }

    pub(super) fn numbers(&self, name: &str) -> Vec<f64> {
        let list = self.get(name).as_array().map_or(&[] as &[Value], Vec::as_slice);
        list.iter().map(|number| number.as_f64().unwrap()).collect()
    }

    #[allow(clippy::cast_possible_truncation)]
    pub(super) fn scales(&self, name: &str) -> Vec<f32> {
        self.numbers(name).into_iter().map(|scale| scale as f32).collect()
    }

    #[allow(clippy::cast_possible_truncation)]
    pub(super) fn ints(&self, name: &str) -> Vec<i32> {
        self.numbers(name).into_iter().map(|number| number as i32).collect()
    }

    pub(super) fn shape(&self, name: &str) -> Vec<usize> {
        self.ints(name).into_iter().map(|size| size.try_into().unwrap()).collect()
    }

    pub(super) fn number(&self, name: &str) -> f64 {
        self.get(name).as_f64().unwrap_or_else(|| panic!("{name}"))
    }

    pub(super) fn flag(&self, name: &str) -> bool {
        self.get(name).as_bool().unwrap_or(false)
    }

    pub(super) fn text(&self, name: &str) -> &str {
        self.get(name).as_str().unwrap_or("")
    }

    pub(super) fn activation(&self) -> Activation {
        match self.text("activation") {
            "RELU" => Activation::Relu,
            "RELU6" => Activation::Relu6,
            "RELU_N1_TO_1" => Activation::ReluN1To1,
            _ => Activation::None,
        }
    }

    pub(super) fn geometry(&self) -> Geometry {
        let three = |name| <[usize; 3]>::try_from(self.shape(name)).unwrap();
        let two = |name| <[usize; 2]>::try_from(self.shape(name)).unwrap();
        Geometry {
            input: three("input"),
            output: three("output"),
            size: two("size"),
            stride: two("stride"),
            dilation: two("dilation"),
            before: two("before"),
        }
    }
}
