//! What the function says of its work: the real binary, and what it writes.

mod names;
mod poison;
mod schema;

use std::collections::BTreeSet;
use std::path::PathBuf;

use schema::check;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::helpers::{Embedded, TINY_MODEL, json_lines, one_colour, sqs};
use crate::proxy::{Proxy, Service};
use crate::runtime::{Function, MINUTE, RuntimeApi, TRACE, command};

const REQUEST: &str = "8476a536-e9f4-11e8-9739-2dfe598c3fcd";

/// What a function has said.
struct Said(PathBuf);

impl Said {
    fn lines(&self) -> Vec<Value> {
        json_lines(&std::fs::read_to_string(&self.0).unwrap())
    }

    /// The lines that carry metrics.
    fn metrics(&self) -> Vec<Value> {
        self.lines().into_iter().filter(|line| line.get("_aws").is_some()).collect()
    }

    /// The line of a change.
    fn of(&self, message: &str, key: Option<&str>) -> Value {
        let lines = self.lines();
        let found = lines.iter().rfind(|line| {
            line["message_id"] == message && key.is_none_or(|key| line["key"] == key)
        });
        found.unwrap_or_else(|| panic!("{message} {key:?} in {lines:#?}")).clone()
    }
}

fn said(dir: &TempDir) -> Said {
    Said(dir.path().join("said"))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invocation_is_told_line_by_line_and_measured() {
    let place = Embedded::start().await;
    let s3 = Proxy::start(Service::S3, &place.at.s3, Box::new(|_, _| None)).await;
    let dynamodb = Proxy::start(Service::DynamoDb, &place.at.dynamodb, Box::new(|_, _| None)).await;
    let mut api = RuntimeApi::start().await;
    let dir = TempDir::new().unwrap();
    let said = said(&dir);
    let behind = place.behind(&s3.url, &dynamodb.url);
    let _function = Function::start_said(&api, &behind, &[("MODEL_FILE", TINY_MODEL)], &said.0);
    for key in ["a b.png", "new/c.png"] {
        place.put(key, one_colour([250, 0, 0])).await;
    }
    place.put("bad.jpg", b"no photo".to_vec()).await;
    let put = |key| {
        let mut record = place.record("ObjectCreated:Put", key, "01");
        // What an event says of people.
        record["userIdentity"] = json!({"principalId": "AWS:SECRET"});
        record["requestParameters"] = json!({"sourceIPAddress": "203.0.113.SECRET"});
        json!({"Records": [record]}).to_string()
    };
    let mut event = sqs(&[
        put("a b.png"),
        put("new/c.png"),
        put("bad.jpg"),
        json!({"SECRET": "SECRET"}).to_string().replace("\"SECRET\"}", "\"SECRET\""),
    ]);
    event["Records"][0]["attributes"] = json!({"SenderId": "SECRET"});
    let failures = json!({"batchItemFailures": [{"itemIdentifier": "m3"}]});
    assert_eq!(api.invoke(event, MINUTE).await, ("response".into(), failures));

    // Each line says what it is.
    for line in said.lines() {
        assert!(line["level"].is_string(), "{line}");
        let time = line["timestamp"].as_str().unwrap();
        assert!(time.starts_with("20") && time.ends_with('Z'), "{line}");
    }
    let photo = said.of("m0", Some("a b.png"));
    let bucket = &place.at.bucket;
    assert_eq!((&photo["level"], &photo["outcome"]), (&json!("INFO"), &json!("classified")));
    assert_eq!((&photo["request_id"], &photo["trace_id"]), (&json!(REQUEST), &json!(TRACE)));
    assert_eq!(
        (&photo["bucket"], &photo["image"]),
        (&json!(bucket), &json!(format!("{bucket}/a b.png")))
    );
    assert!(photo["label"].is_string() && photo["confidence"].is_number(), "{photo}");
    for stage in ["wait_ms", "look_ms", "fetch_ms", "decode_ms", "classify_ms", "write_ms"] {
        assert!(photo[stage].as_f64().is_some_and(|took| took > 0.0), "{stage} in {photo}");
    }
    assert_eq!(photo["bytes"], one_colour([250, 0, 0]).len());
    assert_eq!(said.of("m1", None)["key"], "new/c.png");
    let bad = said.of("m2", None);
    assert_eq!((&bad["outcome"], &bad["code"]), (&json!("rejected"), &json!("unsupported_format")));
    assert!(bad["reason"].is_string() && bad.get("classify_ms").is_none(), "{bad}");
    let unread = said.of("m3", None);
    assert_eq!((&unread["level"], &unread["outcome"]), (&json!("WARN"), &json!("retry")));
    assert_eq!((&unread["code"], unread.get("key")), (&json!("unreadable"), None));

    // One line for all of it.
    let lines = said.lines();
    let over = lines.iter().find(|line| line["message"] == "the invocation is over").unwrap();
    let expected = json!({"changes": 4, "classified": 2, "rejected": 1, "retry": 1, "cold": true});
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(&over[name], value, "{name} in {over}");
    }
    assert!(over["duration_ms"].as_f64().unwrap() > 0.0 && over["request_id"] == REQUEST, "{over}");
    assert_eq!(over.get("removed"), None);

    // One document, and one for each reason.
    let metrics = said.metrics();
    metrics.iter().for_each(check);
    let [all, rejected, retried] = &metrics[..] else { panic!("{metrics:#?}") };
    let expected = json!({"FunctionName": "f", "Classified": 2, "Rejected": 1, "Retried": 1,
        "ColdStarts": 1, "level": "INFO", "request_id": REQUEST});
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(&all[name], value, "{name} in {all}");
    }
    for (name, count) in [("Confidence", 2), ("ClassifyTime", 2), ("Bytes", 3), ("WaitTime", 3)] {
        assert_eq!(all[name].as_array().map_or(1, Vec::len), count, "{name} in {all}");
    }
    for name in ["InitTime", "InitModelTime", "InitClientsTime"] {
        assert!(all[name].as_f64().unwrap() > 0.0, "{name} in {all}");
    }
    let row = place.row("a b.png").await.unwrap();
    assert_eq!((&all["model_id"], &all["recipe"]), (&json!(row.model_id), &json!(row.recipe)));
    assert_eq!(
        (&rejected["Reason"], &rejected["Rejected"]),
        (&json!("unsupported_format"), &json!(1))
    );
    assert_eq!((&retried["Reason"], &retried["Retried"]), (&json!("unreadable"), &json!(1)));

    // A cold start is counted once; a URL is told without what may be secret.
    let call = json!({"url": "https://shop.example/a.jpg?X-Amz-Signature=SECRET#SECRET"});
    let (kind, error) = api.invoke(call, MINUTE).await;
    assert_eq!((kind.as_str(), &error["errorType"]), ("error", &json!("url_not_allowed")));
    let lines = said.lines();
    let failed = lines.iter().find(|line| line["code"] == "url_not_allowed").unwrap();
    assert!(failed["message"].as_str().unwrap().contains("shop.example/a.jpg"), "{failed}");
    api.invoke(sqs(&[put("a b.png")]), MINUTE).await;
    let metrics = said.metrics();
    let last = metrics.last().unwrap();
    assert_eq!((&last["Unchanged"], last.get("ColdStarts")), (&json!(1), None));
    let text = std::fs::read_to_string(&said.0).unwrap();
    assert!(!text.contains("SECRET"), "{text}");

    // Each request to AWS is part of the trace.
    assert_eq!(s3.traces(), BTreeSet::from([TRACE.to_owned()]));
    assert_eq!(dynamodb.traces(), BTreeSet::from([TRACE.to_owned()]));
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_pass_where_lambda_drops_what_is_no_warning_and_can_be_off() {
    let place = Embedded::start().await;
    let dir = TempDir::new().unwrap();
    for (level, filter, expected) in [
        ("WARN", "warn,lookbook=warn", Some("WARN")),
        ("INFO", "warn,lookbook=info,lookbook::metrics=off", None),
    ] {
        let mut api = RuntimeApi::start().await;
        let said = Said(dir.path().join(level));
        let settings =
            [("MODEL_FILE", TINY_MODEL), ("AWS_LAMBDA_LOG_LEVEL", level), ("RUST_LOG", filter)];
        let _function = Function::start_said(&api, &place, &settings, &said.0);
        api.invoke(json!({"Event": "s3:TestEvent"}), MINUTE).await;
        let levels: Vec<Value> =
            said.metrics().iter().map(|document| document["level"].clone()).collect();
        assert_eq!(levels, expected.map(Value::from).into_iter().collect::<Vec<_>>());
        assert_eq!(said.lines().len(), 1, "{:#?}", said.lines());
    }
}

/// The runtime panics where it is not told which function it is.
#[tokio::test(flavor = "multi_thread")]
async fn a_panic_is_a_line_like_all_others() {
    let mut function = command("127.0.0.1:9");
    function.env_remove("AWS_LAMBDA_FUNCTION_NAME").env("TABLE_NAME", "catalogue");
    let output = function.env("MODEL_FILE", TINY_MODEL).output().unwrap();
    assert!(!output.status.success());
    let lines = json_lines(&String::from_utf8(output.stdout).unwrap());
    let panic = lines.iter().find(|line| line["code"] == "panic").unwrap();
    assert_eq!(panic["level"], "ERROR");
    assert!(panic["timestamp"].is_string() && panic["place"].is_string(), "{panic}");
    assert!(panic["message"].as_str().unwrap().contains("AWS_LAMBDA_FUNCTION_NAME"), "{panic}");
    assert_eq!(String::from_utf8_lossy(&output.stderr).find("panicked"), None);
}
