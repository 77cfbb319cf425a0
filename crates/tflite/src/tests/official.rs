//! Small models of one operator or a few, against the official runtime.
//!
//! `tests/operators` holds the models, which `model/compat/operators.py` made with TensorFlow's converter,
//! and what the official runtime answers for each.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use crate::Network;

#[derive(Deserialize)]
struct Expected {
    /// By name, since models share them.
    inputs: BTreeMap<String, Vec<f32>>,
    files: BTreeMap<String, File>,
}

#[derive(Deserialize)]
struct File {
    input: Input,
    output: Output,
    operators: Vec<String>,
    /// Real values.
    outputs: Vec<f32>,
}

#[derive(Deserialize)]
struct Input {
    scale: f32,
    zero_point: f32,
    values: String,
}

#[derive(Deserialize)]
struct Output {
    scale: f32,
}

impl Input {
    /// The real value of a number in the file's own terms.
    fn real(&self, value: f32) -> f32 {
        if self.scale > 0.0 { (value - self.zero_point) * self.scale } else { value }
    }
}

#[test]
fn every_operator_answers_as_in_the_official_runtime() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/operators");
    let json = std::fs::read(folder.join("expected.json")).expect("tests/operators/expected.json");
    let expected: Expected = serde_json::from_slice(&json).unwrap();
    assert!(expected.files.len() > 200, "{}", expected.files.len());
    let (mut failures, mut same) = (vec![], 0);
    for (name, file) in &expected.files {
        let model = std::fs::read(folder.join(name)).expect(name);
        let input: Vec<f32> = expected.inputs[&file.input.values]
            .iter()
            .map(|value| file.input.real(*value))
            .collect();
        let answer = match Network::open(&model) {
            Ok(network) => network.run(&input).unwrap(),
            Err(error) => {
                failures.push(format!("{name}: {error}"));
                continue;
            }
        };
        assert_eq!(answer.len(), file.outputs.len(), "{name}");
        let worst = answer.iter().zip(&file.outputs).map(|(a, b)| (a - b).abs());
        let worst = worst.fold(0.0, f32::max);
        let greatest = file.outputs.iter().fold(1.0, |all: f32, value| all.max(value.abs()));
        let tolerance = match name.split('.').nth(1) {
            // The official runtime also rounds the activations of these.
            Some("dynamic") => 0.02 * greatest,
            // Not one step apart, but for the rounding of a product with the scale.
            Some("int8_uint8" | "uint8") => 1e-5 * greatest.max(file.output.scale),
            _ => 2e-6 * greatest,
        };
        same += usize::from(worst <= 1e-5 * greatest);
        if worst > tolerance {
            failures.push(format!("{name}: {worst:e} of {tolerance:e} {:?}", file.operators));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    println!("{} models, {same} of them the same to 1e-5", expected.files.len());
}
