//! What changed in the table, from its stream.
//!
//! `stream.rs` asks the stream's server; `reader.rs` reads on from a position, over whatever answers as
//! `source.rs` says; `since.rs` has the position, and `record.rs` what a record says of a photo.

mod error;
mod reader;
mod record;
mod since;
mod source;
mod stream;
#[cfg(test)]
mod tests;

pub use error::ChangesError;
pub use reader::ChangesPage;
pub use record::Changed;
pub use since::{Since, SinceError};

use std::num::NonZeroU16;
use std::sync::Arc;
use std::time::Duration;

use time::OffsetDateTime;

use reader::Reader;
use stream::Stream;

/// What changed in a table, for a website's cache: from the table's stream. A clone shares what it knows.
///
/// A website that keeps shelves in memory, or pages on a content network, wants to know what changed
/// rather than to read all shelves again and again. It takes the present position first
/// ([`Changes::since`] without one), then reads all shelves, and from then on asks for the changes since
/// its position. Each change is told at least once, and those of one image in order; several of them
/// may be told as the last one, and some from before the first position may be told too.
///
/// The stream ("Change data capture for `DynamoDB` Streams" in the developer guide) has the changes of
/// the last 24 hours, in shards: each holds those of one partition of the table for some hours, is closed
/// then, and goes on in its children. So a position is a place in each shard, and a child is begun when
/// its parent has been read to the end. A position that is too old is [`ChangesError::Expired`]: the
/// reader begins anew, with a fresh position and all shelves.
///
/// The index, from which shelves are read, follows the table with a delay, mostly of less than a second.
/// A reader that reads a shelf sooner than that after it took its position may miss what was written
/// just before: it should wait for [`Changes::INDEX_DELAY`] in between.
///
/// Two readers at a time may read a shard, says the guide, and more are throttled. So a website's servers
/// share one reader, or ask seldom.
#[derive(Debug, Clone)]
pub struct Changes(Arc<Reader<Stream>>);

impl Changes {
    /// How long the index may take to show what was written to the table, with room to spare.
    pub const INDEX_DELAY: Duration = Duration::from_secs(5);

    /// Wraps clients of the table's stream and of the table itself.
    #[must_use]
    pub fn new(
        streams: aws_sdk_dynamodbstreams::Client,
        dynamodb: aws_sdk_dynamodb::Client,
        table: &str,
    ) -> Self {
        let stream = Stream { streams, dynamodb, table: table.to_owned() };
        Self(Arc::new(Reader::new(stream, table)))
    }

    /// What changed since a position, at most `limit` changes; or, without one, nothing, and the present
    /// position.
    ///
    /// It makes a bounded number of requests. A first call asks for the stream's name, for its shards
    /// (100 in each request, ten requests at most), and once for each of up to 16 shards. A later one
    /// asks once for each of up to 16 shards, and up to eleven times more where the position is older
    /// than a quarter of an hour; and for the shards again where one was closed. What is left for another
    /// call, [`ChangesPage::more`] tells. A page may be empty although there is more.
    pub async fn since(
        &self,
        since: Option<&Since>,
        limit: NonZeroU16,
    ) -> Result<ChangesPage, ChangesError> {
        self.0.since(since, limit, OffsetDateTime::now_utc().unix_timestamp()).await
    }
}
