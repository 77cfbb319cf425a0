//! What is wrong with the queues: read from their attributes, decided here.

use aws_sdk_sqs::types::QueueAttributeName as Attribute;

use super::finding::Finding;
use crate::cli::account::{Queue, Sends, may_send, statement};
use crate::cli::program::program;

/// How often a message must be received before it is given up: see infra/README.md, "Slow days".
const RECEIVES: u64 = 10;
/// How many invocations a message must stay hidden for.
///
/// Source: AWS Lambda developer guide, "Configuring an Amazon SQS queue to use with Lambda".
const INVOCATIONS: u64 = 6;
/// The shortest time-out that the function may have: seconds.
const SHORTEST: u64 = 30;

/// All that the attributes of the queue say. `timeout` is the function's, in seconds, if it is known.
pub fn queue(queue: &Queue, timeout: Option<u64>) -> Vec<Finding> {
    vec![kind(queue), redrive(queue), visibility(queue, timeout), work(queue)]
}

fn kind(queue: &Queue) -> Finding {
    const CHECK: &str = "queue";
    let arn = &queue.arn;
    if arn.is_fifo() {
        return Finding::fault(CHECK, format!("{arn} is a FIFO queue, to which S3 cannot send"))
            .mend("make a standard queue");
    }
    match queue.text(&Attribute::KmsMasterKeyId) {
        Some("alias/aws/sqs") => Finding::fault(
            CHECK,
            format!("{arn} is encrypted with AWS's own key for SQS, which S3 may not use"),
        )
        .mend(format!(
            "aws sqs set-queue-attributes --queue-url {} --attributes KmsMasterKeyId=,SqsManagedSseEnabled=true",
            queue.url
        )),
        Some(key) => Finding::warning(
            CHECK,
            format!("{arn} is encrypted with the key {key}: S3 and the function need it"),
        )
        .mend("see that the key's policy lets s3.amazonaws.com use kms:GenerateDataKey and kms:Decrypt, and the function's role kms:Decrypt"),
        None => Finding::ok(CHECK, format!("{arn} is there")),
    }
}

fn redrive(queue: &Queue) -> Finding {
    const CHECK: &str = "redrive";
    let set = |receives: u64, dead_letters: &str| {
        format!(
            "aws sqs set-queue-attributes --queue-url {} --attributes '{{\"RedrivePolicy\": \"{{\\\"deadLetterTargetArn\\\": \\\"{dead_letters}\\\", \\\"maxReceiveCount\\\": {receives}}}\"}}'",
            queue.url
        )
    };
    match queue.redrive() {
        None => Finding::fault(
            CHECK,
            format!("{} has no dead-letter queue: what fails goes round until it is too old, and is lost then", queue.arn),
        )
        .mend(format!("make a queue, and {}", set(RECEIVES, "ARN"))),
        Some(policy) if policy.max_receives < RECEIVES => Finding::fault(
            CHECK,
            format!(
                "a message is given up after {} receives: on a slow day, healthy ones end as dead letters",
                policy.max_receives
            ),
        )
        .mend(set(RECEIVES, &policy.dead_letters.to_string())),
        Some(policy) => Finding::ok(
            CHECK,
            format!("a message is given up after {} receives", policy.max_receives),
        ),
    }
}

fn visibility(queue: &Queue, timeout: Option<u64>) -> Finding {
    const CHECK: &str = "visibility";
    let Some(hidden) = queue.number(&Attribute::VisibilityTimeout) else {
        return Finding::skipped(CHECK, "the queue's visibility timeout is not told");
    };
    let needed = INVOCATIONS * timeout.unwrap_or(SHORTEST);
    if hidden < needed {
        let of = match timeout {
            Some(timeout) => format!("the function's time-out of {timeout} seconds"),
            None => format!(
                "the shortest time-out that the function may have ({SHORTEST} seconds; say --function-timeout)"
            ),
        };
        return Finding::fault(
            CHECK,
            format!("a message is hidden for {hidden} seconds, less than six times {of}: it is handed out again while it is still in work"),
        )
        .mend(format!(
            "aws sqs set-queue-attributes --queue-url {} --attributes VisibilityTimeout={needed}",
            queue.url
        ));
    }
    let most = hidden / INVOCATIONS;
    Finding::ok(
        CHECK,
        format!("a message is hidden for {hidden} seconds: enough for a time-out of up to {most}"),
    )
}

fn work(queue: &Queue) -> Finding {
    const CHECK: &str = "backlog";
    let number = |name: &Attribute| queue.number(name).unwrap_or_default();
    let waiting = number(&Attribute::ApproximateNumberOfMessages);
    let hidden = number(&Attribute::ApproximateNumberOfMessagesNotVisible);
    if waiting > 0 && hidden == 0 {
        return Finding::warning(
            CHECK,
            format!("{waiting} messages wait, and nobody has any in work"),
        )
        .mend(format!(
            "look again; if it stays so, see whether the function takes from the queue: aws lambda list-event-source-mappings --event-source-arn {}",
            queue.arn
        ));
    }
    Finding::ok(CHECK, format!("about {waiting} messages wait, and {hidden} are in work"))
}

/// Whether S3 may send to the queue for the bucket.
pub fn leave(queue: &Queue, bucket: &str) -> Finding {
    const CHECK: &str = "leave-to-send";
    match may_send(queue.text(&Attribute::Policy), &queue.arn, bucket) {
        Sends::Yes => Finding::ok(CHECK, "the queue's policy lets S3 send for the bucket"),
        Sends::Perhaps => Finding::warning(
            CHECK,
            "the queue's policy has conditions that are not understood here: whether S3 may send is not known",
        )
        .mend("put a photo, and see whether it is classified"),
        Sends::No => Finding::fault(
            CHECK,
            format!("the policy of {} does not let S3 send for the bucket {bucket}", queue.arn),
        )
        .mend(format!(
            "add this statement to it, beside those that are there: {}",
            statement(&queue.arn, bucket)
        )),
    }
}

/// What waits in the dead-letter queue, and for how long it is kept there.
pub fn dead_letters(source: &Queue, dead: &Queue) -> Finding {
    const CHECK: &str = "dead-letters";
    let waiting = dead.number(&Attribute::ApproximateNumberOfMessages).unwrap_or_default();
    if waiting > 0 {
        let messages = if waiting == 1 { "change has" } else { "changes have" };
        return Finding::warning(CHECK, format!("about {waiting} {messages} failed for good"))
            .mend(format!("{} dead-letters --queue {}", program(), dead.url));
    }
    let kept = |queue: &Queue| queue.number(&Attribute::MessageRetentionPeriod);
    match (kept(source), kept(dead)) {
        (Some(source), Some(there)) if there <= source => Finding::warning(
            CHECK,
            "the dead-letter queue keeps messages no longer than the queue does, and a message keeps its age: it may be gone before anybody sees it",
        )
        .mend(format!(
            "aws sqs set-queue-attributes --queue-url {} --attributes MessageRetentionPeriod=1209600",
            dead.url
        )),
        _ => Finding::ok(CHECK, "nothing has failed for good"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::State;
    use super::*;

    const ARN: &str = "arn:aws:sqs:eu-west-1:1:changes";

    fn a_queue(pairs: &[(Attribute, &str)]) -> Queue {
        let healthy = [
            (Attribute::QueueArn, ARN),
            (Attribute::VisibilityTimeout, "360"),
            (Attribute::MessageRetentionPeriod, "604800"),
            (
                Attribute::RedrivePolicy,
                r#"{"deadLetterTargetArn": "arn:aws:sqs:eu-west-1:1:dead", "maxReceiveCount": 10}"#,
            ),
        ];
        let all = healthy.iter().chain(pairs).map(|(n, v)| (n.clone(), (*v).to_owned()));
        Queue::of("https://q".into(), all.collect()).unwrap()
    }

    /// What is found of a queue whose attributes are these, but for what is well.
    fn found(pairs: &[(Attribute, &str)], timeout: Option<u64>) -> Vec<(&'static str, State)> {
        let findings = queue(&a_queue(pairs), timeout).into_iter();
        findings.filter(|f| f.state != State::Ok).map(|f| (f.check, f.state)).collect()
    }

    #[test]
    fn a_healthy_queue_has_no_fault() {
        assert_eq!(found(&[], None), []);
        assert_eq!(found(&[], Some(60)), []);
    }

    #[test]
    fn each_fault_of_a_queue_is_found() {
        let few =
            r#"{"deadLetterTargetArn": "arn:aws:sqs:eu-west-1:1:dead", "maxReceiveCount": "3"}"#;
        for (name, value, timeout, check, state) in [
            (Attribute::QueueArn, "arn:aws:sqs:eu-west-1:1:c.fifo", None, "queue", State::Fault),
            (Attribute::KmsMasterKeyId, "alias/aws/sqs", None, "queue", State::Fault),
            (Attribute::KmsMasterKeyId, "alias/shop", None, "queue", State::Warning),
            (Attribute::RedrivePolicy, "", None, "redrive", State::Fault),
            (Attribute::RedrivePolicy, few, None, "redrive", State::Fault),
            (Attribute::VisibilityTimeout, "30", None, "visibility", State::Fault),
            (Attribute::VisibilityTimeout, "360", Some(120), "visibility", State::Fault),
            (Attribute::ApproximateNumberOfMessages, "5", None, "backlog", State::Warning),
        ] {
            assert_eq!(found(&[(name, value)], timeout), [(check, state)], "{value}");
        }
        let busy = [
            (Attribute::ApproximateNumberOfMessages, "5"),
            (Attribute::ApproximateNumberOfMessagesNotVisible, "1"),
        ];
        assert_eq!(found(&busy, None), []);
    }

    #[test]
    fn leave_to_send_is_read_from_the_policy() {
        assert_eq!(leave(&a_queue(&[]), "shop").state, State::Fault);
        let allows = |statement: serde_json::Value| {
            let policy = serde_json::json!({"Statement": [statement]}).to_string();
            leave(&a_queue(&[(Attribute::Policy, &policy)]), "shop").state
        };
        let mut allowed = statement(&ARN.parse().unwrap(), "shop");
        assert_eq!(allows(allowed.clone()), State::Ok);
        allowed["Condition"]["StringEquals"] = serde_json::json!({"aws:SourceAccount": "2"});
        assert_eq!(allows(allowed), State::Warning);
    }

    #[test]
    fn dead_letters_are_told_and_must_be_kept_long_enough() {
        let dead = |pairs: &[(Attribute, &str)]| dead_letters(&a_queue(&[]), &a_queue(pairs)).state;
        let long = (Attribute::MessageRetentionPeriod, "1209600");
        assert_eq!(dead(std::slice::from_ref(&long)), State::Ok);
        assert_eq!(dead(&[]), State::Warning);
        let waiting = (Attribute::ApproximateNumberOfMessages, "1");
        assert_eq!(dead(&[long, waiting]), State::Warning);
    }
}
