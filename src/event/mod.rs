//! Every shape in which a change arrives becomes [`Change`]s; one file per envelope.
//!
//! An *envelope* is what carries changes: an S3 notification, or a batch of SQS messages with such
//! notifications inside. It is read leniently, field by field: real events come trimmed, repeated,
//! and from more than one implementation of S3, and a field that lookbook does not use must never
//! lose a photo. What it does use is parsed into types that cannot be wrong ([`ObjectId`],
//! [`Sequencer`], [`ETag`]).
//!
//! An envelope holds [`Message`]s. A message is the unit that its sender can be handed back: one SQS
//! message, or a whole direct notification. A message that cannot be read is an error of that
//! message alone; only an envelope of an unknown shape is an [`EventError`].
//!
//! ```
//! use lookbook::event::{Envelope, Kind};
//!
//! let event = serde_json::json!({"Records": [{
//!     "eventName": "ObjectCreated:Put",
//!     "s3": {"bucket": {"name": "shop"}, "object": {"key": "new+hat.jpg", "sequencer": "0055AED6"}},
//! }]});
//! let envelope = Envelope::parse(&event, "request-1")?;
//! let change = envelope.messages()[0].entries[0].as_ref().unwrap();
//! assert_eq!(change.object.to_string(), "shop/new hat.jpg");
//! assert_eq!(change.kind, Kind::Created);
//! # Ok::<(), lookbook::event::EventError>(())
//! ```

mod change;
mod s3;
mod sequencer;
mod sqs;

pub use change::{Change, ETag, Kind, ObjectId, ObjectIdError};
pub use s3::RecordError;
pub use sequencer::{Sequencer, SequencerError};

use serde_json::{Value, json};

/// An event that was understood: who sent it, and the messages in it.
#[derive(Debug)]
pub struct Envelope {
    sender: Sender,
    messages: Vec<Message>,
}

/// Who sent an envelope, and so what answer it expects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sender {
    /// S3 itself, as an asynchronous invocation: the invocation succeeds or fails as a whole.
    S3,
    /// An SQS event source mapping with `ReportBatchItemFailures`.
    Sqs,
}

/// One unit that can be handed back to the sender.
#[derive(Debug)]
pub struct Message {
    /// The SQS message id, or the id of the invocation for a direct notification.
    pub id: String,
    /// What it carries, in its order. Empty for `s3:TestEvent`.
    pub entries: Entries,
}

/// The changes of a message, and what could not be read as one.
pub type Entries = Vec<Result<Change, MessageError>>;

/// Why a message, or one record of it, names no object.
#[derive(Debug, thiserror::Error)]
pub enum MessageError {
    /// The message around the body has a form that SQS does not send.
    #[error("the SQS message cannot be read ({0})")]
    Message(#[source] serde_json::Error),
    /// The body is not JSON.
    #[error("the body is not JSON ({0}); expected an S3 notification: {EXPECTED_S3}")]
    NotJson(#[source] serde_json::Error),
    /// The body is JSON of another shape.
    #[error("the body is not an S3 notification (found {found}); expected {EXPECTED_S3}")]
    Shape {
        /// What was found instead, in short.
        found: String,
    },
    /// One record of a notification cannot be used.
    #[error("record {index} of the S3 notification {source}")]
    Record {
        /// Its place in `Records`, from 0.
        index: usize,
        /// What is wrong with it.
        source: RecordError,
    },
}

/// Why an event is not an envelope at all.
#[derive(Debug, thiserror::Error)]
pub enum EventError {
    /// The shape is unknown.
    #[error(
        "unknown event (found {found}); expected an S3 notification: {EXPECTED_S3}, or SQS messages \
         with that in their body: {EXPECTED_SQS}"
    )]
    Unknown {
        /// What was found instead, in short.
        found: String,
    },
    /// An SQS message without an id: it cannot be handed back alone.
    #[error("SQS message {index} has no messageId, so it could not be handed back alone")]
    NoMessageId {
        /// Its place in `Records`, from 0.
        index: usize,
    },
}

const EXPECTED_S3: &str = r#"{"Records": [{"eventName": "ObjectCreated:Put", "s3": {"bucket": {"name": "..."}, "object": {"key": "..."}}}]} or {"Event": "s3:TestEvent"}"#;
const EXPECTED_SQS: &str =
    r#"{"Records": [{"messageId": "...", "eventSource": "aws:sqs", "body": "..."}]}"#;

impl Envelope {
    /// Reads an event. `invocation` identifies it in logs where the envelope has no ids of its own.
    pub fn parse(event: &Value, invocation: &str) -> Result<Self, EventError> {
        if let Some(records) = sqs::records(event) {
            return Ok(Self { sender: Sender::Sqs, messages: sqs::parse(records)? });
        }
        match s3::parse(event) {
            Some(entries) => {
                let message = Message { id: invocation.to_owned(), entries };
                Ok(Self { sender: Sender::S3, messages: vec![message] })
            }
            None => Err(EventError::Unknown { found: describe(event) }),
        }
    }

    /// The messages, in the envelope's order.
    #[must_use]
    pub fn messages(&self) -> &[Message] {
        &self.messages
    }

    /// Who sent it.
    #[must_use]
    pub fn sender(&self) -> Sender {
        self.sender
    }

    /// What the sender is told, where `failed` are the ids of the messages to hand back.
    ///
    /// `None` means that the answer is a failed invocation.
    ///
    /// Source: AWS Lambda developer guide, "Implementing partial batch responses" (SQS) and
    /// "Asynchronous invocation" (S3, which ignores the answer and repeats failed invocations).
    #[must_use]
    pub fn answer(&self, failed: &[String]) -> Option<Value> {
        match self.sender {
            Sender::Sqs => Some(sqs::answer(failed)),
            Sender::S3 if failed.is_empty() => Some(json!({})),
            Sender::S3 => None,
        }
    }
}

/// A short description of a JSON value, for errors: never the whole value, which may be large.
fn describe(value: &Value) -> String {
    const SHOWN: usize = 8;
    match value {
        Value::Object(map) if map.is_empty() => "an empty object".to_owned(),
        Value::Object(map) => {
            let keys: Vec<String> =
                map.keys().take(SHOWN).map(|k| k.chars().take(40).collect()).collect();
            let more = if map.len() > SHOWN { ", ..." } else { "" };
            format!("an object with {}{more}", keys.join(", "))
        }
        Value::Array(items) => format!("an array of {}", items.len()),
        Value::String(_) => "a string".to_owned(),
        Value::Number(_) => "a number".to_owned(),
        Value::Bool(_) => "a boolean".to_owned(),
        Value::Null => "null".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_event_says_what_was_found_and_expected() {
        for (event, found) in [
            (json!({"detail-type": "Tick", "source": "x"}), "an object with detail-type, source"),
            (json!([1, 2]), "an array of 2"),
            (json!({}), "an empty object"),
            (json!("hello"), "a string"),
        ] {
            let error = Envelope::parse(&event, "r").unwrap_err().to_string();
            assert!(error.contains(found), "{error}");
            assert!(error.contains("ObjectCreated:Put") && error.contains("aws:sqs"), "{error}");
        }
    }

    #[test]
    fn a_direct_notification_fails_only_if_something_must_be_retried() {
        let event = json!({"Event": "s3:TestEvent"});
        let envelope = Envelope::parse(&event, "r").unwrap();
        assert_eq!(envelope.answer(&[]), Some(json!({})));
        assert_eq!(envelope.answer(&["r".to_owned()]), None);
    }
}
