//! What became of a change.

use serde::Serialize;

use crate::bucket::BucketError;
use crate::catalogue::{Shelf, TableError};
use crate::code::{Rejection, RetryCode};
use crate::label::Label;

/// What became of a change. Every change ends in exactly one.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// The photo was classified, and its row says so.
    Classified {
        /// The model's top label.
        label: Label,
        /// Its probability.
        confidence: f32,
        /// Where the row stands for the website.
        shelf: Shelf,
    },
    /// The row already says what this content and recipe give; or, of what is in an archive, what is
    /// known of this content.
    Unchanged,
    /// A newer change of the same key in the same event did the work.
    Superseded,
    /// The object is gone, and so is its row: a tombstone is left.
    Removed,
    /// Not a usable photo: the row says why.
    Rejected(Rejection),
    /// Nothing that lookbook looks at.
    Ignored {
        /// Why.
        message: String,
    },
    /// Not done: it goes back to its sender.
    Retry(Cause),
}

/// Why a change could not be dealt with this time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Cause {
    /// A stable name, for dashboards.
    pub code: RetryCode,
    /// What happened, to which object, and what to do.
    pub message: String,
}

impl Cause {
    pub(crate) fn new(code: RetryCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}

impl From<BucketError> for Cause {
    fn from(error: BucketError) -> Self {
        Self::new(error.retry_code(), error.to_string())
    }
}

impl From<&TableError> for Cause {
    fn from(error: &TableError) -> Self {
        Self::new(error.code(), error.to_string())
    }
}

impl Outcome {
    /// Whether the message must be handed back.
    #[must_use]
    pub fn is_retry(&self) -> bool {
        matches!(self, Self::Retry(_))
    }

    /// The outcome's name, as in its JSON.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Classified { .. } => "classified",
            Self::Unchanged => "unchanged",
            Self::Superseded => "superseded",
            Self::Removed => "removed",
            Self::Rejected(_) => "rejected",
            Self::Ignored { .. } => "ignored",
            Self::Retry(_) => "retry",
        }
    }

    /// What there is to say of it beside its name.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Classified { label, confidence, .. } => format!("{label} {confidence:.3}"),
            Self::Rejected(Rejection { message, .. }) | Self::Ignored { message } => {
                message.clone()
            }
            Self::Retry(cause) => cause.message.clone(),
            Self::Unchanged => "same content: the row stands".to_owned(),
            Self::Superseded => "a newer change of the same event did the work".to_owned(),
            Self::Removed => "the object is not there".to_owned(),
        }
    }

    /// What a repeat of the same change comes to, once the first has this outcome.
    pub(super) fn repeated(&self) -> Self {
        match self {
            Self::Classified { .. } | Self::Rejected(_) => Self::Unchanged,
            other => other.clone(),
        }
    }

    /// What an older change of the same key comes to. Where the newer one must be retried, so must
    /// the older: until one of them is done, neither may be forgotten.
    pub(super) fn for_older(&self) -> Self {
        if self.is_retry() { self.clone() } else { Self::Superseded }
    }
}
