//! Listing uploads that are not complete, and their parts.

use s3s::S3Request;
use s3s::dto::{
    ETag, ListMultipartUploadsInput, ListMultipartUploadsOutput, ListPartsInput, ListPartsOutput,
    MultipartUpload, Part, StorageClass, Timestamp,
};

use super::{BucketService, S3Answer, answer};
use crate::local::listing::ListRequest;

/// The most entries of a page.
const MAX: i32 = 1000;

impl BucketService {
    pub(super) fn list_uploads(
        &self,
        req: S3Request<ListMultipartUploadsInput>,
    ) -> S3Answer<ListMultipartUploadsOutput> {
        let input = req.input;
        self.check(&input.bucket)?;
        let limit = input.max_uploads.unwrap_or(MAX).clamp(0, MAX);
        let prefix = input.prefix.clone().unwrap_or_default();
        let marker = input.key_marker.clone().unwrap_or_default();
        let id_marker = input.upload_id_marker.clone().unwrap_or_default();
        let names = ListRequest { encode: input.encoding_type.is_some(), ..ListRequest::default() };
        let mut uploads: Vec<_> = self.uploads.list();
        uploads.retain(|(id, upload)| {
            let after = match upload.key.cmp(&marker) {
                std::cmp::Ordering::Equal => !id_marker.is_empty() && *id > id_marker,
                order => order.is_gt(),
            };
            after && upload.key.starts_with(&prefix)
        });
        let more = uploads.len() > length(limit);
        uploads.truncate(length(limit));
        let last = uploads.last().filter(|_| more);
        answer(ListMultipartUploadsOutput {
            bucket: Some(input.bucket),
            prefix: input.prefix.map(|prefix| names.text(&prefix)),
            key_marker: input.key_marker.map(|marker| names.text(&marker)),
            upload_id_marker: input.upload_id_marker,
            encoding_type: names.encoding(),
            max_uploads: Some(limit),
            is_truncated: Some(more),
            next_key_marker: last.map(|(_, upload)| names.text(&upload.key)),
            next_upload_id_marker: last.map(|(id, _)| id.clone()),
            uploads: Some(
                uploads
                    .iter()
                    .map(|(id, upload)| MultipartUpload {
                        key: Some(names.text(&upload.key)),
                        upload_id: Some(id.clone()),
                        initiated: Some(Timestamp::from(upload.initiated)),
                        storage_class: Some(StorageClass::from_static(StorageClass::STANDARD)),
                        ..MultipartUpload::default()
                    })
                    .collect(),
            ),
            ..ListMultipartUploadsOutput::default()
        })
    }

    pub(super) fn list_parts_of(
        &self,
        req: S3Request<ListPartsInput>,
    ) -> S3Answer<ListPartsOutput> {
        let input = req.input;
        self.check(&input.bucket)?;
        let upload = self.uploads.find(&input.upload_id, &input.key)?;
        let limit = input.max_parts.unwrap_or(MAX).clamp(0, MAX);
        let marker = input.part_number_marker.unwrap_or_default();
        let mut parts: Vec<_> =
            upload.parts.iter().filter(|(number, _)| **number > marker).collect();
        let more = parts.len() > length(limit);
        parts.truncate(length(limit));
        answer(ListPartsOutput {
            bucket: Some(input.bucket),
            key: Some(input.key),
            upload_id: Some(input.upload_id),
            part_number_marker: Some(marker),
            max_parts: Some(limit),
            is_truncated: Some(more),
            next_part_number_marker: parts.last().filter(|_| more).map(|(number, _)| **number),
            storage_class: Some(StorageClass::from_static(StorageClass::STANDARD)),
            parts: Some(
                parts
                    .iter()
                    .map(|(number, part)| Part {
                        part_number: Some(**number),
                        e_tag: Some(ETag::Strong(part.etag.clone())),
                        size: i64::try_from(part.size).ok(),
                        last_modified: Some(Timestamp::from(part.received)),
                        ..Part::default()
                    })
                    .collect(),
            ),
            ..ListPartsOutput::default()
        })
    }
}

fn length(limit: i32) -> usize {
    usize::try_from(limit).unwrap_or_default()
}
