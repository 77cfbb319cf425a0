//! Putting, copying and deleting objects.

use std::sync::Arc;

use s3s::crypto::{Checksum as _, Md5};
use s3s::dto::{
    CopyObjectInput, CopyObjectOutput, CopyObjectResult, CopySource, DeleteObjectInput,
    DeleteObjectOutput, DeleteObjectsInput, DeleteObjectsOutput, DeletedObject, ETag,
    ETagCondition, Error as ErrorEntry, MetadataDirective, PutObjectInput, PutObjectOutput,
    StreamingBlob,
};
use s3s::{S3Error, S3Request, S3Result, s3_error};

use super::{BucketService, S3Answer, answer, blocking};
use crate::local::folder::{Condition, PutError};
use crate::local::key::{self, KeyError};
use crate::local::upload::{Integrity, MAX_BYTES, copy_hashing, discard, internal, receive};

/// The headers and user metadata of a request that makes an object; its types share no trait.
macro_rules! attributes_of {
    ($input:ident) => {
        $crate::local::attributes::Attributes {
            content_type: $input.content_type,
            cache_control: $input.cache_control,
            content_disposition: $input.content_disposition,
            content_encoding: $crate::local::service::write::encoding($input.content_encoding),
            content_language: $input.content_language,
            expires: $input.expires.map(|time| time::OffsetDateTime::from(time).unix_timestamp()),
            metadata: $input.metadata.unwrap_or_default().into_iter().collect(),
        }
    };
}
pub(super) use attributes_of;

/// The object that a request copies, if it has what the request demands of it; the types of such
/// requests share no trait.
macro_rules! source_of {
    ($service:expr, $input:ident) => {{
        let (bucket, key) = $crate::local::service::write::source_key(&$input.copy_source)?;
        let object = $service.find(bucket, key).await?;
        $crate::local::service::read::check_read(
            &object,
            $input.copy_source_if_match.as_ref(),
            $input.copy_source_if_none_match.as_ref(),
            $input.copy_source_if_modified_since.as_ref(),
            $input.copy_source_if_unmodified_since.as_ref(),
        )
        // A copy has no 304.
        .map_err(|_| s3s::s3_error!(PreconditionFailed))?;
        object
    }};
}
pub(super) use source_of;

/// The bucket and the key of what is copied.
pub(super) fn source_key(source: &CopySource) -> S3Result<(&str, &str)> {
    match source {
        CopySource::Bucket { bucket, key, version_id }
            if is_none_or_null(version_id.as_deref()) =>
        {
            Ok((bucket, key))
        }
        _ => Err(s3_error!(NotImplemented, "a copy is of what is in the bucket now")),
    }
}

/// Without versions, the one that is there has the id `null`.
fn is_none_or_null(version: Option<&str>) -> bool {
    version.is_none_or(|version| version == "null")
}

/// The encoding of the content, without that of the request.
pub(super) fn encoding(given: Option<String>) -> Option<String> {
    let given = given?;
    let kept: Vec<&str> =
        given.split(',').map(str::trim).filter(|name| *name != "aws-chunked").collect();
    (!kept.is_empty()).then(|| kept.join(","))
}

impl BucketService {
    pub(super) async fn put(&self, req: S3Request<PutObjectInput>) -> S3Answer<PutObjectOutput> {
        let integrity = Integrity::of(&req);
        let input = req.input;
        self.check(&input.bucket)?;
        let key = input.key;
        let name = key.strip_suffix('/').unwrap_or(&key);
        if let Err(error) = key::path_of(self.folder.root(), name) {
            discard(input.body).await;
            return Err(put_error(error.into(), &key));
        }
        let condition = match write_condition(input.if_match, input.if_none_match) {
            Ok(condition) if condition == Condition::None || !key.ends_with('/') => condition,
            refused => {
                discard(input.body).await;
                let folder = "a folder is made without conditions";
                return Err(refused.err().unwrap_or_else(|| s3_error!(NotImplemented, "{folder}")));
            }
        };
        let folder = Arc::clone(&self.folder);
        let body = input.body.unwrap_or_else(|| StreamingBlob::from(s3s::Body::empty()));
        let content = {
            let folder = Arc::clone(&folder);
            blocking(move || folder.temporary()).await?.map_err(internal)?
        };
        let received = receive(body, content, integrity).await?;
        let etag = ETag::Strong(received.etag.clone());
        let checksum = received.checksum;
        if key.ends_with('/') {
            if received.size > 0 {
                return Err(s3_error!(
                    InvalidRequest,
                    "a key that ends in `/` is a folder, and is empty"
                ));
            }
            let made = {
                let name = name.to_owned();
                blocking(move || folder.make_folder(&name)).await?
            };
            made.map_err(|error| put_error(error, &key))?;
        } else {
            let attributes = attributes_of!(input);
            let put = {
                let key = key.clone();
                blocking(move || {
                    folder.put(&key, received.content, &received.etag, &attributes, &condition)
                })
                .await?
            };
            put.map_err(|error| put_error(error, &key))?;
        }
        answer(PutObjectOutput {
            e_tag: Some(etag),
            checksum_crc32: checksum.checksum_crc32,
            checksum_crc32c: checksum.checksum_crc32c,
            checksum_crc64nvme: checksum.checksum_crc64nvme,
            checksum_sha1: checksum.checksum_sha1,
            checksum_sha256: checksum.checksum_sha256,
            ..PutObjectOutput::default()
        })
    }

    pub(super) async fn copy(&self, req: S3Request<CopyObjectInput>) -> S3Answer<CopyObjectOutput> {
        let input = req.input;
        self.check(&input.bucket)?;
        let object = source_of!(self, input);
        if object.stamp.size > MAX_BYTES {
            return Err(s3_error!(
                InvalidRequest,
                "one request copies 5 GiB at most: copy it in parts"
            ));
        }
        let replace = input
            .metadata_directive
            .as_ref()
            .is_some_and(|directive| directive.as_str() == MetadataDirective::REPLACE);
        if !replace && source_key(&input.copy_source)?.1 == input.key {
            return Err(s3_error!(
                InvalidRequest,
                "a copy onto itself changes the metadata, or nothing"
            ));
        }
        let attributes = if replace { attributes_of!(input) } else { object.attributes };
        let (folder, key, mut from) = (Arc::clone(&self.folder), input.key.clone(), object.file);
        let copied = blocking(move || {
            let mut content = folder.temporary()?;
            let mut md5 = Md5::new();
            copy_hashing(&mut from, content.as_file_mut(), &mut md5)?;
            let etag = hex::encode(md5.finalize());
            let stamp =
                folder.put(&key, content.into_temp_path(), &etag, &attributes, &Condition::None)?;
            Ok((etag, stamp))
        })
        .await?;
        let (etag, stamp) = copied.map_err(|error| put_error(error, &input.key))?;
        answer(CopyObjectOutput {
            copy_object_result: Some(CopyObjectResult {
                e_tag: Some(ETag::Strong(etag)),
                last_modified: Some(stamp.last_modified()),
                ..CopyObjectResult::default()
            }),
            ..CopyObjectOutput::default()
        })
    }

    pub(super) async fn delete_one(
        &self,
        req: S3Request<DeleteObjectInput>,
    ) -> S3Answer<DeleteObjectOutput> {
        self.check(&req.input.bucket)?;
        let condition = write_condition(req.input.if_match, None)?;
        self.delete(req.input.key, condition).await?;
        answer(DeleteObjectOutput::default())
    }

    pub(super) async fn delete_many(
        &self,
        req: S3Request<DeleteObjectsInput>,
    ) -> S3Answer<DeleteObjectsOutput> {
        self.check(&req.input.bucket)?;
        let (mut deleted, mut errors) = (Vec::new(), Vec::new());
        for object in req.input.delete.objects {
            let key = Some(object.key.clone());
            let done = if object.size.is_some()
                || object.last_modified_time.is_some()
                || !is_none_or_null(object.version_id.as_deref())
            {
                let known = "the embedded bucket knows no version, size or time of a removal";
                Err(s3_error!(NotImplemented, "{known}"))
            } else {
                let condition = object.e_tag.map(|etag| Condition::Etag(etag.into_value()));
                self.delete(object.key, condition.unwrap_or_default()).await
            };
            match done {
                Ok(()) => deleted.push(DeletedObject { key, ..DeletedObject::default() }),
                Err(error) => errors.push(ErrorEntry {
                    key,
                    code: Some(error.code().as_str().to_owned()),
                    message: error.message().map(str::to_owned),
                    ..ErrorEntry::default()
                }),
            }
        }
        let quiet = req.input.delete.quiet.unwrap_or_default();
        answer(DeleteObjectsOutput {
            deleted: (!quiet).then_some(deleted),
            errors: (!errors.is_empty()).then_some(errors),
            ..DeleteObjectsOutput::default()
        })
    }

    async fn delete(&self, key: String, condition: Condition) -> S3Result<()> {
        let folder = Arc::clone(&self.folder);
        blocking(move || folder.delete(&key, &condition).map_err(|error| put_error(error, &key)))
            .await?
    }
}

/// The condition of a request that makes an object.
pub(super) fn write_condition(
    if_match: Option<ETagCondition>,
    if_none_match: Option<ETagCondition>,
) -> S3Result<Condition> {
    match (if_match, if_none_match) {
        (None, None) => Ok(Condition::None),
        (None, Some(ETagCondition::Any)) => Ok(Condition::Absent),
        (Some(ETagCondition::Any), None) => Ok(Condition::Present),
        (Some(ETagCondition::ETag(etag)), None) => Ok(Condition::Etag(etag.into_value())),
        _ => Err(s3_error!(NotImplemented, "a write takes `If-Match`, or `If-None-Match: *`")),
    }
}

/// What S3 says when an object was not put.
pub(super) fn put_error(error: PutError, key: &str) -> S3Error {
    match error {
        PutError::Key(KeyError::TooLong) => s3_error!(KeyTooLongError),
        PutError::Condition => s3_error!(PreconditionFailed, "{error}"),
        PutError::Io(error) => internal(error),
        PutError::Key(_) | PutError::Conflict(_) => {
            tracing::warn!(key, %error, "refused an object");
            s3_error!(InvalidRequest, "{error}")
        }
    }
}
