//! Convergence, over random histories in a random order of steps.
//!
//! A bucket, a table and a judge in memory give way at every await. A scheduler, driven by a seed,
//! decides at each step who goes on: the next operation on the bucket, the delivery
//! of some events (again), or one of the invocations under way. In the end every row must say what
//! the bucket says.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Mutex;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use proptest::prelude::*;
use serde_json::json;
use time::OffsetDateTime;

use super::*;
use crate::bucket::{Body, BucketError, Object, ObjectMeta};
use crate::catalogue::{Judgement, Maker, Revision, Row, Shelf, Written};
use crate::event::{ETag, ObjectId};

const KEYS: [&str; 2] = ["a.jpg", "b.jpg"];

#[derive(Default)]
struct World {
    objects: Mutex<BTreeMap<ObjectId, (ObjectMeta, Bytes)>>,
    rows: Mutex<BTreeMap<String, Row>>,
    /// Of the writes to come, which lose their answer although they are done.
    lost_answers: Mutex<Vec<bool>>,
}

/// Gives way once.
async fn step() {
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
        step().await;
        Ok(found.map(|(meta, bytes)| Object { meta, body: Body::from(bytes) }))
    }
}

impl Table for &World {
    async fn read(&self, object: &ObjectId) -> Result<Option<Row>, TableError> {
        step().await;
        let row = self.rows.lock().unwrap().get(&object.to_string()).cloned();
        step().await;
        Ok(row)
    }

    async fn write(&self, row: &Row, replaces: Option<&Revision>) -> Result<Written, TableError> {
        step().await;
        let written = {
            let mut rows = self.rows.lock().unwrap();
            if rows.get(&row.image).map(|r| &r.revision) == replaces {
                rows.insert(row.image.clone(), row.clone());
                // What the SDK's repeat of a write comes to whose first answer was lost.
                let lost = self.lost_answers.lock().unwrap().pop().unwrap_or(false);
                if lost { Written::Lost } else { Written::Done }
            } else {
                Written::Lost
            }
        };
        step().await;
        Ok(written)
    }
}

/// Judges a content by itself: its text is its label; an empty one is rejected; `...` takes for ever.
struct ByText(Maker);

impl Judge for ByText {
    fn maker(&self) -> &Maker {
        &self.0
    }

    fn max_bytes(&self) -> u64 {
        3
    }

    fn judge_size(&self, size: u64) -> Option<Judgement> {
        (size > 3).then(|| Judgement::Rejected {
            code: "too_large",
            message: "large".into(),
            content_sha256: None,
        })
    }

    async fn judge(&self, bytes: Vec<u8>) -> Result<Judgement, Cause> {
        step().await;
        let label = String::from_utf8(bytes).unwrap();
        if label == "..." {
            return std::future::pending().await;
        }
        Ok(if label.is_empty() {
            Judgement::Rejected { code: "empty", message: "empty".into(), content_sha256: None }
        } else {
            Judgement::Classified {
                scores: vec![(label.clone(), 1.0)],
                content_sha256: label.clone(),
                label,
                confidence: 1.0,
                unsure: false,
                width: 1,
                height: 1,
                format: "text",
            }
        })
    }
}

fn pipeline(world: &World) -> Pipeline<&World, &World, ByText> {
    let maker = Maker { model_id: "m".into(), recipe: "r".into(), software: "s".into() };
    let rules = Rules::parse(|_| None).unwrap();
    Pipeline::new(world, world, ByText(maker), &rules)
}

/// One operation on the bucket: a key; the content that is put there, or `None` for a removal; and
/// whether its event has a sequencer.
type Operation = (usize, Option<&'static str>, bool);

struct History<'a> {
    world: &'a World,
    time: i64,
    /// Events that were not delivered yet, and those that were and may come again.
    undelivered: Vec<Value>,
    delivered: Vec<Value>,
}

impl History<'_> {
    /// Does the operation, and notes its event.
    fn operate(&mut self, (key, content, with_sequencer): Operation) {
        self.time += 1;
        let object = ObjectId::new("shop", KEYS[key]).unwrap();
        let name = match content {
            Some(text) => {
                let meta = ObjectMeta {
                    etag: ETag::new(text),
                    size: text.len() as u64,
                    last_modified: OffsetDateTime::from_unix_timestamp(self.time).unwrap(),
                    version_id: Some(format!("v{}", self.time)),
                };
                let stored = (meta, Bytes::from_static(text.as_bytes()));
                self.world.objects.lock().unwrap().insert(object, stored);
                "ObjectCreated:Put"
            }
            None => {
                self.world.objects.lock().unwrap().remove(&object);
                "ObjectRemoved:Delete"
            }
        };
        let sequencer = if with_sequencer { format!("{:016X}", self.time) } else { String::new() };
        self.undelivered.push(json!({"eventName": name, "s3": {"bucket": {"name": "shop"},
            "object": {"key": KEYS[key], "sequencer": sequencer}}}));
    }
}

/// Random choices that a seed makes again (`SplitMix64`).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((z ^ (z >> 31)) % n as u64).unwrap()
    }

    /// Takes a random one out.
    fn draw<T>(&mut self, items: &mut Vec<T>) -> T {
        let at = self.roll(items.len());
        items.swap_remove(at)
    }
}

/// Plays a history to its end, in an order of steps that the dice decide.
fn play(operations: &[Operation], lost_answers: Vec<bool>, dice: &mut Dice) -> World {
    let world = World { lost_answers: Mutex::new(lost_answers), ..World::default() };
    let pipeline = pipeline(&world);
    let mut history = History { world: &world, time: 0, undelivered: vec![], delivered: vec![] };
    let mut operations = operations.iter();
    let mut repeats = 4;
    let mut running: Vec<Pin<Box<dyn Future<Output = Vec<Value>> + '_>>> = vec![];
    loop {
        let mut choices = Vec::new();
        choices.extend((operations.len() > 0).then_some(0));
        choices.extend((!history.undelivered.is_empty()).then_some(1));
        choices.extend((!history.delivered.is_empty() && repeats > 0).then_some(2));
        // What is under way goes on more often than something new begins.
        choices.extend([3; 6].iter().filter(|_| !running.is_empty()));
        if choices.is_empty() {
            break;
        }
        match choices[dice.roll(choices.len())] {
            0 => history.operate(*operations.next().unwrap()),
            1 => {
                let count = 1 + dice.roll(history.undelivered.len().min(3));
                let records: Vec<Value> =
                    (0..count).map(|_| dice.draw(&mut history.undelivered)).collect();
                history.delivered.extend(records.iter().cloned());
                running.push(Box::pin(invoke(&pipeline, records)));
            }
            2 => {
                repeats -= 1;
                let again = history.delivered[dice.roll(history.delivered.len())].clone();
                running.push(Box::pin(invoke(&pipeline, vec![again])));
            }
            _ => {
                let at = dice.roll(running.len());
                let mut cx = Context::from_waker(Waker::noop());
                if let Poll::Ready(retries) = running[at].as_mut().poll(&mut cx) {
                    drop(running.swap_remove(at));
                    history.undelivered.extend(retries);
                }
            }
        }
    }
    drop(running);
    drop(pipeline);
    world
}

/// Runs one invocation; what must be retried comes back.
async fn invoke(pipeline: &Pipeline<&World, &World, ByText>, records: Vec<Value>) -> Vec<Value> {
    let invocation = Invocation { id: "i".into(), deadline: None };
    let report = pipeline.handle(&json!({"Records": records}), &invocation).await.unwrap();
    assert_eq!(report.lines.len(), records.len());
    let retries = report.lines.iter().map(|line| line.outcome.is_retry());
    records.into_iter().zip(retries).filter(|(_, retry)| *retry).map(|(record, _)| record).collect()
}

/// Whether a key's row says what the bucket says.
fn check(world: &World, key: &str) -> Result<(), TestCaseError> {
    let object = ObjectId::new("shop", key).unwrap();
    let objects = world.objects.lock().unwrap();
    let rows = world.rows.lock().unwrap();
    let row = rows.get(&object.to_string());
    match (objects.get(&object), row) {
        (None, None) => {}
        (None, Some(row)) => prop_assert!(row.is_tombstone(), "{row:?}"),
        (Some(_), None) => prop_assert!(false, "no row for {object}"),
        (Some((meta, bytes)), Some(row)) => {
            let text = std::str::from_utf8(bytes).unwrap();
            let shelf = match text.len() {
                1..=3 => Shelf::Label(text.to_owned()),
                _ => Shelf::Rejected,
            };
            prop_assert_eq!(row.shelf.as_ref(), Some(&shelf));
            prop_assert_eq!(row.etag.as_ref(), Some(&meta.etag));
            prop_assert_eq!(row.added_at, Some(meta.last_modified));
            prop_assert_eq!(&row.version_id, &meta.version_id);
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10_000, ..ProptestConfig::default() })]

    #[test]
    fn rows_converge(
        operations in prop::collection::vec(
            (0..KEYS.len(), prop::sample::select(
                vec![Some("hat"), Some("tie"), Some(""), Some("large"), None]),
                prop::bool::weighted(0.8)),
            1..7),
        lost_answers in prop::collection::vec(prop::bool::weighted(0.2), 0..20),
        seed in any::<u64>(),
    ) {
        let world = play(&operations, lost_answers, &mut Dice(seed));
        for key in KEYS {
            check(&world, key)?;
        }
    }
}

#[tokio::test]
async fn an_exact_repeat_writes_nothing_and_an_older_change_loses() {
    let world = World::default();
    let pipeline = pipeline(&world);
    let mut history = History { world: &world, time: 0, undelivered: vec![], delivered: vec![] };
    history.operate((0, Some("hat"), true));
    history.operate((0, Some("tie"), true));
    let [older, newer] = [0, 1].map(|i| json!({"Records": [history.undelivered[i]]}));
    let invocation = Invocation { id: "i".into(), deadline: None };
    let mut names = Vec::new();
    let mut revisions = Vec::new();
    for event in [&newer, &newer, &older] {
        let report = pipeline.handle(event, &invocation).await.unwrap();
        names.push(report.lines[0].outcome.name());
        revisions.push(world.rows.lock().unwrap()["shop/a.jpg"].revision.clone());
    }
    assert_eq!(names, ["classified", "unchanged", "superseded"]);
    assert!(revisions.windows(2).all(|pair| pair[0] == pair[1]));
}

#[tokio::test]
async fn what_is_not_begun_in_time_is_handed_back() {
    let world = World::default();
    let pipeline = pipeline(&world);
    let mut history = History { world: &world, time: 0, undelivered: vec![], delivered: vec![] };
    history.operate((0, Some("hat"), true));
    let event = json!({"Records": history.undelivered});
    let invocation = Invocation { id: "i".into(), deadline: Some(Instant::now()) };
    let report = pipeline.handle(&event, &invocation).await.unwrap();
    assert!(matches!(&report.lines[0].outcome, Outcome::Retry(c) if c.code == "not_begun"));
    assert_eq!(report.answer, None);
    assert!(report.failure().unwrap().contains("shop/a.jpg"));
    assert!(world.rows.lock().unwrap().is_empty());
}

#[tokio::test]
async fn what_is_not_done_in_time_is_given_up_and_not_written() {
    let world = World::default();
    let pipeline = pipeline(&world);
    let mut history = History { world: &world, time: 0, undelivered: vec![], delivered: vec![] };
    history.operate((0, Some("..."), true));
    history.operate((1, Some("hat"), true));
    let event = json!({"Records": history.undelivered});
    let deadline = Some(Instant::now() + std::time::Duration::from_millis(1500));
    let report = pipeline.handle(&event, &Invocation { id: "i".into(), deadline }).await.unwrap();
    assert!(matches!(&report.lines[0].outcome, Outcome::Retry(c) if c.code == "given_up"));
    assert_eq!(report.lines[1].outcome.name(), "classified");
    assert_eq!(world.rows.lock().unwrap().len(), 1);
}

/// A change without a sequencer is a request to look; an old one beside it must not stop it.
#[tokio::test]
async fn an_older_change_does_not_swallow_one_without_order() {
    let world = World::default();
    let pipeline = pipeline(&world);
    let mut history = History { world: &world, time: 0, undelivered: vec![], delivered: vec![] };
    history.operate((0, Some("hat"), true));
    history.operate((0, Some("tie"), true));
    let [older, newer] = [0, 1].map(|i| history.undelivered[i].clone());
    let invocation = Invocation { id: "i".into(), deadline: None };
    pipeline.handle(&json!({"Records": [newer]}), &invocation).await.unwrap();
    history.operate((0, None, false));
    let event = json!({"Records": [older, history.undelivered[2]]});
    let report = pipeline.handle(&event, &invocation).await.unwrap();
    assert!(report.lines.iter().all(|line| line.outcome == Outcome::Removed), "{report:?}");
    assert!(world.rows.lock().unwrap()["shop/a.jpg"].is_tombstone());
}
