//! Our scores against the official runtime's, on the same pixels.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use super::super::Classifier;
use crate::photo::Photo;

/// How far a score may lie from the official runtime's.
const TOLERANCE: f32 = 1e-4;

/// What the official runtime answered.
#[derive(Deserialize)]
struct Expected {
    model_id: String,
    photos: Vec<ExpectedPhoto>,
}

#[derive(Deserialize)]
struct ExpectedPhoto {
    /// A PNG of exactly the network's size.
    pixels: String,
    scores: BTreeMap<String, f32>,
}

#[test]
fn the_embedded_model_answers_as_in_the_official_runtime() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("model/expected");
    let json = std::fs::read(folder.join("expected.json")).expect("model/expected/expected.json");
    let expected: Expected = serde_json::from_slice(&json).unwrap();
    let classifier = Classifier::embedded().unwrap();
    assert_eq!(classifier.model_id().as_str(), expected.model_id, "answers of another model");
    assert!(!expected.photos.is_empty());

    let mut worst = 0.0_f32;
    for photo in &expected.photos {
        let pixels = image::open(folder.join(&photo.pixels)).expect(&photo.pixels).into_rgb8();
        let (width, height) = pixels.dimensions();
        let input = &classifier.description().input;
        assert_eq!((width, height), (input.width, input.height), "{}", photo.pixels);
        let pixels = Photo::from_rgb(width, height, pixels.into_raw()).unwrap();
        let scores = classifier.classify(&pixels).unwrap();
        assert_eq!(photo.scores.len(), scores.iter().len(), "{}", photo.pixels);
        for (label, score) in scores.iter() {
            let official = photo.scores[label.as_str()];
            let difference = (score - official).abs();
            worst = worst.max(difference);
            assert!(
                difference <= TOLERANCE,
                "{}, {label}: {score} here, {official} there",
                photo.pixels
            );
        }
    }
    println!("{} photos, greatest difference {worst:e}", expected.photos.len());
}
