//! A person's word on a photo.

use super::{Row, Shelf, Table, TableError, Written};
use crate::event::ObjectId;

/// How often a review is begun anew when others write the row first.
const ATTEMPTS: usize = 5;

/// Why a review was not written down.
#[derive(Debug, thiserror::Error)]
pub enum ReviewError {
    /// It is not a label's name.
    #[error("'{0}' cannot be a label: give a name other than 'review' and 'rejected'")]
    Label(String),
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

/// Writes down that a person says `label` of the content with that SHA-256 (in hex), and returns the
/// row as it is now.
///
/// It applies whenever that content is there; no classification overwrites it. Another review of the
/// same object takes its place.
pub async fn review<T: Table>(
    table: &T,
    object: &ObjectId,
    label: &str,
    content_sha256: &str,
) -> Result<Row, ReviewError> {
    if label.trim().is_empty() || !matches!(Shelf::from(label.to_owned()), Shelf::Label(_)) {
        return Err(ReviewError::Label(label.to_owned()));
    }
    for _ in 0..ATTEMPTS {
        let before = table.read(object).await?.filter(|row| !row.is_tombstone());
        let before = before.ok_or_else(|| ReviewError::Gone(object.clone()))?;
        if before.content_sha256.as_deref() != Some(content_sha256) {
            return Err(ReviewError::Replaced(object.clone()));
        }
        let row = before.reviewed(label);
        if table.write(&row, Some(&before.revision)).await? == Written::Done {
            return Ok(row);
        }
        let now = table.read(object).await?;
        if now.is_some_and(|now| now.revision == row.revision) {
            // The write was done; only its answer was lost.
            return Ok(row);
        }
    }
    Err(ReviewError::Rivals(object.clone()))
}
