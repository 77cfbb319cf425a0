//! The real `lambda` binary, driven over the Lambda Runtime API.

use std::time::{Duration, Instant};

use lookbook_tflite_fixture::tflite::{self, BuiltinOperator};
use lookbook_tflite_fixture::{Fixture, options, pool};
use serde_json::{Value, json};

use crate::helpers::{Embedded, Place, TINY_MODEL, one_colour, sample, sqs};
use crate::proxy::{Fault, Proxy, Service};
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
    let place = Anywhere::start().await;
    let mut api = RuntimeApi::start().await;
    let _function = Function::start(&api, &place);
    place.put("a.jpg", sample("hat-1.jpg")).await;
    let put = json!({"Records": [place.record("ObjectCreated:Put", "a.jpg", "01")]}).to_string();
    let (_, answer) = api.invoke(sqs(&[put]), Duration::from_millis(100)).await;
    assert_eq!(answer, json!({"batchItemFailures": [{"itemIdentifier": "m0"}]}));
    assert!(place.row("a.jpg").await.is_none());
}

/// A batch of SQS messages, each of which says that one of these was put.
fn puts(place: &Place, keys: &[&str]) -> Value {
    let put = |key| json!({"Records": [place.record("ObjectCreated:Put", key, "01")]}).to_string();
    sqs(&keys.iter().map(|key| put(key)).collect::<Vec<_>>())
}

/// Of a batch, some photos do not come: one not at all, one byte by byte. The others are done, and
/// the answer is there before the deadline.
#[tokio::test(flavor = "multi_thread")]
async fn a_slow_bucket_hands_back_what_it_holds_up_before_the_deadline() {
    const TIME: Duration = Duration::from_secs(6);
    let place = Anywhere::start().await;
    let slow = |path: &str, _| match path.rsplit('/').next() {
        Some("stalls.png") => Some(Fault::Silence),
        Some("drips.png") => Some(Fault::Dripping),
        _ => None,
    };
    let s3 = Proxy::start(Service::S3, &place.at.s3, Box::new(slow)).await;
    let mut api = RuntimeApi::start().await;
    let behind = place.behind(&s3.url, &place.at.dynamodb);
    let settings = [("MODEL_FILE", TINY_MODEL), ("CONCURRENCY", "4")];
    let _function = Function::start_with(&api, &behind, &settings);
    api.invoke(json!({"Event": "s3:TestEvent"}), MINUTE).await;

    let keys = ["stalls.png", "drips.png", "a.png", "b.png", "c.png", "d.png", "e.png", "f.png"];
    for key in keys {
        place.put(key, one_colour([250, 0, 0])).await;
    }
    let begun = Instant::now();
    let answer = api.invoke(puts(&place, &keys), TIME).await;
    let took = begun.elapsed();
    println!("an answer after {took:?} of {TIME:?}");
    assert!(took < TIME, "{took:?}");
    let failures = json!([{"itemIdentifier": "m0"}, {"itemIdentifier": "m1"}]);
    assert_eq!(answer, ("response".into(), json!({"batchItemFailures": failures})));
    for (number, key) in keys.into_iter().enumerate() {
        assert_eq!(place.row(key).await.is_some(), number > 1, "{key}");
    }
}

/// A model that takes minutes for a photo: what an invocation begins, no deadline can stop. The
/// invocation hands the photo back in time; and the process that is still busy with it takes no
/// further event: it begins anew.
#[tokio::test(flavor = "multi_thread")]
async fn work_that_outlives_its_invocation_does_not_starve_the_next() {
    let place = Embedded::start().await;
    let mut api = RuntimeApi::start().await;
    let folder = tempfile::tempdir().unwrap();
    let (model, description) = (folder.path().join("slow.tflite"), folder.path().join("slow.toml"));
    std::fs::write(&model, slow_model()).unwrap();
    let described = "labels = [\"a\", \"b\"]\noutput = \"probabilities\"\nreview_below = 0.5\n\
        [input]\nwidth = 128\nheight = 128\nresize = \"squash\"\nfilter = \"bilinear\"\n\
        mean = [0.0, 0.0, 0.0]\nstd = [255.0, 255.0, 255.0]\n";
    std::fs::write(&description, described).unwrap();
    let settings = [("MODEL_FILE", model.to_str().unwrap()), ("THREADS", "1")];
    let slow = Function::start_with(&api, &place, &settings);
    place.put("a.png", one_colour([250, 0, 0])).await;
    api.invoke(json!({"Event": "s3:TestEvent"}), MINUTE).await;

    let begun = Instant::now();
    let answer = api.invoke(puts(&place, &["a.png"]), Duration::from_secs(3)).await;
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    let failures = json!({"batchItemFailures": [{"itemIdentifier": "m0"}]});
    assert_eq!(answer, ("response".into(), failures));
    // The answer is given, and the next event asked for, by the same process begun anew: nothing is
    // left of the work.
    let (kind, _) = api.invoke(json!({"Event": "s3:TestEvent"}), MINUTE).await;
    assert_eq!(kind, "response");
    // A thread has its name only once it runs. One that is left of the work would be there for minutes.
    let begun = Instant::now();
    while slow.threads("worker").is_some_and(|threads| threads != 1) {
        assert!(begun.elapsed() < Duration::from_secs(20), "{:?} workers", slow.threads("worker"));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(api.handed_out(), 3);
}

/// A network that takes the cosine of four million values four hundred times. No processor is so fast at
/// that as at convolutions.
fn slow_model() -> Vec<u8> {
    const SIDE: i32 = 128;
    const CHANNELS: i32 = 256;
    let args = tflite::Conv2DOptionsArgs {
        padding: tflite::Padding::SAME,
        stride_w: 1,
        stride_h: 1,
        ..Default::default()
    };
    let conv = options!(Conv2DOptions, args);
    let mut model = Fixture::default();
    let mut last = model.input(&[1, SIDE, SIDE, 3]);
    let bias = model.weights(&[CHANNELS], 0.1);
    let first = model.weights(&[CHANNELS, 3, 3, 3], 0.1);
    let shape = [1, SIDE, SIDE, CHANNELS];
    last = model.operator(BuiltinOperator::CONV_2D, &[last, first, bias], &shape, conv);
    for _ in 0..400 {
        last = model.operator(BuiltinOperator::COS, &[last], &shape, None);
    }
    let options = pool(tflite::Padding::VALID, [1, 1], [SIDE, SIDE]);
    let code = BuiltinOperator::AVERAGE_POOL_2D;
    let means = model.operator(code, &[last], &[1, 1, 1, CHANNELS], options);
    let dense = model.weights(&[2, CHANNELS], 0.1);
    let options = options!(FullyConnectedOptions, tflite::FullyConnectedOptionsArgs::default());
    let code = BuiltinOperator::FULLY_CONNECTED;
    let scores = model.operator(code, &[means, dense], &[1, 2], options);
    let args = tflite::SoftmaxOptionsArgs { beta: 1.0 };
    let code = BuiltinOperator::SOFTMAX;
    let output = model.operator(code, &[scores], &[1, 2], options!(SoftmaxOptions, args));
    model.outputs.push(output);
    model.build()
}

/// The function as it is shipped: the SDK tries four times, and what fails more often is handed
/// back. One throttled request is enough: after it the SDK waits for 20 seconds.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_throttled_or_fails_is_tried_four_times() {
    let place = Anywhere::start().await;
    let s3 = |path: &str, _| path.ends_with("/bad.png").then_some(Fault::ServerError);
    let s3 = Proxy::start(Service::S3, &place.at.s3, Box::new(s3)).await;
    let dynamodb = |_: &str, before: usize| (before == 0).then_some(Fault::Throttled);
    let dynamodb = Proxy::start(Service::DynamoDb, &place.at.dynamodb, Box::new(dynamodb)).await;
    let mut api = RuntimeApi::start().await;
    let behind = place.behind(&s3.url, &dynamodb.url);
    let _function = Function::start_with(&api, &behind, &[("MODEL_FILE", TINY_MODEL)]);
    let keys = ["good.png", "bad.png"];
    for key in keys {
        place.put(key, one_colour([250, 0, 0])).await;
    }
    let begun = Instant::now();
    let answer = api.invoke(puts(&place, &keys), 5 * MINUTE).await;
    println!("S3: {:?}, DynamoDB: {:?}", s3.counts(), dynamodb.counts());
    println!("tried again for {:?}", begun.elapsed());
    let failures = json!({"batchItemFailures": [{"itemIdentifier": "m1"}]});
    assert_eq!(answer, ("response".into(), failures));
    assert!(place.is_right("good.png").await && place.row("bad.png").await.is_none());
    // One for the good photo, and four for the other.
    assert_eq!((s3.counts()["requests"], s3.counts()["ServerError"]), (5, 4));
    // Two rows are read, one of them twice, and one is written.
    assert_eq!((dynamodb.counts()["requests"], dynamodb.counts()["Throttled"]), (4, 1));
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
