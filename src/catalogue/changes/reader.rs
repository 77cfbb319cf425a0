//! Reads a stream from a position to the next.

use std::num::NonZeroU16;
use std::sync::{Mutex, PoisonError};

use futures::future::try_join_all;

use super::record::reduce;
use super::since::{Place, Position, Round};
use super::source::{Batch, Begin, Named, Next, Source, Unread};
use super::{Changed, ChangesError, Since};

/// The most shards that are read in a call, at the same time.
const AT_A_TIME: usize = 16;
/// How many batches are looked at where an iterator is asked for anew, until one has records.
///
/// A server may give empty batches before it comes to records ("`GetRecords`" in the API reference), as
/// it does at the end of a shard that is open. So many of them count as the end. Where iterators are
/// kept, each call gets further.
const LOOKS: usize = 10;

/// What changed since a position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangesPage {
    /// The changes, those of one image in order.
    pub changes: Vec<Changed>,
    /// The position after them.
    pub next: Since,
    /// Whether there may be more already.
    pub more: bool,
}

/// Reads a stream.
#[derive(Debug)]
pub(super) struct Reader<S> {
    pub source: S,
    table: String,
    /// The stream that was asked for last.
    known: Mutex<Option<Named>>,
}

/// What was read of a shard.
struct Read {
    place: Place,
    changes: Vec<Changed>,
    /// Whether nothing more was there.
    is_at_end: bool,
}

impl<S: Source> Reader<S> {
    pub fn new(source: S, table: &str) -> Self {
        Self { source, table: table.to_owned(), known: Mutex::default() }
    }

    /// The changes since a position, or the present position. `now` is in seconds since the epoch.
    pub async fn since(
        &self,
        since: Option<&Since>,
        limit: NonZeroU16,
        now: i64,
    ) -> Result<ChangesPage, ChangesError> {
        let read = match since {
            None => self.begin(now).await,
            Some(since) => self.go_on(&since.0, limit.get(), now).await,
        };
        if matches!(read, Err(ChangesError::Expired)) {
            self.remember(None);
        }
        read
    }

    /// The present end of all shards.
    async fn begin(&self, now: i64) -> Result<ChangesPage, ChangesError> {
        let Named { arn, label } = self.ask_name().await?;
        let listed = self.source.shards(&arn).await?;
        let ends: Vec<&str> = listed.ends().collect();
        if ends.is_empty() {
            return Err(ChangesError::NotReady { table: self.table.clone() });
        }
        let latest = ends.iter().take(AT_A_TIME);
        let latest = latest.map(|shard| self.source.iterator(&arn, shard, Begin::Last));
        let latest = try_join_all(latest).await?.into_iter().map(Some);
        let latest = latest.chain(std::iter::repeat(None));
        let places = ends.iter().zip(latest).map(|(shard, last)| Place::end(shard, now, last));
        self.page(Vec::new(), &label, Round { began: now, left: 0 }, places.collect())
    }

    async fn go_on(
        &self,
        position: &Position,
        limit: u16,
        now: i64,
    ) -> Result<ChangesPage, ChangesError> {
        if position.is_expired(now) {
            return Err(ChangesError::Expired);
        }
        let Named { arn, label } = self.name(&position.stream).await?;
        let mut round = position.round(now);
        let (left, ended) = position.shards.split_at(round.left);
        let at_a_time = left.len().min(AT_A_TIME).min(usize::from(limit));
        let (current, later) = left.split_at(at_a_time);
        // Each has its part of the limit: all are read at the same time.
        let each = limit / u16::try_from(at_a_time).unwrap_or(1).max(1);
        let reads = current.iter().map(|place| self.read(&arn, place.clone(), each, now));
        let reads = try_join_all(reads).await?;

        let (mut left, mut ended) = (later.to_vec(), ended.to_vec());
        let (mut changes, mut closed) = (Vec::new(), Vec::new());
        for read in reads {
            changes.extend(read.changes);
            match (read.place.is_closed, read.is_at_end) {
                (true, _) => closed.push(read.place),
                (false, true) => ended.push(read.place),
                (false, false) => left.push(read.place),
            }
        }
        if !closed.is_empty() {
            let listed = self.source.shards(&arn).await?;
            for place in closed {
                match listed.after(&place.shard) {
                    Next::Children(children) => {
                        let begin = |child| Place::beginning(child, place.read_to);
                        left.extend(children.into_iter().map(begin));
                    }
                    Next::NotYet => ended.push(place),
                    Next::Lost => return Err(ChangesError::Expired),
                }
            }
        }
        round.left = left.len();
        left.append(&mut ended);
        self.page(reduce(changes), &label, round, left)
    }

    fn page(
        &self,
        changes: Vec<Changed>,
        label: &str,
        round: Round,
        places: Vec<Place>,
    ) -> Result<ChangesPage, ChangesError> {
        let most = Position::MOST;
        if places.len() > most {
            return Err(ChangesError::TooManyShards { table: self.table.clone(), most });
        }
        let next = Since(Position::new(label, round, places));
        Ok(ChangesPage { changes, next, more: round.left > 0 })
    }

    /// Reads on in a shard.
    async fn read(
        &self,
        arn: &str,
        mut place: Place,
        limit: u16,
        now: i64,
    ) -> Result<Read, ChangesError> {
        if place.is_closed {
            return Ok(Read { place, changes: Vec::new(), is_at_end: true });
        }
        if let Some(iterator) = place.iterator.take() {
            match self.source.records(&iterator, limit).await {
                Ok(batch) => return Ok(advance(place, batch, now)),
                Err(Unread::Failed(error)) => return Err(error),
                Err(Unread::Stale) => {}
            }
        }
        let begin = place.after.as_deref().map_or(Begin::First, Begin::After);
        let mut iterator = self.source.iterator(arn, &place.shard, begin).await?;
        let mut looks = 1;
        loop {
            let batch =
                self.source.records(&iterator, limit).await.map_err(|unread| match unread {
                    Unread::Stale => ChangesError::Expired,
                    Unread::Failed(error) => error,
                })?;
            match &batch.next {
                Some(next) if batch.entries.is_empty() && looks < LOOKS => {
                    iterator.clone_from(next);
                }
                _ => return Ok(advance(place, batch, now)),
            }
            looks += 1;
        }
    }

    /// The stream with this label, if the table still has it.
    async fn name(&self, label: &str) -> Result<Named, ChangesError> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(known) = known.filter(|known| known.label == label) {
            return Ok(known);
        }
        let name = self.ask_name().await?;
        if name.label == label { Ok(name) } else { Err(ChangesError::Expired) }
    }

    async fn ask_name(&self) -> Result<Named, ChangesError> {
        let name = self.source.name().await?;
        self.remember(Some(name.clone()));
        Ok(name)
    }

    fn remember(&self, name: Option<Named>) {
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = name;
    }
}

/// The place after a batch.
fn advance(mut place: Place, batch: Batch, now: i64) -> Read {
    let is_at_end = batch.entries.is_empty();
    match batch.entries.last() {
        Some(last) => {
            place.read_to = last.created;
            place.after = Some(last.sequence.clone());
        }
        None if batch.next.is_some() => place.read_to = now,
        None => {}
    }
    let entries = batch.entries.into_iter();
    let changes = entries.filter(|entry| !place.is_old(entry.created));
    let changes = changes.filter_map(|entry| entry.change).collect();
    place.is_closed = batch.next.is_none();
    place.iterator = batch.next;
    Read { place, changes, is_at_end }
}
