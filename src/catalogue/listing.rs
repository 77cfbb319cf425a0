//! What a listing shows of a row.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::shards::gather;
use super::stored::{Item, drop_nulls};
use super::{Review, Shelf, lenient, stamp};
use crate::label::Label;

/// What a listing shows of a row: what the index projects.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Listing {
    /// `bucket/key`.
    pub image: String,
    /// The object's bucket.
    pub bucket: String,
    /// The object's key, decoded.
    pub key: String,
    /// Where it stands for the website.
    pub shelf: Shelf,
    /// The model's top label.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<Label>,
    /// Its probability.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidence: Option<f32>,
    /// What a person said of the content in `reviewed_sha256`.
    #[serde(default, deserialize_with = "lenient::text", skip_serializing_if = "Option::is_none")]
    pub reviewed_label: Option<String>,
    /// The SHA-256 of the content that a person looked at, in hex.
    #[serde(default, deserialize_with = "lenient::text", skip_serializing_if = "Option::is_none")]
    pub reviewed_sha256: Option<String>,
    /// When a person looked at it.
    #[serde(default, with = "lenient::time", skip_serializing_if = "Option::is_none")]
    pub reviewed_at: Option<OffsetDateTime>,
    /// Why it is rejected: a stable code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason_code: Option<String>,
    /// Why it is rejected, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Pixels across.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub width: Option<u32>,
    /// Pixels down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub height: Option<u32>,
    /// The image format.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    /// The SHA-256 of the content, in hex; none if it was not fetched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_sha256: Option<String>,
    /// The model that classified it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_id: Option<String>,
    /// All that can change a row, as one fingerprint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recipe: Option<String>,
    /// When the object was put.
    #[serde(with = "stamp")]
    pub added_at: OffsetDateTime,
}

impl Listing {
    /// The same without what a person said of other content, which is not what is shown.
    #[must_use]
    pub fn with_what_applies(mut self) -> Self {
        if self.review().is_none() {
            (self.reviewed_label, self.reviewed_sha256, self.reviewed_at) = (None, None, None);
        }
        self
    }

    /// What a person said of the content that is there, if somebody did.
    #[must_use]
    pub fn review(&self) -> Option<Review> {
        Review::applying(
            self.reviewed_label.as_deref(),
            self.reviewed_sha256.as_deref(),
            self.content_sha256.as_deref(),
        )
    }
}

/// What a listing met that is no row: it was left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Skipped {
    /// How many items.
    pub count: u64,
    /// The key of the first one.
    pub first: Option<String>,
}

impl Skipped {
    /// The row of an item as the index has it; one that is no row is noted.
    pub(super) fn listed(&mut self, mut item: Item) -> Option<Listing> {
        let image = item.get("image").and_then(|value| value.as_s().ok()).cloned();
        drop_nulls(&mut item);
        gather(&mut item);
        let listing = serde_dynamo::from_item(item).ok();
        if listing.is_none() {
            self.count += 1;
            self.first = self.first.take().or(image);
        }
        listing
    }

    /// Takes over what another listing met.
    pub fn add(&mut self, other: Self) {
        self.count += other.count;
        self.first = self.first.take().or(other.first);
    }

    /// What is to be said of it; none if nothing was skipped.
    #[must_use]
    pub fn words(&self) -> Option<String> {
        let first = self.first.as_deref().unwrap_or("without a name");
        match self.count {
            0 => None,
            1 => Some(format!("the item {first} is no row that lookbook wrote: left out")),
            count => Some(format!(
                "{count} items are no rows that lookbook wrote: left out (the first is {first})"
            )),
        }
    }
}
