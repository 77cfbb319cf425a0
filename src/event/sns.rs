//! SNS as the sender of an event.
//!
//! Source: AWS Lambda developer guide, "Invoking Lambda functions with Amazon SNS notifications".

use serde_json::Value;

use super::EventError;
use super::record::Fields;

/// The records of an invocation by SNS; `None` if the event is none.
pub(super) fn records(event: &Value) -> Option<&[Value]> {
    let records = event.get("Records")?.as_array()?;
    let is_notification = |record: &Value| {
        record.get("EventSource").and_then(Value::as_str) == Some("aws:sns")
            || record.get("Sns").is_some()
    };
    records.iter().any(is_notification).then_some(records)
}

/// The id of each notification, and what it carries: empty if it has nothing.
pub(super) fn messages(
    records: &[Value],
) -> impl Iterator<Item = Result<(&str, &str), EventError>> {
    records.iter().enumerate().map(|(index, record)| {
        let id = Fields(record).text("/Sns/MessageId").ok_or(EventError::NoId {
            what: "SNS notification",
            index,
            field: "Sns.MessageId",
        })?;
        Ok((id, text(record)))
    })
}

/// What a record carries; empty if it has nothing.
pub(super) fn text(record: &Value) -> &str {
    Fields(record).text("/Sns/Message").unwrap_or_default()
}
