//! What is said while the program works: log lines, and the function's metrics.
//!
//! All lines of a function are JSON objects with a `level` and a `timestamp`, so that Lambda can tell
//! which of them to keep. They name buckets and keys, and nothing of who asks: no queries of URLs, and
//! nothing of an event but what it says of objects. `docs/metrics.md` tells of each line and metric.

mod emf;
mod journal;
mod lines;
mod metrics;
mod panics;

pub use emf::{Metric, Unit};
pub use journal::Journal;
pub use lines::{Request, log, log_scored};
pub use metrics::{BY_REASON, FUNCTION, METRICS, NAMESPACE, REASON, Start};

use std::env;

use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::layer;
use tracing_subscriber::prelude::*;

use crate::settings::RUST_LOG;

/// Lets the function write log lines, each a JSON object: those that `RUST_LOG` names, or
/// lookbook's own from `info` and others' from `warn`. A panic is such a line too.
pub fn start_function() {
    let lines = layer().json().flatten_event(true);
    tracing_subscriber::registry()
        .with(lines.with_filter(targets(&RUST_LOG.default.to_string())))
        .init();
    panics::log_panics();
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
