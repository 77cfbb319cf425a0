//! From an event to its answer: parse, run, answer.
//!
//! The function on AWS, `lookbook local` and `lookbook replay` all go through [`Handler::handle`].
//! It writes no log: its callers say of the [`Report`] what they want said.

mod dead_letters;
mod report;

pub use dead_letters::{CODE, DeadLetters, REASON, REQUEST_ID, SetAside};
pub use report::Report;

use serde_json::Value;
use tokio::time::Instant;

use crate::bucket::{Bucket, S3, UrlClient};
use crate::catalogue::{DynamoDb, Maker, Table, TableError};
use crate::classifier::Classifier;
use crate::event::{self, Envelope, EventError};
use crate::model_file::ModelFileError;
use crate::pipeline::{
    Cause, Deadline, Judge, Line, Outcome, PhotoJudge, Pipeline, ScoreError, Scorer, lines,
};
use crate::settings::Rules;

/// What deals with events. Made once, used for every invocation.
#[derive(Debug)]
pub struct Handler<B, T, J = PhotoJudge> {
    pipeline: Pipeline<B, T, J>,
    scorer: Scorer<J>,
    dead_letters: Option<DeadLetters>,
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
    #[error("{error}")]
    Table {
        /// Why.
        error: TableError,
        /// Everything goes back: each change, with this cause.
        lines: Vec<Line>,
    },
    /// A photo on the web has no scores.
    #[error(transparent)]
    Score(#[from] ScoreError),
}

impl HandleError {
    /// A stable name, for logs and for the error's type in Lambda's answer.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Event(_) => "unknown_event",
            Self::Table { error, .. } => error.code().as_str(),
            Self::Score(error) => error.code(),
        }
    }
}

impl Handler<S3, DynamoDb> {
    /// The handler on these clients, with the model that the rules name: one that is in a bucket is
    /// fetched by the same client as photos.
    pub async fn open(
        s3: aws_sdk_s3::Client,
        table: DynamoDb,
        rules: &Rules,
    ) -> Result<Self, ModelFileError> {
        Ok(Self::new(Pipeline::open(s3, table, rules).await?, rules))
    }

    /// The handler on these clients, with a model that is loaded already.
    #[must_use]
    pub fn with_classifier(
        s3: aws_sdk_s3::Client,
        table: DynamoDb,
        classifier: Classifier,
        rules: &Rules,
    ) -> Self {
        Self::new(Pipeline::with_classifier(s3, table, classifier, rules), rules)
    }
}

impl<B: Bucket, T: Table, J: Judge> Handler<B, T, J> {
    /// The handler that gives changes to this pipeline.
    #[must_use]
    pub fn new(pipeline: Pipeline<B, T, J>, rules: &Rules) -> Self {
        Self::with_client(pipeline, UrlClient::new(&rules.url_hosts))
    }

    fn with_client(pipeline: Pipeline<B, T, J>, client: UrlClient) -> Self {
        let scorer = pipeline.scorer(client);
        Self { pipeline, scorer, dead_letters: None }
    }

    /// The same with a queue for messages of SQS that can never be read.
    #[must_use]
    pub fn with_dead_letters(self, dead_letters: Option<DeadLetters>) -> Self {
        Self { dead_letters, ..self }
    }

    /// How many photos of past invocations are still being worked on: see
    /// [`Pipeline::abandoned`].
    pub fn abandoned(&self) -> usize {
        self.pipeline.abandoned()
    }

    /// What scores photos that are no objects, by the same judge.
    pub fn scorer(&self, rules: &Rules) -> Scorer<J> {
        self.pipeline.scorer(UrlClient::new(&rules.url_hosts))
    }

    /// Who judges photos: goes into each row.
    pub fn maker(&self) -> &Maker {
        self.pipeline.maker()
    }

    /// Where rows are written.
    pub fn table(&self) -> &T {
        self.pipeline.table()
    }

    /// Deals with one event: every change in it ends in exactly one outcome. A direct call with the
    /// URL of a photo on the web has no change; it is answered with the photo's scores.
    pub async fn handle(
        &self,
        event: &Value,
        invocation: &Invocation,
    ) -> Result<Report, HandleError> {
        let deadline = Deadline::new(invocation.deadline, Instant::now());
        if let Some(url) = event::photo_url(event) {
            let scores = self.scorer.score(url, deadline).await?;
            return Ok(Report::of_scores(scores));
        }
        let envelope = Envelope::parse(event, &invocation.id)?;
        match self.pipeline.run(envelope.messages(), deadline).await {
            Ok(lines) => {
                let aside = self.set_aside(event, &envelope, &lines, invocation, deadline).await;
                Ok(Report::new(&envelope, lines, aside))
            }
            Err(error) => {
                let retry = Outcome::Retry(Cause::from(&error));
                let lines = lines(envelope.messages(), std::iter::repeat(retry));
                Err(HandleError::Table { error, lines })
            }
        }
    }

    /// Sends what can never be read to the dead-letter queue, if there is one. What could be read of
    /// such a message is done by now.
    async fn set_aside(
        &self,
        event: &Value,
        envelope: &Envelope,
        lines: &[Line],
        invocation: &Invocation,
        deadline: Deadline,
    ) -> SetAside {
        match &self.dead_letters {
            Some(queue) => {
                queue.take(report::poison(event, envelope, lines), &invocation.id, deadline).await
            }
            None => SetAside::default(),
        }
    }
}

#[cfg(test)]
mod tests;
