//! Models that others made: `classify --model`, `--raw`, `inspect` and `convert`.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;
use tempfile::TempDir;

use crate::helpers::{json_lines, lookbook, repository, skipped, stdout};

/// What the official runtime answered for real models.
#[derive(Deserialize)]
struct Zoo {
    models: Vec<Expected>,
}

#[derive(Deserialize)]
struct Expected {
    model: String,
    output: Output,
    preprocess: String,
    labels_from: Option<String>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Output {
    dtype: String,
    /// Scale and zero point.
    quant: (f64, f64),
}

#[derive(Deserialize)]
struct Case {
    /// Of exactly the network's size.
    input_png: String,
    top5: Option<Vec<Top>>,
    output_raw: Value,
}

#[derive(Deserialize)]
struct Top {
    label: Option<String>,
    score: f64,
}

impl Expected {
    /// How pixels become numbers; nothing for whole numbers.
    fn normalise(&self) -> Option<&'static str> {
        match self.preprocess.as_str() {
            "float32 = pixel (0..255)" => Some("--normalise=0..255"),
            "float32 = pixel/255" => Some("--normalise=0..1"),
            whole if whole.contains("int8") => None,
            other => panic!("{}: {other}", self.model),
        }
    }

    /// The outputs of a case as real values.
    fn outputs(&self, case: &Case) -> Vec<f64> {
        let mut flat = vec![];
        flatten(&case.output_raw, &mut flat);
        let (scale, zero) = self.output.quant;
        if self.output.dtype != "float32" {
            for value in &mut flat {
                *value = (*value - zero) * scale;
            }
        }
        flat
    }
}

fn flatten(value: &Value, into: &mut Vec<f64>) {
    match value {
        Value::Array(values) => values.iter().for_each(|value| flatten(value, into)),
        value => into.push(value.as_f64().unwrap()),
    }
}

/// The place of the greatest value, and how far the next is behind.
fn top(values: &[f64]) -> (usize, f64) {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|a, b| values[*b].total_cmp(&values[*a]));
    (order[0], values[order[0]] - values[order[1]])
}

/// The folder of real models, if it is there.
fn zoo() -> Option<(PathBuf, Zoo)> {
    let folder = repository("../shared/data/zoo");
    let Ok(text) = std::fs::read_to_string(folder.join("expected.json")) else {
        skipped("no ../shared/data/zoo");
        return None;
    };
    Some((folder, serde_json::from_str(&text).unwrap()))
}

/// The outputs of a model for photos.
fn raw(model: &Path, normalise: Option<&str>, photos: &[PathBuf]) -> Vec<Vec<f64>> {
    let dir = TempDir::new().unwrap();
    let mut command = lookbook(dir.path());
    command.args(["classify", "--raw", "--model"]).arg(model).args(normalise).args(photos);
    let lines = json_lines(&stdout(&command.output().unwrap(), 0));
    let outputs = |line: &Value| serde_json::from_value(line["outputs"].clone()).unwrap();
    assert_eq!(lines.len(), photos.len());
    lines.iter().map(outputs).collect()
}

#[test]
fn real_models_answer_as_in_the_official_runtime() {
    let Some((folder, zoo)) = zoo() else { return };
    assert_eq!(zoo.models.len(), 14);
    for model in &zoo.models {
        let photos: Vec<PathBuf> =
            model.cases.iter().map(|case| folder.join(&case.input_png)).collect();
        let answers = raw(&folder.join(&model.model), model.normalise(), &photos);
        let expected: Vec<Vec<f64>> = model.cases.iter().map(|case| model.outputs(case)).collect();
        let all = || expected.iter().flatten().copied();
        let range = all().fold(f64::MIN, f64::max) - all().fold(f64::MAX, f64::min);
        let tolerance = match model.output.dtype.as_str() {
            // The official runtime rounds the activations of this one.
            _ if model.model.contains("embedder") => 0.05 * range,
            "float32" => 1e-4,
            // The same whole numbers: only their products with the scale are rounded.
            _ => 1e-6 * range,
        };
        for (answer, expected) in answers.iter().zip(&expected) {
            assert_eq!(answer.len(), expected.len(), "{}", model.model);
            let differences = answer.iter().zip(expected).map(|(a, b)| (a - b).abs());
            let worst = differences.fold(0.0, f64::max);
            println!("{}: {worst:.2e} of {range:.3}", model.model);
            assert!(worst <= tolerance, "{}: {worst} of {range}", model.model);
            let (label, margin) = top(expected);
            if margin > 3.0 * model.output.quant.0 {
                assert_eq!(top(answer).0, label, "{}", model.model);
            }
        }
    }
}

#[test]
fn models_that_carry_metadata_need_no_flags() {
    let Some((folder, zoo)) = zoo() else { return };
    let dir = TempDir::new().unwrap();
    let mut tried = 0;
    for model in &zoo.models {
        let labels_from = model.labels_from.as_deref().unwrap_or_default();
        if !labels_from.starts_with("metadata:") {
            continue;
        }
        let photos = model.cases.iter().map(|case| folder.join(&case.input_png));
        let mut command = lookbook(dir.path());
        command.args(["classify", "--format", "json", "--model"]).arg(folder.join(&model.model));
        let lines = json_lines(&stdout(&command.args(photos).output().unwrap(), 0));
        for (line, case) in lines.iter().zip(&model.cases) {
            let top5 = case.top5.as_ref().unwrap();
            let step = model.output.quant.0;
            if top5[0].score - top5[1].score > 3.0 * step {
                assert_eq!(line["label"].as_str(), top5[0].label.as_deref(), "{}", model.model);
            }
            tried += 1;
        }
    }
    assert!(tried >= 10, "{tried}");
}

#[test]
fn labels_from_a_file_name_the_outputs_of_a_model_without_metadata() {
    let Some((folder, _)) = zoo() else { return };
    let dir = TempDir::new().unwrap();
    let model = folder.join("coral/mobilenet_v1_0.25_128_quant_nometa.tflite");
    let photo = folder.join("inputs/sunflower_128x128x3.png");
    let mut command = lookbook(dir.path());
    command.args(["classify", "--format", "json", "--model"]).arg(&model).arg(&photo);
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(error.contains("--labels FILE (LABELS_FILE)"), "{error}");
    command.arg("--labels").arg(folder.join("coral/imagenet_labels.txt"));
    let lines = json_lines(&stdout(&command.output().unwrap(), 0));
    assert_eq!(lines[0]["label"], "daisy");
    command.arg("--normalise=imagenet");
    let error = String::from_utf8_lossy(&command.output().unwrap().stderr).into_owned();
    assert!(error.contains("leave --normalise (NORMALISE) away"), "{error}");
}

#[test]
fn inspect_tells_what_there_is_to_know() {
    let dir = TempDir::new().unwrap();
    let output = lookbook(dir.path()).args(["inspect", "--format", "json"]).output().unwrap();
    let shown: Value = serde_json::from_str(&stdout(&output, 0)).unwrap();
    assert_eq!((&shown["kind"], &shown["loads"]), (&"float16".into(), &true.into()));
    assert_eq!(shown["labels"].as_array().unwrap().len(), 10);
    assert_eq!(shown["labels_from"], "description");
    assert_eq!(shown["inputs"][0]["shape"], serde_json::json!([1, 224, 224, 3]));
    assert!(shown["multiply_adds"].as_u64().unwrap() > 300_000_000);
    assert!(shown["parameters"].as_u64().unwrap() > 3_000_000);
    assert!(shown["load_ms"].as_f64().unwrap() > 0.0 && shown["photo_ms"].as_f64().unwrap() > 0.0);
    let table = stdout(&lookbook(dir.path()).arg("inspect").output().unwrap(), 0);
    assert!(table.contains("dress, hat, longsleeve"), "{table}");

    // A copy with no text beside it still describes itself.
    let mut file = std::fs::read(repository("model/clothing.tflite")).unwrap();
    std::fs::write(dir.path().join("copy.tflite"), &file).unwrap();
    let output = lookbook(dir.path()).args(["inspect", "copy.tflite", "--format", "json"]).output();
    let copy: Value = serde_json::from_str(&stdout(&output.unwrap(), 0)).unwrap();
    assert_eq!(
        (&copy["labels"], &copy["normalisation"]),
        (&shown["labels"], &shown["normalisation"])
    );
    assert_eq!(
        (&copy["labels_from"], &copy["normalisation_from"]),
        (&"metadata".into(), &"metadata".into())
    );

    // One without its metadata can be run, but not named.
    let name = b"TFLITE_METADATA";
    let place = file.windows(name.len()).position(|bytes| bytes == name).unwrap();
    file[place] = b'X';
    std::fs::write(dir.path().join("bare.tflite"), &file).unwrap();
    let args = ["inspect", "bare.tflite", "--format", "json", "--normalise", "-1..1"];
    let output = lookbook(dir.path()).args(args).output().unwrap();
    let shown: Value = serde_json::from_str(&stdout(&output, 1)).unwrap();
    assert_eq!((&shown["loads"], &shown["classifies"]), (&true.into(), &false.into()));
    assert_eq!(shown["normalisation_from"], "flag");
    assert_eq!(shown["normalisation"]["std"], serde_json::json!([127.5, 127.5, 127.5]));
    assert!(shown["problems"][0].as_str().unwrap().contains("10 outputs"), "{shown}");
}

#[test]
fn a_converted_model_gives_the_same_scores() {
    let dir = TempDir::new().unwrap();
    let photos = [repository("events/photos/shoes-1.jpg")];
    let model = repository("model/clothing.tflite");
    let mut command = lookbook(dir.path());
    let output = command.arg("convert").arg(&model).arg("out.tflite").output().unwrap();
    assert!(stdout(&output, 0).starts_with("out.tflite: "));
    let normalise = Some("--normalise=-1..1");
    let converted = dir.path().join("out.tflite");
    assert_eq!(raw(&model, normalise, &photos), raw(&converted, normalise, &photos));

    std::fs::write(dir.path().join("none.tflite"), "no model").unwrap();
    let mut command = lookbook(dir.path());
    let output = command.args(["convert", "none.tflite", "x.tflite"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("none.tflite: not a TensorFlow Lite"));
    assert!(!dir.path().join("x.tflite").exists());
}

#[test]
fn a_model_of_any_size_and_of_several_outputs_is_described_by_flags() {
    use lookbook_tflite_fixture::tflite::{BuiltinOperator as Op, ReducerOptionsArgs};
    use lookbook_tflite_fixture::{Fixture, options};

    let dir = TempDir::new().unwrap();
    let mut model = Fixture::default();
    let input = model.input(&[1, 1, 1, 3]);
    model.signature(input, &[-1, -1, -1, 3]);
    let axes = model.integers(&[2], &[1, 2]);
    for code in [Op::REDUCE_MIN, Op::REDUCE_MAX] {
        let options = options!(ReducerOptions, ReducerOptionsArgs { keep_dims: false });
        let output = model.operator(code, &[input, axes], &[1, 3], options);
        model.outputs.push(output);
    }
    std::fs::write(dir.path().join("any.tflite"), model.build()).unwrap();

    let inspect = |args: &[&str], code: i32| -> Value {
        let args = [&["inspect", "any.tflite", "--format", "json"], args].concat();
        let output = lookbook(dir.path()).args(args).output().unwrap();
        serde_json::from_str(&stdout(&output, code)).unwrap()
    };
    let shown = inspect(&[], 1);
    assert!(shown["problems"][0].as_str().unwrap().contains("has 2 outputs (0 is"), "{shown}");
    assert!(shown["draft"].as_str().unwrap().contains("output_number = 0"), "{shown}");
    assert_eq!(shown["inputs"][0]["shape"], serde_json::json!([-1, -1, -1, 3]));
    let shown = inspect(&["--output", "1"], 1);
    assert!(shown["problems"][0].as_str().unwrap().contains("--size WIDTHxHEIGHT"), "{shown}");

    std::fs::write(dir.path().join("labels.txt"), "red\ngreen\nblue\n").unwrap();
    let flags = ["--output=1", "--size=20x10", "--normalise=caffe"];
    let shown = inspect(&[&flags[..], &["--labels=labels.txt"]].concat(), 0);
    assert_eq!(
        (&shown["classifies"], &shown["colours"], &shown["size"], &shown["draft"]),
        (&true.into(), &"bgr".into(), &serde_json::json!([20, 10]), &Value::Null)
    );
    let photo = repository("events/photos/shoes-1.jpg");
    let mut command = lookbook(dir.path());
    command.args(["classify", "--raw", "--model=any.tflite"]).args(flags).arg(&photo);
    let answers = json_lines(&stdout(&command.output().unwrap(), 0));
    let outputs: Vec<f64> = serde_json::from_value(answers[0]["outputs"].clone()).unwrap();
    assert!(outputs.len() == 3 && outputs.iter().all(|value| value.abs() < 160.0), "{outputs:?}");
    let args = ["convert", "any.tflite", "to.tflite", "--output=1", "--size=20x10"];
    stdout(&lookbook(dir.path()).args(args).output().unwrap(), 0);
    let mut command = lookbook(dir.path());
    command.args(["classify", "--raw", "--model=to.tflite", "--normalise=caffe"]).arg(&photo);
    let converted = json_lines(&stdout(&command.output().unwrap(), 0));
    assert_eq!(converted[0]["outputs"], answers[0]["outputs"]);
}
