//! The S3 operations on the bucket's folder.
//!
//! What differs from AWS: there is one bucket, which is there from the start and stays; it has no
//! versions, tags, ACLs or policies; a key that a folder cannot hold is refused with
//! `InvalidRequest`; an object's checksums are verified when it is put but not kept; a folder
//! marker (a key that ends in `/`) makes a folder and is no object; the `ETag` of what was put in
//! parts is the MD5 of the whole; uploads do not outlive a restart. Operations, parameters and
//! headers that are not here are refused with `NotImplemented`, see [`super::asked`].

mod list;
mod multipart;
mod read;
mod uploads;
mod write;

use std::fs;
use std::sync::Arc;

use s3s::dto::{
    AbortMultipartUploadInput, AbortMultipartUploadOutput, Bucket as BucketEntry,
    CompleteMultipartUploadInput, CompleteMultipartUploadOutput, CopyObjectInput, CopyObjectOutput,
    CreateBucketInput, CreateBucketOutput, CreateMultipartUploadInput, CreateMultipartUploadOutput,
    DeleteBucketInput, DeleteBucketOutput, DeleteObjectInput, DeleteObjectOutput,
    DeleteObjectsInput, DeleteObjectsOutput, GetBucketLocationInput, GetBucketLocationOutput,
    GetBucketVersioningInput, GetBucketVersioningOutput, GetObjectInput, GetObjectOutput,
    GetObjectTaggingInput, GetObjectTaggingOutput, HeadBucketInput, HeadBucketOutput,
    HeadObjectInput, HeadObjectOutput, ListBucketsInput, ListBucketsOutput,
    ListMultipartUploadsInput, ListMultipartUploadsOutput, ListObjectsInput, ListObjectsOutput,
    ListObjectsV2Input, ListObjectsV2Output, ListPartsInput, ListPartsOutput, Owner,
    PutObjectInput, PutObjectOutput, Timestamp, UploadPartCopyInput, UploadPartCopyOutput,
    UploadPartInput, UploadPartOutput,
};
use s3s::{S3, S3Error, S3Request, S3Response, S3Result, s3_error};
use tokio::task;

use super::folder::Folder;
use super::parts::MultipartUploads;

/// The one bucket, as an S3 service.
#[derive(Debug)]
pub(super) struct BucketService {
    pub name: String,
    pub folder: Arc<Folder>,
    pub uploads: Arc<MultipartUploads>,
}

type S3Answer<T> = S3Result<S3Response<T>>;

#[expect(clippy::unnecessary_wraps, reason = "every operation ends with it")]
fn answer<T>(output: T) -> S3Answer<T> {
    Ok(S3Response::new(output))
}

/// Runs what blocks away from the executor.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> S3Result<T> {
    task::spawn_blocking(work).await.map_err(S3Error::internal_error)
}

/// Whose everything is.
fn owner() -> Owner {
    let name = || Some("lookbook".to_owned());
    Owner { id: name(), display_name: name() }
}

impl BucketService {
    fn check(&self, bucket: &str) -> S3Result<()> {
        if bucket == self.name {
            return Ok(());
        }
        Err(s3_error!(NoSuchBucket, "the one bucket here is `{}`", self.name))
    }
}

#[async_trait::async_trait]
impl S3 for BucketService {
    async fn create_bucket(
        &self,
        req: S3Request<CreateBucketInput>,
    ) -> S3Answer<CreateBucketOutput> {
        if req.input.bucket == self.name {
            return Err(s3_error!(BucketAlreadyOwnedByYou));
        }
        Err(s3_error!(NotImplemented, "there is one bucket here, `{}`", self.name))
    }

    async fn delete_bucket(
        &self,
        req: S3Request<DeleteBucketInput>,
    ) -> S3Answer<DeleteBucketOutput> {
        self.check(&req.input.bucket)?;
        Err(s3_error!(NotImplemented, "the bucket stays: delete its folder when nothing runs"))
    }

    async fn head_bucket(&self, req: S3Request<HeadBucketInput>) -> S3Answer<HeadBucketOutput> {
        self.check(&req.input.bucket)?;
        answer(HeadBucketOutput::default())
    }

    async fn get_bucket_location(
        &self,
        req: S3Request<GetBucketLocationInput>,
    ) -> S3Answer<GetBucketLocationOutput> {
        self.check(&req.input.bucket)?;
        // No constraint is how S3 says `us-east-1`.
        answer(GetBucketLocationOutput::default())
    }

    async fn get_bucket_versioning(
        &self,
        req: S3Request<GetBucketVersioningInput>,
    ) -> S3Answer<GetBucketVersioningOutput> {
        self.check(&req.input.bucket)?;
        // No status is how S3 says that it never had versions.
        answer(GetBucketVersioningOutput::default())
    }

    async fn get_object_tagging(
        &self,
        req: S3Request<GetObjectTaggingInput>,
    ) -> S3Answer<GetObjectTaggingOutput> {
        self.find(&req.input.bucket, &req.input.key).await?;
        // No object has tags.
        answer(GetObjectTaggingOutput::default())
    }

    async fn list_buckets(&self, req: S3Request<ListBucketsInput>) -> S3Answer<ListBucketsOutput> {
        let created = fs::metadata(self.folder.root())
            .and_then(|metadata| metadata.created().or_else(|_| metadata.modified()))
            .ok();
        let bucket = BucketEntry {
            name: Some(self.name.clone()),
            creation_date: created.map(Timestamp::from),
            ..BucketEntry::default()
        };
        let is_asked = req.input.prefix.as_ref().is_none_or(|prefix| self.name.starts_with(prefix));
        answer(ListBucketsOutput {
            buckets: Some(if is_asked { vec![bucket] } else { Vec::new() }),
            prefix: req.input.prefix,
            owner: Some(owner()),
            ..ListBucketsOutput::default()
        })
    }

    async fn head_object(&self, req: S3Request<HeadObjectInput>) -> S3Answer<HeadObjectOutput> {
        self.head(req).await
    }

    async fn get_object(&self, req: S3Request<GetObjectInput>) -> S3Answer<GetObjectOutput> {
        self.get(req).await
    }

    async fn put_object(&self, req: S3Request<PutObjectInput>) -> S3Answer<PutObjectOutput> {
        self.put(req).await
    }

    async fn copy_object(&self, req: S3Request<CopyObjectInput>) -> S3Answer<CopyObjectOutput> {
        self.copy(req).await
    }

    async fn delete_object(
        &self,
        req: S3Request<DeleteObjectInput>,
    ) -> S3Answer<DeleteObjectOutput> {
        self.delete_one(req).await
    }

    async fn delete_objects(
        &self,
        req: S3Request<DeleteObjectsInput>,
    ) -> S3Answer<DeleteObjectsOutput> {
        self.delete_many(req).await
    }

    async fn list_objects_v2(
        &self,
        req: S3Request<ListObjectsV2Input>,
    ) -> S3Answer<ListObjectsV2Output> {
        self.list_v2(req).await
    }

    async fn list_objects(&self, req: S3Request<ListObjectsInput>) -> S3Answer<ListObjectsOutput> {
        self.list_v1(req).await
    }

    async fn create_multipart_upload(
        &self,
        req: S3Request<CreateMultipartUploadInput>,
    ) -> S3Answer<CreateMultipartUploadOutput> {
        self.begin(req).await
    }

    async fn upload_part(&self, req: S3Request<UploadPartInput>) -> S3Answer<UploadPartOutput> {
        self.add_part(req).await
    }

    async fn upload_part_copy(
        &self,
        req: S3Request<UploadPartCopyInput>,
    ) -> S3Answer<UploadPartCopyOutput> {
        self.copy_part(req).await
    }

    async fn list_multipart_uploads(
        &self,
        req: S3Request<ListMultipartUploadsInput>,
    ) -> S3Answer<ListMultipartUploadsOutput> {
        self.list_uploads(req)
    }

    async fn list_parts(&self, req: S3Request<ListPartsInput>) -> S3Answer<ListPartsOutput> {
        self.list_parts_of(req)
    }

    async fn complete_multipart_upload(
        &self,
        req: S3Request<CompleteMultipartUploadInput>,
    ) -> S3Answer<CompleteMultipartUploadOutput> {
        self.complete(req).await
    }

    async fn abort_multipart_upload(
        &self,
        req: S3Request<AbortMultipartUploadInput>,
    ) -> S3Answer<AbortMultipartUploadOutput> {
        self.abort(req).await
    }
}
