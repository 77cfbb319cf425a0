//! How a person's word on a photo is written down.

use time::OffsetDateTime;

use super::{Review, Row, Table, TableError, Written};
use crate::object::ObjectId;

/// How often a review is begun anew when others write the row first.
const ATTEMPTS: usize = 5;

/// Why a review was not written down.
#[derive(Debug, thiserror::Error)]
pub enum ReviewError {
    /// There is no photo to say something of.
    #[error("{0} is not in the table, or was removed: reload the page")]
    Gone(ObjectId),
    /// The content that the person looked at is not the one that is there now.
    #[error("{0} was replaced by another photo meanwhile: reload the page and look again")]
    Replaced(ObjectId),
    /// Others wrote the row each time.
    #[error("the row of {0} was written by others {ATTEMPTS} times over: try again")]
    Rivals(ObjectId),
    /// The table could not be used.
    #[error(transparent)]
    Table(#[from] TableError),
}

/// Writes down what a person says of the content with that SHA-256 (in hex), or, with `None`, that
/// nothing is said of it any more; and returns the row as it is now.
///
/// A review applies whenever that content is there; no classification overwrites it. Another review of
/// the same object takes its place.
pub async fn review<T: Table>(
    table: &T,
    object: &ObjectId,
    review: Option<&Review>,
    content_sha256: &str,
) -> Result<Row, ReviewError> {
    for _ in 0..ATTEMPTS {
        let before = table.read(object).await?.filter(|before| !before.is_tombstone());
        let before = before.ok_or_else(|| ReviewError::Gone(object.clone()))?;
        if !before.is_readable {
            return Err(TableError::Unreadable { image: object.to_string() }.into());
        }
        if before.row.content_sha256.as_deref() != Some(content_sha256) {
            return Err(ReviewError::Replaced(object.clone()));
        }
        let row = before.row.reviewed(review, OffsetDateTime::now_utc());
        if table.write_review(&row, &before.seen).await? == Written::Done {
            return Ok(row);
        }
        let now = table.read(object).await?;
        if now.is_some_and(|now| now.row.revision == row.revision) {
            // The write was done; only its answer was lost.
            return Ok(row);
        }
    }
    Err(ReviewError::Rivals(object.clone()))
}
