//! What is said of an event once it is dealt with: to its sender, in the log, and on the screen.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::outcome::{Outcome, UNREADABLE};
use crate::event::{Envelope, Fate, Reply, Told};

/// What became of an event.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// One line a change, and one for each record that could not be read; in the event's order. None
    /// for a photo on the web, which is no object.
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

impl Told for Line {
    fn name(&self) -> &'static str {
        self.outcome.name()
    }

    fn words(&self) -> String {
        self.outcome.words()
    }
}

impl Report {
    /// The report of an event with these outcomes; `settled` is sorted, one for each slot.
    pub(super) fn new(envelope: &Envelope, settled: Vec<(usize, Outcome)>) -> Self {
        let lines = lines(envelope, settled);
        let answer = envelope.answer(&replies(envelope, &lines));
        Self { lines, answer }
    }

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

    /// Writes each line to the log.
    pub(super) fn log(&self) {
        self.lines.iter().for_each(log);
    }
}

/// The outcomes, beside what they are outcomes of.
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

/// What became of each message. One goes back if any change of it must be retried.
fn replies<'a>(envelope: &'a Envelope, lines: &'a [Line]) -> Vec<Reply<'a, Line>> {
    let mut rest = lines;
    let replies = envelope.messages().iter().map(|message| {
        let (outcomes, after) = rest.split_at(message.entries.len().min(rest.len()));
        rest = after;
        Reply { id: &message.id, fate: fate(outcomes), outcomes }
    });
    replies.collect()
}

fn fate(lines: &[Line]) -> Fate {
    let mut codes = lines.iter().filter_map(|line| match &line.outcome {
        Outcome::Retry(cause) => Some(cause.code),
        _ => None,
    });
    match codes.next() {
        None => Fate::Done,
        Some(UNREADABLE) if codes.all(|code| code == UNREADABLE) => Fate::Unreadable,
        Some(_) => Fate::Retry,
    }
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::pipeline::Cause;

    fn line(outcome: Outcome) -> Line {
        Line { message_id: "m".into(), image: None, outcome }
    }

    #[test]
    fn a_message_goes_back_if_any_of_its_changes_does() {
        let retry = |code| line(Outcome::Retry(Cause::new(code, "why")));
        assert_eq!(fate(&[]), Fate::Done);
        assert_eq!(fate(&[line(Outcome::Removed), line(Outcome::Unchanged)]), Fate::Done);
        assert_eq!(fate(&[line(Outcome::Removed), retry(UNREADABLE)]), Fate::Unreadable);
        assert_eq!(fate(&[retry(UNREADABLE), retry("bucket_failed")]), Fate::Retry);
    }

    #[test]
    fn each_message_has_its_own_lines() {
        let test = json!({"Event": "s3:TestEvent"}).to_string();
        let put = |key| {
            json!({"eventName": "ObjectCreated:Put",
            "s3": {"bucket": {"name": "shop"}, "object": {"key": key}}})
        };
        let two = json!({"Records": [put("a"), put("b")]}).to_string();
        let record = |id, body| json!({"messageId": id, "eventSource": "aws:sqs", "body": body});
        let event = json!({"Records":
            [record("m0", &test), record("m1", &two), record("m2", &"not json".to_owned())]});
        let envelope = Envelope::parse(&event, "r").unwrap();
        let retry = Outcome::Retry(Cause::new(UNREADABLE, "why"));
        let settled = vec![(0, Outcome::Removed), (1, Outcome::Unchanged), (2, retry)];
        let report = Report::new(&envelope, settled);
        let ids: Vec<&str> = report.lines.iter().map(|l| l.message_id.as_str()).collect();
        assert_eq!(ids, ["m1", "m1", "m2"]);
        let answer = json!({"batchItemFailures": [{"itemIdentifier": "m2"}]});
        assert_eq!(report.answer, Some(answer));
    }
}
