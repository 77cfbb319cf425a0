//! The events in `events/`, in the order of its README.

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::helpers::{json_lines, lookbook, repository, stdout};

fn replay(dir: &TempDir, event: &str, code: i32) -> Value {
    let path = repository("events").join(event);
    let output =
        lookbook(dir.path()).arg("replay").arg(path).args(["--format", "json"]).output().unwrap();
    json_lines(&stdout(&output, code)).remove(0)
}

fn outcomes(replayed: &Value) -> Vec<&str> {
    let lines = replayed["outcomes"].as_array().unwrap();
    lines.iter().map(|line| line["outcome"].as_str().unwrap()).collect()
}

#[test]
fn each_event_has_the_documented_outcome() {
    let dir = TempDir::new().unwrap();
    stdout(&lookbook(dir.path()).arg("demo").output().unwrap(), 0);

    let test = replay(&dir, "s3-test.json", 0);
    assert_eq!((outcomes(&test), &test["response"]), (vec![], &json!({})));
    for _ in 0..2 {
        let put = replay(&dir, "s3-put.json", 0);
        assert_eq!(outcomes(&put), ["unchanged"]);
        assert_eq!(put["outcomes"][0]["image"], "photos/new in/été/dress-1.jpg");
    }
    assert_eq!(outcomes(&replay(&dir, "s3-old.json", 0)), ["superseded", "unchanged"]);
    for _ in 0..2 {
        assert_eq!(outcomes(&replay(&dir, "s3-tutorial.json", 0)), ["unchanged"]);
    }
    let delete = replay(&dir, "s3-delete.json", 0);
    assert_eq!(outcomes(&delete), ["removed"]);
    assert_eq!(delete["outcomes"][0]["image"], "photos/new in/été/sold out & gone.jpg");
    let batch = replay(&dir, "sqs-batch.json", 1);
    assert_eq!(outcomes(&batch), ["unchanged", "retry", "removed"]);
    let poisoned = &batch["outcomes"][1]["message_id"];
    assert_eq!(batch["response"], json!({"batchItemFailures": [{"itemIdentifier": poisoned}]}));
}

#[test]
fn every_other_envelope_has_its_outcome_and_its_answer() {
    let dir = TempDir::new().unwrap();
    stdout(&lookbook(dir.path()).arg("demo").output().unwrap(), 0);
    let task = |id: &str, schema: &str, invocation: &str| {
        json!({"invocationSchemaVersion": schema, "treatMissingKeysAs": "TemporaryFailure",
            "invocationId": invocation, "results": [{"taskId": id, "resultCode": "Succeeded",
                "resultString": "same content: the row stands"}]})
    };
    let done = json!({"batchItemFailures": []});
    for (event, images, names, answer) in [
        ("sqs-sns.json", vec!["shoes-1.jpg"], vec!["unchanged"], done.clone()),
        ("sqs-eventbridge.json", vec!["pants-1.jpg"; 2], vec!["unchanged", "ignored"], done),
        ("sns.json", vec!["dress-2.jpg"], vec!["unchanged"], json!({})),
        ("destination.json", vec!["dress-1.jpg"], vec!["unchanged"], json!({})),
        ("eventbridge-created.json", vec!["skirt-1.jpg"], vec!["unchanged"], json!({})),
        ("eventbridge-deleted.json", vec!["100%+gone.jpg"], vec!["removed"], json!({})),
        (
            "batch-operations-1.json",
            vec!["shirt-1.jpg"],
            vec!["unchanged"],
            task("EXAMPLE-task-1", "1.0", "EXAMPLE-1"),
        ),
        (
            "batch-operations-2.json",
            vec!["shorts-1.jpg"],
            vec!["unchanged"],
            task("EXAMPLE-task-2", "2.0", "EXAMPLE-2"),
        ),
        (
            "distributed-map.json",
            vec!["t-shirt-1.jpg", "t-shirt-2.jpg", "sold out & gone.jpg"],
            vec!["unchanged", "unchanged", "removed"],
            json!({"outcomes": {"unchanged": 2, "removed": 1}}),
        ),
    ] {
        let replayed = replay(&dir, event, 0);
        assert_eq!(outcomes(&replayed), names, "{event}");
        let images: Vec<String> =
            images.iter().map(|name| format!("photos/new in/été/{name}")).collect();
        let lines = replayed["outcomes"].as_array().unwrap();
        let found: Vec<&str> = lines.iter().map(|l| l["image"].as_str().unwrap()).collect();
        assert_eq!(found, images, "{event}");
        assert_eq!(replayed["response"], answer, "{event}");
    }
    for (event, name) in
        [("direct-key.json", "outwear-1.jpg"), ("direct-url.json", "longsleeve-1.jpg")]
    {
        let replayed = replay(&dir, event, 0);
        assert_eq!(outcomes(&replayed), ["unchanged"], "{event}");
        assert_eq!(replayed["response"], replayed["outcomes"][0], "{event}");
        let image = replayed["response"]["image"].as_str().unwrap();
        assert!(image.ends_with(name), "{event}: {image}");
    }
    let web = replay(&dir, "direct-web.json", 1);
    assert_eq!((outcomes(&web), &web["response"]), (vec![], &Value::Null));
    assert!(web["error"].as_str().unwrap().contains("URL_HOSTS"), "{web}");
}

/// So that none is forgotten.
#[test]
fn the_readme_lists_every_event() {
    let readme = std::fs::read_to_string(repository("events/README.md")).unwrap();
    for file in std::fs::read_dir(repository("events")).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "json") {
            let name = path.file_name().unwrap().to_str().unwrap();
            assert!(readme.contains(&format!("| `{name}` |")), "{name}");
        }
    }
}

#[test]
fn a_new_recipe_classifies_again() {
    let dir = TempDir::new().unwrap();
    stdout(&lookbook(dir.path()).arg("demo").output().unwrap(), 0);
    let path = repository("events/s3-put.json");
    let mut command = lookbook(dir.path());
    command.arg("replay").arg(path).args(["--review-below", "1", "--format", "json"]);
    let replayed = json_lines(&stdout(&command.output().unwrap(), 0)).remove(0);
    assert_eq!(outcomes(&replayed), ["classified"]);
    assert_eq!(replayed["outcomes"][0]["shelf"], "review");
}

#[test]
fn an_unknown_event_fails_and_says_what_was_expected() {
    let dir = TempDir::new().unwrap();
    std::fs::create_dir(dir.path().join(".lookbook")).unwrap();
    std::fs::write(dir.path().join("odd.json"), r#"{"hello": 1}"#).unwrap();
    let output = lookbook(dir.path()).args(["replay", "odd.json"]).output().unwrap();
    let text = stdout(&output, 1);
    assert!(text.contains("unknown event (found an object with hello)"), "{text}");
}

#[test]
fn without_a_bucket_it_says_how_to_begin() {
    let dir = TempDir::new().unwrap();
    let output = lookbook(dir.path()).arg("query").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("lookbook demo"));
    assert!(!dir.path().join(".lookbook").exists());
}
