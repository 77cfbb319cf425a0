//! What must hold on every page, whatever a key, a label or a photo is called.

mod hostile;
mod html;
mod pages;

use time::macros::datetime;

use super::*;
use crate::catalogue::{Listing, Row};
use crate::label::Label;
use html::{Tag, tags};

/// A row as a listing has it.
pub(super) fn listing(key: &str, label: &str) -> Listing {
    Listing {
        image: format!("photos/{key}"),
        bucket: String::from("photos"),
        key: key.to_owned(),
        shelf: label.parse().unwrap(),
        label: Some(label.parse().unwrap()),
        confidence: Some(0.993),
        reviewed_label: None,
        reviewed_sha256: None,
        reviewed_at: None,
        reason_code: None,
        reason: None,
        width: Some(400),
        height: Some(533),
        format: Some(String::from("jpeg")),
        content_sha256: Some(String::from("ab12")),
        model_id: Some(String::from("7c1ad7d4b7e3a2f0")),
        recipe: Some(String::from("0f5be0a1c2d3e4f5")),
        added_at: datetime!(2025-03-04 12:00 UTC),
    }
}

/// The whole row of a photo.
fn row(key: &str, label: &str) -> Row {
    let scores = serde_json::json!({ label: 0.993, "zz": 0.005, "zy": 0.002 });
    serde_json::from_value(serde_json::json!({
        "image": format!("photos/{key}"), "bucket": "photos", "key": key, "version_id": "v1",
        "etag": "\"0123\"", "size": 48_053, "revision": "r", "shelf": label, "label": label,
        "confidence": 0.993, "scores": scores, "width": 400, "height": 533, "format": "jpeg",
        "content_sha256": "ab12", "model_id": "7c1ad7d4b7e3a2f0", "recipe": "0f5be0a1c2d3e4f5",
        "software": "lookbook 0.1.0", "classified_at": "2025-03-04T12:00:01Z",
        "added_at": "2025-03-04T12:00:00Z",
    }))
    .unwrap()
}

fn shelves(names: &[(&str, u64)]) -> Vec<ShelfCount> {
    let count = |number| Count { number, more: number == 1000 };
    let shelf = |(name, number): &(&str, u64)| ShelfCount {
        shelf: name.parse().unwrap(),
        count: count(*number),
    };
    names.iter().map(shelf).collect()
}

fn labels(names: &[&str]) -> Vec<Label> {
    names.iter().map(|name| name.parse().unwrap()).collect()
}

fn site(visitor: Visitor, label: &str, here: &str) -> Site {
    Site {
        shelves: shelves(&[(label, 1000), ("empty", 0), ("review", 1), ("rejected", 1)]),
        visitor,
        updates: Updates::Told,
        uploads: true,
        here: here.to_owned(),
    }
}

fn agreement(label: &str) -> Agreement {
    serde_json::from_value(serde_json::json!({
        "reviewed": 120, "right": 110,
        "labels": [
            {"label": label, "reviewed": 20, "right": 19, "instead": [{"said": label, "count": 1}]},
            {"label": "pants", "reviewed": 0, "right": 0},
        ],
        "confidences": [{"from": 0.5, "to": 0.6, "reviewed": 10, "right": 6}],
        "advice": {"review_below": 0.71, "share_to_review": 0.12, "rests_on": 80, "target": 0.98},
        "rows": 5000, "is_whole": false,
    }))
    .unwrap()
}

/// Every page in every form, with this text wherever a text from elsewhere can be.
fn all_pages(text: &str, visitor: Visitor) -> Vec<(&'static str, String)> {
    let label = text.trim();
    let key = format!("new in/{text}.jpg");
    let mut reviewed = listing(&key, label);
    (reviewed.reviewed_label, reviewed.reviewed_sha256) =
        (Some(String::from("skirt")), reviewed.content_sha256.clone());
    let mut rejected = listing(&key, label);
    (rejected.shelf, rejected.label, rejected.confidence) =
        ("rejected".parse().unwrap(), None, None);
    (rejected.reason_code, rejected.reason) =
        (Some(String::from("corrupt")), Some(format!("corrupt: {text}")));
    let mut wide = listing(&format!("{key}.png"), label);
    (wide.width, wide.height, wide.content_sha256) = (Some(533), Some(400), None);
    let images = vec![listing(text, label), reviewed, rejected, wide];

    let site = |here: &str| site(visitor, label, here);
    let cursor = crate::catalogue::Cursor::after(&images[0].shelf, "1970", &key);
    let strips = site("/")
        .shelves
        .into_iter()
        .map(|shelf| Strip { shelf, images: images.clone() })
        .collect();
    let shelf_page = ShelfPage {
        site: site(&format!("/shelves/{}", segment(label))),
        shelf: label.parse().unwrap(),
        images: images.clone(),
        next: Some(cursor),
        is_first: true,
        filter: Filter { min_confidence: Some(0.57), text: Some(text.to_owned()) },
        labels: labels(&[label, "skirt"]),
    };
    let empty = ShelfPage {
        images: Vec::new(),
        next: None,
        shelf: "rejected".parse().unwrap(),
        ..shelf_page.clone()
    };
    let short = ShelfPage { images: Vec::new(), is_first: false, ..shelf_page.clone() };
    let photo = PhotoPage {
        site: site(&photo_path("photos", &key)),
        row: row(&key, label),
        labels: labels(&[label, "skirt"]),
    };
    let rejected_row = Row {
        label: None,
        confidence: None,
        scores: None,
        reason: Some(format!("corrupt: {text}")),
        reason_code: Some(crate::code::Code::Corrupt),
        shelf: Some("rejected".parse().unwrap()),
        ..photo.row.clone()
    };
    let review = ReviewPage {
        site: site("/review"),
        shelf: "review".parse().unwrap(),
        labels: labels(&[label, "skirt", "7"]),
        agreement: Some(agreement(label)),
    };
    let none = Agreement { reviewed: 0, labels: Vec::new(), advice: None, ..agreement(label) };
    let other =
        ReviewPage { shelf: label.parse().unwrap(), agreement: Some(none), ..review.clone() };
    let bare = || Site::without_shelves(visitor, &format!("/?{text}"));
    let sign_in = SignInPage { site: bare(), next: text.to_owned(), error: Some(text.to_owned()) };
    let error = ErrorPage {
        site: bare(),
        status: 404,
        title: text.to_owned(),
        words: text.to_owned(),
        advice: text.to_owned(),
    };
    let gallery = Gallery { site: site("/"), strips, folder: Some(text.to_owned()) };
    let mut nothing = site("/");
    nothing.shelves = shelves(&[(label, 0), ("review", 0), ("rejected", 0)]);
    let welcome = Gallery { site: nothing, strips: Vec::new(), ..gallery.clone() };
    let bare_welcome = Gallery { folder: None, ..welcome.clone() };
    let pages = [
        ("gallery", gallery.html()),
        ("welcome", welcome.html()),
        ("bare welcome", bare_welcome.html()),
        ("shelf", shelf_page.html()),
        ("empty shelf", empty.html()),
        ("short page", short.html()),
        ("photo", photo.html()),
        ("rejected photo", PhotoPage { row: rejected_row, ..photo.clone() }.html()),
        ("review", review.html()),
        ("review of a shelf", other.html()),
        ("sign in", sign_in.html()),
        ("error", error.html()),
    ];
    pages.into_iter().map(|(name, html)| (name, html.unwrap())).collect()
}

const VISITORS: [Visitor; 4] =
    [Visitor::MayWrite, Visitor::SignedIn, Visitor::MaySignIn, Visitor::MayRead];

/// All pages for all visitors.
fn every_page(text: &str) -> impl Iterator<Item = (String, Vec<Tag>, String)> {
    VISITORS.into_iter().flat_map(move |visitor| {
        let pages = all_pages(text, visitor).into_iter();
        pages.map(move |(name, html)| (format!("{name} for {visitor:?}"), tags(&html), html))
    })
}
