//! Why a model cannot be brought, or cannot be used.

use crate::bucket::{BodyError, BucketError};
use crate::classifier::{ModelError, ModelHash};
use crate::object::ObjectId;

/// Why there is no model. Each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum ModelFileError {
    /// The bucket has no such object.
    #[error(
        "there is no model s3://{object}: put it there, or correct --model (MODEL_FILE); keys are \
         taken as they are, not encoded"
    )]
    Missing {
        /// Which.
        object: ObjectId,
    },
    /// The bucket does not give it.
    #[error("the model cannot be fetched: {}", said(.0))]
    Bucket(#[from] BucketError),
    /// The download broke off, again and again.
    #[error("the model cannot be fetched: s3://{object}: {source}")]
    Body {
        /// Which.
        object: ObjectId,
        /// How.
        source: BodyError,
    },
    /// It is larger than any that could be meant.
    #[error(
        "s3://{object} has {size} bytes, and {limit} are the most that may be: is it the model?"
    )]
    TooLarge {
        /// Which.
        object: ObjectId,
        /// In bytes.
        size: u64,
        /// In bytes.
        limit: u64,
    },
    /// It is not the one that is pinned.
    #[error(
        "s3://{object} has the SHA-256 {found}, and not {pinned}, and is not used: put back the file \
         that was meant, or correct --model-sha256 (MODEL_SHA256)"
    )]
    Hash {
        /// Which.
        object: ObjectId,
        /// That of its content.
        found: ModelHash,
        /// That which it should have.
        pinned: ModelHash,
    },
    /// What is beside the model is no text.
    #[error("s3://{object}, the text beside the model, is not in UTF-8: save it so, or remove it")]
    NotText {
        /// Which.
        object: ObjectId,
    },
    /// It was fetched, and cannot be used.
    #[error("s3://{object}: {source}")]
    Unusable {
        /// Which.
        object: ObjectId,
        /// Why. It is part of the text.
        source: Box<ModelError>,
    },
    /// A model on this machine cannot be used.
    #[error(transparent)]
    Local(Box<ModelError>),
    /// The program failed on it.
    #[error("the model could not be loaded: the program failed on it; please report it")]
    Panicked,
}

impl From<ModelError> for ModelFileError {
    fn from(error: ModelError) -> Self {
        Self::Local(Box::new(error))
    }
}

/// What a bucket says, to who has a model in it.
fn said(error: &BucketError) -> String {
    match error {
        BucketError::Archived { object } => {
            format!("s3://{object} is archived: restore it, or put the model there anew")
        }
        other => other.to_string(),
    }
}
