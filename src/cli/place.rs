//! Where a subcommand finds its bucket and table: on AWS, or embedded.

use std::io::ErrorKind;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context;
use serde_json::Value;
use tempfile::TempDir;

use super::program::program;
use crate::aws;
use crate::bucket::S3;
use crate::catalogue::DynamoDb;
use crate::handler::{HandleError, Handler, Invocation};
use crate::local::{Endpoints, LocalError, Options, Stack, WatcherAnswer};
use crate::model_file::ModelFileError;
use crate::pipeline::{Line, Outcome};
use crate::settings::{Rules, Settings};

/// How long to wait for another command that has the folder.
const PATIENCE: Duration = Duration::from_secs(10);

/// A bucket and a table, and clients that reach them.
pub struct Place {
    s3: aws_sdk_s3::Client,
    table: DynamoDb,
    /// What runs in this process, and is stopped by [`close`]; none if they run elsewhere.
    stack: Option<Stack>,
    /// Where a copy of the table is, if that was not to be written.
    copy: Option<TempDir>,
}

impl Place {
    /// The same as [`Place::open`], for a command that changes nothing: the folder need not be
    /// writable.
    pub async fn open_to_read(table: Option<&str>, dir: &Path) -> anyhow::Result<Self> {
        match Self::open(table, dir).await {
            Err(error) if is_unwritable(&error) => {
                // Even to read it, the table's library writes beside it.
                let copy = copy_of_table(dir)?;
                let mut place = Self::open(None, copy.path()).await?;
                place.copy = Some(copy);
                Ok(place)
            }
            opened => opened,
        }
    }

    /// A table on AWS if one is named, otherwise the embedded one in `dir`, which must be there. If
    /// another process runs it, that one is asked.
    pub async fn open(table: Option<&str>, dir: &Path) -> anyhow::Result<Self> {
        if let Some(table) = table {
            let shards = Settings::parse_shards(|name| std::env::var(name).ok());
            let (s3, table) = aws::clients(table, shards.context("bad settings")?).await;
            return Ok(Self { s3, table, stack: None, copy: None });
        }
        if !dir.is_dir() {
            anyhow::bail!(
                "there is no embedded bucket in {}: begin with `{} demo`, or name a table on AWS with --table",
                dir.display(),
                program()
            );
        }
        let options = Options { dir: dir.to_owned(), ..Options::default() };
        let until = Instant::now() + PATIENCE;
        loop {
            match (Stack::start(options.clone()).await, Endpoints::of_running(dir)) {
                (Ok(stack), _) => {
                    let (s3, table) = (stack.s3(), table_of(&stack));
                    return Ok(Self { s3, table, stack: Some(stack), copy: None });
                }
                // A `lookbook local` in another terminal has the folder: ask there.
                (Err(LocalError::Locked(_)), Some(running)) => {
                    return Ok(Self {
                        s3: running.s3_client(),
                        table: DynamoDb::new(running.dynamodb_client(), &running.table),
                        stack: None,
                        copy: None,
                    });
                }
                // Another command has it, and is done soon.
                (Err(LocalError::Locked(_)), None) if Instant::now() < until => {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                (Err(error), _) => return Err(in_folder(dir, error)),
            }
        }
    }

    /// The table.
    pub fn table(&self) -> &DynamoDb {
        &self.table
    }

    /// The bucket, and any other that the same client reaches.
    pub fn bucket(&self) -> S3 {
        S3::new(self.s3.clone())
    }

    /// The client of the bucket.
    pub fn s3(&self) -> aws_sdk_s3::Client {
        self.s3.clone()
    }

    /// The very handler that runs on AWS, on this bucket and table.
    pub async fn handler(&self, rules: &Rules) -> Result<Handler<S3, DynamoDb>, ModelFileError> {
        Handler::open(self.s3.clone(), self.table.clone(), rules).await
    }
}

/// The table of an embedded stack.
pub fn table_of(stack: &Stack) -> DynamoDb {
    DynamoDb::new(stack.dynamodb(), stack.table())
}

/// Gives an event of the watcher to the handler; what must be retried is announced again.
pub async fn handle(
    handler: &Handler<S3, DynamoDb>,
    event: Value,
    mut each: impl FnMut(&Line),
) -> Result<WatcherAnswer, HandleError> {
    let invocation = Invocation { id: "watcher".to_owned(), deadline: None };
    let report = handler.handle(&event, &invocation).await?;
    report.lines.iter().for_each(&mut each);
    let retry = report.lines.into_iter().filter_map(|line| match (line.image, line.outcome) {
        (Some(image), Outcome::Retry(cause)) => {
            let (_, key) = image.split_once('/')?;
            Some((key.to_owned(), cause.message))
        }
        _ => None,
    });
    Ok(WatcherAnswer { retry: retry.collect() })
}

/// Starts the embedded bucket and table.
pub async fn start(options: Options) -> anyhow::Result<Stack> {
    let dir = options.dir.clone();
    Stack::start(options).await.map_err(|error| in_folder(&dir, error))
}

fn in_folder(dir: &Path, error: LocalError) -> anyhow::Error {
    anyhow::Error::new(error).context(format!("the embedded bucket in {}", dir.display()))
}

/// Whether the folder may not be written.
fn is_unwritable(error: &anyhow::Error) -> bool {
    error.chain().filter_map(|cause| cause.downcast_ref::<std::io::Error>()).any(|cause| {
        matches!(cause.kind(), ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem)
    })
}

/// Copies the table of a folder that no process is writing to.
fn copy_of_table(dir: &Path) -> anyhow::Result<TempDir> {
    let copy = TempDir::new().context("cannot make a temporary folder for a copy of the table")?;
    // What was written last may still be beside the file itself.
    for (name, is_needed) in [("table.sqlite", true), ("table.sqlite-wal", false)] {
        let from = dir.join(name);
        match std::fs::copy(&from, copy.path().join(name)) {
            Err(error) if is_needed || error.kind() != ErrorKind::NotFound => {
                return Err(anyhow::Error::new(error)
                    .context(format!("the table in {} cannot be read", from.display())));
            }
            _ => {}
        }
    }
    Ok(copy)
}

/// Stops what was started in this process.
pub async fn close(place: Place) {
    if let Some(stack) = place.stack {
        stack.shutdown().await;
    }
    // Only now, when nothing uses it any more.
    drop(place.copy);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_may_not_be_written_is_told_from_other_mistakes() {
        let of = |kind: ErrorKind| {
            let (action, path) = ("create", "lock".into());
            let error = LocalError::File { action, path, source: kind.into() };
            is_unwritable(&in_folder(Path::new("d"), error))
        };
        assert!(of(ErrorKind::PermissionDenied) && of(ErrorKind::ReadOnlyFilesystem));
        assert!(!of(ErrorKind::StorageFull));
        assert!(!is_unwritable(&in_folder(Path::new("d"), LocalError::Locked("d".into()))));
    }

    #[tokio::test]
    async fn a_copy_of_a_table_has_its_rows() {
        let dir = TempDir::new().unwrap();
        let options = Options { dir: dir.path().to_owned(), ..Options::default() };
        let stack = Stack::start(options).await.unwrap();
        let image = aws_sdk_dynamodb::types::AttributeValue::S("photos/a".into());
        let put = stack.dynamodb().put_item().table_name("lookbook").item("image", image.clone());
        put.send().await.unwrap();
        // Not closed yet: the row is beside the file.
        let copy = copy_of_table(dir.path()).unwrap();
        let place = Place::open(None, copy.path()).await.unwrap();
        let client = place.stack.as_ref().unwrap().dynamodb();
        let get = client.get_item().table_name("lookbook").key("image", image);
        assert!(get.send().await.unwrap().item().is_some());
        close(place).await;
        assert!(copy_of_table(copy.path().join("none").as_path()).is_err());
    }
}
