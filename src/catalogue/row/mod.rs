//! The row: what the table holds about one object.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};
use time::{Duration, OffsetDateTime};

use super::{Judgement, Maker, Review, Revision, Shelf, lenient, stamp};
use crate::bucket::ObjectMeta;
use crate::code::Code;
use crate::label::Label;
use crate::object::{ETag, ObjectId, Sequencer};

/// How many scores a row keeps: the best ones.
pub const SCORES_KEPT: usize = 10;
/// How long a tombstone stays, so that slower rivals lose against it.
pub const TOMBSTONE_DAYS: i64 = 7;

/// One object's row. Its serialised form is the table's; absent attributes are not written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// The partition key: `bucket/key`.
    pub image: String,
    /// The object's bucket.
    pub bucket: String,
    /// The object's key, decoded.
    pub key: String,
    /// The object's version, in a bucket that keeps versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version_id: Option<String>,
    /// The fingerprint of the object's content; none on a tombstone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<ETag>,
    /// The object's bytes; none on a tombstone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// The greatest sequencer that this row has seen, for people to read: it decides nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sequencer: Option<Sequencer>,
    /// Names this write.
    pub revision: Revision,
    /// Where it stands for the website; none on a tombstone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shelf: Option<Shelf>,
    /// The model's top label.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<Label>,
    /// The top label's probability, 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidence: Option<f32>,
    /// The best scores: label to probability.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scores: Option<BTreeMap<Label, f32>>,
    /// Whether the confidence is below the review threshold; absent if it is not.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unsure: bool,
    /// What a person said of the content in `reviewed_sha256`: a label, or `rejected`. A website
    /// may write it too, so it is parsed where it is used ([`review`](Self::review)).
    #[serde(default, deserialize_with = "lenient::text", skip_serializing_if = "Option::is_none")]
    pub reviewed_label: Option<String>,
    /// The SHA-256 of the content that a person looked at, in hex.
    #[serde(default, deserialize_with = "lenient::text", skip_serializing_if = "Option::is_none")]
    pub reviewed_sha256: Option<String>,
    /// When a person looked at it.
    #[serde(default, with = "lenient::time", skip_serializing_if = "Option::is_none")]
    pub reviewed_at: Option<OffsetDateTime>,
    /// Why it is rejected: a stable code. One that this version does not know is read as none.
    #[serde(default, deserialize_with = "known", skip_serializing_if = "Option::is_none")]
    pub reason_code: Option<Code>,
    /// Why it is rejected, for people: the code, a colon, and a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Pixels across, upright.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub width: Option<u32>,
    /// Pixels down, upright.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub height: Option<u32>,
    /// `jpeg`, `png`, ...: told from the content.
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
    /// Where that recipe stands among others: see [`Maker::generation`]. Rows of before there were
    /// generations have none, which is the lowest.
    #[serde(default)]
    pub generation: u32,
    /// The program's name and version.
    pub software: String,
    /// When the model looked at it.
    #[serde(default, with = "stamp::option", skip_serializing_if = "Option::is_none")]
    pub classified_at: Option<OffsetDateTime>,
    /// When the object was put: its last-modified time.
    #[serde(default, with = "stamp::option", skip_serializing_if = "Option::is_none")]
    pub added_at: Option<OffsetDateTime>,
    /// When a tombstone may go: epoch seconds. None if a person's word stands in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<i64>,
}

impl Row {
    /// The names of all attributes that lookbook writes, but the key, `image`.
    pub const ATTRIBUTES: [&str; 28] = [
        "bucket",
        "key",
        "version_id",
        "etag",
        "size",
        "sequencer",
        "revision",
        "shelf",
        "label",
        "confidence",
        "scores",
        "unsure",
        "reviewed_label",
        "reviewed_sha256",
        "reviewed_at",
        "reason_code",
        "reason",
        "width",
        "height",
        "format",
        "content_sha256",
        "model_id",
        "recipe",
        "generation",
        "software",
        "classified_at",
        "added_at",
        "expires_at",
    ];

    /// Those of them that hold what a person said: only a person's word is written there.
    pub const REVIEW: [&str; 3] = ["reviewed_label", "reviewed_sha256", "reviewed_at"];

    /// The row of an object that is there, freshly judged.
    ///
    /// `before` is the row that it replaces: the sequencer only grows, and a review stays with the
    /// content that it was made for.
    #[must_use]
    pub fn of_object(
        object: &ObjectId,
        meta: &ObjectMeta,
        judgement: Judgement,
        maker: &Maker,
        sequencer: Option<&Sequencer>,
        before: Option<&Self>,
        now: OffsetDateTime,
    ) -> Self {
        let mut row = Self::bare(object, maker, sequencer, before);
        row.take_meta(meta);
        row.model_id = Some(maker.model_id.clone());
        row.recipe = Some(maker.recipe.clone());
        row.generation = maker.generation;
        row.classified_at = Some(to_seconds(now));
        match judgement {
            Judgement::Classified {
                label,
                confidence,
                scores,
                unsure,
                width,
                height,
                format,
                content_sha256,
            } => {
                row.label = Some(label);
                row.unsure = unsure;
                row.confidence = Some(confidence);
                row.scores = Some(scores.into_iter().take(SCORES_KEPT).collect());
                row.width = Some(width);
                row.height = Some(height);
                row.format = Some(format.to_owned());
                row.content_sha256 = Some(content_sha256);
            }
            Judgement::Rejected { rejection, content_sha256 } => {
                row.reason_code = Some(rejection.code);
                row.reason = Some(format!("{}: {}", rejection.code, clip(&rejection.message, 500)));
                row.content_sha256 = content_sha256;
            }
        }
        row.shelf = Some(row.shelf_of_object());
        row
    }

    /// The row of an object of whose content it says what there is to say: all that may have changed
    /// is where the object stands in time, and its recipe among others.
    #[must_use]
    pub fn unchanged(
        &self,
        meta: &ObjectMeta,
        maker: &Maker,
        sequencer: Option<&Sequencer>,
    ) -> Self {
        let mut row = self.clone();
        if self.is_made_by(&maker.recipe) {
            row.generation = row.generation.max(maker.generation);
        }
        row.revision = Revision::fresh();
        row.sequencer = newer(sequencer, self.sequencer.as_ref());
        row.take_meta(meta);
        // A website may have written a review, and left the shelf to this.
        row.shelf = Some(row.shelf_of_object());
        row
    }

    /// What is left of an object that is gone. What a person said stays with it for any time: the
    /// content may come back. So does what somebody else wrote there, where there was no row.
    #[must_use]
    pub fn tombstone(
        object: &ObjectId,
        maker: &Maker,
        sequencer: Option<&Sequencer>,
        before: Option<&Self>,
        now: OffsetDateTime,
    ) -> Self {
        let mut row = Self::bare(object, maker, sequencer, before);
        let is_kept = before.is_some_and(|row| row.is_tombstone() && row.expires_at.is_none());
        if row.reviewed_label.is_none() && !is_kept {
            row.expires_at = Some((now + Duration::days(TOMBSTONE_DAYS)).unix_timestamp());
        }
        row
    }

    /// What is known of a row that cannot be read: whose it is, and what a person said. It is like a
    /// tombstone, so that the object is looked at.
    pub(super) fn unreadable(
        object: &ObjectId,
        reviewed_label: Option<String>,
        reviewed_sha256: Option<String>,
    ) -> Self {
        let maker = Maker {
            model_id: String::new(),
            recipe: String::new(),
            generation: 0,
            software: String::new(),
        };
        Self { reviewed_label, reviewed_sha256, ..Self::bare(object, &maker, None, None) }
    }

    /// The row with a person's word on the content that it is of, or without one. The shelf
    /// follows.
    #[must_use]
    pub(super) fn reviewed(&self, review: Option<&Review>, now: OffsetDateTime) -> Self {
        let mut row = self.clone();
        row.revision = Revision::fresh();
        row.reviewed_label = review.map(ToString::to_string);
        row.reviewed_sha256 = review.and(self.content_sha256.clone());
        row.reviewed_at = review.map(|_| to_seconds(now));
        row.shelf = Some(row.shelf_of_object());
        row
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

    /// Where an object that is there stands: where a person put it, else where the model did.
    fn shelf_of_object(&self) -> Shelf {
        match (self.review(), &self.label) {
            (Some(review), _) => review.into(),
            (None, Some(_)) if self.unsure => Shelf::Review,
            (None, Some(label)) => Shelf::Label(label.clone()),
            (None, None) => Shelf::Rejected,
        }
    }

    /// Whether the object was gone when the row was written.
    #[must_use]
    pub fn is_tombstone(&self) -> bool {
        self.shelf.is_none()
    }

    /// Whether the row is that of this very content, whatever recipe made it.
    #[must_use]
    pub fn is_of(&self, meta: &ObjectMeta) -> bool {
        self.knows_content()
            && self.etag.as_ref() == Some(&meta.etag)
            && self.size == Some(meta.size)
    }

    /// Whether the row is that of the content that was judged here.
    #[must_use]
    pub fn has_content(&self, judgement: &Judgement) -> bool {
        let sha256 = judgement.content_sha256();
        sha256.is_some() && self.content_sha256.as_deref() == sha256
    }

    /// Whether the row is that of an object's content, and made by this recipe.
    #[must_use]
    pub fn is_made_by(&self, recipe: &str) -> bool {
        self.knows_content() && self.recipe.as_deref() == Some(recipe)
    }

    /// Whether this maker has nothing to say of the row's content: the row is made by its recipe, or
    /// by one of a higher generation.
    #[must_use]
    pub fn stands_against(&self, maker: &Maker) -> bool {
        // A later version's reason, whose code is not known here, is of a content if one was fetched.
        let has_said = self.knows_content() || self.content_sha256.is_some();
        let is_higher = self.generation > maker.generation && !self.is_tombstone() && has_said;
        self.is_made_by(&maker.recipe) || is_higher
    }

    /// Whether the row says what a content is. That an object was archived says nothing of its
    /// content: once it is restored, it is to be looked at.
    fn knows_content(&self) -> bool {
        // A reason whose code is not known may be just that.
        let archived = match self.reason_code {
            Some(code) => code == Code::Archived,
            None => self.reason.is_some(),
        };
        !self.is_tombstone() && !archived
    }

    fn bare(
        object: &ObjectId,
        maker: &Maker,
        sequencer: Option<&Sequencer>,
        before: Option<&Self>,
    ) -> Self {
        Self {
            image: object.to_string(),
            bucket: object.bucket().to_owned(),
            key: object.key().to_owned(),
            version_id: None,
            etag: None,
            size: None,
            sequencer: newer(sequencer, before.and_then(|row| row.sequencer.as_ref())),
            revision: Revision::fresh(),
            shelf: None,
            label: None,
            confidence: None,
            scores: None,
            unsure: false,
            reviewed_label: before.and_then(|row| row.reviewed_label.clone()),
            reviewed_sha256: before.and_then(|row| row.reviewed_sha256.clone()),
            reviewed_at: before.and_then(|row| row.reviewed_at),
            reason_code: None,
            reason: None,
            width: None,
            height: None,
            format: None,
            content_sha256: None,
            model_id: None,
            recipe: None,
            generation: 0,
            software: maker.software.clone(),
            classified_at: None,
            added_at: None,
            expires_at: None,
        }
    }

    fn take_meta(&mut self, meta: &ObjectMeta) {
        self.version_id.clone_from(&meta.version_id);
        self.etag = Some(meta.etag.clone());
        self.size = Some(meta.size);
        self.added_at = Some(to_seconds(meta.last_modified));
    }
}

/// A code of this version; another one is none.
fn known<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Code>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    Ok(text.and_then(|text| text.parse().ok()))
}

fn newer(a: Option<&Sequencer>, b: Option<&Sequencer>) -> Option<Sequencer> {
    a.max(b).cloned()
}

/// Times are kept to the second, in UTC, so that their texts sort as they do.
fn to_seconds(time: OffsetDateTime) -> OffsetDateTime {
    let utc = time.to_offset(time::UtcOffset::UTC);
    utc.replace_nanosecond(0).unwrap_or(utc)
}

fn clip(text: &str, chars: usize) -> String {
    match text.char_indices().nth(chars) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests;
