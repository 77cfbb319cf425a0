//! The table: made through the same client that reads and writes it.
//!
//! What the embedded table does differently from AWS: a request that is not signed well is answered
//! with 403 rather than with 400; every read is consistent, those of the index too; a table is
//! active at once; rows whose time is over go within the hour rather than within days; a page that
//! ends exactly at the last row still has a `LastEvaluatedKey`, as AWS's sometimes has.

use std::path::Path;
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

/// How often rows whose time is over are removed from the table.
const SWEEP_EVERY: Duration = Duration::from_hours(1);

type SdkError = Box<dyn std::error::Error + Send + Sync>;

/// Opens the database that is behind the endpoint.
pub(super) fn open_database(path: &Path) -> Result<dynoxide::Database, LocalError> {
    let failed = |message: String| LocalError::Database { path: path.to_path_buf(), message };
    let text = path.to_str().ok_or_else(|| failed("the path is not UTF-8".to_owned()))?;
    dynoxide::Database::new(text).map_err(|error| failed(error.to_string()))
}

/// Removes rows whose `expires_at` has passed, now and then, as `DynamoDB` does by itself.
pub(super) async fn sweep(database: dynoxide::Database) {
    let mut ticks = tokio::time::interval(SWEEP_EVERY);
    loop {
        ticks.tick().await;
        let database = database.clone();
        match tokio::task::spawn_blocking(move || database.sweep_ttl()).await {
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
