//! Log lines of what became of changes.

use super::metrics::milliseconds;
use crate::address;
use crate::label::Label;
use crate::pipeline::{Line, Outcome};

/// Which request log lines are of. None of these where there is no function.
#[derive(Debug, Clone, Copy, Default)]
pub struct Request<'a> {
    /// Its id.
    pub id: Option<&'a str>,
    /// The X-Ray trace that it is part of.
    pub trace_id: Option<&'a str>,
}

/// Writes to the log what became of each change.
pub fn log(lines: &[Line]) {
    for line in lines {
        log_line(Request::default(), line, false);
    }
}

/// Writes to the log which label a photo on the web got.
pub fn log_scored(request: Request<'_>, url: &str, label: &Label) {
    let (request_id, trace_id, url) = (request.id, request.trace_id, address::shown(url));
    tracing::info!(request_id, trace_id, url, label = label.as_str(), outcome = "scored");
}

/// What is said of an outcome beside its name.
#[derive(Default)]
struct Said<'a> {
    code: Option<&'a str>,
    reason: Option<&'a str>,
    cause: Option<&'a str>,
    label: Option<&'a str>,
    confidence: Option<f64>,
    shelf: Option<&'a str>,
}

impl<'a> Said<'a> {
    fn of(outcome: &'a Outcome) -> Self {
        match outcome {
            Outcome::Retry(cause) => Self {
                code: Some(cause.code.as_str()),
                cause: Some(&cause.message),
                ..Self::default()
            },
            Outcome::Rejected(rejection) => Self {
                code: Some(rejection.code.as_str()),
                reason: Some(&rejection.message),
                ..Self::default()
            },
            Outcome::Classified { label, confidence, shelf } => Self {
                label: Some(label.as_str()),
                confidence: Some((f64::from(*confidence) * 1e4).round() / 1e4),
                shelf: Some(shelf.as_str()),
                ..Self::default()
            },
            Outcome::Ignored { message } => Self { reason: Some(message), ..Self::default() },
            Outcome::Unchanged | Outcome::Superseded | Outcome::Removed => Self::default(),
        }
    }
}

/// The line of one change. Those that are not done are warnings; where its message went to the
/// dead-letter queue, the line says `poison` in place of `retry`.
pub(super) fn log_line(request: Request<'_>, line: &Line, is_poison: bool) {
    let (request_id, trace_id, message_id) = (request.id, request.trace_id, &*line.message_id);
    let image = line.image.as_deref().unwrap_or("-");
    // No bucket has a slash in its name.
    let (bucket, key) = image.split_once('/').unzip();
    let outcome = if is_poison { "poison" } else { line.outcome.name() };
    let Said { code, reason, cause, label, confidence, shelf } = Said::of(&line.outcome);
    let done = |time: std::time::Duration| (!time.is_zero()).then(|| milliseconds(time));
    let times = &line.timings;
    let (wait_ms, look_ms, fetch_ms) =
        (done(times.waited), done(times.looked), done(times.fetched));
    let (decode_ms, classify_ms) = (done(times.decoded), done(times.judged));
    let (write_ms, bytes) = (done(times.written), (times.bytes > 0).then_some(times.bytes));
    macro_rules! say {
        ($level:ident) => {
            tracing::$level!(
                request_id,
                trace_id,
                message_id,
                image,
                bucket,
                key,
                outcome,
                code,
                reason,
                cause,
                label,
                confidence,
                shelf,
                bytes,
                wait_ms,
                look_ms,
                fetch_ms,
                decode_ms,
                classify_ms,
                write_ms
            )
        };
    }
    if line.outcome.is_retry() {
        say!(warn);
    } else {
        say!(info);
    }
}
