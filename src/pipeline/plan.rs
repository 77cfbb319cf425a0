//! What to do about an envelope: a pure function.

use std::collections::HashMap;

use super::Outcome;
use super::outcome::Cause;
use crate::code::RetryCode;
use crate::event::{Change, Kind, Message};
use crate::object::ObjectId;

/// What to do. A *slot* is the place of an entry among all entries of the envelope, from 0.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// Slots whose outcome needs no look at the object.
    pub settled: Vec<(usize, Outcome)>,
    /// One piece of work a key, in the order in which the keys first appear.
    pub work: Vec<Work>,
}

/// All changes of one key, reduced to the newest.
#[derive(Debug)]
pub(super) struct Work {
    /// The newest change.
    pub change: Change,
    /// Its slot.
    pub slot: usize,
    /// Slots of its repeats, and of changes that have no order.
    pub repeats: Vec<usize>,
    /// Slots of older changes.
    pub older: Vec<usize>,
    /// Whether one of the changes has no order. Then the newest one's sequencer says nothing about
    /// all of them: the object is looked at and the row written, whatever the row has seen.
    pub unordered: bool,
}

impl Plan {
    /// Plans the work for some messages, in which only keys with `prefix` matter.
    pub fn of(messages: &[Message], prefix: &str) -> Self {
        let mut plan = Self::default();
        let mut places: HashMap<&ObjectId, usize> = HashMap::new();
        let entries = messages.iter().flat_map(|message| &message.entries);
        for (slot, entry) in entries.enumerate() {
            let change = match entry {
                Ok(change) => change,
                Err(error) => {
                    let cause = Cause::new(RetryCode::Unreadable, error.to_string());
                    plan.settled.push((slot, Outcome::Retry(cause)));
                    continue;
                }
            };
            if let Some(message) = ignored(change, prefix) {
                plan.settled.push((slot, Outcome::Ignored { message }));
                continue;
            }
            match places.get(&change.object) {
                Some(&place) => plan.work[place].join(change, slot),
                None => {
                    places.insert(&change.object, plan.work.len());
                    plan.work.push(Work {
                        change: change.clone(),
                        slot,
                        repeats: Vec::new(),
                        older: Vec::new(),
                        unordered: change.sequencer.is_none(),
                    });
                }
            }
        }
        plan
    }
}

impl Work {
    /// Every slot with its outcome, given that of the newest change.
    pub fn settle(&self, outcome: Outcome) -> Vec<(usize, Outcome)> {
        let repeats = self.repeats.iter().map(|&slot| (slot, outcome.repeated()));
        let older = self.older.iter().map(|&slot| (slot, outcome.for_older()));
        let mut settled: Vec<_> = repeats.chain(older).collect();
        settled.push((self.slot, outcome));
        settled
    }

    fn join(&mut self, change: &Change, slot: usize) {
        self.unordered |= change.sequencer.is_none();
        match (&change.sequencer, &self.change.sequencer) {
            (Some(theirs), Some(ours)) if theirs < ours => self.older.push(slot),
            (Some(theirs), Some(ours)) if theirs > ours => {
                self.older.append(&mut self.repeats);
                self.older.push(self.slot);
                self.take(change, slot);
            }
            // What has no order cannot be older: it is a request to look, as good as any other.
            (Some(_), None) => {
                self.repeats.push(self.slot);
                self.take(change, slot);
            }
            _ => self.repeats.push(slot),
        }
    }

    fn take(&mut self, change: &Change, slot: usize) {
        self.change = change.clone();
        self.slot = slot;
    }
}

fn ignored(change: &Change, prefix: &str) -> Option<String> {
    if let Kind::Other(name) = &change.kind {
        return Some(format!("{name} changes no content"));
    }
    if change.object.is_folder_marker() {
        return Some("a folder marker, not a photo".to_owned());
    }
    if !change.object.key().starts_with(prefix) {
        return Some(format!("outside the prefix '{prefix}'"));
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn change(key: &str, sequencer: Option<&str>) -> Change {
        Change {
            object: ObjectId::new("shop", key).unwrap(),
            kind: Kind::Created,
            version_id: None,
            etag: None,
            size: None,
            sequencer: sequencer.map(|s| s.parse().unwrap()),
        }
    }

    fn message(changes: Vec<Change>) -> Message {
        Message { id: "m".into(), entries: changes.into_iter().map(Ok).collect() }
    }

    #[test]
    fn the_newest_change_of_a_key_does_the_work() {
        let messages = [
            message(vec![change("a", Some("2")), change("b", None)]),
            message(vec![change("a", Some("3")), change("a", Some("3")), change("a", Some("1"))]),
        ];
        let plan = Plan::of(&messages, "");
        assert_eq!(plan.work.len(), 2);
        let work = &plan.work[0];
        assert_eq!((work.slot, &work.repeats[..], &work.older[..]), (2, &[3][..], &[0, 4][..]));
        let mut settled = work.settle(Outcome::Removed);
        settled.sort_by_key(|(slot, _)| *slot);
        let names: Vec<_> = settled.iter().map(|(s, o)| (*s, o.name())).collect();
        assert_eq!(names, [(0, "superseded"), (2, "removed"), (3, "removed"), (4, "superseded")]);
        let cause = Cause::new(RetryCode::Worker, "y");
        assert!(work.settle(Outcome::Retry(cause)).iter().all(|(_, o)| o.is_retry()));
    }

    #[test]
    fn what_is_not_looked_at_is_ignored() {
        let mut tags = change("in/a", None);
        tags.kind = Kind::Other("ObjectTagging:Put".into());
        let messages =
            [message(vec![tags, change("in/", None), change("out/a", None), change("in/a", None)])];
        let plan = Plan::of(&messages, "in/");
        assert_eq!(
            plan.settled.iter().map(|(s, o)| (*s, o.name())).collect::<Vec<_>>(),
            [(0, "ignored"), (1, "ignored"), (2, "ignored")]
        );
        assert_eq!(plan.work.len(), 1);
    }

    proptest! {
        /// Every slot is settled exactly once, and the work is done by a greatest sequencer.
        #[test]
        fn every_slot_is_settled_once(
            changes in prop::collection::vec(("[ab]", prop::option::of("[1-4]")), 0..20)
        ) {
            let messages = [message(changes.iter().map(|(k, s)| change(k, s.as_deref())).collect())];
            let plan = Plan::of(&messages, "");
            let mut slots: Vec<usize> = plan.work.iter()
                .flat_map(|w| w.settle(Outcome::Unchanged)).map(|(s, _)| s).collect();
            slots.sort_unstable();
            prop_assert_eq!(slots, (0..changes.len()).collect::<Vec<_>>());
            for work in &plan.work {
                let greatest = changes.iter().filter(|(k, _)| k == work.change.object.key())
                    .filter_map(|(_, s)| s.as_ref().map(|s| s.parse().unwrap())).max();
                prop_assert_eq!(&work.change.sequencer, &greatest);
            }
        }
    }
}
