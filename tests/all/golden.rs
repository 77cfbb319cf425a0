//! The public formats: each JSON that programs read, as a golden file.
//!
//! What differs from run to run, or with the next model, is replaced by what it is: a number, a
//! time, a hash. To write the files anew after a change that is meant: `UPDATE_GOLDEN=1 cargo test
//! golden`.

use serde_json::{Map, Value};
use tempfile::TempDir;

use crate::helpers::{json_lines, lookbook, repository, sample, stdout};

/// Replaces what is not part of the format.
fn normal(name: &str, value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let entries = map.into_iter().map(|(name, value)| {
                let value = normal(&name, value);
                (name, value)
            });
            Value::Object(entries.collect::<Map<_, _>>())
        }
        Value::Array(_) if name == "confusion" => "<matrix>".into(),
        // Of ten bins, those that have photos: which these are is up to the model.
        Value::Array(items) if name == "reliability" => {
            items.into_iter().filter(|bin| bin["images"] != 0).map(|bin| normal("", bin)).collect()
        }
        Value::Array(items) => items.into_iter().map(|item| normal(name, item)).collect(),
        Value::Number(n) if n.is_f64() => "<number>".into(),
        Value::Number(_) if name == "size" => "<integer>".into(),
        Value::String(_) => match name {
            "etag" | "content_sha256" | "model_id" | "recipe" | "revision" | "sequencer" => {
                "<fingerprint>".into()
            }
            "classified_at" | "added_at" => "<time>".into(),
            "folder" | "page" | "s3_endpoint" | "dynamodb_endpoint" => "<place>".into(),
            "access_key_id" | "secret_access_key" => "<key>".into(),
            "software" => "<version>".into(),
            _ => value,
        },
        other => other,
    }
}

/// Compares some output with its golden file.
pub fn check(name: &str, values: Vec<Value>) {
    let lines = values.into_iter().map(|value| {
        let mut text = serde_json::to_string_pretty(&normal("", value)).unwrap();
        text.push('\n');
        text
    });
    check_text(name, &lines.collect::<String>());
}

/// The same for a text in which nothing differs from run to run.
pub fn check_text(name: &str, text: &str) {
    let path = repository("tests/golden").join(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, text).unwrap();
    }
    let golden = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(text, golden, "{} is another format", path.display());
}

fn run(dir: &TempDir, args: &[&str], code: i32) -> Vec<Value> {
    json_lines(&stdout(&lookbook(dir.path()).args(args).output().unwrap(), code))
}

#[test]
fn golden_files() {
    let dir = TempDir::new().unwrap();
    std::fs::create_dir_all(dir.path().join("in/hat")).unwrap();
    std::fs::write(dir.path().join("in/hat/a.jpg"), sample("hat-1.jpg")).unwrap();
    std::fs::write(dir.path().join("in/hat/b.txt"), "text").unwrap();
    check("classify.json", run(&dir, &["classify", "--format", "json", "in"], 1));
    check("evaluate.json", run(&dir, &["evaluate", "--format", "json", "in"], 1));
    check("demo.json", run(&dir, &["demo", "--format", "json", "in/hat"], 1));
    check("query.json", run(&dir, &["query", "--format", "json", "--shelf", "rejected"], 0));
    check("row.json", run(&dir, &["query", "--format", "json", "--image", "photos/a.jpg"], 0));
    let batch = repository("events/sqs-batch.json");
    let mut replayed = run(&dir, &["replay", "--format", "json", batch.to_str().unwrap()], 1);
    replayed[0]["event"] = "<path>".into();
    check("replay.json", replayed);
}
