//! `classify` and `evaluate`.

use serde_json::Value;
use tempfile::TempDir;

use crate::helpers::{
    json_lines, label_of, lookbook, repository, sample, samples, skipped, stdout,
};

#[test]
fn classify_prints_a_line_a_photo_in_order_and_fails_if_any_did() {
    let dir = TempDir::new().unwrap();
    std::fs::create_dir(dir.path().join("in")).unwrap();
    std::fs::write(dir.path().join("in/a hat.jpg"), sample("hat-1.jpg")).unwrap();
    std::fs::write(dir.path().join("in/b.png"), "").unwrap();
    std::fs::write(dir.path().join("in/.hidden"), "").unwrap();
    let args = ["classify", "--format", "json", "in", "missing.jpg"];
    let lines = json_lines(&stdout(&lookbook(dir.path()).args(args).output().unwrap(), 1));
    assert_eq!(lines.len(), 3);
    assert_eq!(lines[0]["image"], "in/a hat.jpg");
    assert_eq!(lines[0]["label"], "hat");
    let scores = lines[0]["scores"].as_object().unwrap();
    let sum: f64 = scores.values().map(|s| s.as_f64().unwrap()).sum();
    assert!((sum - 1.0).abs() < 1e-5 && scores.len() == 10);
    assert_eq!(lines[0]["scores"]["hat"], lines[0]["confidence"]);
    assert_eq!(
        (&lines[1]["image"], &lines[1]["error"]["code"]),
        (&"in/b.png".into(), &"empty".into())
    );
    assert_eq!(lines[2]["error"]["code"], "not_found");
}

#[cfg(unix)]
#[test]
fn what_may_never_end_is_not_read() {
    let dir = TempDir::new().unwrap();
    let args = ["classify", "--format", "json", "/dev/zero"];
    let lines = json_lines(&stdout(&lookbook(dir.path()).args(args).output().unwrap(), 1));
    assert_eq!(lines[0]["error"]["code"], "unreadable");
}

#[test]
fn classify_all_well_is_exit_code_0() {
    let dir = TempDir::new().unwrap();
    let photo = repository("events/photos/shoes-1.jpg");
    let output = lookbook(dir.path()).arg("classify").arg(photo).output().unwrap();
    assert!(stdout(&output, 0).contains("shoes"));
}

#[test]
fn mistakes_in_flags_are_all_named() {
    let dir = TempDir::new().unwrap();
    let args = ["classify", "--review-below", "2", "--max-bytes", "lots", "x.jpg"];
    let output = lookbook(dir.path()).args(args).output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2));
    assert!(
        error.contains("--review-below (REVIEW_BELOW)") && error.contains("--max-bytes"),
        "{error}"
    );
}

#[test]
fn evaluate_counts_what_is_right() {
    let dir = TempDir::new().unwrap();
    for name in samples() {
        let folder = dir.path().join("labelled").join(label_of(&name));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(&name), sample(&name)).unwrap();
    }
    // A hat among the shoes is wrong; a text among the hats is an error.
    std::fs::write(dir.path().join("labelled/shoes/wrong.jpg"), sample("hat-1.jpg")).unwrap();
    std::fs::write(dir.path().join("labelled/hat/notes.txt"), "notes").unwrap();
    let args = ["evaluate", "labelled", "--format", "json", "--plot", "plot.png"];
    let result =
        json_lines(&stdout(&lookbook(dir.path()).args(args).output().unwrap(), 1)).remove(0);
    let images = samples().len() + 1;
    assert_eq!(result["images"], images);
    let labels: Vec<&str> =
        result["labels"].as_array().unwrap().iter().map(|l| l.as_str().unwrap()).collect();
    let at = |label| labels.iter().position(|l| *l == label).unwrap();
    let confusion: Vec<Vec<u64>> = serde_json::from_value(result["confusion"].clone()).unwrap();
    assert!(confusion[at("shoes")][at("hat")] >= 1);
    let right: u64 = (0..10).map(|i| confusion[i][i]).sum();
    let accuracy = result["accuracy"].as_f64().unwrap();
    assert_eq!(
        format!("{:.6}", accuracy * f64::from(u32::try_from(images).unwrap())),
        format!("{right}.000000")
    );
    let bins = result["reliability"].as_array().unwrap();
    assert_eq!(bins.len(), 10);
    assert_eq!(bins.iter().map(|bin| bin["images"].as_u64().unwrap()).sum::<u64>(), images as u64);
    let plot = image::open(dir.path().join("plot.png")).unwrap().into_rgb8();
    // Something is drawn: the blue of cells and curves.
    let blue = plot.pixels().filter(|p| u16::from(p[2]) > u16::from(p[0]) + 80).count();
    assert!(plot.width() > 800 && blue > 10_000, "{} {blue}", plot.width());
    assert_eq!(result["errors"].as_array().unwrap().len(), 1);
    assert_eq!(result["errors"][0]["error"]["code"], "unsupported_format");
}

#[test]
fn results_are_not_lost_with_a_picture_that_cannot_be_written() {
    let dir = TempDir::new().unwrap();
    std::fs::create_dir_all(dir.path().join("labelled/hat")).unwrap();
    std::fs::write(dir.path().join("labelled/hat/a.jpg"), sample("hat-1.jpg")).unwrap();
    let args = ["evaluate", "labelled", "--format", "json", "--plot", "missing/plot.png"];
    let output = lookbook(dir.path()).args(args).output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(error.contains("the picture missing/plot.png cannot be written"), "{error}");
    assert_eq!(json_lines(&stdout(&output, 2))[0]["images"], 1);
}

#[test]
fn a_folder_that_is_no_label_is_named() {
    let dir = TempDir::new().unwrap();
    std::fs::create_dir_all(dir.path().join("labelled/gloves")).unwrap();
    let output = lookbook(dir.path()).args(["evaluate", "labelled"]).output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2));
    assert!(error.contains("gloves") && error.contains("t-shirt"), "{error}");
}

/// Scores of these files against the official runtime's.
fn hold_against_the_official_runtime(kind: &str, folder: &str, tolerance: f64) {
    let text = std::fs::read(repository("model/expected/expected.json")).unwrap();
    let expected: Value = serde_json::from_slice(&text).unwrap();
    let expected = expected[kind].as_array().unwrap();
    assert!(!expected.is_empty());
    let dir = TempDir::new().unwrap();
    let files =
        expected.iter().map(|photo| repository(folder).join(photo["photo"].as_str().unwrap()));
    let output =
        lookbook(dir.path()).arg("classify").args(files).args(["--format", "json"]).output();
    let lines = json_lines(&stdout(&output.unwrap(), 0));
    assert_eq!(lines.len(), expected.len());
    let mut worst = 0.0_f64;
    for (line, expected) in lines.iter().zip(expected) {
        assert!(line["image"].as_str().unwrap().ends_with(expected["photo"].as_str().unwrap()));
        for (label, official) in expected["scores"].as_object().unwrap() {
            let difference = line["scores"][label].as_f64().unwrap() - official.as_f64().unwrap();
            worst = worst.max(difference.abs());
            assert!(difference.abs() < tolerance, "{line} {label}: {official}");
        }
    }
    println!("{} of {kind}, greatest difference {worst:e}", expected.len());
}

/// From the file to the scores: decoding, turning, resizing, normalising.
#[test]
fn photos_without_loss_score_as_with_the_official_runtime() {
    hold_against_the_official_runtime("whole", "model/expected", 1e-3);
}

/// JPEG decoders differ by a level here and there, so the official runtime behind Pillow is a
/// little further away than on the same pixels, where it is held within 1e-4.
#[test]
fn sample_photos_score_as_with_the_official_runtime() {
    hold_against_the_official_runtime("photos", "events/photos", 0.03);
}

/// The validation photos are not part of the repository.
#[test]
fn the_model_is_right_about_most_validation_photos() {
    let photos = repository("../shared/data/clothing/validation");
    if !photos.is_dir() {
        skipped("the_model_is_right_about_most_validation_photos: no validation photos here");
        return;
    }
    let dir = TempDir::new().unwrap();
    let output =
        lookbook(dir.path()).arg("evaluate").arg(photos).args(["--format", "json"]).output();
    let result: Value = serde_json::from_str(&stdout(&output.unwrap(), 0)).unwrap();
    assert_eq!(result["images"], 341);
    assert_eq!(result["errors"], serde_json::json!([]));
    let accuracy = result["accuracy"].as_f64().unwrap();
    assert!(accuracy >= 0.91, "{accuracy}");
    assert!(result["ece"].as_f64().unwrap() <= 0.05, "{}", result["ece"]);
}
