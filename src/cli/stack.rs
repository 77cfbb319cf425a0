//! Where a subcommand finds its bucket and table: on AWS, or embedded.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::bucket::S3;
use crate::catalogue::DynamoDb;
use crate::classifier::Classifier;
use crate::local::{Answer, Endpoints, LocalError, Options, Stack};
use crate::pipeline::{HandleError, Invocation, Line, Outcome, PhotoJudge, Pipeline};
use crate::settings::{self, Rules};

/// How long to wait for another command that has the folder.
const PATIENCE: Duration = Duration::from_secs(10);

/// A bucket and a table, and clients that reach them.
pub enum Place {
    /// In this process; stopped by [`close`].
    Embedded(Box<Stack>),
    /// In another process, or on AWS as the environment says.
    Elsewhere(Box<Elsewhere>),
}

/// Clients of what runs elsewhere, and the table's name.
pub struct Elsewhere {
    s3: aws_sdk_s3::Client,
    dynamodb: aws_sdk_dynamodb::Client,
    table: String,
}

impl Place {
    /// A table on AWS if one is named, otherwise the embedded one in `dir`, which must be there. If
    /// another process runs it, that one is asked.
    pub async fn open(table: Option<&str>, dir: &Path) -> anyhow::Result<Self> {
        if let Some(table) = table {
            let aws = settings::aws().await;
            return Ok(Self::Elsewhere(Box::new(Elsewhere {
                s3: aws_sdk_s3::Client::new(&aws),
                dynamodb: aws_sdk_dynamodb::Client::new(&aws),
                table: table.to_owned(),
            })));
        }
        if !dir.is_dir() {
            anyhow::bail!(
                "there is no embedded bucket in {}: begin with `lookbook demo`, or name a table on AWS with --table",
                dir.display()
            );
        }
        let options = Options { dir: dir.to_owned(), ..Options::default() };
        let until = Instant::now() + PATIENCE;
        loop {
            match (Stack::start(options.clone()).await, Endpoints::of_running(dir)) {
                (Ok(stack), _) => return Ok(Self::Embedded(Box::new(stack))),
                // A `lookbook local` in another terminal has the folder: ask there.
                (Err(LocalError::Locked(_)), Some(running)) => {
                    return Ok(Self::Elsewhere(Box::new(Elsewhere {
                        s3: running.s3_client(),
                        dynamodb: running.dynamodb_client(),
                        table: running.table,
                    })));
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
    pub fn table(&self) -> DynamoDb {
        match self {
            Self::Embedded(stack) => table(stack),
            Self::Elsewhere(place) => DynamoDb::new(place.dynamodb.clone(), &place.table),
        }
    }

    /// The very pipeline that runs on AWS, on this bucket and table.
    pub fn pipeline(&self, rules: &Rules) -> anyhow::Result<Pipeline<S3, DynamoDb>> {
        match self {
            Self::Embedded(stack) => pipeline(stack.s3(), self.table(), rules),
            Self::Elsewhere(place) => pipeline(place.s3.clone(), self.table(), rules),
        }
    }
}

/// The very pipeline that runs on AWS.
pub fn pipeline(
    s3: aws_sdk_s3::Client,
    table: DynamoDb,
    rules: &Rules,
) -> anyhow::Result<Pipeline<S3, DynamoDb>> {
    let classifier = Arc::new(Classifier::open(rules.model_file.as_deref())?);
    Ok(Pipeline::new(S3::new(s3), table, PhotoJudge::new(classifier, rules), rules))
}

/// The table of an embedded stack.
pub fn table(stack: &Stack) -> DynamoDb {
    DynamoDb::new(stack.dynamodb(), stack.table())
}

/// Gives an event of the watcher to the pipeline; what must be retried is announced again.
pub async fn handle(
    pipeline: &Pipeline<S3, DynamoDb>,
    event: Value,
    mut each: impl FnMut(&Line),
) -> Result<Answer, HandleError> {
    let invocation = Invocation { id: "watcher".to_owned(), deadline: None };
    let report = pipeline.handle(&event, &invocation).await?;
    report.lines.iter().for_each(&mut each);
    let retry = report.lines.into_iter().filter_map(|line| match (line.image, line.outcome) {
        (Some(image), Outcome::Retry(cause)) => {
            let (_, key) = image.split_once('/')?;
            Some((key.to_owned(), cause.message))
        }
        _ => None,
    });
    Ok(Answer { retry: retry.collect() })
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
    if let Place::Embedded(stack) = place {
        stack.shutdown().await;
    }
}
