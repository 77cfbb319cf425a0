//! `lookbook replay`: runs events through the handler.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::Args;
use serde::Serialize;
use serde_json::Value;

use super::args::{DirArgs, RuleArgs};
use super::output::{self, Format};
use super::place::{self, Place};
use crate::handler::{Invocation, Report};
use crate::pipeline::Line;

/// Run events through the function's handler
///
/// Each file holds one event as AWS Lambda would get it: from S3, SQS, SNS, EventBridge, S3 Batch
/// Operations or a Distributed Map of Step Functions, or a direct call. It is handled on the
/// embedded bucket and table (`--dir`), or on AWS (`--table`, with the usual AWS environment; the
/// bucket is the one that the event names). Prints what became of each change, and the answer that
/// the sender would get. The exit code is 1 if something must be retried.
#[derive(Debug, Args)]
#[command(after_help = "Example: lookbook demo && lookbook replay events/sqs-batch.json")]
pub struct Replay {
    /// Files with one event each
    #[arg(required = true, value_name = "EVENT.json")]
    events: Vec<PathBuf>,
    #[command(flatten)]
    dir: DirArgs,
    /// A table on AWS, instead of the embedded one
    #[arg(long, value_name = "T", conflicts_with = "dir")]
    table: Option<String>,
    /// How to print the outcomes
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
    #[command(flatten)]
    rules: RuleArgs,
}

/// One event's result. The names are public: programs read them.
#[derive(Debug, Serialize)]
struct Replayed<'a> {
    event: String,
    outcomes: &'a [Line],
    /// What the sender would get; `null` if the invocation fails.
    response: Option<&'a Value>,
    /// Why the invocation fails.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

impl Replay {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let events = self
            .events
            .iter()
            .map(|path| Ok((path.as_path(), read(path)?)))
            .collect::<anyhow::Result<Vec<_>>>()?;
        let rules = self.rules.rules()?;
        let place = Place::open(self.table.as_deref(), &self.dir.dir).await?;
        let handler = place.handler(&rules).await?;
        let mut retry = false;
        for (path, event) in events {
            let name = path.display().to_string();
            let invocation = Invocation { id: name.clone(), deadline: None };
            // An event of an unknown shape fails its own invocation; the next is another one.
            let (report, error) = match handler.handle(&event, &invocation).await {
                Ok(report) => {
                    let failure = report.failure();
                    (report, failure)
                }
                Err(error) => (Report::default(), Some(error.to_string())),
            };
            retry |= error.is_some() || report.lines.iter().any(|line| line.outcome.is_retry());
            let response = report.answer.as_ref();
            let replayed = Replayed { event: name, outcomes: &report.lines, response, error };
            match self.format {
                Format::Json => output::json(&replayed)?,
                Format::Table => print(&replayed)?,
            }
        }
        place::close(place).await;
        Ok(if retry { ExitCode::from(1) } else { ExitCode::SUCCESS })
    }
}

fn read(path: &Path) -> anyhow::Result<Value> {
    let text = std::fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?;
    // Some editors begin a file with a byte order mark.
    let text = text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&text);
    serde_json::from_slice(text).with_context(|| format!("{} is not JSON", path.display()))
}

fn print(replayed: &Replayed<'_>) -> anyhow::Result<()> {
    output::line(&format!("{}:", replayed.event))?;
    if replayed.outcomes.is_empty() && replayed.error.is_none() {
        output::line("no changes in it")?;
    }
    if !replayed.outcomes.is_empty() {
        let mut table = output::wrapped(&["message", "image", "outcome", "what"]);
        for line in replayed.outcomes {
            table.add_row(vec![
                output::clip(&line.message_id, 40).into(),
                output::shown(line.image.as_deref().unwrap_or_default()).into(),
                output::standing(line.outcome.name()),
                output::clip(&line.outcome.words(), 70).into(),
            ]);
        }
        output::print_table(&table)?;
    }
    match (&replayed.error, replayed.response) {
        (Some(error), _) => {
            output::line(&format!("the invocation fails: {}\n", output::shown(error)))?;
        }
        (None, response) => {
            output::line(&format!("response: {}\n", serde_json::to_string(&response)?))?;
        }
    }
    Ok(())
}
