//! What is said while the program works: log lines.

use std::env;

use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::layer;
use tracing_subscriber::prelude::*;

use crate::address;
use crate::label::Label;
use crate::pipeline::{Line, Outcome};
use crate::settings::RUST_LOG;

/// Lets the function write log lines, each a JSON object: those that `RUST_LOG` names, or
/// lookbook's own from `info` and others' from `warn`.
pub fn start_function() {
    let lines = layer().json().flatten_event(true);
    tracing_subscriber::registry()
        .with(lines.with_filter(targets(&RUST_LOG.default.to_string())))
        .init();
}

/// Lets the command line write log lines to standard error: those that `RUST_LOG` names, or
/// lookbook's own warnings. The embedded servers are quiet: what a client does wrong, it hears, and
/// a lost condition is no fault.
pub fn start_command(colour: bool) {
    let lines = layer().with_writer(std::io::stderr).with_ansi(colour);
    let quiet = targets("error,lookbook=warn,s3s=off,dynoxide=error");
    tracing_subscriber::registry().with(lines.with_filter(quiet)).init();
}

/// What `RUST_LOG` names (`warn,lookbook=debug`), or the default if it is not set or cannot be
/// read.
fn targets(default: &str) -> Targets {
    let named = env::var(RUST_LOG.name).ok().filter(|text| !text.trim().is_empty());
    let named = named.and_then(|text| text.parse().ok());
    named.unwrap_or_else(|| default.parse().unwrap_or_default())
}

/// Writes to the log what became of each change.
pub fn log(lines: &[Line]) {
    lines.iter().for_each(log_line);
}

/// Writes to the log which label a photo on the web got.
pub fn log_scored(url: &str, label: &Label) {
    tracing::info!(url = address::shown(url), label = label.as_str(), outcome = "scored");
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
