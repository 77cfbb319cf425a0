//! `lookbook backfill`: the real binary on the embedded bucket and table, over HTTP, and on servers that
//! answer as SQS and the control of S3 do.

mod asked;
mod many;

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use lookbook::catalogue::{Review, review};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::helpers::{
    Embedded, Place, TINY_MODEL, json_lines, lookbook, one_colour, put_row, stdout,
};

const COLOURS: [[u8; 3]; 3] = [[250, 0, 0], [0, 250, 0], [0, 0, 250]];

/// The command on this bucket and table, as if they were on AWS.
fn backfill(place: &Place, dir: &TempDir, prefix: &str, args: &[&str]) -> Command {
    let mut command = lookbook(dir.path());
    command.envs(place.at.environment()).env("MODEL_FILE", TINY_MODEL);
    let url = format!("s3://{}/{prefix}", place.at.bucket);
    command.args(["backfill", &url, "--table", &place.at.table, "--format", "json"]).args(args);
    command
}

/// What it says, once it exited with this code.
async fn summary(mut command: Command, code: i32) -> Value {
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    json_lines(&stdout(&output, code)).pop().unwrap()
}

/// Puts so many small photos into the bucket's folder.
fn photos(place: &Embedded, count: usize) -> Vec<String> {
    let folder = place.stack.bucket_dir().join("new");
    std::fs::create_dir_all(&folder).unwrap();
    let keys = (0..count).map(|n| {
        std::fs::write(folder.join(format!("{n:05}.png")), one_colour(COLOURS[n % 3])).unwrap();
        format!("new/{n:05}.png")
    });
    keys.collect()
}

async fn rows(place: &Place, keys: &[String]) -> u64 {
    let mut count = 0;
    for key in keys {
        count += u64::from(place.row(key).await.is_some());
    }
    count
}

/// Waits until so many objects are settled by the checkpoint.
async fn wait_until_settled(checkpoint: &Path, least: u64, child: &mut Child) {
    let begun = Instant::now();
    loop {
        assert!(child.try_wait().unwrap().is_none(), "it has ended");
        assert!(begun.elapsed() < Duration::from_mins(3), "it does not begin");
        let text = std::fs::read(checkpoint).unwrap_or_default();
        let read: Value = serde_json::from_slice(&text).unwrap_or_default();
        if read["settled"].as_u64().is_some_and(|settled| settled >= least) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_backfill_goes_on_where_it_was() {
    const PHOTOS: usize = 500;
    const AT_A_TIME: u64 = 3;
    let (place, dir) = (Embedded::start().await, TempDir::new().unwrap());
    let keys = photos(&place, PHOTOS);
    let args = ["--checkpoint", "c.json", "--concurrency", "3"];
    let mut command = backfill(&place, &dir, "new/", &args);
    let mut first = command.stdout(Stdio::null()).spawn().unwrap();
    let checkpoint = dir.path().join("c.json");
    wait_until_settled(&checkpoint, 1, &mut first).await;
    first.kill().unwrap();
    first.wait().unwrap();
    // What was on its way to the table has arrived by then.
    tokio::time::sleep(Duration::from_millis(300)).await;
    let before = rows(&place, &keys).await;
    assert!(before > 0 && before < PHOTOS as u64, "{before} of {PHOTOS} were done");

    let said = summary(backfill(&place, &dir, "new/", &args), 0).await;
    println!("{before} before, then {said}");
    let classified = said["outcomes"]["classified"].as_u64().unwrap();
    let all = PHOTOS as u64;
    assert!((all..=all + AT_A_TIME).contains(&(before + classified)), "{before}, {said}");
    assert!(said["settled_before"].as_u64().unwrap() > 0);
    assert_eq!(said["failed"], json!([]));
    for key in &keys {
        assert!(place.is_right(key).await, "{key}");
    }
    assert!(!checkpoint.exists(), "all is done");
    // And once more: nothing is classified again.
    let said = summary(backfill(&place, &dir, "new/", &[]), 0).await;
    assert_eq!(said["outcomes"], json!({"unchanged": PHOTOS}));
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn ctrl_c_finishes_what_has_begun_and_writes_it_down() {
    let (place, dir) = (Embedded::start().await, TempDir::new().unwrap());
    let keys = photos(&place, 500);
    let args = ["--checkpoint", "c.json", "--concurrency", "2"];
    let mut command = backfill(&place, &dir, "", &args);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    wait_until_settled(&dir.path().join("c.json"), 1, &mut child).await;
    let interrupt = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(interrupt.unwrap().success());
    let output = child.wait_with_output().unwrap();
    let said = json_lines(&stdout(&output, 1)).pop().unwrap();
    assert_eq!(said["stopped"], true);
    assert_eq!(said["outcomes"]["classified"].as_u64().unwrap(), rows(&place, &keys).await);
    let checkpoint: Value =
        serde_json::from_slice(&std::fs::read(dir.path().join("c.json")).unwrap()).unwrap();
    assert_eq!(checkpoint["settled"], said["outcomes"]["classified"]);

    // Another prefix, another recipe: not with this checkpoint.
    for (prefix, more) in [("new/", &[][..]), ("", &["--review-below", "0.1"])] {
        let args = [&args[..], more].concat();
        let output = backfill(&place, &dir, prefix, &args).output().unwrap();
        stdout(&output, 2);
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(error.contains("is of another backfill"), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_is_stale_is_classified_again_and_a_review_stands() {
    let (place, dir) = (Embedded::start().await, TempDir::new().unwrap());
    let keys = photos(&place, 6);
    assert_eq!(summary(backfill(&place, &dir, "", &[]), 0).await["outcomes"]["classified"], 6);
    let stale = |more: &[&str]| {
        let args = [&["--only-stale"], more].concat();
        summary(backfill(&place, &dir, "new/", &args), 0)
    };
    assert_eq!(stale(&[]).await["outcomes"], json!({}));

    let object = place.object(&keys[0]);
    let word: Review = "kilt".parse().unwrap();
    let content = place.row(&keys[0]).await.unwrap().content_sha256.unwrap();
    review(&place.table(), &object, Some(&word), &content).await.unwrap();
    // A row that a later recipe made is left alone, and a foreign item is none.
    let later = json!({"image": format!("{}/{}", place.at.bucket, keys[1]), "bucket": place.at.bucket,
        "key": keys[1], "shelf": "hat", "added_at": "2026-01-01T00:00:00Z", "generation": 7});
    put_row(&place.dynamodb(), &place.at.table, later.clone()).await;
    put_row(&place.dynamodb(), &place.at.table, json!({"image": "#mine"})).await;
    let again = stale(&["--review-below", "0.123"]).await;
    assert_eq!(again["outcomes"], json!({"classified": 5}), "{again}");
    assert_eq!(stale(&["--review-below", "0.123"]).await["outcomes"], json!({}));
    let row = place.row(&keys[0]).await.unwrap();
    assert_eq!(row.shelf.unwrap().as_str(), "kilt");
    assert_eq!(place.row(&keys[1]).await.unwrap().recipe.as_deref(), Some("r"));
    // In its own generation it is stale.
    let again = stale(&["--review-below", "0.123", "--generation", "7"]).await;
    assert_eq!(again["outcomes"]["classified"], 1, "{again}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sweep_removes_the_rows_of_objects_that_are_gone() {
    let (place, dir) = (Embedded::start().await, TempDir::new().unwrap());
    let keys = photos(&place, 6);
    place.put("old/there.png", one_colour(COLOURS[0])).await;
    place.put("old/gone.png", one_colour(COLOURS[0])).await;
    assert_eq!(summary(backfill(&place, &dir, "", &[]), 0).await["outcomes"]["classified"], 8);
    for key in [&keys[2], &keys[4], "old/gone.png"] {
        std::fs::remove_file(place.stack.bucket_dir().join(key)).unwrap();
    }
    let swept = summary(backfill(&place, &dir, "new/", &["--sweep"]), 0).await;
    assert_eq!(swept["outcomes"], json!({"removed": 3, "ignored": 1}), "{swept}");
    for key in keys.iter().map(String::as_str).chain(["old/there.png", "old/gone.png"]) {
        assert!(place.is_right(key).await, "{key}");
    }
    assert!(place.row("old/there.png").await.unwrap().shelf.is_some(), "it stays until it is gone");
    let swept = summary(backfill(&place, &dir, "", &["--sweep"]), 0).await;
    assert_eq!(swept["outcomes"], json!({}));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_counts_and_changes_nothing() {
    let (place, dir) = (Embedded::start().await, TempDir::new().unwrap());
    let keys = photos(&place, 30);
    let bytes: usize = (0..30).map(|n| one_colour(COLOURS[n % 3]).len()).sum();
    let said = summary(backfill(&place, &dir, "", &["--dry-run"]), 0).await;
    assert_eq!((&said["objects"], &said["bytes"]), (&json!(30), &json!(bytes)));
    assert_eq!(said["measured"], true);
    assert!(said["photos_a_second"].as_f64().unwrap() > 0.0, "{said}");
    let args = ["--dry-run", "--photos-a-second", "2", "--sample", "10"];
    let said = summary(backfill(&place, &dir, "new/", &args), 0).await;
    assert_eq!((&said["objects"], &said["seconds"]), (&json!(10), &json!(5.0)));
    assert_eq!(rows(&place, &keys).await, 0);
    // A sample is the same one each time.
    let said = summary(backfill(&place, &dir, "", &["--sample", "10"]), 0).await;
    assert_eq!(said["outcomes"], json!({"classified": 10}));
    let said = summary(backfill(&place, &dir, "", &["--sample", "10"]), 0).await;
    assert_eq!(said["outcomes"], json!({"unchanged": 10}));
    assert_eq!(rows(&place, &keys).await, 10);
}

/// What cannot be read is tried again, and named in the end.
#[tokio::test(flavor = "multi_thread")]
async fn what_fails_each_time_is_named() {
    use crate::proxy::{Fault, Proxy, Service};
    let (place, dir) = (Embedded::start().await, TempDir::new().unwrap());
    photos(&place, 3);
    let broken = |path: &str, _| path.ends_with("00001.png").then_some(Fault::Denied);
    let s3 = Proxy::start(Service::S3, &place.at.s3, Box::new(broken)).await;
    let behind = place.behind(&s3.url, &place.at.dynamodb);
    let said = summary(backfill(&behind, &dir, "", &["--checkpoint", "c.json"]), 1).await;
    assert_eq!(said["outcomes"], json!({"classified": 2}), "{said}");
    let failed = &said["failed"][0];
    assert_eq!(failed["image"], format!("{}/new/00001.png", place.at.bucket));
    assert!(failed["error"].as_str().unwrap().contains("access denied"), "{failed}");
    // Once it can be read, only that one is left.
    let said = summary(backfill(&place, &dir, "", &["--checkpoint", "c.json"]), 0).await;
    assert_eq!(said["outcomes"], json!({"classified": 1}));
}

#[test]
fn a_newcomer_is_taught() {
    let dir = TempDir::new().unwrap();
    let help = |args: &[&str], code| {
        let output = lookbook(dir.path()).arg("backfill").args(args).output().unwrap();
        assert_eq!(output.status.code(), Some(code));
        let (out, err) = (output.stdout, output.stderr);
        String::from_utf8([out, err].concat()).unwrap()
    };
    let text = help(&["--help"], 0);
    for taught in ["Examples:", "--dry-run", "--checkpoint backfill.json", "docs/backfill.md"] {
        assert!(text.contains(taught), "no {taught} in {text}");
    }
    for (args, expected) in [
        (&["shop/new"][..], "expected s3://BUCKET/PREFIX"),
        (&["s3://shop", "--batch-operations"], "--function"),
        (
            &[
                "s3://shop",
                "--batch-operations",
                "--function",
                "arn:aws:lambda:r:123456789012:function:f",
            ],
            "names no version",
        ),
        (&["s3://shop", "--only-stale", "--sweep"], "cannot be used with"),
        (&["s3://shop", "--photos-a-second", "0"], "expected a number above 0"),
        (&["s3://shop", "--dir", "none"], "there is no embedded bucket in none"),
    ] {
        let text = help(args, 2);
        assert!(text.contains(expected), "{text}");
    }
}
