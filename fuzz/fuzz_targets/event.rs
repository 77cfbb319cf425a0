//! A hostile event is read, and answered.
//!
//! It may be refused. But nothing may panic; memory must follow the event's size; what is read must
//! be within S3's rules, and the same each time; and an answer must hand back what failed, no less
//! and no more.

#![no_main]

#[allow(dead_code)]
mod common;
use std::fmt::Display;

use libfuzzer_sys::fuzz_target;
use lookbook::event::{self, Change, Envelope, EventError, Fate, Reply, Sender, Told};
use serde_json::{Value, json};

/// What reading may hold at any time: this many bytes, and so many for each byte of the event. The
/// dearest text is `0,`: two bytes that become an error with its place and its cause.
const MEMORY: usize = 1 << 20;
const MEMORY_PER_BYTE: usize = 256;

/// The longest error in bytes: it goes into a log line, and must not repeat the event.
const MAX_ERROR: usize = 4096;

fuzz_target!(
    init: common::watch(),
    |data: &[u8]| common::attempt(|| try_bytes(data))
);

fn try_bytes(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    if let Ok(event) = serde_json::from_str(text) {
        if let Some(url) = event::photo_url(&event) {
            assert!(url.contains("://"), "{url}");
        }
        match read(&event, text.len()) {
            Ok(envelope) => check_envelope(&envelope),
            Err(error) => check_error(&error),
        }
    }
    try_body(text);
}

/// The text as a message among others, which must not suffer from it.
fn try_body(text: &str) {
    let put = json!({"Records": [{"eventName": "ObjectCreated:Put",
        "s3": {"bucket": {"name": "shop"}, "object": {"key": "a.jpg"}}}]});
    let message = |id, body: &str| json!({"messageId": id, "eventSource": "aws:sqs", "body": body});
    let put = put.to_string();
    let batch = json!({"Records": [message("a", &put), message("b", text), message("c", &put)]});

    let envelope = read(&batch, text.len()).expect("SQS messages with ids");
    check_envelope(&envelope);
    let ids: Vec<&str> = envelope.messages().iter().map(|message| message.id.as_str()).collect();
    assert_eq!(ids, ["a", "b", "c"]);
    for neighbour in [0, 2] {
        assert!(matches!(&envelope.messages()[neighbour].entries[..], [Ok(_)]));
    }
}

/// The envelope in an event, whose text has so many bytes.
fn read(event: &Value, size: usize) -> Result<Envelope, EventError> {
    let parse = || Envelope::parse(event, "invocation");
    let first = common::within(MEMORY + MEMORY_PER_BYTE * size, parse);
    assert_eq!(format!("{first:?}"), format!("{:?}", parse()));
    first
}

fn check_envelope(envelope: &Envelope) {
    for message in envelope.messages() {
        assert!(!message.id.is_empty());
        for entry in &message.entries {
            match entry {
                Ok(change) => check_change(change),
                Err(error) => check_error(error),
            }
        }
    }
    for fates in [[Fate::Done; 3], [Fate::Retry; 3], [Fate::Done, Fate::Retry, Fate::Unreadable]] {
        check_answer(envelope, fates);
    }
}

/// Source: Amazon S3 user guide, "Bucket naming rules" (those of old buckets too) and "Naming Amazon
/// S3 objects".
fn check_change(change: &Change) {
    let (bucket, key) = (change.object.bucket(), change.object.key());
    assert!((3..=255).contains(&bucket.len()), "{bucket}");
    assert!(bucket.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c)), "{bucket}");
    assert!((1..=1024).contains(&key.len()), "{key}");
    assert_eq!(change.object.to_string().parse().as_ref(), Ok(&change.object));
    if let Some(sequencer) = &change.sequencer {
        assert_eq!(sequencer.to_string().parse().as_ref(), Ok(sequencer));
    }
}

fn check_error(error: &impl Display) {
    let words = error.to_string();
    assert!((1..=MAX_ERROR).contains(&words.len()), "{words}");
}

/// What is told of an outcome, as short as can be.
fn said() -> Told {
    Told { name: "said", words: "it is said".to_owned(), whole: json!({}) }
}

/// What each sender is told, if its messages have these fates in turn.
fn check_answer(envelope: &Envelope, fates: [Fate; 3]) {
    let replies: Vec<Reply<'_>> = envelope
        .messages()
        .iter()
        .zip(fates.into_iter().cycle())
        .map(|(message, fate)| Reply { id: &message.id, fate, outcomes: vec![said()] })
        .collect();
    let failed: Vec<&str> =
        replies.iter().filter(|reply| reply.fate != Fate::Done).map(|reply| reply.id).collect();
    let answer = envelope.answer(&replies);
    match envelope.sender() {
        Sender::Sqs => {
            let answer = answer.expect("a partial batch response");
            assert_eq!(ids(&answer["batchItemFailures"], "itemIdentifier"), failed, "{answer}");
        }
        Sender::Batch(_) => {
            let answer = answer.expect("a result for each task");
            let all: Vec<&str> = replies.iter().map(|reply| reply.id).collect();
            assert_eq!(ids(&answer["results"], "taskId"), all, "{answer}");
            let codes: Vec<&str> = replies.iter().map(|reply| code(reply.fate)).collect();
            assert_eq!(ids(&answer["results"], "resultCode"), codes, "{answer}");
        }
        _ => assert_eq!(answer.is_none(), !failed.is_empty(), "{answer:?}"),
    }
}

/// Source: Amazon S3 user guide, "Invoke AWS Lambda function".
fn code(fate: Fate) -> &'static str {
    match fate {
        Fate::Done => "Succeeded",
        Fate::Retry => "TemporaryFailure",
        Fate::Unreadable => "PermanentFailure",
    }
}

/// One field of each item of a list.
fn ids<'a>(items: &'a Value, field: &str) -> Vec<&'a str> {
    items.as_array().into_iter().flatten().filter_map(|item| item[field].as_str()).collect()
}
