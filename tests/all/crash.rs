//! The real `lambda` binary, killed at random moments while it works through a queue.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::helpers::{Dice, Place, TINY_MODEL, one_colour};
use crate::runtime::{Function, MINUTE, RuntimeApi};
use crate::second::Anywhere;

const KEYS: usize = 60;
const CHANGES: usize = 400;
const KILLS: usize = 30;

/// A message in the queue: what it says, and of which key.
#[derive(Clone)]
struct Message {
    id: String,
    key: String,
    body: String,
}

#[derive(Debug, Default)]
struct Counts {
    changes: usize,
    invocations: usize,
    kills: usize,
    /// Kills while an event was taken and not answered.
    in_the_middle: usize,
    /// Of these, how many left a batch of which some rows were written and others not.
    partial: usize,
}

/// What became of one invocation.
enum Turn {
    /// The ids that were handed back.
    Answered(BTreeSet<String>),
    Killed,
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_function_loses_nothing() {
    let place = Anywhere::start().await;
    let mut dice = Dice::seeded("CRASH_SEED");
    let mut counts = Counts::default();
    let mut queue: Vec<Message> = Vec::new();
    let mut running: Option<(RuntimeApi, Function)> = None;
    let mut usual = Duration::from_millis(50);
    while counts.changes < CHANGES || !queue.is_empty() {
        for _ in 0..dice.roll(16).min(CHANGES - counts.changes) {
            counts.changes += 1;
            queue.push(change(&place, &mut dice, counts.changes).await);
        }
        let batch = dice.draw(&mut queue, 10);
        if batch.is_empty() {
            continue;
        }
        let (mut api, function) = match running.take() {
            Some(running) => running,
            None => start(&place).await,
        };
        // At any moment of what it usually takes, its start included if it has just been started.
        let moment = usual.mul_f64(f64::from(u32::try_from(dice.roll(1000)).unwrap()) / 800.0);
        let killed = (counts.kills < KILLS && dice.percent(70)).then_some(moment);
        let revisions = revisions(&place, &batch).await;
        let taken = api.handed_out();
        let begun = Instant::now();
        counts.invocations += 1;
        match turn(&mut api, &batch, killed).await {
            Turn::Answered(back) => {
                usual = begun.elapsed();
                queue.extend(batch.into_iter().filter(|message| back.contains(&message.id)));
                running = Some((api, function));
            }
            Turn::Killed => {
                function.kill();
                counts.kills += 1;
                if api.handed_out() > taken {
                    counts.in_the_middle += 1;
                    let now = self::revisions(&place, &batch).await;
                    let written = now.iter().zip(&revisions).filter(|(now, was)| now != was);
                    if written.count() > 0 && !all_right(&place, &batch).await {
                        counts.partial += 1;
                    }
                }
                queue.extend(batch);
            }
        }
    }
    println!("{counts:?}");
    for key in (0..KEYS).map(name) {
        assert!(place.is_right(&key).await, "{key}: {:?}", place.row(&key).await);
    }
    assert_eq!(counts.changes, CHANGES);
    assert!(counts.kills >= 25 && counts.in_the_middle * 2 > counts.kills, "{counts:?}");
    assert!(counts.partial > 0, "{counts:?}");
}

fn name(key: usize) -> String {
    format!("{key}.png")
}

/// A change of the bucket, and the message that says so.
async fn change(place: &Place, dice: &mut Dice, number: usize) -> Message {
    let key = name(dice.roll(KEYS));
    let event = if dice.percent(75) {
        let colour = [[250, 0, 0], [0, 250, 0], [0, 0, 250]][dice.roll(3)];
        place.put(&key, one_colour(colour)).await;
        "ObjectCreated:Put"
    } else {
        place.delete(&key).await;
        "ObjectRemoved:Delete"
    };
    let record = place.record(event, &key, &format!("{number:016X}"));
    Message { id: number.to_string(), key, body: json!({"Records": [record]}).to_string() }
}

/// A function that has answered its first event, an empty one.
async fn start(place: &Place) -> (RuntimeApi, Function) {
    let mut api = RuntimeApi::start().await;
    let function = Function::start_with(&api, place, &[("MODEL_FILE", TINY_MODEL)]);
    api.invoke(json!({"Event": "s3:TestEvent"}), MINUTE).await;
    (api, function)
}

/// Has a batch dealt with, or waits for the moment to kill.
async fn turn(api: &mut RuntimeApi, batch: &[Message], killed: Option<Duration>) -> Turn {
    let messages: Vec<Value> = batch
        .iter()
        .map(|m| json!({"messageId": m.id, "eventSource": "aws:sqs", "body": m.body}))
        .collect();
    api.send(json!({"Records": messages}), MINUTE).await;
    let answer = tokio::time::timeout(killed.unwrap_or(MINUTE), api.answer());
    let Ok((kind, answer)) = answer.await else {
        assert!(killed.is_some(), "the function does not answer");
        return Turn::Killed;
    };
    assert_eq!(kind, "response", "{answer}");
    let failures = answer["batchItemFailures"].as_array().unwrap().iter();
    Turn::Answered(failures.map(|f| f["itemIdentifier"].as_str().unwrap().to_owned()).collect())
}

async fn revisions(place: &Place, batch: &[Message]) -> Vec<Option<String>> {
    let mut revisions = Vec::new();
    for message in batch {
        let row = place.row(&message.key).await;
        revisions.push(row.map(|row| row.revision.to_string()));
    }
    revisions
}

async fn all_right(place: &Place, batch: &[Message]) -> bool {
    for message in batch {
        if !place.is_right(&message.key).await {
            return false;
        }
    }
    true
}
