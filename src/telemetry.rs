//! What is said while the program works: log lines.

use tracing_subscriber::EnvFilter;

use crate::label::Label;
use crate::pipeline::{Line, Outcome};
use crate::settings::RUST_LOG;

/// Which log lines the function writes: `RUST_LOG`, or lookbook's own from `info` and others' from
/// `warn`.
#[must_use]
pub fn function_filter() -> EnvFilter {
    filter(&RUST_LOG.default.to_string())
}

/// Which log lines the command line writes: `RUST_LOG`, or lookbook's own warnings. The embedded
/// servers are quiet: what a client does wrong, it hears, and a lost condition is no fault.
#[must_use]
pub fn command_filter() -> EnvFilter {
    filter("error,lookbook=warn,s3s=off,dynoxide=error")
}

fn filter(default: &str) -> EnvFilter {
    EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(default))
}

/// Writes to the log what became of each change.
pub fn log(lines: &[Line]) {
    lines.iter().for_each(log_line);
}

/// Writes to the log which label a photo on the web got.
pub fn log_scored(url: &str, label: &Label) {
    let shown: String = url.chars().take(200).collect();
    tracing::info!(url = shown, label = label.as_str(), outcome = "scored");
}

fn log_line(line: &Line) {
    let (message, image) = (line.message_id.as_str(), line.image.as_deref().unwrap_or("-"));
    let outcome = line.outcome.name();
    match &line.outcome {
        Outcome::Retry(cause) => {
            let code = cause.code.as_str();
            tracing::warn!(message_id = message, image, outcome, code, cause = cause.message);
        }
        Outcome::Rejected(rejection) => {
            let code = rejection.code.as_str();
            let reason = &rejection.message;
            tracing::info!(message_id = message, image, outcome, code, reason);
        }
        Outcome::Classified { label, confidence, shelf } => {
            let (label, shelf) = (label.as_str(), shelf.as_str());
            tracing::info!(message_id = message, image, outcome, label, confidence, shelf);
        }
        Outcome::Ignored { message: reason } => {
            tracing::info!(message_id = message, image, outcome, reason);
        }
        Outcome::Unchanged | Outcome::Superseded | Outcome::Removed => {
            tracing::info!(message_id = message, image, outcome);
        }
    }
}
