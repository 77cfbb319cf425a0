//! What is to be done: an object that is to be looked at.

use crate::event::{Change, Kind, Message};
use crate::object::ObjectId;

/// An object to look at.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Candidate {
    /// Which one.
    pub object: ObjectId,
    /// Its bytes, as a listing or a row has them: a hint of how much room to hold.
    pub size: Option<u64>,
    /// Whether it seems to be gone, or to be none that is looked at any more: only its row is there.
    pub is_gone: bool,
}

impl Candidate {
    /// The change that says so to the pipeline. It has no order.
    pub fn change(&self) -> Change {
        let kind = if self.is_gone { Kind::Removed } else { Kind::Created };
        Change { kind, size: self.size, ..Change::look_at(self.object.clone()) }
    }

    /// The same as a message of its own.
    pub fn message(&self) -> Message {
        Message { id: self.object.to_string(), entries: vec![Ok(self.change())] }
    }
}
