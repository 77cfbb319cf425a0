//! From messages to outcomes: plan, fetch, judge, record. The only module that knows all those to
//! the left of it.
//!
//! Messages come in, are reduced to one piece of work a key, and each key is settled on its own
//! (see `settle.rs` for the rules). Keys are settled side by side, bounded by number and by bytes:
//! what is fetched and what is decoded each have a budget. Photos are judged on threads of their
//! own, never on the async executor.
//!
//! It knows no envelope and writes no log. The function on AWS, `lookbook local` and `lookbook
//! replay` have messages from events, by way of the [`handler`](crate::handler); who has them from
//! elsewhere calls [`Pipeline::run`].

mod budget;
mod deadline;
mod judge;
mod line;
mod outcome;
mod plan;
mod scorer;
mod settle;
#[cfg(test)]
mod tests;
mod timings;

pub use budget::Fetched;
pub use deadline::Deadline;
pub use judge::{Judge, PhotoJudge};
pub use line::Line;
pub(crate) use line::lines;
pub use outcome::{Cause, Outcome};
pub use scorer::{ScoreError, Scorer};
pub use timings::Timings;

use std::num::NonZeroUsize;
use std::sync::Arc;

use budget::Budget;
use deadline::Pace;
use futures::stream::{self, StreamExt, TryStreamExt};
use plan::{Plan, Work};
use settle::{Settler, Stop};
use tokio::time::Instant;

use crate::bucket::{Bucket, S3, UrlClient};
use crate::catalogue::{DynamoDb, Maker, Table, TableError};
use crate::classifier::Classifier;
use crate::code::RetryCode;
use crate::event::Message;
use crate::model_file::{self, ModelFileError};
use crate::settings::Rules;

/// Everything that turns changes into rows. Made once, used for every invocation.
#[derive(Debug)]
pub struct Pipeline<B, T, J = PhotoJudge> {
    bucket: B,
    table: T,
    judge: Arc<J>,
    key_prefix: String,
    concurrency: NonZeroUsize,
    fetched: Budget,
    pace: Pace,
}

impl Pipeline<S3, DynamoDb> {
    /// The pipeline on these clients, with the model that the rules name: one that is in a bucket is
    /// fetched by the same client as photos.
    pub async fn open(
        s3: aws_sdk_s3::Client,
        table: DynamoDb,
        rules: &Rules,
    ) -> Result<Self, ModelFileError> {
        let classifier = model_file::open(&rules.model, &S3::new(s3.clone())).await?;
        Ok(Self::with_classifier(s3, table, classifier, rules))
    }

    /// The pipeline on these clients, with a model that is loaded already.
    #[must_use]
    pub fn with_classifier(
        s3: aws_sdk_s3::Client,
        table: DynamoDb,
        classifier: Classifier,
        rules: &Rules,
    ) -> Self {
        Self::new(S3::new(s3), table, PhotoJudge::new(Arc::new(classifier), rules), rules)
    }
}

impl<B: Bucket, T: Table, J: Judge> Pipeline<B, T, J> {
    /// Puts one together.
    #[must_use]
    pub fn new(bucket: B, table: T, judge: J, rules: &Rules) -> Self {
        Self {
            bucket,
            table,
            judge: Arc::new(judge),
            key_prefix: rules.key_prefix.clone(),
            concurrency: rules.concurrency,
            fetched: Budget::for_fetched(rules),
            pace: Pace::default(),
        }
    }

    /// Who judges photos: goes into each row.
    pub fn maker(&self) -> &Maker {
        self.judge.maker()
    }

    /// Where rows are written.
    pub fn table(&self) -> &T {
        &self.table
    }

    /// How many photos are still being worked on although their time is over: such work cannot be
    /// stopped, and takes time and memory from what comes next.
    pub fn abandoned(&self) -> usize {
        self.judge.abandoned()
    }

    /// What scores photos on the web, by the same judge and within the same room.
    pub fn scorer(&self, client: UrlClient) -> Scorer<J> {
        Scorer { client, judge: Arc::clone(&self.judge), fetched: self.fetched.clone() }
    }

    /// Settles all changes of some messages: one line for each entry, in their order.
    ///
    /// # Errors
    ///
    /// If there is no table. Then nothing can be said of any change, and all must be sent again.
    pub async fn run(
        &self,
        messages: &[Message],
        deadline: Deadline,
    ) -> Result<Vec<Line>, TableError> {
        let begun = Instant::now();
        let Plan { mut settled, work } = Plan::of(messages, &self.key_prefix);
        let worked: Vec<_> = stream::iter(work)
            .map(|work| self.work(work, deadline, begun))
            .buffer_unordered(self.concurrency.get())
            .try_collect()
            .await?;
        let mut timings = Vec::with_capacity(worked.len());
        for (work, outcome, took) in worked {
            timings.push((work.slot, took));
            settled.extend(work.settle(outcome));
        }
        settled.sort_unstable_by_key(|(slot, _)| *slot);
        let mut lines = lines(messages, settled.into_iter().map(|(_, outcome)| outcome));
        for (slot, took) in timings {
            lines[slot].timings = took;
        }
        Ok(lines)
    }

    /// Settles one key within the deadline.
    async fn work(
        &self,
        work: Work,
        deadline: Deadline,
        since: Instant,
    ) -> Result<(Work, Outcome, Timings), TableError> {
        let begun = Instant::now();
        let mut timings = Timings { waited: begun - since, ..Timings::default() };
        let object = &work.change.object;
        if !deadline.leaves_time_for(self.pace.expected(), begun) {
            let message = format!("{object} was not begun: too little time left");
            let outcome = Outcome::Retry(Cause::new(RetryCode::NotBegun, message));
            return Ok((work, outcome, timings));
        }
        let settler = Settler {
            bucket: &self.bucket,
            table: &self.table,
            judge: &*self.judge,
            fetched: &self.fetched,
            prefix: &self.key_prefix,
        };
        let outcome = match deadline.within(settler.settle(&work, &mut timings)).await {
            Some(Ok(outcome)) => {
                self.pace.record(begun.elapsed());
                outcome
            }
            Some(Err(Stop::NoTable(error))) => return Err(error),
            Some(Err(Stop::Retry(cause))) => Outcome::Retry(cause),
            None => {
                // What was given up took at least this long: the next is not begun as late.
                self.pace.record(begun.elapsed());
                let message = format!("{object} was given up: the time was over");
                Outcome::Retry(Cause::new(RetryCode::GivenUp, message))
            }
        };
        Ok((work, outcome, timings))
    }
}
