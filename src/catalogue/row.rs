//! The row: what the table holds about one object.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};

use super::judgement::ARCHIVED;
use super::{Judgement, Maker, Revision, Shelf, stamp};
use crate::bucket::ObjectMeta;
use crate::event::{ETag, ObjectId, Sequencer};

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
    /// The greatest sequencer that this row has seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sequencer: Option<Sequencer>,
    /// Names this write.
    pub revision: Revision,
    /// Where it stands for the website; none on a tombstone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shelf: Option<Shelf>,
    /// The model's top label.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// The top label's probability, 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidence: Option<f32>,
    /// The best scores: label to probability.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scores: Option<BTreeMap<String, f32>>,
    /// What a person said of the content in `reviewed_sha256`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reviewed_label: Option<String>,
    /// The SHA-256 of the content that a person looked at, in hex.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reviewed_sha256: Option<String>,
    /// Why it is rejected: a stable code, a colon, and a sentence.
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
    /// The program's name and version.
    pub software: String,
    /// When the model looked at it.
    #[serde(default, with = "stamp::option", skip_serializing_if = "Option::is_none")]
    pub classified_at: Option<OffsetDateTime>,
    /// When the object was put: its last-modified time.
    #[serde(default, with = "stamp::option", skip_serializing_if = "Option::is_none")]
    pub added_at: Option<OffsetDateTime>,
    /// When a tombstone may go: epoch seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<i64>,
}

impl Row {
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
        row.classified_at = Some(to_seconds(now));
        let shelf = match judgement {
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
                row.label = Some(label.clone());
                row.confidence = Some(confidence);
                row.scores = Some(scores.into_iter().take(SCORES_KEPT).collect());
                row.width = Some(width);
                row.height = Some(height);
                row.format = Some(format.to_owned());
                row.content_sha256 = Some(content_sha256);
                if unsure { Shelf::Review } else { Shelf::Label(label) }
            }
            Judgement::Rejected { code, message, content_sha256 } => {
                row.reason = Some(format!("{code}: {}", clip(&message, 500)));
                row.content_sha256 = content_sha256;
                Shelf::Rejected
            }
        };
        row.shelf = Some(row.reviewed_shelf().unwrap_or(shelf));
        row
    }

    /// The row of an object whose content and recipe are the same as before: all that may have
    /// changed is where the object stands in time.
    #[must_use]
    pub fn unchanged(&self, meta: &ObjectMeta, sequencer: Option<&Sequencer>) -> Self {
        let mut row = self.clone();
        row.revision = Revision::fresh();
        row.sequencer = newer(sequencer, self.sequencer.as_ref());
        row.take_meta(meta);
        row
    }

    /// What is left of an object that is gone.
    #[must_use]
    pub fn tombstone(
        object: &ObjectId,
        maker: &Maker,
        sequencer: Option<&Sequencer>,
        before: Option<&Self>,
        now: OffsetDateTime,
    ) -> Self {
        let mut row = Self::bare(object, maker, sequencer, before);
        row.expires_at = Some((now + Duration::days(TOMBSTONE_DAYS)).unix_timestamp());
        row
    }

    /// The row with a person's word on the content that it is of. The shelf follows.
    #[must_use]
    pub(super) fn reviewed(&self, label: &str) -> Self {
        let mut row = self.clone();
        row.revision = Revision::fresh();
        row.reviewed_label = Some(label.to_owned());
        row.reviewed_sha256.clone_from(&self.content_sha256);
        row.shelf = row.reviewed_shelf().or(row.shelf);
        row
    }

    /// Whether the object was gone when the row was written.
    #[must_use]
    pub fn is_tombstone(&self) -> bool {
        self.shelf.is_none()
    }

    /// Whether the row is that of this very content, made by this recipe.
    #[must_use]
    pub fn is_of(&self, meta: &ObjectMeta, recipe: &str) -> bool {
        self.is_made_by(recipe)
            && self.etag.as_ref() == Some(&meta.etag)
            && self.size == Some(meta.size)
    }

    /// Whether the row is that of an object's content, and made by this recipe. That an object was
    /// archived says nothing of its content: once it is restored, it is to be looked at.
    #[must_use]
    pub fn is_made_by(&self, recipe: &str) -> bool {
        let code = self.reason.as_deref().and_then(|reason| reason.split(':').next());
        let archived = code == Some(ARCHIVED);
        !self.is_tombstone() && !archived && self.recipe.as_deref() == Some(recipe)
    }

    /// Whether this row says the same as another; their revisions aside.
    #[must_use]
    pub fn says_the_same_as(&self, other: &Self) -> bool {
        Self { revision: other.revision.clone(), ..self.clone() } == *other
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
            reviewed_label: before.and_then(|row| row.reviewed_label.clone()),
            reviewed_sha256: before.and_then(|row| row.reviewed_sha256.clone()),
            reason: None,
            width: None,
            height: None,
            format: None,
            content_sha256: None,
            model_id: None,
            recipe: None,
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

    /// The shelf that a person chose, if it was for the content that is there.
    fn reviewed_shelf(&self) -> Option<Shelf> {
        let label = self.reviewed_label.as_ref()?;
        let applies = !label.is_empty()
            && self.reviewed_sha256.is_some()
            && self.reviewed_sha256 == self.content_sha256;
        applies.then(|| Shelf::from(label.clone()))
    }
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
mod tests {
    use super::*;

    fn object() -> ObjectId {
        ObjectId::new("shop", "a b.jpg").unwrap()
    }

    fn meta() -> ObjectMeta {
        ObjectMeta {
            etag: ETag::new("e1"),
            size: 9,
            last_modified: OffsetDateTime::from_unix_timestamp(1_700_000_000).unwrap(),
            version_id: None,
        }
    }

    fn maker() -> Maker {
        Maker { model_id: "m".into(), recipe: "r".into(), software: "lookbook 0".into() }
    }

    fn judged(sha: &str, unsure: bool) -> Judgement {
        Judgement::Classified {
            label: "hat".into(),
            confidence: 0.5,
            scores: vec![("hat".into(), 0.5), ("shoes".into(), 0.5)],
            unsure,
            width: 3,
            height: 4,
            format: "jpeg",
            content_sha256: sha.into(),
        }
    }

    fn row(judgement: Judgement, sequencer: &str, before: Option<&Row>) -> Row {
        let sequencer = sequencer.parse().ok();
        let now = OffsetDateTime::UNIX_EPOCH;
        Row::of_object(&object(), &meta(), judgement, &maker(), sequencer.as_ref(), before, now)
    }

    #[test]
    fn the_shelf_follows_the_confidence() {
        assert_eq!(row(judged("x", false), "1", None).shelf, Some(Shelf::Label("hat".into())));
        assert_eq!(row(judged("x", true), "1", None).shelf, Some(Shelf::Review));
        let rejected =
            Judgement::Rejected { code: "empty", message: "é".repeat(600), content_sha256: None };
        let rejected = row(rejected, "1", None);
        assert_eq!(rejected.shelf, Some(Shelf::Rejected));
        assert!(rejected.reason.unwrap().starts_with("empty: é"));
    }

    #[test]
    fn a_review_stands_whenever_its_content_is_there() {
        let mut reviewed = row(judged("x", true), "1", None);
        reviewed.reviewed_label = Some("skirt".into());
        reviewed.reviewed_sha256 = Some("x".into());
        let other = row(judged("y", false), "2", Some(&reviewed));
        assert_eq!(other.shelf, Some(Shelf::Label("hat".into())));
        let gone =
            Row::tombstone(&object(), &maker(), None, Some(&other), OffsetDateTime::UNIX_EPOCH);
        assert!(gone.is_tombstone());
        let back = row(judged("x", false), "3", Some(&gone));
        assert_eq!(back.shelf, Some(Shelf::Label("skirt".into())));
        assert_eq!(back.label.as_deref(), Some("hat"));
    }

    #[test]
    fn an_archived_object_is_looked_at_again() {
        let archived = row(Judgement::archived(&"restore it"), "1", None);
        assert_eq!(archived.shelf, Some(Shelf::Rejected));
        assert!(!archived.is_of(&meta(), "r"));
        assert!(row(judged("x", false), "1", None).is_of(&meta(), "r"));
    }

    #[test]
    fn an_empty_review_is_none() {
        let mut reviewed = row(judged("x", false), "1", None);
        reviewed.reviewed_label = Some(String::new());
        reviewed.reviewed_sha256 = Some("x".into());
        let again = row(judged("x", false), "2", Some(&reviewed));
        assert_eq!(again.shelf, Some(Shelf::Label("hat".into())));
    }

    #[test]
    fn the_sequencer_only_grows() {
        let first = row(judged("x", false), "5", None);
        let late = row(judged("x", false), "3", Some(&first));
        assert_eq!(late.sequencer, first.sequencer);
        let none = first.unchanged(&meta(), None);
        assert_eq!(none.sequencer, first.sequencer);
        assert_ne!(none.revision, first.revision);
        assert!(none.says_the_same_as(&first));
    }

    #[test]
    fn a_row_survives_the_table() {
        for row in [
            row(judged("x", false), "5", None),
            Row::tombstone(&object(), &maker(), None, None, OffsetDateTime::UNIX_EPOCH),
        ] {
            let item: serde_dynamo::Item = serde_dynamo::to_item(&row).unwrap();
            assert!(item.inner().values().all(|v| *v != serde_dynamo::AttributeValue::Null(true)));
            assert_eq!(serde_dynamo::from_item::<_, Row>(item).unwrap(), row);
        }
    }

    #[test]
    fn the_tables_form_is_stable() {
        let mut row = row(judged("x", false), "5", None);
        row.revision = Revision("rev".into());
        assert_eq!(
            serde_json::to_value(&row).unwrap(),
            serde_json::json!({
                "image": "shop/a b.jpg", "bucket": "shop", "key": "a b.jpg", "etag": "e1", "size": 9,
                "sequencer": "50000000000000000000000000000000", "revision": "rev", "shelf": "hat",
                "label": "hat", "confidence": 0.5, "scores": {"hat": 0.5, "shoes": 0.5},
                "width": 3, "height": 4, "format": "jpeg", "content_sha256": "x", "model_id": "m",
                "recipe": "r", "software": "lookbook 0", "classified_at": "1970-01-01T00:00:00Z",
                "added_at": "2023-11-14T22:13:20Z",
            })
        );
    }
}
