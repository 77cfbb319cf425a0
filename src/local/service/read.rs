//! Reading objects.

use std::fs::File;
use std::io;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use futures::stream;
use s3s::dto::{
    ETag, ETagCondition, GetObjectInput, GetObjectOutput, HeadObjectInput, HeadObjectOutput,
    StreamingBlob, Timestamp,
};
use s3s::{S3Request, S3Result, s3_error};
use time::OffsetDateTime;
use tokio::io::{AsyncReadExt, AsyncSeekExt};

use super::{BucketService, S3Answer, answer, blocking};
use crate::local::folder::StoredObject;
use crate::local::upload::internal;

/// How much of an object is read at a time.
const CHUNK_BYTES: usize = 64 * 1024;

impl BucketService {
    pub(super) async fn find(&self, bucket: &str, key: &str) -> S3Result<StoredObject> {
        self.check(bucket)?;
        let (folder, key) = (Arc::clone(&self.folder), key.to_owned());
        blocking(move || folder.get(&key))
            .await?
            .map_err(internal)?
            .ok_or_else(|| s3_error!(NoSuchKey, "the key does not exist"))
    }

    pub(super) async fn head(&self, req: S3Request<HeadObjectInput>) -> S3Answer<HeadObjectOutput> {
        let input = req.input;
        let object = self.find(&input.bucket, &input.key).await?;
        check_read(
            &object,
            input.if_match.as_ref(),
            input.if_none_match.as_ref(),
            input.if_modified_since.as_ref(),
            input.if_unmodified_since.as_ref(),
        )?;
        let attributes = object.attributes;
        answer(HeadObjectOutput {
            accept_ranges: Some("bytes".to_owned()),
            content_length: i64::try_from(object.stamp.size).ok(),
            content_type: Some(
                attributes.content_type.unwrap_or_else(|| content_type(&input.key).to_owned()),
            ),
            cache_control: attributes.cache_control,
            content_disposition: attributes.content_disposition,
            content_encoding: attributes.content_encoding,
            content_language: attributes.content_language,
            expires: expires(attributes.expires),
            e_tag: Some(ETag::Strong(object.etag)),
            last_modified: Some(object.stamp.last_modified()),
            metadata: Some(attributes.metadata.into_iter().collect()),
            ..HeadObjectOutput::default()
        })
    }

    pub(super) async fn get(&self, req: S3Request<GetObjectInput>) -> S3Answer<GetObjectOutput> {
        // Another state than it was, or one that is told by its time: the whole is right too.
        let if_range =
            req.headers.get("if-range").map(|was| was.to_str().unwrap_or_default().to_owned());
        let input = req.input;
        let mut object = self.find(&input.bucket, &input.key).await?;
        check_read(
            &object,
            input.if_match.as_ref(),
            input.if_none_match.as_ref(),
            input.if_modified_since.as_ref(),
            input.if_unmodified_since.as_ref(),
        )?;
        let size = object.stamp.size;
        let (mut length, mut content_range) = (size, None);
        let as_it_was = if_range.is_none_or(|was| was.trim_matches('"') == object.etag);
        if let Some(range) = input.range.filter(|_| as_it_was) {
            let range = range.check(size)?;
            length = range.end - range.start;
            content_range =
                Some(format!("bytes {}-{}/{size}", range.start, range.end.saturating_sub(1)));
            let mut file = tokio::fs::File::from_std(object.file);
            file.seek(io::SeekFrom::Start(range.start)).await.map_err(internal)?;
            object.file = file.into_std().await;
        }
        let attributes = object.attributes;
        answer(GetObjectOutput {
            body: Some(stream_of(object.file, length)),
            accept_ranges: Some("bytes".to_owned()),
            content_length: i64::try_from(length).ok(),
            content_range,
            content_type: Some(
                input
                    .response_content_type
                    .or(attributes.content_type)
                    .unwrap_or_else(|| content_type(&input.key).to_owned()),
            ),
            cache_control: input.response_cache_control.or(attributes.cache_control),
            content_disposition: input
                .response_content_disposition
                .or(attributes.content_disposition),
            content_encoding: input.response_content_encoding.or(attributes.content_encoding),
            content_language: input.response_content_language.or(attributes.content_language),
            expires: expires(attributes.expires),
            e_tag: Some(ETag::Strong(object.etag)),
            last_modified: Some(object.stamp.last_modified()),
            metadata: Some(attributes.metadata.into_iter().collect()),
            ..GetObjectOutput::default()
        })
    }
}

/// Checks the conditions of a read, `If-Match` before `If-Unmodified-Since` and so on as S3 does.
pub(super) fn check_read(
    object: &StoredObject,
    if_match: Option<&ETagCondition>,
    if_none_match: Option<&ETagCondition>,
    modified_since: Option<&Timestamp>,
    unmodified_since: Option<&Timestamp>,
) -> S3Result<()> {
    let is = |condition: &ETagCondition| match condition {
        ETagCondition::Any => true,
        ETagCondition::ETag(etag) => etag.value() == object.etag,
    };
    let modified = object.stamp.last_modified();
    let matches =
        if_match.map_or_else(|| unmodified_since.is_none_or(|time| modified <= *time), is);
    if !matches {
        return Err(s3_error!(PreconditionFailed, "the object is not the one of the condition"));
    }
    let same =
        if_none_match.map_or_else(|| modified_since.is_some_and(|time| modified <= *time), is);
    if same {
        return Err(s3_error!(NotModified));
    }
    Ok(())
}

fn expires(seconds: Option<i64>) -> Option<Timestamp> {
    seconds
        .and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok())
        .map(Timestamp::from)
}

/// The content type of a file that was copied into the folder, as AWS's own tools would have set
/// it.
fn content_type(key: &str) -> &'static str {
    match key.rsplit('.').next().unwrap_or_default().to_ascii_lowercase().as_str() {
        "jpg" | "jpeg" => "image/jpeg",
        "png" => "image/png",
        "gif" => "image/gif",
        "avif" => "image/avif",
        "webp" => "image/webp",
        "bmp" => "image/bmp",
        "tif" | "tiff" => "image/tiff",
        _ => "binary/octet-stream",
    }
}

fn stream_of(file: File, length: u64) -> StreamingBlob {
    let file = tokio::fs::File::from_std(file);
    StreamingBlob::wrap(stream::try_unfold((file, length), |(mut file, left)| async move {
        if left == 0 {
            return Ok(None);
        }
        let want = usize::try_from(left).unwrap_or(CHUNK_BYTES).min(CHUNK_BYTES);
        let mut chunk = BytesMut::zeroed(want);
        let read = file.read(&mut chunk).await?;
        if read == 0 {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the file became shorter"));
        }
        chunk.truncate(read);
        Ok(Some((Bytes::from(chunk), (file, left - read as u64))))
    }))
}
