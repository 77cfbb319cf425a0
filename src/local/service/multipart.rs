//! Objects that come in parts.

use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;
use std::sync::Arc;
use std::time::SystemTime;

use s3s::crypto::{Checksum as _, Md5};
use s3s::dto::{
    AbortMultipartUploadInput, AbortMultipartUploadOutput, CompleteMultipartUploadInput,
    CompleteMultipartUploadOutput, CopyPartResult, CreateMultipartUploadInput,
    CreateMultipartUploadOutput, ETag, Range as RangeHeader, Timestamp, UploadPartCopyInput,
    UploadPartCopyOutput, UploadPartInput, UploadPartOutput,
};
use s3s::{S3Request, S3Result, s3_error};
use tempfile::NamedTempFile;

use super::write::{attributes_of, put_error, source_of, write_condition};
use super::{BucketService, S3Answer, answer, blocking};
use crate::local::key;
use crate::local::parts::Part;
use crate::local::upload::{
    Integrity, MAX_BYTES, Received, copy_hashing, discard, internal, receive,
};

impl BucketService {
    pub(super) async fn begin(
        &self,
        req: S3Request<CreateMultipartUploadInput>,
    ) -> S3Answer<CreateMultipartUploadOutput> {
        let input = req.input;
        self.check(&input.bucket)?;
        key::path_of(self.folder.root(), &input.key)
            .map_err(|error| put_error(error.into(), &input.key))?;
        let attributes = attributes_of!(input);
        let id = {
            let (uploads, key) = (Arc::clone(&self.uploads), input.key.clone());
            blocking(move || uploads.create(key, attributes)).await?.map_err(internal)?
        };
        answer(CreateMultipartUploadOutput {
            bucket: Some(input.bucket),
            key: Some(input.key),
            upload_id: Some(id),
            ..CreateMultipartUploadOutput::default()
        })
    }

    pub(super) async fn add_part(
        &self,
        req: S3Request<UploadPartInput>,
    ) -> S3Answer<UploadPartOutput> {
        let integrity = Integrity::of(&req);
        let input = req.input;
        self.check(&input.bucket)?;
        let content = match self.place_for(&input.upload_id, &input.key, input.part_number).await {
            Ok(content) => content,
            Err(error) => {
                discard(input.body).await;
                return Err(error);
            }
        };
        let body = input.body.ok_or_else(|| s3_error!(IncompleteBody))?;
        let part = receive(body, content, integrity).await?;
        let Received { content, etag, size, checksum } = part;
        let (uploads, e_tag) = (Arc::clone(&self.uploads), ETag::Strong(etag.clone()));
        blocking(move || {
            let part = Part { etag, size, received: SystemTime::now() };
            uploads.add(&input.upload_id, &input.key, input.part_number, content, part)
        })
        .await??;
        answer(UploadPartOutput {
            e_tag: Some(e_tag),
            checksum_crc32: checksum.checksum_crc32,
            checksum_crc32c: checksum.checksum_crc32c,
            checksum_crc64nvme: checksum.checksum_crc64nvme,
            checksum_sha1: checksum.checksum_sha1,
            checksum_sha256: checksum.checksum_sha256,
            ..UploadPartOutput::default()
        })
    }

    /// A file for a part that is about to come.
    async fn place_for(&self, id: &str, key: &str, number: i32) -> S3Result<NamedTempFile> {
        if !(1..=10_000).contains(&number) {
            return Err(s3_error!(InvalidArgument, "a part has a number from 1 to 10,000"));
        }
        let (id, key) = (id.to_owned(), key.to_owned());
        let uploads = Arc::clone(&self.uploads);
        blocking(move || uploads.temporary(&id, &key)).await?
    }

    /// A part that is a copy of an object of the bucket, or of a range of one.
    pub(super) async fn copy_part(
        &self,
        req: S3Request<UploadPartCopyInput>,
    ) -> S3Answer<UploadPartCopyOutput> {
        let input = req.input;
        self.check(&input.bucket)?;
        let mut content = self.place_for(&input.upload_id, &input.key, input.part_number).await?;
        let object = source_of!(self, input);
        let range = range_of(input.copy_source_range.as_deref(), object.stamp.size)?;
        let (uploads, mut from) = (Arc::clone(&self.uploads), object.file);
        let part = blocking(move || -> S3Result<Part> {
            let mut md5 = Md5::new();
            let length = range.end - range.start;
            let size = from
                .seek(SeekFrom::Start(range.start))
                .and_then(|_| copy_hashing(&mut from.take(length), content.as_file_mut(), &mut md5))
                .map_err(internal)?;
            if size != length {
                return Err(s3_error!(InternalError, "the object became shorter: copy it again"));
            }
            let part =
                Part { etag: hex::encode(md5.finalize()), size, received: SystemTime::now() };
            let content = content.into_temp_path();
            uploads.add(&input.upload_id, &input.key, input.part_number, content, part.clone())?;
            Ok(part)
        })
        .await??;
        answer(UploadPartCopyOutput {
            copy_part_result: Some(CopyPartResult {
                e_tag: Some(ETag::Strong(part.etag)),
                last_modified: Some(Timestamp::from(part.received)),
                ..CopyPartResult::default()
            }),
            ..UploadPartCopyOutput::default()
        })
    }

    pub(super) async fn complete(
        &self,
        req: S3Request<CompleteMultipartUploadInput>,
    ) -> S3Answer<CompleteMultipartUploadOutput> {
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
        let size = input.mpu_object_size.and_then(|size| u64::try_from(size).ok());
        let etag = blocking(move || -> S3Result<String> {
            let mut content = folder.temporary().map_err(internal)?;
            let (etag, attributes) =
                uploads.assemble(&id, &key, &wanted, size, content.as_file_mut())?;
            folder
                .put(&key, content.into_temp_path(), &etag, &attributes, &condition)
                .map_err(|error| put_error(error, &key))?;
            uploads.remove(&id, &key)?;
            Ok(etag)
        })
        .await??;
        answer(CompleteMultipartUploadOutput {
            bucket: Some(input.bucket),
            key: Some(input.key),
            e_tag: Some(ETag::Strong(etag)),
            ..CompleteMultipartUploadOutput::default()
        })
    }

    pub(super) async fn abort(
        &self,
        req: S3Request<AbortMultipartUploadInput>,
    ) -> S3Answer<AbortMultipartUploadOutput> {
        self.check(&req.input.bucket)?;
        let uploads = Arc::clone(&self.uploads);
        blocking(move || uploads.remove(&req.input.upload_id, &req.input.key)).await??;
        answer(AbortMultipartUploadOutput::default())
    }
}

/// The bytes of an object of this size that are copied into a part.
fn range_of(header: Option<&str>, size: u64) -> S3Result<Range<u64>> {
    let range = match header.map(RangeHeader::parse) {
        None => 0..size,
        Some(Ok(RangeHeader::Int { first, last: Some(last) })) if first <= last && last < size => {
            first..last + 1
        }
        Some(_) => {
            return Err(s3_error!(
                InvalidArgument,
                "the range to copy is `bytes=FIRST-LAST`, both within the {size} bytes that are there"
            ));
        }
    };
    if range.end - range.start > MAX_BYTES {
        return Err(s3_error!(InvalidRequest, "a part has 5 GiB at most"));
    }
    Ok(range)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_lies_within_the_object() {
        assert_eq!(range_of(None, 10).unwrap(), 0..10);
        assert_eq!(range_of(Some("bytes=0-9"), 10).unwrap(), 0..10);
        assert_eq!(range_of(Some("bytes=3-3"), 10).unwrap(), 3..4);
        for wrong in ["bytes=0-10", "bytes=5-4", "bytes=-3", "bytes=3-", "3-4", ""] {
            range_of(Some(wrong), 10).unwrap_err();
        }
        range_of(None, MAX_BYTES + 1).unwrap_err();
    }
}
