//! Reading a record field by field: one that is not used must never lose a photo, whatever is in
//! it.

use serde_json::Value;

use crate::object::{self, ObjectIdError, Sequencer};

/// Why a record, a task or an item cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// A field that is needed is missing, or is no text.
    #[error("has no {0}")]
    Missing(&'static str),
    /// The event version is not one that lookbook knows.
    #[error("has event version '{0}': expected 2.x")]
    Version(String),
    /// The key does not decode to UTF-8.
    #[error("has a key that does not decode to UTF-8: '{0}'")]
    Key(String),
    /// The bucket or the key breaks S3's rules.
    #[error("names no object: {0}")]
    Object(#[from] ObjectIdError),
    /// The URL is not one of an object.
    #[error("has the url '{0}': expected s3://BUCKET/KEY")]
    Url(String),
}

/// The fields of a record, by their JSON pointers (RFC 6901). What is of another type is not there.
#[derive(Clone, Copy)]
pub(super) struct Fields<'a>(pub &'a Value);

impl<'a> Fields<'a> {
    /// A text that is not empty.
    pub fn text(self, path: &str) -> Option<&'a str> {
        self.0.pointer(path).and_then(Value::as_str).filter(|text| !text.is_empty())
    }

    /// A text that must be there; `name` is what the error calls it.
    pub fn needed(self, path: &str, name: &'static str) -> Result<&'a str, RecordError> {
        self.text(path).ok_or(RecordError::Missing(name))
    }

    /// A sequencer. What is none (test events have `"Happy Sequencer"`) only means that the change
    /// has no order.
    pub fn sequencer(self, path: &str) -> Option<Sequencer> {
        self.text(path)?.parse().ok()
    }

    /// A whole number.
    pub fn number(self, path: &str) -> Option<u64> {
        self.0.pointer(path).and_then(Value::as_u64)
    }
}

/// Decodes a key as S3 encodes it in notifications.
pub(super) fn decode_key(key: &str) -> Result<String, RecordError> {
    object::decode_key(key).ok_or_else(|| RecordError::Key(key.chars().take(200).collect()))
}
