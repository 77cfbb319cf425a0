//! A bucket's notifications: others' and ours in one configuration.
//!
//! S3 takes the whole configuration at once, and what is not in it is gone. So ours are merged into what
//! is there, and everything else stays as it was.

use std::collections::BTreeSet;

use aws_sdk_s3::types::{
    Event, FilterRule, FilterRuleName, NotificationConfiguration, NotificationConfigurationFilter,
    QueueConfiguration, S3KeyFilter,
};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde::Serialize;

use super::queue::QueueArn;

/// What is announced: the id of its entry, by which it is ours wherever it goes, the event, and whether it is announced below the prefix only.
/// Removals are let through wherever they are: there may be a row from when the prefix was wider.
const ANNOUNCED: [(&str, Event, bool); 4] = [
    ("lookbook-created", Event::S3ObjectCreated, true),
    ("lookbook-removed", Event::S3ObjectRemoved, false),
    ("lookbook-restored", Event::S3ObjectRestoreCompleted, true),
    ("lookbook-expired", Event::S3LifecycleExpiration, false),
];

/// What a filter's value may hold as it is.
///
/// Source: Amazon S3 user guide, "Configuring event notifications using object key name filtering" (a
/// space is `+`, other special characters are percent-encoded) and "Safe characters".
const SAFE: AsciiSet = NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'!')
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'*')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')')
    .remove(b' ');

/// What lookbook needs to hear of a bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Where it is to be told.
    pub queue: QueueArn,
    /// What the keys of photos begin with; empty for all.
    pub prefix: String,
}

/// One entry of a configuration: who is told what. Texts are as S3 has them, but for keys, which are
/// decoded.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Entry {
    /// Its name.
    pub id: Option<String>,
    /// The ARN of the topic, queue or function.
    pub to: String,
    /// The events.
    pub events: Vec<String>,
    /// What keys begin with.
    pub prefix: String,
    /// What keys end with.
    pub suffix: String,
}

/// An entry of somebody else's that S3 does not take beside ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overlap {
    /// Our event.
    pub event: String,
    /// Their entry.
    pub entry: Entry,
}

/// A configuration to put.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// All of it.
    pub configuration: NotificationConfiguration,
    /// Entries of ours that were there and are no more.
    pub taken_away: Vec<Entry>,
}

impl Change {
    /// Entries that were there and tell something that is told no more: those that go elsewhere, and
    /// those that tell more than what is wanted.
    pub fn losses(&self, wanted: &Wanted) -> Vec<&Entry> {
        let entries = wanted.entries();
        let is_told = |event: &String, gone: &Entry| {
            entries.iter().any(|entry| {
                entry.events.iter().any(|told| covers(told, event))
                    && gone.prefix.starts_with(&entry.prefix)
            })
        };
        let stays = |gone: &Entry| {
            gone.to == wanted.queue.to_string()
                && gone.events.iter().all(|event| is_told(event, gone))
        };
        self.taken_away.iter().filter(|gone| !stays(gone)).collect()
    }
}

impl Wanted {
    fn configurations(&self) -> impl Iterator<Item = QueueConfiguration> {
        ANNOUNCED.into_iter().filter_map(|(id, event, below_prefix)| {
            let filter = (below_prefix && !self.prefix.is_empty()).then(|| {
                let rule = FilterRule::builder()
                    .name(FilterRuleName::Prefix)
                    .value(encode(&self.prefix))
                    .build();
                let key = S3KeyFilter::builder().filter_rules(rule).build();
                NotificationConfigurationFilter::builder().key(key).build()
            });
            let entry = QueueConfiguration::builder()
                .id(id)
                .queue_arn(self.queue.to_string())
                .events(event)
                .set_filter(filter);
            // It has all that it needs.
            entry.build().ok()
        })
    }

    /// The entries that are wanted.
    pub fn entries(&self) -> Vec<Entry> {
        self.configurations().map(|entry| of_queue(&entry)).collect()
    }

    /// Those of a configuration that are ours.
    pub fn ours(&self, there: &NotificationConfiguration) -> Vec<Entry> {
        let queues = there.queue_configurations().iter();
        queues.filter(|entry| is_ours(entry, Some(&self.queue))).map(of_queue).collect()
    }

    /// What is wanted and not announced: of each such entry, all of it.
    pub fn missing(&self, there: &NotificationConfiguration) -> Vec<Entry> {
        let ours = self.ours(there);
        let to_queue = || ours.iter().filter(|entry| entry.to == self.queue.to_string());
        let is_told = |wanted: &Entry| {
            to_queue().any(|entry| {
                let tells = |event: &String| entry.events.iter().any(|told| covers(told, event));
                wanted.events.iter().all(tells)
                    && wanted.prefix.starts_with(&entry.prefix)
                    && entry.suffix.is_empty()
            })
        };
        self.entries().into_iter().filter(|wanted| !is_told(wanted)).collect()
    }

    /// Whether a configuration announces just what is wanted, however it is written.
    pub fn is_met(&self, there: &NotificationConfiguration) -> bool {
        said(&self.ours(there)) == said(&self.entries())
    }
}

/// Puts ours into what is there; nothing if it is there already.
///
/// # Errors
///
/// If S3 would not take it: the entries of others that overlap with ours.
pub fn merge(
    there: &NotificationConfiguration,
    wanted: &Wanted,
) -> Result<Option<Change>, Vec<Overlap>> {
    if wanted.is_met(there) {
        return Ok(None);
    }
    let (mut configuration, taken_away) = without(there, Some(&wanted.queue));
    let overlaps = overlaps(&wanted.entries(), &entries(&configuration));
    if !overlaps.is_empty() {
        return Err(overlaps);
    }
    let mut queues = configuration.queue_configurations.take().unwrap_or_default();
    queues.extend(wanted.configurations());
    configuration.queue_configurations = Some(queues);
    Ok(Some(Change { configuration, taken_away }))
}

/// Takes ours out of what is there, by their names and, if one is given, by their queue; nothing if there
/// are none.
pub fn remove(there: &NotificationConfiguration, queue: Option<&QueueArn>) -> Option<Change> {
    let (configuration, taken_away) = without(there, queue);
    (!taken_away.is_empty()).then_some(Change { configuration, taken_away })
}

fn without(
    there: &NotificationConfiguration,
    queue: Option<&QueueArn>,
) -> (NotificationConfiguration, Vec<Entry>) {
    let mut configuration = there.clone();
    let mut taken_away = Vec::new();
    if let Some(queues) = &mut configuration.queue_configurations {
        queues.retain(|entry| {
            let ours = is_ours(entry, queue);
            if ours {
                taken_away.push(of_queue(entry));
            }
            !ours
        });
    }
    configuration.queue_configurations =
        configuration.queue_configurations.filter(|queues| !queues.is_empty());
    (configuration, taken_away)
}

fn is_ours(entry: &QueueConfiguration, queue: Option<&QueueArn>) -> bool {
    // Not whatever begins so: others may call theirs `lookbook-...`, too.
    let by_name = entry.id().is_some_and(|id| ANNOUNCED.iter().any(|(ours, ..)| *ours == id));
    by_name || queue.is_some_and(|queue| entry.queue_arn() == queue.to_string())
}

/// All entries of a configuration, whoever is told.
pub fn entries(there: &NotificationConfiguration) -> Vec<Entry> {
    let topics = there.topic_configurations().iter();
    let topics = topics.map(|e| entry(e.id(), e.topic_arn(), e.events(), e.filter.as_ref()));
    let queues = there.queue_configurations().iter().map(of_queue);
    let functions = there.lambda_function_configurations().iter();
    let functions =
        functions.map(|e| entry(e.id(), e.lambda_function_arn(), e.events(), e.filter.as_ref()));
    topics.chain(queues).chain(functions).collect()
}

fn of_queue(e: &QueueConfiguration) -> Entry {
    entry(e.id(), e.queue_arn(), e.events(), e.filter.as_ref())
}

fn entry(
    id: Option<&str>,
    to: &str,
    events: &[Event],
    filter: Option<&NotificationConfigurationFilter>,
) -> Entry {
    let rules = filter.and_then(|filter| filter.key()).map_or(&[][..], S3KeyFilter::filter_rules);
    // S3 gives them back with a capital.
    let rule = |name: &str| {
        let of =
            |rule: &&FilterRule| rule.name().is_some_and(|n| n.as_str().eq_ignore_ascii_case(name));
        decode(rules.iter().find(of).and_then(FilterRule::value).unwrap_or_default())
    };
    Entry {
        id: id.map(str::to_owned),
        to: to.to_owned(),
        events: events.iter().map(|event| event.as_str().to_owned()).collect(),
        prefix: rule("prefix"),
        suffix: rule("suffix"),
    }
}

fn encode(text: &str) -> String {
    utf8_percent_encode(text, &SAFE).to_string().replace(' ', "+")
}

fn decode(value: &str) -> String {
    percent_decode_str(&value.replace('+', " ")).decode_utf8_lossy().into_owned()
}

/// Whether two configurations announce the same to the same, however their entries are split and named.
pub fn same(one: &NotificationConfiguration, other: &NotificationConfiguration) -> bool {
    let by_events = |there: &NotificationConfiguration| there.event_bridge_configuration.is_some();
    said(&entries(one)) == said(&entries(other)) && by_events(one) == by_events(other)
}

/// Whether nobody has touched a configuration, in whatever order it is told.
pub fn is_as_it_was(before: &NotificationConfiguration, now: &NotificationConfiguration) -> bool {
    let sorted = |there: &NotificationConfiguration| {
        let mut entries = entries(there);
        for entry in &mut entries {
            entry.events.sort();
        }
        entries.sort();
        (entries, there.event_bridge_configuration.is_some())
    };
    sorted(before) == sorted(now)
}

/// What entries come to: each event of each one, with who is told and of which keys.
fn said(entries: &[Entry]) -> BTreeSet<[&str; 4]> {
    let each = entries.iter().flat_map(|entry| {
        let Entry { to, events, prefix, suffix, .. } = entry;
        events.iter().map(move |event| [to.as_str(), event, prefix, suffix])
    });
    each.collect()
}

/// Which entries of others S3 does not take beside ours.
///
/// Source: Amazon S3 user guide, "Configuring event notifications using object key name filtering": for
/// one event type, filters may not overlap in their prefixes and in their suffixes.
fn overlaps(ours: &[Entry], theirs: &[Entry]) -> Vec<Overlap> {
    let of = |our: &Entry, their: &Entry| {
        let keys = one_begins(&our.prefix, &their.prefix)
            && (our.suffix.ends_with(&their.suffix) || their.suffix.ends_with(&our.suffix));
        let event = our
            .events
            .iter()
            .find(|our| their.events.iter().any(|their| overlap_events(our, their)));
        event.filter(|_| keys).map(|event| Overlap { event: event.clone(), entry: their.clone() })
    };
    let each = theirs.iter().flat_map(|their| ours.iter().filter_map(move |our| of(our, their)));
    each.collect()
}

/// Whether who hears of one event hears of the other.
fn covers(one: &str, other: &str) -> bool {
    one == other || one.strip_suffix('*').is_some_and(|all| other.starts_with(all))
}

/// `s3:ObjectCreated:*` is all that begins so.
fn overlap_events(one: &str, other: &str) -> bool {
    match (one.strip_suffix('*'), other.strip_suffix('*')) {
        (Some(one), Some(other)) => one_begins(one, other),
        (Some(one), None) => other.starts_with(one),
        (None, Some(other)) => one.starts_with(other),
        (None, None) => one == other,
    }
}

fn one_begins(one: &str, other: &str) -> bool {
    one.starts_with(other) || other.starts_with(one)
}

#[cfg(test)]
mod tests;
