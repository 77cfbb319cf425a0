//! What a sender is told.

use serde_json::{Value, json};

use super::{Envelope, Fate, Reply, Sender, batch, map, sqs};

impl Envelope {
    /// What the sender is told: `replies` has one for each message, in the same order.
    ///
    /// `None` means that the answer is a failed invocation.
    ///
    /// - SQS takes back the messages that are named, and no others.
    /// - S3, SNS, `EventBridge` and who sends a destination's record again ignore the answer, and send again what failed.
    /// - S3 Batch Operations wants a result for each task.
    /// - A Distributed Map fails the batch, and runs it again if its state says so; otherwise it
    ///   gets how many changes came to each outcome.
    /// - Who calls directly gets the outcome.
    ///
    /// Source: AWS Lambda developer guide, "Implementing partial batch responses" and "Asynchronous
    /// invocation"; the others are named where their answers are made.
    #[must_use]
    pub fn answer(&self, replies: &[Reply<'_>]) -> Option<Value> {
        let mut failed = replies.iter().filter(|reply| reply.fate != Fate::Done).map(|r| r.id);
        match self.sender() {
            Sender::Sqs => Some(sqs::answer(failed)),
            Sender::Batch(call) => Some(batch::answer(call, replies)),
            _ if failed.next().is_some() => None,
            Sender::S3 | Sender::Sns | Sender::EventBridge | Sender::Destination => Some(json!({})),
            Sender::Map => Some(map::answer(replies)),
            Sender::Direct => {
                let told = replies.iter().flat_map(|reply| &reply.outcomes).next();
                Some(told.map(|told| told.whole.clone()).unwrap_or_default())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Told;

    fn said(name: &'static str) -> Told {
        Told { name, words: format!("it was {name}"), whole: json!(name) }
    }

    fn answer(event: &Value, fates: &[Fate]) -> Option<Value> {
        let envelope = Envelope::parse(event, "r").unwrap();
        let replies: Vec<_> = envelope
            .messages()
            .iter()
            .zip(fates)
            .map(|(message, &fate)| Reply {
                id: &message.id,
                fate,
                outcomes: vec![said("classified")],
            })
            .collect();
        envelope.answer(&replies)
    }

    #[test]
    fn those_who_send_without_waiting_send_again_what_failed() {
        let s3 = json!({"Records": [{"eventName": "ObjectCreated:Put",
            "s3": {"bucket": {"name": "shop"}, "object": {"key": "a"}}}]});
        let sns = json!({"Records": [{"EventSource": "aws:sns",
            "Sns": {"MessageId": "n", "Message": s3.to_string()}}]});
        let bridge = json!({"source": "aws.s3", "detail-type": "Object Created", "id": "e",
            "detail": {"bucket": {"name": "shop"}, "object": {"key": "a"}}});
        for event in [s3, sns, bridge] {
            assert_eq!(answer(&event, &[Fate::Done]), Some(json!({})), "{event}");
            assert_eq!(answer(&event, &[Fate::Retry]), None, "{event}");
            assert_eq!(answer(&event, &[Fate::Unreadable]), None, "{event}");
        }
    }

    #[test]
    fn batch_operations_get_a_result_a_task() {
        let task = |id| json!({"taskId": id, "s3Key": "a", "s3BucketArn": "arn:aws:s3:::shop"});
        let event = json!({"invocationSchemaVersion": "1.0", "invocationId": "i",
            "job": {"id": "j"}, "tasks": [task("1"), task("2"), task("3")]});
        let result = |id, code| json!({"taskId": id, "resultCode": code, "resultString": "it was classified"});
        assert_eq!(
            answer(&event, &[Fate::Done, Fate::Retry, Fate::Unreadable]).unwrap(),
            json!({"invocationSchemaVersion": "1.0", "treatMissingKeysAs": "TemporaryFailure",
                "invocationId": "i", "results": [result("1", "Succeeded"),
                result("2", "TemporaryFailure"), result("3", "PermanentFailure")]})
        );
    }

    #[test]
    fn a_map_gets_counts_and_a_caller_the_outcome() {
        let event =
            json!({"BatchInput": {"bucket": "shop"}, "Items": [{"Key": "a"}, {"Key": "b"}]});
        let counts = json!({"outcomes": {"classified": 2}});
        assert_eq!(answer(&event, &[Fate::Done, Fate::Done]), Some(counts));
        assert_eq!(answer(&event, &[Fate::Done, Fate::Retry]), None);
        let call = json!({"url": "s3://shop/a"});
        assert_eq!(answer(&call, &[Fate::Done]), Some(json!("classified")));
        assert_eq!(answer(&call, &[Fate::Retry]), None);
    }
}
