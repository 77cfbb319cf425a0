//! From changes to outcomes: plan, fetch, judge, record. The only module that knows all the others.
//!
//! An event comes in, is reduced to one piece of work a key, and each key is settled on its own (see
//! `settle.rs` for the rules). Keys are settled side by side, bounded by number and by bytes: what is
//! fetched and what is decoded each have a budget. Photos are judged on threads of their own, never
//! on the async executor.
//!
//! The function on AWS, `lookbook local`, and `lookbook replay` all run [`Pipeline::handle`].

mod budget;
mod deadline;
mod judge;
mod outcome;
mod plan;
mod settle;
#[cfg(test)]
mod tests;

pub use judge::{Judge, PhotoJudge};
pub use outcome::{Cause, Outcome};

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::Arc;

use budget::Budget;
use deadline::{Deadline, Pace};
use futures::stream::{self, StreamExt, TryStreamExt};
use plan::{Plan, Work};
use serde::Serialize;
use serde_json::Value;
use settle::{Settler, Stop};
use tokio::time::Instant;

use crate::bucket::{Bucket, S3};
use crate::catalogue::{DynamoDb, Table, TableError};
use crate::classifier::{Classifier, ModelError};
use crate::event::{Envelope, EventError};
use crate::settings::{self, Rules, Settings};

/// Everything that turns events into rows. Made once, used for every invocation.
#[derive(Debug)]
pub struct Pipeline<B, T, J = PhotoJudge> {
    bucket: B,
    table: T,
    judge: J,
    key_prefix: String,
    concurrency: NonZeroUsize,
    fetched: Budget,
    pace: Pace,
}

/// One call of the function.
#[derive(Debug, Clone)]
pub struct Invocation {
    /// Identifies it in logs, and its message if the envelope has no ids of its own.
    pub id: String,
    /// When it would be killed.
    pub deadline: Option<Instant>,
}

/// What became of an event.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// One line a change, and one for each record that could not be read; in the event's order.
    pub lines: Vec<Line>,
    /// What the sender is told. `None`: the invocation fails, and the sender repeats the event.
    pub answer: Option<Value>,
}

/// What became of one change.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Line {
    /// The id of its message.
    pub message_id: String,
    /// The object, `bucket/key`; none if the record could not be read.
    pub image: Option<String>,
    /// What became of it.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// Why a whole event failed.
#[derive(Debug, thiserror::Error)]
pub enum HandleError {
    /// It is no envelope that lookbook knows.
    #[error(transparent)]
    Event(#[from] EventError),
    /// There is no table: nothing can be done for any change.
    #[error(transparent)]
    Table(TableError),
}

impl HandleError {
    /// A stable name, for logs and for the error's type in Lambda's answer.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Event(_) => "unknown_event",
            Self::Table(error) => error.code(),
        }
    }
}

impl Report {
    /// How many changes came to each outcome.
    #[must_use]
    pub fn counts(&self) -> BTreeMap<&'static str, usize> {
        let mut counts = BTreeMap::new();
        for line in &self.lines {
            *counts.entry(line.outcome.name()).or_default() += 1;
        }
        counts
    }

    /// In words, why the invocation must fail; `None` if it need not.
    #[must_use]
    pub fn failure(&self) -> Option<String> {
        if self.answer.is_some() {
            return None;
        }
        let retries: Vec<&Line> = self.lines.iter().filter(|l| l.outcome.is_retry()).collect();
        let first = retries.first().and_then(|line| match &line.outcome {
            Outcome::Retry(cause) => Some(cause.message.as_str()),
            _ => None,
        });
        Some(format!(
            "{} of {} changes must be retried; the first: {}",
            retries.len(),
            self.lines.len(),
            first.unwrap_or("no cause")
        ))
    }
}

impl Pipeline<S3, DynamoDb> {
    /// The pipeline on these clients, with the model that the rules name.
    pub fn open(
        s3: aws_sdk_s3::Client,
        table: DynamoDb,
        rules: &Rules,
    ) -> Result<Self, ModelError> {
        let classifier = Arc::new(Classifier::open(&rules.model)?);
        Ok(Self::new(S3::new(s3), table, PhotoJudge::new(classifier, rules), rules))
    }

    /// The pipeline on AWS, as the environment and the settings say.
    pub async fn on_aws(settings: &Settings) -> Result<Self, ModelError> {
        let aws = settings::aws().await;
        let table = DynamoDb::new(aws_sdk_dynamodb::Client::new(&aws), &settings.table);
        Self::open(aws_sdk_s3::Client::new(&aws), table, &settings.rules)
    }
}

impl<B: Bucket, T: Table, J: Judge> Pipeline<B, T, J> {
    /// Puts one together.
    #[must_use]
    pub fn new(bucket: B, table: T, judge: J, rules: &Rules) -> Self {
        Self {
            bucket,
            table,
            judge,
            key_prefix: rules.key_prefix.clone(),
            concurrency: rules.concurrency,
            fetched: Budget::new(rules.in_flight_bytes.get() / 4),
            pace: Pace::default(),
        }
    }

    /// Where rows are written.
    pub fn table(&self) -> &T {
        &self.table
    }

    /// Deals with one event: every change in it ends in exactly one outcome.
    pub async fn handle(
        &self,
        event: &Value,
        invocation: &Invocation,
    ) -> Result<Report, HandleError> {
        let envelope = Envelope::parse(event, &invocation.id)?;
        let plan = Plan::of(envelope.messages(), &self.key_prefix);
        let deadline = Deadline::new(invocation.deadline, Instant::now());
        let mut settled = plan.settled;
        let worked: Result<Vec<Vec<(usize, Outcome)>>, TableError> = stream::iter(plan.work)
            .map(|work| self.work(work, deadline))
            .buffer_unordered(self.concurrency.get())
            .try_collect()
            .await;
        match worked {
            Ok(worked) => settled.extend(worked.into_iter().flatten()),
            Err(error) => {
                // Everything goes back, each message with its line in the log.
                let cause = Cause::new(error.code(), error.to_string());
                let entries = envelope.messages().iter().map(|m| m.entries.len()).sum();
                let all = (0..entries).map(|slot| (slot, Outcome::Retry(cause.clone())));
                lines(&envelope, all.collect()).iter().for_each(log);
                return Err(HandleError::Table(error));
            }
        }
        settled.sort_unstable_by_key(|(slot, _)| *slot);
        let lines = lines(&envelope, settled);
        lines.iter().for_each(log);
        let failed = failed(&envelope, &lines);
        Ok(Report { answer: envelope.answer(&failed), lines })
    }

    /// Settles one key within the deadline.
    async fn work(
        &self,
        work: Work,
        deadline: Deadline,
    ) -> Result<Vec<(usize, Outcome)>, TableError> {
        let begun = Instant::now();
        if !deadline.leaves_time_for(self.pace.expected(), begun) {
            let message = format!("{} was not begun: too little time left", work.change.object);
            return Ok(work.settle(Outcome::Retry(Cause::new("not_begun", message))));
        }
        let settler = Settler {
            bucket: &self.bucket,
            table: &self.table,
            judge: &self.judge,
            fetched: &self.fetched,
        };
        let settled = within(deadline, settler.settle(&work)).await;
        let outcome = match settled {
            Some(Ok(outcome)) => {
                self.pace.record(begun.elapsed());
                outcome
            }
            Some(Err(Stop::NoTable(error))) => return Err(error),
            Some(Err(Stop::Retry(cause))) => Outcome::Retry(cause),
            None => {
                // What was given up took at least this long: the next is not begun as late.
                self.pace.record(begun.elapsed());
                let message = format!("{} was given up: the time was over", work.change.object);
                Outcome::Retry(Cause::new("given_up", message))
            }
        };
        Ok(work.settle(outcome))
    }
}

/// Runs a future until the deadline's margin; `None` if it was given up.
async fn within<F: Future>(deadline: Deadline, future: F) -> Option<F::Output> {
    match deadline.give_up() {
        Some(end) => tokio::time::timeout_at(end, future).await.ok(),
        None => Some(future.await),
    }
}

/// The outcomes, beside what they are outcomes of. `settled` is sorted, one for each slot.
fn lines(envelope: &Envelope, settled: Vec<(usize, Outcome)>) -> Vec<Line> {
    let entries = envelope
        .messages()
        .iter()
        .flat_map(|message| message.entries.iter().map(move |entry| (&message.id, entry)));
    entries
        .zip(settled)
        .map(|((id, entry), (_, outcome))| Line {
            message_id: id.clone(),
            image: entry.as_ref().ok().map(|change| change.object.to_string()),
            outcome,
        })
        .collect()
}

/// The ids of the messages to hand back: those with a change that must be retried.
fn failed(envelope: &Envelope, lines: &[Line]) -> Vec<String> {
    let mut lines = lines.iter();
    let mut failed: Vec<String> = Vec::new();
    for message in envelope.messages() {
        // Not `any`: every line of the message is taken.
        let retries =
            lines.by_ref().take(message.entries.len()).filter(|l| l.outcome.is_retry()).count();
        if retries > 0 {
            failed.push(message.id.clone());
        }
    }
    failed
}

fn log(line: &Line) {
    let (message, image) = (line.message_id.as_str(), line.image.as_deref().unwrap_or("-"));
    let outcome = line.outcome.name();
    match &line.outcome {
        Outcome::Retry(cause) => {
            tracing::warn!(
                message_id = message,
                image,
                outcome,
                code = cause.code,
                cause = cause.message
            );
        }
        Outcome::Rejected { code, message: reason } => {
            tracing::info!(message_id = message, image, outcome, code, reason);
        }
        Outcome::Classified { label, confidence, shelf } => {
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
