//! The shards of a shelf, put together again: newest first, and one position for all of them.
//!
//! The order is that of `added_at`, the newest first, then that of the shards' numbers, then the
//! index's own within a shard. So a place in it, a row's `added_at` and key and its shard's number, says
//! where each shard goes on: those before it with what is older, it itself just after the row, and
//! those after it with what is as old or older.

use std::cmp::Reverse;
use std::collections::VecDeque;

use super::Cursor;

/// Where the query of one shard begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Start<'a> {
    /// With the newest row.
    Newest,
    /// With what was added before this time.
    Before(&'a str),
    /// With what was added at this time or before.
    UpTo(&'a str),
    /// Just after the row of the cursor.
    After(&'a Cursor),
}

impl<'a> Start<'a> {
    /// Where a shard goes on after a cursor.
    pub(super) fn of(shard: u16, cursor: Option<&'a Cursor>) -> Self {
        let Some(cursor) = cursor else { return Self::Newest };
        match shard.cmp(&cursor.shard()) {
            std::cmp::Ordering::Less => Self::Before(cursor.added_at()),
            std::cmp::Ordering::Equal => Self::After(cursor),
            std::cmp::Ordering::Greater => Self::UpTo(cursor.added_at()),
        }
    }
}

/// How many items each of `shards` queries asks for. They hardly ever have equal parts of a page: twice
/// as much and two more is enough, mostly; where it is not, the page ends early.
pub(super) fn share(limit: u16, shards: u16) -> u16 {
    let share = (u32::from(limit) * 2).div_ceil(u32::from(shards.max(1))) + 2;
    u16::try_from(share).unwrap_or(u16::MAX).min(limit)
}

/// A place within a shard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub added_at: String,
    pub image: String,
}

/// What the query of one shard gave.
#[derive(Debug)]
pub(super) struct Part<T> {
    /// In the order of the shard.
    pub items: VecDeque<(Place, T)>,
    /// Where the query ended, if more may follow.
    pub cut: Option<Place>,
}

impl<T> Part<T> {
    /// When that was added which comes next: an item, or else something that is not known yet, which
    /// comes after the cut.
    fn next(&self) -> Option<&str> {
        let place = self.items.front().map(|(place, _)| place).or(self.cut.as_ref());
        place.map(|place| place.added_at.as_str())
    }
}

/// Gives the items of all shards to `take` in their order, until it has taken `limit`, nothing is left,
/// or it is not known what comes next. What `take` answers with `false` counts for nothing. Returns the
/// place after which the next page begins, with the shard's number; none if there is nothing more.
pub(super) fn merge<T>(
    mut parts: Vec<Part<T>>,
    limit: u16,
    mut take: impl FnMut(T) -> bool,
) -> Option<(u16, Place)> {
    let mut left = limit;
    let mut last = None;
    while let Some(shard) = first(&parts) {
        if left == 0 {
            return last;
        }
        let part = parts.get_mut(usize::from(shard))?;
        let Some((place, item)) = part.items.pop_front() else {
            return part.cut.take().map(|cut| (shard, cut));
        };
        left -= u16::from(take(item));
        last = Some((shard, place));
    }
    None
}

/// The shard that has what comes next.
fn first<T>(parts: &[Part<T>]) -> Option<u16> {
    let next = (0..).zip(parts).filter_map(|(shard, part)| Some((part.next()?, Reverse(shard))));
    next.max().map(|(_, Reverse(shard))| shard)
}

#[cfg(test)]
mod tests;
