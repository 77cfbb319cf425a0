//! The rows that people reviewed, page by page: what a model is trained on next.

use std::collections::HashMap;
use std::fmt;
use std::num::NonZeroU16;
use std::str::FromStr;

use aws_sdk_dynamodb::types::AttributeValue;
use serde::{Deserialize, Serialize};

use super::dynamodb::DynamoDb;
use super::stored::Item;
use super::{CursorError, Listing, Skipped, TableError, opaque, schema};

/// Rows that a request looks at. Few of them are reviewed, as a rule.
const LOOKED_AT: u16 = 1000;

/// Some rows that people reviewed.
#[derive(Debug, Clone, PartialEq)]
pub struct ReviewedPage {
    /// The rows, in no order. There may be none although there is a next page.
    pub rows: Vec<Listing>,
    /// Where the next page begins, if there may be one.
    pub next: Option<ScanCursor>,
    /// What looks like a reviewed row and is none.
    pub skipped: Skipped,
}

/// A place in the order in which the whole index is read, which is no order for people: just after a
/// row, whether that row is still there or not.
///
/// Its text is opaque to who keeps it: hexadecimal digits, which need no quoting in a URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScanCursor(Place);

/// A key of the index, as the table has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Place {
    /// The version of this form.
    v: u8,
    scan: [String; 3],
}

impl ScanCursor {
    const VERSION: u8 = 1;
    const KEYS: [&str; 3] = ["shelf", "added_at", "image"];

    /// The place just after an item with this key.
    fn after(item: &Item) -> Option<Self> {
        let mut scan = Self::KEYS.map(|_| String::new());
        for (text, name) in scan.iter_mut().zip(Self::KEYS) {
            item.get(name)?.as_s().ok()?.clone_into(text);
        }
        Some(Self(Place { v: Self::VERSION, scan }))
    }

    fn start_key(&self) -> Item {
        let texts = self.0.scan.iter().cloned().map(AttributeValue::S);
        Self::KEYS.into_iter().map(str::to_owned).zip(texts).collect()
    }
}

impl fmt::Display for ScanCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        opaque::write(&self.0, f)
    }
}

impl FromStr for ScanCursor {
    type Err = CursorError;

    fn from_str(text: &str) -> Result<Self, CursorError> {
        let is_place = |place: &Place| {
            place.v == Self::VERSION && place.scan.iter().all(|key| !key.is_empty())
        };
        opaque::read(text).filter(is_place).map(Self).ok_or(CursorError)
    }
}

impl DynamoDb {
    /// Some rows whose content a person reviewed, wherever they stand: those after `cursor`, or the
    /// first ones; at most `limit`.
    ///
    /// One bounded request to the table, which looks at 1,000 rows of the index, or at `limit` if that
    /// is more, or at 1 MB if that is less. So a page may have few rows, or none: only a missing
    /// [`ReviewedPage::next`] says that no more follow. Rows that are reviewed while the pages are read
    /// may be missed, or come twice if that moves them to another shelf.
    pub async fn reviewed(
        &self,
        cursor: Option<&ScanCursor>,
        limit: NonZeroU16,
    ) -> Result<ReviewedPage, TableError> {
        let answer = self
            .client
            .scan()
            .table_name(&self.table)
            .index_name(schema::INDEX)
            .filter_expression(
                "attribute_exists(reviewed_label) AND reviewed_sha256 = content_sha256",
            )
            .limit(i32::from(limit.get().max(LOOKED_AT)))
            .set_exclusive_start_key(cursor.map(ScanCursor::start_key))
            .send()
            .await
            .map_err(|e| self.error("all shelves", "listed", e))?;
        Ok(page(answer.items.unwrap_or_default(), answer.last_evaluated_key.as_ref(), limit))
    }
}

/// At most `limit` rows of those items; the rest is the next page's.
fn page(
    items: Vec<Item>,
    last_looked_at: Option<&HashMap<String, AttributeValue>>,
    limit: NonZeroU16,
) -> ReviewedPage {
    let mut page = ReviewedPage {
        rows: Vec::new(),
        next: last_looked_at.and_then(ScanCursor::after),
        skipped: Skipped::default(),
    };
    let mut items = items.into_iter();
    for item in items.by_ref() {
        let after = ScanCursor::after(&item);
        let row = page.skipped.listed(item).filter(|row| row.review().is_some());
        page.rows.extend(row);
        if page.rows.len() == usize::from(limit.get()) {
            if items.len() > 0 {
                page.next = after;
            }
            break;
        }
    }
    page
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn item(name: &str, says: &str) -> Item {
        let of = |(name, text): (&str, &str)| (name.to_owned(), AttributeValue::S(text.to_owned()));
        let (image, key) = (format!("shop/{name}"), name);
        [
            ("image", image.as_str()),
            ("bucket", "shop"),
            ("key", key),
            ("shelf", "hat"),
            ("added_at", "1970-01-01T00:00:00Z"),
            ("reviewed_label", says),
            ("reviewed_sha256", "x"),
            ("content_sha256", "x"),
        ]
        .map(of)
        .into()
    }

    #[test]
    fn what_a_page_has_no_room_for_is_the_next_ones() {
        let items = || ["a", "b", "c"].map(|name| item(name, "hat")).to_vec();
        let end = item("z", "hat");
        for (limit, last, keys, next) in [
            (2, None, "ab", Some("shop/b")),
            (2, Some(&end), "ab", Some("shop/b")),
            (3, None, "abc", None),
            (3, Some(&end), "abc", Some("shop/z")),
            (4, Some(&end), "abc", Some("shop/z")),
        ] {
            let page = page(items(), last, NonZeroU16::new(limit).unwrap());
            assert_eq!(page.rows.iter().map(|row| row.key.as_str()).collect::<String>(), keys);
            assert_eq!(page.next.as_ref().map(|next| next.0.scan[2].as_str()), next, "{limit}");
        }
    }

    #[test]
    fn only_rows_whose_review_is_one_are_given() {
        let mut foreign = item("foreign", "hat");
        foreign.remove("bucket");
        let items = vec![item("a", "review"), foreign, item("b", "rejected")];
        let page = page(items, None, NonZeroU16::MIN);
        assert_eq!(page.rows.iter().map(|row| row.key.as_str()).collect::<Vec<_>>(), ["b"]);
        let first = Some("shop/foreign".to_owned());
        assert_eq!((page.next, page.skipped), (None, Skipped { count: 1, first }));
    }

    proptest! {
        #[test]
        fn a_place_reads_back(scan in proptest::array::uniform3("\\PC{1,100}")) {
            let place = ScanCursor(Place { v: 1, scan });
            prop_assert_eq!(ScanCursor::after(&place.start_key()), Some(place.clone()));
            prop_assert_eq!(place.to_string().parse(), Ok(place));
        }

        #[test]
        fn what_is_no_place_is_refused(text in "\\PC{0,100}") {
            prop_assert_eq!(text.parse::<ScanCursor>(), Err(CursorError));
        }
    }

    #[test]
    fn a_place_of_another_kind_is_refused() {
        let place = |v, shelf: &str| Place { v, scan: [shelf, "t", "shop/a"].map(str::to_owned) };
        assert!(ScanCursor(place(1, "hat")).to_string().parse::<ScanCursor>().is_ok());
        let page = super::super::Cursor::after(&"hat".parse().unwrap(), "t", "shop/a");
        for text in [
            ScanCursor(place(2, "hat")).to_string(),
            ScanCursor(place(1, "")).to_string(),
            page.to_string(),
            "0".repeat(100_000),
        ] {
            assert_eq!(text.parse::<ScanCursor>(), Err(CursorError));
        }
    }

    #[test]
    fn the_longest_place_reads_back() {
        let scan = [2048, 1024, 2048].map(|bytes| "\u{1}".repeat(bytes));
        let place = ScanCursor(Place { v: 1, scan });
        assert_eq!(place.to_string().parse(), Ok(place));
    }
}
