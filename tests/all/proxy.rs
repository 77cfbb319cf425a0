//! A proxy between the SDK and a server, which does to requests and answers what networks and AWS
//! do.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderName, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures::stream;

use crate::helpers::Dice;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    S3,
    DynamoDb,
}

/// What goes wrong with a request.
#[derive(Debug, Clone, Copy)]
pub enum Fault {
    ServerError,
    Throttled,
    /// The connection breaks before the server has the request.
    ResetBefore,
    /// It breaks when the server has done what was asked.
    ResetAfter,
    /// The server does it, and its answer never comes.
    Silence,
    /// Of the answer's body, half comes.
    Truncated,
    /// The answer's body comes in small pieces.
    Slow,
    /// It comes in smaller ones, and much slower.
    Dripping,
    /// It may not be asked for.
    Denied,
}

/// Those that a random fault is one of.
pub const FAULTS: [Fault; 7] = [
    Fault::ServerError,
    Fault::Throttled,
    Fault::ResetBefore,
    Fault::ResetAfter,
    Fault::Silence,
    Fault::Truncated,
    Fault::Slow,
];

/// Says what goes wrong with a request, if anything does: by its path, and by how many there were
/// before.
pub type Weather = Box<dyn FnMut(&str, usize) -> Option<Fault> + Send>;

/// Random faults, at rates of so many per cent, each for as many requests, over and over.
pub fn random(mut dice: Dice, rates: &'static [usize], requests: usize) -> Weather {
    Box::new(move |_, before| {
        let rate = rates[before / requests % rates.len()];
        dice.percent(rate).then(|| FAULTS[dice.roll(FAULTS.len())])
    })
}

/// A proxy that runs.
#[derive(Clone)]
pub struct Proxy {
    pub url: String,
    inner: Arc<Inner>,
}

struct Inner {
    service: Service,
    target: String,
    client: reqwest::Client,
    weather: Mutex<Weather>,
    on: AtomicBool,
    counts: Mutex<BTreeMap<String, usize>>,
    traces: Mutex<BTreeSet<String>>,
}

/// An answer of the server.
struct Answer {
    status: StatusCode,
    headers: axum::http::HeaderMap,
    body: Bytes,
}

impl Proxy {
    pub async fn start(service: Service, target: &str, weather: Weather) -> Self {
        let inner = Arc::new(Inner {
            service,
            target: target.to_owned(),
            client: reqwest::Client::builder().no_proxy().build().unwrap(),
            weather: Mutex::new(weather),
            on: AtomicBool::new(true),
            counts: Mutex::default(),
            traces: Mutex::default(),
        });
        let router = Router::new().fallback(pass).with_state(Arc::clone(&inner));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, inner }
    }

    /// From now on nothing goes wrong.
    pub fn calm_down(&self) {
        self.inner.on.store(false, Ordering::SeqCst);
    }

    /// The X-Ray traces that requests were part of; an empty one, if a request was part of none.
    pub fn traces(&self) -> BTreeSet<String> {
        self.inner.traces.lock().unwrap().clone()
    }

    /// How many requests there were, and what went wrong.
    pub fn counts(&self) -> BTreeMap<String, usize> {
        self.inner.counts.lock().unwrap().clone()
    }
}

impl Inner {
    fn fault(&self, path: &str) -> Option<Fault> {
        if !self.on.load(Ordering::SeqCst) {
            return None;
        }
        let before = self.count("requests") - 1;
        let fault = (self.weather.lock().unwrap())(path, before)?;
        self.count(&format!("{fault:?}"));
        Some(fault)
    }

    fn count(&self, what: &str) -> usize {
        let mut counts = self.counts.lock().unwrap();
        let count = counts.entry(what.to_owned()).or_default();
        *count += 1;
        *count
    }

    async fn forward(&self, request: Request) -> Answer {
        let (parts, body) = request.into_parts();
        let body = axum::body::to_bytes(body, usize::MAX).await.unwrap_or_default();
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        let sent = self.client.request(parts.method, format!("{}{path}", self.target));
        let answer = sent.headers(parts.headers).body(body).send().await.unwrap();
        let (status, headers) = (answer.status(), answer.headers().clone());
        Answer { status, headers, body: answer.bytes().await.unwrap() }
    }

    /// Source: Amazon S3 API reference, "Error responses"; Amazon `DynamoDB` developer guide,
    /// "Error handling".
    fn error(&self, fault: Fault) -> Response {
        let (status, kind, body) = match (self.service, fault) {
            (Service::S3, Fault::Throttled) => (503, "xml", xml("SlowDown")),
            (Service::S3, Fault::Denied) => (403, "xml", xml("AccessDenied")),
            (Service::S3, _) => (500, "xml", xml("InternalError")),
            (Service::DynamoDb, Fault::Throttled) => {
                (400, "x-amz-json-1.0", json("ProvisionedThroughputExceededException"))
            }
            (Service::DynamoDb, _) => (500, "x-amz-json-1.0", json("InternalServerError")),
        };
        let headers = [(header::CONTENT_TYPE, format!("application/{kind}"))];
        (StatusCode::from_u16(status).unwrap(), headers, body).into_response()
    }
}

fn xml(code: &str) -> String {
    format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>m</Message></Error>")
}

fn json(code: &str) -> String {
    format!(r#"{{"__type":"com.amazonaws.dynamodb.v20120810#{code}","message":"m"}}"#)
}

async fn pass(State(proxy): State<Arc<Inner>>, request: Request) -> Response {
    let trace = request.headers().get("x-amzn-trace-id").and_then(|trace| trace.to_str().ok());
    proxy.traces.lock().unwrap().insert(trace.unwrap_or_default().to_owned());
    // An object that the function may not read.
    if proxy.service == Service::S3 && request.uri().path().contains("forbidden") {
        return (StatusCode::FORBIDDEN, xml("AccessDenied")).into_response();
    }
    let Some(fault) = proxy.fault(request.uri().path()) else {
        return whole(&proxy.forward(request).await);
    };
    let is_head = request.method() == Method::HEAD;
    match fault {
        Fault::ServerError | Fault::Throttled | Fault::Denied => proxy.error(fault),
        Fault::ResetBefore => reset(),
        Fault::ResetAfter => {
            proxy.forward(request).await;
            reset()
        }
        Fault::Silence => {
            proxy.forward(request).await;
            tokio::time::sleep(Duration::from_mins(1)).await;
            reset()
        }
        Fault::Truncated if is_head => reset(),
        Fault::Truncated => truncated(proxy.forward(request).await),
        Fault::Slow | Fault::Dripping if is_head => whole(&proxy.forward(request).await),
        Fault::Slow => slow(proxy.forward(request).await, 40, Duration::from_millis(2)),
        Fault::Dripping => slow(proxy.forward(request).await, 1, Duration::from_millis(200)),
    }
}

/// Ends the task that serves the connection, and so the connection, without a word to the client or
/// on the terminal.
fn reset() -> ! {
    std::panic::resume_unwind(Box::new("reset"))
}

fn response(answer: &Answer, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = answer.status;
    // The body comes in one piece, whatever the server did.
    let is_of_connection = |name: &HeaderName| *name == header::TRANSFER_ENCODING;
    let headers = answer.headers.iter().filter(|(name, _)| !is_of_connection(name));
    response.headers_mut().extend(headers.map(|(name, value)| (name.clone(), value.clone())));
    response
}

fn whole(answer: &Answer) -> Response {
    response(answer, Body::from(answer.body.clone()))
}

fn truncated(mut answer: Answer) -> Response {
    let half = answer.body.slice(..answer.body.len() / 2);
    answer.headers.insert(header::CONTENT_LENGTH, answer.body.len().max(1).into());
    let broken = Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset));
    let body = Body::from_stream(stream::iter([Ok(half), broken]));
    response(&answer, body)
}

fn slow(mut answer: Answer, bytes: usize, pause: Duration) -> Response {
    answer.headers.insert(header::CONTENT_LENGTH, answer.body.len().into());
    let pieces: Vec<Bytes> =
        answer.body.chunks(bytes).map(|piece| answer.body.slice_ref(piece)).collect();
    let body =
        Body::from_stream(stream::unfold(pieces.into_iter(), move |mut pieces| async move {
            let piece = pieces.next()?;
            tokio::time::sleep(pause).await;
            Some((Ok::<_, std::io::Error>(piece), pieces))
        }));
    response(&answer, body)
}
