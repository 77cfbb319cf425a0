//! A stream in memory, whose shards split and close, whose iterators expire, and which forgets; and a
//! cache that follows it.

use std::collections::BTreeMap;
use std::num::NonZeroU16;
use std::sync::Mutex;
use std::task::{Context, Poll, Waker};

use proptest::prelude::*;

use super::reader::Reader;
use super::source::{Batch, Begin, Entry, Listed, Named, Shard, Source, Unread};
use super::*;

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const KEPT: i64 = 24 * HOUR;
/// Images are numbered from 0 up to this.
const IMAGES: u32 = 8;

#[derive(Debug, Clone)]
struct Written {
    image: u32,
    version: u32,
    at: i64,
    number: u64,
}

#[derive(Debug, Clone)]
struct OfImages {
    parent: Option<usize>,
    /// Which images it has: from the first up to, without, the second.
    images: (u32, u32),
    records: Vec<Written>,
    opened_at: i64,
    closed_at: Option<i64>,
}

impl OfImages {
    fn open(parent: Option<usize>, images: (u32, u32), opened_at: i64) -> Self {
        Self { parent, images, records: Vec::new(), opened_at, closed_at: None }
    }

    /// The place of the first record that is still kept.
    fn kept_from(&self, now: i64) -> usize {
        self.records.iter().take_while(|record| record.at < now - KEPT).count()
    }

    fn is_kept(&self, now: i64) -> bool {
        self.closed_at.is_none_or(|closed| closed >= now - KEPT)
    }
}

/// A table and its stream.
#[derive(Debug)]
struct World {
    now: i64,
    label: String,
    is_on: bool,
    number: u64,
    shards: Vec<OfImages>,
    /// The versions of the images in the table.
    table: BTreeMap<u32, u32>,
    /// How many empty batches the server gives before it comes to some of the records.
    gap: usize,
}

impl World {
    fn new(gap: usize) -> Self {
        let now = 100 * HOUR;
        Self {
            now,
            label: "first".to_owned(),
            is_on: true,
            number: 0,
            shards: vec![OfImages::open(None, (0, IMAGES), now)],
            table: BTreeMap::new(),
            gap,
        }
    }

    /// The shard that is open for an image.
    fn open(&self, image: u32) -> usize {
        let has = |shard: &OfImages| {
            shard.closed_at.is_none() && (shard.images.0..shard.images.1).contains(&image)
        };
        self.shards.iter().position(has).unwrap()
    }

    fn write(&mut self, image: u32) {
        self.number += 1;
        let version = self.table.entry(image).or_default();
        *version += 1;
        let written = Written { image, version: *version, at: self.now, number: self.number };
        let shard = self.open(image);
        self.shards[shard].records.push(written);
    }

    /// Closes a shard, and opens what follows: two, or another of the same image.
    fn split(&mut self, parent: usize) {
        let now = self.now;
        self.shards[parent].closed_at = Some(now);
        let (from, to) = self.shards[parent].images;
        let middle = from + (to - from) / 2;
        for images in [(from, middle), (middle, to)].into_iter().filter(|(from, to)| from < to) {
            self.shards.push(OfImages::open(Some(parent), images, now));
        }
    }

    /// Lets time pass. No shard is open for more than four hours.
    fn wait(&mut self, seconds: i64) {
        let until = self.now + seconds;
        while self.now < until {
            self.now = until.min(self.now + HOUR);
            for shard in 0..self.shards.len() {
                let OfImages { opened_at, closed_at, .. } = self.shards[shard];
                if closed_at.is_none() && self.now - opened_at >= 4 * HOUR {
                    self.split(shard);
                }
            }
        }
    }
}

/// An iterator of this world: its shard, the place of the next record, how much of a gap before that is
/// behind it, and when it was given.
fn iterator(shard: usize, place: usize, passed: usize, now: i64) -> String {
    format!("{shard}|{place}|{passed}|{now}")
}

impl Source for Mutex<World> {
    async fn name(&self) -> Result<Named, ChangesError> {
        let label = self.lock().unwrap().label.clone();
        Ok(Named { arn: format!("arn:{label}"), label })
    }

    async fn shards(&self, _: &str) -> Result<Listed, ChangesError> {
        let world = self.lock().unwrap();
        let kept = (0..).zip(&world.shards).filter(|(_, shard)| shard.is_kept(world.now));
        let shards = kept.map(|(id, shard): (usize, _)| Shard {
            id: id.to_string(),
            parent: shard.parent.map(|id| id.to_string()),
        });
        Ok(Listed { is_on: world.is_on, shards: shards.collect() })
    }

    async fn iterator(
        &self,
        _: &str,
        shard: &str,
        begin: Begin<'_>,
    ) -> Result<String, ChangesError> {
        let world = self.lock().unwrap();
        let id: usize = shard.parse().unwrap();
        let shard = &world.shards[id];
        if !shard.is_kept(world.now) {
            return Err(ChangesError::Expired);
        }
        let kept_from = shard.kept_from(world.now);
        let place = match begin {
            Begin::First => kept_from,
            Begin::Last => shard.records.len(),
            Begin::After(number) => {
                let number: u64 = number.parse().unwrap();
                let last = shard.records.iter().position(|record| record.number == number);
                let place = last.unwrap() + 1;
                if place <= kept_from && kept_from > 0 {
                    return Err(ChangesError::Expired);
                }
                place
            }
        };
        Ok(iterator(id, place, 0, world.now))
    }

    async fn records(&self, text: &str, limit: u16) -> Result<Batch, Unread> {
        let world = self.lock().unwrap();
        let parts: Vec<usize> = text.split('|').map(|part| part.parse().unwrap()).collect();
        let [id, place, passed, given] = parts[..] else { panic!("{text}") };
        let shard = &world.shards[id];
        let is_old = world.now - i64::try_from(given).unwrap() > 15 * MINUTE;
        if is_old || place < shard.kept_from(world.now) {
            return Err(Unread::Stale);
        }
        if place % 2 == 0 && passed < world.gap {
            let next = Some(iterator(id, place, passed + 1, world.now));
            return Ok(Batch { entries: Vec::new(), next });
        }
        let read = shard.records.iter().skip(place).take(limit.into());
        let entries: Vec<Entry> = read.map(entry).collect();
        let passed = if entries.is_empty() { passed } else { 0 };
        let place = place + entries.len();
        let is_over = shard.closed_at.is_some() && place == shard.records.len();
        let next = iterator(id, place, passed, world.now);
        Ok(Batch { entries, next: (!is_over).then_some(next) })
    }
}

/// Nothing in this world waits for anything.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    loop {
        let mut context = Context::from_waker(Waker::noop());
        if let Poll::Ready(answer) = future.as_mut().poll(&mut context) {
            return answer;
        }
    }
}

/// The version stands where the shelf does.
fn entry(written: &Written) -> Entry {
    let Written { image, version, at, number } = written;
    let change = Changed {
        image: format!("shop/{image}"),
        bucket: "shop".to_owned(),
        key: image.to_string(),
        shelf: Some(version.to_string().parse().unwrap()),
        changed_at: OffsetDateTime::from_unix_timestamp(*at).unwrap(),
    };
    Entry { sequence: number.to_string(), created: *at, change: Some(change) }
}

/// A website's cache of the table, and how far it has followed.
#[derive(Debug, Default)]
struct Cache {
    versions: BTreeMap<u32, u32>,
    since: Option<Since>,
    /// What it was told since it began.
    told: BTreeMap<u32, u32>,
    /// When it last asked.
    asked: i64,
    has_more: bool,
}

impl Cache {
    fn ask(&mut self, reader: &Reader<Mutex<World>>, limit: u16) {
        let now = reader.source.lock().unwrap().now;
        let limit = NonZeroU16::new(limit).unwrap();
        let page = match block_on(reader.since(self.since.as_ref(), limit, now)) {
            Ok(page) => page,
            Err(ChangesError::Expired) => {
                // Where there are gaps, who asks once may not know how far behind it is.
                let is_behind = self.has_more || reader.source.lock().unwrap().gap > 0;
                let may = is_behind || now - self.asked > 19 * HOUR;
                assert!(may, "expired although it asked {} s ago", now - self.asked);
                self.since = None;
                return;
            }
            Err(error) => panic!("{error}"),
        };
        assert!(page.changes.len() <= usize::from(limit.get()));
        if self.since.is_none() {
            assert!(page.changes.is_empty() && !page.more);
            self.versions = reader.source.lock().unwrap().table.clone();
            self.told.clear();
        }
        for change in page.changes {
            let image = change.key.parse().unwrap();
            let version = change.shelf.unwrap().as_str().parse().unwrap();
            let before = self.told.insert(image, version);
            assert!(before.is_none_or(|before| before < version), "{image}: {before:?} {version}");
            self.versions.insert(image, version);
        }
        // As it comes back from a website.
        self.since = Some(page.next.to_string().parse().unwrap());
        (self.has_more, self.asked) = (page.more, now);
    }

    /// Asks until there is no more.
    fn catch_up(&mut self, reader: &Reader<Mutex<World>>) {
        for _ in 0..1000 {
            self.ask(reader, 3);
            if self.since.is_some() && !self.has_more {
                return;
            }
        }
        panic!("no end");
    }
}

#[derive(Debug, Clone)]
enum Step {
    Write(u32),
    Split(u32),
    Wait(i64),
    Ask(u16),
    CatchUp,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0..IMAGES).prop_map(Step::Write),
        2 => (0..IMAGES).prop_map(Step::Split),
        2 => prop_oneof![1..30 * MINUTE, 1..10 * HOUR, 20 * HOUR..30 * HOUR].prop_map(Step::Wait),
        3 => (1..10_u16).prop_map(Step::Ask),
        1 => Just(Step::CatchUp),
    ]
}

proptest! {
    #[test]
    fn a_cache_ends_as_the_table_is(
        steps in proptest::collection::vec(step(), 1..80), gap in prop_oneof![Just(0), 0..9_usize],
    ) {
        let reader = Reader::new(Mutex::new(World::new(gap)), "table");
        let world = || reader.source.lock().unwrap();
        let mut cache = Cache::default();
        for step in steps {
            match step {
                Step::Write(image) => world().write(image),
                Step::Split(image) => {
                    let shard = world().open(image);
                    world().split(shard);
                }
                Step::Wait(seconds) => world().wait(seconds),
                Step::Ask(limit) => cache.ask(&reader, limit),
                Step::CatchUp => cache.catch_up(&reader),
            }
        }
        // An empty batch may be taken for the end where a gap is: who goes on asking gets there.
        for _ in 0..100 {
            cache.catch_up(&reader);
        }
        prop_assert_eq!(&cache.versions, &world().table);
    }
}
