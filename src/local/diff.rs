//! What changed between what has been handled and what is there, and when it may be told.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::handled::Snapshot;
use super::stamp::FileStamp;

/// How long the first repetition of a failed change waits; each further one waits twice as long.
const FIRST_RETRY: Duration = Duration::from_secs(1);
/// The longest wait for a repetition.
const LONGEST_RETRY: Duration = Duration::from_mins(1);
/// From this size on, reading a file through takes so long that others should not wait for it.
const LARGE_BYTES: u64 = 32 * 1024 * 1024;
/// The most large files that are on their way at a time.
const LARGE_AT_A_TIME: usize = 2;

/// What a walk over the bucket's folder found.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Scan {
    /// Every object, by key.
    pub files: BTreeMap<String, FileStamp>,
    /// The folders that could not be read, as prefixes of keys: what is below them is not known.
    pub unreadable: Vec<String>,
}

/// The keys whose state is not the one that was handled, with their state now (nothing: removed).
pub(super) fn diff(snapshot: &Snapshot, scan: &Scan) -> BTreeMap<String, Option<FileStamp>> {
    let created = scan
        .files
        .iter()
        .filter(|(key, stamp)| snapshot.get(*key).is_none_or(|file| file.stamp != **stamp))
        .map(|(key, stamp)| (key.clone(), Some(*stamp)));
    let removed = snapshot
        .keys()
        .filter(|key| !scan.files.contains_key(*key))
        .filter(|key| !scan.unreadable.iter().any(|prefix| key.starts_with(prefix)))
        .map(|key| (key.clone(), None));
    created.chain(removed).collect()
}

/// The differences that have not been handled yet.
///
/// One is *ripe* when two scans that lie at least the settle time apart saw the same state: a file
/// that is still being copied changes its size or time between them. Only one change of a key is in
/// the handler at a time, so that the changes of a key keep their order.
#[derive(Debug)]
pub(super) struct Pending {
    settle: Duration,
    entries: BTreeMap<String, PendingEntry>,
    passed_over: bool,
}

#[derive(Debug)]
struct PendingEntry {
    state: Option<FileStamp>,
    first_seen: Instant,
    last_seen: Instant,
    attempts: u32,
    not_before: Option<Instant>,
    in_flight: bool,
    cause: String,
}

impl PendingEntry {
    fn is_large(&self) -> bool {
        self.state.is_some_and(|state| state.size >= LARGE_BYTES)
    }

    fn new(state: Option<FileStamp>, seen: Instant) -> Self {
        Self {
            state,
            first_seen: seen,
            last_seen: seen,
            attempts: 0,
            not_before: None,
            in_flight: false,
            cause: String::new(),
        }
    }
}

impl Pending {
    pub(super) fn new(settle: Duration) -> Self {
        Self { settle, entries: BTreeMap::new(), passed_over: false }
    }

    /// Whether everything has been handled.
    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Takes in the differences that a scan found, which ran from `started` to `ended`.
    pub(super) fn observe(
        &mut self,
        differences: &BTreeMap<String, Option<FileStamp>>,
        started: Instant,
        ended: Instant,
    ) {
        self.entries.retain(|key, entry| entry.in_flight || differences.contains_key(key));
        self.passed_over = false;
        for (key, state) in differences {
            match self.entries.get_mut(key) {
                // What is in the handler is finished first; a later scan sees what changed since.
                Some(entry) if entry.in_flight => self.passed_over |= entry.state != *state,
                Some(entry) if entry.state == *state => entry.last_seen = started,
                _ => {
                    self.entries.insert(key.clone(), PendingEntry::new(*state, ended));
                }
            }
        }
    }

    /// Takes out the next batch that is ripe, of at most `limit` changes, and counts it as in
    /// flight.
    ///
    /// What has failed before goes alone, so that it fails nothing else. So does a large file, once
    /// no other is ripe, and few at a time, so that it delays nothing else.
    pub(super) fn take(&mut self, limit: usize, now: Instant) -> Vec<(String, Option<FileStamp>)> {
        let batch = self.take_of(false, limit, now);
        let large = self.entries.values().filter(|entry| entry.in_flight && entry.is_large());
        if batch.is_empty() && large.count() < LARGE_AT_A_TIME {
            return self.take_of(true, 1, now);
        }
        batch
    }

    fn take_of(
        &mut self,
        large: bool,
        limit: usize,
        now: Instant,
    ) -> Vec<(String, Option<FileStamp>)> {
        let settle = self.settle;
        let ripe = self.entries.iter_mut().filter(|(_, entry)| {
            entry.is_large() == large
                && !entry.in_flight
                && entry.last_seen.duration_since(entry.first_seen) >= settle
                && entry.not_before.is_none_or(|time| time <= now)
        });
        let mut batch = Vec::new();
        for (key, entry) in ripe {
            let alone = entry.attempts > 0;
            if alone && !batch.is_empty() {
                continue;
            }
            entry.in_flight = true;
            batch.push((key.clone(), entry.state));
            if alone || batch.len() >= limit {
                break;
            }
        }
        batch
    }

    /// The handler has answered for this change.
    pub(super) fn done(&mut self, key: &str) {
        self.entries.remove(key);
    }

    /// The file was not any more as it was seen: it has to settle anew.
    pub(super) fn unsettled(&mut self, key: &str) {
        self.entries.remove(key);
        self.passed_over = true;
    }

    /// Whether a scan would find what is not known here yet: something changed while it was in the
    /// handler, or everything is done.
    pub(super) fn needs_scan(&self) -> bool {
        self.passed_over || self.is_empty()
    }

    /// The handler could not do it: how long it waits for its next turn, and whether the cause is
    /// another than the last time.
    pub(super) fn failed(&mut self, key: &str, cause: &str, now: Instant) -> (Duration, bool) {
        let Some(entry) = self.entries.get_mut(key) else {
            return (Duration::ZERO, false);
        };
        let is_new = entry.cause != cause;
        cause.clone_into(&mut entry.cause);
        let wait = FIRST_RETRY.saturating_mul(1 << entry.attempts.min(10)).min(LONGEST_RETRY);
        entry.attempts += 1;
        entry.not_before = Some(now + wait);
        entry.in_flight = false;
        (wait, is_new)
    }

    /// The time at which the next failed change has its turn, if there is one.
    pub(super) fn next_retry(&self) -> Option<Instant> {
        self.entries.values().filter(|entry| !entry.in_flight).filter_map(|e| e.not_before).min()
    }

    /// Whether another scan is needed for something to become ripe.
    pub(super) fn is_settling(&self) -> bool {
        self.entries.values().any(|entry| {
            !entry.in_flight && entry.last_seen.duration_since(entry.first_seen) < self.settle
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::local::handled::HandledFile;

    const SETTLE: Duration = Duration::from_millis(300);

    fn stamp(size: u64) -> FileStamp {
        FileStamp { size, modified: 0, changed: 0 }
    }

    fn snapshot(files: &[(&str, u64)]) -> Snapshot {
        files
            .iter()
            .map(|(key, size)| {
                ((*key).to_owned(), HandledFile { stamp: stamp(*size), etag: String::new() })
            })
            .collect()
    }

    fn scan(files: &[(&str, u64)], unreadable: &[&str]) -> Scan {
        Scan {
            files: files.iter().map(|(key, size)| ((*key).to_owned(), stamp(*size))).collect(),
            unreadable: unreadable.iter().map(|&prefix| prefix.to_owned()).collect(),
        }
    }

    fn changes(of: &[(&str, Option<u64>)]) -> BTreeMap<String, Option<FileStamp>> {
        of.iter().map(|(key, size)| ((*key).to_owned(), size.map(stamp))).collect()
    }

    #[test]
    fn added_changed_and_removed_files_differ() {
        let found = diff(
            &snapshot(&[("same", 1), ("changed", 1), ("removed", 1)]),
            &scan(&[("same", 1), ("changed", 2), ("added", 3)], &[]),
        );
        assert_eq!(found, changes(&[("added", Some(3)), ("changed", Some(2)), ("removed", None)]));
    }

    #[test]
    fn what_cannot_be_read_is_not_removed() {
        let handled = snapshot(&[("away/a", 1), ("away.jpg", 1), ("b", 1)]);
        let found = diff(&handled, &scan(&[], &["away/"]));
        assert_eq!(found, changes(&[("away.jpg", None), ("b", None)]));
        assert!(diff(&handled, &scan(&[], &[""])).is_empty());
    }

    #[test]
    fn a_change_is_told_once_it_has_settled() {
        let mut pending = Pending::new(SETTLE);
        let start = Instant::now();
        let see = |pending: &mut Pending, size, milliseconds| {
            let at = start + Duration::from_millis(milliseconds);
            pending.observe(&changes(&[("a", Some(size))]), at, at);
            pending.take(10, at)
        };
        assert!(see(&mut pending, 1, 0).is_empty());
        assert!(see(&mut pending, 2, 250).is_empty());
        assert!(see(&mut pending, 2, 500).is_empty());
        assert!(pending.is_settling());
        assert_eq!(see(&mut pending, 2, 550), [("a".to_owned(), Some(stamp(2)))]);
        assert!(!pending.needs_scan());
        assert!(see(&mut pending, 3, 900).is_empty(), "one change of a key at a time");
        assert!(pending.needs_scan());
        pending.done("a");
        assert!(see(&mut pending, 3, 1000).is_empty());
        assert_eq!(see(&mut pending, 3, 1300).len(), 1);
    }

    #[test]
    fn a_change_that_is_undone_is_forgotten() {
        let mut pending = Pending::new(SETTLE);
        let now = Instant::now();
        pending.observe(&changes(&[("a", None)]), now, now);
        pending.observe(&changes(&[]), now + SETTLE, now + SETTLE);
        assert!(pending.is_empty());
    }

    #[test]
    fn what_failed_waits_longer_each_time_and_goes_alone() {
        let mut pending = Pending::new(Duration::ZERO);
        let now = Instant::now();
        pending.observe(&changes(&[("a", Some(1)), ("b", Some(1)), ("c", Some(1))]), now, now);
        assert_eq!(pending.take(10, now).len(), 3);
        for key in ["a", "b", "c"] {
            assert_eq!(pending.failed(key, "full", now), (Duration::from_secs(1), true));
        }
        assert!(pending.take(10, now).is_empty());
        assert_eq!(pending.next_retry(), Some(now + Duration::from_secs(1)));
        let later = now + Duration::from_secs(1);
        assert_eq!(pending.take(10, later).len(), 1);
        assert_eq!(pending.failed("a", "full", later), (Duration::from_secs(2), false));
        for _ in 0..20 {
            pending.failed("a", "full", later);
        }
        assert_eq!(pending.failed("a", "broken", later), (LONGEST_RETRY, true));
    }

    #[test]
    fn large_files_go_last_and_alone_and_leave_room() {
        let mut pending = Pending::new(Duration::ZERO);
        let now = Instant::now();
        let large = Some(LARGE_BYTES);
        let seen = [("a", large), ("b", large), ("c", large), ("y", Some(1)), ("z", None)];
        pending.observe(&changes(&seen), now, now);
        let mut keys =
            || -> Vec<String> { pending.take(10, now).into_iter().map(|(key, _)| key).collect() };
        assert_eq!(keys(), ["y", "z"]);
        assert_eq!((keys(), keys()), (vec!["a".to_owned()], vec!["b".to_owned()]));
        assert!(keys().is_empty(), "two at a time");
        pending.done("a");
        assert_eq!(pending.take(10, now)[0].0, "c");
    }

    #[test]
    fn batches_are_bounded() {
        let mut pending = Pending::new(Duration::ZERO);
        let now = Instant::now();
        pending.observe(&changes(&[("a", Some(1)), ("b", None), ("c", Some(1))]), now, now);
        assert_eq!(pending.take(2, now).len(), 2);
        assert_eq!(pending.take(2, now).len(), 1);
        assert!(pending.take(2, now).is_empty());
    }
}
