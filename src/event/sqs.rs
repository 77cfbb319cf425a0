//! A batch of SQS messages, each with something in its body that carries changes.
//!
//! Source: AWS Lambda developer guide, "Using Lambda with Amazon SQS".

use aws_lambda_events::sqs::SqsBatchResponse;
use serde_json::{Value, json};

use super::record::Fields;
use super::{EventError, MessageError};

/// The records of a batch of SQS messages; `None` if the event is none.
pub(super) fn records(event: &Value) -> Option<&[Value]> {
    let records = event.get("Records")?.as_array()?;
    let is_message = |record: &Value| {
        record.get("eventSource").and_then(Value::as_str) == Some("aws:sqs")
            || (record.get("body").is_some() && record.get("s3").is_none())
    };
    records.iter().any(is_message).then_some(records)
}

/// The id of each message of a batch, and its body. Only these two are looked at.
pub(super) fn messages(
    records: &[Value],
) -> impl Iterator<Item = Result<(&str, Result<&str, MessageError>), EventError>> {
    records.iter().enumerate().map(|(index, record)| {
        let id = Fields(record).text("/messageId").ok_or(EventError::NoId {
            what: "SQS message",
            index,
            field: "messageId",
        })?;
        Ok((id, record.get("body").and_then(Value::as_str).ok_or(MessageError::NoBody)))
    })
}

/// What a record carries; empty if it has nothing.
pub(super) fn text(record: &Value) -> &str {
    Fields(record).text("/body").unwrap_or_default()
}

/// `{"batchItemFailures": [{"itemIdentifier": ID}, ...]}`: empty only when all is done.
pub(super) fn answer<'a>(failed: impl Iterator<Item = &'a str>) -> Value {
    let mut response = SqsBatchResponse::default();
    response.set_failures(failed);
    // The type has only texts in it. Should it ever not serialise, an empty identifier hands back
    // the whole batch; an empty or missing list would say that all is done.
    serde_json::to_value(response)
        .unwrap_or_else(|_| json!({"batchItemFailures": [{"itemIdentifier": ""}]}))
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
        assert_eq!(*envelope.sender(), Sender::Sqs);
        let good: Vec<bool> =
            envelope.messages().iter().map(|m| m.entries.iter().all(Result::is_ok)).collect();
        assert_eq!(good, [true, false, false, true, false]);
        assert_eq!(envelope.messages()[1].id, "m1");
    }

    #[test]
    fn what_is_not_used_loses_no_message() {
        let odd = [json!(null), json!([1]), json!("a".repeat(100_000)), json!({"a": {"b": [1]}})];
        for name in ["attributes", "messageAttributes", "md5OfBody", "eventSourceARN", "awsRegion"]
        {
            for odd in &odd {
                let mut event = batch(&[PUT]);
                event["Records"][0][name] = odd.clone();
                let envelope = Envelope::parse(&event, "r").unwrap();
                assert!(envelope.messages()[0].entries[0].is_ok(), "{name}");
            }
        }
    }

    #[test]
    fn a_message_without_a_body_is_an_error_of_its_own() {
        let mut event = batch(&[PUT, PUT, PUT]);
        event["Records"][0]["body"] = json!({"Records": []});
        event["Records"][2]["body"] = Value::Null;
        let envelope = Envelope::parse(&event, "r").unwrap();
        for bad in [0, 2] {
            let error = envelope.messages()[bad].entries[0].as_ref().unwrap_err();
            assert!(matches!(error, MessageError::NoBody), "{error}");
        }
        assert!(envelope.messages()[1].entries[0].is_ok());
    }

    #[test]
    fn an_error_does_not_repeat_the_message() {
        let event = batch(&[&"a".repeat(100_000), &json!("a".repeat(100_000)).to_string()]);
        let envelope = Envelope::parse(&event, "r").unwrap();
        for message in envelope.messages() {
            let error = message.entries[0].as_ref().unwrap_err().to_string();
            assert!(error.len() < 500, "{error}");
        }
    }

    #[test]
    fn the_answer_names_failures_in_lambdas_exact_case() {
        let none = answer(std::iter::empty());
        assert_eq!(none.to_string(), r#"{"batchItemFailures":[]}"#);
        let one = answer(["m1"].into_iter());
        assert_eq!(one.to_string(), r#"{"batchItemFailures":[{"itemIdentifier":"m1"}]}"#);
    }

    #[test]
    fn a_message_without_an_id_fails_the_batch() {
        let event = json!({"Records": [{"eventSource": "aws:sqs", "body": PUT}]});
        let error = Envelope::parse(&event, "r").unwrap_err();
        assert!(error.to_string().contains("SQS message 0 has no messageId"), "{error}");
    }
}
