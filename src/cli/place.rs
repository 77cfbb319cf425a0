//! Where a subcommand finds its bucket and table: on AWS, or embedded.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::program::program;
use crate::aws;
use crate::bucket::S3;
use crate::catalogue::DynamoDb;
use crate::classifier::ModelError;
use crate::handler::{HandleError, Handler, Invocation};
use crate::local::{Endpoints, LocalError, Options, Stack, WatcherAnswer};
use crate::pipeline::{Line, Outcome};
use crate::settings::Rules;

/// How long to wait for another command that has the folder.
const PATIENCE: Duration = Duration::from_secs(10);

/// A bucket and a table, and clients that reach them.
pub struct Place {
    s3: aws_sdk_s3::Client,
    table: DynamoDb,
    /// What runs in this process, and is stopped by [`close`]; none if they run elsewhere.
    stack: Option<Stack>,
}

impl Place {
    /// A table on AWS if one is named, otherwise the embedded one in `dir`, which must be there. If
    /// another process runs it, that one is asked.
    pub async fn open(table: Option<&str>, dir: &Path) -> anyhow::Result<Self> {
        if let Some(table) = table {
            let (s3, table) = aws::clients(table).await;
            return Ok(Self { s3, table, stack: None });
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
                    return Ok(Self { s3, table, stack: Some(stack) });
                }
                // A `lookbook local` in another terminal has the folder: ask there.
                (Err(LocalError::Locked(_)), Some(running)) => {
                    return Ok(Self {
                        s3: running.s3_client(),
                        table: DynamoDb::new(running.dynamodb_client(), &running.table),
                        stack: None,
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

    /// The very handler that runs on AWS, on this bucket and table.
    pub fn handler(&self, rules: &Rules) -> Result<Handler<S3, DynamoDb>, ModelError> {
        Handler::open(self.s3.clone(), self.table.clone(), rules)
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

/// Stops what was started in this process.
pub async fn close(place: Place) {
    if let Some(stack) = place.stack {
        stack.shutdown().await;
    }
}
