//! A bucket, a table, a judge and a reviewer in memory, which give way at every await.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU16;
use std::sync::Mutex;
use std::task::Poll;

use bytes::Bytes;

use crate::bucket::{Body, Bucket, BucketError, Object, ObjectMeta};
use crate::catalogue::conformance::Shared;
use crate::catalogue::{
    Cursor, Judgement, Listing, Maker, Page, Review, ReviewError, Revision, Row, Shelf, Shelves,
    Table, TableError, Written, review,
};
use crate::code::{Code, Rejection};
use crate::label::Label;
use crate::object::ObjectId;
use crate::pipeline::{Cause, Fetched, Judge, Pipeline, Timings};
use crate::settings::Rules;

/// A rule that is broken, to see that the check finds out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flaw {
    /// A row does not say which sequencer it has seen.
    NoSequencer,
    /// A write does not care which row it replaces.
    NoCondition,
    /// `Unchanged` is not written.
    UnchangedNotWritten,
    /// A removed object leaves nothing.
    NoTombstone,
    /// A review applies to whatever content is there.
    ReviewOfAnyContent,
}

#[derive(Default)]
pub(super) struct World {
    pub objects: Mutex<BTreeMap<ObjectId, (ObjectMeta, Bytes)>>,
    /// Those that are in an archive, where they can be looked at but not fetched.
    pub archived: Mutex<BTreeSet<ObjectId>>,
    pub rows: Mutex<BTreeMap<String, Row>>,
    /// Of the writes to come, which lose their answer although they are done.
    pub lost_answers: Mutex<Vec<bool>>,
    /// The last review of each image: its label, and the hash of its content.
    pub reviews: Mutex<BTreeMap<String, (String, String)>>,
    /// What others keep in rows: by the row and the attribute's name.
    pub foreign: Mutex<BTreeMap<(String, String), String>>,
    pub flaw: Option<Flaw>,
}

/// Gives way once.
pub(super) async fn step() {
    let mut given = false;
    std::future::poll_fn(|cx| {
        if std::mem::replace(&mut given, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

impl Bucket for &World {
    async fn head(&self, object: &ObjectId) -> Result<Option<ObjectMeta>, BucketError> {
        step().await;
        let found = self.objects.lock().unwrap().get(object).map(|(meta, _)| meta.clone());
        step().await;
        Ok(found)
    }

    async fn get(&self, object: &ObjectId) -> Result<Option<Object>, BucketError> {
        step().await;
        let found = self.objects.lock().unwrap().get(object).cloned();
        let is_archived = self.archived.lock().unwrap().contains(object);
        step().await;
        if is_archived && found.is_some() {
            return Err(BucketError::Archived { object: object.clone() });
        }
        Ok(found.map(|(meta, bytes)| Object { meta, body: Body::from(bytes) }))
    }
}

impl Table for &World {
    async fn read(&self, object: &ObjectId) -> Result<Option<Row>, TableError> {
        step().await;
        let mut row = self.row(object);
        if let (Some(row), Some(Flaw::NoSequencer)) = (&mut row, self.flaw) {
            row.sequencer = None;
        }
        step().await;
        Ok(row)
    }

    async fn write(&self, row: &Row, replaces: Option<&Revision>) -> Result<Written, TableError> {
        step().await;
        let written = self.store(row, replaces);
        step().await;
        Ok(self.answer(written))
    }
}

/// A website: it lists shelves, and keeps attributes of its own in the rows.
impl Shelves for &World {
    async fn page(
        &self,
        shelf: &Shelf,
        cursor: Option<&Cursor>,
        limit: NonZeroU16,
    ) -> Result<Page, TableError> {
        let place = |row: &Row| (row.added_at, row.image.clone());
        let after = cursor.map(|cursor| (Some(cursor.added_at()), cursor.image().to_owned()));
        let rows = self.rows.lock().unwrap();
        let mut rows: Vec<&Row> = rows
            .values()
            .filter(|row| row.shelf.as_ref() == Some(shelf))
            .filter(|row| after.as_ref().is_none_or(|after| place(row) < *after))
            .collect();
        rows.sort_by_key(|row| Reverse(place(row)));
        let more = rows.len() > usize::from(limit.get());
        rows.truncate(limit.get().into());
        let listed = |row: &&Row| serde_json::from_value(serde_json::to_value(row).unwrap());
        let rows: Vec<Listing> = rows.iter().map(listed).collect::<Result<_, _>>().unwrap();
        let last = rows.last().filter(|_| more);
        let next = last.map(|row| Cursor::after(shelf, row.added_at, &row.image));
        Ok(Page { rows, next })
    }
}

impl Shared for &World {
    async fn set(&self, image: &str, name: &str, value: &str) {
        let place = (image.to_owned(), name.to_owned());
        self.foreign.lock().unwrap().insert(place, value.to_owned());
    }

    async fn get(&self, image: &str, name: &str) -> Option<String> {
        let place = (image.to_owned(), name.to_owned());
        self.foreign.lock().unwrap().get(&place).cloned()
    }
}

impl World {
    pub fn row(&self, object: &ObjectId) -> Option<Row> {
        self.rows.lock().unwrap().get(&object.to_string()).cloned()
    }

    fn store(&self, row: &Row, replaces: Option<&Revision>) -> Written {
        let mut rows = self.rows.lock().unwrap();
        let before = rows.get(&row.image);
        if before.map(|r| &r.revision) != replaces && self.flaw != Some(Flaw::NoCondition) {
            return Written::Lost;
        }
        let mut row = row.clone();
        match self.flaw {
            Some(Flaw::UnchangedNotWritten) if before.is_some_and(|b| is_unchanged(b, &row)) => {
                return Written::Done;
            }
            Some(Flaw::NoTombstone) if row.is_tombstone() => {
                rows.remove(&row.image);
                return Written::Done;
            }
            Some(Flaw::ReviewOfAnyContent) if !row.is_tombstone() => {
                let said = row.reviewed_label.as_ref().map(|said| said.parse().unwrap());
                row.shelf = said.or(row.shelf);
            }
            _ => {}
        }
        rows.insert(row.image.clone(), row);
        Written::Done
    }

    /// What the SDK's repeat of a write comes to whose first answer was lost.
    fn answer(&self, written: Written) -> Written {
        let lost =
            written == Written::Done && self.lost_answers.lock().unwrap().pop().unwrap_or(false);
        if lost { Written::Lost } else { written }
    }
}

fn is_unchanged(before: &Row, row: &Row) -> bool {
    !row.is_tombstone()
        && (&row.etag, &row.recipe, &row.reviewed_label)
            == (&before.etag, &before.recipe, &before.reviewed_label)
}

/// Somebody who looks at a page and says what is on a photo. Notes what was written down.
struct Reviewer<'a>(&'a World);

impl Table for Reviewer<'_> {
    async fn read(&self, object: &ObjectId) -> Result<Option<Row>, TableError> {
        self.0.read(object).await
    }

    async fn write(&self, row: &Row, replaces: Option<&Revision>) -> Result<Written, TableError> {
        step().await;
        let written = self.0.store(row, replaces);
        if let (Written::Done, Some(label), Some(sha256)) =
            (written, &row.reviewed_label, &row.reviewed_sha256)
        {
            let said = (label.clone(), sha256.clone());
            self.0.reviews.lock().unwrap().insert(row.image.clone(), said);
        }
        step().await;
        Ok(self.0.answer(written))
    }
}

/// Looks at the page of an object, and later says what is on the photo. An error says what should
/// not have been.
pub(super) async fn look_and_review(
    world: &World,
    object: ObjectId,
    label: Label,
) -> Result<(), String> {
    let page = world.row(&object);
    step().await;
    let Some(sha256) = page.and_then(|row| row.content_sha256) else { return Ok(()) };
    let word = Review::Label(label);
    match review(&Reviewer(world), &object, Some(&word), &sha256).await {
        Ok(row) if row.shelf != Some(word.into()) => {
            Err(format!("the review was taken, but the row is {row:?}"))
        }
        Ok(_) | Err(ReviewError::Gone(_) | ReviewError::Replaced(_) | ReviewError::Rivals(_)) => {
            Ok(())
        }
        Err(error) => Err(error.to_string()),
    }
}

/// Judges a content by itself: its text with the recipe's number is its label; an empty one is
/// rejected; `...` takes for ever.
pub(super) struct ByText {
    maker: Maker,
    recipe: usize,
}

impl ByText {
    /// The label of a text by the recipe of that number.
    pub fn label(text: &str, recipe: usize) -> Label {
        Label::parse(&format!("{text} by {recipe}")).unwrap()
    }
}

impl Judge for ByText {
    fn maker(&self) -> &Maker {
        &self.maker
    }

    fn max_bytes(&self) -> u64 {
        3
    }

    fn judge_size(&self, size: u64) -> Option<Judgement> {
        (size > 3).then(|| Judgement::Rejected {
            rejection: Rejection::new(Code::TooLarge, "large"),
            content_sha256: None,
        })
    }

    async fn judge(&self, fetched: Fetched, _: &mut Timings) -> Result<Judgement, Cause> {
        step().await;
        let text = String::from_utf8(fetched.bytes().to_vec()).unwrap();
        if text == "..." {
            return std::future::pending().await;
        }
        let content_sha256 = format!("sha256 of {text}");
        if text.is_empty() {
            return Ok(Judgement::Rejected {
                rejection: Rejection::new(Code::Empty, "empty"),
                content_sha256: Some(content_sha256),
            });
        }
        let label = Self::label(&text, self.recipe);
        Ok(Judgement::Classified {
            scores: vec![(label.clone(), 1.0)],
            content_sha256,
            label,
            confidence: 1.0,
            unsure: false,
            width: 1,
            height: 1,
            format: "text",
        })
    }
}

/// The function as it is deployed with the recipe of that number.
pub(super) fn pipeline(world: &World, recipe: usize) -> Pipeline<&World, &World, ByText> {
    let maker =
        Maker { model_id: "m".into(), recipe: recipe.to_string(), software: "s".to_owned() };
    let rules = Rules::parse(|_| None).unwrap();
    Pipeline::new(world, world, ByText { maker, recipe }, &rules)
}
