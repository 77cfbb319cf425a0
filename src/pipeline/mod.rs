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
mod report;
mod score;
mod settle;
#[cfg(test)]
mod tests;

pub use budget::Fetched;
pub use judge::{Judge, PhotoJudge};
pub use outcome::{Cause, Outcome};
pub use report::{Line, Report};

use std::num::NonZeroUsize;
use std::sync::Arc;

use budget::Budget;
use deadline::{Deadline, Pace};
use futures::stream::{self, StreamExt, TryStreamExt};
use plan::{Plan, Work};
use serde_json::Value;
use settle::{Settler, Stop};
use tokio::time::Instant;

use crate::bucket::{Bucket, S3, Web, WebError};
use crate::catalogue::{DynamoDb, Table, TableError};
use crate::classifier::{Classifier, ModelError};
use crate::event::{self, Envelope, EventError};
use crate::settings::{self, Rules, Settings};

/// Everything that turns events into rows. Made once, used for every invocation.
#[derive(Debug)]
pub struct Pipeline<B, T, J = PhotoJudge> {
    bucket: B,
    table: T,
    judge: J,
    web: Web,
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

/// Why a whole event failed.
#[derive(Debug, thiserror::Error)]
pub enum HandleError {
    /// It is no envelope that lookbook knows.
    #[error(transparent)]
    Event(#[from] EventError),
    /// There is no table: nothing can be done for any change.
    #[error(transparent)]
    Table(TableError),
    /// A photo on the web could not be fetched.
    #[error(transparent)]
    Web(#[from] WebError),
    /// What is there is not a usable photo.
    #[error("{url} is rejected: {message}")]
    Rejected {
        /// Its URL.
        url: String,
        /// A stable code.
        code: &'static str,
        /// A sentence that a person can act on.
        message: String,
    },
    /// It could not be judged this time.
    #[error("the photo could not be judged: {}", .0.message)]
    Judge(Cause),
    /// There was not enough time for it.
    #[error("{url} was given up: the time was over")]
    GivenUp {
        /// Its URL.
        url: String,
    },
}

impl From<Cause> for HandleError {
    fn from(cause: Cause) -> Self {
        Self::Judge(cause)
    }
}

impl HandleError {
    /// A stable name, for logs and for the error's type in Lambda's answer.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Event(_) => "unknown_event",
            Self::Table(error) => error.code(),
            Self::Web(error) => error.code(),
            Self::Rejected { code, .. } => code,
            Self::Judge(cause) => cause.code,
            Self::GivenUp { .. } => "given_up",
        }
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
            web: Web::new(&rules.url_hosts),
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

    /// Deals with one event: every change in it ends in exactly one outcome. A direct call with the URL of
    /// a photo on the web has no change; it is answered with the photo's scores.
    pub async fn handle(
        &self,
        event: &Value,
        invocation: &Invocation,
    ) -> Result<Report, HandleError> {
        let deadline = Deadline::new(invocation.deadline, Instant::now());
        if let Some(url) = event::photo_url(event) {
            return self.score(url, deadline).await;
        }
        let envelope = Envelope::parse(event, &invocation.id)?;
        let plan = Plan::of(envelope.messages(), &self.key_prefix);
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
                Report::new(&envelope, all.collect()).log();
                return Err(HandleError::Table(error));
            }
        }
        settled.sort_unstable_by_key(|(slot, _)| *slot);
        let report = Report::new(&envelope, settled);
        report.log();
        Ok(report)
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
