//! A queue as SQS keeps one: in no order, at least once, with a dead-letter queue.
//!
//! Source: Amazon SQS developer guide, "Amazon SQS standard queues" and "Using dead-letter queues".

use std::cell::RefCell;
use std::collections::BTreeSet;

use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::helpers::Dice;

/// How often a message is received before it goes to the dead-letter queue, as in
/// `infra/template.yaml`.
const MAX_RECEIVES: usize = 10;

#[derive(Debug, Clone)]
pub struct Message {
    pub id: String,
    pub body: String,
    receives: usize,
    /// A second delivery of a message that is delivered anyway.
    is_copy: bool,
}

impl Message {
    pub fn new(id: String, body: String) -> Self {
        Self { id, body, receives: 0, is_copy: false }
    }
}

/// For tasks of one thread.
pub struct Queue {
    state: RefCell<State>,
    changed: Notify,
}

struct State {
    dice: Dice,
    waiting: Vec<Message>,
    in_flight: usize,
    is_closed: bool,
    receives: usize,
    copies: usize,
    done: BTreeSet<String>,
    dead: Vec<Message>,
}

/// What was in the queue in the end.
pub struct Ended {
    pub receives: usize,
    pub copies: usize,
    pub done: BTreeSet<String>,
    pub dead: Vec<Message>,
}

impl Queue {
    pub fn new(dice: Dice) -> Self {
        let state = State {
            dice,
            waiting: vec![],
            in_flight: 0,
            is_closed: false,
            receives: 0,
            copies: 0,
            done: BTreeSet::new(),
            dead: vec![],
        };
        Self { state: RefCell::new(state), changed: Notify::new() }
    }

    pub fn send(&self, message: Message) {
        self.state.borrow_mut().waiting.push(message);
        self.changed.notify_waiters();
    }

    /// No more will be sent.
    pub fn close(&self) {
        self.state.borrow_mut().is_closed = true;
        self.changed.notify_waiters();
    }

    /// Some messages; none once all are done or dead.
    pub async fn receive(&self) -> Option<Vec<Message>> {
        loop {
            {
                let state = &mut *self.state.borrow_mut();
                if !state.waiting.is_empty() {
                    return Some(state.receive());
                }
                if state.is_closed && state.in_flight == 0 {
                    return None;
                }
            }
            self.changed.notified().await;
        }
    }

    /// Deletes what was received, but for what failed.
    pub fn settle(&self, batch: Vec<Message>, failed: &BTreeSet<String>) {
        let state = &mut *self.state.borrow_mut();
        state.in_flight -= batch.len();
        for message in batch {
            if message.is_copy {
                continue;
            }
            if !failed.contains(&message.id) {
                assert!(state.done.insert(message.id), "a message is done twice");
            } else if message.receives < MAX_RECEIVES {
                state.waiting.push(message);
            } else {
                state.dead.push(message);
            }
        }
        self.changed.notify_waiters();
    }

    pub fn end(self) -> Ended {
        let State { receives, copies, done, dead, waiting, in_flight, .. } =
            self.state.into_inner();
        assert_eq!((waiting.len(), in_flight), (0, 0));
        Ended { receives, copies, done, dead }
    }
}

impl State {
    fn receive(&mut self) -> Vec<Message> {
        let most = 1 + self.dice.roll(10);
        let mut batch = self.dice.draw(&mut self.waiting, most);
        for message in &mut batch {
            message.receives += 1;
            if !message.is_copy && self.dice.percent(5) {
                self.copies += 1;
                self.waiting.push(Message { is_copy: true, ..message.clone() });
            }
        }
        self.receives += batch.len();
        self.in_flight += batch.len();
        batch
    }
}

/// The event in which Lambda hands over a batch.
pub fn event(batch: &[Message]) -> Value {
    let records = batch.iter().map(|message| {
        json!({"messageId": message.id, "eventSource": "aws:sqs", "body": message.body,
            "attributes": {"ApproximateReceiveCount": message.receives.to_string()}})
    });
    json!({"Records": records.collect::<Vec<_>>()})
}
