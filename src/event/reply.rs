//! What became of a message, as its sender is told it.

use serde_json::Value;

/// What became of one message.
#[derive(Debug, Clone)]
pub struct Reply<'a> {
    /// The message's id.
    pub id: &'a str,
    /// Whether it is done.
    pub fate: Fate,
    /// What became of each of its changes.
    pub outcomes: Vec<Told>,
}

/// Whether a message is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Each of its changes is dealt with, or it is kept elsewhere: it may be forgotten.
    Done,
    /// It goes back, to be sent again.
    Retry,
    /// It goes back, and sending it again will not help: it names no object.
    Unreadable,
}

/// What can be told of one change.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    /// The outcome's name.
    pub name: &'static str,
    /// A sentence for a person.
    pub words: String,
    /// All that is said of the change, for who asked for this one alone; null for all others.
    pub whole: Value,
}
