//! What a backfill would take, without doing it.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use tokio::time::Instant;

use super::candidate::Candidate;
use super::source::Found;
use crate::bucket::S3;
use crate::catalogue::{Row, Seen, Stored, Table, TableError, Written};
use crate::cli::output::{self, Format};
use crate::cli::sample::Sample;
use crate::model_file;
use crate::object::ObjectId;
use crate::pipeline::{Deadline, PhotoJudge, Pipeline};
use crate::settings::Rules;

/// Photos that are classified to find out how fast that is.
const MEASURED: usize = 20;

/// Dollars for one of each, by AWS's list prices of us-east-1.
mod price {
    pub const S3_LIST: f64 = 0.005 / 1e3;
    pub const S3_GET: f64 = 0.0004 / 1e3;
    pub const TABLE_READ: f64 = 0.125 / 1e6;
    pub const TABLE_WRITE: f64 = 0.625 / 1e6;
    pub const QUEUE_REQUEST: f64 = 0.40 / 1e6;
}

/// What is taken to be so. `--dry-run` says it.
const ASSUMPTIONS: [&str; 5] = [
    "us-east-1's list prices of November 2026: S3 0.005 $ per 1,000 lists, 0.0004 $ per 1,000 gets; \
     DynamoDB on demand 0.625 $ per million writes, 0.125 $ per million reads; SQS 0.40 $ per million \
     requests",
    "every object is fetched and its row written: of those that are done already, only a HEAD, a read \
     and a write are paid",
    "a photo takes 1 read of the table, and 4 units of writing: a row of up to 2 KB, and its entry \
     in the index",
    "bytes that leave AWS (0.09 $ per GB) are not in it: run it in the bucket's region",
    "the function's own time is not in it, nor are storage, taxes and the free tier",
];

/// What it would take. The names in its JSON are public: programs read them.
#[derive(Debug, Serialize)]
pub struct Estimate {
    objects: u64,
    bytes: u64,
    photos_a_second: Option<f64>,
    /// Whether that was measured just now, on some of the objects.
    measured: bool,
    seconds: Option<f64>,
    dollars: f64,
    assumptions: [&'static str; 5],
}

/// Objects that are counted, and some of them.
pub struct Counted {
    objects: u64,
    bytes: u64,
    some: Vec<Candidate>,
}

/// Counts what is found.
pub async fn count(mut found: Found) -> anyhow::Result<Counted> {
    let (mut objects, mut bytes, mut some) = (0, 0, Sample::of(MEASURED));
    while let Some(candidate) = found.recv().await {
        let candidate = candidate?;
        objects += 1;
        bytes += candidate.size.unwrap_or_default();
        some.offer(candidate.object.to_string().as_bytes(), candidate);
    }
    Ok(Counted { objects, bytes, some: some.taken() })
}

impl Counted {
    /// How many of the objects are classified in a second here. Nothing is written.
    pub async fn measure(&self, s3: S3, rules: &Rules) -> anyhow::Result<Option<f64>> {
        if self.some.is_empty() {
            return Ok(None);
        }
        let classifier = Arc::new(model_file::open(&rules.model, &s3).await?);
        let pipeline = Pipeline::new(s3, Unwritten, PhotoJudge::new(classifier, rules), rules);
        let messages: Vec<_> = self.some.iter().map(Candidate::message).collect();
        let begun = Instant::now();
        let lines = pipeline.run(&messages, Deadline::new(None, begun)).await?;
        let took = begun.elapsed();
        // What fails does so at once: that says nothing of what is classified.
        let mut failed = lines.iter().filter(|line| line.outcome.is_retry());
        match failed.next() {
            Some(first) => anyhow::bail!(
                "{} of {} photos cannot be looked at, and so it is not known how long all would \
                 take; the first: {}",
                1 + failed.count(),
                lines.len(),
                output::shown(&first.outcome.words())
            ),
            None => Ok(Some(rate(lines.len(), took))),
        }
    }

    /// What all of them would take at this rate, by way of the queue or not.
    #[allow(clippy::cast_precision_loss)] // An estimate.
    pub fn estimate(&self, rate: Option<f64>, measured: bool, by_queue: bool) -> Estimate {
        let objects = self.objects as f64;
        let requests = if by_queue { 3.0 / 100.0 * price::QUEUE_REQUEST } else { 0.0 };
        let each = price::S3_LIST / 1000.0
            + price::S3_GET
            + price::TABLE_READ
            + 4.0 * price::TABLE_WRITE
            + requests;
        Estimate {
            objects: self.objects,
            bytes: self.bytes,
            photos_a_second: rate.map(|rate| (rate * 10.0).round() / 10.0),
            measured,
            seconds: rate.map(|rate| (objects / rate).round()),
            dollars: (objects * each * 1e4).round() / 1e4,
            assumptions: ASSUMPTIONS,
        }
    }
}

#[allow(clippy::cast_precision_loss)] // A rate.
fn rate(count: usize, took: Duration) -> f64 {
    count as f64 / took.as_secs_f64().max(0.001)
}

impl Estimate {
    /// Prints it.
    #[allow(clippy::cast_precision_loss)] // Gigabytes.
    pub fn print(&self, format: Format) -> std::io::Result<()> {
        if format == Format::Json {
            return output::json(self);
        }
        let time = match (self.seconds, self.photos_a_second) {
            (Some(seconds), Some(rate)) => {
                let how = if self.measured { "as measured just now, here" } else { "as you said" };
                format!("{} at {rate} photos a second, {how}", in_words(seconds))
            }
            _ => "not known: say --photos-a-second".to_owned(),
        };
        output::line(&format!(
            "objects  {}\nbytes    {} ({:.1} GB)\ntime     {time}\ncost     {:.4} $\n\nThis takes it that:",
            self.objects,
            self.bytes,
            self.bytes as f64 / 1e9,
            self.dollars
        ))?;
        self.assumptions.iter().try_for_each(|words| output::line(&format!("- {words}")))
    }
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Whole and positive.
fn in_words(seconds: f64) -> String {
    let seconds = seconds as u64;
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds} s"),
        (0, minutes, seconds) => format!("{minutes} min {seconds} s"),
        (hours, minutes, _) => format!("{hours} h {minutes} min"),
    }
}

/// A table that has no row, and keeps none.
struct Unwritten;

impl Table for Unwritten {
    async fn read(&self, _: &ObjectId) -> Result<Option<Stored>, TableError> {
        Ok(None)
    }

    async fn write(&self, _: &Row, _: Option<&Seen>) -> Result<Written, TableError> {
        Ok(Written::Done)
    }

    async fn write_review(&self, _: &Row, _: &Seen) -> Result<Written, TableError> {
        Ok(Written::Done)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_estimate_adds_up() {
        let counted = Counted { objects: 1_000_000, bytes: 7, some: Vec::new() };
        let here = counted.estimate(Some(100.0), true, false);
        assert_eq!(here.seconds, Some(10_000.0));
        // 0.005 for lists, 0.4 for gets, 0.125 for reads, 2.5 for writes.
        assert!((here.dollars - 3.03).abs() < 1e-9, "{}", here.dollars);
        let queue = counted.estimate(None, false, true);
        assert!((queue.dollars - 3.042).abs() < 1e-9 && queue.seconds.is_none());
    }

    #[test]
    fn times_are_said_in_words() {
        let said = [7.0, 67.0, 36_000.0].map(in_words);
        assert_eq!(said, ["7 s", "1 min 7 s", "10 h 0 min"]);
    }
}
