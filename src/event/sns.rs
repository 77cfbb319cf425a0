//! SNS as the sender of an event.
//!
//! Source: AWS Lambda developer guide, "Invoking Lambda functions with Amazon SNS notifications".

use serde_json::Value;

use super::record::Fields;
use super::{EventError, Message, body};

/// The records of an invocation by SNS; `None` if the event is none.
pub(super) fn records(event: &Value) -> Option<&[Value]> {
    let records = event.get("Records")?.as_array()?;
    let is_notification = |record: &Value| {
        record.get("EventSource").and_then(Value::as_str) == Some("aws:sns")
            || record.get("Sns").is_some()
    };
    records.iter().any(is_notification).then_some(records)
}

/// The messages of an invocation.
pub(super) fn parse(records: &[Value]) -> Result<Vec<Message>, EventError> {
    let messages = records.iter().enumerate().map(|(index, record)| {
        let fields = Fields(record);
        let id = fields.text("/Sns/MessageId").ok_or(EventError::NoId {
            what: "SNS notification",
            index,
            field: "Sns.MessageId",
        })?;
        Ok(Message::new(id, body::parse_text(message(record))))
    });
    messages.collect()
}

/// What a record carries; empty if it has nothing.
pub(super) fn message(record: &Value) -> &str {
    Fields(record).text("/Sns/Message").unwrap_or_default()
}
