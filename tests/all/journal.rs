//! What the function says of its work, and where it sends what it cannot read: the real binary, with
//! a queue of SQS that the tests serve.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use lookbook::telemetry::{BY_REASON, FUNCTION, METRICS, NAMESPACE, REASON};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::helpers::{Embedded, TINY_MODEL, json_lines, one_colour, repository, sqs};
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

/// Holds a document of metrics to the format's schema, and to what the schema does not say.
fn check(document: &Value) {
    let schema = std::fs::read_to_string(repository("tests/golden/emf.schema.json")).unwrap();
    let (mut compiler, mut schemas) = (boon::Compiler::new(), boon::Schemas::new());
    // The format's `$id`s are fragments, as they may be until this draft.
    compiler.set_default_draft(boon::Draft::V7);
    compiler.add_resource("file:///emf", serde_json::from_str(&schema).unwrap()).unwrap();
    let index = compiler.compile("file:///emf", &mut schemas).unwrap();
    schemas.validate(document, index).unwrap_or_else(|error| panic!("{error}\n{document}"));
    let broken = json!({"_aws": {"Timestamp": 1}});
    assert!(schemas.validate(&broken, index).is_err(), "the schema holds nothing");

    for directive in document["_aws"]["CloudWatchMetrics"].as_array().unwrap() {
        assert_eq!(directive["Namespace"], NAMESPACE);
        let metrics = directive["Metrics"].as_array().unwrap();
        assert!((1..=100).contains(&metrics.len()));
        for metric in metrics {
            let name = metric["Name"].as_str().unwrap();
            let known = METRICS.iter().find(|known| known.name == name).unwrap();
            assert_eq!(metric["Unit"], known.unit.as_str());
            let values = &document[name];
            let count = values.as_array().map_or(1, Vec::len);
            let are_numbers = values.is_number()
                || values.as_array().is_some_and(|values| values.iter().all(Value::is_number));
            assert!(are_numbers && (1..=100).contains(&count), "{name}: {values}");
        }
        let dimensions = directive["Dimensions"].as_array().unwrap().iter();
        for name in dimensions.flat_map(|set| set.as_array().unwrap()) {
            assert!(document[name.as_str().unwrap()].is_string(), "{name} in {document}");
        }
    }
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
    // The name of a field in a body that is no event is told, and no value.
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
    function.env_remove("AWS_LAMBDA_FUNCTION_NAME").env("TABLE_NAME", "t");
    let output = function.env("MODEL_FILE", TINY_MODEL).output().unwrap();
    assert!(!output.status.success());
    let lines = json_lines(&String::from_utf8(output.stdout).unwrap());
    let panic = lines.iter().find(|line| line["code"] == "panic").unwrap();
    assert_eq!(panic["level"], "ERROR");
    assert!(panic["timestamp"].is_string() && panic["place"].is_string(), "{panic}");
    assert!(panic["message"].as_str().unwrap().contains("AWS_LAMBDA_FUNCTION_NAME"), "{panic}");
    assert_eq!(String::from_utf8_lossy(&output.stderr).find("panicked"), None);
}

/// A queue of SQS that takes messages, or refuses them.
#[derive(Clone, Default)]
struct Dead {
    taken: Arc<Mutex<Vec<Value>>>,
    refuses: Arc<Mutex<bool>>,
}

impl Dead {
    async fn start(&self) -> String {
        let router = axum::Router::new().fallback(take).with_state(self.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        url
    }
}

/// Source: Amazon SQS API reference, `SendMessage`.
async fn take(State(dead): State<Dead>, request: axum::extract::Request) -> Response {
    let action = request.headers().get("x-amz-target").cloned();
    assert_eq!(action.unwrap(), "AmazonSQS.SendMessage");
    let trace = request.headers().get("x-amzn-trace-id").cloned();
    assert_eq!(trace.unwrap(), TRACE);
    let body = axum::body::to_bytes(request.into_body(), usize::MAX).await.unwrap();
    let json = [(header::CONTENT_TYPE, "application/x-amz-json-1.0")];
    if *dead.refuses.lock().unwrap() {
        let error = json!({"__type": "com.amazonaws.sqs#QueueDoesNotExist", "message": "no queue"});
        return (StatusCode::BAD_REQUEST, json, error.to_string()).into_response();
    }
    dead.taken.lock().unwrap().push(serde_json::from_slice(&body).unwrap());
    (StatusCode::OK, json, json!({"MessageId": "d"}).to_string()).into_response()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_never_be_read_goes_to_the_dead_letter_queue_and_says_why() {
    let place = Embedded::start().await;
    let dead = Dead::default();
    let sqs_url = dead.start().await;
    let queue = format!("{sqs_url}/123456789012/dead");
    let mut api = RuntimeApi::start().await;
    let dir = TempDir::new().unwrap();
    let said = said(&dir);
    let settings = [
        ("MODEL_FILE", TINY_MODEL),
        ("AWS_ENDPOINT_URL_SQS", &sqs_url),
        ("DEAD_LETTER_QUEUE", &queue),
    ];
    let _function = Function::start_said(&api, &place, &settings, &said.0);
    for key in ["a.png", "b.png"] {
        place.put(key, one_colour([250, 0, 0])).await;
    }
    let record = |key| place.record("ObjectCreated:Put", key, "01");
    let bodies = [
        "not json".to_owned(),
        // What can be read of it is done first.
        json!({"Records": [{"s3": {}}, record("a.png"), {"s3": {}}]}).to_string(),
        json!({"Records": [record("b.png")]}).to_string(),
    ];
    let mut event = sqs(&bodies);
    event["Records"][0]["messageAttributes"] = json!({
        "shop": {"stringValue": "7", "dataType": "Number"},
        "reason": {"stringValue": "an older one", "dataType": "String"}});

    // No queue there: all is as SQS does it.
    *dead.refuses.lock().unwrap() = true;
    let both = json!({"batchItemFailures": [{"itemIdentifier": "m0"}, {"itemIdentifier": "m1"}]});
    assert_eq!(api.invoke(event.clone(), MINUTE).await, ("response".into(), both));
    let lines = said.lines();
    let failed: Vec<&Value> =
        lines.iter().filter(|line| line["code"] == "dead_letter_failed").collect();
    assert_eq!(failed.len(), 2);
    assert!(failed[0]["cause"].as_str().unwrap().contains("no queue"), "{failed:?}");
    assert_eq!(said.metrics()[0].get("Poison"), None);
    assert!(place.row("a.png").await.is_some() && place.row("b.png").await.is_some());

    *dead.refuses.lock().unwrap() = false;
    let none = json!({"batchItemFailures": []});
    assert_eq!(api.invoke(event, MINUTE).await, ("response".into(), none));
    let mut taken = dead.taken.lock().unwrap().clone();
    taken.sort_by_key(|message| bodies.iter().position(|body| message["MessageBody"] == *body));
    let [text, mixed] = &taken[..] else { panic!("{taken:#?}") };
    assert_eq!((&text["QueueUrl"], &text["MessageBody"]), (&json!(queue), &json!(bodies[0])));
    let attributes = &text["MessageAttributes"];
    assert!(attributes["reason"]["StringValue"].as_str().unwrap().contains("is not JSON"));
    assert_eq!(attributes["code"], json!({"DataType": "String", "StringValue": "unreadable"}));
    assert_eq!(attributes["request_id"]["StringValue"], REQUEST);
    assert_eq!(attributes["shop"], json!({"DataType": "Number", "StringValue": "7"}));
    assert_eq!(mixed["MessageBody"], json!(bodies[1]));
    let reason = mixed["MessageAttributes"]["reason"]["StringValue"].as_str().unwrap();
    assert!(
        reason.starts_with("record 0 ") && reason.ends_with("1 more of its records cannot be read"),
        "{reason}"
    );

    let line = said.of("m0", None);
    assert_eq!((&line["outcome"], &line["level"]), (&json!("poison"), &json!("WARN")));
    let metrics = said.metrics();
    metrics.iter().for_each(check);
    let last = metrics.last().unwrap();
    assert_eq!(
        (&last["Poison"], &last["Unchanged"], last.get("Retried")),
        (&json!(2), &json!(2), None)
    );
}

/// The names of lookbook's metrics in a template, those by reason apart.
fn named(template: &str) -> (BTreeSet<&str>, BTreeSet<&str>) {
    let (mut all, mut by_reason) = (BTreeSet::new(), BTreeSet::new());
    let lines: Vec<&str> = template.lines().map(str::trim).collect();
    for (place, line) in lines.iter().enumerate() {
        let plain = line.strip_prefix("- ").unwrap_or(line);
        if plain == "Namespace: Lookbook" {
            let beside = lines[place.saturating_sub(3)..].iter().take(7);
            let name = beside.filter_map(|line| line.strip_prefix("MetricName: ")).next();
            all.insert(name.unwrap_or_else(|| panic!("line {place} has no name beside it")));
        }
        for (_, rest) in line
            .match_indices("[\"Lookbook\", \"")
            .map(|(at, found)| line.split_at(at + found.len()))
        {
            all.insert(rest.split('"').next().unwrap());
        }
        if let Some((_, search)) = line.split_once("{Lookbook,") {
            let (dimensions, rest) = search.split_once('}').unwrap();
            let (_, name) = rest.split_once("MetricName=\\\"").unwrap();
            let name = name.split('\\').next().unwrap();
            assert_eq!(dimensions, format!("{FUNCTION},{REASON}"), "{line}");
            by_reason.insert(name);
        }
    }
    (all, by_reason)
}

#[test]
fn dashboards_and_alarms_name_metrics_that_there_are() {
    let template = std::fs::read_to_string(repository("infra/template.yaml")).unwrap();
    let (all, by_reason) = named(&template);
    let known: BTreeSet<&str> = METRICS.iter().map(|metric| metric.name).collect();
    let with_reason: BTreeSet<&str> = BY_REASON.iter().map(|metric| metric.name).collect();
    assert!(!all.is_empty() && !by_reason.is_empty(), "the template has no metric of lookbook");
    assert_eq!(all.difference(&known).collect::<Vec<_>>(), [&""; 0], "there are no such metrics");
    assert_eq!(by_reason.difference(&with_reason).collect::<Vec<_>>(), [&""; 0]);
    // And one that is renamed is noticed.
    let (renamed, _) =
        named("Namespace: Lookbook\nMetricName: Gone\n[\"Lookbook\", \"Lost\", \"x\"");
    assert_eq!(renamed, BTreeSet::from(["Gone", "Lost"]));
}

#[test]
fn each_metric_is_told() {
    let guide = std::fs::read_to_string(Path::new(&repository("docs/metrics.md"))).unwrap();
    let rows: BTreeMap<&str, &str> =
        guide.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` | ")).collect();
    for metric in METRICS {
        let row = rows.get(metric.name).unwrap_or_else(|| panic!("no row for {}", metric.name));
        assert!(row.starts_with(&format!("{} |", metric.unit.as_str())), "{}: {row}", metric.name);
    }
}
