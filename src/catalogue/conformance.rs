//! What every table must do. One suite, run on each one that there is: in memory, embedded, and on
//! another implementation of AWS where one is given.

use std::num::NonZeroU16;

use time::OffsetDateTime;

use super::{
    Cursor, Judgement, Listing, Maker, Review, Row, Seen, Shelf, Shelves, Table, Written, review,
};
use crate::bucket::ObjectMeta;
use crate::code::{Code, Rejection};
use crate::object::{ETag, ObjectId};

/// A table that others write to as well.
pub(crate) trait Shared: Table + Shelves {
    /// Sets an attribute of a row that is there, as a website does.
    async fn set(&self, image: &str, name: &str, value: &str);

    /// An attribute of a row, as a website sees it.
    async fn get(&self, image: &str, name: &str) -> Option<String>;
}

/// Runs the whole suite on an empty table.
pub(crate) async fn conforms(table: &impl Shared) {
    a_row_is_written_once_and_replaced_by_its_revision(table).await;
    what_a_row_does_not_say_any_more_is_gone(table).await;
    what_others_keep_in_a_row_stays(table).await;
    what_a_website_says_of_a_photo_meanwhile_is_not_overwritten(table).await;
    a_review_writes_nothing_else(table).await;
    a_shelf_is_read_page_by_page(table).await;
    pages_neither_repeat_nor_hide_rows_that_others_write_between_them(table).await;
}

pub(super) fn object(key: &str) -> ObjectId {
    ObjectId::new("shop", key).unwrap()
}

pub(super) fn maker() -> Maker {
    Maker { model_id: "m".into(), recipe: "r".into(), generation: 0, software: "lookbook 0".into() }
}

/// The row of a photo of that label, added so many seconds after the epoch.
pub(super) fn row(key: &str, label: &str, added: i64, before: Option<&Row>) -> Row {
    let judgement = Judgement::Classified {
        label: label.parse().unwrap(),
        confidence: 0.75,
        scores: vec![(label.parse().unwrap(), 0.75)],
        unsure: false,
        width: 3,
        height: 4,
        format: "jpeg",
        content_sha256: format!("sha256 of {key}"),
    };
    of(key, judgement, added, before)
}

pub(super) fn of(key: &str, judgement: Judgement, added: i64, before: Option<&Row>) -> Row {
    let meta = ObjectMeta {
        etag: ETag::new("e"),
        size: 9,
        last_modified: OffsetDateTime::from_unix_timestamp(added).unwrap(),
        version_id: None,
    };
    let now = OffsetDateTime::from_unix_timestamp(2_000_000_000).unwrap();
    Row::of_object(&object(key), &meta, judgement, &maker(), None, before, now)
}

pub(super) fn tombstone(key: &str, before: &Row) -> Row {
    Row::tombstone(&object(key), &maker(), None, Some(before), OffsetDateTime::now_utc())
}

pub(super) async fn put(table: &impl Table, row: &Row, before: Option<&Row>) {
    let replaces = before.map(Seen::of);
    let written = table.write(row, replaces.as_ref()).await.unwrap();
    assert_eq!(written, Written::Done, "{}", row.image);
}

async fn read(table: &impl Table, key: &str) -> Option<Row> {
    table.read(&object(key)).await.unwrap().map(|stored| stored.row)
}

async fn a_row_is_written_once_and_replaced_by_its_revision(table: &impl Table) {
    let key = "once.jpg";
    assert_eq!(read(table, key).await, None);
    let first = row(key, "once", 1, None);
    let rival = row(key, "rival", 1, None);
    let stranger = row(key, "stranger", 1, None);
    assert_eq!(table.write(&first, Some(&Seen::of(&rival))).await.unwrap(), Written::Lost);
    put(table, &first, None).await;
    assert_eq!(read(table, key).await.as_ref(), Some(&first));
    for lost in [None, Some(Seen::of(&stranger))] {
        assert_eq!(table.write(&rival, lost.as_ref()).await.unwrap(), Written::Lost);
        assert_eq!(read(table, key).await.as_ref(), Some(&first));
    }
    put(table, &rival, Some(&first)).await;
    assert_eq!(read(table, key).await, Some(rival));
}

async fn what_a_row_does_not_say_any_more_is_gone(table: &impl Table) {
    let key = "gone.jpg";
    let first = row(key, "gone", 1, None);
    put(table, &first, None).await;
    let rejection = Rejection::new(Code::Empty, "why");
    let judgement = Judgement::Rejected { rejection, content_sha256: None };
    let rejected = of(key, judgement, 1, Some(&first));
    let gone = tombstone(key, &rejected);
    let again = row(key, "gone", 2, Some(&gone));
    let mut before = first;
    for row in [rejected, gone, again] {
        put(table, &row, Some(&before)).await;
        assert_eq!(read(table, key).await.as_ref(), Some(&row));
        before = row;
    }
}

async fn what_others_keep_in_a_row_stays(table: &impl Shared) {
    let key = "price.jpg";
    let first = row(key, "price", 1, None);
    put(table, &first, None).await;
    table.set(&first.image, "price", "9.90").await;
    let other = row(key, "other", 1, Some(&first));
    let gone = tombstone(key, &other);
    let again = row(key, "price", 1, Some(&gone));
    let mut before = first;
    for row in [other, gone, again] {
        put(table, &row, Some(&before)).await;
        assert_eq!(table.get(&row.image, "price").await.as_deref(), Some("9.90"));
        assert_eq!(read(table, key).await.as_ref(), Some(&row));
        before = row;
    }
}

/// A website writes a review with an `UpdateItem` of its own, which knows of no revision.
async fn what_a_website_says_of_a_photo_meanwhile_is_not_overwritten(table: &impl Shared) {
    let key = "said.jpg";
    let first = row(key, "said", 1, None);
    put(table, &first, None).await;
    let seen = Seen::of(&first);
    let sha256 = format!("sha256 of {key}");
    for (name, value) in [("reviewed_label", "skirt"), ("reviewed_sha256", sha256.as_str())] {
        table.set(&first.image, name, value).await;
        let late = row(key, "late", 1, Some(&first));
        assert_eq!(table.write(&late, Some(&seen)).await.unwrap(), Written::Lost, "{name}");
    }
    let now = table.read(&object(key)).await.unwrap().unwrap();
    assert_eq!(now.row.review(), Some("skirt".parse().unwrap()));
    let next = row(key, "next", 1, Some(&now.row));
    assert_eq!(next.shelf, Some("skirt".parse().unwrap()));
    // Even a row that knows of no review leaves it where it is.
    let bare = row(key, "next", 1, None);
    for row in [&next, &bare] {
        let seen = table.read(&object(key)).await.unwrap().unwrap().seen;
        assert_eq!(table.write(row, Some(&seen)).await.unwrap(), Written::Done);
        assert_eq!(read(table, key).await.unwrap().review(), now.row.review());
    }
}

async fn a_review_writes_nothing_else(table: &impl Shared) {
    let key = "word.jpg";
    let first = row(key, "word", 1, None);
    put(table, &first, None).await;
    let sha256 = format!("sha256 of {key}");
    let word: Review = "skirt".parse().unwrap();
    let said = review(table, &object(key), Some(&word), &sha256).await.unwrap();
    let now = read(table, key).await.unwrap();
    assert_eq!((&now, now.shelf.as_ref()), (&said, Some(&word.into())));
    let cleared = review(table, &object(key), None, &sha256).await.unwrap();
    let now = read(table, key).await.unwrap();
    assert_eq!(now, cleared);
    assert_eq!(now, Row { revision: now.revision.clone(), ..first });
}

/// All rows of a shelf from a place on, by pages of `limit`.
async fn rest(
    table: &impl Shelves,
    shelf: &Shelf,
    mut cursor: Option<Cursor>,
    limit: u16,
) -> Vec<Listing> {
    let mut rows = Vec::new();
    loop {
        let limit = NonZeroU16::new(limit).unwrap();
        let page = table.page(shelf, cursor.as_ref(), limit).await.unwrap();
        assert!(page.rows.len() <= usize::from(limit.get()));
        rows.extend(page.rows);
        match page.next {
            // As it comes back from a website.
            Some(next) => cursor = Some(next.to_string().parse().unwrap()),
            None => return rows,
        }
    }
}

fn keys(rows: &[Listing]) -> Vec<&str> {
    rows.iter().map(|row| row.key.as_str()).collect()
}

async fn a_shelf_is_read_page_by_page(table: &impl Shared) {
    let shelf: Shelf = "paged".parse().unwrap();
    assert_eq!(rest(table, &shelf, None, 3).await, []);
    for added in 1..=7 {
        put(table, &row(&format!("paged-{added}.jpg"), "paged", added, None), None).await;
    }
    // Two that were added in the same second, one on another shelf, and one that was removed.
    put(table, &row("paged-7b.jpg", "paged", 7, None), None).await;
    put(table, &row("aside.jpg", "aside", 4, None), None).await;
    let removed = row("removed.jpg", "paged", 4, None);
    put(table, &removed, None).await;
    put(table, &tombstone("removed.jpg", &removed), Some(&removed)).await;
    for limit in [1, 2, 3, 8, 100] {
        let rows = rest(table, &shelf, None, limit).await;
        let mut newest = keys(&rows)[..2].to_vec();
        newest.sort_unstable();
        assert_eq!(newest, ["paged-7.jpg", "paged-7b.jpg"], "pages of {limit}");
        let older: Vec<String> = (1..=6).rev().map(|added| format!("paged-{added}.jpg")).collect();
        assert_eq!(keys(&rows)[2..], older, "pages of {limit}");
    }
    let rows = rest(table, &shelf, None, 100).await;
    let last = rows.last().unwrap();
    assert_eq!((last.width, last.confidence), (Some(3), Some(0.75)));
    assert_eq!(last.content_sha256.as_deref(), Some("sha256 of paged-1.jpg"));
    assert_eq!((last.model_id.as_deref(), last.recipe.as_deref()), (Some("m"), Some("r")));
}

async fn pages_neither_repeat_nor_hide_rows_that_others_write_between_them(table: &impl Shared) {
    let shelf: Shelf = "busy".parse().unwrap();
    let name = |added: i64| format!("busy-{added}.jpg");
    let rows: Vec<Row> = (1..=9).map(|added| row(&name(added), "busy", added, None)).collect();
    for row in &rows {
        put(table, row, None).await;
    }
    let three = NonZeroU16::new(3).unwrap();
    let first = table.page(&shelf, None, three).await.unwrap();
    assert_eq!(keys(&first.rows), ["busy-9.jpg", "busy-8.jpg", "busy-7.jpg"]);
    // The row at the cursor goes, one that was seen is written anew, and one comes before all.
    put(table, &tombstone(&name(7), &rows[6]), Some(&rows[6])).await;
    put(table, &row(&name(8), "busy", 8, Some(&rows[7])), Some(&rows[7])).await;
    put(table, &row("busy-new.jpg", "busy", 100, None), None).await;
    // Of those that were not seen, one goes, and one is written anew where it was.
    put(table, &tombstone(&name(5), &rows[4]), Some(&rows[4])).await;
    put(table, &row(&name(3), "busy", 3, Some(&rows[2])), Some(&rows[2])).await;
    let rest = rest(table, &shelf, first.next, 2).await;
    let wanted = ["busy-6.jpg", "busy-4.jpg", "busy-3.jpg", "busy-2.jpg", "busy-1.jpg"];
    assert_eq!(keys(&rest), wanted);
}
