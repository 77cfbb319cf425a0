//! The stream of a table in `DynamoDB`, over the network.

use aws_sdk_dynamodb::types::StreamViewType;
use aws_sdk_dynamodbstreams::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodbstreams::types::{Record, ShardIteratorType, StreamStatus};

use super::source::{Batch, Begin, Entry, Listed, Named, Shard, Source, Unread};
use super::{Changed, ChangesError};
use crate::bucket::said;
use crate::catalogue::TableError;

/// Requests for a list of shards, each of which has up to 100 of them.
const PAGES: usize = 10;
/// The most records that the server gives at a time.
const MOST: u16 = 1000;

/// The stream of a table.
#[derive(Debug)]
pub(super) struct Stream {
    pub streams: aws_sdk_dynamodbstreams::Client,
    pub dynamodb: aws_sdk_dynamodb::Client,
    pub table: String,
}

impl Stream {
    fn failed<E>(&self, error: SdkError<E>) -> ChangesError
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        match error.code() {
            // The stream is gone, it has forgotten what is asked for, or never had it.
            Some(
                "ResourceNotFoundException" | "TrimmedDataAccessException" | "ValidationException",
            ) => ChangesError::Expired,
            _ => ChangesError::Failed { table: self.table.clone(), cause: said(error) },
        }
    }
}

impl Source for Stream {
    async fn name(&self) -> Result<Named, ChangesError> {
        let table = || self.table.clone();
        let answer = self.dynamodb.describe_table().table_name(&self.table).send().await;
        let answer = answer.map_err(|error| match error.code() {
            Some("ResourceNotFoundException") => TableError::NoTable { table: table() }.into(),
            _ => ChangesError::Failed { table: table(), cause: said(error) },
        })?;
        let name = answer.table.and_then(|table| {
            let specification = table.stream_specification?;
            let has_images = matches!(
                specification.stream_view_type,
                Some(StreamViewType::NewImage | StreamViewType::NewAndOldImages)
            );
            let (arn, label) = (table.latest_stream_arn?, table.latest_stream_label?);
            (specification.stream_enabled && has_images).then_some(Named { arn, label })
        });
        name.ok_or_else(|| ChangesError::NoStream { table: table() })
    }

    async fn shards(&self, arn: &str) -> Result<Listed, ChangesError> {
        let mut listed = Listed { is_on: false, shards: Vec::new() };
        let mut after = None;
        for _ in 0..PAGES {
            let request = self.streams.describe_stream().stream_arn(arn);
            let answer = request.set_exclusive_start_shard_id(after).send().await;
            let stream = answer.map_err(|error| self.failed(error))?.stream_description;
            let stream = stream.ok_or(ChangesError::Expired)?;
            listed.is_on = matches!(
                stream.stream_status,
                Some(StreamStatus::Enabled | StreamStatus::Enabling)
            );
            let shards = stream.shards.unwrap_or_default().into_iter();
            listed.shards.extend(shards.filter_map(|shard| {
                Some(Shard { id: shard.shard_id?, parent: shard.parent_shard_id })
            }));
            after = stream.last_evaluated_shard_id;
            if after.is_none() {
                return Ok(listed);
            }
        }
        let most = PAGES * 100;
        Err(ChangesError::TooManyShards { table: self.table.clone(), most })
    }

    async fn iterator(
        &self,
        arn: &str,
        shard: &str,
        begin: Begin<'_>,
    ) -> Result<String, ChangesError> {
        let (kind, number) = match begin {
            Begin::First => (ShardIteratorType::TrimHorizon, None),
            Begin::After(number) => (ShardIteratorType::AfterSequenceNumber, Some(number)),
            Begin::Last => (ShardIteratorType::Latest, None),
        };
        let request = self.streams.get_shard_iterator().stream_arn(arn).shard_id(shard);
        let request = request.shard_iterator_type(kind);
        let request = request.set_sequence_number(number.map(str::to_owned));
        let answer = request.send().await.map_err(|error| self.failed(error))?;
        answer.shard_iterator.ok_or(ChangesError::Expired)
    }

    async fn records(&self, iterator: &str, limit: u16) -> Result<Batch, Unread> {
        let request = self.streams.get_records().shard_iterator(iterator);
        let answer = request.limit(limit.clamp(1, MOST).into()).send().await;
        let answer = answer.map_err(|error| match error.code() {
            Some(
                "ExpiredIteratorException"
                | "TrimmedDataAccessException"
                | "ResourceNotFoundException"
                | "ValidationException",
            ) => Unread::Stale,
            _ => Unread::Failed(self.failed(error)),
        })?;
        let records = answer.records.unwrap_or_default();
        let entries = records.iter().filter_map(entry).collect();
        Ok(Batch { entries, next: answer.next_shard_iterator })
    }
}

/// None of a record without a number, which no server gives.
fn entry(record: &Record) -> Option<Entry> {
    let written = record.dynamodb.as_ref()?;
    Some(Entry {
        sequence: written.sequence_number.clone()?,
        created: written.approximate_creation_date_time.as_ref()?.secs(),
        change: Changed::of(record),
    })
}
