//! A Lambda Runtime API that the tests serve, and the real functions that work for it.

use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post};
use serde_json::Value;
use tokio::sync::{Mutex, mpsc};

use crate::helpers::Place;

/// The X-Ray trace that each event is part of.
pub const TRACE: &str =
    "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1";

/// Long enough for anything.
pub const MINUTE: Duration = Duration::from_mins(1);

/// The part of the Lambda Runtime API that a function needs.
///
/// Source: AWS Lambda developer guide, "Using the Lambda runtime API for custom runtimes".
pub struct RuntimeApi {
    address: String,
    events: mpsc::Sender<(Value, Duration)>,
    answers: mpsc::Receiver<(String, Value)>,
    handed_out: Arc<AtomicUsize>,
}

struct Shared {
    events: Mutex<mpsc::Receiver<(Value, Duration)>>,
    answers: mpsc::Sender<(String, Value)>,
    handed_out: Arc<AtomicUsize>,
}

impl RuntimeApi {
    pub async fn start() -> Self {
        let (events, waiting) = mpsc::channel(8);
        let (answered, answers) = mpsc::channel(8);
        let handed_out = Arc::new(AtomicUsize::new(0));
        let shared = Arc::new(Shared {
            events: Mutex::new(waiting),
            answers: answered,
            handed_out: Arc::clone(&handed_out),
        });
        let base = "/2018-06-01/runtime";
        let router = Router::new()
            .route(&format!("{base}/invocation/next"), get(next))
            .route(&format!("{base}/invocation/{{id}}/{{kind}}"), post(answer))
            .route(&format!("{base}/init/error"), post(init_error))
            .with_state(shared);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { address, events, answers, handed_out }
    }

    /// Invokes the function; `("response", ...)` or `("error", ...)`.
    pub async fn invoke(&mut self, event: Value, timeout: Duration) -> (String, Value) {
        self.send(event, timeout).await;
        let answer = tokio::time::timeout(timeout.max(MINUTE), self.answer());
        answer.await.expect("the function answers")
    }

    /// Has an event ready for the function.
    pub async fn send(&self, event: Value, timeout: Duration) {
        self.events.send((event, timeout)).await.unwrap();
    }

    /// The function's next answer.
    pub async fn answer(&mut self) -> (String, Value) {
        self.answers.recv().await.unwrap()
    }

    /// How many events the function has taken.
    pub fn handed_out(&self) -> usize {
        self.handed_out.load(Ordering::SeqCst)
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
        ("lambda-runtime-trace-id", TRACE.to_owned()),
        ("content-type", "application/json".to_owned()),
    ] {
        headers.insert(name, value.parse().unwrap());
    }
    shared.handed_out.fetch_add(1, Ordering::SeqCst);
    (headers, event.to_string())
}

async fn answer(
    State(shared): State<Arc<Shared>>,
    Path((_, kind)): Path<(String, String)>,
    body: String,
) -> StatusCode {
    let value = serde_json::from_str(&body).unwrap_or(Value::String(body));
    take(&shared, kind, value).await
}

async fn init_error(State(shared): State<Arc<Shared>>, body: String) -> StatusCode {
    take(&shared, "init".to_owned(), Value::String(body)).await
}

/// Takes an answer, if the test still waits for one.
async fn take(shared: &Shared, kind: String, value: Value) -> StatusCode {
    match shared.answers.send((kind, value)).await {
        Ok(()) => StatusCode::ACCEPTED,
        Err(_) => StatusCode::GONE,
    }
}

/// A running function; killed when it goes out of scope.
pub struct Function(Child);

impl Function {
    pub fn start(api: &RuntimeApi, place: &Place) -> Self {
        Self::start_with(api, place, &[])
    }

    /// The same with more settings.
    pub fn start_with(api: &RuntimeApi, place: &Place, settings: &[(&str, &str)]) -> Self {
        Self::run(command(&api.address), place, settings)
    }

    /// The same, and what it says is in a file.
    pub fn start_said(
        api: &RuntimeApi,
        place: &Place,
        settings: &[(&str, &str)],
        said: &std::path::Path,
    ) -> Self {
        let said = std::fs::File::create(said).unwrap();
        Self::run_said(command(&api.address), place, settings, said.into())
    }

    /// The function that serves the catalogue.
    pub fn catalogue(api: &RuntimeApi, place: &Place, settings: &[(&str, &str)]) -> Self {
        let command = command_of(env!("CARGO_BIN_EXE_catalogue"), &api.address);
        Self::run(command, place, settings)
    }

    fn run(command: Command, place: &Place, settings: &[(&str, &str)]) -> Self {
        // Nobody reads what it says, and it must never wait for that.
        Self::run_said(command, place, settings, Stdio::null())
    }

    fn run_said(
        mut command: Command,
        place: &Place,
        settings: &[(&str, &str)],
        said: Stdio,
    ) -> Self {
        let child = command
            .env("AWS_ENDPOINT_URL_S3", &place.at.s3)
            .env("AWS_ENDPOINT_URL_DYNAMODB", &place.at.dynamodb)
            .env("AWS_ENDPOINT_URL_DYNAMODB_STREAMS", &place.at.dynamodb)
            .env("AWS_ACCESS_KEY_ID", &place.at.key.id)
            .env("AWS_SECRET_ACCESS_KEY", &place.at.key.secret)
            .env("TABLE_NAME", &place.at.table)
            .envs(settings.iter().copied())
            .stdout(said)
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self(child)
    }

    /// How many threads of that name it has, where the system says so.
    pub fn threads(&self, name: &str) -> Option<usize> {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", self.0.id())).ok()?;
        let names = tasks.flatten().map(|task| std::fs::read_to_string(task.path().join("comm")));
        Some(names.flatten().filter(|comm| comm.trim() == name).count())
    }

    /// Ends it at once, as SIGKILL does.
    pub fn kill(mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }

    /// The most memory that it had, in bytes, where the system says so.
    pub fn peak_memory(&self) -> Option<u64> {
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

pub fn command(api: &str) -> Command {
    command_of(env!("CARGO_BIN_EXE_lambda"), api)
}

fn command_of(program: &str, api: &str) -> Command {
    let mut command = Command::new(program);
    command
        .env_clear()
        .env("AWS_LAMBDA_RUNTIME_API", api)
        .env("AWS_LAMBDA_FUNCTION_NAME", "f")
        .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "1769")
        .env("AWS_LAMBDA_LOG_GROUP_NAME", "g")
        .env("AWS_LAMBDA_LOG_STREAM_NAME", "s")
        .env("AWS_REGION", "us-east-1")
        .env("AWS_ACCESS_KEY_ID", "nobody")
        .env("AWS_SECRET_ACCESS_KEY", "nobody")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}
