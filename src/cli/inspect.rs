//! `lookbook inspect`: what there is to know about a model.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use serde::Serialize;

use super::args::ModelArgs;
use super::chosen;
use super::output::{self, Format};
use crate::classifier::{self, Colours, End, Input, Inspection};

/// Look at a model: its form, its labels, its operators, its speed, and whether it can be used
///
/// All that keeps a model from being used is listed at once, and the exit code is then 1.
#[derive(Debug, Args)]
#[command(
    after_help = "Example: lookbook inspect model.tflite --normalise -1..1 --labels labels.txt"
)]
pub struct Inspect {
    /// A TensorFlow Lite model: a file, or `s3://BUCKET/KEY` [default: the built-in clothing model]
    #[arg(value_name = "MODEL")]
    path: Option<PathBuf>,
    /// How to print the results
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
    #[command(flatten)]
    model: ModelArgs,
}

/// The output for programs. The names are public.
#[derive(Debug, Serialize)]
struct Shown {
    model_id: String,
    bytes: usize,
    kind: &'static str,
    inputs: Vec<Tensor>,
    outputs: Vec<Tensor>,
    labels: Option<Vec<String>>,
    labels_from: Option<String>,
    normalisation: Option<Normalisation>,
    normalisation_from: Option<String>,
    colours: Option<&'static str>,
    /// Width and height of what photos are resized to.
    size: Option<[u32; 2]>,
    operators: BTreeMap<String, usize>,
    parameters: u64,
    multiply_adds: Option<u64>,
    metadata: Option<Said>,
    /// Whether the network can be run.
    loads: bool,
    /// Whether `classify` can use the model: the network can be run, and labels and normalisation
    /// are known.
    classifies: bool,
    load_ms: Option<f64>,
    photo_ms: Option<f64>,
    /// A description to correct and write beside the model, if `classify` cannot use it yet.
    draft: Option<String>,
    problems: Vec<String>,
}

/// What the file says about itself.
#[derive(Debug, Serialize)]
struct Said {
    name: Option<String>,
    description: Option<String>,
    author: Option<String>,
    license: Option<String>,
    version: Option<String>,
    label_file: Option<String>,
}

#[derive(Debug, Serialize)]
struct Tensor {
    name: String,
    #[serde(rename = "type")]
    kind: String,
    shape: Vec<i32>,
}

#[derive(Debug, Serialize)]
struct Normalisation {
    mean: [f32; 3],
    std: [f32; 3],
}

impl Inspect {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let choice = match &self.path {
            Some(path) => self.model.of(path)?,
            None => self.model.choice()?,
        };
        let choice = chosen::brought(&choice).await?;
        let shown = Shown::of(&classifier::inspect(&choice)?);
        match self.format {
            Format::Json => output::json(&shown)?,
            Format::Table => shown.print()?,
        }
        Ok(if shown.classifies { ExitCode::SUCCESS } else { ExitCode::from(1) })
    }
}

impl Shown {
    fn of(inspection: &Inspection) -> Self {
        let tensors = |ends: &[End]| {
            let tensor = |End { name, kind, shape }: &End| Tensor {
                name: name.clone(),
                kind: kind.to_lowercase(),
                shape: shape.clone(),
            };
            ends.iter().map(tensor).collect()
        };
        let mut problems: Vec<String> =
            inspection.problems.iter().map(ToString::to_string).collect();
        let labels = match &inspection.labels {
            Some(Err(problem)) => {
                problems.push(problem.to_string());
                None
            }
            Some(Ok(labels)) => Some(labels),
            None => None,
        };
        let input = match &inspection.input {
            Some(Err(problem)) => {
                problems.push(problem.to_string());
                None
            }
            Some(Ok(input)) => Some(input),
            None => None,
        };
        let ms = |time: std::time::Duration| (time.as_secs_f64() * 1e6).round() / 1e3;
        Self {
            model_id: inspection.id.to_string(),
            bytes: inspection.bytes,
            kind: inspection.precision.name(),
            inputs: tensors(&inspection.inputs),
            outputs: tensors(&inspection.outputs),
            labels: labels.map(|(labels, _)| labels.iter().map(ToString::to_string).collect()),
            labels_from: labels.map(|(_, origin)| origin.to_string()),
            normalisation: input
                .map(|(Input { mean, std, .. }, _)| Normalisation { mean: *mean, std: *std }),
            normalisation_from: input.map(|(_, origin)| origin.to_string()),
            colours: input.map(|(Input { colours, .. }, _)| colours.name()),
            size: input.map(|(Input { width, height, .. }, _)| [*width, *height]),
            operators: inspection.operators.clone(),
            parameters: inspection.parameters,
            multiply_adds: inspection.multiply_adds,
            metadata: inspection.metadata.clone().map(|said| Said {
                name: said.name,
                description: said.description,
                author: said.author,
                license: said.license,
                version: said.version,
                label_file: said.label_file,
            }),
            loads: inspection.problems.is_empty(),
            classifies: inspection.classifies(),
            draft: (!inspection.classifies()).then(|| inspection.proposal.clone()),
            load_ms: inspection.load.map(ms),
            photo_ms: inspection.photo.map(ms),
            problems,
        }
    }

    fn print(&self) -> std::io::Result<()> {
        let mut table = output::table(&["what", "value"]);
        let mut row = |what: &str, value: String| {
            table.add_row(vec![what.to_owned(), output::shown(&value)]);
        };
        let unknown = || "-".to_owned();
        let tensors = |tensors: &[Tensor]| {
            let all: Vec<String> =
                tensors.iter().map(|t| format!("{} {:?}", t.kind, t.shape)).collect();
            all.join(", ")
        };
        row("model id", self.model_id.clone());
        row("kind", self.kind.to_owned());
        row("size", format!("{} bytes", self.bytes));
        row("input", tensors(&self.inputs));
        row("output", tensors(&self.outputs));
        row("labels", self.labels.as_deref().map_or_else(unknown, summary));
        row("labels from", self.labels_from.clone().unwrap_or_else(unknown));
        row(
            "normalisation",
            self.normalisation.as_ref().map_or_else(unknown, |numbers| {
                format!("(v - {:?}) / {:?}", numbers.mean, numbers.std)
            }),
        );
        if self.colours == Some(Colours::Bgr.name()) {
            row("colours", "blue, green, red".to_owned());
        }
        row("normalisation from", self.normalisation_from.clone().unwrap_or_else(unknown));
        if let Some(Said { name, description, author, license, .. }) = &self.metadata {
            for (what, said) in [
                ("name", name),
                ("description", description),
                ("author", author),
                ("licence", license),
            ] {
                if let Some(said) = said {
                    row(what, output::clip(said, 70));
                }
            }
        }
        let operators: Vec<String> =
            self.operators.iter().map(|(name, count)| format!("{name} {count}")).collect();
        row("operators", operators.join(", "));
        row("parameters", self.parameters.to_string());
        row("multiply-adds", self.multiply_adds.map_or_else(unknown, |count| count.to_string()));
        row("loads", if self.loads { "yes" } else { "no" }.to_owned());
        let ms = |time: Option<f64>| time.map_or_else(unknown, |ms| format!("{ms:.1} ms"));
        row("load time", ms(self.load_ms));
        row("time a photo", format!("{} on one thread", ms(self.photo_ms)));
        output::print_table(&table)?;
        for problem in &self.problems {
            output::line("")?;
            for line in problem.lines() {
                output::line(&output::shown(line))?;
            }
        }
        if let Some(draft) = &self.draft {
            output::line("")?;
            output::line("To describe it, write this beside it, in a file that ends with .toml:")?;
            output::line("")?;
            for line in draft.lines() {
                output::line(&output::shown(line))?;
            }
        }
        Ok(())
    }
}

/// The first of many labels.
fn summary(labels: &[String]) -> String {
    let first = labels.iter().take(10).map(String::as_str).collect::<Vec<_>>().join(", ");
    match labels.len() {
        0..=10 => first,
        all => format!("{first}, ... ({all})"),
    }
}
