//! `lookbook classify`: labels for files and folders, without AWS.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::Args;
use futures::TryStreamExt;
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use super::args::RuleArgs;
use super::chosen;
use super::loading::Loading;
use super::output::{self, Format};
use super::photos::{self, Failure, Studio};
use crate::classifier::{Classifier, Model, Scores};
use crate::settings::Rules;

/// Classify photos in files and folders, without AWS
///
/// The labels and the normalisation of a model come from the flags, else from FILE.toml beside
/// FILE.tflite, else from TensorFlow Lite Metadata in the file. Prints a line a photo. With
/// `--format json`, one object a line: {"image": "...", "label": "pants", "confidence": 0.97,
/// "scores": {"dress": 0.001, ...}}, or {"image": "...", "error": {"code": "corrupt", "message":
/// "..."}}. With `--raw`, one object a line: {"image": "...", "outputs": [0.1, ...]}. Folders are
/// searched to the bottom; hidden files are not looked at. All cores work on photos (see `--threads`);
/// the lines are in the order of the files. The exit code is 1 if any photo failed.
#[derive(Debug, Args)]
#[command(
    after_help = "Example: lookbook classify --format json photos/ | jq 'select(.label == \"hat\")'"
)]
pub struct Classify {
    /// Photos, and folders of photos
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// How to print the results
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
    /// Print the model's outputs as they are, de-quantised, as JSON; needs no labels
    #[arg(long)]
    raw: bool,
    #[command(flatten)]
    rules: RuleArgs,
}

/// One line of the output. The names are public: programs read them.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Answer<'a> {
    Label { image: String, label: &'a str, confidence: f32, scores: InOrder<'a> },
    Outputs { image: String, outputs: &'a [f32] },
    Error { image: String, error: &'a Failure },
}

/// Scores as a map, in the model's order of labels.
#[derive(Debug)]
struct InOrder<'a>(&'a Scores);

impl Serialize for InOrder<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (label, score) in self.0.iter() {
            map.serialize_entry(label.as_ref(), &score)?;
        }
        map.end()
    }
}

impl Classify {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let files = photos::find(&self.paths).context("a folder cannot be read")?;
        if files.is_empty() {
            anyhow::bail!("no photos below {}", shown(&self.paths));
        }
        let rules = self.rules.rules()?;
        if self.raw {
            return raw(files, &rules).await;
        }
        let model = Loading::<Classifier>::begin(&chosen::brought(&rules.model).await?);
        let studio = Studio::new(&rules);
        let bar = output::progress(files.len(), "classifying");
        let mut table = output::table(&["image", "label", "confidence", "next best"]);
        let mut failed = 0_usize;
        let mut answers = std::pin::pin!(studio.ask(files, &model));
        while let Some((path, scored)) = answers.try_next().await? {
            bar.inc(1);
            failed += usize::from(scored.is_err());
            let image = path.display().to_string();
            match self.format {
                Format::Json => output::json(&answer(image, &scored))?,
                Format::Table => {
                    table.add_row(row(&image, &scored));
                }
            }
        }
        bar.finish_and_clear();
        if self.format == Format::Table {
            output::print_table(&table)?;
        }
        Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::from(1) })
    }
}

/// Prints what the network answers for each file.
async fn raw(files: Vec<PathBuf>, rules: &Rules) -> anyhow::Result<ExitCode> {
    let model = Loading::<Model>::begin(&chosen::brought(&rules.model).await?);
    let studio = Studio::new(rules);
    let bar = output::progress(files.len(), "looking");
    let mut failed = 0_usize;
    let mut answers = std::pin::pin!(studio.ask(files, &model));
    while let Some((path, answer)) = answers.try_next().await? {
        bar.inc(1);
        let image = path.display().to_string();
        match &answer {
            Ok(outputs) => output::json(&Answer::Outputs { image, outputs })?,
            Err(error) => {
                failed += 1;
                output::json(&Answer::Error { image, error })?;
            }
        }
    }
    bar.finish_and_clear();
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn answer(image: String, scored: &Result<Scores, Failure>) -> Answer<'_> {
    match scored {
        Ok(scores) => {
            let (label, confidence) = scores.top();
            Answer::Label { image, label: label.as_ref(), confidence, scores: InOrder(scores) }
        }
        Err(error) => Answer::Error { image, error },
    }
}

fn row(image: &str, scored: &Result<Scores, Failure>) -> Vec<comfy_table::Cell> {
    match scored {
        Ok(scores) => {
            let best = scores.best(2);
            let next = best.get(1).map_or_else(String::new, |(label, score)| {
                format!("{label} {}", output::probability(*score))
            });
            let (label, confidence) = scores.top();
            vec![
                output::shown(image).into(),
                label.as_ref().into(),
                output::probability(confidence).into(),
                next.into(),
            ]
        }
        Err(error) => vec![
            output::shown(image).into(),
            output::standing("rejected"),
            error.code.into(),
            output::clip(&error.message, 60).into(),
        ],
    }
}

fn shown(paths: &[PathBuf]) -> String {
    paths.iter().map(|p| p.display().to_string()).collect::<Vec<_>>().join(", ")
}
