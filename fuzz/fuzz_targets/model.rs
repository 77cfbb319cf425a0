//! A hostile model file is loaded and, if it can be, shown a photo.
//!
//! A file may be refused, but our own code must not panic on it, whoever would contain that; nothing
//! may panic where nobody contains it; and neither time nor memory may run out.

#![no_main]

#[allow(dead_code)]
mod common;

use libfuzzer_sys::fuzz_target;
use lookbook::classifier::{Classifier, ModelError};
use lookbook::photo::Photo;

/// Labels are left out: they come from the model's metadata, if it has any.
const DESCRIPTION: &str = "[input]\nmean = [127.5, 127.5, 127.5]\nstd = [127.5, 127.5, 127.5]\n";

/// The largest input that is shown a photo, so that one try takes little time.
const MAX_SIDE: u32 = 64;

/// The most outputs that are given names.
const MAX_OUTPUTS: usize = 1000;

fuzz_target!(
    init: common::watch(),
    |data: &[u8]| common::attempt(|| try_model(data))
);

fn try_model(file: &[u8]) {
    let classifier = match Classifier::from_bytes(file, DESCRIPTION) {
        // Most models say nothing of labels. Classifying must be reached all the same.
        Err(ModelError::NoLabels { outputs }) if outputs <= MAX_OUTPUTS => {
            let labels: Vec<String> = (0..outputs).map(|n| n.to_string()).collect();
            Classifier::from_bytes(file, &format!("labels = {labels:?}\n{DESCRIPTION}"))
        }
        classifier => classifier,
    };
    match classifier {
        Ok(classifier) => show_photo(&classifier),
        Err(error) => drop(error.to_string()),
    }
}

fn show_photo(classifier: &Classifier) {
    const SIDE: u32 = 8;
    let input = &classifier.description().input;
    if input.width > MAX_SIDE || input.height > MAX_SIDE {
        return;
    }
    let grey = vec![128; (SIDE * SIDE * 3) as usize];
    let photo = Photo::from_rgb(SIDE, SIDE, grey).expect("a photo of this size");
    match classifier.classify(&photo) {
        Ok(scores) => assert_eq!(scores.iter().count(), classifier.description().labels.len()),
        Err(error) => drop(error.to_string()),
    }
}
