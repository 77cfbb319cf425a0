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
    /// Slots of its repeats, and of changes that have no order: each is a request to look.
    pub repeats: Vec<usize>,
    /// Slots of older changes.
    pub older: Vec<usize>,
    /// What is written down.
    pub scope: Scope,
}

/// What of an object is written down, beside what is there of one that has a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Scope {
    /// That it is gone. It is outside the prefix, but may have a row from when the prefix was wider.
    Removal,
    /// All but that it is gone: there may never have been one of that name.
    IfThere,
    /// All.
    Whole,
}

impl Plan {
    /// Plans the work for some messages, in which only keys with `prefix` matter, and removals of
    /// others.
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
            let scope = match scope(change, prefix) {
                Ok(scope) => scope,
                Err(message) => {
                    plan.settled.push((slot, Outcome::Ignored { message }));
                    continue;
                }
            };
            match places.get(&change.object) {
                Some(&place) => plan.work[place].join(change, slot, scope),
                None => {
                    places.insert(&change.object, plan.work.len());
                    plan.work.push(Work {
                        change: change.clone(),
                        slot,
                        repeats: Vec::new(),
                        older: Vec::new(),
                        scope,
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

    fn join(&mut self, change: &Change, slot: usize, scope: Scope) {
        self.scope = self.scope.max(scope);
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

/// What of a change's object is written down, or why nothing is.
fn scope(change: &Change, prefix: &str) -> Result<Scope, String> {
    if change.object.is_folder_marker() {
        return Err("a folder marker, not a photo".to_owned());
    }
    let is_inside = change.object.key().starts_with(prefix);
    match &change.kind {
        Kind::Other(name) => Err(format!("{name} changes no content")),
        Kind::Removed | Kind::Unknown if !is_inside => Ok(Scope::Removal),
        _ if !is_inside => Err(outside(prefix)),
        Kind::Guessed => Ok(Scope::IfThere),
        Kind::Created | Kind::Removed | Kind::Unknown => Ok(Scope::Whole),
    }
}

/// What is said of a key outside the prefix.
pub(super) fn outside(prefix: &str) -> String {
    format!("outside the prefix '{prefix}'")
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

    #[test]
    fn what_is_written_down_depends_on_where_it_is_and_how_it_is_named() {
        let of = |key: &str, kind: Kind| {
            let plan = Plan::of(&[message(vec![Change { kind, ..change(key, Some("1")) }])], "in/");
            plan.work.first().map(|work| work.scope)
        };
        assert_eq!(of("in/a", Kind::Unknown), Some(Scope::Whole));
        assert_eq!(of("in/a", Kind::Guessed), Some(Scope::IfThere));
        for (kind, scope) in [
            (Kind::Created, None),
            (Kind::Guessed, None),
            (Kind::Removed, Some(Scope::Removal)),
            (Kind::Unknown, Some(Scope::Removal)),
        ] {
            assert_eq!(of("out/a", kind), scope);
        }
        let mut guessed = change("in/a", None);
        guessed.kind = Kind::Guessed;
        let plan = Plan::of(&[message(vec![guessed, change("in/a", None)])], "in/");
        assert_eq!(plan.work[0].scope, Scope::Whole, "the other one is certain");
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
