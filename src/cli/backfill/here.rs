//! Objects are classified by this very process.

use super::desk::{Answer, Task};
use super::work::Worker;
use crate::bucket::Bucket;
use crate::catalogue::Table;
use crate::pipeline::{Deadline, Judge, Outcome, Pipeline};

/// Each object is a message of its own, so that no one waits for another.
impl<B: Bucket, T: Table, J: Judge> Worker for Pipeline<B, T, J> {
    const TOGETHER: usize = 1;

    async fn work(&self, tasks: &[Task]) -> anyhow::Result<Vec<Answer>> {
        let messages: Vec<_> = tasks.iter().map(|task| task.candidate.message()).collect();
        let lines = self.run(&messages, Deadline::new(None, tokio::time::Instant::now())).await?;
        let answers = lines.into_iter().map(|line| match line.outcome {
            Outcome::Retry(cause) => Answer::Again(cause.message),
            outcome => Answer::Done(outcome.name()),
        });
        Ok(answers.collect())
    }
}
