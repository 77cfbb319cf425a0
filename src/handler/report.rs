//! What is said of an event once it is dealt with: to its sender, and to those who log or print it.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::dead_letters::{Poison, SetAside};
use crate::code::RetryCode;
use crate::event::{Envelope, Fate, Message, Reply, Sender, Told};
use crate::label::Label;
use crate::pipeline::{Cause, Line, Outcome};

/// What became of an event.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Report {
    /// One line a change, and one for each record that could not be read; in the event's order.
    /// None for a photo on the web, which is no object.
    pub lines: Vec<Line>,
    /// What the sender is told. `None`: the invocation fails, and the sender repeats the event.
    pub answer: Option<Value>,
    /// The top label of a photo on the web.
    pub scored: Option<Label>,
    /// What became of messages that can never be read, where there is a queue for them.
    pub aside: SetAside,
}

impl Report {
    /// The report of an event with these lines, one for each entry.
    pub(super) fn new(envelope: &Envelope, lines: Vec<Line>, aside: SetAside) -> Self {
        let answer = envelope.answer(&replies(envelope, &lines, &aside));
        Self { lines, answer, scored: None, aside }
    }

    /// The report of a photo on the web: `{LABEL: PROBABILITY, ...}`.
    pub(super) fn of_scores(scores: Vec<(Label, f32)>) -> Self {
        let scored = scores.first().map(|(label, _)| label.clone());
        let scores: BTreeMap<Label, f32> = scores.into_iter().collect();
        Self { answer: Some(shortest(&scores)), scored, ..Self::default() }
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
        let first = causes(&self.lines).next().map(|cause| cause.message.as_str());
        Some(format!(
            "{} of {} changes must be retried; the first: {}",
            causes(&self.lines).count(),
            self.lines.len(),
            first.unwrap_or("no cause")
        ))
    }
}

/// A value by way of its text, in which a number is as short as it can be. What comes here has
/// texts and numbers in it; should it ever not serialise, it is done all the same.
fn shortest(value: &impl Serialize) -> Value {
    let text = serde_json::to_string(value).unwrap_or_default();
    serde_json::from_str(&text).unwrap_or_default()
}

/// Each message with its lines.
fn by_message<'a>(
    envelope: &'a Envelope,
    lines: &'a [Line],
) -> impl Iterator<Item = (&'a Message, &'a [Line])> {
    let mut rest = lines;
    envelope.messages().iter().map(move |message| {
        let (lines, after) = rest.split_at(message.entries.len().min(rest.len()));
        rest = after;
        (message, lines)
    })
}

/// The messages from a queue with which nothing is wrong but that they, or records of them, can never
/// be read.
pub(super) fn poison<'a>(
    event: &'a Value,
    envelope: &'a Envelope,
    lines: &'a [Line],
) -> Vec<Poison<'a>> {
    let unreadable =
        by_message(envelope, lines).enumerate().filter_map(|(place, (message, lines))| {
            let original = Some(place).filter(|_| fate(lines) == Fate::Unreadable);
            let original = envelope.original(event, original?)?;
            Some(Poison { id: &message.id, original, reason: reason(lines) })
        });
    unreadable.collect()
}

/// Why a message cannot be read: its first fault, and how many more there are.
fn reason(lines: &[Line]) -> String {
    let mut causes = causes(lines).map(|cause| cause.message.as_str());
    let first = causes.next().unwrap_or_default();
    match causes.count() {
        0 => first.to_owned(),
        more => format!("{first}; and {more} more of its records cannot be read"),
    }
}

/// What became of each message. One goes back if any change of it must be retried, unless it is in the
/// dead-letter queue.
fn replies<'a>(envelope: &'a Envelope, lines: &'a [Line], aside: &SetAside) -> Vec<Reply<'a>> {
    let replies = by_message(envelope, lines).map(|(message, lines)| {
        let is_asked_for = *envelope.sender() == Sender::Direct;
        let outcomes = lines.iter().map(|line| told(line, is_asked_for)).collect();
        let fate = if aside.sent.contains(&message.id) { Fate::Done } else { fate(lines) };
        Reply { id: &message.id, fate, outcomes }
    });
    replies.collect()
}

fn told(line: &Line, is_asked_for: bool) -> Told {
    let outcome = &line.outcome;
    let whole = if is_asked_for { shortest(line) } else { Value::Null };
    Told { name: outcome.name(), words: outcome.words(), whole }
}

/// Why some of these changes must be retried.
fn causes(lines: &[Line]) -> impl Iterator<Item = &Cause> {
    lines.iter().filter_map(|line| match &line.outcome {
        Outcome::Retry(cause) => Some(cause),
        _ => None,
    })
}

fn fate(lines: &[Line]) -> Fate {
    let mut codes = causes(lines).map(|cause| cause.code);
    match codes.next() {
        None => Fate::Done,
        Some(RetryCode::Unreadable) if codes.all(|code| code == RetryCode::Unreadable) => {
            Fate::Unreadable
        }
        Some(_) => Fate::Retry,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::pipeline::{Timings, lines};

    fn line(outcome: Outcome) -> Line {
        Line { message_id: "m".into(), image: None, outcome, timings: Timings::default() }
    }

    #[test]
    fn a_message_goes_back_if_any_of_its_changes_does() {
        let retry = |code| line(Outcome::Retry(Cause::new(code, "why")));
        assert_eq!(fate(&[]), Fate::Done);
        assert_eq!(fate(&[line(Outcome::Removed), line(Outcome::Unchanged)]), Fate::Done);
        assert_eq!(fate(&[line(Outcome::Removed), retry(RetryCode::Unreadable)]), Fate::Unreadable);
        assert_eq!(
            fate(&[retry(RetryCode::Unreadable), retry(RetryCode::BucketFailed)]),
            Fate::Retry
        );
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
        let retry = Outcome::Retry(Cause::new(RetryCode::Unreadable, "why"));
        let outcomes = [Outcome::Removed, Outcome::Unchanged, retry];
        let lines = lines(envelope.messages(), outcomes);
        let poison = poison(&event, &envelope, &lines);
        let [Poison { id: "m2", original, reason }] = &poison[..] else { panic!("{poison:?}") };
        assert_eq!((original.body, reason.as_str()), ("not json", "why"));
        let report = Report::new(&envelope, lines.clone(), SetAside::default());
        let ids: Vec<&str> = report.lines.iter().map(|l| l.message_id.as_str()).collect();
        assert_eq!(ids, ["m1", "m1", "m2"]);
        let answer = json!({"batchItemFailures": [{"itemIdentifier": "m2"}]});
        assert_eq!(report.answer, Some(answer));
        let aside = SetAside { sent: ["m2".to_owned()].into(), failed: vec![] };
        let report = Report::new(&envelope, lines, aside);
        assert_eq!(report.answer, Some(json!({"batchItemFailures": []})));
    }
}
