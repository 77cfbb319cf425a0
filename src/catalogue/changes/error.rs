//! Why changes could not be told.

use crate::catalogue::TableError;

/// Why changes could not be told.
#[derive(Debug, thiserror::Error)]
pub enum ChangesError {
    /// The position is from so long ago, or from another stream, that changes since may be lost.
    #[error(
        "what changed since then is not known any more: begin anew, with a fresh position and all shelves"
    )]
    Expired,
    /// Nobody wrote down what changed.
    #[error(
        "the table '{table}' has no stream of new images: switch it on with `aws dynamodb update-table --table-name {table} --stream-specification StreamEnabled=true,StreamViewType=NEW_IMAGE`"
    )]
    NoStream {
        /// The table's name.
        table: String,
    },
    /// The stream was made just now.
    #[error("the stream of the table '{table}' is being switched on: try again in a minute")]
    NotReady {
        /// The table's name.
        table: String,
    },
    /// The table is written to at a rate that this was not made for.
    #[error("the stream of the table '{table}' has more shards than are read at a time ({most})")]
    TooManyShards {
        /// The table's name.
        table: String,
        /// How many may be.
        most: usize,
    },
    /// A request to the stream failed, after the SDK's own retries.
    #[error("the stream of the table '{table}' could not be read: {cause}")]
    Failed {
        /// The table's name.
        table: String,
        /// The chain of causes.
        cause: String,
    },
    /// The table could not be used.
    #[error(transparent)]
    Table(#[from] TableError),
}
