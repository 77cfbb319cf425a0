//! What networks and AWS do to requests, on the real SDK: a proxy before the bucket and the table,
//! and a queue with a dead-letter queue. Each change must end in the right row, or be dead with a
//! reason.
//!
//! The bucket and the table are embedded, or those of a second implementation of AWS.

mod queue;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_s3::config::retry::RetryPartition;
use lookbook::bucket::S3;
use lookbook::catalogue::DynamoDb;
use lookbook::classifier::Classifier;
use lookbook::handler::{Handler, Invocation};
use lookbook::pipeline::{PhotoJudge, Pipeline};
use lookbook::settings::Rules;
use lookbook::telemetry;
use queue::{Message, Queue, event};
use serde_json::{Value, json};
use tokio::runtime::Builder;
use tokio::time::Instant;
use tracing::field::{Field, Visit};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};

use crate::helpers::{Dice, Place, TINY_MODEL, one_colour};
use crate::proxy::{Proxy, Service, random};
use crate::second::Anywhere;

/// How many changes there are, unless `FAULT_CHANGES` says otherwise.
const CHANGES: usize = 5000;
/// Per cent of the requests that go wrong.
const RATES: [usize; 3] = [5, 15, 30];
const KEYS: usize = 500;
const CONSUMERS: usize = 4;
/// An object may have as many bytes.
const MAX_BYTES: usize = 4000;

/// The log lines that say why a message went back: message id, image, code and cause.
#[derive(Clone, Default)]
struct Reasons(Arc<Mutex<Vec<[String; 4]>>>);

impl<S: tracing::Subscriber> Layer<S> for Reasons {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        if *event.metadata().level() == tracing::Level::WARN && fields.0.contains_key("message_id")
        {
            let line = ["message_id", "image", "code", "cause"].map(|name| fields.take(name));
            self.0.lock().unwrap().push(line);
        }
    }
}

#[derive(Default)]
struct Fields(BTreeMap<&'static str, String>);

impl Fields {
    fn take(&mut self, name: &str) -> String {
        self.0.remove(name).unwrap_or_default()
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        self.0.insert(field.name(), format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name(), value.to_owned());
    }
}

/// The pipeline behind these endpoints. The SDK tries three times, and not for long.
///
/// It does not adapt its rate, as the function's does: with as many faults as here it would come
/// down to a few requests a second, and the test would take hours. `lambda.rs` has the function
/// itself throttled. Its budget for retries is its own, and not that of all tests.
fn handler(place: &Place, s3: &str, dynamodb: &str) -> Handler<S3, DynamoDb> {
    let retries = RetryConfig::standard()
        .with_max_attempts(3)
        .with_initial_backoff(Duration::from_millis(5))
        .with_max_backoff(Duration::from_millis(20));
    let timeouts =
        TimeoutConfig::builder().operation_attempt_timeout(Duration::from_millis(400)).build();
    let client = place.s3();
    let s3 = client.config().to_builder().endpoint_url(s3);
    let s3 = s3.retry_config(retries.clone()).timeout_config(timeouts.clone());
    let s3 = s3.retry_partition(RetryPartition::new("faults of S3")).build();
    let client = place.dynamodb();
    let dynamodb = client.config().to_builder().endpoint_url(dynamodb);
    let dynamodb = dynamodb.retry_config(retries).timeout_config(timeouts);
    let dynamodb = dynamodb.retry_partition(RetryPartition::new("faults of DynamoDB")).build();
    let max_bytes = MAX_BYTES.to_string();
    let rules = Rules::parse(|name| (name == "MAX_BYTES").then(|| max_bytes.clone())).unwrap();
    let classifier = Arc::new(Classifier::load(TINY_MODEL.as_ref()).unwrap());
    let table = DynamoDb::new(aws_sdk_dynamodb::Client::from_conf(dynamodb), &place.at.table);
    let bucket = S3::new(aws_sdk_s3::Client::from_conf(s3));
    let judge = PhotoJudge::new(classifier, &rules);
    Handler::new(Pipeline::new(bucket, table, judge, &rules), &rules)
}

#[test]
fn of_many_changes_none_is_lost_and_none_is_doubled() {
    let changes = std::env::var("FAULT_CHANGES").map_or(CHANGES, |n| n.parse().expect("a number"));
    assert_eq!(changes % POISONED, 0, "FAULT_CHANGES must be a multiple of {POISONED}");
    let dice = RefCell::new(Dice::seeded("FAULT_SEED"));
    let split = || Dice(dice.borrow_mut().roll(usize::MAX) as u64);
    // The servers have threads of their own; the function has one, so that its log can be read.
    let servers = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let weather = || random(split(), &RATES, changes / 5);
    let (place, s3, dynamodb) = servers.block_on(async {
        let place = Anywhere::start().await;
        let s3 = Proxy::start(Service::S3, &place.at.s3, weather()).await;
        let dynamodb = Proxy::start(Service::DynamoDb, &place.at.dynamodb, weather()).await;
        (place, s3, dynamodb)
    });
    let reasons = Reasons::default();
    let subscriber = tracing_subscriber::registry().with(reasons.clone());
    let _logging = tracing::subscriber::set_default(subscriber);
    let here = Builder::new_current_thread().enable_all().build().unwrap();
    here.block_on(async {
        let handler = handler(&place, &s3.url, &dynamodb.url);
        let queue = Queue::new(split());
        let outcomes = RefCell::new(BTreeMap::new());
        let mut producer =
            Producer { place: &place, dice: split(), sent: 0, changes, keys: BTreeSet::new() };
        let produce = async {
            producer.run(&queue).await;
            queue.close();
        };
        let consume = (0..CONSUMERS).map(|_| consume(&queue, &handler, &outcomes));
        tokio::join!(produce, futures::future::join_all(consume));

        let ended = queue.end();
        println!("{changes} changes in {} messages, with {} poisoned", producer.sent, POISONED);
        println!("received {} times, {} of them copies", ended.receives, ended.copies);
        println!("done {}, dead {}", ended.done.len(), ended.dead.len());
        println!("S3: {:?}\nDynamoDB: {:?}", s3.counts(), dynamodb.counts());
        println!("outcomes: {:?}", outcomes.borrow());
        s3.calm_down();
        dynamodb.calm_down();
        let reasons = reasons.0.lock().unwrap().clone();
        check(&place, &producer, &ended, &reasons).await;

        // The network has got better: what is dead and healthy is sent back, as an operator would.
        let healthy: Vec<Message> =
            ended.dead.into_iter().filter(|m| m.body.starts_with('{')).collect();
        for batch in healthy.chunks(10) {
            handler.handle(&event(batch), &invocation()).await.unwrap();
        }
        for key in producer.keys.iter().filter(|key| !key.starts_with("forbidden")) {
            assert!(place.is_right(key).await, "{key}: {:?}", place.row(key).await);
        }
    });
}

fn invocation() -> Invocation {
    Invocation { id: "invocation".into(), deadline: Some(Instant::now() + Duration::from_secs(10)) }
}

/// Works batches off until the queue is empty.
async fn consume(
    queue: &Queue,
    handler: &Handler<S3, DynamoDb>,
    outcomes: &RefCell<BTreeMap<&'static str, usize>>,
) {
    while let Some(batch) = queue.receive().await {
        let report = handler.handle(&event(&batch), &invocation()).await;
        let report = report.expect("no fault is one of the whole invocation");
        telemetry::log(&report.lines);
        for (name, count) in report.counts() {
            *outcomes.borrow_mut().entry(name).or_default() += count;
        }
        let answer = report.answer.unwrap();
        let failures = answer["batchItemFailures"].as_array().unwrap().iter();
        let failed = failures.map(|f| f["itemIdentifier"].as_str().unwrap().to_owned()).collect();
        queue.settle(batch, &failed);
    }
}

/// Changes the bucket, and sends messages that say so.
struct Producer<'a> {
    place: &'a Place,
    dice: Dice,
    sent: usize,
    changes: usize,
    /// All that were ever changed.
    keys: BTreeSet<String>,
}

/// Messages that name no object.
const POISONED: usize = 50;

impl Producer<'_> {
    async fn run(&mut self, queue: &Queue) {
        let mut records: Vec<Value> = vec![];
        for number in 1..=self.changes {
            records.push(self.change(number).await);
            // Some messages carry more than one record.
            if !self.dice.percent(15) || records.len() == 3 || number == self.changes {
                let body = json!({"Records": std::mem::take(&mut records)}).to_string();
                self.send(queue, body);
            }
            if number % (self.changes / POISONED) == 0 {
                self.send(queue, "poison".to_owned());
            }
        }
    }

    fn send(&mut self, queue: &Queue, body: String) {
        self.sent += 1;
        queue.send(Message::new(format!("m{}", self.sent), body));
    }

    async fn change(&mut self, number: usize) -> Value {
        let place = self.place;
        let key = match self.dice.roll(KEYS) {
            forbidden @ 0..5 => format!("forbidden-{forbidden}.png"),
            key => format!("{key}.png"),
        };
        let event = if self.dice.percent(20) {
            place.delete(&key).await;
            "ObjectRemoved:Delete"
        } else {
            place.put(&key, content(self.dice.roll(6))).await;
            "ObjectCreated:Put"
        };
        let sequencer =
            if self.dice.percent(10) { String::new() } else { format!("{number:016X}") };
        let record = place.record(event, &key, &sequencer);
        self.keys.insert(key);
        record
    }
}

fn content(number: usize) -> Vec<u8> {
    match number {
        0 => one_colour([250, 0, 0]),
        1 => one_colour([0, 250, 0]),
        2 => one_colour([0, 0, 250]),
        3 => one_colour([250, 250, 0]),
        4 => b"not a photo".to_vec(),
        _ => vec![7; MAX_BYTES + 1],
    }
}

/// What the row of each content must say: its label, or the code of its rejection. The colours are
/// told apart by the model, which has an output for each channel.
const SAID: [&str; 6] = ["dress", "hat", "dress (2)", "", "unsupported_format", "too_large"];

async fn check(
    place: &Place,
    producer: &Producer<'_>,
    ended: &queue::Ended,
    reasons: &[[String; 4]],
) {
    // Each message is done or dead, and once.
    let dead: BTreeSet<&str> = ended.dead.iter().map(|message| &*message.id).collect();
    assert_eq!(dead.len(), ended.dead.len());
    assert!(dead.iter().all(|id| !ended.done.contains(*id)));
    assert_eq!(dead.len() + ended.done.len(), producer.sent);
    // What is dead has its reason in the log.
    let mut excused = BTreeSet::new();
    let mut codes = BTreeMap::<&str, usize>::new();
    for message in &ended.dead {
        let of_message: Vec<_> = reasons.iter().filter(|line| line[0] == message.id).collect();
        assert!(of_message.len() >= 10, "{message:?}: {of_message:?}");
        assert!(of_message.iter().all(|[.., code, cause]| !code.is_empty() && !cause.is_empty()));
        let [_, _, code, _] = of_message[of_message.len() - 1];
        *codes.entry(code).or_default() += 1;
        assert_eq!(message.body == "poison", code == "unreadable");
        excused.extend(of_message.iter().map(|[_, image, ..]| image.clone()));
    }
    println!("dead: {codes:?}");
    assert_eq!(codes["unreadable"], POISONED);
    // The rest is as the bucket says; and there is no row for anything else.
    let mut right = 0;
    for key in &producer.keys {
        if excused.contains(&place.object(key).to_string()) {
            continue;
        }
        right += 1;
        let row = place.row(key).await;
        assert!(place.is_right(key).await, "{key}: {row:?}");
        let Some(row) = row.filter(|row| !row.is_tombstone()) else { continue };
        let said = row.label.map(|label| label.to_string()).or(row.reason).unwrap();
        let object = place.s3().get_object().bucket(&place.at.bucket).key(key).send().await;
        let bytes = object.unwrap().body.collect().await.unwrap().into_bytes();
        let number = (0..SAID.len()).find(|number| content(*number) == bytes).unwrap();
        assert!(said.starts_with(SAID[number]), "{key}: {said}");
    }
    println!("{right} of {} keys have the right row, the others are dead", producer.keys.len());
    assert!(right * 10 > producer.keys.len() * 9, "too many are dead");
    let rows = place.dynamodb().scan().table_name(&place.at.table).send().await.unwrap();
    for item in rows.items() {
        let key = item["key"].as_s().unwrap();
        assert!(producer.keys.contains(key), "a row for {key}");
    }
    assert!(rows.items().len() <= producer.keys.len() && rows.last_evaluated_key().is_none());
}
