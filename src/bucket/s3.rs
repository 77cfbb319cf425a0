//! Buckets on S3, or on anything that speaks its protocol.

use aws_sdk_s3::Client;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::primitives::DateTime;
use time::OffsetDateTime;

use super::{Body, Bucket, BucketError, Object, ObjectMeta, chain};
use crate::object::{ETag, ObjectId};

/// The S3 client, narrowed to what lookbook needs of it.
#[derive(Debug, Clone)]
pub struct S3(Client);

impl S3 {
    /// Wraps a client.
    #[must_use]
    pub fn new(client: Client) -> Self {
        Self(client)
    }
}

impl Bucket for S3 {
    async fn head(&self, object: &ObjectId) -> Result<Option<ObjectMeta>, BucketError> {
        let request = self.0.head_object().bucket(object.bucket()).key(object.key());
        match request.send().await {
            Ok(a) => {
                meta(object, a.e_tag, a.content_length, a.last_modified, a.version_id).map(Some)
            }
            Err(error) => missing_or_error(object, error),
        }
    }

    async fn get(&self, object: &ObjectId) -> Result<Option<Object>, BucketError> {
        let request = self.0.get_object().bucket(object.bucket()).key(object.key());
        match request.send().await {
            Ok(a) => {
                let meta = meta(object, a.e_tag, a.content_length, a.last_modified, a.version_id)?;
                Ok(Some(Object { meta, body: Body::new(a.body) }))
            }
            Err(error) => missing_or_error(object, error),
        }
    }
}

/// What both answers say of the object.
fn meta(
    object: &ObjectId,
    etag: Option<String>,
    size: Option<i64>,
    last_modified: Option<DateTime>,
    version_id: Option<String>,
) -> Result<ObjectMeta, BucketError> {
    let missing = |missing| BucketError::Answer { object: object.clone(), missing };
    let modified = last_modified.ok_or_else(|| missing("Last-Modified"))?;
    Ok(ObjectMeta {
        etag: etag.map(|t| ETag::new(&t)).ok_or_else(|| missing("ETag"))?,
        size: size
            .and_then(|size| u64::try_from(size).ok())
            .ok_or_else(|| missing("Content-Length"))?,
        last_modified: OffsetDateTime::from_unix_timestamp(modified.secs())
            .map_err(|_| missing("valid Last-Modified"))?,
        version_id: version_id.filter(|v| !v.is_empty() && v != "null"),
    })
}

/// 404 means that there is no object; 403 and all else are errors. (HEAD has no body, so its 404
/// may also mean that there is no bucket. GET tells.)
///
/// Source: Amazon S3 API reference, `HeadObject` ("Permissions") and `GetObject`: without
/// `s3:ListBucket` a missing object answers 403.
fn missing_or_error<T, E>(object: &ObjectId, error: SdkError<E>) -> Result<Option<T>, BucketError>
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    let status = error.raw_response().map(|response| response.status().as_u16());
    let code = error.code().map(ToOwned::to_owned);
    let object = object.clone();
    match (status, code.as_deref()) {
        // Nothing can be said of an object whose bucket is not to be found here.
        (Some(404), Some("NoSuchBucket")) => {
            Err(BucketError::Failed { object, cause: chain(error) })
        }
        (Some(404), _) => Ok(None),
        (Some(403), Some("InvalidObjectState")) => Err(BucketError::Archived { object }),
        (Some(403), _) => Err(BucketError::Denied { object, cause: chain(error) }),
        _ => Err(BucketError::Failed { object, cause: chain(error) }),
    }
}
