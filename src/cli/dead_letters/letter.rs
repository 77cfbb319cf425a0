//! A dead letter: what a message says of itself, and of why it is here.

use std::collections::HashMap;

use aws_sdk_sqs::types::{Message, MessageAttributeValue, MessageSystemAttributeName};
use serde::Serialize;
use serde_json::json;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::event::Envelope;
use crate::handler::{CODE, REASON, REQUEST_ID};

/// Message attributes that the function writes when it sends a message here itself.
const OURS: [&str; 3] = [REASON, CODE, REQUEST_ID];

/// What is told of a message. The names in the JSON are public: programs read them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Letter {
    /// Its id in the dead-letter queue: that of the queue before it, if SQS moved it.
    pub message_id: String,
    /// When it was sent to a queue.
    pub sent_at: Option<String>,
    /// When it was received first.
    pub first_received_at: Option<String>,
    /// How often it was received, by whoever looked at it here, too.
    pub receives: Option<u64>,
    /// A stable code of why it is here, if the function has said so.
    pub code: Option<String>,
    /// The same for people.
    pub reason: Option<String>,
    /// The invocation that said so, for the log.
    pub request_id: Option<String>,
    /// The queue from which SQS moved it.
    pub moved_from: Option<String>,
    /// The objects that it names, as `bucket/key`.
    pub objects: Vec<String>,
    /// What in it names no object.
    pub problems: Vec<String>,
    /// When it was sent, in milliseconds since 1970.
    #[serde(skip)]
    pub sent: Option<i64>,
}

/// Which letters are meant.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Only those with this code.
    pub code: Option<String>,
    /// Only these; all, if it is empty.
    pub ids: Vec<String>,
}

impl Filter {
    /// Whether a letter is meant.
    pub fn takes(&self, letter: &Letter) -> bool {
        let code = self.code.as_ref().is_none_or(|code| letter.code.as_ref() == Some(code));
        code && (self.ids.is_empty() || self.ids.contains(&letter.message_id))
    }
}

impl Letter {
    /// Reads a message.
    pub fn of(message: &Message) -> Self {
        let id = message.message_id().unwrap_or_default();
        let said = |name: &MessageSystemAttributeName| message.attributes()?.get(name);
        let number =
            |name: &MessageSystemAttributeName| said(name).and_then(|text| text.parse().ok());
        let sent: Option<i64> = number(&MessageSystemAttributeName::SentTimestamp);
        let received: Option<i64> =
            number(&MessageSystemAttributeName::ApproximateFirstReceiveTimestamp);
        let receives: Option<i64> = number(&MessageSystemAttributeName::ApproximateReceiveCount);
        let written = |name: &str| {
            let attribute = message.message_attributes()?.get(name)?;
            attribute.string_value().map(str::to_owned)
        };
        let [reason, code, request_id] = OURS.map(written);
        let (objects, problems) = named(id, message.body().unwrap_or_default());
        Self {
            message_id: id.to_owned(),
            sent_at: sent.and_then(time_of),
            first_received_at: received.and_then(time_of),
            receives: receives.and_then(|receives| u64::try_from(receives).ok()),
            code,
            reason,
            request_id,
            moved_from: said(&MessageSystemAttributeName::DeadLetterQueueSourceArn).cloned(),
            objects,
            problems,
            sent,
        }
    }

    /// Why it is here, in one sentence. `most` is how often a message is received at most before SQS
    /// moves it, if that is known.
    pub fn why(&self, most: Option<u64>) -> String {
        if let Some(reason) = &self.reason {
            return match &self.request_id {
                Some(id) => format!("{reason} (request {id})"),
                None => reason.clone(),
            };
        }
        let often = match most {
            Some(most) => format!("after {most} receives"),
            None => "after it was received too often".to_owned(),
        };
        format!("moved {often}: search the function's log for its id")
    }
}

/// Attributes that go with a message when it is sent back: all but those that say why it was here.
pub fn kept(message: &Message) -> HashMap<String, MessageAttributeValue> {
    let attributes = message.message_attributes().cloned().unwrap_or_default();
    attributes.into_iter().filter(|(name, _)| !OURS.contains(&name.as_str())).collect()
}

/// The objects that a body names, and what in it names none.
fn named(id: &str, body: &str) -> (Vec<String>, Vec<String>) {
    let id = if id.is_empty() { "-" } else { id };
    let event = json!({"Records": [{"messageId": id, "eventSource": "aws:sqs", "body": body}]});
    let (mut objects, mut problems) = (Vec::new(), Vec::new());
    match Envelope::parse(&event, id) {
        Ok(envelope) => {
            for entry in envelope.messages().iter().flat_map(|message| &message.entries) {
                match entry {
                    Ok(change) => objects.push(change.object.to_string()),
                    Err(error) => problems.push(error.to_string()),
                }
            }
        }
        Err(error) => problems.push(error.to_string()),
    }
    objects.dedup();
    (objects, problems)
}

fn time_of(milliseconds: i64) -> Option<String> {
    let nanoseconds = i128::from(milliseconds) * 1_000_000;
    let time = OffsetDateTime::from_unix_timestamp_nanos(nanoseconds).ok()?;
    time.replace_millisecond(0).ok()?.format(&Rfc3339).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(value: &str) -> MessageAttributeValue {
        let value = MessageAttributeValue::builder().data_type("String").string_value(value);
        value.build().unwrap()
    }

    fn message(body: &str) -> aws_sdk_sqs::types::builders::MessageBuilder {
        Message::builder()
            .message_id("m1")
            .body(body)
            .attributes(MessageSystemAttributeName::SentTimestamp, "1780000000123")
            .attributes(MessageSystemAttributeName::ApproximateReceiveCount, "11")
    }

    #[test]
    fn a_letter_names_its_objects_and_says_why_it_is_here() {
        let put = r#"{"Records":[{"eventName":"ObjectCreated:Put","s3":{"bucket":{"name":"shop"},"object":{"key":"a+b.jpg"}}}]}"#;
        let letter = Letter::of(&message(put).build());
        assert_eq!(
            (letter.objects.as_slice(), letter.problems.len()),
            (&["shop/a b.jpg".to_owned()][..], 0)
        );
        assert_eq!(letter.sent_at.as_deref(), Some("2026-05-28T20:26:40Z"));
        assert_eq!(letter.receives, Some(11));
        assert_eq!(
            letter.why(Some(10)),
            "moved after 10 receives: search the function's log for its id"
        );
        assert!(letter.why(None).starts_with("moved after it was received too often"));
    }

    #[test]
    fn what_the_function_says_is_told_and_is_not_sent_back() {
        let message = message("hello")
            .message_attributes("reason", text("the body is not JSON"))
            .message_attributes("code", text("unreadable"))
            .message_attributes("request_id", text("r-1"))
            .message_attributes("by", text("a person"))
            .build();
        let letter = Letter::of(&message);
        assert_eq!(letter.code.as_deref(), Some("unreadable"));
        assert_eq!(letter.why(None), "the body is not JSON (request r-1)");
        assert!(letter.objects.is_empty() && letter.problems[0].contains("not JSON"));
        assert_eq!(kept(&message).into_keys().collect::<Vec<_>>(), ["by"]);
    }

    #[test]
    fn a_filter_takes_what_it_names() {
        let letter =
            Letter::of(&message("x").message_attributes("code", text("unreadable")).build());
        let filter = |code: Option<&str>, ids: &[&str]| Filter {
            code: code.map(str::to_owned),
            ids: ids.iter().map(|id| (*id).to_owned()).collect(),
        };
        assert!(
            filter(None, &[]).takes(&letter)
                && filter(Some("unreadable"), &["m0", "m1"]).takes(&letter)
        );
        assert!(
            !filter(Some("retry"), &[]).takes(&letter) && !filter(None, &["m0"]).takes(&letter)
        );
        assert!(!filter(Some("unreadable"), &[]).takes(&Letter::of(&message("x").build())));
    }
}
