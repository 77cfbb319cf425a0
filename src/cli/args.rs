//! Flags that several subcommands share.

use std::path::PathBuf;

use clap::Args;
use tracing_subscriber::EnvFilter;

use crate::settings::{Rules, SettingsError};

/// How photos are classified.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Classification")]
pub struct RuleArgs {
    /// A TensorFlow Lite model, with its description FILE.toml beside it [default: the built-in
    /// clothing model]
    #[arg(long, env = "MODEL_FILE", value_name = "FILE", hide_env_values = true)]
    model: Option<String>,
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

impl RuleArgs {
    /// All rules: the flags, which take the environment's values where they are not given.
    /// `KEY_PREFIX` is for the function: here, what is given is meant.
    pub fn rules(&self) -> anyhow::Result<Rules> {
        let rules = Rules::parse(|name| match name {
            "MODEL_FILE" => self.model.clone(),
            "REVIEW_BELOW" => self.review_below.clone(),
            "MAX_BYTES" => self.max_bytes.clone(),
            "MAX_PIXELS" => self.max_pixels.clone(),
            "THREADS" => self.threads.clone(),
            "KEY_PREFIX" => None,
            other => std::env::var(other).ok(),
        });
        rules.map_err(|SettingsError(mistakes)| {
            anyhow::anyhow!(mistakes.iter().map(|m| with_flag(m)).collect::<Vec<_>>().join("; "))
        })
    }
}

/// `MAX_BYTES is ...` becomes `--max-bytes (MAX_BYTES) is ...`, where there is such a flag.
fn with_flag(mistake: &str) -> String {
    const FLAGS: [&str; 4] = ["REVIEW_BELOW", "MAX_BYTES", "MAX_PIXELS", "THREADS"];
    match FLAGS.iter().find_map(|name| Some((name, mistake.strip_prefix(name)?))) {
        Some((name, rest)) => {
            format!("--{} ({name}){rest}", name.to_ascii_lowercase().replace('_', "-"))
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

/// The command line logs warnings. Outcomes, which the pipeline logs, it prints. The embedded servers
/// are quiet: what a client does wrong, it hears, and a lost condition is no fault.
pub fn log_filter() -> EnvFilter {
    let quiet = "error,lookbook=warn,lookbook::pipeline=off,s3s=off,dynoxide=error";
    EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(quiet))
}
