//! Rows for a table on the screen: a shelf page by page, or the newest of all shelves.

use std::collections::{BTreeMap, BinaryHeap};
use std::num::NonZeroU16;
use std::ops::ControlFlow;

use time::OffsetDateTime;

use super::output;
use crate::catalogue::{DynamoDb, Listing, Shelf, Shelves, Skipped, TableError};

/// Rows in one page of a shelf. The server ends a page at 1 MB anyway.
const PAGE: NonZeroU16 = NonZeroU16::new(1000).unwrap();

/// Which rows are shown.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Selection {
    /// Only this shelf; otherwise all of them.
    pub shelf: Option<Shelf>,
    /// Only rows whose confidence is at least this.
    pub min_confidence: Option<f32>,
    /// Only rows added at or after this.
    pub since: Option<OffsetDateTime>,
    /// At most so many: the newest.
    pub limit: Option<usize>,
}

impl Selection {
    fn passes(&self, row: &Listing) -> bool {
        !self.is_older(row)
            && self
                .min_confidence
                .is_none_or(|least| row.confidence.is_some_and(|has| has >= least))
    }

    fn is_older(&self, row: &Listing) -> bool {
        self.since.is_some_and(|since| row.added_at < since)
    }
}

/// Gives the rows that pass the filter to `each`, newest first, until it breaks; and says what was no
/// row.
///
/// All shelves together have no common order in `DynamoDB`: the index is read whole, and the newest
/// `limit` rows are kept and sorted (all of them without a limit, so that memory grows with the
/// catalogue then).
pub async fn list(
    table: &DynamoDb,
    selection: &Selection,
    mut each: impl FnMut(Listing) -> ControlFlow<()>,
) -> Result<Skipped, TableError> {
    if selection.limit == Some(0) {
        return Ok(Skipped::default());
    }
    if let Some(shelf) = &selection.shelf {
        return list_shelf(table, shelf, selection, each).await;
    }
    let (rows, skipped) = newest(table, selection).await?;
    for row in rows {
        if each(row).is_break() {
            break;
        }
    }
    Ok(skipped)
}

async fn list_shelf(
    table: &impl Shelves,
    shelf: &Shelf,
    selection: &Selection,
    mut each: impl FnMut(Listing) -> ControlFlow<()>,
) -> Result<Skipped, TableError> {
    let mut skipped = Skipped::default();
    let mut left = selection.limit.unwrap_or(usize::MAX);
    // A page no larger than what is shown, unless rows of it may not be.
    let few = selection.limit.filter(|_| selection.min_confidence.is_none());
    let few = few.and_then(|limit| NonZeroU16::new(u16::try_from(limit).ok()?));
    let size = few.map_or(PAGE, |few| few.min(PAGE));
    let mut cursor = None;
    loop {
        let page = table.page(shelf, cursor.as_ref(), size).await?;
        skipped.add(page.skipped);
        for row in page.rows {
            // Newest first: all that follow are older still.
            if selection.is_older(&row) {
                return Ok(skipped);
            }
            if !selection.passes(&row) {
                continue;
            }
            left -= 1;
            if each(row).is_break() || left == 0 {
                return Ok(skipped);
            }
        }
        match page.next {
            Some(next) => cursor = Some(next),
            None => return Ok(skipped),
        }
    }
}

/// How many rows that pass the filter are on each shelf; the shelves that every catalogue has are
/// among them. The index is read whole, and no row is kept.
pub async fn counts(
    table: &DynamoDb,
    selection: &Selection,
) -> Result<(BTreeMap<Shelf, u64>, Skipped), TableError> {
    let mut counts = BTreeMap::from([(Shelf::Review, 0), (Shelf::Rejected, 0)]);
    let skipped = table
        .scan(|row| {
            if selection.passes(&row) {
                *counts.entry(row.shelf).or_default() += 1;
            }
            ControlFlow::Continue(())
        })
        .await?;
    Ok((counts, skipped))
}

/// For a shelf that nothing was found on: an error if it is misspelt. It is not if it may be empty, or
/// if its rows did not pass the other filters.
pub async fn check_shelf(table: &DynamoDb, shelf: &Shelf) -> anyhow::Result<()> {
    if may_be_empty(shelf) {
        return Ok(());
    }
    let (mut counts, _) = counts(table, &Selection::default()).await?;
    counts.retain(|_, rows| *rows > 0);
    if counts.contains_key(shelf) {
        return Ok(());
    }
    let names: Vec<&str> = counts.keys().map(Shelf::as_str).collect();
    anyhow::bail!(
        "there is no shelf `{}`: {}",
        output::shown(shelf.as_str()),
        match names.as_slice() {
            [] => "no photo is on any yet".to_owned(),
            names => format!("photos are on {}", output::shown(&names.join(", "))),
        }
    )
}

/// Whether it is no mistake to ask for a shelf with nothing on it: those that every catalogue has,
/// and the labels of the built-in model.
fn may_be_empty(shelf: &Shelf) -> bool {
    #[derive(serde::Deserialize)]
    struct Description {
        labels: Vec<String>,
    }
    let Shelf::Label(label) = shelf else {
        return true;
    };
    let model = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/model/clothing.toml"));
    toml::from_str::<Description>(model)
        .is_ok_and(|model| model.labels.iter().any(|name| name == label.as_str()))
}

async fn newest(
    table: &DynamoDb,
    selection: &Selection,
) -> Result<(Vec<Listing>, Skipped), TableError> {
    let limit = selection.limit.unwrap_or(usize::MAX);
    let mut newest = BinaryHeap::new();
    let skipped = table
        .scan(|row| {
            if selection.passes(&row) {
                newest.push(OldestFirst(row));
            }
            if newest.len() > limit {
                newest.pop();
            }
            ControlFlow::Continue(())
        })
        .await?;
    // Sorted from the least to the greatest of `OldestFirst`, that is from the newest.
    let rows = newest.into_sorted_vec().into_iter().map(|row| row.0).collect();
    Ok((rows, skipped))
}

/// Orders listings so that the oldest is the greatest; ties by key, so that the order is total.
struct OldestFirst(Listing);

impl Ord for OldestFirst {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        let key = |row: &Self| (std::cmp::Reverse(row.0.added_at), row.0.image.clone());
        key(self).cmp(&key(other))
    }
}

impl PartialOrd for OldestFirst {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for OldestFirst {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for OldestFirst {}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use time::macros::datetime;

    use super::*;
    use crate::catalogue::{Cursor, Page};

    /// A shelf of two pages with a row each, of which the second is not to be asked for.
    #[derive(Default)]
    struct TwoPages {
        asked: Mutex<usize>,
    }

    impl Shelves for TwoPages {
        async fn page(
            &self,
            shelf: &Shelf,
            _: Option<&Cursor>,
            _: NonZeroU16,
        ) -> Result<Page, TableError> {
            *self.asked.lock().unwrap() += 1;
            let row = |day: u8| {
                let row = serde_json::json!({
                    "image": "shop/a", "bucket": "shop", "key": "a", "shelf": shelf,
                    "added_at": format!("2026-01-{day:02}T00:00:00Z"),
                });
                serde_json::from_value(row).unwrap()
            };
            let next = Some(Cursor::after(shelf, "2026-01-01T00:00:00Z", "shop/a"));
            Ok(Page { rows: vec![row(3), row(2), row(1)], next, skipped: Skipped::default() })
        }
    }

    #[tokio::test]
    async fn a_shelf_is_read_no_further_than_the_first_older_row() {
        let table = TwoPages::default();
        let since = Some(datetime!(2026-01-02 0:00 UTC));
        let selection = Selection { since, ..Selection::default() };
        let mut days = Vec::new();
        let each = |row: Listing| {
            days.push(row.added_at.day());
            ControlFlow::Continue(())
        };
        list_shelf(&table, &Shelf::Review, &selection, each).await.unwrap();
        assert_eq!((days, *table.asked.lock().unwrap()), (vec![3, 2], 1));
    }

    #[test]
    fn shelves_that_may_be_empty_are_told_from_misspelt_ones() {
        for name in ["review", "rejected", "skirt", "t-shirt"] {
            assert!(may_be_empty(&name.parse().unwrap()), "{name}");
        }
        for name in ["skirts", "Skirt", "reviews"] {
            assert!(!may_be_empty(&name.parse().unwrap()), "{name}");
        }
    }
}
