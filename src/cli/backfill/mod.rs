//! `lookbook backfill`: photos that were in a bucket before there was a lookbook, or before its model.
//!
//! [`source`] finds objects, [`desk`] hands them out and takes the answers, [`work`] is the loop
//! between it and who does the work: this process ([`here`]) or the function, by way of its queue
//! ([`queue`]). Of the objects of a bucket, few are in memory at any time. [`batch_operations`] has
//! S3 itself do all of this.

mod arn;
mod batch_operations;
mod candidate;
mod checkpoint;
mod desk;
mod estimate;
mod here;
mod queue;
mod settled;
mod source;
mod summary;
mod work;

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use clap::Args;
use indicatif::ProgressBar;
use tokio::time::Instant;

use self::arn::{FunctionArn, RoleArn};
use self::batch_operations::Job;
use self::checkpoint::{By, Checkpoint, File, Purpose};
use self::desk::Desk;
use self::queue::Queue;
use self::source::Found;
use self::work::Worker;
use super::args::{DirArgs, RuleArgs};
use super::output::{self, Format};
use super::place::{self, Place};
use crate::aws;
use crate::bucket::{Pages, S3, said};
use crate::catalogue::DynamoDb;
use crate::model_file;
use crate::object::S3Url;
use crate::pipeline::{Judge, PhotoJudge, Pipeline};
use crate::settings::Rules;

/// Classify the photos that are in a bucket already
///
/// Lists the bucket and classifies each photo here, on this machine, by the same rules and into the
/// same table as the function; a photo whose row says already what this model says of this content is
/// not fetched. Without `--table`, it is the embedded bucket and table. Or somebody else does the work:
/// with `--queue` the objects are sent to the queue that the function reads; with
/// `--batch-operations` S3 makes a job of them.
///
/// With `--checkpoint` a run that ended, however it ended, goes on where it was. On Ctrl-C, what has
/// begun is finished; a second one ends it at once. What fails is tried four times, and named in the
/// end. The exit code is 1 if something failed, or if it was stopped.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  How many are there, how long would it take, and what would it cost?
    lookbook backfill s3://my-photos/ --table lookbook --dry-run
  Classify all of them here, and be able to go on after a power cut:
    lookbook backfill s3://my-photos/ --table lookbook --checkpoint backfill.json
  After a new model: only what another model or other settings classified:
    lookbook backfill s3://my-photos/ --table lookbook --only-stale
  Let the function do it, by way of its queue:
    lookbook backfill s3://my-photos/new/ --queue https://sqs.eu-west-1.amazonaws.com/123456789012/lookbook-changes
  Millions: let S3 call version 7 of the function with each (see docs/backfill.md for the role):
    lookbook backfill s3://my-photos/ --batch-operations --function arn:aws:lambda:eu-west-1:123456789012:function:lookbook:7 \\
      --role arn:aws:iam::123456789012:role/lookbook-backfill --report s3://my-reports/backfill/")]
pub struct Backfill {
    /// The bucket, and what the keys that are meant begin with
    #[arg(value_name = "s3://BUCKET/PREFIX")]
    place: S3Url,
    #[command(flatten)]
    dir: DirArgs,
    /// A table on AWS, and the buckets there, instead of the embedded ones
    #[arg(long, value_name = "T", conflicts_with = "dir")]
    table: Option<String>,
    /// Objects worked on at a time; of a queue, requests
    #[arg(long, value_name = "N", default_value = "16")]
    concurrency: NonZeroUsize,
    /// A file in which to write down what is done, and to go on from if it is there; it is removed
    /// when all is done
    #[arg(long, value_name = "FILE", conflicts_with_all = ["only_stale", "sweep"])]
    checkpoint: Option<PathBuf>,
    /// Only objects whose row another recipe made: another model, or other settings. The table is
    /// read for that, and not the bucket. Rows of a later generation are left alone
    #[arg(long, conflicts_with = "sweep")]
    only_stale: bool,
    /// Only rows whose object is gone: they are removed. Rows of the bucket that lie outside the
    /// prefix stay as long as there is an object
    #[arg(long)]
    sweep: bool,
    /// Only so many objects, drawn evenly; the same ones each time
    #[arg(long, value_name = "N")]
    sample: Option<NonZeroUsize>,
    /// Do nothing: count, and estimate the time and the cost
    #[arg(long)]
    dry_run: bool,
    /// For `--dry-run`: how fast it will be. Otherwise a few photos are classified to find out
    #[arg(long, value_name = "N", requires = "dry_run", value_parser = rate)]
    photos_a_second: Option<f64>,
    /// Send the objects to this queue, which the function reads, instead of classifying them here
    #[arg(long, value_name = "URL", conflicts_with_all = ["dir", "batch_operations"])]
    queue: Option<String>,
    #[command(flatten)]
    job: JobArgs,
    /// How to print the summary
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
    #[command(flatten)]
    rules: RuleArgs,
}

/// What a job of S3 Batch Operations needs.
#[derive(Debug, Args)]
struct JobArgs {
    /// Have S3 Batch Operations call the function with each object
    #[arg(
        long,
        requires_all = ["function", "role", "report"],
        conflicts_with_all = ["dir", "table", "checkpoint", "only_stale", "sweep", "sample", "photos_a_second"]
    )]
    batch_operations: bool,
    /// The function's ARN, with the version that the job is to call
    #[arg(long, value_name = "ARN", requires = "batch_operations")]
    function: Option<FunctionArn>,
    /// The role as which S3 works
    #[arg(long, value_name = "ARN", requires = "batch_operations")]
    role: Option<RoleArn>,
    /// Where S3 writes which objects failed
    #[arg(long, value_name = "s3://BUCKET/PREFIX", requires = "batch_operations")]
    report: Option<S3Url>,
    /// Which of several jobs goes first: the greater
    #[arg(long, value_name = "N", default_value = "10", requires = "batch_operations")]
    priority: i32,
    /// Begin the job without waiting for a confirmation
    #[arg(long, requires = "batch_operations")]
    begin: bool,
}

/// A number of photos that can be divided by.
fn rate(text: &str) -> Result<f64, String> {
    let rate = text.parse().ok().filter(|rate: &f64| rate.is_finite() && *rate > 0.0);
    rate.ok_or_else(|| "expected a number above 0".to_owned())
}

/// What a run can reach.
struct Reach {
    bucket: S3,
    /// None if no table is named.
    table: Option<DynamoDb>,
    /// That of who works here; none if somebody else does the work.
    recipe: Option<String>,
}

impl Backfill {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        if self.job.batch_operations {
            return self.create_job().await;
        }
        let mut rules = self.rules.rules()?;
        // What is listed is meant; and of a row that lies outside, only that its object is gone.
        self.place.prefix().clone_into(&mut rules.key_prefix);
        rules.concurrency = self.concurrency;
        if let Some(url) = &self.queue {
            return self.run_by_queue(url, &rules).await;
        }
        let place = Place::open(self.table.as_deref(), &self.dir.dir).await?;
        let done = self.run_here(&place, &rules).await;
        place::close(place).await;
        done
    }

    async fn run_here(&self, place: &Place, rules: &Rules) -> anyhow::Result<ExitCode> {
        let (bucket, table) = (place.bucket(), Some(place.table().clone()));
        if self.dry_run {
            return self.estimate(&Reach { bucket, table, recipe: None }, rules).await;
        }
        let pipeline = Pipeline::open(place.s3(), place.table().clone(), rules).await?;
        let recipe = pipeline.maker().recipe.clone();
        let reach = Reach { bucket, table, recipe: Some(recipe.clone()) };
        let by = By::Here { recipe, generation: rules.generation, table: self.table_name() };
        self.work(&reach, rules, by, &pipeline).await
    }

    /// Which table it is, from wherever the command is run.
    fn table_name(&self) -> String {
        match &self.table {
            Some(name) => name.clone(),
            None => std::path::absolute(&self.dir.dir)
                .unwrap_or_else(|_| self.dir.dir.clone())
                .display()
                .to_string(),
        }
    }

    async fn run_by_queue(&self, url: &str, rules: &Rules) -> anyhow::Result<ExitCode> {
        let config = aws::config().await;
        let bucket = S3::new(aws_sdk_s3::Client::new(&config));
        let table = self.table.as_deref();
        let table = table.map(|name| DynamoDb::new(aws_sdk_dynamodb::Client::new(&config), name));
        let reach = Reach { bucket, table, recipe: None };
        if self.dry_run {
            return self.estimate(&reach, rules).await;
        }
        let queue = Queue::new(aws_sdk_sqs::Client::new(&config), url);
        self.work(&reach, rules, By::Queue(url.to_owned()), &queue).await
    }

    async fn work(
        &self,
        reach: &Reach,
        rules: &Rules,
        by: By,
        worker: &impl Worker,
    ) -> anyhow::Result<ExitCode> {
        let purpose = Purpose {
            place: self.place.to_string(),
            by,
            sample: self.sample.map(NonZeroUsize::get),
        };
        let checkpoint = match &self.checkpoint {
            Some(path) => Checkpoint::open(path, purpose)?,
            None => Checkpoint::new(purpose),
        };
        let after = checkpoint.below.clone();
        let found = self.found(reach, rules, after.as_deref()).await?;
        let bar = output::counter("backfill");
        if !bar.is_hidden() && !self.only_stale && !self.sweep {
            tokio::spawn(count_all(reach.bucket.list(&self.place, after.as_deref()), bar.clone()));
        }
        let begun = Instant::now();
        let mut desk =
            Desk::new(found, &self.place, checkpoint, File::new(self.checkpoint.clone()), bar);
        let done = work::all(&mut desk, worker, self.concurrency).await;
        let mut summary = desk.summary;
        summary.took(begun.elapsed());
        summary.print(self.format)?;
        done?;
        let is_well = !summary.is_stopped && summary.failed.is_empty();
        Ok(if is_well { ExitCode::SUCCESS } else { ExitCode::from(1) })
    }

    /// The objects that are meant, but those up to `after`.
    async fn found(
        &self,
        reach: &Reach,
        rules: &Rules,
        after: Option<&str>,
    ) -> anyhow::Result<Found> {
        let table = || {
            let table = reach.table.as_ref();
            table.context("--only-stale and --sweep read the table: name it with --table")
        };
        let found = if self.only_stale {
            let recipe = match &reach.recipe {
                Some(recipe) => recipe.clone(),
                None => recipe(rules, &reach.bucket).await?,
            };
            source::stale(table()?, &self.place, &recipe, rules.generation)
        } else if self.sweep {
            source::swept(&reach.bucket, table()?, &self.place)?
        } else {
            let after = after.filter(|_| self.sample.is_none());
            source::listed(&reach.bucket, &self.place, after)
        };
        match self.sample {
            Some(size) => source::sampled(found, size.get(), after).await,
            None => Ok(found),
        }
    }

    async fn estimate(&self, reach: &Reach, rules: &Rules) -> anyhow::Result<ExitCode> {
        let found = self.found(reach, rules, None).await?;
        let counted = estimate::count(found).await?;
        let by_queue = self.queue.is_some();
        let (rate, is_measured) = match self.photos_a_second {
            Some(rate) => (Some(rate), false),
            // How fast the function is cannot be found out here.
            None if by_queue => (None, false),
            None => (counted.measure(reach.bucket.clone(), rules).await?, true),
        };
        counted.estimate(rate, is_measured, by_queue).print(self.format)?;
        Ok(ExitCode::SUCCESS)
    }

    async fn create_job(&self) -> anyhow::Result<ExitCode> {
        // `clap` sees to it that they are there.
        let (Some(function), Some(role), Some(report)) =
            (&self.job.function, &self.job.role, &self.job.report)
        else {
            anyhow::bail!("--batch-operations needs --function, --role and --report");
        };
        let job = Job {
            account: function.account().to_owned(),
            place: self.place.clone(),
            function: function.clone(),
            role: role.clone(),
            report: report.clone(),
            begins: self.job.begin,
            priority: self.job.priority,
            token: uuid::Uuid::new_v4().to_string(),
        };
        if self.dry_run {
            output::line(&serde_json::to_string_pretty(&job.json())?)?;
            return Ok(ExitCode::SUCCESS);
        }
        let config = aws::config().await;
        let account = account(&aws_sdk_sts::Client::new(&config)).await?;
        let client = aws_sdk_s3control::Client::new(&config);
        batch_operations::create(&client, &Job { account, ..job }, self.format).await?;
        Ok(ExitCode::SUCCESS)
    }
}

/// The account whose credentials these are.
async fn account(client: &aws_sdk_sts::Client) -> anyhow::Result<String> {
    let answer = client.get_caller_identity().send().await.map_err(|error| {
        anyhow::anyhow!("AWS does not say whose credentials these are: {}", said(error))
    })?;
    answer.account.context("AWS does not say whose credentials these are")
}

/// The recipe of these rules.
async fn recipe(rules: &Rules, bucket: &S3) -> anyhow::Result<String> {
    let classifier = Arc::new(model_file::open(&rules.model, bucket).await?);
    Ok(PhotoJudge::new(classifier, rules).maker().recipe.clone())
}

/// Counts what is listed, so that the bar knows how much there is. A listing that fails is told of
/// by who works on it.
async fn count_all(mut pages: Pages, bar: ProgressBar) {
    let mut count = 0;
    while let Ok(Some(page)) = pages.next().await {
        count += page.len() as u64;
    }
    bar.set_length(count);
}
