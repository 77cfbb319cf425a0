//! What the function says of each invocation: a log line for each change, one for all of them, and
//! its metrics.

use std::collections::BTreeMap;
use std::env;
use std::io::Write;
use std::sync::Mutex;
use std::time::Duration;

use serde_json::{Map, Value};
use time::OffsetDateTime;

use super::lines::{Request, log_line};
use super::metrics::{Measured, Start, milliseconds};
use super::targets;
use crate::catalogue::Maker;
use crate::code::RetryCode;
use crate::handler::{HandleError, Report, SetAside};
use crate::pipeline::{Line, Outcome};
use crate::settings::RUST_LOG;

/// The name under which `RUST_LOG` has the metrics: `lookbook::metrics=off` writes none.
const TARGET: &str = "lookbook::metrics";

/// Notes what becomes of the invocations of one function.
#[derive(Debug)]
pub struct Journal {
    /// None if no metrics are wanted.
    metrics: Option<Metrics>,
    /// Until the first invocation.
    start: Mutex<Option<Start>>,
}

/// How metrics are written.
#[derive(Debug)]
struct Metrics {
    function: String,
    level: &'static str,
    maker: Maker,
}

impl Journal {
    /// The journal of the function that the environment names, whose photos are judged by this one, and
    /// which took so long to start.
    #[must_use]
    pub fn new(maker: &Maker, start: Start) -> Self {
        let variable = |name: &str| env::var(name).ok();
        let is_on =
            targets(&RUST_LOG.default.to_string()).would_enable(TARGET, &tracing::Level::ERROR);
        let metrics = is_on.then(|| Metrics {
            function: variable("AWS_LAMBDA_FUNCTION_NAME").unwrap_or_else(|| "lookbook".to_owned()),
            level: level(variable("AWS_LAMBDA_LOG_LEVEL").as_deref()),
            maker: maker.clone(),
        });
        Self { metrics, start: Mutex::new(Some(start)) }
    }

    /// Writes down what became of an invocation that took so long.
    pub fn note(&self, request: Request<'_>, result: &Result<Report, HandleError>, took: Duration) {
        let none = SetAside::default();
        let (lines, aside): (&[Line], _) = match result {
            Ok(report) => (&report.lines, &report.aside),
            Err(HandleError::Table { lines, .. }) => (lines, &none),
            Err(_) => (&[], &none),
        };
        let lines: Vec<(&Line, bool)> =
            lines.iter().map(|line| (line, is_poison(line, aside))).collect();
        let poison = aside.sent.len();
        for (line, is_poison) in &lines {
            log_line(request, line, *is_poison);
        }
        for (message_id, cause) in &aside.failed {
            let (request_id, trace_id, code) = (request.id, request.trace_id, "dead_letter_failed");
            tracing::error!(request_id, trace_id, message_id, code, cause);
        }
        if let Err(error) = result {
            let (request_id, trace_id, code) = (request.id, request.trace_id, error.code());
            tracing::error!(request_id, trace_id, code, "{error}");
        }
        // Whoever panicked with the lock has not harmed a time.
        let start = self.start.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
        summarise(request, &lines, poison, took, start.is_some());
        if let Some(metrics) = &self.metrics {
            metrics.write(request, Measured::of(&lines, poison, start.as_ref()));
        }
    }
}

/// Whether a record is the reason that its message went to the dead-letter queue.
fn is_poison(line: &Line, aside: &SetAside) -> bool {
    matches!(&line.outcome, Outcome::Retry(cause) if cause.code == RetryCode::Unreadable)
        && aside.sent.contains(&line.message_id)
}

/// The line of the whole invocation.
fn summarise(
    request: Request<'_>,
    lines: &[(&Line, bool)],
    poison: usize,
    took: Duration,
    cold: bool,
) {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for (line, _) in lines.iter().filter(|(_, is_poison)| !is_poison) {
        *counts.entry(line.outcome.name()).or_default() += 1;
    }
    let count = |name| counts.get(name).copied();
    tracing::info!(
        request_id = request.id,
        trace_id = request.trace_id,
        duration_ms = milliseconds(took),
        cold,
        changes = lines.len(),
        classified = count("classified"),
        unchanged = count("unchanged"),
        superseded = count("superseded"),
        removed = count("removed"),
        rejected = count("rejected"),
        ignored = count("ignored"),
        retry = count("retry"),
        poison = (poison > 0).then_some(poison),
        "the invocation is over"
    );
}

impl Metrics {
    fn write(&self, request: Request<'_>, measured: Measured) {
        let text: String = self
            .lines(request, measured)
            .into_iter()
            .flat_map(|line| [line, "\n".to_owned()])
            .collect();
        // In one piece, so that no other line comes between. Where nobody takes it, there is nobody to
        // tell.
        let _ = std::io::stdout().lock().write_all(text.as_bytes());
    }

    fn lines(&self, request: Request<'_>, measured: Measured) -> Vec<String> {
        let properties = [
            ("request_id", request.id),
            ("trace_id", request.trace_id),
            ("model_id", Some(&*self.maker.model_id)),
            ("recipe", Some(&*self.maker.recipe)),
            ("software", Some(&*self.maker.software)),
        ];
        let properties: Map<String, Value> = properties
            .into_iter()
            .filter_map(|(name, text)| Some((name.to_owned(), Value::from(text?))))
            .chain([("generation".to_owned(), Value::from(self.maker.generation))])
            .collect();
        let now = OffsetDateTime::now_utc();
        let documents = measured.documents(&self.function, &properties);
        documents.iter().flat_map(|document| document.lines(self.level, now)).collect()
    }
}

/// The level of the lines that carry metrics: the least that Lambda lets through.
///
/// Lambda drops each line that has a lower level than the function is set to, and takes a line without
/// one for `INFO`: metrics would end where somebody wants to see warnings only.
///
/// Source: AWS Lambda developer guide, "Log-level filtering".
fn level(of_function: Option<&str>) -> &'static str {
    match of_function.unwrap_or_default().to_ascii_uppercase().as_str() {
        "WARN" => "WARN",
        "ERROR" => "ERROR",
        "FATAL" => "FATAL",
        _ => "INFO",
    }
}
