//! `lookbook evaluate`: how good a model is on photos whose labels are known.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::Args;
use futures::StreamExt;
use serde::Serialize;

use super::args::RuleArgs;
use super::chosen;
use super::evaluation::{Evaluation, Summary};
use super::loading::Loading;
use super::output::{self, Format};
use super::photos::{self, Failure, Studio};
use super::plot;
use crate::classifier::Classifier;

/// Measure a model on photos whose labels are known
///
/// DIR has one folder a label, with that label's photos in it. Prints the share of photos whose top
/// label is right (accuracy), whose label is among the three best (top3), the expected calibration
/// error (ece, 10 bins), and each label's results. With `--format json` all of it is one object,
/// with the confusion matrix (a row for each true label, a column for each answer) and the bins of
/// ece (reliability). `--plot` draws both.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  lookbook evaluate photos/validation --format json | jq .accuracy\n  \
                        lookbook evaluate photos/validation --model my.tflite --plot my.png"
)]
pub struct Evaluate {
    /// A folder with one folder a label
    #[arg(value_name = "DIR")]
    dir: PathBuf,
    /// How to print the results
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
    /// Draw the confusion matrix and the reliability diagram into this PNG file
    #[arg(long, value_name = "FILE.png")]
    plot: Option<PathBuf>,
    #[command(flatten)]
    rules: RuleArgs,
}

#[derive(Debug, Serialize)]
struct Results {
    #[serde(flatten)]
    summary: Summary,
    errors: Vec<Unscored>,
}

#[derive(Debug, Serialize)]
struct Unscored {
    image: String,
    error: Failure,
}

impl Evaluate {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let rules = self.rules.rules()?;
        let model = Loading::<Classifier>::begin(&chosen::brought(&rules.model).await?);
        let classifier = model.wait()?;
        let (files, truths) = labelled(&self.dir, classifier)?;
        let description = classifier.description();
        let labels = description.labels.iter().map(ToString::to_string);
        let mut evaluation = Evaluation::new(labels.collect());
        let mut errors = Vec::new();
        let bar = output::progress(files.len(), "evaluating");
        let studio = Studio::new(&rules);
        let scored = studio.ask(files, &model);
        let mut scored = std::pin::pin!(scored.zip(futures::stream::iter(truths)));
        while let Some((answered, truth)) = scored.next().await {
            let (path, scored) = answered?;
            bar.inc(1);
            match scored {
                Ok(scores) => {
                    evaluation.add(truth, &scores.iter().map(|(_, s)| s).collect::<Vec<_>>());
                }
                Err(error) => errors.push(Unscored { image: path.display().to_string(), error }),
            }
        }
        bar.finish_and_clear();
        let code = if errors.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(1) };
        let results = Results { summary: evaluation.summary(), errors };
        match self.format {
            Format::Json => output::json(&results)?,
            Format::Table => print(&results)?,
        }
        if let Some(file) = &self.plot {
            let png = plot::draw(&description.name, &results.summary).map_err(anyhow::Error::msg);
            png.and_then(|png| Ok(fs::write(file, png)?))
                .with_context(|| format!("the picture {} cannot be written", file.display()))?;
        }
        Ok(code)
    }
}

/// The files below each label's folder, and the place of that label in the model.
fn labelled(dir: &Path, classifier: &Classifier) -> anyhow::Result<(Vec<PathBuf>, Vec<usize>)> {
    let labels = &classifier.description().labels;
    let list = || fs::read_dir(dir)?.collect::<Result<Vec<_>, _>>();
    let mut folders = list().with_context(|| format!("{} cannot be read", dir.display()))?;
    folders.retain(|entry| entry.path().is_dir() && !is_hidden(entry));
    folders.sort_by_key(fs::DirEntry::path);
    let (mut files, mut truths) = (Vec::new(), Vec::new());
    for folder in folders {
        let name = folder.file_name();
        let truth = labels.iter().position(|label| name == label.as_ref()).with_context(|| {
            let known = labels.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            format!("the folder {} is not a label of the model: expected {known}", name.display())
        })?;
        let found = photos::find(&[folder.path()])
            .with_context(|| format!("{} cannot be read", folder.path().display()))?;
        truths.extend(std::iter::repeat_n(truth, found.len()));
        files.extend(found);
    }
    if files.is_empty() {
        anyhow::bail!("no photos below {}: expected one folder a label", dir.display());
    }
    Ok((files, truths))
}

fn is_hidden(entry: &fs::DirEntry) -> bool {
    entry.file_name().as_encoded_bytes().starts_with(b".")
}

fn print(results: &Results) -> std::io::Result<()> {
    let summary = &results.summary;
    output::line(&format!(
        "{} images, accuracy {:.3}, top3 {:.3}, ece {:.3}\n",
        summary.images, summary.accuracy, summary.top3, summary.ece
    ))?;
    let mut table = output::table(&["label", "images", "recall", "precision", "taken for"]);
    let share = |s: Option<f64>| s.map_or_else(|| "-".to_owned(), |s| format!("{s:.3}"));
    for (i, (label, own)) in summary.per_label.iter().enumerate() {
        table.add_row(vec![
            label.clone(),
            own.images.to_string(),
            share(own.recall),
            share(own.precision),
            taken_for(summary, i),
        ]);
    }
    output::print_table(&table)?;
    for unscored in &results.errors {
        output::line(&output::shown(&format!("{}: {}", unscored.image, unscored.error.message)))?;
    }
    Ok(())
}

/// The wrong answers for a label, the most frequent first.
fn taken_for(summary: &Summary, truth: usize) -> String {
    let mut wrong: Vec<(usize, &str)> = summary.confusion[truth]
        .iter()
        .enumerate()
        .filter(|&(answer, &n)| answer != truth && n > 0)
        .map(|(answer, &n)| (n, summary.labels[answer].as_str()))
        .collect();
    wrong.sort_by(|a, b| b.cmp(a));
    wrong.iter().take(3).map(|(n, label)| format!("{label} {n}")).collect::<Vec<_>>().join(", ")
}
