//! One object was created or removed.

use crate::object::{ETag, ObjectId, Sequencer};

/// A hint that an object changed. What is true is the object that is there now: nothing that is
/// said here beside its name is believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Which object.
    pub object: ObjectId,
    /// What happened to it.
    pub kind: Kind,
    /// Its version, in a bucket that keeps versions.
    pub version_id: Option<String>,
    /// The fingerprint of its content, as S3 gives it.
    pub etag: Option<ETag>,
    /// Bytes.
    pub size: Option<u64>,
    /// Its place among the changes of this key. Missing in backfills and direct calls, and where
    /// what is sent is none.
    pub sequencer: Option<Sequencer>,
}

impl Change {
    /// A request to look at an object, whatever happened to it. It has no order.
    #[must_use]
    pub fn look_at(object: ObjectId) -> Self {
        let kind = Kind::Created;
        Self { object, kind, version_id: None, etag: None, size: None, sequencer: None }
    }
}

/// What happened to an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// It was put, copied, completed or restored.
    Created,
    /// It was deleted, expired, or hidden by a delete marker.
    Removed,
    /// The event does not say.
    Unknown,
    /// Nothing: it may be what a name means that can be read in two ways. If there is no such object
    /// and there never was, it is not what was meant.
    Guessed,
    /// An event that changes no content (tags, access lists, ...), by its name.
    Other(String),
}
