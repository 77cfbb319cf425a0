//! The main job at once.

use tempfile::TempDir;

use crate::helpers::{json_lines, label_of, lookbook, sample, samples, stdout};

#[test]
fn demo_prints_a_row_for_each_sample_photo_nearly_all_right() {
    let dir = TempDir::new().unwrap();
    let output = lookbook(dir.path()).args(["demo", "--format", "json"]).output().unwrap();
    let rows = json_lines(&stdout(&output, 0));
    assert_eq!(rows.len(), samples().len());
    let right = rows.iter().filter(|row| row["label"] == label_of(row["key"].as_str().unwrap()));
    let right = right.count();
    assert!(right * 10 >= rows.len() * 9, "{right} of {} right", rows.len());

    // The table is there for the next command, and a second run finds everything unchanged.
    let output = lookbook(dir.path()).args(["query", "--format", "json"]).output().unwrap();
    assert_eq!(json_lines(&stdout(&output, 0)).len(), rows.len());
    let output = lookbook(dir.path()).args(["demo", "--format", "json"]).output().unwrap();
    let again = json_lines(&stdout(&output, 0));
    for (before, after) in rows.iter().zip(&again) {
        assert_eq!(before["classified_at"], after["classified_at"]);
        assert_eq!(before["label"], after["label"]);
    }
}

#[test]
fn demo_takes_photos_of_ones_own_and_says_which_are_none() {
    let dir = TempDir::new().unwrap();
    let photos = dir.path().join("my photos");
    std::fs::create_dir(&photos).unwrap();
    std::fs::write(photos.join("hat é+1.jpg"), sample("hat-1.jpg")).unwrap();
    std::fs::write(photos.join("notes.jpg"), "not a photo").unwrap();
    let args = ["demo", "my photos", "--dir", "state", "--format", "json"];
    let output = lookbook(dir.path()).args(args).output().unwrap();
    let rows = json_lines(&stdout(&output, 1));
    let shelves: Vec<_> = rows.iter().map(|r| (r["key"].as_str().unwrap(), &r["shelf"])).collect();
    assert_eq!(shelves[0].0, "hat é+1.jpg");
    assert_eq!(rows[0]["label"], "hat");
    assert_eq!(shelves[1].1, "rejected");
    assert!(rows[1]["reason"].as_str().unwrap().starts_with("unsupported_format: "));
}

#[test]
fn the_table_that_people_see_has_a_line_a_photo_and_says_what_is_next() {
    let dir = TempDir::new().unwrap();
    let output = lookbook(dir.path()).arg("demo").output().unwrap();
    let text = stdout(&output, 0);
    for name in samples() {
        assert!(text.contains(&format!("new in/été/{name}")), "{text}");
    }
    // The commands can be typed as they are, wherever the program is.
    let program = env!("CARGO_BIN_EXE_lookbook");
    assert!(text.contains(&format!("\n  {program} query")), "{text}");
    let folder = std::path::Path::new(program).parent().unwrap();
    for (variable, value, hint) in
        [("PATH", folder.to_str().unwrap(), "lookbook"), ("CARGO", "cargo", "cargo run --")]
    {
        let again = lookbook(dir.path()).arg("demo").env(variable, value).output().unwrap();
        let again = stdout(&again, 0);
        assert!(again.contains(&format!("\n  {hint} query --shelf hat")), "{again}");
    }
    assert!(!text.contains('\u{1b}'), "no colours where there is no terminal: {text}");
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn one_photo_that_is_not_there_does_not_stop_the_others() {
    let dir = TempDir::new().unwrap();
    std::fs::write(dir.path().join("hat.jpg"), sample("hat-1.jpg")).unwrap();
    let args = ["demo", "hat.jpg", "missing.jpg", "--format", "json"];
    let output = lookbook(dir.path()).args(args).env("KEY_PREFIX", "other/").output().unwrap();
    let rows = json_lines(&stdout(&output, 1));
    assert_eq!(rows.len(), 1);
    assert!(String::from_utf8_lossy(&output.stderr).contains("missing.jpg"));

    let none = lookbook(dir.path()).args(["demo", "missing.jpg", "--dir", "x"]).output().unwrap();
    assert_eq!(none.status.code(), Some(2));
    assert!(!dir.path().join("x").exists());
}
