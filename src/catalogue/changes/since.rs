//! How far the changes have been read.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::catalogue::opaque;

/// For how long a stream keeps what changed, in seconds.
///
/// Source: Amazon `DynamoDB` developer guide, "Change data capture for `DynamoDB` Streams".
const KEPT: i64 = 24 * 60 * 60;
/// How far clocks may be apart, with room to spare, in seconds.
const CLOCKS: i64 = 15 * 60;
/// The longest time that a round takes, in seconds.
const ROUND: i64 = 60;
/// How many bytes of iterators a position may hold. They come first, and are long.
const ITERATORS: usize = 3 * 1024;

/// How far the changes of a table have been read: a position in its stream.
///
/// Its text is opaque to who keeps it: hexadecimal digits, which need no quoting in a URL. It has a
/// few thousand of them, and at most 64 Ki. It is good for a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Since(pub(super) Position);

/// A text that is no position of this version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is no position of changes: begin anew, with a fresh position and all shelves")]
pub struct SinceError;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Position {
    /// The version of this form.
    v: u8,
    /// The stream's label, which no other stream of the table has.
    pub stream: String,
    #[serde(flatten)]
    pub round: Round,
    pub shards: Vec<Place>,
}

/// In a round, each shard is read until nothing more is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Round {
    /// When it began: seconds since the epoch.
    pub began: i64,
    /// For how many of the shards, the first ones, that is still to be done.
    pub left: usize,
}

/// How far a shard of the stream has been read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Place {
    #[serde(rename = "id")]
    pub shard: String,
    /// All before that time has been read, as far as clocks tell: seconds since the epoch.
    #[serde(rename = "t")]
    pub read_to: i64,
    /// The sequence number of the last record that was read; without one, nothing was.
    #[serde(rename = "n", default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// Records from before that time need not be told.
    #[serde(rename = "f", default, skip_serializing_if = "Option::is_none")]
    pub from: Option<i64>,
    /// Where the server goes on, for a quarter of an hour.
    #[serde(rename = "i", default, skip_serializing_if = "Option::is_none")]
    pub iterator: Option<String>,
    /// Whether the shard has been read to its very end, and its children are not known yet.
    #[serde(rename = "c", default, skip_serializing_if = "std::ops::Not::not")]
    pub is_closed: bool,
}

impl Place {
    /// The beginning of a shard whose parent has been read up to that time.
    pub fn beginning(shard: &str, read_to: i64) -> Self {
        let shard = shard.to_owned();
        Self { shard, read_to, after: None, from: None, iterator: None, is_closed: false }
    }

    /// What follows in a shard from now on: where `iterator` goes on, if there is one.
    pub fn end(shard: &str, now: i64, iterator: Option<String>) -> Self {
        Self { from: Some(now), iterator, ..Self::beginning(shard, now) }
    }

    /// Whether records that were not read may be gone.
    fn is_expired(&self, now: i64) -> bool {
        now.saturating_sub(self.read_to) > KEPT - CLOCKS
    }

    /// Whether a record from that time was there before the position was taken.
    pub fn is_old(&self, created: i64) -> bool {
        self.from.is_some_and(|from| created < from.saturating_sub(CLOCKS))
    }
}

impl Position {
    const VERSION: u8 = 1;
    /// The most shards that are read at a time: each partition of a busy table is one.
    pub const MOST: usize = 128;

    /// A position from its parts; iterators are kept as far as there is room.
    pub fn new(stream: &str, round: Round, mut shards: Vec<Place>) -> Self {
        let mut room = ITERATORS;
        for place in &mut shards {
            let length = place.iterator.as_ref().map_or(0, String::len);
            match room.checked_sub(length) {
                Some(rest) => room = rest,
                None => place.iterator = None,
            }
        }
        Self { v: Self::VERSION, stream: stream.to_owned(), round, shards }
    }

    /// The round that goes on now. What was at its end a while ago need not be now.
    pub fn round(&self, now: i64) -> Round {
        match self.round {
            Round { left: 0, .. } => Round { began: now, left: self.shards.len() },
            Round { began, .. } if now.saturating_sub(began) > ROUND => {
                Round { began: now, left: self.shards.len() }
            }
            round => round,
        }
    }

    /// Whether changes may be lost that were not read.
    pub fn is_expired(&self, now: i64) -> bool {
        self.shards.iter().any(|place| place.is_expired(now))
    }

    fn is_one(&self) -> bool {
        self.v == Self::VERSION
            && (1..=Self::MOST).contains(&self.shards.len())
            && self.round.left <= self.shards.len()
    }
}

impl fmt::Display for Since {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        opaque::write(&self.0, f)
    }
}

impl FromStr for Since {
    type Err = SinceError;

    fn from_str(text: &str) -> Result<Self, SinceError> {
        opaque::read(text).filter(Position::is_one).map(Self).ok_or(SinceError)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn place() -> impl Strategy<Value = Place> {
        let text = || "[a-zA-Z0-9+/|:-]{1,300}";
        (text(), any::<i64>(), any::<(bool, bool)>(), any::<Option<i64>>(), text()).prop_map(
            |(shard, read_to, (is_closed, has_iterator), from, iterator)| Place {
                after: has_iterator.then(|| "1".repeat(40)),
                iterator: has_iterator.then_some(iterator),
                from,
                is_closed,
                ..Place::beginning(&shard, read_to)
            },
        )
    }

    proptest! {
        #[test]
        fn a_position_reads_back(shards in proptest::collection::vec(place(), 1..20)) {
            let round = Round { began: -1, left: shards.len() / 2 };
            let since = Since(Position::new("2026-01-15T09:30:00.000", round, shards));
            prop_assert_eq!(since.to_string().parse(), Ok(since));
        }

        #[test]
        fn what_is_no_position_is_refused(text in "\\PC{0,100}") {
            prop_assert_eq!(text.parse::<Since>(), Err(SinceError));
        }
    }

    #[test]
    fn a_position_that_cannot_be_is_refused() {
        let place = || Place::beginning("shard", 0);
        let position = |left, shards: usize| {
            let round = Round { began: 0, left };
            Position::new("label", round, (0..shards).map(|_| place()).collect())
        };
        let refused = [
            position(0, 0),
            position(2, 1),
            position(0, Position::MOST + 1),
            Position { v: 2, ..position(0, 1) },
        ];
        for position in refused {
            assert_eq!(Since(position).to_string().parse::<Since>(), Err(SinceError));
        }
        assert!(Since(position(1, 1)).to_string().parse::<Since>().is_ok());
    }

    #[test]
    fn the_longest_position_reads_back() {
        // What AWS says of the lengths: identifiers up to 65 characters, sequence numbers up to 40,
        // iterators up to 2,048.
        let place = Place {
            after: Some("9".repeat(40)),
            from: Some(i64::MAX),
            iterator: Some("i".repeat(2048)),
            ..Place::beginning(&"s".repeat(65), i64::MAX)
        };
        let round = Round { began: i64::MAX, left: Position::MOST };
        let since = Since(Position::new("label", round, vec![place; Position::MOST]));
        assert!(since.0.shards[0].iterator.is_some() && since.0.shards[1].iterator.is_none());
        assert_eq!(since.to_string().parse(), Ok(since));
    }

    #[test]
    fn a_position_is_good_for_a_day() {
        let hour = 60 * 60;
        let read = [Place::beginning("a", 100 * hour), Place::beginning("b", 90 * hour)];
        let position = Position::new("label", Round { began: 0, left: 0 }, read.to_vec());
        assert!(!position.is_expired(113 * hour));
        // One of them is enough, a little before the stream forgets.
        assert!(position.is_expired(114 * hour));
    }

    #[test]
    fn a_round_begins_when_one_is_over_or_has_taken_long() {
        let of = |left, now| {
            let shards = vec![Place::beginning("a", 0), Place::beginning("b", 0)];
            let round = Position::new("label", Round { began: 100, left }, shards).round(now);
            (round.began, round.left)
        };
        assert_eq!([of(1, 160), of(1, 161), of(0, 101)], [(100, 1), (161, 2), (101, 2)]);
    }

    #[test]
    fn what_was_there_before_is_told_again_if_clocks_may_be_wrong() {
        let place = Place::end("a", 10_000, None);
        assert!(place.is_old(9_000) && !place.is_old(9_999) && !place.is_old(10_001));
        assert!(!Place::beginning("a", 10_000).is_old(0));
    }
}
