//! The catalogue, page by page: what a website reads.

use std::fmt;
use std::num::NonZeroU16;
use std::str::FromStr;

use super::{Listing, Shelf, Skipped, TableError, opaque};
use serde::{Deserialize, Serialize};

/// Where a shelf is read.
pub trait Shelves: Send + Sync {
    /// Some rows of a shelf, newest first: those after `cursor`, or the first ones. At most
    /// `limit`, and fewer where the table ends a page early: only a missing [`Page::next`] says
    /// that no more follow.
    ///
    /// One bounded request to the table, or one for each of the shelf's [`Shards`](super::Shards) at the
    /// same time. Rows that are written meanwhile neither repeat nor hide others: a cursor is a position
    /// in the order, not a count.
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
    /// The shard of the row before it; absent if that is the first, and so where there is but one.
    #[serde(default, skip_serializing_if = "is_first")]
    shard: u16,
}

// The form that serde calls.
#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_first(shard: &u16) -> bool {
    *shard == 0
}

impl Position {
    /// Whether it is of this version; and keys of the index are never empty.
    fn is_one(&self) -> bool {
        // The longest that DynamoDB takes for keys: 1,024 bytes of a sort key, 2,048 of another.
        let is_key = |text: &str, most: usize| (1..=most).contains(&text.len());
        self.v == Cursor::VERSION && is_key(&self.added_at, 1024) && is_key(&self.image, 2048)
    }
}

/// A text that is no cursor of this version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is not a cursor: begin again with the first page")]
pub struct CursorError;

impl Cursor {
    const VERSION: u8 = 1;

    /// The position just after a row of that shelf: `added_at` as the table has it.
    #[must_use]
    pub fn after(shelf: &Shelf, added_at: &str, image: &str) -> Self {
        let (added_at, image) = (added_at.to_owned(), image.to_owned());
        Self(Position { v: Self::VERSION, shelf: shelf.clone(), added_at, image, shard: 0 })
    }

    /// The same for a row in that shard of the shelf.
    #[must_use]
    pub(super) fn in_shard(mut self, shard: u16) -> Self {
        self.0.shard = shard;
        self
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

    /// The shard of the shelf that this row was in.
    pub(super) fn shard(&self) -> u16 {
        self.0.shard
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        opaque::write(&self.0, f)
    }
}

impl FromStr for Cursor {
    type Err = CursorError;

    fn from_str(text: &str) -> Result<Self, CursorError> {
        let position = opaque::read(text).filter(Position::is_one);
        position.map(Self).ok_or(CursorError)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_cursor_reads_back(image in "[a-z]{3}/\\PC{1,100}", added_at in "\\PC{1,30}", shard in 0..32_u16) {
            let cursor = Cursor::after(&Shelf::Review, &added_at, &image).in_shard(shard);
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
        assert_eq!("0".repeat(100_000).parse::<Cursor>(), Err(CursorError));
        for (added_at, image) in [("", "shop/a"), ("1970-01-01T00:00:00Z", "")] {
            let nowhere = Cursor::after(&Shelf::Review, added_at, image);
            assert_eq!(nowhere.to_string().parse::<Cursor>(), Err(CursorError));
        }
    }

    #[test]
    fn a_cursor_from_before_there_were_shards_is_one_of_the_first() {
        let text = r#"{"v":1,"shelf":"hat","added_at":"1970-01-01T00:00:00Z","image":"shop/a"}"#;
        let cursor: Cursor = hex::encode(text).parse().unwrap();
        assert_eq!(cursor.shard(), 0);
        // And it is written as then.
        assert_eq!(cursor.to_string(), hex::encode(text));
    }

    #[test]
    fn the_longest_position_reads_back() {
        // A key may be of bytes that JSON writes in six.
        let (label, key) = ("\"".repeat(200), "\u{1}".repeat(2048));
        let cursor = Cursor::after(&label.parse().unwrap(), &"\u{1}".repeat(1024), &key);
        assert_eq!(cursor.to_string().parse(), Ok(cursor));
    }
}
