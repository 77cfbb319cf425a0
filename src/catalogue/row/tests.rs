//! What a row says of an object, and how the table has it.

use std::collections::BTreeSet;

use super::*;
use crate::code::Rejection;

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

fn label(text: &str) -> Label {
    Label::parse(text).unwrap()
}

fn maker() -> Maker {
    Maker { model_id: "m".into(), recipe: "r".into(), generation: 0, software: "lookbook 0".into() }
}

fn judged(sha: &str, unsure: bool) -> Judgement {
    Judgement::Classified {
        label: label("hat"),
        confidence: 0.5,
        scores: vec![(label("hat"), 0.5), (label("shoes"), 0.5)],
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

fn made_by(maker: &Maker) -> Row {
    let now = OffsetDateTime::UNIX_EPOCH;
    Row::of_object(&object(), &meta(), judged("x", false), maker, None, None, now)
}

#[test]
fn the_shelf_follows_the_confidence() {
    assert_eq!(row(judged("x", false), "1", None).shelf, Some(Shelf::Label(label("hat"))));
    assert_eq!(row(judged("x", true), "1", None).shelf, Some(Shelf::Review));
    let rejection = Rejection::new(Code::Empty, "é".repeat(600));
    let rejected = Judgement::Rejected { rejection, content_sha256: None };
    let rejected = row(rejected, "1", None);
    assert_eq!(rejected.shelf, Some(Shelf::Rejected));
    assert_eq!(rejected.reason_code, Some(Code::Empty));
    assert!(rejected.reason.unwrap().starts_with("empty: é"));
}

#[test]
fn a_review_stands_whenever_its_content_is_there() {
    let mut reviewed = row(judged("x", true), "1", None);
    reviewed.reviewed_label = Some("skirt".into());
    reviewed.reviewed_sha256 = Some("x".into());
    let other = row(judged("y", false), "2", Some(&reviewed));
    assert_eq!(other.shelf, Some(Shelf::Label(label("hat"))));
    let gone = Row::tombstone(&object(), &maker(), None, Some(&other), OffsetDateTime::UNIX_EPOCH);
    // However long it takes until the content comes back.
    assert!(gone.is_tombstone() && gone.expires_at.is_none());
    let back = row(judged("x", false), "3", Some(&gone));
    assert_eq!(back.shelf, Some(Shelf::Label(label("skirt"))));
    assert_eq!(back.label.unwrap().as_str(), "hat");
}

#[test]
fn an_archived_object_is_looked_at_again() {
    let archived = row(Judgement::archived(&"restore it"), "1", None);
    assert_eq!(archived.shelf, Some(Shelf::Rejected));
    assert!(!archived.is_of(&meta()));
    assert!(row(judged("x", false), "1", None).is_of(&meta()));
}

#[test]
fn a_tombstone_without_a_review_goes() {
    let gone =
        |before| Row::tombstone(&object(), &maker(), None, before, OffsetDateTime::UNIX_EPOCH);
    let first = gone(None);
    assert_eq!(first.expires_at, Some(7 * 24 * 60 * 60));
    assert_eq!(gone(Some(&first)).expires_at, Some(7 * 24 * 60 * 60));
    // One that is written over somebody else's item does not take it along.
    let foreign = Row::unreadable(&object(), None, None);
    let over = gone(Some(&foreign));
    assert_eq!((over.expires_at, gone(Some(&over)).expires_at), (None, None));
}

#[test]
fn the_shelf_follows_what_a_website_says_or_takes_back() {
    let mut said = row(judged("x", false), "1", None);
    said.reviewed_label = Some("skirt".into());
    said.reviewed_sha256 = Some("x".into());
    let mut seen = said.unchanged(&meta(), &maker(), None);
    assert_eq!(seen.shelf, Some(Shelf::Label(label("skirt"))));
    seen.reviewed_label = None;
    assert_eq!(seen.unchanged(&meta(), &maker(), None).shelf, Some(Shelf::Label(label("hat"))));
}

#[test]
fn an_empty_review_is_none() {
    let mut reviewed = row(judged("x", false), "1", None);
    reviewed.reviewed_label = Some(String::new());
    reviewed.reviewed_sha256 = Some("x".into());
    let again = row(judged("x", false), "2", Some(&reviewed));
    assert_eq!(again.shelf, Some(Shelf::Label(label("hat"))));
}

#[test]
fn the_sequencer_only_grows() {
    let first = row(judged("x", false), "5", None);
    let late = row(judged("x", false), "3", Some(&first));
    assert_eq!(late.sequencer, first.sequencer);
    let none = first.unchanged(&meta(), &maker(), None);
    assert_eq!(none.sequencer, first.sequencer);
    assert_ne!(none.revision, first.revision);
    assert_eq!(Row { revision: first.revision.clone(), ..none }, first);
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
            "recipe": "r", "generation": 0, "software": "lookbook 0", "classified_at": "1970-01-01T00:00:00Z",
            "added_at": "2023-11-14T22:13:20Z",
        })
    );
}

/// An attribute that is not named is never removed, so a row could keep one that is no longer true.
#[test]
fn all_attributes_are_named() {
    let mut full = row(judged("x", true), "5", None);
    full.version_id = Some("v".into());
    full.reviewed_label = Some("skirt".into());
    full.reviewed_sha256 = Some("x".into());
    full.reviewed_at = Some(OffsetDateTime::UNIX_EPOCH);
    full.reason_code = Some(Code::Empty);
    full.reason = Some("empty: why".into());
    full.expires_at = Some(1);
    let item = serde_json::to_value(&full).unwrap();
    let names: BTreeSet<&str> = item.as_object().unwrap().keys().map(String::as_str).collect();
    let named: BTreeSet<&str> = Row::ATTRIBUTES.into_iter().chain(["image"]).collect();
    assert_eq!(names, named);
}

/// A row whose reason has a code of another version, or none, may be that of an archived object.
#[test]
fn a_reason_without_a_known_code_is_looked_at_again() {
    let rejection = Rejection::new(Code::Empty, "why");
    let rejected = row(Judgement::Rejected { rejection, content_sha256: None }, "1", None);
    assert!(rejected.is_made_by("r"));
    let mut item = serde_json::to_value(&rejected).unwrap();
    item["reason_code"] = "of another version".into();
    let other: Row = serde_json::from_value(item).unwrap();
    assert!(!other.is_made_by("r"));
}

/// A row that two generations with one recipe have looked at is the higher one's.
#[test]
fn a_row_has_the_highest_generation_of_its_recipe() {
    let of = |generation, recipe: &str| Maker { generation, recipe: recipe.into(), ..maker() };
    let row = made_by(&of(2, "r"));
    assert_eq!(row.generation, 2);
    for (maker, generation) in [(of(1, "r"), 2), (of(3, "r"), 3), (of(3, "other"), 2)] {
        assert_eq!(row.unchanged(&meta(), &maker, None).generation, generation);
    }
    assert!(row.stands_against(&of(0, "r")) && row.stands_against(&of(1, "other")));
    assert!(!row.stands_against(&of(2, "other")));
}

/// A later version rejected a photo for a reason that this one does not know: an older one does not put
/// it back on a shelf.
#[test]
fn a_higher_generations_reason_stands_though_its_code_is_not_known() {
    let rejection = Rejection::new(Code::Empty, "why");
    let judgement = Judgement::Rejected { rejection, content_sha256: Some("x".to_owned()) };
    let higher = Maker { generation: 1, recipe: "new".into(), ..maker() };
    let now = OffsetDateTime::UNIX_EPOCH;
    let row = Row::of_object(&object(), &meta(), judgement, &higher, None, None, now);
    let mut item = serde_json::to_value(&row).unwrap();
    item["reason_code"] = "of a later version".into();
    let row: Row = serde_json::from_value(item).unwrap();
    assert!(row.stands_against(&maker()));
    // But of an archived object's content nothing is known.
    let archived = Row { content_sha256: None, ..row };
    assert!(!archived.stands_against(&maker()));
}

/// Rows of before there were generations.
#[test]
fn a_row_without_a_generation_is_of_the_lowest() {
    let mut value = serde_json::to_value(made_by(&maker())).unwrap();
    value.as_object_mut().unwrap().remove("generation");
    assert_eq!(serde_json::from_value::<Row>(value).unwrap().generation, 0);
}
