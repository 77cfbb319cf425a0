//! What carries changes wherever it is found: in a message's body, or as the event itself.

use serde_json::Value;

use super::record::Fields;
use super::{Entries, MessageError, describe, eventbridge, s3};

/// How deep one may be inside another: an `EventBridge` event in an SNS notification, in a body.
const DEPTH: usize = 2;

/// What a text carries.
pub(super) fn parse_text(text: &str) -> Result<Entries, MessageError> {
    read(text, DEPTH)
}

fn read(text: &str, depth: usize) -> Result<Entries, MessageError> {
    let value: Value = serde_json::from_str(text).map_err(MessageError::NotJson)?;
    if let Some(entries) = s3::parse(&value).or_else(|| eventbridge::parse(&value)) {
        return Ok(entries);
    }
    match notification(&value) {
        Some(inner) if depth > 1 => read(inner, depth - 1),
        _ => Err(MessageError::Shape { found: describe(&value) }),
    }
}

/// What an SNS notification carries, where one is the body of a message.
///
/// Source: Amazon SNS developer guide, "Parsing message formats".
fn notification(value: &Value) -> Option<&str> {
    let fields = Fields(value);
    (fields.text("/Type") == Some("Notification")).then(|| fields.text("/Message")).flatten()
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

    #[test]
    fn what_is_no_notification_says_so() {
        let mut nested = json!({"Event": "s3:TestEvent"});
        for _ in 0..3 {
            nested = json!({"Type": "Notification", "Message": nested.to_string()});
        }
        let subscription =
            json!({"Type": "SubscriptionConfirmation", "Message": "You have chosen"});
        for text in ["", "hello", "{}", "[]", &nested.to_string(), &subscription.to_string()] {
            assert!(parse_text(text).is_err(), "{text}");
        }
    }
}
