//! Every shape in which a change arrives becomes [`Change`]s; one file per envelope.
//!
//! An *envelope* is what carries changes: an S3 notification; SQS messages, SNS notifications or an
//! `EventBridge` event with one inside; a task of S3 Batch Operations; a batch of a Step Functions
//! Distributed Map; a direct call. It is read leniently, field by field: real events come trimmed,
//! repeated, and from more than one implementation of S3, and a field that lookbook does not use
//! must never lose a photo. What it does use is parsed into types that cannot be wrong (those of
//! [`object`](crate::object)).
//!
//! An envelope holds [`Message`]s. A message is the unit that its sender can be handed back: one
//! SQS message, one task, or a whole notification. A message that cannot be read is an error of
//! that message alone; only an envelope of an unknown shape is an [`EventError`].
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

mod answer;
mod batch;
mod body;
mod change;
mod direct;
mod eventbridge;
mod map;
mod original;
mod record;
mod reply;
mod s3;
mod sns;
mod sqs;

pub use batch::Call;
pub use change::{Change, Kind};
pub use direct::photo_url;
pub use original::{Attribute, AttributeValue, Original};
pub use record::RecordError;
pub use reply::{Fate, Reply, Told};

use serde_json::Value;

/// An event that was understood: who sent it, and the messages in it.
#[derive(Debug)]
pub struct Envelope {
    sender: Sender,
    messages: Vec<Message>,
}

/// Who sent an envelope, and so what answer it expects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sender {
    /// S3 itself, as an asynchronous invocation: the invocation succeeds or fails as a whole.
    S3,
    /// An SQS event source mapping with `ReportBatchItemFailures`.
    Sqs,
    /// SNS, as an asynchronous invocation.
    Sns,
    /// `EventBridge`, as an asynchronous invocation.
    EventBridge,
    /// S3 Batch Operations, which waits for a result a task.
    Batch(Call),
    /// A Distributed Map of Step Functions, which waits.
    Map,
    /// Whoever sends again what a destination of failed invocations got.
    Destination,
    /// Somebody who waits for the outcome.
    Direct,
}

/// One unit that can be handed back to the sender.
#[derive(Debug)]
pub struct Message {
    /// The SQS message id, the task's id, ...; the id of the invocation if the envelope has none.
    pub id: String,
    /// What it carries, in its order. Empty for `s3:TestEvent`.
    pub entries: Entries,
}

impl Message {
    /// One with these entries; what cannot be read at all is an entry too.
    fn new(id: &str, entries: Result<Entries, MessageError>) -> Self {
        Self { id: id.to_owned(), entries: entries.unwrap_or_else(|error| vec![Err(error)]) }
    }
}

/// The changes of a message, and what could not be read as one.
pub type Entries = Vec<Result<Change, MessageError>>;

/// Why a message, or one record of it, names no object.
#[derive(Debug, thiserror::Error)]
pub enum MessageError {
    /// The message has no body, or one that is no text.
    #[error("the SQS message has no body that is a text")]
    NoBody,
    /// The body is not JSON.
    #[error("the body is not JSON ({0}); expected {EXPECTED_BODY}")]
    NotJson(#[source] serde_json::Error),
    /// The body is JSON of another shape.
    #[error("the body carries no change (found {found}); expected {EXPECTED_BODY}")]
    Shape {
        /// What was found instead, in short.
        found: String,
    },
    /// One record of a notification, one task or one item cannot be used.
    #[error("{place} {source}")]
    Record {
        /// Which one.
        place: String,
        /// What is wrong with it.
        source: RecordError,
    },
}

/// Why an event is not an envelope at all.
#[derive(Debug, thiserror::Error)]
pub enum EventError {
    /// The shape is unknown.
    #[error("unknown event (found {found}); expected {EXPECTED_BODY}, or {EXPECTED}")]
    Unknown {
        /// What was found instead, in short.
        found: String,
    },
    /// A message without an id: it cannot be handed back alone.
    #[error("{what} {index} has no {field}, so it could not be handed back alone")]
    NoId {
        /// What kind of message.
        what: &'static str,
        /// Its place, from 0.
        index: usize,
        /// The field that is missing.
        field: &'static str,
    },
    /// A request of S3 Batch Operations in a schema that lookbook does not know.
    #[error("S3 Batch Operations calls with schema '{0}': expected 1.0 or 2.0")]
    BatchSchema(String),
}

/// What carries changes in a body, and as an event too.
const EXPECTED_BODY: &str = r#"an S3 notification: {"Records": [{"eventName": "ObjectCreated:Put", "s3": {"bucket": {"name": "..."}, "object": {"key": "..."}}}]} or {"Event": "s3:TestEvent"}, or an event of S3 over EventBridge: {"source": "aws.s3", "detail-type": "Object Created", "detail": {...}}"#;
/// What else an event may be.
const EXPECTED: &str = r#"SQS messages or SNS notifications with that inside: {"Records": [{"messageId": "...", "eventSource": "aws:sqs", "body": "..."}]}, a request of S3 Batch Operations: {"invocationSchemaVersion": "1.0", "tasks": [...]}, a Distributed Map batch: {"BatchInput": {"bucket": "..."}, "Items": [{"Key": "..."}]}, or a direct call: {"bucket": "...", "key": "..."} or {"url": "s3://..."}"#;

impl Envelope {
    /// Reads an event. `invocation` identifies it in logs where the envelope has no ids of its own.
    pub fn parse(event: &Value, invocation: &str) -> Result<Self, EventError> {
        if let Some(records) = sqs::records(event) {
            // One that cannot be read is an error of its own.
            let messages = sqs::messages(records).map(|message| {
                let (id, text) = message?;
                Ok(Message::new(id, text.and_then(body::parse_text)))
            });
            return Ok(Self { sender: Sender::Sqs, messages: messages.collect::<Result<_, _>>()? });
        }
        if let Some(records) = sns::records(event) {
            let messages = sns::messages(records).map(|message| {
                let (id, text) = message?;
                Ok(Message::new(id, body::parse_text(text)))
            });
            return Ok(Self { sender: Sender::Sns, messages: messages.collect::<Result<_, _>>()? });
        }
        if let Some(entries) = s3::parse(event) {
            let messages = vec![Message::new(invocation, Ok(entries))];
            return Ok(Self { sender: Sender::S3, messages });
        }
        if let Some(entries) = eventbridge::parse(event) {
            let id = eventbridge::id(event).unwrap_or(invocation);
            let messages = vec![Message::new(id, Ok(entries))];
            return Ok(Self { sender: Sender::EventBridge, messages });
        }
        if let Some((schema, tasks)) = batch::request(event) {
            let (call, messages) = batch::parse(event, schema, tasks)?;
            return Ok(Self { sender: Sender::Batch(call), messages });
        }
        if let Some(items) = map::items(event) {
            return Ok(Self { sender: Sender::Map, messages: map::parse(event, items) });
        }
        if let Some(entries) = body::parse_record(event) {
            let id = body::record_id(event).unwrap_or(invocation);
            return Ok(Self {
                sender: Sender::Destination,
                messages: vec![Message::new(id, entries)],
            });
        }
        if let Some(message) = direct::parse(event, invocation) {
            return Ok(Self { sender: Sender::Direct, messages: vec![message] });
        }
        Err(EventError::Unknown { found: describe(event) })
    }

    /// The messages, in the envelope's order.
    #[must_use]
    pub fn messages(&self) -> &[Message] {
        &self.messages
    }

    /// A message as it lay in its queue, by its place among the messages of this event; `None` if it
    /// comes from no queue, or has no text.
    #[must_use]
    pub fn original<'a>(&self, event: &'a Value, place: usize) -> Option<Original<'a>> {
        let records = sqs::records(event).filter(|_| self.sender == Sender::Sqs)?;
        Original::of(records.get(place)?)
    }

    /// Who sent it.
    #[must_use]
    pub fn sender(&self) -> &Sender {
        &self.sender
    }
}

/// A short description of a JSON value, for errors: never the whole value, which may be large.
fn describe(value: &Value) -> String {
    const SHOWN: usize = 8;
    if let Some(sender) = sender(value) {
        return sender;
    }
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

/// Whom an event of somebody else names as its source.
fn sender(event: &Value) -> Option<String> {
    let event = record::Fields(event);
    let short = |text: &str| text.chars().take(60).collect::<String>();
    let records = ["/Records/0/eventSource", "/Records/0/EventSource"];
    if let Some(source) = records.iter().find_map(|path| event.text(path)) {
        return Some(format!("records of the source '{}'", short(source)));
    }
    let source = event.text("/source").or_else(|| event.text("/eventSource"))?;
    Some(match event.text("/detail-type") {
        Some(kind) => format!("an event '{}' of the source '{}'", short(kind), short(source)),
        None => format!("an event of the source '{}'", short(source)),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn an_unknown_event_says_what_was_found_and_expected() {
        for (event, found) in [
            (json!({"detail-type": "Tick", "source": "x"}), "an event 'Tick' of the source 'x'"),
            (json!({"source": "aws.ec2"}), "an event of the source 'aws.ec2'"),
            (
                json!({"Records": [{"eventSource": "aws:dynamodb", "dynamodb": {}}]}),
                "records of the source 'aws:dynamodb'",
            ),
            (json!({"Tick": 1}), "an object with Tick"),
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
    fn sns_notifications_have_their_own_ids() {
        let test = json!({"Event": "s3:TestEvent"}).to_string();
        let event = json!({"Records": [
            {"EventSource": "aws:sns", "Sns": {"MessageId": "n0", "Message": "hello"}},
            {"EventSource": "aws:sns", "Sns": {"MessageId": "n1", "Message": test}}]});
        let envelope = Envelope::parse(&event, "r").unwrap();
        assert_eq!(*envelope.sender(), Sender::Sns);
        let [bad, good] = envelope.messages() else { panic!("two messages") };
        assert_eq!((bad.id.as_str(), good.id.as_str()), ("n0", "n1"));
        assert!(bad.entries[0].is_err() && good.entries.is_empty());
        let error = Envelope::parse(&json!({"Records": [{"Sns": {}}]}), "r").unwrap_err();
        assert!(error.to_string().contains("SNS notification 0 has no Sns.MessageId"), "{error}");
    }

    /// JSON that is like an event: the names that events have, with anything under them.
    fn like_an_event() -> impl Strategy<Value = Value> {
        let name = prop::sample::select(vec![
            "Records",
            "Event",
            "s3",
            "bucket",
            "name",
            "object",
            "key",
            "eventName",
            "Sns",
            "body",
            "Message",
            "MessageId",
            "messageId",
            "Type",
            "source",
            "detail-type",
            "detail",
            "tasks",
            "invocationSchemaVersion",
            "taskId",
            "s3Key",
            "s3Bucket",
            "Items",
            "requestPayload",
            "Key",
            "BatchInput",
            "url",
            "sequencer",
            "eventSource",
            "EventSource",
        ]);
        let text = prop::sample::select(vec![
            "",
            "shop",
            "a.jpg",
            "%FF",
            "s3:TestEvent",
            "aws:sqs",
            "aws:sns",
            "aws.s3",
            "1.0",
            "2.0",
            "ObjectCreated:Put",
            "Object Created",
            "Notification",
            "s3://shop/a",
            "{}",
            "00",
            "zz",
        ]);
        let leaf = prop_oneof![
            text.prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            Just(Value::Null)
        ];
        leaf.prop_recursive(5, 40, 4, move |inner| {
            prop_oneof![
                prop::collection::vec((name.clone(), inner.clone()), 0..5)
                    .prop_map(|pairs| pairs.into_iter().map(|(k, v)| (k.to_owned(), v)).collect()),
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                inner.prop_map(|value| Value::from(value.to_string())),
            ]
        })
    }

    proptest! {
        #[test]
        fn whatever_comes_is_read_or_refused(event in like_an_event()) {
            if let Ok(envelope) = Envelope::parse(&event, "r") {
                prop_assert!(envelope.messages().iter().all(|message| !message.id.is_empty()));
            }
        }
    }
}
