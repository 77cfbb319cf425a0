//! The table: made through the same client that reads and writes it.
//!
//! What the embedded table does differently from AWS: a request that is not signed well is answered
//! with 403 rather than with 400; every read is consistent, those of the index too; a table is
//! active at once; rows whose time is over go within the hour rather than within days; a page that
//! ends exactly at the last row still has a `LastEvaluatedKey`, as AWS's sometimes has. The stream has
//! one shard, which is never closed, and whose iterators do not expire; what it forgets after a day
//! goes within the next hour.

use std::path::{Path, PathBuf};
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::operation::create_table::CreateTableError;
use aws_sdk_dynamodb::operation::describe_table::DescribeTableError;
use aws_sdk_dynamodb::types::{TableStatus, TimeToLiveSpecification};

use super::LocalError;
use crate::catalogue::schema;

/// How often, and how many times, to look whether a new table is active: two minutes in all.
const LOOK_EVERY: Duration = Duration::from_millis(500);
const LOOKS: u32 = 240;

/// How often rows whose time is over, and what the stream forgets, are removed.
const SWEEP_EVERY: Duration = Duration::from_hours(1);

/// How the stream's records are found: without it, each write would look at all of them.
const INDEX_OF_STREAM: &str = "CREATE INDEX IF NOT EXISTS lookbook_stream_records \
    ON _stream_records (table_name, CAST(sequence_number AS INTEGER))";
/// What the stream forgets: the library keeps all.
const FORGET: &str = "DELETE FROM _stream_records WHERE created_at < unixepoch('now', '-1 day')";

type SdkError = Box<dyn std::error::Error + Send + Sync>;

/// Opens the database that is behind the endpoint.
pub(super) fn open_database(path: &Path) -> Result<dynoxide::Database, LocalError> {
    let failed = |message: String| LocalError::Database { path: path.to_path_buf(), message };
    let text = path.to_str().ok_or_else(|| failed("the path is not UTF-8".to_owned()))?;
    let database = dynoxide::Database::new(text).map_err(|error| failed(error.to_string()))?;
    execute(path, INDEX_OF_STREAM).map_err(|error| failed(error.to_string()))?;
    Ok(database)
}

/// Does what the library has no operation for, on a connection of its own.
fn execute(path: &Path, statement: &str) -> Result<(), SdkError> {
    let storage = dynoxide::storage::Storage::new(&path.to_string_lossy())?;
    Ok(storage.conn().execute_batch(statement)?)
}

/// Removes rows whose `expires_at` has passed, and what the stream has had for a day, now and then,
/// as `DynamoDB` does by itself.
pub(super) async fn sweep(database: dynoxide::Database, path: PathBuf) {
    let mut ticks = tokio::time::interval(SWEEP_EVERY);
    loop {
        ticks.tick().await;
        let (database, path) = (database.clone(), path.clone());
        let sweep = move || {
            let rows = database.sweep_ttl()?;
            execute(&path, FORGET)?;
            Ok::<_, SdkError>(rows)
        };
        match tokio::task::spawn_blocking(sweep).await {
            Ok(Ok(0)) => {}
            Ok(Ok(rows)) => tracing::debug!(rows, "removed expired rows from the local table"),
            Ok(Err(error)) => {
                tracing::warn!(%error, "cannot remove expired rows from the local table");
            }
            Err(error) => tracing::warn!(%error, "cannot remove expired rows from the local table"),
        }
    }
}

/// Whether there is a table `name`.
pub(super) async fn table_exists(client: &Client, name: &str) -> Result<bool, LocalError> {
    match client.describe_table().table_name(name).send().await {
        Ok(_) => Ok(true),
        Err(error)
            if error
                .as_service_error()
                .is_some_and(DescribeTableError::is_resource_not_found_exception) =>
        {
            Ok(false)
        }
        Err(error) => {
            Err(LocalError::CreateTable { table: name.to_owned(), source: in_words(error) })
        }
    }
}

/// What the service said, if it said something: the SDK's own words are those of a program.
fn in_words<E>(error: aws_sdk_dynamodb::error::SdkError<E>) -> SdkError
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    match (error.code(), error.message()) {
        (Some(code), Some(message)) => format!("{message} ({code})").into(),
        _ => error.into(),
    }
}

/// Makes the table `name` with its index and the expiry of its tombstones, and waits until it is
/// active. Returns whether it was made: `false` if there was one of that name already.
pub async fn create_table(client: &Client, name: &str) -> Result<bool, LocalError> {
    create(client, name)
        .await
        .map_err(|source| LocalError::CreateTable { table: name.to_owned(), source })
}

async fn create(client: &Client, name: &str) -> Result<bool, SdkError> {
    let created = schema::create_table(client, name)?.send().await;
    match created {
        Ok(_) => {}
        Err(error)
            if error
                .as_service_error()
                .is_some_and(CreateTableError::is_resource_in_use_exception) =>
        {
            return Ok(false);
        }
        Err(error) => return Err(in_words(error)),
    }
    wait_until_active(client, name).await?;
    let expiry = TimeToLiveSpecification::builder()
        .enabled(true)
        .attribute_name(schema::TTL_ATTRIBUTE)
        .build()?;
    let update = client.update_time_to_live().table_name(name).time_to_live_specification(expiry);
    update.send().await.map_err(in_words)?;
    Ok(true)
}

/// Gives a table that has none a stream of what changes in it.
pub(super) async fn give_stream(client: &Client, name: &str) -> Result<(), LocalError> {
    let given = async {
        let described = client.describe_table().table_name(name).send().await.map_err(in_words)?;
        let has_one = described.table.and_then(|table| table.stream_specification);
        if has_one.is_none_or(|stream| !stream.stream_enabled) {
            let update = client.update_table().table_name(name);
            update.stream_specification(schema::stream()?).send().await.map_err(in_words)?;
        }
        Ok(())
    };
    given.await.map_err(|source| LocalError::CreateTable { table: name.to_owned(), source })
}

async fn wait_until_active(client: &Client, name: &str) -> Result<(), SdkError> {
    for _ in 0..LOOKS {
        let described = client.describe_table().table_name(name).send().await.map_err(in_words)?;
        let status = described.table().and_then(|table| table.table_status());
        if status == Some(&TableStatus::Active) {
            return Ok(());
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    Err("the table is not active after two minutes: look at it in the console".into())
}
