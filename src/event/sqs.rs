//! A batch of SQS messages, each with an S3 notification in its body.
//!
//! Source: AWS Lambda developer guide, "Using Lambda with Amazon SQS".

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{EventError, Message, MessageError, describe, s3};

/// Whether an event is a batch of SQS messages.
pub(super) fn is_batch(event: &Value) -> bool {
    let Some(first) = event.get("Records").and_then(|records| records.get(0)) else {
        return false;
    };
    first.get("eventSource").and_then(Value::as_str) == Some("aws:sqs")
        || (first.get("body").is_some() && first.get("s3").is_none())
}

/// The messages of a batch. One that cannot be read is an error of its own.
pub(super) fn parse(event: &Value) -> Result<Vec<Message>, EventError> {
    let batch = SqsEvent::deserialize(event).map_err(EventError::Sqs)?;
    let messages = batch.records.into_iter().enumerate().map(|(index, message)| {
        let id = message
            .message_id
            .filter(|id| !id.is_empty())
            .ok_or(EventError::NoMessageId { index })?;
        let entries = parse_body(message.body.as_deref().unwrap_or_default())
            .unwrap_or_else(|error| vec![Err(error)]);
        Ok(Message { id, entries })
    });
    messages.collect()
}

/// What a body carries. Other envelopes inside a message join here.
fn parse_body(body: &str) -> Result<super::Entries, MessageError> {
    let value: Value = serde_json::from_str(body).map_err(MessageError::NotJson)?;
    s3::parse(&value).ok_or_else(|| MessageError::Shape { found: describe(&value) })
}

/// `{"batchItemFailures": [{"itemIdentifier": ID}, ...]}`: empty only when all is done.
pub(super) fn answer(failed: &[String]) -> Value {
    let mut response = SqsBatchResponse::default();
    response.set_failures(failed.iter().cloned());
    // The type has only strings in it; should it ever not serialise, the whole batch is handed back,
    // as Lambda does with an answer that it cannot read.
    serde_json::to_value(response).unwrap_or_else(|_| json!({"batchItemFailures": null}))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Envelope, Sender};

    fn batch(bodies: &[&str]) -> Value {
        let records: Vec<Value> = bodies
            .iter()
            .enumerate()
            .map(|(i, body)| json!({"messageId": format!("m{i}"), "eventSource": "aws:sqs", "body": body}))
            .collect();
        json!({"Records": records})
    }

    const PUT: &str = r#"{"Records":[{"eventName":"ObjectCreated:Put","s3":{"bucket":{"name":"shop"},"object":{"key":"a.jpg"}}}]}"#;

    #[test]
    fn a_poisoned_message_is_an_error_of_its_own() {
        let event = batch(&[PUT, "not json", r#"{"hello": 1}"#, r#"{"Event":"s3:TestEvent"}"#, ""]);
        let envelope = Envelope::parse(&event, "r").unwrap();
        assert_eq!(envelope.sender(), Sender::Sqs);
        let good: Vec<bool> =
            envelope.messages().iter().map(|m| m.entries.iter().all(Result::is_ok)).collect();
        assert_eq!(good, [true, false, false, true, false]);
        assert_eq!(envelope.messages()[1].id, "m1");
    }

    #[test]
    fn the_answer_names_failures_in_lambdas_exact_case() {
        assert_eq!(answer(&[]).to_string(), r#"{"batchItemFailures":[]}"#);
        assert_eq!(
            answer(&["m1".to_owned()]).to_string(),
            r#"{"batchItemFailures":[{"itemIdentifier":"m1"}]}"#
        );
    }

    #[test]
    fn a_message_without_an_id_fails_the_batch() {
        let event = json!({"Records": [{"eventSource": "aws:sqs", "body": PUT}]});
        let error = Envelope::parse(&event, "r").unwrap_err();
        assert!(matches!(error, EventError::NoMessageId { index: 0 }), "{error}");
    }
}
