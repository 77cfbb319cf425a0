//! The real `lambda` binary, driven over the Lambda Runtime API.

use std::time::Duration;

use serde_json::{Value, json};

use crate::helpers::{Embedded, sample, sqs};
use crate::runtime::{Function, MINUTE, RuntimeApi, command};
use crate::second::Anywhere;

#[tokio::test(flavor = "multi_thread")]
async fn the_function_classifies_and_answers_its_senders() {
    let place = Anywhere::start().await;
    let mut api = RuntimeApi::start().await;
    let _function = Function::start(&api, &place);
    place.put("a b.jpg", sample("hat-1.jpg")).await;

    // Directly from S3.
    let put = json!({"Records": [place.record("ObjectCreated:Put", "a b.jpg", "01")]});
    assert_eq!(api.invoke(put.clone(), MINUTE).await, ("response".into(), json!({})));
    assert_eq!(place.row("a b.jpg").await.unwrap().label.as_deref(), Some("hat"));
    let test = json!({"Service": "Amazon S3", "Event": "s3:TestEvent"});
    assert_eq!(api.invoke(test, MINUTE).await.0, "response");

    // From a queue.
    let batch = sqs(&["poison".into(), put.to_string()]);
    let failures = json!({"batchItemFailures": [{"itemIdentifier": "m0"}]});
    assert_eq!(api.invoke(batch, MINUTE).await, ("response".into(), failures));

    // What must be retried fails a direct invocation; so does what nobody knows.
    let (kind, error) = api.invoke(json!({"Records": [{"s3": {}}]}), MINUTE).await;
    assert_eq!(kind, "error");
    assert!(error["errorMessage"].as_str().unwrap().contains("1 of 1 changes"), "{error}");
    let (kind, error) = api.invoke(json!({"hello": "world"}), MINUTE).await;
    assert_eq!(kind, "error");
    assert!(error["errorMessage"].as_str().unwrap().contains("unknown event"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_time_everything_is_handed_back() {
    let embedded = Embedded::start().await;
    let mut api = RuntimeApi::start().await;
    let _function = Function::start(&api, &embedded);
    embedded.put("a.jpg", sample("hat-1.jpg")).await;
    let put = json!({"Records": [embedded.record("ObjectCreated:Put", "a.jpg", "01")]}).to_string();
    let (_, answer) = api.invoke(sqs(&[put]), Duration::from_millis(100)).await;
    assert_eq!(answer, json!({"batchItemFailures": [{"itemIdentifier": "m0"}]}));
    assert!(embedded.row("a.jpg").await.is_none());
}

/// Hostile objects in one event with a good photo. They are rejected, and never in memory.
#[tokio::test(flavor = "multi_thread")]
async fn hostile_objects_cost_little_memory_and_no_neighbour() {
    let embedded = Embedded::start().await;
    let mut api = RuntimeApi::start().await;
    let function = Function::start(&api, &embedded);
    let expected = crate::hostile::put_all(&embedded).await;
    embedded.put("good.jpg", sample("pants-1.jpg")).await;
    let keys = expected.iter().map(|(key, _)| *key).chain(["good.jpg"]);
    let records: Vec<Value> =
        keys.map(|key| embedded.record("ObjectCreated:Put", key, "01")).collect();
    let (kind, answer) = api.invoke(json!({"Records": records}), MINUTE).await;
    assert_eq!((kind.as_str(), answer), ("response", json!({})));

    for (key, code) in expected {
        let row = embedded.row(key).await.unwrap();
        let reason = row.reason.unwrap();
        assert!(reason.starts_with(&format!("{code}: ")), "{key}: {reason}");
        assert_eq!(row.shelf.unwrap().as_str(), "rejected");
    }
    assert_eq!(embedded.row("good.jpg").await.unwrap().label.as_deref(), Some("pants"));
    if let Some(peak) = function.peak_memory() {
        assert!(peak < 300 << 20, "{} MiB", peak >> 20);
    }
}

#[test]
fn every_mistake_in_the_settings_is_named_at_the_start() {
    let output =
        command("127.0.0.1:9").env("MAX_PIXELS", "many").env("CONCURRENCY", "0").output().unwrap();
    assert!(!output.status.success());
    let log = String::from_utf8_lossy(&output.stdout).into_owned();
    let line: Value = serde_json::from_str(log.lines().next().unwrap()).unwrap();
    assert_eq!(line["level"], "ERROR");
    for name in ["TABLE_NAME", "MAX_PIXELS", "CONCURRENCY"] {
        assert!(line["message"].as_str().unwrap().contains(name), "{log}");
    }
}
