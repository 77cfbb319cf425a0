//! `lookbook doctor`: what is wrong, and how to mend it.
//!
//! What is read and what follows from it are apart: [`bucket`], [`queue`], [`table`] and [`rows`] decide
//! from plain values, [`account`] and [`embedded`] ask for them, and [`mending`] does what `--fix` may.

mod account;
mod bucket;
mod embedded;
mod finding;
mod mending;
mod queue;
mod rows;
mod table;

use std::env;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;

use super::account::{BucketName, QueueName};
use super::args::RuleArgs;
use super::chosen::brought;
use super::output::{self, Format};
use super::program::{program, quoted};
use crate::aws;
use crate::catalogue::{DynamoDb, Maker};
use crate::classifier::{Classifier, ModelFile};
use crate::label::Label;
use crate::pipeline::{Judge, PhotoJudge};
use crate::settings::{
    KEY_PREFIX, Rules, Settings, SettingsError, TABLE_NAME, TableName, WebSettings,
};
use finding::{Finding, State};
use mending::Patient;

/// The folder that is looked at where nothing is named.
const FOLDER: &str = ".lookbook";

/// Find out what is wrong, and how to mend it
///
/// Looks at the settings, the model, and then at what is named: the table, the bucket and its
/// notifications, the queue and its dead-letter queue, on AWS with the usual AWS environment; or the
/// embedded bucket and table of a folder. For each it says `ok`, `warning`, `fault` or `skipped`, and what
/// to do. Each check is for itself: one that may not be made names the permission that it takes.
///
/// Nothing is written without `--fix`. With it, what can be added is added: a bucket's notifications beside
/// those of others, the table's index, its time to live, its stream. Nothing is deleted or replaced.
///
/// The exit code is 1 if there is a fault that is not mended.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  lookbook doctor\n  lookbook doctor --table shop-Catalogue --bucket s3://my-photos --queue arn:aws:sqs:eu-west-1:123456789012:shop-Changes\n  lookbook doctor --table shop-Catalogue --bucket s3://my-photos --fix\n  lookbook doctor --format json | jq 'select(.state == \"fault\")'"
)]
pub struct Doctor {
    /// The folder of the embedded bucket and table [default: .lookbook, if nothing on AWS is named]
    #[arg(long, value_name = "D", conflicts_with_all = ["table", "bucket", "queue"])]
    dir: Option<PathBuf>,
    /// The table on AWS [env: `TABLE_NAME`]
    #[arg(long, value_name = "T")]
    table: Option<String>,
    /// The bucket on AWS
    #[arg(long, value_name = "s3://BUCKET")]
    bucket: Option<BucketName>,
    /// The queue that the function takes from: its ARN or its URL [default: the one that the bucket tells]
    #[arg(long, value_name = "ARN")]
    queue: Option<QueueName>,
    /// What the keys of photos begin with, as the function's `KEY_PREFIX` says [env: `KEY_PREFIX`]
    #[arg(long, value_name = "P")]
    prefix: Option<String>,
    /// The function's time-out, to compare the queue with it
    #[arg(long, value_name = "SECONDS")]
    function_timeout: Option<u64>,
    /// Mend what can be mended without taking anything away, and say what was done
    #[arg(long)]
    fix: bool,
    /// How to print the findings
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
    #[command(flatten)]
    rules: RuleArgs,
}

/// What the model would say here.
#[derive(Default)]
struct Known {
    labels: Vec<Label>,
    maker: Option<Maker>,
}

impl Doctor {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let bar = output::progress(1, "looking");
        let mut patient = Patient::default();
        let (mut findings, rules) = self.settings();
        let (model, known) = model(rules.ok()).await;
        findings.push(model);
        let table =
            self.table.clone().or_else(|| text_of(TABLE_NAME.name).filter(|_| self.dir.is_none()));
        let on_aws = table.is_some() || self.bucket.is_some() || self.queue.is_some();
        let folder = self.dir.clone().unwrap_or_else(|| PathBuf::from(FOLDER));
        let mut open = None;
        if on_aws {
            let found = Box::pin(self.on_aws(table.as_deref(), &known, &mut patient)).await;
            findings.extend(found);
        } else if self.dir.is_some() || folder.is_dir() {
            let (found, opened) = in_folder(&folder, &known, &mut patient).await;
            findings.extend(found);
            open = opened;
        } else {
            findings.push(
                Finding::skipped("place", "neither a table on AWS nor an embedded one is named")
                    .mend(format!(
                        "give --table, --bucket and --queue, or begin with `{} demo`",
                        program()
                    )),
            );
        }
        if self.fix {
            let mut mended = Vec::with_capacity(findings.len());
            for finding in findings {
                mended.push(patient.mend(finding).await);
            }
            findings = mended;
        }
        if let Some(open) = open {
            open.close().await;
        }
        bar.finish_and_clear();
        match self.format {
            Format::Json => findings.iter().try_for_each(output::json)?,
            Format::Table => print(&findings, self.fix)?,
        }
        let faults = findings.iter().any(|finding| finding.state == State::Fault);
        Ok(if faults { ExitCode::from(1) } else { ExitCode::SUCCESS })
    }

    /// What the flags and the environment say.
    fn settings(&self) -> (Vec<Finding>, Result<Rules, SettingsError>) {
        const CHECK: &str = "settings";
        let rules = self.rules.rules();
        let lookup = |name: &str| env::var(name).ok();
        let mut mistakes = Vec::new();
        for result in [
            rules.as_ref().err(),
            Settings::parse_shards(lookup).err().as_ref(),
            WebSettings::parse(lookup).err().as_ref(),
        ] {
            mistakes.extend(result.into_iter().flat_map(|SettingsError(all)| all.clone()));
        }
        let table = self.table.clone().or_else(|| text_of(TABLE_NAME.name));
        if let Some(name) = table.filter(|name| name.parse::<TableName>().is_err()) {
            mistakes
                .push(format!("{} is '{name}': expected {}", TABLE_NAME.name, TABLE_NAME.expected));
        }
        let finding = if mistakes.is_empty() {
            Finding::ok(CHECK, "flags and environment can be read")
        } else {
            Finding::fault(CHECK, mistakes.join("; "))
        };
        (vec![finding], rules)
    }

    async fn on_aws(
        &self,
        table: Option<&str>,
        known: &Known,
        patient: &mut Patient,
    ) -> Vec<Finding> {
        let config = aws::config().await;
        let (mut findings, goes_on) = account::credentials(&config).await;
        if !goes_on {
            return findings;
        }
        let s3 = aws_sdk_s3::Client::new(&config);
        let prefix = self.prefix.clone().or_else(|| text_of(KEY_PREFIX.name));
        let named = (self.bucket.as_ref(), self.queue.as_ref());
        let way =
            account::way(&config, &s3, named, prefix.as_deref(), self.function_timeout, patient);
        findings.extend(way.await);
        let Some(name) = table else {
            findings.push(account::unnamed("table", "--table"));
            return findings;
        };
        let client = aws_sdk_dynamodb::Client::new(&config);
        let again = format!("{} doctor --table {name} --fix", program());
        let (mut found, is_there) = account::table(&client, name, &again, false).await;
        if is_there {
            let shards = Settings::parse_shards(|name| env::var(name).ok()).unwrap_or_default();
            let table = DynamoDb::new(client.clone(), name).with_shards(shards);
            let rows = rows::look(
                &table,
                &format!(" --table {name}"),
                &known.labels,
                known.maker.as_ref(),
                &found,
            )
            .await;
            found.extend(rows);
        }
        findings.extend(found);
        patient.table = Some((client, name.to_owned()));
        findings
    }
}

/// A text of the environment; none where it is empty.
fn text_of(name: &str) -> Option<String> {
    env::var(name).ok().filter(|text| !text.is_empty())
}

async fn in_folder(
    dir: &Path,
    known: &Known,
    patient: &mut Patient,
) -> (Vec<Finding>, Option<embedded::Open>) {
    match embedded::open(dir).await {
        Ok((open, first)) => {
            let mut findings = vec![first];
            let look = embedded::look(&open, dir, &known.labels, known.maker.as_ref(), patient);
            findings.extend(look.await);
            (findings, Some(open))
        }
        Err(finding) => (vec![finding], None),
    }
}

/// Loads the model that the rules name.
async fn model(rules: Option<Rules>) -> (Finding, Known) {
    const CHECK: &str = "model";
    let Some(rules) = rules else {
        return (
            Finding::skipped(CHECK, "which one is not known: see the settings"),
            Known::default(),
        );
    };
    let choice = match Box::pin(brought(&rules.model)).await {
        Ok(choice) => choice,
        Err(error) => {
            let finding = Finding::fault(CHECK, format!("{:#}", anyhow::Error::new(error)));
            return (finding, Known::default());
        }
    };
    let file = match &choice.model {
        Some(ModelFile::Path { path, .. }) => Some(format!(" {}", quoted(&path.to_string_lossy()))),
        Some(ModelFile::Content(_)) | None => None,
    };
    let loaded = tokio::task::spawn_blocking(move || Classifier::open(&choice)).await;
    let classifier = match loaded {
        Ok(Ok(classifier)) => Arc::new(classifier),
        Ok(Err(error)) => {
            let finding = Finding::fault(CHECK, format!("{:#}", anyhow::Error::new(error)));
            let mend = format!(
                "`{} inspect{}` says all that is wrong",
                program(),
                file.unwrap_or_default()
            );
            return (finding.mend(mend), Known::default());
        }
        Err(_) => return (Finding::fault(CHECK, "loading it failed"), Known::default()),
    };
    let labels = classifier.description().labels.to_vec();
    let says = format!(
        "{} ({}) loads, and knows {} labels",
        classifier.description().name,
        classifier.model_id(),
        labels.len()
    );
    let maker = PhotoJudge::new(classifier, &rules).maker().clone();
    (Finding::ok(CHECK, says), Known { labels, maker: Some(maker) })
}

fn print(findings: &[Finding], fixed: bool) -> std::io::Result<()> {
    let mut table = output::wrapped(&["check", "state", "finding"]);
    for finding in findings {
        table.add_row(vec![
            finding.check.into(),
            output::standing(finding.state.name()),
            output::shown(&finding.says).into(),
        ]);
    }
    output::print_table(&table)?;
    let mends: Vec<&Finding> = findings.iter().filter(|f| f.mend.is_some()).collect();
    if mends.is_empty() {
        return Ok(());
    }
    output::line("\nTo mend:")?;
    for finding in mends {
        let mend = finding.mend.as_deref().unwrap_or_default();
        output::line(&format!("  {}: {}", finding.check, output::shown(mend)))?;
    }
    if !fixed && findings.iter().any(|finding| finding.fix.is_some()) {
        let marked: Vec<&str> =
            findings.iter().filter(|f| f.fix.is_some()).map(|f| f.check).collect();
        output::line(&format!("\nThe same command with --fix mends: {}", marked.join(", ")))?;
    }
    Ok(())
}
