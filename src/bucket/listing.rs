//! What is in a bucket, page by page, in the order of the keys: of their bytes.

use aws_sdk_s3::Client;
use aws_sdk_s3::types::{EncodingType, Object as Entry};
use time::OffsetDateTime;

use super::{S3, s3::because};
use crate::object::{ETag, ObjectId, ObjectIdError, S3Url, decode_key};

/// An object as a listing has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Which object.
    pub object: ObjectId,
    /// Bytes.
    pub size: u64,
    /// The fingerprint of its content.
    pub etag: Option<ETag>,
    /// When it was put.
    pub last_modified: Option<OffsetDateTime>,
    /// Its storage class, as `STANDARD` or `GLACIER`.
    pub storage_class: Option<String>,
}

/// Why a bucket could not be listed.
#[derive(Debug, thiserror::Error)]
pub enum ListingError {
    /// The request failed, after the SDK's own retries.
    #[error("the bucket {bucket} could not be listed: {cause}; it takes s3:ListBucket on it")]
    Failed {
        /// The bucket.
        bucket: String,
        /// What S3 said, or why it could not be asked.
        cause: String,
    },
    /// The answer has an entry that names no object.
    #[error("the listing of the bucket {bucket} has an entry that names no object: {source}")]
    Entry {
        /// The bucket.
        bucket: String,
        /// What is wrong with it.
        source: ObjectIdError,
    },
    /// The answer has a key that is not UTF-8.
    #[error("the listing of the bucket {bucket} has a key that does not decode to UTF-8: '{key}'")]
    Key {
        /// The bucket.
        bucket: String,
        /// The key, as it is encoded.
        key: String,
    },
    /// The answer says that there is more, and not how to get at it.
    #[error(
        "the listing of the bucket {bucket} breaks off: it says that there is more, but not where"
    )]
    Token {
        /// The bucket.
        bucket: String,
    },
}

/// The pages of a listing that are still to come. No more than one of them is in memory.
#[derive(Debug)]
pub struct Pages {
    client: Client,
    place: S3Url,
    next: Next,
}

/// Where the next page begins.
#[derive(Debug)]
enum Next {
    After(Option<String>),
    Token(String),
    End,
}

impl S3 {
    /// Lists the objects whose keys begin with the URL's prefix and are greater than `after`.
    #[must_use]
    pub fn list(&self, place: &S3Url, after: Option<&str>) -> Pages {
        let next = Next::After(after.map(ToOwned::to_owned));
        Pages { client: self.client().clone(), place: place.clone(), next }
    }
}

impl Pages {
    /// The next page, which may be empty though more follow; `None` after the last one.
    pub async fn next(&mut self) -> Result<Option<Vec<Listed>>, ListingError> {
        let bucket = self.place.bucket();
        let request = self.client.list_objects_v2().bucket(bucket).prefix(self.place.prefix());
        // XML has no place for some characters that a key may have.
        let request = request.encoding_type(EncodingType::Url);
        let request = match &self.next {
            Next::After(after) => request.set_start_after(after.clone()),
            Next::Token(token) => request.continuation_token(token),
            Next::End => return Ok(None),
        };
        let answer = request.send().await.map_err(|error| ListingError::Failed {
            bucket: bucket.to_owned(),
            cause: because(error),
        })?;
        let is_encoded = answer.encoding_type == Some(EncodingType::Url);
        let entries = answer.contents.unwrap_or_default().into_iter();
        let listed =
            entries.map(|entry| listed(bucket, entry, is_encoded)).collect::<Result<_, _>>();
        let next = match (answer.is_truncated, answer.next_continuation_token) {
            (Some(true), Some(token)) => Next::Token(token),
            (Some(true), None) => return Err(ListingError::Token { bucket: bucket.to_owned() }),
            _ => Next::End,
        };
        self.next = next;
        listed.map(Some)
    }
}

fn listed(bucket: &str, entry: Entry, is_encoded: bool) -> Result<Listed, ListingError> {
    let key = entry.key.unwrap_or_default();
    let key = match is_encoded.then(|| decode_key(&key)) {
        Some(Some(decoded)) => decoded,
        Some(None) => return Err(ListingError::Key { bucket: bucket.to_owned(), key }),
        None => key,
    };
    let object = ObjectId::new(bucket, &key)
        .map_err(|source| ListingError::Entry { bucket: bucket.to_owned(), source })?;
    let modified = entry.last_modified;
    Ok(Listed {
        object,
        size: entry.size.and_then(|size| u64::try_from(size).ok()).unwrap_or_default(),
        etag: entry.e_tag.map(|etag| ETag::new(&etag)),
        last_modified: modified
            .and_then(|time| OffsetDateTime::from_unix_timestamp(time.secs()).ok()),
        storage_class: entry.storage_class.map(|class| class.as_str().to_owned()),
    })
}
