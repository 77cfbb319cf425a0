//! Listing objects, in both versions of the operation.

use std::sync::Arc;

use s3s::dto::{ListObjectsInput, ListObjectsOutput, ListObjectsV2Input, ListObjectsV2Output};
use s3s::{S3Request, S3Result, s3_error};

use super::{BucketService, S3Answer, answer, blocking, owner};
use crate::local::listing::{ListRequest, ObjectPage};
use crate::local::upload::internal;

impl BucketService {
    pub(super) async fn list_v2(
        &self,
        req: S3Request<ListObjectsV2Input>,
    ) -> S3Answer<ListObjectsV2Output> {
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
        let request = ListRequest {
            prefix: input.prefix.clone().unwrap_or_default(),
            delimiter: input.delimiter.clone().unwrap_or_default(),
            after: token.or_else(|| input.start_after.clone()).unwrap_or_default(),
            max_keys: input.max_keys,
            encode: input.encoding_type.is_some(),
        };
        let mut page = self.list(&input.bucket, request.clone()).await?;
        if input.fetch_owner == Some(true) {
            page.objects.iter_mut().for_each(|object| object.owner = Some(owner()));
        }
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

    pub(super) async fn list_v1(
        &self,
        req: S3Request<ListObjectsInput>,
    ) -> S3Answer<ListObjectsOutput> {
        let input = req.input;
        let request = ListRequest {
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

    async fn list(&self, bucket: &str, request: ListRequest) -> S3Result<ObjectPage> {
        self.check(bucket)?;
        let folder = Arc::clone(&self.folder);
        blocking(move || request.page(&folder)).await?.map_err(internal)
    }
}
