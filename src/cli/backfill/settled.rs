//! What of a sequence is settled, in bounded memory: all up to a key, and some of those that follow.

use std::collections::{BTreeSet, VecDeque};

/// The most keys that are remembered one by one. If the oldest is not settled by then, no new one is
/// begun until it is.
const WINDOW: usize = 10_000;

/// The place of a key that was begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ticket(u64);

/// Keys in the order in which they were begun.
#[derive(Debug, Default)]
pub struct Settled {
    /// The greatest key such that it and all before it are settled.
    below: Option<String>,
    /// The ticket of the first one in the window.
    first: u64,
    /// Those that follow it, each with whether it is settled. The first is not.
    window: VecDeque<(String, bool)>,
    /// Keys that an earlier run settled, and that this one has not come to.
    ahead: BTreeSet<String>,
}

impl Settled {
    /// Goes on from what an earlier run has written down.
    pub fn resume(below: Option<String>, above: impl IntoIterator<Item = String>) -> Self {
        Self { below, ahead: above.into_iter().collect(), ..Self::default() }
    }

    /// Begins a key; `None` if an earlier run has settled it.
    pub fn begin(&mut self, key: &str) -> Option<Ticket> {
        let is_settled = self.ahead.remove(key);
        let ticket = Ticket(self.first + self.window.len() as u64);
        self.window.push_back((key.to_owned(), is_settled));
        self.advance();
        (!is_settled).then_some(ticket)
    }

    /// A key is settled.
    pub fn settle(&mut self, ticket: Ticket) {
        let place = ticket.0.checked_sub(self.first).and_then(|place| usize::try_from(place).ok());
        if let Some(slot) = place.and_then(|place| self.window.get_mut(place)) {
            slot.1 = true;
        }
        self.advance();
    }

    /// Whether no other key may be begun for now.
    pub fn is_full(&self) -> bool {
        self.window.len() >= WINDOW
    }

    /// This key and all before it are settled.
    pub fn below(&self) -> Option<&str> {
        self.below.as_deref()
    }

    /// Keys behind that one which are settled too, in order.
    pub fn above(&self) -> impl Iterator<Item = &str> {
        let window = self.window.iter().filter(|(_, is_settled)| *is_settled);
        window.map(|(key, _)| key.as_str()).chain(self.ahead.iter().map(String::as_str))
    }

    fn advance(&mut self) {
        while let Some((key, true)) = self.window.front_mut() {
            self.below = Some(std::mem::take(key));
            self.window.pop_front();
            self.first += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_slow_key_holds_up_the_window_and_not_its_neighbours() {
        let mut settled = Settled::default();
        let slow = settled.begin("a").unwrap();
        let mut count = 1;
        while !settled.is_full() {
            let ticket = settled.begin("b").unwrap();
            settled.settle(ticket);
            count += 1;
        }
        assert_eq!((count, settled.below()), (WINDOW, None));
        settled.settle(slow);
        assert_eq!((settled.below(), settled.above().count()), (Some("b"), 0));
        assert!(!settled.is_full());
    }

    proptest! {
        /// Whatever is settled when a run ends, the next one begins all that is not, and nothing else;
        /// through any number of runs.
        #[test]
        fn nothing_is_lost_and_nothing_done_twice(
            runs in prop::collection::vec(prop::collection::vec((any::<bool>(), 0..8_usize), 0..30), 1..5)
        ) {
            let keys: Vec<String> = (0..30).map(|n| format!("{n:02}")).collect();
            let mut done: BTreeSet<String> = BTreeSet::new();
            let (mut below, mut above): (Option<String>, Vec<String>) = (None, Vec::new());
            for run in runs {
                let mut settled = Settled::resume(below.clone(), above.clone());
                let after = keys.iter().filter(|key| below.as_ref().is_none_or(|b| *key > b));
                let mut after = after.cloned().collect::<Vec<_>>().into_iter();
                let mut flying = Vec::new();
                for (begins, which) in run {
                    if begins {
                        if let Some(key) = after.next() {
                            match settled.begin(&key) {
                                Some(ticket) => flying.push((key, ticket)),
                                None => prop_assert!(done.contains(&key)),
                            }
                        }
                    } else if !flying.is_empty() {
                        let (key, ticket) = flying.swap_remove(which % flying.len());
                        settled.settle(ticket);
                        prop_assert!(done.insert(key), "done twice");
                    }
                }
                below = settled.below().map(ToOwned::to_owned);
                above = settled.above().map(ToOwned::to_owned).collect();
                let mut known: BTreeSet<String> = above.iter().cloned().collect();
                known.extend(keys.iter().filter(|key| below.as_ref().is_some_and(|b| *key <= b)).cloned());
                prop_assert_eq!(&known, &done);
            }
        }
    }
}
