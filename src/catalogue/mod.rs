//! The catalogue: one [`Row`] per object, its conditional writes, and the queries that read it.
//!
//! What a row says is decided by pure functions over plain values ([`Row::of_object`],
//! [`Row::tombstone`]). [`Table`] is the narrow door to where rows are kept, [`Shelves`] the one to
//! where they are listed, page by page; [`DynamoDb`] is both. A row is written only on condition
//! that nobody wrote it since it was read, neither lookbook nor a person: each write has a fresh
//! [`Revision`], and names what was [`Seen`] of the row that it replaces.
//!
//! A table is shared. A website keeps attributes of its own in a row, and may write a person's word
//! on a photo; there may be items that lookbook never wrote. So a write touches lookbook's own
//! attributes only, and what is found is read leniently: an item that is no row is written anew over
//! once its object changes, and listings skip it and say so.
//!
//! A shelf is one partition of the index, which takes about 1,000 writes a second. For more, shelves are
//! spread over several: see [`Shards`].

mod agreement;
mod census;
#[cfg(feature = "web")]
mod changes;
#[cfg(test)]
pub(crate) mod conformance;
mod count;
mod dynamodb;
mod judgement;
mod lenient;
mod listing;
mod merge;
mod names;
mod opaque;
mod page;
mod review;
mod reviewed;
mod reviewing;
mod row;
pub mod schema;
mod shards;
mod shelf;
mod shelves;
mod stamp;
mod stored;
#[cfg(test)]
#[cfg(feature = "cli")]
mod tests;
mod update;

pub use agreement::{
    Advice, Agreement, ConfidenceBin, LabelAgreement, Said, Tally, Target, TargetError, Threshold,
    at_least,
};
pub use census::{Census, Segment, Standing};
#[cfg(feature = "web")]
pub use changes::{Changed, Changes, ChangesError, ChangesPage, Since, SinceError};
pub use count::Count;
pub use dynamodb::DynamoDb;
pub use judgement::{Judgement, Maker};
pub use listing::{Listing, Skipped};
pub use page::{Cursor, CursorError, Page, Shelves};
pub use review::Review;
pub use reviewed::{ReviewedPage, ScanCursor};
pub use reviewing::{ReviewError, review};
pub use row::{Row, SCORES_KEPT, TOMBSTONE_DAYS};
pub use shards::{Shards, ShardsError};
pub use shelf::Shelf;
pub use stored::{Seen, Stored};

use serde::{Deserialize, Serialize};

use crate::code::RetryCode;
use crate::object::ObjectId;

/// Names one write of a row. A fresh one for each write.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Revision(String);

impl Revision {
    /// A random UUID.
    #[must_use]
    pub fn fresh() -> Self {
        Self(uuid::Uuid::new_v4().to_string())
    }
}

impl std::fmt::Display for Revision {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// What became of a conditional write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// The row is written.
    Done,
    /// Somebody else wrote the row first; or the answer to our own write was lost and the SDK
    /// repeated it. Only reading the row tells which.
    Lost,
}

/// Where rows are kept.
pub trait Table: Send + Sync {
    /// Reads a row, consistently: every write that was done before is seen.
    fn read(
        &self,
        object: &ObjectId,
    ) -> impl Future<Output = Result<Option<Stored>, TableError>> + Send;

    /// Writes what follows from an object in place of the row that was seen, or, with `None`, where
    /// there is none yet. What people said stays as it is in the table.
    fn write(
        &self,
        row: &Row,
        replaces: Option<&Seen>,
    ) -> impl Future<Output = Result<Written, TableError>> + Send;

    /// Writes what a person said, and the shelf that follows from it, into the row that was seen. All
    /// else stays.
    fn write_review(
        &self,
        row: &Row,
        replaces: &Seen,
    ) -> impl Future<Output = Result<Written, TableError>> + Send;
}

/// Why the table could not be used.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// There is no such table. Nothing can be done for any change.
    #[error("the table '{table}' does not exist: check its name and the region")]
    NoTable {
        /// Its name.
        table: String,
    },
    /// A request failed, after the SDK's own retries.
    #[error("the row of {image} could not be {action}: {cause}")]
    Failed {
        /// The row's key, or what was asked for.
        image: String,
        /// `read`, `written`, `listed` or `counted`.
        action: &'static str,
        /// The chain of causes.
        cause: String,
    },
    /// What is in the table is not a row. It is written anew over once its object changes.
    #[error("the item {image} is in the table, but is no row of this version of lookbook")]
    Unreadable {
        /// The row's key.
        image: String,
    },
}

impl TableError {
    /// A stable name for logs.
    #[must_use]
    pub fn code(&self) -> RetryCode {
        match self {
            Self::NoTable { .. } => RetryCode::NoTable,
            Self::Failed { .. } | Self::Unreadable { .. } => RetryCode::TableFailed,
        }
    }
}
