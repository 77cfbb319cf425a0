//! `lookbook export`: what people said of photos, as a training folder.

use std::collections::BTreeMap;
use std::fs;

use aws_sdk_s3::primitives::ByteStream;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::golden;
use crate::helpers::{json_lines, lookbook, put_row, sample, stdout};
use crate::local::Local;

fn run(dir: &TempDir, args: &[&str], code: i32) -> Value {
    let output = lookbook(dir.path()).args(args).args(["--format", "json"]).output().unwrap();
    json_lines(&stdout(&output, code)).remove(0)
}

fn export(dir: &TempDir) -> Value {
    run(dir, &["export", "out"], 0)
}

fn review(dir: &TempDir, key: &str, word: &str) {
    run(dir, &["review", &format!("photos/{key}"), word], 0);
}

/// The photos in the folder of each label.
fn laid_down(dir: &TempDir) -> BTreeMap<String, Vec<Vec<u8>>> {
    let mut found = BTreeMap::new();
    for folder in fs::read_dir(dir.path().join("out")).unwrap().map(Result::unwrap) {
        if !folder.path().is_dir() {
            continue;
        }
        let files = fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().path());
        let photos: Vec<_> = files
            .map(|file| {
                assert_eq!(file.extension().unwrap(), "jpg", "{}", file.display());
                fs::read(file).unwrap()
            })
            .collect();
        if !photos.is_empty() {
            found.insert(folder.file_name().into_string().unwrap(), photos);
        }
    }
    found
}

fn is(dir: &TempDir, expected: &[(&str, &str)]) {
    let expected = expected.iter().map(|(folder, name)| ((*folder).to_owned(), vec![sample(name)]));
    assert!(laid_down(dir) == expected.collect(), "{:?}", laid_down(dir).keys());
}

#[tokio::test(flavor = "multi_thread")]
async fn reviewed_photos_are_laid_out_by_what_people_said() {
    let dir = TempDir::new().unwrap();
    let local = Local::start(&dir);
    for (key, name) in [
        ("new/my hat.jpg", "hat-1.jpg"),
        ("copy of it", "hat-1.jpg"),
        ("p.jpg", "pants-1.jpg"),
        ("s.jpg", "skirt-1.jpg"),
        ("unseen.jpg", "shoes-1.jpg"),
    ] {
        let body = ByteStream::from(sample(name));
        local.s3().put_object().bucket("photos").key(key).body(body).send().await.unwrap();
        local.wait_for(key, "classified");
    }
    let nothing = export(&dir);
    assert_eq!((&nothing["fetched"], &nothing["labels"]), (&0.into(), &json!({})));
    review(&dir, "new/my hat.jpg", "hat");
    review(&dir, "copy of it", "hat");
    review(&dir, "p.jpg", "../leggings");
    review(&dir, "s.jpg", "--reject");

    let first = export(&dir);
    golden::check("export.json", vec![first]);
    is(&dir, &[("%2E.%2Fleggings", "pants-1.jpg"), ("hat", "hat-1.jpg")]);
    let mut list = csv::Reader::from_path(dir.path().join("out/labels.csv")).unwrap();
    let names = ["file", "image", "label", "content_sha256", "model_label", "confidence"];
    assert_eq!(list.headers().unwrap(), names.as_slice());
    let rows: Vec<_> = list.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 2);
    let file = dir.path().join("out").join(&rows[0][0]);
    assert_eq!(fs::read(file).unwrap(), sample("pants-1.jpg"));
    assert_eq!((&rows[0][1], &rows[0][2], &rows[0][4]), ("photos/p.jpg", "../leggings", "pants"));

    // What is there is not fetched again, and what is spoilt is.
    let again = export(&dir);
    assert_eq!((&again["fetched"], &again["there"]), (&0.into(), &2.into()));
    fs::write(dir.path().join("out").join(&rows[1][0]), "half of it").unwrap();
    let mended = export(&dir);
    assert_eq!((&mended["fetched"], &mended["there"]), (&1.into(), &1.into()));
    // Another word moves it.
    review(&dir, "p.jpg", "pants");
    assert_eq!(export(&dir)["moved"], 1);
    is(&dir, &[("hat", "hat-1.jpg"), ("pants", "pants-1.jpg")]);
    // One shelf, in another folder; and what it is good for.
    let hats = run(&dir, &["export", "hats", "--shelf", "hat"], 0);
    assert_eq!((&hats["labels"], &hats["duplicates"]), (&json!({"hat": 1}), &1.into()));
    let before = fs::read_to_string(dir.path().join("out/labels.csv")).unwrap();
    run(&dir, &["export", "out", "--shelf", "hat"], 0);
    let after = fs::read_to_string(dir.path().join("out/labels.csv")).unwrap();
    assert_eq!(after, before, "of the other shelves it says what it said");
    let measured = run(&dir, &["evaluate", "out"], 0);
    assert_eq!(measured["images"], 2);
    let agreement = run(&dir, &["agreement"], 0);
    let counts = ["photos", "reviewed", "right"].map(|name| agreement[name].as_u64().unwrap());
    assert_eq!(counts, [5, 4, 3]);
    let text = lookbook(dir.path()).args(["export", "out"]).output().unwrap();
    let text = stdout(&text, 0);
    assert!(text.contains("2 reviewed photos are in out (2 there already)"), "{text}");
    assert!(text.contains("left out: 1 rejected, 1 with the content of another"), "{text}");
    // A word that was taken back leaves a file, which is told.
    run(&dir, &["review", "photos/p.jpg", "--clear"], 0);
    assert_eq!(export(&dir)["left_over"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_replaced_or_removed_since_its_review_is_left_out_and_what_failed_is_told() {
    let dir = TempDir::new().unwrap();
    let local = Local::start(&dir);
    for (key, name) in
        [("hat.jpg", "hat-1.jpg"), ("s.jpg", "skirt-1.jpg"), ("p.jpg", "pants-1.jpg")]
    {
        let body = ByteStream::from(sample(name));
        local.s3().put_object().bucket("photos").key(key).body(body).send().await.unwrap();
        local.wait_for(key, "classified");
        review(&dir, key, "costume");
    }
    // Rows that others wrote: of a bucket that is not there, and of what would lead out of the folder.
    let foreign = |key: &str, content: &str| {
        json!({
            "image": format!("elsewhere/{key}"), "bucket": "elsewhere", "key": key, "shelf": "hat",
            "added_at": "2026-01-01T09:30:00Z", "label": "hat", "confidence": 0.5, "format": "jpeg",
            "content_sha256": content, "reviewed_sha256": content, "reviewed_label": "hat",
        })
    };
    let at = local.endpoints();
    for row in [foreign("a.jpg", &"0".repeat(64)), foreign("../b.jpg", "../../../outside")] {
        put_row(&at.dynamodb_client(), &at.table, row).await;
    }
    let bucket = local.folder();
    assert_eq!(local.interrupt(), Some(0));

    // While nothing runs, the rows do not follow.
    fs::write(bucket.join("hat.jpg"), sample("shoes-1.jpg")).unwrap();
    fs::remove_file(bucket.join("s.jpg")).unwrap();
    let output = lookbook(dir.path()).args(["export", "out", "--format", "json"]).output().unwrap();
    let summary = json_lines(&stdout(&output, 1)).remove(0);
    for (name, count) in
        [("fetched", 1), ("replaced", 1), ("removed", 1), ("failed", 1), ("unreadable", 1)]
    {
        assert_eq!(summary[name], count, "{name}: {summary}");
    }
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(errors.contains("error: s3://elsewhere/a.jpg"), "{errors}");
    is(&dir, &[("costume", "pants-1.jpg")]);
    let list = fs::read_to_string(dir.path().join("out/labels.csv")).unwrap();
    assert_eq!(list.lines().count(), 2);
}
