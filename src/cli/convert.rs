//! `lookbook convert`: a model in the form that is run.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::Args;

use super::args::ModelArgs;
use super::chosen;
use super::output;
use crate::classifier;

/// Write a model in the float32 form that lookbook runs
///
/// The result is a TensorFlow Lite file with the same answers: float32 input and output, a batch of
/// 1, fixed shapes, and few kinds of operators. Integer models keep their rounding. It carries no
/// labels and no metadata. If something cannot be said in that form, each operator is named and the
/// exit code is 2.
#[derive(Debug, Args)]
#[command(after_help = "Example: lookbook convert model_int8.tflite model_float.tflite")]
pub struct Convert {
    /// The model to convert: a file, or `s3://BUCKET/KEY`
    #[arg(value_name = "IN.tflite")]
    input: PathBuf,
    /// Where to write the result
    #[arg(value_name = "OUT.tflite")]
    to: PathBuf,
    #[command(flatten)]
    model: ModelArgs,
}

impl Convert {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let choice = chosen::brought(&self.model.of(&self.input)?).await?;
        let file = classifier::convert(&choice).map_err(|problems| {
            let lines: Vec<String> =
                problems.iter().map(|p| output::shown(&p.to_string())).collect();
            anyhow::anyhow!("{}: {}", self.input.display(), lines.join("\n       "))
        })?;
        std::fs::write(&self.to, &file)
            .with_context(|| format!("cannot write {}", self.to.display()))?;
        output::line(&format!("{}: {} bytes", self.to.display(), file.len()))?;
        Ok(ExitCode::SUCCESS)
    }
}
