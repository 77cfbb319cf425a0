//! A random history, and its play in a random order of steps.
//!
//! A scheduler, driven by a seed, decides at each step who goes on: the next operation, the
//! delivery of some events (again), or one of the invocations and reviewers under way. Each of
//! these has a pace of its own, and so has the next operation or delivery: much can happen while a
//! slow one is between two of its steps.

use std::collections::{BTreeMap, BTreeSet};
use std::pin::Pin;
use std::sync::Mutex;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use proptest::prelude::*;
use serde_json::{Value, json};
use time::OffsetDateTime;
use tokio::time::Instant;

use super::world::{ByText, Flaw, World, look_and_review, pipeline};
use crate::bucket::ObjectMeta;
use crate::event::Envelope;
use crate::object::{ETag, ObjectId, Sequencer};
use crate::pipeline::{Deadline, Line, Outcome, Pipeline};

pub(super) const KEYS: [&str; 3] = ["a.jpg", "b.jpg", "c.jpg"];
/// How many recipes there can be.
pub(super) const RECIPES: usize = 3;

/// One thing that happens.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Operation {
    /// A content is put, or, with `None`, the object removed; and what its event says of it.
    Write(usize, Option<&'static str>, Told),
    /// Somebody sends a test event, of a put or a removal that never was.
    TestEvent(usize, Option<&'static str>, Told),
    /// The object goes into an archive, where it can be looked at but not fetched, or is restored.
    Archive(usize, bool),
    /// Somebody asks to look at the key, as a backfill does: an event without order.
    Backfill(usize),
    /// Somebody looks at the key's page, and says what is on the photo; a website may write that down
    /// by itself.
    Review(usize, bool),
    /// From now on invocations have the next recipe; those under way go on with theirs.
    Recipe,
}

/// What an event says of the place of a change among those of its key.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Told {
    /// The truth.
    Order,
    /// Nothing.
    Nothing,
    /// An invented text: the one of the test event that every tutorial copies, greater than any true
    /// one; the one that some implementations of S3 give to all events; what is no sequencer.
    Invented(&'static str),
}

const INVENTED: [&str; 3] = ["0A1B2C3D4E5F678901", "0000000000000003", "Happy Sequencer"];

/// All that is random.
#[derive(Debug, Clone)]
pub(super) struct History {
    pub operations: Vec<Operation>,
    /// Of the writes to the table, which lose their answer.
    pub lost_answers: Vec<bool>,
    /// How many events come again. Few: a repeat heals what went wrong before it.
    pub repeats: usize,
    /// Decides the order of steps.
    pub order: u64,
}

pub(super) fn histories() -> impl Strategy<Value = History> {
    // Mostly one key, and back and forth: that is where changes get into each other's way.
    let content = prop_oneof![
        6 => Just(Some("hat")),
        5 => Just(Some("tie")),
        2 => Just(None),
        1 => prop::sample::select(vec![Some(""), Some("large")]),
    ];
    let key = prop_oneof![8 => Just(0_usize), 1 => Just(1), 1 => Just(2)];
    let invented = prop::sample::select(INVENTED.to_vec()).prop_map(Told::Invented);
    let told = prop_oneof![7 => Just(Told::Order), 2 => Just(Told::Nothing), 1 => invented.clone()];
    let operation = prop_oneof![
        24 => (key.clone(), content.clone(), told)
            .prop_map(|(key, content, told)| Operation::Write(key, content, told)),
        2 => (key.clone(), content, invented)
            .prop_map(|(key, content, told)| Operation::TestEvent(key, content, told)),
        2 => key.clone().prop_map(Operation::Backfill),
        4 => (key.clone(), any::<bool>())
            .prop_map(|(key, by_website)| Operation::Review(key, by_website)),
        1 => (key, any::<bool>()).prop_map(|(key, archived)| Operation::Archive(key, archived)),
        2 => Just(Operation::Recipe),
    ];
    let operations = prop::collection::vec(operation, 1..9);
    let lost_answers = prop::collection::vec(prop::bool::weighted(0.2), 0..20);
    let repeats = prop_oneof![Just(0), 0..5_usize];
    (operations, lost_answers, repeats, any::<u64>()).prop_map(
        |(operations, lost_answers, repeats, order)| History {
            operations,
            lost_answers,
            repeats,
            order,
        },
    )
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

    /// The place of one of these weights, as often as they say; none if there is no weight.
    fn choose(&mut self, weights: &[usize]) -> Option<usize> {
        let mut left = match weights.iter().sum() {
            0 => return None,
            sum => self.roll(sum),
        };
        weights.iter().position(|&weight| {
            let chosen = left < weight;
            left = left.saturating_sub(weight);
            chosen
        })
    }

    fn pace(&mut self) -> usize {
        [1, 8, 64][self.roll(3)]
    }

    /// Takes a random one out.
    fn draw<T>(&mut self, items: &mut Vec<T>) -> T {
        let at = self.roll(items.len());
        items.swap_remove(at)
    }
}

/// An event that says that a key changed.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Hint {
    pub key: usize,
    name: &'static str,
    /// None on a backfill, and where S3 gives none.
    sequencer: Option<String>,
    /// What it says of the content: of another one, if it is invented.
    content: Option<&'static str>,
}

impl Hint {
    /// Its place in the order, if it has one.
    pub fn order(&self) -> Option<Sequencer> {
        self.sequencer.as_ref()?.parse().ok()
    }
}

/// What has happened to the world so far.
#[derive(Debug, Default)]
pub(super) struct Log {
    time: i64,
    /// Events that were not delivered yet, and those that were and may come again.
    pub undelivered: Vec<Hint>,
    delivered: Vec<Hint>,
    /// The greatest sequencer of each key that events told.
    pub greatest: BTreeMap<usize, Sequencer>,
    /// The keys that there was something of, or an event about.
    pub touched: BTreeSet<usize>,
    /// The keys that were ever archived.
    pub archived: BTreeSet<usize>,
    /// For each key, a recipe that its row must have by now, or a later one.
    pub recipe_at_least: BTreeMap<usize, usize>,
    /// How much of everything there was.
    pub counts: BTreeMap<&'static str, u64>,
}

impl Log {
    pub fn count(&mut self, what: &'static str) {
        *self.counts.entry(what).or_default() += 1;
    }

    /// Puts a content into the bucket, or removes it, and notes the event.
    pub fn write(&mut self, world: &World, key: usize, content: Option<&'static str>, told: Told) {
        self.time += 1;
        let object = object(key);
        world.archived.lock().unwrap().remove(&object);
        let mut objects = world.objects.lock().unwrap();
        match content {
            Some(text) => {
                let meta = ObjectMeta {
                    etag: ETag::new(text),
                    size: text.len() as u64,
                    last_modified: OffsetDateTime::from_unix_timestamp(self.time).unwrap(),
                    version_id: Some(format!("v{}", self.time)),
                };
                objects.insert(object, (meta, Bytes::from_static(text.as_bytes())));
            }
            None => drop(objects.remove(&object)),
        }
        let name = if content.is_some() { "ObjectCreated:Put" } else { "ObjectRemoved:Delete" };
        self.tell(key, name, content, told);
    }

    /// Notes an event, whatever it says.
    fn tell(&mut self, key: usize, name: &'static str, content: Option<&'static str>, told: Told) {
        let sequencer = match told {
            Told::Order => Some(format!("{:016X}", self.time)),
            Told::Nothing => None,
            Told::Invented(text) => Some(text.to_owned()),
        };
        let hint = Hint { key, name, sequencer, content };
        if let Some(order) = hint.order() {
            let greatest = self.greatest.entry(key).or_insert_with(|| order.clone());
            *greatest = order.max(greatest.clone());
        }
        self.touched.insert(key);
        self.undelivered.push(hint);
    }
}

pub(super) fn object(key: usize) -> ObjectId {
    ObjectId::new("shop", KEYS[key]).unwrap()
}

/// The event in which the function gets these: a batch of a Distributed Map, if all are backfills.
pub(super) fn event(hints: &[Hint]) -> Value {
    if hints.iter().all(|hint| hint.name == BACKFILL) {
        let items: Vec<Value> = hints.iter().map(|h| json!({"Key": KEYS[h.key]})).collect();
        return json!({"BatchInput": {"bucket": "shop"}, "Items": items});
    }
    let records = hints.iter().map(|hint| {
        json!({"eventName": hint.name, "s3": {"bucket": {"name": "shop"},
            "object": {"key": KEYS[hint.key], "sequencer": hint.sequencer, "eTag": hint.content,
                "size": hint.content.map(str::len)}}})
    });
    json!({"Records": records.collect::<Vec<_>>()})
}

const BACKFILL: &str = "ObjectCreated:Backfill";

/// What an invocation came to; a reviewer comes to nothing.
struct Done {
    hints: Vec<Hint>,
    outcomes: Vec<Outcome>,
}

/// An invocation or a reviewer under way.
struct Running<'a> {
    future: Pin<Box<dyn Future<Output = Result<Option<Done>, String>> + 'a>>,
    /// How often it goes on, compared with the others.
    pace: usize,
    /// The recipe of an invocation.
    recipe: Option<usize>,
    /// Whether no invocation with an older recipe was under way when it began.
    is_alone: bool,
}

/// Plays a history to its end. An error says what should not have been.
pub(super) fn play(history: &History, flaw: Option<Flaw>) -> Result<(World, Log), String> {
    let lost_answers = Mutex::new(history.lost_answers.clone());
    let world = World { lost_answers, flaw, ..World::default() };
    let pipelines: Vec<_> = (0..RECIPES).map(|recipe| pipeline(&world, recipe)).collect();
    let mut log = Log::default();
    let mut dice = Dice(history.order);
    let mut operations = history.operations.iter();
    let mut repeats = history.repeats;
    let mut recipe = 0;
    let mut pace = [0; 3].map(|_| dice.pace());
    let mut running: Vec<Running<'_>> = vec![];
    loop {
        let mut weights = vec![
            if operations.len() > 0 { pace[0] } else { 0 },
            if log.undelivered.is_empty() { 0 } else { pace[1] },
            if log.delivered.is_empty() || repeats == 0 { 0 } else { pace[2] },
        ];
        weights.extend(running.iter().map(|running| running.pace));
        let Some(choice) = dice.choose(&weights) else { break };
        if let Some(pace) = pace.get_mut(choice) {
            *pace = dice.pace();
        }
        let hints = match choice {
            0 => {
                match *operations.next().unwrap() {
                    Operation::Write(key, content, told) => {
                        log.count("puts and removals");
                        log.write(&world, key, content, told);
                    }
                    Operation::TestEvent(key, content, told) => {
                        log.count("test events");
                        let name = match content {
                            Some(_) => "ObjectCreated:Put",
                            None => "ObjectRemoved:Delete",
                        };
                        log.tell(key, name, content, told);
                    }
                    Operation::Archive(key, true) => {
                        log.count("archivings");
                        log.archived.insert(key);
                        world.archived.lock().unwrap().insert(object(key));
                    }
                    Operation::Archive(key, false) => {
                        log.count("restorations");
                        world.archived.lock().unwrap().remove(&object(key));
                        log.tell(key, "ObjectRestore:Completed", None, Told::Nothing);
                    }
                    Operation::Backfill(key) => {
                        log.count("backfills");
                        log.tell(key, BACKFILL, None, Told::Nothing);
                    }
                    Operation::Review(key, by_website) => {
                        log.count("reviews");
                        let label = format!("person's word {}", operations.len()).parse().unwrap();
                        let review = look_and_review(&world, object(key), label, by_website);
                        running.push(Running {
                            future: Box::pin(async { review.await.map(|()| None) }),
                            pace: dice.pace(),
                            recipe: None,
                            is_alone: false,
                        });
                    }
                    Operation::Recipe => {
                        log.count("new recipes");
                        recipe = (recipe + 1).min(RECIPES - 1);
                    }
                }
                continue;
            }
            1 => {
                let count = 1 + dice.roll(log.undelivered.len().min(3));
                (0..count).map(|_| dice.draw(&mut log.undelivered)).collect()
            }
            2 => {
                repeats -= 1;
                log.count("repeats");
                vec![log.delivered[dice.roll(log.delivered.len())].clone()]
            }
            other => {
                log.count("steps");
                let at = other - 3;
                let mut cx = Context::from_waker(Waker::noop());
                if let Poll::Ready(done) = running[at].future.as_mut().poll(&mut cx) {
                    let ended = running.swap_remove(at);
                    if let Some(done) = done? {
                        note(&mut log, done, ended.recipe.filter(|_| ended.is_alone));
                    }
                }
                continue;
            }
        };
        log.count("invocations");
        log.delivered.extend(hints.iter().cloned());
        let is_alone = running.iter().filter_map(|r| r.recipe).all(|theirs| theirs == recipe);
        let future = Box::pin(invoke(&world, &pipelines[recipe], hints));
        running.push(Running { future, pace: dice.pace(), recipe: Some(recipe), is_alone });
    }
    drop(running);
    drop(pipelines);
    Ok((world, log))
}

/// Notes what an invocation came to. What must be retried is delivered again.
fn note(log: &mut Log, done: Done, recipe: Option<usize>) {
    for (hint, outcome) in done.hints.into_iter().zip(done.outcomes) {
        log.count(outcome.name());
        if outcome.is_retry() {
            log.undelivered.push(hint);
        } else if let Some(recipe) = recipe {
            log.recipe_at_least.insert(hint.key, recipe);
        }
    }
}

/// Settles all changes of an event by that time, if one is given.
pub(super) async fn run(
    pipeline: &Pipeline<&World, &World, ByText>,
    event: &Value,
    deadline: Option<Instant>,
) -> Vec<Line> {
    let envelope = Envelope::parse(event, "i").unwrap();
    let deadline = Deadline::new(deadline, Instant::now());
    pipeline.run(envelope.messages(), deadline).await.unwrap()
}

/// Runs one invocation. An error says what should not have come of it.
async fn invoke(
    world: &World,
    pipeline: &Pipeline<&World, &World, ByText>,
    hints: Vec<Hint>,
) -> Result<Option<Done>, String> {
    let believed: Vec<Hint> = hints
        .iter()
        .filter(|hint| world.flaw == Some(Flaw::SequencerBelieved) && is_old(world, hint, &hints))
        .cloned()
        .collect();
    let hints: Vec<Hint> = hints.into_iter().filter(|hint| !believed.contains(hint)).collect();
    let lines = run(pipeline, &event(&hints), None).await;
    let outcomes: Vec<Outcome> = lines.into_iter().map(|line| line.outcome).collect();
    if outcomes.len() != hints.len() {
        return Err(format!("{} changes have {} outcomes", hints.len(), outcomes.len()));
    }
    for (hint, outcome) in hints.iter().zip(&outcomes) {
        let has_newer =
            hints.iter().any(|other| other.key == hint.key && other.order() > hint.order());
        if *outcome == Outcome::Superseded && !has_newer {
            return Err(format!("{hint:?} came to {outcome:?}, with no newer one beside it"));
        }
    }
    Ok(Some(Done { hints, outcomes }))
}

/// Whether the row has seen a newer change of the key than all of these, if sequencers are believed.
fn is_old(world: &World, hint: &Hint, hints: &[Hint]) -> bool {
    let seen = world.row(&object(hint.key)).and_then(|row| row.sequencer);
    let mut ours = hints.iter().filter(|other| other.key == hint.key).map(Hint::order);
    ours.all(|order| order.is_some() && order < seen)
}
