//! Messages that can never be read go to the dead-letter queue at once, and say why.
//!
//! Left to SQS, such a message is received as often as its queue says, over hours, and comes to the
//! same place without a word. Here it is sent there whole, with the reason, and then its own queue may
//! forget it: in this order, so that nothing is lost. If it cannot be sent, all is as SQS does it.

use std::collections::BTreeSet;

use aws_sdk_sqs::primitives::Blob;
use aws_sdk_sqs::types::MessageAttributeValue;
use futures::stream::{self, StreamExt};

use crate::bucket::said;
use crate::code::RetryCode;
use crate::event::{Attribute, AttributeValue, Original};
use crate::pipeline::Deadline;

/// The attribute that says why a message is there, in a sentence.
pub const REASON: &str = "reason";
/// The attribute with the reason's stable name.
pub const CODE: &str = "code";
/// The attribute with the id of the request that has sent it there.
pub const REQUEST_ID: &str = "request_id";

/// How many attributes a message may have.
const ATTRIBUTES: usize = 10;
/// How large a message may be, attributes included.
const BYTES: usize = 1 << 20;
/// How long a reason may be, in characters.
const REASON_LENGTH: usize = 1000;
/// How many messages are sent at a time.
const AT_A_TIME: usize = 8;

/// The queue for messages that can never be read.
#[derive(Debug, Clone)]
pub struct DeadLetters {
    client: aws_sdk_sqs::Client,
    queue: String,
}

/// A message that can never be read.
#[derive(Debug)]
pub(super) struct Poison<'a> {
    pub id: &'a str,
    pub original: Original<'a>,
    pub reason: String,
}

/// What became of the messages that can never be read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SetAside {
    /// The ids of those that are in the dead-letter queue.
    pub sent: BTreeSet<String>,
    /// The ids of those that could not be sent there, and why not. They go back to their queue.
    pub failed: Vec<(String, String)>,
}

impl DeadLetters {
    /// The queue with this URL.
    #[must_use]
    pub fn new(client: aws_sdk_sqs::Client, queue: &str) -> Self {
        Self { client, queue: queue.to_owned() }
    }

    /// Sends messages there, as long as there is time.
    pub(super) async fn take(
        &self,
        messages: Vec<Poison<'_>>,
        request_id: &str,
        deadline: Deadline,
    ) -> SetAside {
        let send = async |poison: Poison<'_>| {
            let sent = deadline.within(self.send(&poison, request_id)).await;
            (poison.id.to_owned(), sent.unwrap_or_else(|| Err("the time was over".to_owned())))
        };
        // In a list first: a stream that makes them by itself is not `Send` for the compiler.
        let sends: Vec<_> = messages.into_iter().map(send).collect();
        let mut sent = stream::iter(sends).buffer_unordered(AT_A_TIME);
        let mut aside = SetAside::default();
        while let Some((id, sent)) = sent.next().await {
            match sent {
                Ok(()) => drop(aside.sent.insert(id)),
                Err(cause) => aside.failed.push((id, cause)),
            }
        }
        aside
    }

    async fn send(&self, poison: &Poison<'_>, request_id: &str) -> Result<(), String> {
        let mut request = self.client.send_message().queue_url(&self.queue);
        for Attribute { name, kind, value } in attributes(poison, request_id) {
            let attribute = MessageAttributeValue::builder().data_type(kind);
            let attribute = match value {
                AttributeValue::Text(text) => attribute.string_value(text),
                AttributeValue::Bytes(bytes) => attribute.binary_value(Blob::new(bytes)),
            };
            let attribute = attribute.build().map_err(|error| error.to_string())?;
            request = request.message_attributes(name, attribute);
        }
        let sent = request.message_body(poison.original.body).send().await;
        sent.map(drop).map_err(said)
    }
}

/// The attributes of a message in the dead-letter queue: why it is there, and as many of its own as
/// there is room for.
///
/// Source: Amazon SQS developer guide, "Message quotas" and "Amazon SQS message metadata".
fn attributes(poison: &Poison<'_>, request_id: &str) -> Vec<Attribute> {
    let ours = [
        Attribute::text(REASON, &plain(&poison.reason)),
        Attribute::text(CODE, RetryCode::Unreadable.as_str()),
        Attribute::text(REQUEST_ID, &plain(request_id)),
    ];
    let taken: usize = ours.iter().map(Attribute::size).sum();
    let mut room = BYTES.saturating_sub(poison.original.body.len() + taken);
    // What was sent back from there has some of these names already.
    let is_theirs = |attribute: &&Attribute| ours.iter().all(|own| own.name != attribute.name);
    let theirs: Vec<Attribute> = poison
        .original
        .attributes
        .iter()
        .filter(is_theirs)
        .filter(|attribute| {
            let fits = attribute.size() <= room;
            room -= if fits { attribute.size() } else { 0 };
            fits
        })
        .take(ATTRIBUTES - ours.len())
        .cloned()
        .collect();
    ours.into_iter().chain(theirs).collect()
}

/// A text as SQS takes it: of characters that XML has, and at least one of them.
fn plain(text: &str) -> String {
    let is_taken = |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{FFFD}' | '\u{10000}'..);
    let text: String =
        text.chars().take(REASON_LENGTH).map(|c| if is_taken(c) { c } else { '?' }).collect();
    if text.is_empty() { "-".to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn poison(body: &str, attributes: Vec<Attribute>) -> Poison<'_> {
        Poison { id: "m", original: Original { body, attributes }, reason: "why".to_owned() }
    }

    fn names(attributes: &[Attribute]) -> Vec<&str> {
        attributes.iter().map(|attribute| attribute.name.as_str()).collect()
    }

    #[test]
    fn a_message_says_why_it_is_there_and_keeps_what_it_had() {
        let own = Attribute {
            name: "shop".to_owned(),
            kind: "Binary".to_owned(),
            value: AttributeValue::Bytes(vec![1]),
        };
        let stale = Attribute::text(REASON, "an older one");
        let attributes = attributes(&poison("{}", vec![stale, own.clone()]), "r1");
        assert_eq!(
            attributes,
            [
                Attribute::text("reason", "why"),
                Attribute::text("code", "unreadable"),
                Attribute::text("request_id", "r1"),
                own
            ]
        );
    }

    #[test]
    fn what_is_more_than_a_message_may_have_is_left_out() {
        let many = (0..20).map(|n| Attribute::text(&format!("a{n:02}"), "x")).collect();
        let named = attributes(&poison("{}", many), "r");
        assert_eq!(names(&named)[..4], ["reason", "code", "request_id", "a00"]);
        assert_eq!(named.len(), 10);
        // One that is too large makes room for a small one.
        let body = "b".repeat(BYTES - 200);
        let large = Attribute::text("large", &"x".repeat(200));
        let small = Attribute::text("small", "x");
        let named = attributes(&poison(&body, vec![large, small]), "r");
        assert_eq!(names(&named), ["reason", "code", "request_id", "small"]);
        assert!(body.len() + named.iter().map(Attribute::size).sum::<usize>() <= BYTES);
    }

    proptest! {
        #[test]
        fn any_text_becomes_one_that_sqs_takes(text in "\\PC*|[\u{0}-\u{20}\u{FFF0}-\u{10010}]*") {
            let plain = plain(&text);
            prop_assert!(!plain.is_empty() && plain.chars().count() <= REASON_LENGTH);
            for c in plain.chars() {
                prop_assert!(matches!(c as u32, 9 | 10 | 13 | 0x20..=0xFFFD | 0x1_0000..), "{c:?}");
            }
        }
    }
}
