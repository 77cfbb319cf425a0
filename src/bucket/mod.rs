//! Objects in buckets: look at one ([`Bucket::head`]) or fetch it ([`Bucket::get`]).
//!
//! [`S3`] does it over the network. What an event says of an object is a hint; what these two
//! answer is the truth, since S3 is strongly consistent: a look sees every write that was done
//! before it.
//!
//! An object that is not there is `None`, not an error: S3 answers 404 for it as long as the role
//! may list the bucket, and 403 if it may not. So a 403 is an error, of that object alone. That an
//! object is gone is only believed where S3 says so in its own words, `NoSuchKey`.
//!
//! What is in a bucket is listed page by page ([`S3::list`]).
//!
//! [`UrlClient`] fetches photos that are in no bucket, from hosts that are named.

mod body;
mod denied;
mod listing;
#[cfg(feature = "web")]
mod post;
mod s3;
#[cfg(test)]
#[cfg(feature = "cli")]
mod tests;
mod url;

pub use body::{Body, BodyError};
pub(crate) use denied::remedy;
pub use listing::{Listed, ListingError, Pages};
#[cfg(feature = "web")]
pub use post::{PostError, PostForm, PostSigner};
pub use s3::S3;
pub use url::{Hosts, UrlClient, UrlError};

use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use time::OffsetDateTime;

use crate::code::{Code, RetryCode};
use crate::object::{ETag, ObjectId};

/// What S3 says of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectMeta {
    /// The fingerprint of its content.
    pub etag: ETag,
    /// Bytes.
    pub size: u64,
    /// When it was put.
    pub last_modified: OffsetDateTime,
    /// Its version, in a bucket that keeps versions.
    pub version_id: Option<String>,
}

/// An object whose bytes can be read.
#[derive(Debug)]
pub struct Object {
    /// What S3 says of it: of the very bytes in the body.
    pub meta: ObjectMeta,
    /// Its bytes, not yet read.
    pub body: Body,
}

/// Where objects are.
pub trait Bucket: Send + Sync {
    /// Looks at the object that is there now; `None` if there seems to be none: only
    /// [`get`](Self::get) knows.
    fn head(
        &self,
        object: &ObjectId,
    ) -> impl Future<Output = Result<Option<ObjectMeta>, BucketError>> + Send;

    /// Opens the object that is there now; `None` if there is none.
    fn get(
        &self,
        object: &ObjectId,
    ) -> impl Future<Output = Result<Option<Object>, BucketError>> + Send;
}

/// Why an object could not be looked at or read.
#[derive(Debug, thiserror::Error)]
pub enum BucketError {
    /// The function may not read it.
    #[error("access denied to s3://{object}: {remedy} ({cause})")]
    Denied {
        /// Which object.
        object: ObjectId,
        /// What to do.
        remedy: String,
        /// What S3 said.
        cause: String,
    },
    /// It is in an archive class and was not restored.
    #[error("s3://{object} is archived: restore it, and it is classified then")]
    Archived {
        /// Which object.
        object: ObjectId,
    },
    /// The request failed, after the SDK's own retries.
    #[error("s3://{object} could not be read: {cause}")]
    Failed {
        /// Which object.
        object: ObjectId,
        /// The chain of causes.
        cause: String,
    },
    /// The answer lacks something that S3 always sends.
    #[error("s3://{object}: the answer has no {missing}")]
    Answer {
        /// Which object.
        object: ObjectId,
        /// The header.
        missing: &'static str,
    },
}

impl BucketError {
    /// A stable name for logs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Archived { .. } => Code::Archived.as_str(),
            other => other.retry_code().as_str(),
        }
    }

    /// Its name where the change goes back because of it.
    #[must_use]
    pub fn retry_code(&self) -> RetryCode {
        match self {
            Self::Denied { .. } => RetryCode::BucketDenied,
            Self::Archived { .. } | Self::Failed { .. } => RetryCode::BucketFailed,
            Self::Answer { .. } => RetryCode::BucketAnswer,
        }
    }
}

/// What AWS said, or why it could not be asked, in one line. What the SDK makes of an answer is meant
/// for programmers.
pub(crate) fn said<E>(error: SdkError<E>) -> String
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    let status = error.raw_response().map(|answer| answer.status().as_u16());
    match (error.as_service_error(), status) {
        (None, _) => chain(error),
        (Some(said), status) => match (said.code(), said.message()) {
            (Some(code), Some(message)) => format!("{code}: {message}"),
            (Some(code), None) => code.to_owned(),
            (None, _) => format!("the answer is {}", status.unwrap_or_default()),
        },
    }
}

/// The whole chain of causes in one line. What the SDK's errors say of themselves is only its head.
pub(crate) fn chain(error: impl std::error::Error + Send + Sync + 'static) -> String {
    format!("{:#}", anyhow::Error::new(error))
}
