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
    Cursor, Judgement, Listing, Maker, Page, Review, ReviewError, Row, Seen, Shelf, Shelves,
    Skipped, Stored, Table, TableError, Written, review,
};
use crate::code::{Code, Rejection};
use crate::label::Label;
use crate::object::ObjectId;
use crate::pipeline::{Cause, Fetched, Judge, Pipeline, Timings};
use crate::settings::Rules;

/// A rule that is broken, to see that the check finds out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flaw {
    /// A change whose sequencer is less than the row's is not looked at.
    SequencerBelieved,
    /// A write does not care which row it replaces.
    NoCondition,
    /// `Unchanged` is not written.
    UnchangedNotWritten,
    /// A removed object leaves nothing.
    NoTombstone,
    /// A review applies to whatever content is there.
    ReviewOfAnyContent,
    /// A write does not care what a person said meanwhile.
    ReviewUnseen,
    /// A tombstone takes the review with it.
    TombstoneForgets,
    /// All recipes are of one generation.
    NoGenerations,
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
    /// Writes with which a lower generation had the last word on a content.
    pub lowered: Mutex<Vec<String>>,
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
    async fn read(&self, object: &ObjectId) -> Result<Option<Stored>, TableError> {
        step().await;
        let row = self.row(object);
        step().await;
        Ok(row.map(Stored::from))
    }

    async fn write(&self, row: &Row, replaces: Option<&Seen>) -> Result<Written, TableError> {
        step().await;
        let written = self.store(row, replaces);
        step().await;
        Ok(self.answer(written))
    }

    async fn write_review(&self, row: &Row, replaces: &Seen) -> Result<Written, TableError> {
        step().await;
        let written = self.store_review(row, replaces);
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
        let text = |row: &Row| serde_json::to_value(row).unwrap()["added_at"].clone();
        let place = |row: &Row| (text(row).to_string(), row.image.clone());
        let after = cursor.map(|cursor| {
            (serde_json::Value::from(cursor.added_at()).to_string(), cursor.image().to_owned())
        });
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
        let added_at = |row: &Listing| serde_json::to_value(row).unwrap()["added_at"].clone();
        let next =
            last.map(|row| Cursor::after(shelf, added_at(row).as_str().unwrap(), &row.image));
        Ok(Page { rows, next, skipped: Skipped::default() })
    }
}

impl Shared for &World {
    async fn set(&self, image: &str, name: &str, value: &str) {
        if let Some(row) = self.rows.lock().unwrap().get_mut(image) {
            match name {
                "reviewed_label" => return row.reviewed_label = Some(value.to_owned()),
                "reviewed_sha256" => return row.reviewed_sha256 = Some(value.to_owned()),
                _ => {}
            }
        }
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

    /// Whether the row of that image is still what was seen of it.
    fn is_still(&self, rows: &BTreeMap<String, Row>, image: &str, seen: Option<&Seen>) -> bool {
        match (rows.get(image), seen) {
            (None, None) => true,
            (Some(row), Some(seen)) if self.flaw == Some(Flaw::ReviewUnseen) => {
                Seen::of(row).revision() == seen.revision()
            }
            (Some(row), Some(seen)) => Seen::of(row) == *seen,
            _ => false,
        }
    }

    fn store(&self, row: &Row, replaces: Option<&Seen>) -> Written {
        let mut rows = self.rows.lock().unwrap();
        if !self.is_still(&rows, &row.image, replaces) && self.flaw != Some(Flaw::NoCondition) {
            return Written::Lost;
        }
        let before = rows.get(&row.image);
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
        // What people said is not the pipeline's to write.
        let said = before
            .filter(|before| !(self.flaw == Some(Flaw::TombstoneForgets) && before.is_tombstone()));
        row.reviewed_label = said.and_then(|row| row.reviewed_label.clone());
        row.reviewed_sha256 = said.and_then(|row| row.reviewed_sha256.clone());
        row.reviewed_at = said.and_then(|row| row.reviewed_at);
        if let Some(before) = before
            && before.content_sha256.is_some()
            && row.content_sha256 == before.content_sha256
            && row.recipe < before.recipe
        {
            let (was, is) = (&before.recipe, &row.recipe);
            let words = format!("{}: the recipe was {was:?}, and is {is:?}", row.image);
            self.lowered.lock().unwrap().push(words);
        }
        rows.insert(row.image.clone(), row);
        Written::Done
    }

    fn store_review(&self, row: &Row, replaces: &Seen) -> Written {
        let mut rows = self.rows.lock().unwrap();
        if !self.is_still(&rows, &row.image, Some(replaces)) {
            return Written::Lost;
        }
        let Some(there) = rows.get_mut(&row.image) else { return Written::Lost };
        there.revision = row.revision.clone();
        there.shelf.clone_from(&row.shelf);
        there.reviewed_label.clone_from(&row.reviewed_label);
        there.reviewed_sha256.clone_from(&row.reviewed_sha256);
        there.reviewed_at = row.reviewed_at;
        Written::Done
    }

    /// A website that writes a review itself, on condition that the content is still the one that
    /// was looked at. It knows of no revision.
    pub fn website_reviews(&self, object: &ObjectId, label: &Label, sha256: &str) {
        let mut rows = self.rows.lock().unwrap();
        let Some(row) = rows.get_mut(&object.to_string()) else { return };
        if row.content_sha256.as_deref() == Some(sha256) {
            row.shelf = Some(Shelf::Label(label.clone()));
            row.reviewed_label = Some(label.to_string());
            row.reviewed_sha256 = Some(sha256.to_owned());
            let said = (label.to_string(), sha256.to_owned());
            self.reviews.lock().unwrap().insert(row.image.clone(), said);
        }
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
    async fn read(&self, object: &ObjectId) -> Result<Option<Stored>, TableError> {
        self.0.read(object).await
    }

    async fn write(&self, row: &Row, replaces: Option<&Seen>) -> Result<Written, TableError> {
        self.0.write(row, replaces).await
    }

    async fn write_review(&self, row: &Row, replaces: &Seen) -> Result<Written, TableError> {
        step().await;
        let written = self.0.store_review(row, replaces);
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
    by_website: bool,
) -> Result<(), String> {
    let page = world.row(&object);
    step().await;
    let Some(sha256) = page.and_then(|row| row.content_sha256) else { return Ok(()) };
    if by_website {
        world.website_reviews(&object, &label, &sha256);
        return Ok(());
    }
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
/// rejected; `...` takes for ever. A recipe's number is also its generation.
pub(super) struct ByText {
    maker: Maker,
    recipe: usize,
}

impl ByText {
    /// The judge of the recipe of that number.
    pub fn new(recipe: usize) -> Self {
        let maker = Maker {
            model_id: "m".into(),
            recipe: recipe.to_string(),
            generation: recipe.try_into().unwrap(),
            software: "s".to_owned(),
        };
        Self { maker, recipe }
    }

    /// The same, but for its generation.
    pub fn of_generation(self, generation: u32) -> Self {
        Self { maker: Maker { generation, ..self.maker }, ..self }
    }

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
    let rules = Rules::parse(|_| None).unwrap();
    let mut judge = ByText::new(recipe);
    if world.flaw == Some(Flaw::NoGenerations) {
        judge = judge.of_generation(0);
    }
    Pipeline::new(world, world, judge, &rules)
}
