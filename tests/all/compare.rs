//! `lookbook compare`: two models on the same photos; and a table that goes from one to the other.

use lookbook::classifier::ModelHash;
use lookbook_tflite_fixture::colours;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::golden;
use crate::helpers::{json_lines, lookbook, one_colour, repository, sample, stdout};

/// A folder with a model of three colours under two descriptions, and photos of one colour each.
///
/// The new description calls blue violet, and is sure from 0.7 on: a dark red (0.58) goes to review.
fn shop() -> TempDir {
    let dir = TempDir::new().unwrap();
    let model = colours(8, 8).build();
    for (name, third, review_below) in [("old", "blue", 0.5), ("new", "violet", 0.7)] {
        let file = dir.path().join(name);
        std::fs::write(file.with_extension("tflite"), &model).unwrap();
        let description = format!(
            "labels = [\"red\", \"green\", \"{third}\"]\noutput = \"logits\"\n\
             review_below = {review_below}\n[input]\nmean = [0, 0, 0]\nstd = [100, 100, 100]\n"
        );
        std::fs::write(file.with_extension("toml"), description).unwrap();
    }
    for (name, colour) in [
        ("red/bright.png", [250, 0, 0]),
        ("red/dark.png", [100, 0, 0]),
        ("blue/a.png", [0, 0, 250]),
        ("green/odd.png", [240, 0, 0]),
    ] {
        let file = dir.path().join("in/photos").join(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, one_colour(colour)).unwrap();
    }
    dir
}

fn run(dir: &TempDir, args: &[&str], code: i32) -> String {
    stdout(&lookbook(dir.path()).args(args).output().unwrap(), code)
}

const COMPARE: [&str; 5] = ["compare", "--old", "old.tflite", "--new", "new.tflite"];

fn compare(dir: &TempDir, args: &[&str], code: i32) -> Value {
    let args = [&COMPARE[..], &["--format", "json"], args].concat();
    json_lines(&run(dir, &args, code)).remove(0)
}

#[test]
fn what_changes_is_counted_and_drawn() {
    let dir = shop();
    std::fs::write(dir.path().join("in/photos/notes.txt"), "notes").unwrap();
    let all = compare(&dir, &["in/photos", "--plot", "moves.png"], 1);
    assert_eq!(
        (&all["photos"], &all["same_label"], &all["same_shelf"]),
        (&json!(4), &json!(3), &json!(2))
    );
    assert_eq!(all["old"]["only_here"], json!(["blue"]));
    assert_eq!(all["new"]["only_here"], json!(["violet"]));
    let moved = json!({"from": "red", "to": "review", "photos": 1});
    assert!(all["moves"].as_array().unwrap().contains(&moved), "{all}");
    let truth = &all["truth"];
    assert_eq!((&truth["from"], &truth["photos"]), (&json!("folders"), &json!(4)));
    assert_eq!((&truth["old"]["right"], &truth["new"]["right"]), (&json!(3), &json!(2)));
    assert_eq!((&truth["new"]["shown"], &truth["new"]["shown_wrong"]), (&json!(3), &json!(2)));
    assert_eq!((&truth["only_old"], &truth["better"]), (&json!(1), &json!("undecided")));
    assert_eq!(all["examples"][0]["image"], "in/photos/blue/a.png");
    assert_eq!(
        (&all["failed"], &all["errors"][0]["error"]["code"]),
        (&json!(1), &json!("unsupported_format"))
    );
    golden::check("compare.json", vec![all]);
    let plot = image::open(dir.path().join("moves.png")).unwrap().into_rgb8();
    let blue = plot.pixels().filter(|p| u16::from(p[2]) > u16::from(p[0]) + 80).count();
    assert!(plot.width() > 800 && blue > 5_000, "{} {blue}", plot.width());

    let text = run(&dir, &[&COMPARE[..], &["in/photos"]].concat(), 1);
    for line in [
        "Of 4 photos, 3 get the same label (75%), and 2 stay on their shelf (50%).",
        "review below 0.7; only it knows violet",
        "The folders' names say what 4 of the photos show:",
        "Which of them is better cannot be said from so few.",
        "in/photos/notes.txt: ",
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
}

#[test]
fn a_check_can_ask_for_agreement() {
    let dir = shop();
    compare(&dir, &["in/photos", "--fail-below", "0.5"], 0);
    compare(&dir, &["in/photos", "--fail-below", "0.51"], 1);
    // With the old threshold the dark one stays; a sample is the same each time.
    let all = compare(&dir, &["in/photos", "--new-review-below", "0.5", "--fail-below", "0.75"], 0);
    assert_eq!(all["same_shelf"], 3);
    let one = compare(&dir, &["in/photos", "--sample", "1", "--show", "0"], 0);
    assert_eq!((&one["photos"], &one["examples"]), (&json!(1), &json!([])));
    assert_eq!(one, compare(&dir, &["in/photos", "--sample", "1", "--show", "0"], 0));
    for (args, code, expected) in [
        (vec!["missing"], 1, ""),
        (vec!["s3://photos", "in"], 2, "name one s3://BUCKET/PREFIX, or files and folders"),
        (
            vec!["in", "--new-sha256", &"0".repeat(64)],
            2,
            "the new model: new.tflite has the SHA-256",
        ),
        (vec!["s3://photos"], 2, "there is no embedded bucket"),
    ] {
        let output = lookbook(dir.path()).args(COMPARE).args(&args).output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{args:?}");
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(error.contains(expected), "{error}");
    }
}

/// The built-in model against itself with other words beside it, on real photos.
#[test]
fn the_built_in_model_is_held_against_a_variant() {
    let dir = TempDir::new().unwrap();
    std::fs::copy(repository("model/clothing.tflite"), dir.path().join("v2.tflite")).unwrap();
    let text = std::fs::read_to_string(repository("model/clothing.toml")).unwrap();
    let text = text.replace("\"pants\"", "\"trousers\"");
    std::fs::write(dir.path().join("v2.toml"), text).unwrap();
    for (folder, name) in [("hat", "hat-1.jpg"), ("pants", "pants-1.jpg")] {
        std::fs::create_dir_all(dir.path().join("in").join(folder)).unwrap();
        std::fs::write(dir.path().join("in").join(folder).join(name), sample(name)).unwrap();
    }
    let args = ["compare", "--new", "v2.tflite", "--format", "json", "in"];
    let all = json_lines(&run(&dir, &args, 0)).remove(0);
    assert_eq!(all["old"]["model_id"], all["new"]["model_id"]);
    assert_eq!((&all["photos"], &all["same_shelf"]), (&json!(2), &json!(1)));
    let became = json!([{"label": "trousers", "photos": 1}]);
    assert_eq!(all["by_label"]["pants"]["became"], became);
    assert_eq!((&all["confidence"]["rose"], &all["confidence"]["fell"]), (&json!(0), &json!(0)));
    assert_eq!(
        (&all["truth"]["old"]["right"], &all["truth"]["new"]["right"]),
        (&json!(2), &json!(1))
    );
}

/// The row of a photo: shelf, label and generation.
fn row(dir: &TempDir, key: &str) -> (String, String, Value) {
    let image = format!("photos/{key}");
    let row = json_lines(&run(dir, &["query", "--format", "json", "--image", &image], 0)).remove(0);
    let text = |name: &str| row[name].as_str().unwrap_or_default().to_owned();
    (text("shelf"), text("label"), row["generation"].clone())
}

#[test]
fn reviews_in_the_table_say_which_model_is_right() {
    let dir = shop();
    run(&dir, &["demo", "--model", "old.tflite", "in"], 0);
    run(&dir, &["review", "photos/photos/green/odd.png", "green"], 0);
    run(&dir, &["review", "photos/photos/red/bright.png", "red"], 0);
    run(&dir, &["review", "photos/photos/blue/a.png", "--reject"], 0);
    // Another photo is there since: what was said is not said of it.
    let replaced = dir.path().join(".lookbook/buckets/photos/photos/red/bright.png");
    std::fs::write(replaced, one_colour([0, 250, 0])).unwrap();
    let model = std::fs::read(dir.path().join("new.tflite")).unwrap();
    let models = dir.path().join(".lookbook/buckets/photos/models");
    std::fs::create_dir_all(&models).unwrap();
    std::fs::write(models.join("new.tflite"), &model).unwrap();
    std::fs::copy(dir.path().join("new.toml"), models.join("new.toml")).unwrap();

    let all = compare(&dir, &["s3://photos/photos/"], 0);
    assert_eq!(all["photos"], 4);
    let truth = &all["truth"];
    assert_eq!(
        (&truth["from"], &truth["photos"], &truth["neither"]),
        (&json!("reviews"), &json!(2), &json!(2))
    );
    assert_eq!(compare(&dir, &["s3://photos/photos/", "--no-reviews"], 0)["truth"], Value::Null);
    // Those that were reviewed are looked at beside a sample, and count for nothing else.
    let sampled = compare(&dir, &["s3://photos/photos/", "--sample", "1"], 0);
    assert_eq!((&sampled["photos"], &sampled["truth"]["photos"]), (&json!(1), &json!(2)));

    let sha256 = ModelHash::of(&model).to_string();
    let by_bucket = ["compare", "--old", "old.tflite", "--new", "s3://photos/models/new.tflite"];
    let more = ["--new-sha256", &sha256, "--format", "json", "s3://photos/photos/"];
    let mut command = lookbook(dir.path());
    command.args(by_bucket).args(more).env("TMPDIR", dir.path());
    let from_bucket = json_lines(&stdout(&command.output().unwrap(), 0)).remove(0);
    assert_eq!(from_bucket["moves"], all["moves"]);
    assert!(dir.path().join("lookbook-models").join(format!("{sha256}.tflite")).exists());
}

/// From one model to the next, and back: what docs/upgrades.md tells.
#[test]
fn an_upgrade_changes_what_is_stale_and_no_persons_word() {
    let dir = shop();
    let keys = ["red/bright.png", "red/dark.png", "blue/a.png", "green/odd.png"];
    let [bright, dark, blue, odd] = keys.map(|key| format!("photos/{key}"));
    run(&dir, &["demo", "--model", "old.tflite", "in"], 0);
    run(&dir, &["review", &format!("photos/{odd}"), "green"], 0);
    assert_eq!(row(&dir, &blue).0, "blue");

    let records = [&bright, &dark, &blue, &odd].map(|key| {
        json!({"eventVersion": "2.1", "eventSource": "aws:s3", "eventName": "ObjectCreated:Put",
               "s3": {"bucket": {"name": "photos"}, "object": {"key": key}}})
    });
    let event = json!({"Records": records}).to_string();
    std::fs::write(dir.path().join("all.json"), event).unwrap();
    let classify = |command: &[&str], model: &str, generation: &str| {
        let rules = ["--model", model, "--generation", generation];
        run(&dir, &[command, &rules].concat(), 0)
    };
    let stale = ["backfill", "--only-stale", "s3://photos"];
    let of = |shelf: &str, label: &str, generation: u32| {
        (shelf.to_owned(), label.to_owned(), json!(generation))
    };
    classify(&stale, "new.tflite", "1");
    assert_eq!(row(&dir, &blue), of("violet", "violet", 1));
    assert_eq!(row(&dir, &dark), of("review", "red", 1));
    assert_eq!(row(&dir, &odd), of("green", "red", 1), "a person's word stands");

    // What of the old function is still at work changes nothing.
    classify(&["replay", "all.json"], "old.tflite", "0");
    assert_eq!(row(&dir, &blue), of("violet", "violet", 1));
    assert_eq!(row(&dir, &dark), of("review", "red", 1));

    // Back: the old model is the newer decision.
    classify(&stale, "old.tflite", "2");
    assert_eq!(row(&dir, &blue), of("blue", "blue", 2));
    assert_eq!(row(&dir, &dark), of("red", "red", 2));
    assert_eq!(row(&dir, &odd), of("green", "red", 2));
}
