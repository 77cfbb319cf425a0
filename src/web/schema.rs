//! What the API's answers hold of rows, for its documentation. The values are rows of the catalogue
//! themselves; a test holds the two against each other.

#![allow(dead_code, reason = "only their form is used")]

use std::collections::BTreeMap;

use utoipa::ToSchema;

/// What a listing shows of a photo.
#[derive(ToSchema)]
pub struct Listing {
    /// `bucket/key`.
    #[schema(example = "photos/hat.jpg")]
    image: String,
    /// The object's bucket.
    #[schema(example = "photos")]
    bucket: String,
    /// The object's key, decoded.
    #[schema(example = "hat.jpg")]
    key: String,
    /// A label, `review` or `rejected`.
    #[schema(example = "hat")]
    shelf: String,
    /// The model's top label.
    #[schema(nullable = false)]
    label: Option<String>,
    /// Its probability.
    #[schema(nullable = false)]
    confidence: Option<f32>,
    /// What a person said of this content: a label, or `rejected`.
    #[schema(nullable = false)]
    reviewed_label: Option<String>,
    /// The SHA-256 of the content that the person looked at, in hex.
    #[schema(nullable = false)]
    reviewed_sha256: Option<String>,
    /// When the person looked at it.
    #[schema(nullable = false, format = DateTime)]
    reviewed_at: Option<String>,
    /// Why it is rejected: a stable code.
    #[schema(nullable = false)]
    reason_code: Option<String>,
    /// Why it is rejected, for people.
    #[schema(nullable = false)]
    reason: Option<String>,
    /// Pixels across, upright.
    #[schema(nullable = false)]
    width: Option<u32>,
    /// Pixels down, upright.
    #[schema(nullable = false)]
    height: Option<u32>,
    /// The image format.
    #[schema(nullable = false, example = "jpeg")]
    format: Option<String>,
    /// The SHA-256 of the content, in hex.
    #[schema(nullable = false)]
    content_sha256: Option<String>,
    /// The model that classified it.
    #[schema(nullable = false)]
    model_id: Option<String>,
    /// All that can change a row, as one fingerprint.
    #[schema(nullable = false)]
    recipe: Option<String>,
    /// When the photo was put into the bucket.
    #[schema(format = DateTime)]
    added_at: String,
}

/// Some rows of a shelf, newest first.
#[derive(ToSchema)]
pub struct ShelfPage {
    /// Which shelf.
    shelf: String,
    /// The rows, newest first.
    images: Vec<Listing>,
    /// The cursor of the next page, if there may be one.
    #[schema(nullable = false)]
    next: Option<String>,
}

/// Some of the photos that people have reviewed.
#[derive(ToSchema)]
pub struct ReviewedPage {
    /// The rows, in no order.
    images: Vec<Listing>,
    /// The cursor of the next page, if there may be one.
    #[schema(nullable = false)]
    next: Option<String>,
}

/// All that is known of a photo.
#[derive(ToSchema)]
pub struct Row {
    #[schema(inline)]
    #[serde(flatten)]
    listing: Listing,
    /// The object's version, in a bucket that keeps versions.
    #[schema(nullable = false)]
    version_id: Option<String>,
    /// The fingerprint of the object's content.
    #[schema(nullable = false)]
    etag: Option<String>,
    /// The object's bytes.
    #[schema(nullable = false)]
    size: Option<u64>,
    /// The greatest sequencer that this row has seen.
    #[schema(nullable = false)]
    sequencer: Option<String>,
    /// Names this write of the row.
    revision: String,
    /// The ten best labels, with their probabilities.
    #[schema(nullable = false)]
    scores: Option<BTreeMap<String, f32>>,
    /// Whether the confidence is below the review threshold; absent if it is not.
    #[schema(nullable = false)]
    unsure: Option<bool>,
    /// Where the recipe stands among others: a lower generation never speaks over a higher one.
    generation: u32,
    /// The program that wrote it.
    software: String,
    /// When the model looked at it.
    #[schema(nullable = false, format = DateTime)]
    classified_at: Option<String>,
}
