//! The S3 operations on the bucket's folder.
//!
//! What differs from AWS: there is one bucket, which is there from the start and stays; it has no
//! versions, tags, ACLs or policies; a key that a folder cannot hold is refused with `InvalidRequest`;
//! an object's checksums are verified when it is put but not kept; a folder marker (a key that ends in
//! `/`) makes a folder and is no object; `ListObjects` and `ListObjectsV2` do not list in one
//! consistent view what changes between two pages.

use std::{io, sync::Arc};

use bytes::{Bytes, BytesMut};
use futures::stream;
use s3s::{
    S3, S3Error, S3Request, S3Response, S3Result,
    dto::{
        AbortMultipartUploadInput, AbortMultipartUploadOutput, Bucket as BucketEntry,
        CompleteMultipartUploadInput, CompleteMultipartUploadOutput, CopyObjectInput,
        CopyObjectOutput, CopyObjectResult, CopySource, CreateBucketInput, CreateBucketOutput,
        CreateMultipartUploadInput, CreateMultipartUploadOutput, DeleteBucketInput,
        DeleteBucketOutput, DeleteObjectInput, DeleteObjectOutput, DeleteObjectsInput,
        DeleteObjectsOutput, DeletedObject, ETag, ETagCondition, Error as ErrorEntry,
        GetBucketLocationInput, GetBucketLocationOutput, GetObjectInput, GetObjectOutput,
        HeadBucketInput, HeadBucketOutput, HeadObjectInput, HeadObjectOutput, ListBucketsInput,
        ListBucketsOutput, ListObjectsInput, ListObjectsOutput, ListObjectsV2Input,
        ListObjectsV2Output, MetadataDirective, PutObjectInput, PutObjectOutput, StreamingBlob,
        Timestamp, UploadPartInput, UploadPartOutput,
    },
    s3_error,
};
use tokio::io::{AsyncReadExt, AsyncSeekExt};

use super::{
    folder::{Attributes, Condition, Folder, Object, PutError},
    key::{self, KeyError},
    listing,
    state::Stamp,
    upload::{Integrity, Uploads, copy_hashing, discard, internal, receive},
};

/// How much of an object is read at a time.
const CHUNK_BYTES: usize = 64 * 1024;

/// The one bucket, as an S3 service.
#[derive(Debug)]
pub(super) struct Bucket {
    pub name: String,
    pub folder: Arc<Folder>,
    pub uploads: Arc<Uploads>,
}

type Answer<T> = S3Result<S3Response<T>>;

fn answer<T>(output: T) -> Answer<T> {
    Ok(S3Response::new(output))
}

/// When an object was last modified, in whole seconds as S3 tells it.
pub(super) fn last_modified(stamp: Stamp) -> Timestamp {
    let time = time::OffsetDateTime::from(stamp.modified());
    time.replace_nanosecond(0).unwrap_or(time).into()
}

/// Runs what blocks away from the executor.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> S3Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(S3Error::internal_error)
}

impl Bucket {
    fn check(&self, bucket: &str) -> S3Result<()> {
        if bucket == self.name {
            return Ok(());
        }
        Err(s3_error!(NoSuchBucket, "the one bucket here is `{}`", self.name))
    }

    async fn find(&self, bucket: &str, key: &str) -> S3Result<Object> {
        self.check(bucket)?;
        let (folder, key) = (Arc::clone(&self.folder), key.to_owned());
        blocking(move || folder.get(&key))
            .await?
            .map_err(internal)?
            .ok_or_else(|| s3_error!(NoSuchKey, "the key does not exist"))
    }

    async fn list(&self, bucket: &str, request: listing::Request) -> S3Result<listing::Page> {
        self.check(bucket)?;
        let folder = Arc::clone(&self.folder);
        blocking(move || request.page(&folder)).await?.map_err(internal)
    }

    async fn delete(&self, key: String) -> S3Result<()> {
        let folder = Arc::clone(&self.folder);
        blocking(move || folder.delete(&key)).await?.map_err(internal)
    }
}

/// Checks the conditions of a read, `If-Match` before `If-Unmodified-Since` and so on as S3 does.
fn check_read(
    object: &Object,
    if_match: Option<&ETagCondition>,
    if_none_match: Option<&ETagCondition>,
    modified_since: Option<&Timestamp>,
    unmodified_since: Option<&Timestamp>,
) -> S3Result<()> {
    let is = |condition: &ETagCondition| match condition {
        ETagCondition::Any => true,
        ETagCondition::ETag(etag) => etag.value() == object.etag,
    };
    let modified = last_modified(object.stamp);
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

fn write_condition(
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

fn put_error(error: PutError, key: &str) -> S3Error {
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

/// The content type of a file that was copied into the folder, as AWS's own tools would have set it.
fn content_type(key: &str) -> &'static str {
    match key.rsplit('.').next().unwrap_or_default().to_ascii_lowercase().as_str() {
        "jpg" | "jpeg" => "image/jpeg",
        "png" => "image/png",
        "gif" => "image/gif",
        "webp" => "image/webp",
        "bmp" => "image/bmp",
        "tif" | "tiff" => "image/tiff",
        _ => "binary/octet-stream",
    }
}

fn stream_of(file: std::fs::File, length: u64) -> StreamingBlob {
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

#[async_trait::async_trait]
impl S3 for Bucket {
    async fn create_bucket(&self, req: S3Request<CreateBucketInput>) -> Answer<CreateBucketOutput> {
        if req.input.bucket == self.name {
            return Err(s3_error!(BucketAlreadyOwnedByYou));
        }
        Err(s3_error!(NotImplemented, "there is one bucket here, `{}`", self.name))
    }

    async fn delete_bucket(&self, req: S3Request<DeleteBucketInput>) -> Answer<DeleteBucketOutput> {
        self.check(&req.input.bucket)?;
        Err(s3_error!(NotImplemented, "the bucket stays: delete its folder when nothing runs"))
    }

    async fn head_bucket(&self, req: S3Request<HeadBucketInput>) -> Answer<HeadBucketOutput> {
        self.check(&req.input.bucket)?;
        answer(HeadBucketOutput::default())
    }

    async fn get_bucket_location(
        &self,
        req: S3Request<GetBucketLocationInput>,
    ) -> Answer<GetBucketLocationOutput> {
        self.check(&req.input.bucket)?;
        // No constraint is how S3 says `us-east-1`.
        answer(GetBucketLocationOutput::default())
    }

    async fn list_buckets(&self, _: S3Request<ListBucketsInput>) -> Answer<ListBucketsOutput> {
        let created = std::fs::metadata(self.folder.root())
            .and_then(|metadata| metadata.created().or_else(|_| metadata.modified()))
            .ok();
        let bucket = BucketEntry {
            name: Some(self.name.clone()),
            creation_date: created.map(Timestamp::from),
            ..BucketEntry::default()
        };
        answer(ListBucketsOutput { buckets: Some(vec![bucket]), ..ListBucketsOutput::default() })
    }

    async fn head_object(&self, req: S3Request<HeadObjectInput>) -> Answer<HeadObjectOutput> {
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
            e_tag: Some(ETag::Strong(object.etag)),
            last_modified: Some(last_modified(object.stamp)),
            metadata: Some(attributes.metadata.into_iter().collect()),
            ..HeadObjectOutput::default()
        })
    }

    async fn get_object(&self, req: S3Request<GetObjectInput>) -> Answer<GetObjectOutput> {
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
        if let Some(range) = input.range {
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
            content_encoding: attributes.content_encoding,
            content_language: attributes.content_language,
            e_tag: Some(ETag::Strong(object.etag)),
            last_modified: Some(last_modified(object.stamp)),
            metadata: Some(attributes.metadata.into_iter().collect()),
            ..GetObjectOutput::default()
        })
    }

    async fn put_object(&self, req: S3Request<PutObjectInput>) -> Answer<PutObjectOutput> {
        let integrity = Integrity::of(&req);
        let input = req.input;
        self.check(&input.bucket)?;
        let key = input.key;
        let name = key.strip_suffix('/').unwrap_or(&key);
        if let Err(error) = key::path_of(self.folder.root(), name) {
            discard(input.body).await;
            return Err(put_error(error.into(), &key));
        }
        let folder = Arc::clone(&self.folder);
        let body = input.body.unwrap_or_else(|| StreamingBlob::from(s3s::Body::empty()));
        let received = receive(body, folder.temporary(), integrity).await?;
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
            let condition = write_condition(input.if_match, input.if_none_match)?;
            let attributes = Attributes {
                content_type: input.content_type,
                cache_control: input.cache_control,
                content_disposition: input.content_disposition,
                content_encoding: input.content_encoding,
                content_language: input.content_language,
                metadata: input.metadata.unwrap_or_default().into_iter().collect(),
            };
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

    async fn copy_object(&self, req: S3Request<CopyObjectInput>) -> Answer<CopyObjectOutput> {
        let input = req.input;
        let CopySource::Bucket { bucket, key: source, .. } = &input.copy_source else {
            return Err(s3_error!(NotImplemented, "a copy comes from the same bucket"));
        };
        self.check(&input.bucket)?;
        let object = self.find(bucket, source).await?;
        check_read(
            &object,
            input.copy_source_if_match.as_ref(),
            input.copy_source_if_none_match.as_ref(),
            input.copy_source_if_modified_since.as_ref(),
            input.copy_source_if_unmodified_since.as_ref(),
        )
        // A copy has no 304.
        .map_err(|_| s3_error!(PreconditionFailed))?;
        let replace = input
            .metadata_directive
            .as_ref()
            .is_some_and(|directive| directive.as_str() == MetadataDirective::REPLACE);
        if !replace && **source == *input.key {
            return Err(s3_error!(
                InvalidRequest,
                "a copy onto itself changes the metadata, or nothing"
            ));
        }
        let attributes = if replace {
            Attributes {
                content_type: input.content_type,
                cache_control: input.cache_control,
                content_disposition: input.content_disposition,
                content_encoding: input.content_encoding,
                content_language: input.content_language,
                metadata: input.metadata.unwrap_or_default().into_iter().collect(),
            }
        } else {
            object.attributes
        };
        let (folder, key, mut from) = (Arc::clone(&self.folder), input.key.clone(), object.file);
        let copied = blocking(move || {
            let content = folder.temporary();
            let mut md5 = <s3s::crypto::Md5 as s3s::crypto::Checksum>::new();
            copy_hashing(&mut from, &mut std::fs::File::create(&content.0)?, &mut md5)?;
            let etag = hex::encode(s3s::crypto::Checksum::finalize(md5));
            let stamp = folder.put(&key, content, &etag, &attributes, &Condition::None)?;
            Ok((etag, stamp))
        })
        .await?;
        let (etag, stamp) = copied.map_err(|error| put_error(error, &input.key))?;
        answer(CopyObjectOutput {
            copy_object_result: Some(CopyObjectResult {
                e_tag: Some(ETag::Strong(etag)),
                last_modified: Some(last_modified(stamp)),
                ..CopyObjectResult::default()
            }),
            ..CopyObjectOutput::default()
        })
    }

    async fn delete_object(&self, req: S3Request<DeleteObjectInput>) -> Answer<DeleteObjectOutput> {
        self.check(&req.input.bucket)?;
        self.delete(req.input.key).await?;
        answer(DeleteObjectOutput::default())
    }

    async fn delete_objects(
        &self,
        req: S3Request<DeleteObjectsInput>,
    ) -> Answer<DeleteObjectsOutput> {
        self.check(&req.input.bucket)?;
        let (mut deleted, mut errors) = (Vec::new(), Vec::new());
        for object in req.input.delete.objects {
            let key = Some(object.key.clone());
            match self.delete(object.key).await {
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

    async fn list_objects_v2(
        &self,
        req: S3Request<ListObjectsV2Input>,
    ) -> Answer<ListObjectsV2Output> {
        let input = req.input;
        let token = match &input.continuation_token {
            Some(token) => Some(
                hex::decode(token)
                    .ok()
                    .and_then(|bytes| String::from_utf8(bytes).ok())
                    .ok_or_else(|| {
                        s3_error!(InvalidArgument, "the continuation token is not ours")
                    })?,
            ),
            None => None,
        };
        let request = listing::Request {
            prefix: input.prefix.clone().unwrap_or_default(),
            delimiter: input.delimiter.clone().unwrap_or_default(),
            after: token.or_else(|| input.start_after.clone()).unwrap_or_default(),
            max_keys: input.max_keys,
            encode: input.encoding_type.is_some(),
        };
        let page = self.list(&input.bucket, request.clone()).await?;
        answer(ListObjectsV2Output {
            name: Some(input.bucket),
            prefix: input.prefix.map(|prefix| request.text(&prefix)),
            delimiter: input.delimiter.map(|delimiter| request.text(&delimiter)),
            start_after: input.start_after.map(|after| request.text(&after)),
            encoding_type: request.encoding(),
            max_keys: Some(request.limit()),
            key_count: i32::try_from(page.objects.len() + page.prefixes.len()).ok(),
            is_truncated: Some(page.next.is_some()),
            continuation_token: input.continuation_token,
            next_continuation_token: page.next.map(hex::encode),
            contents: Some(page.objects),
            common_prefixes: Some(page.prefixes),
            ..ListObjectsV2Output::default()
        })
    }

    async fn list_objects(&self, req: S3Request<ListObjectsInput>) -> Answer<ListObjectsOutput> {
        let input = req.input;
        let request = listing::Request {
            prefix: input.prefix.clone().unwrap_or_default(),
            delimiter: input.delimiter.clone().unwrap_or_default(),
            after: input.marker.clone().unwrap_or_default(),
            max_keys: input.max_keys,
            encode: input.encoding_type.is_some(),
        };
        let page = self.list(&input.bucket, request.clone()).await?;
        answer(ListObjectsOutput {
            name: Some(input.bucket),
            prefix: input.prefix.map(|prefix| request.text(&prefix)),
            marker: input.marker.map(|marker| request.text(&marker)),
            encoding_type: request.encoding(),
            max_keys: Some(request.limit()),
            is_truncated: Some(page.next.is_some()),
            next_marker: page
                .next
                .filter(|_| input.delimiter.is_some())
                .map(|next| request.text(&next)),
            delimiter: input.delimiter.map(|delimiter| request.text(&delimiter)),
            contents: Some(page.objects),
            common_prefixes: Some(page.prefixes),
            ..ListObjectsOutput::default()
        })
    }

    async fn create_multipart_upload(
        &self,
        req: S3Request<CreateMultipartUploadInput>,
    ) -> Answer<CreateMultipartUploadOutput> {
        let input = req.input;
        self.check(&input.bucket)?;
        key::path_of(self.folder.root(), &input.key)
            .map_err(|error| put_error(error.into(), &input.key))?;
        let attributes = Attributes {
            content_type: input.content_type,
            cache_control: input.cache_control,
            content_disposition: input.content_disposition,
            content_encoding: input.content_encoding,
            content_language: input.content_language,
            metadata: input.metadata.unwrap_or_default().into_iter().collect(),
        };
        let id = self.uploads.create(input.key.clone(), attributes).map_err(internal)?;
        answer(CreateMultipartUploadOutput {
            bucket: Some(input.bucket),
            key: Some(input.key),
            upload_id: Some(id),
            ..CreateMultipartUploadOutput::default()
        })
    }

    async fn upload_part(&self, req: S3Request<UploadPartInput>) -> Answer<UploadPartOutput> {
        let integrity = Integrity::of(&req);
        let input = req.input;
        self.check(&input.bucket)?;
        if !(1..=10_000).contains(&input.part_number) {
            return Err(s3_error!(InvalidArgument, "a part has a number from 1 to 10,000"));
        }
        let content = self.uploads.temporary(&input.upload_id, &input.key)?;
        let body = input.body.ok_or_else(|| s3_error!(IncompleteBody))?;
        let part = receive(body, content, integrity).await?;
        self.uploads.add(&input.upload_id, &input.key, input.part_number, &part)?;
        let checksum = part.checksum;
        answer(UploadPartOutput {
            e_tag: Some(ETag::Strong(part.etag)),
            checksum_crc32: checksum.checksum_crc32,
            checksum_crc32c: checksum.checksum_crc32c,
            checksum_crc64nvme: checksum.checksum_crc64nvme,
            checksum_sha1: checksum.checksum_sha1,
            checksum_sha256: checksum.checksum_sha256,
            ..UploadPartOutput::default()
        })
    }

    async fn complete_multipart_upload(
        &self,
        req: S3Request<CompleteMultipartUploadInput>,
    ) -> Answer<CompleteMultipartUploadOutput> {
        let input = req.input;
        self.check(&input.bucket)?;
        let wanted: Vec<_> = input
            .multipart_upload
            .and_then(|upload| upload.parts)
            .unwrap_or_default()
            .into_iter()
            .map(|part| (part.part_number.unwrap_or_default(), part.e_tag.map(ETag::into_value)))
            .collect();
        let condition = write_condition(input.if_match, input.if_none_match)?;
        let (folder, uploads) = (Arc::clone(&self.folder), Arc::clone(&self.uploads));
        let (id, key) = (input.upload_id, input.key.clone());
        let etag = blocking(move || {
            let content = folder.temporary();
            let (etag, attributes) = uploads.assemble(&id, &key, &wanted, &content)?;
            folder
                .put(&key, content, &etag, &attributes, &condition)
                .map_err(|error| put_error(error, &key))?;
            uploads.remove(&id, &key)?;
            S3Result::Ok(etag)
        })
        .await??;
        answer(CompleteMultipartUploadOutput {
            bucket: Some(input.bucket),
            key: Some(input.key),
            e_tag: Some(ETag::Strong(etag)),
            ..CompleteMultipartUploadOutput::default()
        })
    }

    async fn abort_multipart_upload(
        &self,
        req: S3Request<AbortMultipartUploadInput>,
    ) -> Answer<AbortMultipartUploadOutput> {
        self.check(&req.input.bucket)?;
        self.uploads.remove(&req.input.upload_id, &req.input.key)?;
        answer(AbortMultipartUploadOutput::default())
    }
}
