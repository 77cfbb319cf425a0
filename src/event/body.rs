//! What carries changes wherever it is found: in a message's body, or as the event itself.

use serde_json::Value;

use super::record::Fields;
use super::{Entries, MessageError, describe, direct, eventbridge, s3, sns, sqs};

/// How deep one may be inside another: an event in an SNS notification, in the record that a
/// destination gets of an invocation, in an SNS notification, in a body.
const DEPTH: usize = 6;

/// What a text carries.
pub(super) fn parse_text(text: &str) -> Result<Entries, MessageError> {
    read(text, DEPTH)
}

/// What the record of an invocation carries that a destination got, wherever it is replayed from:
/// all that the invocation's own event did. `None` if the value is no such record.
///
/// Source: AWS Lambda developer guide, "Capturing records of Lambda asynchronous invocations".
pub(super) fn parse_record(value: &Value) -> Option<Result<Entries, MessageError>> {
    payload(value).map(|inner| read_or_unwrap(inner, DEPTH))
}

/// The request's id in such a record.
pub(super) fn record_id(value: &Value) -> Option<&str> {
    let fields = Fields(value);
    fields
        .text("/requestContext/requestId")
        .or_else(|| fields.text("/detail/requestContext/requestId"))
}

fn read(text: &str, depth: usize) -> Result<Entries, MessageError> {
    let text = text.trim_start_matches('\u{FEFF}');
    let value: Value = serde_json::from_str(text).map_err(MessageError::NotJson)?;
    unwrap(&value, depth)
}

fn unwrap(value: &Value, depth: usize) -> Result<Entries, MessageError> {
    let none = || MessageError::Shape { found: describe(value) };
    if let Some(entries) = s3::parse(value).or_else(|| eventbridge::parse(value)) {
        return Ok(entries);
    }
    let depth = depth.checked_sub(1).ok_or_else(none)?;
    if let Some(inner) = payload(value) {
        return read_or_unwrap(inner, depth);
    }
    // The event of an invocation, as a dead-letter queue keeps it: a batch of messages.
    let texts: Option<Vec<&str>> = if let Some(records) = sns::records(value) {
        Some(records.iter().map(sns::text).collect())
    } else {
        sqs::records(value).map(|records| records.iter().map(sqs::text).collect())
    };
    if let Some(texts) = texts {
        let entries = texts.into_iter().map(|text| read(text, depth));
        return Ok(entries.flat_map(|read| read.unwrap_or_else(|e| vec![Err(e)])).collect());
    }
    if let Some(inner) = notification(value) {
        return read(inner, depth);
    }
    direct::entry(value).map(|entry| vec![entry]).ok_or_else(none)
}

fn read_or_unwrap(inner: &Value, depth: usize) -> Result<Entries, MessageError> {
    match inner {
        Value::String(text) => read(text, depth),
        inner => unwrap(inner, depth),
    }
}

/// What an SNS notification carries, where one is the body of a message.
///
/// Source: Amazon SNS developer guide, "Parsing message formats".
fn notification(value: &Value) -> Option<&str> {
    let fields = Fields(value);
    (fields.text("/Type") == Some("Notification")).then(|| fields.text("/Message")).flatten()
}

/// The event of the invocation that a destination's record is of. Over `EventBridge` the record is
/// the detail of an event.
fn payload(value: &Value) -> Option<&Value> {
    value.get("requestPayload").or_else(|| value.pointer("/detail/requestPayload"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_notification_is_found_however_it_is_wrapped() {
        let s3 = json!({"Records": [{"eventName": "ObjectCreated:Put",
            "s3": {"bucket": {"name": "shop"}, "object": {"key": "a+b.jpg"}}}]});
        let bridge = json!({"source": "aws.s3", "detail-type": "Object Created",
            "detail": {"bucket": {"name": "shop"}, "object": {"key": "a b.jpg"}}});
        let test = json!({"Service": "Amazon S3", "Event": "s3:TestEvent"});
        let in_sns = |inner: &Value| json!({"Type": "Notification", "MessageId": "n", "Message": inner.to_string()});
        for wrapped in [s3.clone(), bridge.clone(), in_sns(&s3), in_sns(&bridge)] {
            let entries = parse_text(&wrapped.to_string()).unwrap();
            assert_eq!(entries[0].as_ref().unwrap().object.key(), "a b.jpg", "{wrapped}");
        }
        for wrapped in [test.clone(), in_sns(&test)] {
            assert!(parse_text(&wrapped.to_string()).unwrap().is_empty(), "{wrapped}");
        }
    }

    /// What dead-letter queues and destinations of failed invocations keep, and so what is sent back
    /// from there.
    #[test]
    fn what_failed_before_can_be_sent_again() {
        let s3 = json!({"Records": [{"eventName": "ObjectCreated:Put",
            "s3": {"bucket": {"name": "shop"}, "object": {"key": "a+b.jpg"}}}]});
        let bridge = json!({"source": "aws.s3", "detail-type": "Object Created",
            "detail": {"bucket": {"name": "shop"}, "object": {"key": "a b.jpg"}}});
        let sns = json!({"Records": [{"EventSource": "aws:sns", "Sns": {"MessageId": "n",
            "Message": s3.to_string()}}]});
        let sqs = json!({"Records": [{"messageId": "m", "body": sns.to_string()}]});
        let call = json!({"bucket": "shop", "key": "a b.jpg"});
        let url = json!({"url": "s3://shop/a b.jpg"});
        for event in [s3, bridge, sns, sqs, call, url] {
            let record = json!({"version": "1.0", "timestamp": "2019-11-14T18:16:05.568Z",
                "requestContext": {"requestId": "r1", "condition": "RetriesExhausted",
                    "functionArn": "arn:aws:lambda:us-east-1:1:function:f:$LATEST"},
                "requestPayload": event, "responseContext": {"statusCode": 200},
                "responsePayload": {"errorMessage": "no"}});
            let over_bridge = json!({"source": "lambda", "detail": record,
                "detail-type": "Lambda Function Invocation Result - Failure"});
            let in_sns = json!({"Type": "Notification", "Message": record.to_string()});
            for wrapped in [event.clone(), record, over_bridge, in_sns] {
                let entries = parse_text(&wrapped.to_string()).unwrap();
                assert_eq!(entries.len(), 1, "{wrapped}");
                assert_eq!(entries[0].as_ref().unwrap().object.key(), "a b.jpg", "{wrapped}");
            }
            let as_text = json!({"requestPayload": event.to_string()});
            assert_eq!(parse_record(&as_text).unwrap().unwrap().len(), 1, "{as_text}");
        }
    }

    #[test]
    fn one_bad_message_of_a_kept_event_leaves_its_neighbours() {
        let test = json!({"bucket": "shop", "key": "a.jpg"}).to_string();
        let sns = |text: &str| json!({"EventSource": "aws:sns", "Sns": {"Message": text}});
        let event = json!({"Records": [sns("hello"), sns(&test), {"Sns": 7}, sns(&test)]});
        let entries = parse_text(&event.to_string()).unwrap();
        let good: Vec<bool> = entries.iter().map(Result::is_ok).collect();
        assert_eq!(good, [false, true, false, true]);
    }

    #[test]
    fn what_is_no_notification_says_so() {
        let mut nested = json!({"Event": "s3:TestEvent"});
        for _ in 0..8 {
            nested = json!({"Type": "Notification", "Message": nested.to_string()});
        }
        let subscription =
            json!({"Type": "SubscriptionConfirmation", "Message": "You have chosen"});
        for text in ["", "hello", "{}", "[]", &nested.to_string(), &subscription.to_string()] {
            assert!(parse_text(text).is_err(), "{text}");
        }
    }
}
