//! Objects are sent to the queue that the function reads, as S3 itself would send them.

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::SendMessageBatchRequestEntry;
use serde_json::{Value, json};

use super::candidate::Candidate;
use super::desk::{Answer, Task};
use super::work::Worker;
use crate::bucket::said;
use crate::object::encode_key;

/// Records in a message: the function is given ten messages at a time, and their photos share its
/// time.
const RECORDS: usize = 10;
/// Messages in a request: no more are allowed.
const MESSAGES: usize = 10;
/// Bytes in a request. SQS took 262,144 of them until 2025, and others still do.
const BYTES: usize = 256 * 1024;
/// What a message in a request needs beside its body.
const OVERHEAD: usize = 256;

/// A queue.
#[derive(Debug)]
pub struct Queue {
    client: Client,
    url: String,
}

/// A message, and how many objects it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Letter {
    body: String,
    objects: usize,
}

impl Queue {
    /// The queue with this URL.
    pub fn new(client: Client, url: &str) -> Self {
        Self { client, url: url.to_owned() }
    }

    /// Sends one request: for each message, nothing, or why it was not taken.
    async fn send(&self, letters: &[Letter]) -> Vec<Option<String>> {
        let entries = letters.iter().enumerate().map(|(n, letter)| {
            let entry = SendMessageBatchRequestEntry::builder().id(n.to_string());
            entry.message_body(&letter.body).build()
        });
        let entries = match entries.collect::<Result<Vec<_>, _>>() {
            Ok(entries) => entries,
            Err(error) => return vec![Some(error.to_string()); letters.len()],
        };
        let request = self.client.send_message_batch().queue_url(&self.url);
        let answer = match request.set_entries(Some(entries)).send().await {
            Ok(answer) => answer,
            Err(error) => {
                let cause = said(error);
                return vec![Some(format!("the queue takes nothing: {cause}")); letters.len()];
            }
        };
        let mut told =
            vec![Some("the queue did not say that it took it".to_owned()); letters.len()];
        let mut tell = |id: &str, what| {
            if let Some(slot) = id.parse().ok().and_then(|n: usize| told.get_mut(n)) {
                *slot = what;
            }
        };
        for taken in answer.successful() {
            tell(taken.id(), None);
        }
        for refused in answer.failed() {
            let words = refused.message().unwrap_or("no reason");
            tell(refused.id(), Some(format!("the queue refused it: {}: {words}", refused.code())));
        }
        told
    }
}

impl Worker for Queue {
    const TOGETHER: usize = RECORDS * MESSAGES;

    async fn work(&self, tasks: &[Task]) -> anyhow::Result<Vec<Answer>> {
        let candidates: Vec<&Candidate> = tasks.iter().map(|task| &task.candidate).collect();
        let mut answers = Vec::with_capacity(tasks.len());
        for letters in requests(letters(&candidates)) {
            let told = self.send(&letters).await;
            for (letter, refused) in letters.iter().zip(told) {
                let answer = refused.map_or(Answer::Done("sent"), Answer::Again);
                answers.extend(std::iter::repeat_n(answer, letter.objects));
            }
        }
        Ok(answers)
    }
}

/// The messages about some objects, in their order.
fn letters(candidates: &[&Candidate]) -> Vec<Letter> {
    let letters = candidates.chunks(RECORDS).map(|candidates| {
        let records: Vec<Value> = candidates.iter().map(|candidate| record(candidate)).collect();
        Letter { body: json!({"Records": records}).to_string(), objects: candidates.len() }
    });
    letters.collect()
}

/// A record of an S3 notification. It has no sequencer: what is there when it is read is what counts.
fn record(candidate: &Candidate) -> Value {
    let name = if candidate.is_gone { "ObjectRemoved:Delete" } else { "ObjectCreated:Put" };
    let mut object = json!({"key": encode_key(candidate.object.key())});
    if let Some(size) = candidate.size {
        object["size"] = size.into();
    }
    json!({
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "eventName": name,
        "userIdentity": {"principalId": "lookbook-backfill"},
        "s3": {"s3SchemaVersion": "1.0", "bucket": {"name": candidate.object.bucket()}, "object": object},
    })
}

/// The requests that carry these messages, in their order: as few as the limits allow.
fn requests(letters: Vec<Letter>) -> Vec<Vec<Letter>> {
    let mut requests: Vec<Vec<Letter>> = Vec::new();
    let mut room = 0;
    for letter in letters {
        let bytes = letter.body.len() + OVERHEAD;
        match requests.last_mut() {
            Some(last) if last.len() < MESSAGES && bytes <= room => last.push(letter),
            _ => {
                room = BYTES;
                requests.push(vec![letter]);
            }
        }
        room = room.saturating_sub(bytes);
    }
    requests
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::event::{Envelope, Kind};
    use crate::object::ObjectId;

    fn candidate(key: &str, is_gone: bool) -> Candidate {
        let object = ObjectId::new("shop", key).unwrap();
        Candidate { object, size: Some(7), is_gone }
    }

    #[test]
    fn the_function_reads_what_is_sent() {
        let candidates = [candidate("new/a b+c%20é.jpg", false), candidate("ctrl\u{1}.jpg", true)];
        let letters = letters(&candidates.iter().collect::<Vec<_>>());
        let event = json!({"Records": [
            {"messageId": "m", "eventSource": "aws:sqs", "body": letters[0].body}]});
        let envelope = Envelope::parse(&event, "r").unwrap();
        let changes: Vec<_> = envelope.messages()[0].entries.iter().flatten().collect();
        for (change, candidate) in changes.iter().zip(&candidates) {
            assert_eq!(**change, candidate.change());
        }
        assert_eq!(changes[1].kind, Kind::Removed);
        assert_eq!(changes.len(), 2);
    }

    /// Keys as long as they can be, of characters that take six times as many when they are encoded.
    #[test]
    fn long_keys_make_more_requests() {
        let candidates: Vec<_> =
            (0..100).map(|n| candidate(&format!("{n:02}{}", "é".repeat(511)), false)).collect();
        let letters = letters(&candidates.iter().collect::<Vec<_>>());
        assert_eq!(letters.len(), 10);
        assert_eq!(requests(letters).len(), 2);
    }

    proptest! {
        /// However long the keys are, no request breaks the limits, and no object is left out.
        #[test]
        fn requests_keep_to_the_limits(keys in prop::collection::vec("[é]{400,512}|[a é]{1,400}", 0..100)) {
            let candidates: Vec<_> = keys.iter().map(|key| candidate(key, false)).collect();
            let letters = letters(&candidates.iter().collect::<Vec<_>>());
            let requests = requests(letters.clone());
            for request in &requests {
                prop_assert!((1..=MESSAGES).contains(&request.len()));
                let bytes: usize = request.iter().map(|letter| letter.body.len() + OVERHEAD).sum();
                prop_assert!(bytes <= BYTES);
            }
            prop_assert_eq!(requests.concat(), letters.clone());
            prop_assert_eq!(letters.iter().map(|l| l.objects).sum::<usize>(), keys.len());
        }
    }
}
