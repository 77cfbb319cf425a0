//! What is wrong with the bucket: read from its configuration, decided here.

use std::collections::BTreeSet;

use aws_sdk_s3::types::{
    BucketVersioningStatus, NotificationConfiguration, ServerSideEncryption,
    ServerSideEncryptionConfiguration,
};

use super::finding::{Finding, Fix};
use crate::cli::account::{BucketName, Entry, QueueArn, Wanted, entries, merge};
use crate::cli::program::{program, quoted};

/// What the bucket announces to the queue. `prefix` is what keys of photos begin with, if that is known.
pub fn notifications(
    bucket: &BucketName,
    there: &NotificationConfiguration,
    queue: &QueueArn,
    prefix: Option<&str>,
) -> Vec<Finding> {
    let wanted = wanted(there, queue, prefix);
    let mut findings = vec![announced(bucket, there, &wanted, prefix)];
    if there.event_bridge_configuration.is_some() {
        findings.push(Finding::ok(
            "event-bridge",
            "the bucket's events go to EventBridge as well: if a rule sends them to the queue, each change comes twice, which is harmless",
        ));
    }
    findings
}

/// What must be announced. Where nobody says for which keys, it is for those for which it is.
pub fn wanted(there: &NotificationConfiguration, queue: &QueueArn, prefix: Option<&str>) -> Wanted {
    let prefix = match prefix {
        Some(prefix) => prefix.to_owned(),
        None => prefixes(there, queue).into_iter().next().unwrap_or_default(),
    };
    Wanted { queue: queue.clone(), prefix }
}

/// What the keys begin with of which the queue hears that they are created.
fn prefixes(there: &NotificationConfiguration, queue: &QueueArn) -> BTreeSet<String> {
    let created = |events: &[String]| events.iter().any(|e| e.starts_with("s3:ObjectCreated:"));
    let to_queue = entries(there).into_iter().filter(|entry| entry.to == queue.to_string());
    to_queue.filter(|entry| created(&entry.events)).map(|entry| entry.prefix).collect()
}

fn announced(
    bucket: &BucketName,
    there: &NotificationConfiguration,
    wanted: &Wanted,
    prefix: Option<&str>,
) -> Finding {
    const CHECK: &str = "notifications";
    let of = |prefix: &str| match prefix {
        "" => "all keys".to_owned(),
        prefix => format!("keys that begin with {prefix}"),
    };
    let missing = wanted.missing(there);
    let connect = match wanted.prefix.as_str() {
        "" => format!("{} connect {bucket} --queue {}", program(), wanted.queue),
        prefix => {
            format!(
                "{} connect {bucket} --queue {} --prefix {}",
                program(),
                wanted.queue,
                quoted(prefix)
            )
        }
    };
    if !missing.is_empty() {
        let events: Vec<&str> =
            missing.iter().flat_map(|entry| entry.events.iter().map(String::as_str)).collect();
        let says = format!(
            "{bucket} does not announce {} of {} to {}",
            events.join(", "),
            of(&wanted.prefix),
            wanted.queue
        );
        return match merge(there, wanted) {
            Ok(change) => {
                let losses = change.as_ref().map(|change| change.losses(wanted));
                match losses.as_deref().unwrap_or_default() {
                    [] => Finding::fault(CHECK, says).mend(connect).fix(Fix::Connect),
                    losses => {
                        let losses = named(losses.iter().copied());
                        Finding::fault(
                            CHECK,
                            format!("{says}; other entries of lookbook are there: {losses}"),
                        )
                        .mend(format!("`{connect}` replaces them, if they are needed no more"))
                    }
                }
            }
            Err(overlaps) => {
                let theirs = named(overlaps.iter().map(|overlap| &overlap.entry));
                Finding::fault(CHECK, format!("{says}; entries of others are in the way: {theirs}"))
                    .mend(format!("`{connect}` says what can be done"))
            }
        };
    }
    if !wanted.is_met(there) {
        let says =
            format!("{bucket} announces more than {} to {}", of(&wanted.prefix), wanted.queue);
        return Finding::warning(CHECK, says).mend(connect);
    }
    let says = format!("{bucket} announces {} to {}", of(&wanted.prefix), wanted.queue);
    match (prefix, wanted.prefix.as_str()) {
        (Some(_), _) | (None, "") => Finding::ok(CHECK, says),
        (None, _) => Finding::ok(
            CHECK,
            says + ": KEY_PREFIX of the function must be the same (--prefix compares)",
        ),
    }
}

/// Entries for people.
fn named<'a>(entries: impl Iterator<Item = &'a Entry>) -> String {
    let one = |entry: &Entry| {
        let of = if entry.prefix.is_empty() { "" } else { " of keys that begin with " };
        let id = entry.id.as_deref().unwrap_or("-");
        format!("'{id}'{of}{} to {}", entry.prefix, entry.to)
    };
    entries.map(one).collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>().join(", ")
}

/// The queue that hears of what is created in the bucket, if there is just one.
pub fn told(there: &NotificationConfiguration) -> Option<QueueArn> {
    let created = |e: &String| e.starts_with("s3:ObjectCreated:");
    let told = entries(there).into_iter().filter(|entry| entry.events.iter().any(created));
    let queues: BTreeSet<QueueArn> = told.filter_map(|entry| entry.to.parse().ok()).collect();
    let mut queues = queues.into_iter();
    queues.next().filter(|_| queues.next().is_none())
}

/// Whether the bucket keeps versions.
pub fn versions(status: Option<&BucketVersioningStatus>) -> Finding {
    Finding::ok(
        "versions",
        match status {
            Some(BucketVersioningStatus::Enabled) => "the bucket keeps old versions of photos",
            Some(_) => "the bucket keeps no new versions; old ones are there still",
            None => "the bucket keeps no old versions: what is deleted is gone",
        },
    )
}

/// How the bucket encrypts what is put.
pub fn encryption(configuration: Option<&ServerSideEncryptionConfiguration>) -> Finding {
    const CHECK: &str = "encryption";
    let rules = configuration.map(ServerSideEncryptionConfiguration::rules).unwrap_or_default();
    let default = rules.iter().find_map(|rule| rule.apply_server_side_encryption_by_default());
    let Some(default) = default else {
        return Finding::ok(CHECK, "photos are encrypted by S3's own keys");
    };
    let by_kms = matches!(
        default.sse_algorithm(),
        ServerSideEncryption::AwsKms | ServerSideEncryption::AwsKmsDsse
    );
    match default.kms_master_key_id() {
        Some(key) if by_kms && key != "alias/aws/s3" => Finding::warning(
            CHECK,
            format!("photos are encrypted with the key {key}: the function's role needs kms:Decrypt for it"),
        )
        .mend("deploy with KmsKeyArn set to the key's ARN, if that is not done yet"),
        _ if by_kms => Finding::ok(CHECK, "photos are encrypted with AWS's key for S3"),
        _ => Finding::ok(CHECK, "photos are encrypted by S3's own keys"),
    }
}

/// Whether the bucket and the queue can meet.
pub fn regions(bucket: Option<&str>, queue: &QueueArn) -> Option<Finding> {
    let bucket = bucket.filter(|region| *region != queue.region)?;
    let says = format!(
        "the bucket is in {bucket}, and the queue in {}: S3 sends to queues of its own region only",
        queue.region
    );
    Some(Finding::fault("regions", says).mend("make the queue in the bucket's region"))
}

#[cfg(test)]
mod tests {
    use aws_sdk_s3::types::{
        Event, EventBridgeConfiguration, QueueConfiguration, ServerSideEncryptionByDefault,
        ServerSideEncryptionRule,
    };

    use super::super::finding::State;
    use super::*;

    fn queue() -> QueueArn {
        "arn:aws:sqs:eu-west-1:1:changes".parse().unwrap()
    }

    fn bucket() -> BucketName {
        "shop".parse().unwrap()
    }

    fn connected(prefix: &str) -> NotificationConfiguration {
        let wanted = Wanted { queue: queue(), prefix: prefix.to_owned() };
        merge(&NotificationConfiguration::builder().build(), &wanted)
            .unwrap()
            .unwrap()
            .configuration
    }

    fn found(there: &NotificationConfiguration, prefix: Option<&str>) -> Finding {
        notifications(&bucket(), there, &queue(), prefix).remove(0)
    }

    #[test]
    fn a_connected_bucket_is_well_and_tells_its_queue() {
        assert_eq!(found(&connected(""), None).state, State::Ok);
        assert_eq!(found(&connected("a/"), Some("a/")).state, State::Ok);
        let unknown = found(&connected("a/"), None);
        assert!(unknown.state == State::Ok && unknown.says.contains("KEY_PREFIX"));
        assert_eq!(told(&connected("")), Some(queue()));
        assert_eq!(told(&NotificationConfiguration::builder().build()), None);
    }

    #[test]
    fn what_is_not_announced_can_be_mended() {
        let none = found(&NotificationConfiguration::builder().build(), None);
        assert_eq!((none.state, none.fix), (State::Fault, Some(Fix::Connect)));
        let narrow = found(&connected("a/"), Some(""));
        assert_eq!((narrow.state, narrow.fix), (State::Fault, Some(Fix::Connect)));
        let mut some = connected("");
        some.queue_configurations.as_mut().unwrap().remove(1);
        let some = found(&some, None);
        assert!(some.says.contains("s3:ObjectRemoved:*") && !some.says.contains("Created"));
        let wide = found(&connected(""), Some("a/"));
        assert_eq!((wide.state, wide.fix), (State::Warning, None));
    }

    /// What works for another queue, or for other keys, is not to be taken away unasked.
    #[test]
    fn what_would_be_lost_is_named_and_left_alone() {
        let production = Wanted {
            queue: "arn:aws:sqs:eu-west-1:1:production".parse().unwrap(),
            prefix: String::new(),
        };
        let nothing = NotificationConfiguration::builder().build();
        let there = merge(&nothing, &production).unwrap().unwrap().configuration;
        let elsewhere = found(&there, None);
        assert_eq!((elsewhere.state, elsewhere.fix), (State::Fault, None));
        assert!(elsewhere.says.contains(":production"), "{}", elsewhere.says);
        let other_keys = found(&connected("a/"), Some("b/"));
        assert_eq!((other_keys.state, other_keys.fix), (State::Fault, None));
        assert!(other_keys.says.contains("keys that begin with a/"), "{}", other_keys.says);
        // One that tells more than what is wanted.
        let mut more = connected("");
        let queues = more.queue_configurations.as_mut().unwrap();
        queues.truncate(1);
        queues[0].events.push(Event::S3ObjectTagging);
        assert_eq!(found(&more, None).fix, None);
    }

    #[test]
    fn what_is_in_the_way_is_named_and_left_alone() {
        let theirs = QueueConfiguration::builder()
            .id("thumbnails")
            .queue_arn("arn:aws:sqs:eu-west-1:1:theirs")
            .events(Event::S3ObjectCreatedPut)
            .build()
            .unwrap();
        let there = NotificationConfiguration::builder()
            .queue_configurations(theirs)
            .event_bridge_configuration(EventBridgeConfiguration::builder().build())
            .build();
        let findings = notifications(&bucket(), &there, &queue(), None);
        assert_eq!((findings[0].state, findings[0].fix), (State::Fault, None));
        assert!(findings[0].says.contains("thumbnails"), "{}", findings[0].says);
        assert_eq!((findings[1].check, findings[1].state), ("event-bridge", State::Ok));
    }

    #[test]
    fn keys_of_our_own_need_leave() {
        let of = |algorithm: ServerSideEncryption, key: Option<&str>| {
            let default = ServerSideEncryptionByDefault::builder()
                .sse_algorithm(algorithm)
                .set_kms_master_key_id(key.map(str::to_owned))
                .build()
                .unwrap();
            let rule = ServerSideEncryptionRule::builder()
                .apply_server_side_encryption_by_default(default)
                .build();
            let all = ServerSideEncryptionConfiguration::builder().rules(rule).build().unwrap();
            encryption(Some(&all)).state
        };
        assert_eq!(of(ServerSideEncryption::Aes256, None), State::Ok);
        assert_eq!(of(ServerSideEncryption::AwsKms, None), State::Ok);
        assert_eq!(of(ServerSideEncryption::AwsKms, Some("alias/aws/s3")), State::Ok);
        assert_eq!(of(ServerSideEncryption::AwsKms, Some("arn:aws:kms:1")), State::Warning);
        assert_eq!(encryption(None).state, State::Ok);
    }

    #[test]
    fn a_queue_must_be_in_the_buckets_region() {
        assert_eq!(regions(Some("eu-west-1"), &queue()), None);
        assert_eq!(regions(None, &queue()), None);
        assert_eq!(regions(Some("us-east-1"), &queue()).unwrap().state, State::Fault);
        assert_eq!(versions(None).state, State::Ok);
    }
}
