//! Tests of classifiers, made of small models.

// Numbers of files come back as they are.
#![allow(clippy::float_cmp)]

use std::path::Path;
use std::sync::Arc;

use lookbook_tflite_fixture::tflite::{BuiltinOperator, MulOptionsArgs, TensorType};
use lookbook_tflite_fixture::{Fixture, colours, options};

use super::super::*;
use crate::photo::Photo;

/// A description of [`colours`].
fn description(width: u32, height: u32) -> String {
    format!(
        r#"
        name = "colours"
        source = "a test"
        labels = ["red", "green", "blue"]
        review_below = 0.5
        output = "logits"
        [input]
        width = {width}
        height = {height}
        resize = "squash"
        filter = "bilinear"
        mean = [100.0, 110.0, 120.0]
        std = [10.0, 20.0, 30.0]
        "#
    )
}

/// A photo of one colour.
fn photo(width: u32, height: u32, colour: [u8; 3]) -> Photo {
    Photo::from_rgb(width, height, colour.repeat((width * height) as usize)).unwrap()
}

#[test]
fn each_colour_is_normalised_by_itself_and_the_softmax_follows() {
    // Wider than high, so that sides that are mixed up show.
    let model = colours(6, 8).build();
    let classifier = Classifier::from_bytes(&model, &description(8, 6)).unwrap();
    let scores = classifier.classify(&photo(8, 6, [120, 150, 150])).unwrap();
    // The logits are (120 - 100) / 10, (150 - 110) / 20 and (150 - 120) / 30.
    let sum = 2_f32.exp() + 2_f32.exp() + 1_f32.exp();
    for (label, expected) in [("red", 2_f32), ("green", 2.0), ("blue", 1.0)] {
        let score = scores.get(label).unwrap();
        assert!((score - expected.exp() / sum).abs() < 1e-6, "{label}: {score}");
    }
    assert_eq!(scores.top().0.as_str(), "red");
    assert_eq!(classifier.model_id(), &ModelId::of(&model));
    assert_eq!(classifier.description_sha256(), &classifier.description().sha256());
}

#[test]
fn the_temperature_divides_and_a_photo_of_another_size_is_resized() {
    let model = colours(6, 8).build();
    let toml = description(8, 6).replace("[input]", "temperature = 2.0\n[input]");
    let classifier = Classifier::from_bytes(&model, &toml).unwrap();
    let scores = classifier.classify(&photo(31, 17, [120, 110, 120])).unwrap();
    let red = 1_f32.exp() / (1_f32.exp() + 2.0);
    assert!((scores.confidence() - red).abs() < 1e-6, "{scores:?}");
}

#[test]
fn probabilities_are_taken_as_they_are_and_others_are_found_out() {
    let model = colours(6, 8).build();
    let toml = description(8, 6)
        .replace("logits", "probabilities")
        .replace("100.0, 110.0, 120.0", "0.0, 0.0, 0.0")
        .replace("10.0, 20.0, 30.0", "255.0, 255.0, 255.0");
    let classifier = Classifier::from_bytes(&model, &toml).unwrap();
    let scores = classifier.classify(&photo(8, 6, [51, 102, 102])).unwrap();
    assert!((scores.get("red").unwrap() - 0.2).abs() < 1e-6, "{scores:?}");
    assert!((scores.get("blue").unwrap() - 0.4).abs() < 1e-6, "{scores:?}");

    let classifier = Classifier::from_bytes(&model, &toml.replace("[255.0", "[5.0")).unwrap();
    let error = classifier.classify(&photo(8, 6, [51, 0, 0])).unwrap_err();
    assert_eq!(error.code(), "not_probabilities");
    assert!(error.to_string().contains("answers 10.2"), "{error}");
}

#[test]
fn nan_and_infinity_are_an_error_of_the_photo() {
    for poison in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let mut model = colours(6, 8);
        let means = model.outputs.pop().unwrap();
        let factors = model.floats(&[1, 3], &[1.0, poison, 1.0]);
        let product = model.operator(
            BuiltinOperator::MUL,
            &[means, factors],
            &[1, 3],
            options!(MulOptions, MulOptionsArgs::default()),
        );
        model.outputs.push(product);
        let classifier = Classifier::from_bytes(&model.build(), &description(8, 6)).unwrap();
        let error = classifier.classify(&photo(8, 6, [9, 9, 9])).unwrap_err();
        assert_eq!(error.code(), "not_finite");
        assert!(error.to_string().contains("for \"green\""), "{error}");
    }
}

#[test]
fn a_description_of_another_model_is_told_apart() {
    let model = colours(6, 8).build();
    for (description, expected) in [
        (
            description(9, 6),
            "8 x 6 pixels (width x height), but its description says 9: correct `input.width`",
        ),
        (description(8, 8), "correct `input.height`"),
        (
            description(8, 6).replace("\"red\", ", ""),
            "3 outputs, but there are 2 labels (from the description)",
        ),
        (description(8, 6).replace("logits", "odds"), "unknown variant `odds`"),
    ] {
        let error = Classifier::from_bytes(&model, &description).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}

/// A choice of a model in a folder.
fn choice(path: &Path) -> Choice {
    Choice { model: Some(path.to_owned().into()), ..Choice::default() }
}

#[test]
fn what_nobody_says_is_asked_for_and_settings_come_first() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("colours.tflite");
    let missing = Classifier::load(&path).unwrap_err();
    assert!(matches!(missing, ModelError::Read { .. }), "{missing}");

    std::fs::write(&path, colours(6, 8).build()).unwrap();
    let error = Classifier::load(&path).unwrap_err().to_string();
    assert!(error.contains("--normalise -1..1") && error.contains("mean = [127.5"), "{error}");
    let mut choice = choice(&path);
    choice.normalise = Some(Normalise::ZeroToOne);
    let error = Classifier::open(&choice).unwrap_err().to_string();
    assert!(error.contains("--labels FILE (LABELS_FILE)"), "{error}");
    assert!(error.contains(r#"labels = ["label-1", "label-2", "label-3"]"#), "{error}");

    let labels = folder.path().join("labels.txt");
    std::fs::write(&labels, "\u{feff}0 red\r\n1 green\r\n2 blue\r\n\r\n").unwrap();
    choice.labels = Some(labels.clone());
    let classifier = Classifier::open(&choice).unwrap();
    assert_eq!(classifier.labels_from(), Origin::Setting);
    let description = classifier.description();
    assert_eq!((description.name.as_str(), description.output), ("colours", Output::Logits));
    assert_eq!(description.labels[1].as_str(), "green");
    assert_eq!((description.input.mean, description.input.std), ([0.0; 3], [255.0; 3]));

    // A text beside the model says the rest, and gives way to settings.
    let toml = "labels = [\"a\", \"b\", \"c\"]\n[input]\nmean = [1, 1, 1]\nstd = [2, 2, 2]\n";
    std::fs::write(folder.path().join("colours.toml"), toml).unwrap();
    let classifier = Classifier::open(&choice).unwrap();
    assert_eq!(classifier.description().labels[1].as_str(), "green");
    assert_eq!(classifier.description().input.std, [255.0; 3]);
    let classifier = Classifier::load(&path).unwrap();
    assert_eq!(classifier.labels_from(), Origin::Description);
    assert_eq!(classifier.description().labels[1].as_str(), "b");
    assert_eq!(classifier.description().input.std, [2.0; 3]);

    std::fs::write(&labels, "red\ngreen\n").unwrap();
    let error = Classifier::open(&choice).unwrap_err().to_string();
    assert!(error.contains("3 outputs, but there are 2 labels (from the flag)"), "{error}");
    std::fs::write(&labels, "red\n\nblue\n").unwrap();
    let error = Classifier::open(&choice).unwrap_err().to_string();
    assert!(error.contains("item 2: a label must not be empty"), "{error}");
}

#[test]
fn grey_is_weighed_as_pillow_weighs_it() {
    let mut model = Fixture::default();
    let input = model.input(&[1, 1, 2, 1]);
    let output = model.operator(BuiltinOperator::RELU, &[input], &[1, 1, 2, 1], None);
    model.outputs.push(output);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("grey.tflite");
    std::fs::write(&path, model.build()).unwrap();
    let mut choice = choice(&path);
    choice.normalise = Some(Normalise::Pixels);
    let model = Model::open(&choice).unwrap();
    // Of Pillow 12: Image.new("RGB", (1, 1), (200, 30, 90)).convert("L") is 88.
    let photo = Photo::from_rgb(2, 1, vec![200, 30, 90, 255, 255, 255]).unwrap();
    assert_eq!(model.outputs(&photo).unwrap(), [88.0, 255.0]);
    assert_eq!(model.normalisation(), Origin::Setting);
}

#[test]
fn a_normalisation_for_whole_numbers_must_be_what_they_stand_for() {
    let mut model = Fixture::default();
    let input = model.tensor(TensorType::UINT8, &[1, 1, 2, 1]);
    // From (0 - 120) / 50 to (255 - 120) / 50, as what `imagenet` makes of pixels.
    model.quantize_at(input, 0.02, 120);
    model.inputs.push(input);
    let output = model.operator(BuiltinOperator::DEQUANTIZE, &[input], &[1, 1, 2, 1], None);
    model.outputs.push(output);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("whole.tflite");
    std::fs::write(&path, model.build()).unwrap();
    let mut choice = choice(&path);
    let photo = photo(2, 1, [0, 0, 0]);
    let model = Model::open(&choice).unwrap();
    assert_eq!(model.normalisation(), Origin::Network);
    // 0 stands for (0 - 120) * 0.02.
    assert!((model.outputs(&photo).unwrap()[0] + 2.4).abs() < 1e-6);

    choice.normalise = Some(Normalise::ImageNet);
    let model = Model::open(&choice).unwrap();
    assert_eq!(model.normalisation(), Origin::Setting);
    // (0 - 123.675) / 58.395 is -2.117904, which is rounded to 14, (14 - 120) * 0.02.
    let answer = model.outputs(&photo).unwrap();
    assert!((answer[0] + 2.12).abs() < 1e-6, "{answer:?}");

    for wrong in [Normalise::Pixels, Normalise::ZeroToOne] {
        choice.normalise = Some(wrong);
        let error = Model::open(&choice).unwrap_err().to_string();
        assert!(error.contains("stand for -2.40 to 2.70, but the normalisation"), "{error}");
        assert!(error.contains("leave --normalise (NORMALISE) away"), "{error}");
    }
    choice.normalise = None;
    std::fs::write(path.with_extension("toml"), "[input]\nmean = [0, 0, 0]\nstd = [1, 1, 1]")
        .unwrap();
    assert!(matches!(Model::open(&choice).unwrap_err(), ModelError::Normalised { .. }));
}

#[test]
fn the_first_of_several_problems_says_where_the_others_are() {
    let mut model = colours(6, 8);
    for _ in 0..2 {
        let last = model.outputs.pop().unwrap();
        let output = model.operator(BuiltinOperator::CUMSUM, &[last], &[1, 3], None);
        model.outputs.push(output);
    }
    let error = Classifier::from_bytes(&model.build(), &description(8, 6)).unwrap_err();
    assert!(matches!(error, ModelError::Several { others: 1, .. }), "{error}");
    let error = error.to_string();
    assert!(error.starts_with("operator 2 of the model, CUMSUM"), "{error}");
    assert!(error.ends_with(" (and 1 more: `lookbook inspect` lists them)"), "{error}");
}

#[test]
fn the_built_in_models_view_is_known_before_it_is_loaded() {
    let known = Classifier::view_of(&Choice::default());
    assert_eq!(known, Some(Classifier::embedded().unwrap().view()));
    assert_eq!(Classifier::view_of(&choice("other.tflite".as_ref())), None);
}

#[test]
fn threads_that_share_a_classifier_get_the_same_scores() {
    let classifier = Arc::new(Classifier::embedded().unwrap());
    let noise = |seed: u32| {
        let value = |n: u32| (n.wrapping_mul(2_654_435_761).rotate_left(seed) >> 24) as u8;
        Photo::from_rgb(224, 224, (0..224 * 224 * 3).map(value).collect()).unwrap()
    };
    let photos: Arc<Vec<Photo>> = Arc::new((0..3).map(noise).collect());
    let alone: Vec<Scores> = photos.iter().map(|p| classifier.classify(p).unwrap()).collect();
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let (classifier, photos) = (Arc::clone(&classifier), Arc::clone(&photos));
            std::thread::spawn(move || {
                photos.iter().map(|p| classifier.classify(p).unwrap()).collect::<Vec<_>>()
            })
        })
        .collect();
    for thread in threads {
        assert_eq!(thread.join().unwrap(), alone);
    }
}

#[test]
fn a_model_that_was_cut_short_is_an_error_and_no_panic() {
    for hundredth in 0..100 {
        let length = embedded::MODEL.len() * hundredth / 100;
        let cut = &embedded::MODEL[..length];
        let error = Classifier::from_bytes(cut, embedded::DESCRIPTION).unwrap_err();
        let expected =
            if length == 0 { "but an empty file" } else { "not a TensorFlow Lite model: " };
        assert!(error.to_string().contains(expected), "{length} bytes: {error}");
    }
}
