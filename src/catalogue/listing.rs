//! What a listing shows of a row.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::{Review, Shelf, TableError, stamp};
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
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reviewed_label: Option<String>,
    /// The SHA-256 of the content that a person looked at, in hex.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reviewed_sha256: Option<String>,
    /// When a person looked at it.
    #[serde(default, with = "stamp::option", skip_serializing_if = "Option::is_none")]
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
    /// The row of an item as the index has it.
    pub(super) fn of_item(item: HashMap<String, AttributeValue>) -> Result<Self, TableError> {
        let image = item.get("image").and_then(|v| v.as_s().ok()).cloned().unwrap_or_default();
        serde_dynamo::from_item(item)
            .map_err(|e| TableError::Unreadable { image, cause: e.to_string() })
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
