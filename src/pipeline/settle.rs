//! How one key is settled: read the row, look at the object, write once.
//!
//! The row is read before the object is looked at, and written on condition that it is still the
//! one that was read. So whoever writes after a change was settled has read its row, looked later,
//! and seen at least that object. Every change writes, for it is the fresh revision that stops a
//! slower rival which holds an older photo.
//!
//! Nothing that an event says decides what is true. Its size is a hint of how much to hold for the
//! object; its sequencer is kept for people to read. A change that has the sequencer of the row is
//! no exception: some implementations of S3 give all events the same one, and so do the test events
//! of tutorials.

use time::OffsetDateTime;

use super::budget::{Budget, Fetched};
use super::judge::Judge;
use super::outcome::{Cause, Outcome};
use super::plan::{Scope, Work, outside};
use super::timings::{Timings, timed};
use crate::bucket::{Bucket, BucketError, Object, ObjectMeta};
use crate::catalogue::{Judgement, Row, Shelf, Table, TableError, Written};
use crate::code::RetryCode;
use crate::event::{Change, Kind};
use crate::object::ObjectId;

/// How often a key is begun anew when rivals write its row first.
const ATTEMPTS: usize = 5;
/// How often an object is opened anew because it is larger than what was held for it, or not what it
/// was a moment before.
const OPENINGS: usize = 3;

/// What settling needs.
#[derive(Debug)]
pub(super) struct Settler<'a, B, T, J> {
    pub bucket: &'a B,
    pub table: &'a T,
    pub judge: &'a J,
    pub fetched: &'a Budget,
    pub prefix: &'a str,
}

/// What was found where the change pointed.
enum Found {
    Nothing,
    /// The content that the row is of, and nothing new is to be said of it.
    Same(ObjectMeta),
    /// Other content, now judged.
    Judged(ObjectMeta, Judgement),
}

/// Why a key could not be settled.
pub(super) enum Stop {
    /// The table is missing: no change can be settled.
    NoTable(TableError),
    /// This change goes back.
    Retry(Cause),
}

impl From<TableError> for Stop {
    fn from(error: TableError) -> Self {
        match error {
            TableError::NoTable { .. } => Self::NoTable(error),
            other => Self::Retry(Cause::from(&other)),
        }
    }
}

impl From<BucketError> for Stop {
    fn from(error: BucketError) -> Self {
        Self::Retry(error.into())
    }
}

impl From<Cause> for Stop {
    fn from(cause: Cause) -> Self {
        Self::Retry(cause)
    }
}

impl<B: Bucket, T: Table, J: Judge> Settler<'_, B, T, J> {
    /// Settles the newest change of a key.
    pub async fn settle(&self, work: &Work, timings: &mut Timings) -> Result<Outcome, Stop> {
        let change = &work.change;
        let mut before = timed(&mut timings.looked, self.table.read(&change.object)).await?;
        let mut judged = None;
        for _ in 0..ATTEMPTS {
            let has_row = before.as_ref().is_some_and(|b| b.is_readable && !b.is_tombstone());
            if work.scope == Scope::Removal
                && (!has_row || self.is_there(&change.object, timings).await?)
            {
                return Ok(Outcome::Ignored { message: outside(self.prefix) });
            }
            let known = before.as_ref().map(|before| &before.row);
            let found = self.look(change, known, judged.take(), timings).await?;
            if work.scope == Scope::Removal && !matches!(found, Found::Nothing) {
                // It was put again in this moment.
                return Ok(Outcome::Ignored { message: outside(self.prefix) });
            }
            if work.scope == Scope::IfThere && !has_row && matches!(found, Found::Nothing) {
                let message = "there is no such object, and there was none".to_owned();
                return Ok(Outcome::Ignored { message });
            }
            let (row, outcome) = self.row(change, known, &found);
            let replaces = before.as_ref().map(|before| &before.seen);
            let written = timed(&mut timings.written, self.table.write(&row, replaces)).await?;
            if written == Written::Done {
                return Ok(outcome);
            }
            before = timed(&mut timings.looked, self.table.read(&change.object)).await?;
            if before.as_ref().is_some_and(|now| now.row.revision == row.revision) {
                // The write was done; only its answer was lost.
                return Ok(outcome);
            }
            // That it was archived says nothing of the content that is there next.
            judged = match found {
                Found::Judged(meta, judgement) if !judgement.is_archived() => {
                    Some((meta, judgement))
                }
                _ => None,
            };
        }
        let message =
            format!("the row of {} was written by others {ATTEMPTS} times over", change.object);
        Err(Stop::Retry(Cause::new(RetryCode::Rivals, message)))
    }

    /// Looks at the object that is there now. Content that the row or an earlier attempt knows is
    /// not fetched.
    async fn look(
        &self,
        change: &Change,
        before: Option<&Row>,
        judged: Option<(ObjectMeta, Judgement)>,
        timings: &mut Timings,
    ) -> Result<Found, Stop> {
        let known = before.filter(|row| row.stands_against(self.judge.maker()));
        let is_known = |meta: &ObjectMeta| known.is_some_and(|row| row.is_of(meta));
        // What to hold for the object until it has said its size itself.
        let mut size = match change.kind {
            Kind::Removed => 0,
            _ => change.size.unwrap_or_else(|| self.judge.max_bytes()),
        };
        if known.is_some() || judged.is_some() {
            match timed(&mut timings.looked, self.bucket.head(&change.object)).await? {
                Some(meta) if is_known(&meta) => return Ok(Found::Same(meta)),
                Some(meta) => {
                    if let Some((was, judgement)) = judged
                        && (&was.etag, was.size) == (&meta.etag, meta.size)
                    {
                        return Ok(Found::Judged(meta, judgement));
                    }
                    size = meta.size;
                }
                // GET confirms it: a HEAD cannot tell a missing object from a missing bucket.
                None => size = 0,
            }
        }
        for _ in 0..OPENINGS {
            // Held before the object is opened, so that no connection waits for room.
            let room = self.fetched.hold(size.min(self.judge.max_bytes()));
            let held = timed(&mut timings.waited, room).await;
            match timed(&mut timings.looked, self.bucket.get(&change.object)).await {
                Ok(None) => return Ok(Found::Nothing),
                Ok(Some(object)) if is_known(&object.meta) => return Ok(Found::Same(object.meta)),
                Ok(Some(Object { meta, body })) => {
                    if let Some(judgement) = self.judge.judge_size(meta.size) {
                        return Ok(Found::Judged(meta, judgement));
                    }
                    if meta.size > size {
                        size = meta.size;
                        continue;
                    }
                    let bytes = timed(&mut timings.fetched, body.read(meta.size)).await;
                    let bytes = bytes.map_err(|error| {
                        let message = format!("s3://{}: {error}", change.object);
                        Cause::new(RetryCode::BucketFailed, message)
                    })?;
                    timings.bytes += bytes.len() as u64;
                    let fetched = Fetched::new(bytes, held);
                    let judgement = self.judge.judge(fetched, timings).await?;
                    return Ok(Found::Judged(meta, judgement));
                }
                Err(error @ BucketError::Archived { .. }) => {
                    let head = self.bucket.head(&change.object);
                    match timed(&mut timings.looked, head).await? {
                        // What is known of this content is all that can be known for now, whoever
                        // found it out.
                        Some(meta) if before.is_some_and(|row| row.is_of(&meta)) => {
                            return Ok(Found::Same(meta));
                        }
                        Some(meta) => return Ok(Found::Judged(meta, Judgement::archived(&error))),
                        None => {}
                    }
                }
                Err(error) => return Err(error.into()),
            }
        }
        let message =
            format!("s3://{} was another one each time that it was opened", change.object);
        Err(Cause::new(RetryCode::BucketFailed, message).into())
    }

    /// Whether there is such an object. Only GET can say that there is none.
    async fn is_there(&self, object: &ObjectId, timings: &mut Timings) -> Result<bool, Stop> {
        if timed(&mut timings.looked, self.bucket.head(object)).await?.is_some() {
            return Ok(true);
        }
        match timed(&mut timings.looked, self.bucket.get(object)).await {
            Ok(found) => Ok(found.is_some()),
            Err(BucketError::Archived { .. }) => Ok(true),
            Err(error) => Err(error.into()),
        }
    }

    /// The row that follows from what was found.
    fn row(&self, change: &Change, before: Option<&Row>, found: &Found) -> (Row, Outcome) {
        let (object, sequencer) = (&change.object, change.sequencer.as_ref());
        let (maker, now) = (self.judge.maker(), OffsetDateTime::now_utc());
        match (found, before) {
            (Found::Same(meta), Some(row)) => {
                (row.unchanged(meta, maker, sequencer), Outcome::Unchanged)
            }
            // The same content, put again, of which a higher generation has spoken.
            (Found::Judged(meta, judgement), Some(row))
                if row.stands_against(maker) && row.has_content(judgement) =>
            {
                (row.unchanged(meta, maker, sequencer), Outcome::Unchanged)
            }
            (Found::Judged(meta, judgement), _) => {
                let row =
                    Row::of_object(object, meta, judgement.clone(), maker, sequencer, before, now);
                let outcome = outcome_of(judgement, &row);
                (row, outcome)
            }
            // `Same` is only ever found where there is a row.
            (Found::Nothing | Found::Same(_), _) => {
                (Row::tombstone(object, maker, sequencer, before, now), Outcome::Removed)
            }
        }
    }
}

fn outcome_of(judgement: &Judgement, row: &Row) -> Outcome {
    match judgement {
        Judgement::Classified { label, confidence, .. } => Outcome::Classified {
            label: label.clone(),
            confidence: *confidence,
            // The row of an object that is there has a shelf.
            shelf: row.shelf.clone().unwrap_or(Shelf::Review),
        },
        Judgement::Rejected { rejection, .. } => Outcome::Rejected(rejection.clone()),
    }
}
