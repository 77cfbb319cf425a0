//! How many rows stand on a shelf, as far as one request tells.

use std::num::NonZeroU32;

use aws_sdk_dynamodb::types::Select;
use futures::future::try_join_all;

use super::dynamodb::DynamoDb;
use super::{Shelf, TableError};

/// How many rows stand on a shelf.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    /// The rows that were counted. Items that are no rows of lookbook's count too: they are not
    /// looked into.
    pub rows: u64,
    /// Whether these are all of them; if not, there are at least so many.
    pub is_whole: bool,
}

impl Count {
    /// A count of up to `most`: there may be `more` beside those that were counted.
    fn up_to(most: NonZeroU32, counted: u64, more: bool) -> Self {
        let most = u64::from(most.get());
        Self { rows: counted.min(most), is_whole: counted <= most && !more }
    }
}

impl DynamoDb {
    /// Counts the rows of a shelf, up to `most`.
    ///
    /// One bounded request to the table, or one for each of the shelf's [`Shards`](super::Shards) at the
    /// same time. It reads what it counts, and a request reads 1 MB at most: with rows of the usual size
    /// it counts some 2,000, and costs 128 read units then, whatever `most` says.
    pub async fn count(&self, shelf: &Shelf, most: NonZeroU32) -> Result<Count, TableError> {
        // One more tells whether `most` are all.
        let limit = i32::try_from(most.get()).unwrap_or(i32::MAX).saturating_add(1);
        let counts = (0..self.shards().get()).map(|shard| {
            let query = self.query(shelf, shard).select(Select::Count).limit(limit);
            query.send()
        });
        let counts = try_join_all(counts).await;
        let counts = counts.map_err(|e| self.error(shelf.as_str(), "counted", e))?;
        let counted = counts.iter().map(|count| u64::try_from(count.count).unwrap_or_default());
        let more = counts.iter().any(|count| count.last_evaluated_key.is_some());
        Ok(Count::up_to(most, counted.sum(), more))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_says_whether_it_is_all() {
        let of = |counted, more| {
            let count = Count::up_to(NonZeroU32::new(3).unwrap(), counted, more);
            (count.rows, count.is_whole)
        };
        assert_eq!([of(0, false), of(3, false)], [(0, true), (3, true)]);
        // One too many, and a request that ended early.
        assert_eq!([of(4, true), of(4, false), of(2, true)], [(3, false), (3, false), (2, false)]);
    }
}
