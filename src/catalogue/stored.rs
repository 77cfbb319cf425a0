//! A row as the table has it, and what must still be true when it is replaced.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

use super::Row;
use super::shards::gather;
use crate::object::ObjectId;

/// The attributes of a row, as the SDK has them.
pub(super) type Item = HashMap<String, AttributeValue>;

/// A row as it was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Stored {
    /// What it says; of one that is not readable, whose it is and a person's word alone.
    pub row: Row,
    /// Whether it is a row, and not a foreign item or a row of a version that is too new.
    pub is_readable: bool,
    /// What a write in its place is conditional on.
    pub seen: Seen,
}

/// What was seen of a row: whoever replaces it does so on condition that this is still so.
///
/// That is its revision, which every write of lookbook's changes, and its review, which a website may
/// write without one.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen([Option<AttributeValue>; 3]);

impl Seen {
    const NAMES: [&str; 3] = ["revision", "reviewed_label", "reviewed_sha256"];

    fn of_item(item: &Item) -> Self {
        Self(Self::NAMES.map(|name| item.get(name).cloned()))
    }

    /// What is seen of this row once it is written, review and all.
    #[must_use]
    pub fn of(row: &Row) -> Self {
        let text = |text: &String| AttributeValue::S(text.clone());
        Self([
            Some(AttributeValue::S(row.revision.to_string())),
            row.reviewed_label.as_ref().map(text),
            row.reviewed_sha256.as_ref().map(text),
        ])
    }

    #[cfg(test)]
    pub(crate) fn revision(&self) -> Option<&AttributeValue> {
        self.0[0].as_ref()
    }

    /// The names of what was seen, with the values; none where there was nothing.
    pub(super) fn attributes(
        &self,
    ) -> impl Iterator<Item = (&'static str, Option<&AttributeValue>)> {
        Self::NAMES.into_iter().zip(self.0.iter().map(Option::as_ref))
    }
}

impl Stored {
    /// Reads an item, whatever it is.
    pub(super) fn of_item(object: &ObjectId, mut item: Item) -> Self {
        let seen = Seen::of_item(&item);
        drop_nulls(&mut item);
        gather(&mut item);
        let said = ["reviewed_label", "reviewed_sha256"]
            .map(|name| item.get(name).and_then(|value| value.as_s().ok()).cloned());
        match serde_dynamo::from_item(item) {
            Ok(row) => Self { row, is_readable: true, seen },
            Err(_) => {
                let [label, sha256] = said;
                let row = Row::unreadable(object, label, sha256);
                Self { row, is_readable: false, seen }
            }
        }
    }

    /// Whether it says that the object is gone.
    #[must_use]
    pub fn is_tombstone(&self) -> bool {
        self.is_readable && self.row.is_tombstone()
    }
}

impl From<Row> for Stored {
    /// A row just as it was written, review and all.
    fn from(row: Row) -> Self {
        Self { seen: Seen::of(&row), row, is_readable: true }
    }
}

/// An attribute that is NULL says as little as one that is missing: some clients write it for "none".
pub(super) fn drop_nulls(item: &mut Item) {
    item.retain(|_, value| !value.is_null());
}
