use aws_sdk_s3::types::{
    EventBridgeConfiguration, LambdaFunctionConfiguration, TopicConfiguration,
};
use proptest::prelude::*;

use super::*;

fn wanted(prefix: &str) -> Wanted {
    let queue = "arn:aws:sqs:eu-west-1:123456789012:changes".parse().unwrap();
    Wanted { queue, prefix: prefix.to_owned() }
}

fn filter(prefix: &str, suffix: &str) -> NotificationConfigurationFilter {
    let rule = |name: &str, value: &str| {
        // As S3 gives it back.
        FilterRule::builder().name(FilterRuleName::from(name)).value(encode(value)).build()
    };
    let rules = [("Prefix", prefix), ("Suffix", suffix)];
    let rules: Vec<FilterRule> =
        rules.iter().filter(|(_, v)| !v.is_empty()).map(|(n, v)| rule(n, v)).collect();
    let key = S3KeyFilter::builder().set_filter_rules(Some(rules)).build();
    NotificationConfigurationFilter::builder().key(key).build()
}

fn queue(id: &str, name: &str, event: &str, prefix: &str, suffix: &str) -> QueueConfiguration {
    QueueConfiguration::builder()
        .id(id)
        .queue_arn(format!("arn:aws:sqs:eu-west-1:123456789012:{name}"))
        .events(Event::from(event))
        .filter(filter(prefix, suffix))
        .build()
        .unwrap()
}

fn queues(entries: Vec<QueueConfiguration>) -> NotificationConfiguration {
    NotificationConfiguration::builder().set_queue_configurations(Some(entries)).build()
}

#[test]
fn an_empty_bucket_gets_four_entries_and_created_ones_have_the_prefix() {
    let change = merge(&NotificationConfiguration::builder().build(), &wanted("new in/")).unwrap();
    let change = change.unwrap();
    assert_eq!(change.taken_away, []);
    let entries = entries(&change.configuration);
    let said: Vec<_> =
        entries.iter().map(|e| (e.id.as_deref().unwrap(), &*e.events[0], &*e.prefix)).collect();
    assert_eq!(
        said,
        [
            ("lookbook-created", "s3:ObjectCreated:*", "new in/"),
            ("lookbook-removed", "s3:ObjectRemoved:*", ""),
            ("lookbook-restored", "s3:ObjectRestore:Completed", "new in/"),
            ("lookbook-expired", "s3:LifecycleExpiration:*", ""),
        ]
    );
    // As S3 wants it.
    let created = &change.configuration.queue_configurations()[0];
    let rules = created.filter.as_ref().unwrap().key().unwrap().filter_rules();
    assert_eq!(rules[0].value(), Some("new+in/"));
}

/// What is put by the template is what this puts.
#[test]
fn the_template_announces_the_same() {
    let template = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/infra/template.yaml"));
    for (_, event, _) in ANNOUNCED {
        let name = event.as_str().trim_start_matches("s3:");
        assert!(template.contains(name), "infra/template.yaml does not announce {name}");
    }
}

#[test]
fn entries_to_our_queue_count_however_they_are_written() {
    let wanted = wanted("");
    let one = QueueConfiguration::builder()
        .id("made by a template")
        .queue_arn(wanted.queue.to_string())
        .set_events(Some(ANNOUNCED.map(|(_, event, _)| event).to_vec()))
        .build()
        .unwrap();
    assert_eq!(merge(&queues(vec![one]), &wanted), Ok(None));
}

#[test]
fn ours_of_another_queue_or_prefix_are_replaced() {
    let old = queue("lookbook-created", "gone", "s3:ObjectCreated:*", "", "");
    let change = merge(&queues(vec![old]), &wanted("a/")).unwrap().unwrap();
    assert_eq!(change.taken_away.len(), 1);
    assert!(change.taken_away[0].to.ends_with(":gone"));
    assert!(wanted("a/").is_met(&change.configuration));
    let change = merge(&change.configuration, &wanted("b/")).unwrap().unwrap();
    assert_eq!((change.taken_away.len(), entries(&change.configuration).len()), (4, 4));
}

/// A name that begins as ours do is no reason to take an entry away.
#[test]
fn what_others_call_alike_stays() {
    let theirs = queue("lookbook-web-cache-purge", "theirs", "s3:ObjectTagging:*", "", "");
    let there = queues(vec![theirs.clone()]);
    let merged = merge(&there, &wanted("")).unwrap().unwrap();
    assert_eq!(merged.taken_away, []);
    assert_eq!(merged.configuration.queue_configurations()[0], theirs);
    let removed = remove(&merged.configuration, None).unwrap();
    assert_eq!((removed.taken_away.len(), removed.configuration), (4, there.clone()));
    assert_eq!(remove(&there, Some(&wanted("").queue)), None);
}

#[test]
fn what_s3_would_refuse_is_named() {
    for (event, prefix, suffix, overlaps) in [
        ("s3:ObjectCreated:*", "", "", true),
        ("s3:ObjectCreated:Put", "new/", "", true),
        ("s3:ObjectCreated:Put", "new/hats/", ".jpg", true),
        ("s3:ObjectCreated:*", "old/", "", false),
        ("s3:ObjectRemoved:Delete", "old/", ".jpg", true),
        ("s3:ObjectTagging:*", "", "", false),
        ("s3:ObjectRestore:Post", "", "", false),
        ("s3:ObjectRestore:*", "new/", "", true),
        ("s3:LifecycleExpiration:DeleteMarkerCreated", "", "", true),
    ] {
        let theirs = queue("thumbnails", "theirs", event, prefix, suffix);
        let merged = merge(&queues(vec![theirs]), &wanted("new/"));
        assert_eq!(merged.is_err(), overlaps, "{event} {prefix} {suffix}");
        if let Err(found) = merged {
            assert_eq!(found.len(), 1);
            assert_eq!(found[0].entry.id.as_deref(), Some("thumbnails"));
        }
    }
}

#[test]
fn a_queue_that_is_gone_is_let_go_by_its_arn() {
    let old = queue("made by a template", "changes", "s3:ObjectCreated:*", "", "");
    let other = queue("theirs", "theirs", "s3:ObjectTagging:*", "", "");
    let there = queues(vec![old, other.clone()]);
    assert_eq!(remove(&there, None), None);
    let change = remove(&there, Some(&wanted("").queue)).unwrap();
    assert_eq!(change.configuration, queues(vec![other]));
}

/// An entry of somebody else's: who is told, and of what.
fn others() -> impl Strategy<Value = (u8, String, &'static str, String, String)> {
    let event = prop::sample::select(vec![
        "s3:ObjectCreated:*",
        "s3:ObjectCreated:Put",
        "s3:ObjectRemoved:DeleteMarkerCreated",
        "s3:ObjectTagging:*",
        "s3:ObjectRestore:Post",
        "s3:SomethingNew:*",
    ]);
    (0..3_u8, "[a-z]{1,3}", event, "[ab +/é]{0,3}", "[ab]{0,2}")
}

fn configuration() -> impl Strategy<Value = NotificationConfiguration> {
    let entries = prop::collection::vec(others(), 0..5);
    (entries, any::<bool>()).prop_map(|(entries, by_events)| {
        let mut there = NotificationConfiguration::builder();
        for (kind, name, event, prefix, suffix) in entries {
            let (filter, arn) = (filter(&prefix, &suffix), format!("arn:aws:x:r:1:{name}"));
            let event = Event::from(event);
            there = match kind {
                0 => there.queue_configurations(queue(
                    &name,
                    &name,
                    event.as_str(),
                    &prefix,
                    &suffix,
                )),
                1 => there.topic_configurations(
                    TopicConfiguration::builder()
                        .id(name)
                        .topic_arn(arn)
                        .events(event)
                        .filter(filter)
                        .build()
                        .unwrap(),
                ),
                _ => there.lambda_function_configurations(
                    LambdaFunctionConfiguration::builder()
                        .lambda_function_arn(arn)
                        .events(event)
                        .filter(filter)
                        .build()
                        .unwrap(),
                ),
            };
        }
        let bus = by_events.then(|| EventBridgeConfiguration::builder().build());
        there.set_event_bridge_configuration(bus).build()
    })
}

proptest! {
    #[test]
    fn others_are_never_changed(there in configuration(), prefix in "[ab +/é]{0,3}") {
        let wanted = wanted(&prefix);
        match merge(&there, &wanted) {
            Ok(change) => {
                let merged = change.unwrap().configuration;
                prop_assert_eq!(&merged.topic_configurations, &there.topic_configurations);
                prop_assert_eq!(&merged.lambda_function_configurations, &there.lambda_function_configurations);
                prop_assert_eq!(&merged.event_bridge_configuration, &there.event_bridge_configuration);
                let theirs = there.queue_configurations();
                prop_assert_eq!(&merged.queue_configurations()[..theirs.len()], theirs);
                // Once is enough, and what was merged comes out again.
                prop_assert_eq!(merge(&merged, &wanted), Ok(None));
                prop_assert_eq!(remove(&merged, None).unwrap().configuration, there.clone());
                prop_assert_eq!(remove(&merged, Some(&wanted.queue)).unwrap().configuration, there.clone());
                prop_assert!(same(&merged, &merged) && !same(&merged, &there));
            }
            Err(overlaps) => {
                prop_assert!(overlaps.iter().all(|o| entries(&there).contains(&o.entry)));
            }
        }
        prop_assert_eq!(remove(&there, Some(&wanted.queue)), None);
    }

    /// Filters overlap just if a key could fit both.
    #[test]
    fn an_overlap_is_a_key_that_both_would_be_told_of(
        ours in ("[ab]{0,3}", "[ab]{0,3}"), theirs in ("[ab]{0,3}", "[ab]{0,3}"), keys in prop::collection::vec("[ab]{0,6}", 20),
    ) {
        let entry = |(prefix, suffix): (String, String)| Entry {
            id: None, to: String::new(), events: vec!["e".into()], prefix, suffix,
        };
        let (ours, theirs) = (entry(ours), entry(theirs));
        let fits = |e: &Entry, key: &str| key.starts_with(&e.prefix) && key.ends_with(&e.suffix);
        let both = |key: &str| fits(&ours, key) && fits(&theirs, key);
        let found = !overlaps(std::slice::from_ref(&ours), std::slice::from_ref(&theirs)).is_empty();
        let longer = |a: &str, b: &str| if a.len() > b.len() { a.to_owned() } else { b.to_owned() };
        let key = longer(&ours.prefix, &theirs.prefix) + &longer(&ours.suffix, &theirs.suffix);
        prop_assert_eq!(found, both(&key));
        prop_assert!(found || !keys.iter().any(|key| both(key)));
    }

    #[test]
    fn a_prefix_reads_back(prefix in "\\PC{0,40}") {
        prop_assert_eq!(decode(&encode(&prefix)), prefix);
    }
}
