//! What the function measures. `docs/metrics.md` says what each metric means.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Map, Value};

use super::emf::{Document, Metric, Unit};
use crate::code::RetryCode;
use crate::pipeline::{Line, Outcome, Timings};

/// The namespace of all of them.
pub const NAMESPACE: &str = "Lookbook";
/// The dimension that all of them have.
pub const FUNCTION: &str = "FunctionName";
/// The second one of those in [`BY_REASON`].
pub const REASON: &str = "Reason";

macro_rules! metrics {
    ($($(#[$doc:meta])* $id:ident = $name:literal, $unit:ident;)*) => {
        $($(#[$doc])* const $id: Metric = Metric { name: $name, unit: Unit::$unit };)*
        /// All of them.
        pub const METRICS: &[Metric] = &[$($id),*];
    };
}

metrics! {
    CLASSIFIED = "Classified", Count;
    UNCHANGED = "Unchanged", Count;
    SUPERSEDED = "Superseded", Count;
    REMOVED = "Removed", Count;
    REJECTED = "Rejected", Count;
    IGNORED = "Ignored", Count;
    RETRIED = "Retried", Count;
    /// Of those that are retried, the ones for which there was no time to begin.
    NOT_BEGUN = "NotBegun", Count;
    /// Messages that went straight to the dead-letter queue.
    POISON = "Poison", Count;
    CONFIDENCE = "Confidence", None;
    BYTES = "Bytes", Bytes;
    WAIT_TIME = "WaitTime", Milliseconds;
    LOOK_TIME = "LookTime", Milliseconds;
    FETCH_TIME = "FetchTime", Milliseconds;
    DECODE_TIME = "DecodeTime", Milliseconds;
    CLASSIFY_TIME = "ClassifyTime", Milliseconds;
    WRITE_TIME = "WriteTime", Milliseconds;
    COLD_STARTS = "ColdStarts", Count;
    INIT_TIME = "InitTime", Milliseconds;
    INIT_MODEL_TIME = "InitModelTime", Milliseconds;
    INIT_CLIENTS_TIME = "InitClientsTime", Milliseconds;
}

/// Those that are also counted by reason, which is a stable code.
pub const BY_REASON: &[Metric] = &[REJECTED, RETRIED];

/// How long the function took to be ready for its first event.
#[derive(Debug, Clone, Copy)]
pub struct Start {
    /// All of it.
    pub total: Duration,
    /// Loading the model; at the same time as the clients.
    pub model: Duration,
    /// Making the clients of AWS.
    pub clients: Duration,
}

/// What is measured of one invocation.
#[derive(Debug, Default)]
pub(super) struct Measured {
    /// In no order; each has values.
    values: Vec<(Metric, Vec<f64>)>,
    by_reason: BTreeMap<(&'static str, &'static str), f64>,
}

impl Measured {
    /// What these lines say, of which some are of so many messages that went to the dead-letter queue.
    pub fn of(lines: &[(&Line, bool)], poison: usize, start: Option<&Start>) -> Self {
        let mut measured = Self::default();
        for (line, is_poison) in lines {
            if !is_poison {
                measured.count(&line.outcome);
            }
            measured.time(&line.timings);
        }
        if poison > 0 {
            measured.add(POISON, poison);
        }
        if let Some(Start { total, model, clients }) = start {
            measured.add(COLD_STARTS, 1);
            measured.note(INIT_TIME, milliseconds(*total));
            measured.note(INIT_MODEL_TIME, milliseconds(*model));
            measured.note(INIT_CLIENTS_TIME, milliseconds(*clients));
        }
        measured
    }

    fn count(&mut self, outcome: &Outcome) {
        let metric = match outcome {
            Outcome::Classified { confidence, .. } => {
                self.note(CONFIDENCE, f64::from(*confidence));
                CLASSIFIED
            }
            Outcome::Unchanged => UNCHANGED,
            Outcome::Superseded => SUPERSEDED,
            Outcome::Removed => REMOVED,
            Outcome::Rejected(rejection) => {
                self.because(REJECTED, rejection.code.as_str());
                REJECTED
            }
            Outcome::Ignored { .. } => IGNORED,
            Outcome::Retry(cause) => {
                if cause.code == RetryCode::NotBegun {
                    self.add(NOT_BEGUN, 1);
                }
                self.because(RETRIED, cause.code.as_str());
                RETRIED
            }
        };
        self.add(metric, 1);
    }

    fn time(&mut self, timings: &Timings) {
        for (metric, took) in [
            (WAIT_TIME, timings.waited),
            (LOOK_TIME, timings.looked),
            (FETCH_TIME, timings.fetched),
            (DECODE_TIME, timings.decoded),
            (CLASSIFY_TIME, timings.judged),
            (WRITE_TIME, timings.written),
        ] {
            // What was not done has no time.
            if !took.is_zero() {
                self.note(metric, milliseconds(took));
            }
        }
        if timings.bytes > 0 {
            // No photo has so many bytes that a float would not hold their number.
            #[allow(clippy::cast_precision_loss)]
            self.note(BYTES, timings.bytes as f64);
        }
    }

    /// One more value.
    fn note(&mut self, metric: Metric, value: f64) {
        match self.values.iter_mut().find(|(known, _)| *known == metric) {
            Some((_, values)) => values.push(value),
            None => self.values.push((metric, vec![value])),
        }
    }

    /// So many more of what has one value, a sum.
    fn add(&mut self, metric: Metric, more: usize) {
        // Nothing in an invocation is so many that a float would not hold it.
        #[allow(clippy::cast_precision_loss)]
        let more = more as f64;
        match self.values.iter_mut().find(|(known, _)| *known == metric) {
            Some((_, values)) => values.iter_mut().for_each(|value| *value += more),
            None => self.values.push((metric, vec![more])),
        }
    }

    fn because(&mut self, metric: Metric, code: &'static str) {
        *self.by_reason.entry((metric.name, code)).or_default() += 1.0;
    }

    /// One document of all of it, and one for each reason; none if nothing was measured.
    pub fn documents(self, function: &str, properties: &Map<String, Value>) -> Vec<Document> {
        let document = |reason: Option<&str>, metrics| Document {
            namespace: NAMESPACE,
            dimensions: std::iter::once((FUNCTION, function.to_owned()))
                .chain(reason.map(|reason| (REASON, reason.to_owned())))
                .collect(),
            metrics,
            properties: properties.clone(),
        };
        let mut documents = Vec::new();
        if !self.values.is_empty() {
            documents.push(document(None, self.values));
        }
        for ((name, reason), count) in self.by_reason {
            let counted = BY_REASON.iter().filter(|metric| metric.name == name);
            documents.push(document(
                Some(reason),
                counted.map(|metric| (*metric, vec![count])).collect(),
            ));
        }
        documents
    }
}

/// A time as metrics and log lines have it.
pub(super) fn milliseconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e6).round() / 1e3
}
