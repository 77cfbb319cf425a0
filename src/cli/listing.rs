//! Rows for a table on the screen: a shelf page by page, or the newest of all shelves.

use std::collections::{BTreeSet, BinaryHeap};
use std::num::NonZeroU16;
use std::ops::ControlFlow;

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
    /// At most so many: the newest.
    pub limit: Option<usize>,
}

impl Selection {
    fn passes(&self, row: &Listing) -> bool {
        self.min_confidence.is_none_or(|least| row.confidence.is_some_and(|has| has >= least))
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
    table: &DynamoDb,
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
        for row in page.rows.into_iter().filter(|row| selection.passes(row)) {
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

/// The shelves that rows are on.
pub async fn shelves(table: &DynamoDb) -> Result<BTreeSet<Shelf>, TableError> {
    let mut shelves = BTreeSet::new();
    table
        .scan(|row| {
            shelves.insert(row.shelf);
            ControlFlow::Continue(())
        })
        .await?;
    Ok(shelves)
}

/// Whether it is no mistake to ask for a shelf with nothing on it: those that every catalogue has,
/// and the labels of the built-in model.
pub fn may_be_empty(shelf: &Shelf) -> bool {
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
    use super::*;

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
