//! The real `lambda` binary, driven over the Lambda Runtime API.

use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post};
use lookbook::local::CREDENTIAL;
use serde_json::{Value, json};
use tokio::sync::{Mutex, mpsc};

use crate::helpers::{Embedded, Place, sample, sqs};
use crate::second::Anywhere;

/// The part of the Lambda Runtime API that a function needs.
///
/// Source: AWS Lambda developer guide, "Using the Lambda runtime API for custom runtimes".
struct RuntimeApi {
    address: String,
    events: mpsc::Sender<(Value, Duration)>,
    answers: mpsc::Receiver<(String, Value)>,
}

struct Shared {
    events: Mutex<mpsc::Receiver<(Value, Duration)>>,
    answers: mpsc::Sender<(String, Value)>,
}

impl RuntimeApi {
    async fn start() -> Self {
        let (events, waiting) = mpsc::channel(8);
        let (answered, answers) = mpsc::channel(8);
        let shared = Arc::new(Shared { events: Mutex::new(waiting), answers: answered });
        let base = "/2018-06-01/runtime";
        let router = Router::new()
            .route(&format!("{base}/invocation/next"), get(next))
            .route(&format!("{base}/invocation/{{id}}/{{kind}}"), post(answer))
            .route(&format!("{base}/init/error"), post(init_error))
            .with_state(shared);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { address, events, answers }
    }

    /// Invokes the function; `("response", ...)` or `("error", ...)`.
    async fn invoke(&mut self, event: Value, timeout: Duration) -> (String, Value) {
        self.events.send((event, timeout)).await.unwrap();
        let answer = tokio::time::timeout(Duration::from_mins(1), self.answers.recv());
        answer.await.expect("the function answers").unwrap()
    }
}

async fn next(State(shared): State<Arc<Shared>>) -> (HeaderMap, String) {
    let Some((event, timeout)) = shared.events.lock().await.recv().await else {
        return std::future::pending().await;
    };
    let deadline = SystemTime::now().duration_since(UNIX_EPOCH).unwrap() + timeout;
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("lambda-runtime-aws-request-id", "8476a536-e9f4-11e8-9739-2dfe598c3fcd".to_owned()),
        ("lambda-runtime-deadline-ms", deadline.as_millis().to_string()),
        ("lambda-runtime-invoked-function-arn", "arn:aws:lambda:us-east-1:1:function:f".to_owned()),
        ("content-type", "application/json".to_owned()),
    ] {
        headers.insert(name, value.parse().unwrap());
    }
    (headers, event.to_string())
}

async fn answer(
    State(shared): State<Arc<Shared>>,
    Path((_, kind)): Path<(String, String)>,
    body: String,
) -> StatusCode {
    let value = serde_json::from_str(&body).unwrap_or(Value::String(body));
    shared.answers.send((kind, value)).await.unwrap();
    StatusCode::ACCEPTED
}

async fn init_error(State(shared): State<Arc<Shared>>, body: String) -> StatusCode {
    shared.answers.send(("init".to_owned(), Value::String(body))).await.unwrap();
    StatusCode::ACCEPTED
}

/// A running function; killed when it goes out of scope.
struct Function(Child);

impl Function {
    fn start(api: &RuntimeApi, place: &Place) -> Self {
        let child = command(&api.address)
            .env("AWS_ENDPOINT_URL_S3", &place.at.s3)
            .env("AWS_ENDPOINT_URL_DYNAMODB", &place.at.dynamodb)
            .env("TABLE_NAME", &place.at.table)
            .spawn()
            .unwrap();
        Self(child)
    }

    /// The most memory that it had, in bytes, where the system says so.
    fn peak_memory(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.0.id())).ok()?;
        let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
        line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kib| kib * 1024)
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn command(api: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lambda"));
    command
        .env_clear()
        .env("AWS_LAMBDA_RUNTIME_API", api)
        .env("AWS_LAMBDA_FUNCTION_NAME", "f")
        .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "1769")
        .env("AWS_LAMBDA_LOG_GROUP_NAME", "g")
        .env("AWS_LAMBDA_LOG_STREAM_NAME", "s")
        .env("AWS_REGION", "us-east-1")
        .env("AWS_ACCESS_KEY_ID", CREDENTIAL)
        .env("AWS_SECRET_ACCESS_KEY", CREDENTIAL)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

const MINUTE: Duration = Duration::from_mins(1);

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
