//! Objects that come in parts.

use std::sync::Arc;

use s3s::dto::{
    AbortMultipartUploadInput, AbortMultipartUploadOutput, CompleteMultipartUploadInput,
    CompleteMultipartUploadOutput, CreateMultipartUploadInput, CreateMultipartUploadOutput, ETag,
    UploadPartInput, UploadPartOutput,
};
use s3s::{S3Request, S3Result, s3_error};

use super::write::{attributes_of, put_error, write_condition};
use super::{BucketService, S3Answer, answer, blocking};
use crate::local::key;
use crate::local::upload::{Integrity, Part, Received, internal, receive};

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
        if !(1..=10_000).contains(&input.part_number) {
            return Err(s3_error!(InvalidArgument, "a part has a number from 1 to 10,000"));
        }
        let content = {
            let uploads = Arc::clone(&self.uploads);
            let (id, key) = (input.upload_id.clone(), input.key.clone());
            blocking(move || uploads.temporary(&id, &key)).await??
        };
        let body = input.body.ok_or_else(|| s3_error!(IncompleteBody))?;
        let part = receive(body, content, integrity).await?;
        let Received { content, etag, size, checksum } = part;
        let (uploads, e_tag) = (Arc::clone(&self.uploads), ETag::Strong(etag.clone()));
        blocking(move || {
            let part = Part { etag, size };
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
        let etag = blocking(move || -> S3Result<String> {
            let mut content = folder.temporary().map_err(internal)?;
            let (etag, attributes) = uploads.assemble(&id, &key, &wanted, content.as_file_mut())?;
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
