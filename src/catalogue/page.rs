//! The catalogue, page by page: what a website reads.

use std::fmt;
use std::num::NonZeroU16;
use std::str::FromStr;

use super::{Listing, Shelf, Skipped, TableError};
use serde::{Deserialize, Serialize};

/// Where a shelf is read.
pub trait Shelves: Send + Sync {
    /// Some rows of a shelf, newest first: those after `cursor`, or the first ones. At most
    /// `limit`, and fewer where the table ends a page early: only a missing [`Page::next`] says
    /// that no more follow.
    ///
    /// One bounded request to the table. Rows that are written meanwhile neither repeat nor hide
    /// others: a cursor is a position in the order, not a count.
    fn page(
        &self,
        shelf: &Shelf,
        cursor: Option<&Cursor>,
        limit: NonZeroU16,
    ) -> impl Future<Output = Result<Page, TableError>> + Send;
}

/// Some rows of a shelf.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// The rows, newest first.
    pub rows: Vec<Listing>,
    /// Where the next page begins, if there may be one.
    pub next: Option<Cursor>,
    /// What stands on the shelf and is no row.
    pub skipped: Skipped,
}

/// A place in the order of a shelf: just after a row, whether that row is still there or not.
///
/// Its text is opaque to who keeps it: hexadecimal digits, which need no quoting in a URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor(Position);

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Position {
    /// The version of this form.
    v: u8,
    shelf: Shelf,
    added_at: String,
    image: String,
}

/// A text that is no cursor of this version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is not a cursor: begin again with the first page")]
pub struct CursorError;

impl Cursor {
    const VERSION: u8 = 1;
    /// The longest text that is looked at: a key has 1024 bytes at most, a label 200.
    const MAX_LEN: usize = 8192;

    /// The position just after a row of that shelf: `added_at` as the table has it.
    #[must_use]
    pub fn after(shelf: &Shelf, added_at: &str, image: &str) -> Self {
        let (added_at, image) = (added_at.to_owned(), image.to_owned());
        Self(Position { v: Self::VERSION, shelf: shelf.clone(), added_at, image })
    }

    /// The shelf whose order it is a position in.
    #[must_use]
    pub fn shelf(&self) -> &Shelf {
        &self.0.shelf
    }

    /// When the row before it was added, as the table has it.
    #[must_use]
    pub fn added_at(&self) -> &str {
        &self.0.added_at
    }

    /// The row before it, `bucket/key`.
    #[must_use]
    pub fn image(&self) -> &str {
        &self.0.image
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let position = serde_json::to_vec(&self.0).map_err(|_| fmt::Error)?;
        f.write_str(&hex::encode(position))
    }
}

impl FromStr for Cursor {
    type Err = CursorError;

    fn from_str(text: &str) -> Result<Self, CursorError> {
        let bytes = Some(text).filter(|text| text.len() <= Self::MAX_LEN).map(hex::decode);
        let position: Option<Position> =
            bytes.and_then(Result::ok).and_then(|bytes| serde_json::from_slice(&bytes).ok());
        position.filter(|position| position.v == Self::VERSION).map(Self).ok_or(CursorError)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_cursor_reads_back(image in "[a-z]{3}/\\PC{1,100}", added_at in "\\PC{0,30}") {
            let cursor = Cursor::after(&Shelf::Review, &added_at, &image);
            prop_assert_eq!(cursor.to_string().parse(), Ok(cursor));
        }

        #[test]
        fn what_is_no_cursor_is_refused(text in "\\PC{0,100}") {
            prop_assert_eq!(text.parse::<Cursor>(), Err(CursorError));
        }
    }

    #[test]
    fn a_cursor_of_another_version_is_refused() {
        let cursor = Cursor::after(&Shelf::Rejected, "1970-01-01T00:00:00Z", "shop/a");
        let other = Cursor(Position { v: 2, ..cursor.0 });
        assert_eq!(other.to_string().parse::<Cursor>(), Err(CursorError));
        assert_eq!("0".repeat(10_000).parse::<Cursor>(), Err(CursorError));
    }
}
