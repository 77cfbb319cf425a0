//! Buckets on S3, or on anything that speaks its protocol.

use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::primitives::DateTime;
use time::OffsetDateTime;

use super::{Body, Bucket, BucketError, Object, ObjectMeta, chain, remedy, said};
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

    /// The client itself.
    pub(super) fn client(&self) -> &Client {
        &self.0
    }

    /// An address at which the object can be fetched for a while, by whoever has it. Asks nobody.
    pub async fn presigned(
        &self,
        object: &ObjectId,
        works: Duration,
    ) -> Result<String, BucketError> {
        let failed = |cause| BucketError::Failed { object: object.clone(), cause };
        let works = PresigningConfig::expires_in(works).map_err(|error| failed(chain(error)))?;
        let request = self.0.get_object().bucket(object.bucket()).key(object.key());
        let signed = request.presigned(works).await.map_err(|error| failed(said(error)))?;
        Ok(signed.uri().to_owned())
    }
}

impl Bucket for S3 {
    async fn head(&self, object: &ObjectId) -> Result<Option<ObjectMeta>, BucketError> {
        let request = self.0.head_object().bucket(object.bucket()).key(object.key());
        match request.send().await {
            Ok(a) => {
                meta(object, a.e_tag, a.content_length, a.last_modified, a.version_id).map(Some)
            }
            // A HEAD's answer has no body that could say what is not there.
            Err(error) if status(&error) == Some(404) => Ok(None),
            Err(error) => Err(failure(object, error)),
        }
    }

    async fn get(&self, object: &ObjectId) -> Result<Option<Object>, BucketError> {
        let request = self.0.get_object().bucket(object.bucket()).key(object.key());
        match request.send().await {
            Ok(a) => {
                let meta = meta(object, a.e_tag, a.content_length, a.last_modified, a.version_id)?;
                Ok(Some(Object { meta, body: Body::new(a.body) }))
            }
            // Only S3's own word says that there is no object: a 404 may come from anybody, a proxy
            // or a wrong endpoint, and would empty the catalogue.
            Err(error) if status(&error) == Some(404) && error.code() == Some("NoSuchKey") => {
                Ok(None)
            }
            Err(error) => Err(failure(object, error)),
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

fn status<E>(error: &SdkError<E>) -> Option<u16> {
    error.raw_response().map(|response| response.status().as_u16())
}

/// What must be allowed to look at an object, where S3 says no more than that it is not.
const NEEDED: &str = "allow s3:GetObject on it and s3:ListBucket on the bucket, and let no policy deny \
                      them";

/// What went wrong, and what to do about it.
///
/// Source: Amazon S3 API reference, `HeadObject` ("Permissions"), `GetObject` and "Error responses":
/// without `s3:ListBucket` a missing object answers 403.
fn failure<E>(object: &ObjectId, error: SdkError<E>) -> BucketError
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    let object = object.clone();
    match (status(&error), error.code()) {
        (Some(403), Some("InvalidObjectState")) => BucketError::Archived { object },
        (Some(403), _) => {
            let remedy = remedy(error.message().unwrap_or_default(), NEEDED);
            BucketError::Denied { object, remedy, cause: said(error) }
        }
        _ => BucketError::Failed { object, cause: because(error) },
    }
}

/// Why a request failed, and what to do about it.
///
/// Source: Amazon S3 API reference, "Error responses": a bucket of another region answers 301, and
/// names the region in a header.
pub(super) fn because<E>(error: SdkError<E>) -> String
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    let answer = error.raw_response();
    let region = answer.and_then(|answer| answer.headers().get("x-amz-bucket-region"));
    match (status(&error), error.code(), region) {
        (Some(301 | 307), _, Some(region)) => {
            format!("the bucket is in the region {region}: set AWS_REGION to that")
        }
        (Some(301 | 307), ..) => {
            "the bucket is in another region: set AWS_REGION to that".to_owned()
        }
        // The SDK's own word for an answer without a body is `NotFound`.
        (Some(404), None | Some("NotFound"), _) => {
            "404 without S3's NoSuchKey, so this is not S3's answer: check the endpoint, and what \
             lies on the way to it"
                .to_owned()
        }
        _ => said(error),
    }
}
