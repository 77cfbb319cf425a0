//! Flags that several subcommands share.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::classifier::Choice;
use crate::settings::{Rules, SettingsError};

/// How photos are classified.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Classification")]
pub struct RuleArgs {
    #[command(flatten)]
    model: ModelArgs,
    /// Confidence below which a photo goes to the shelf `review` [default: the model's own]
    #[arg(long, env = "REVIEW_BELOW", value_name = "0..1", hide_env_values = true)]
    review_below: Option<String>,
    /// Bytes that a photo may have [default: 26214400, 25 MiB]
    #[arg(long, env = "MAX_BYTES", value_name = "N", hide_env_values = true)]
    max_bytes: Option<String>,
    /// Pixels that a photo may have [default: 50000000]
    #[arg(long, env = "MAX_PIXELS", value_name = "N", hide_env_values = true)]
    max_pixels: Option<String>,
    /// Photos decoded and classified at a time [default: one a core]
    #[arg(long, env = "THREADS", value_name = "N", hide_env_values = true)]
    threads: Option<String>,
}

/// Which model, and what is not written in or beside it.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Model")]
pub struct ModelArgs {
    /// A TensorFlow Lite model; what it needs to be told may stand in FILE.toml beside it [default: the
    /// built-in clothing model]
    #[arg(long, env = "MODEL_FILE", value_name = "FILE", hide_env_values = true)]
    model: Option<String>,
    /// The model's labels, one a line, in the order of its outputs [default: those in or beside the
    /// model]
    #[arg(long, env = "LABELS_FILE", value_name = "FILE", hide_env_values = true)]
    labels: Option<String>,
    /// What pixels from 0 to 255 become: -1..1, 0..1, 0..255 or imagenet; only for a model whose input
    /// is float32 [default: as said in or beside the model]
    #[arg(
        long,
        env = "NORMALISE",
        value_name = "RANGE",
        hide_env_values = true,
        allow_hyphen_values = true
    )]
    normalise: Option<String>,
}

impl ModelArgs {
    /// The setting with this name, if it is one of these.
    fn setting(&self, name: &str) -> Option<&Option<String>> {
        match name {
            "MODEL_FILE" => Some(&self.model),
            "LABELS_FILE" => Some(&self.labels),
            "NORMALISE" => Some(&self.normalise),
            _ => None,
        }
    }

    /// The choice, for a command that needs no more of the rules.
    pub fn choice(&self) -> anyhow::Result<Choice> {
        let rules = Rules::parse(|name| self.setting(name).cloned().flatten());
        Ok(rules.map_err(|error| with_flags(&error))?.model)
    }

    /// The same for a model that is named as an argument.
    pub fn of(&self, model: &Path) -> anyhow::Result<Choice> {
        let model = Some(model.to_string_lossy().into_owned());
        Self { model, ..self.clone() }.choice()
    }
}

impl RuleArgs {
    /// All rules: the flags, which take the environment's values where they are not given.
    /// `KEY_PREFIX` is for the function: here, what is given is meant.
    pub fn rules(&self) -> anyhow::Result<Rules> {
        let rules = Rules::parse(|name| match name {
            "REVIEW_BELOW" => self.review_below.clone(),
            "MAX_BYTES" => self.max_bytes.clone(),
            "MAX_PIXELS" => self.max_pixels.clone(),
            "THREADS" => self.threads.clone(),
            "KEY_PREFIX" => None,
            other => match self.model.setting(other) {
                Some(text) => text.clone(),
                None => std::env::var(other).ok(),
            },
        });
        rules.map_err(|error| with_flags(&error))
    }
}

/// The mistakes, by the flags that they are in.
fn with_flags(SettingsError(mistakes): &SettingsError) -> anyhow::Error {
    anyhow::anyhow!(mistakes.iter().map(|m| with_flag(m)).collect::<Vec<_>>().join("; "))
}

/// `MAX_BYTES is ...` becomes `--max-bytes (MAX_BYTES) is ...`, where there is such a flag.
fn with_flag(mistake: &str) -> String {
    const FLAGS: [&str; 6] =
        ["REVIEW_BELOW", "MAX_BYTES", "MAX_PIXELS", "THREADS", "LABELS_FILE", "NORMALISE"];
    match FLAGS.iter().find_map(|name| Some((name, mistake.strip_prefix(name)?))) {
        Some((name, rest)) => {
            let flag = name.trim_end_matches("_FILE").to_ascii_lowercase().replace('_', "-");
            format!("--{flag} ({name}){rest}")
        }
        None => mistake.to_owned(),
    }
}

/// Where the embedded bucket and table keep their state.
#[derive(Debug, Clone, Args)]
pub struct DirArgs {
    /// The folder of the embedded bucket and table
    #[arg(long, value_name = "D", default_value = ".lookbook")]
    pub dir: PathBuf,
}
