//! `lookbook local`: the embedded bucket and table, kept running.

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use serde::Serialize;

use super::args::{DirArgs, RuleArgs};
use super::output::{self, Format};
use super::place;
use super::program::{dir_flag, program};
use crate::handler::Handler;
use crate::local::{AccessKey, Endpoints, Options, Stack};
use crate::pipeline::Line;

/// How long a file must not have changed before it counts as whole: people copy slowly.
const SETTLE: Duration = Duration::from_secs(1);

/// Keep an embedded bucket and table running
///
/// A photo that is copied into the bucket's folder, or put through the S3 endpoint, is classified
/// and appears in the table; a deleted one leaves it. Everything is kept in one folder: what
/// changed while nothing ran is picked up at the next start. Another model or threshold applies to
/// photos that change from then on. The endpoints listen on this machine only, answer no web page,
/// and ask for a key that is made for the folder: `--env` prints it. Ctrl-C stops it.
#[derive(Debug, Args)]
#[command(
    after_help = "Example, in another terminal and the same folder:\n  eval \"$(lookbook local --env)\"\n  aws s3 cp hat.jpg s3://photos/"
)]
pub struct Local {
    #[command(flatten)]
    dir: DirArgs,
    /// Port of the S3 endpoint; the DynamoDB endpoint has the next one. 0 takes any two that are
    /// free
    #[arg(long, value_name = "P", default_value = "9000")]
    port: u16,
    /// Start nothing: print, for a shell to evaluate, the variables with which AWS's tools ask the
    /// bucket and the table of this folder, whether they run already or are started later
    #[arg(long)]
    env: bool,
    /// How to print what becomes of each photo
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
    #[command(flatten)]
    rules: RuleArgs,
}

impl Local {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        if self.env {
            return self.print_environment();
        }
        let rules = self.rules.rules()?;
        let dynamodb_port = self.dynamodb_port()?;
        let options = Options {
            dir: self.dir.dir.clone(),
            s3_port: self.port,
            dynamodb_port,
            settle: SETTLE,
            max_bytes: rules.limits.max_bytes,
            ..Options::default()
        };
        let stack = place::start(options).await?;
        stack.publish()?;
        let handler = Handler::open(stack.s3(), place::table_of(&stack), &rules)?;
        greet(&stack, &self.dir.dir, self.format)?;
        let format = self.format;
        let print = |line: &Line| {
            let printed = match format {
                Format::Json => output::json(line),
                Format::Table => output::line(&in_words(line)),
            };
            // Where nobody reads any more, the work goes on.
            drop(printed);
        };
        stack.watch(|event| place::handle(&handler, event, print), stopped()).await?;
        stack.shutdown().await;
        if format == Format::Table {
            output::line("stopped")?;
        }
        Ok(ExitCode::SUCCESS)
    }

    fn dynamodb_port(&self) -> anyhow::Result<u16> {
        match self.port {
            0 => Ok(0),
            port => port
                .checked_add(1)
                .ok_or_else(|| anyhow::anyhow!("--port {port}: the next port is needed too")),
        }
    }

    /// Lines for `eval "$(lookbook local --env)"`.
    fn print_environment(&self) -> anyhow::Result<ExitCode> {
        let endpoints = match Endpoints::of_running(&self.dir.dir) {
            Some(running) => running,
            None => self.endpoints_to_be()?,
        };
        for (name, value) in endpoints.environment() {
            // No value has a quote in it.
            output::line(&format!("export {name}='{value}'"))?;
        }
        // It belongs to another key.
        output::line("unset AWS_SESSION_TOKEN")?;
        Ok(ExitCode::SUCCESS)
    }

    /// Where `local` will be with this port.
    fn endpoints_to_be(&self) -> anyhow::Result<Endpoints> {
        anyhow::ensure!(
            self.port != 0,
            "with --port 0 the ports are known once it runs: start `{} local --port 0` first",
            program()
        );
        let at = |port: u16| format!("http://127.0.0.1:{port}");
        let Options { bucket, table, .. } = Options::default();
        let key = AccessKey::of(&self.dir.dir)?;
        Ok(Endpoints { s3: at(self.port), dynamodb: at(self.dynamodb_port()?), bucket, table, key })
    }
}

/// Waits for Ctrl-C, or for the signal that asks a program to end.
async fn stopped() {
    #[cfg(unix)]
    if let Ok(mut terminate) =
        tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())
    {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminate.recv() => {}
        }
        return;
    }
    let _ = tokio::signal::ctrl_c().await;
}

/// Where everything is. The names in the JSON are public: programs read them.
#[derive(Debug, Serialize)]
struct Greeting<'a> {
    s3_endpoint: String,
    dynamodb_endpoint: String,
    bucket: &'a str,
    folder: String,
    table: &'a str,
    access_key_id: &'a str,
    secret_access_key: &'a str,
}

fn greet(stack: &Stack, dir: &Path, format: Format) -> std::io::Result<()> {
    let endpoints = stack.endpoints();
    let greeting = Greeting {
        s3_endpoint: stack.s3_endpoint(),
        dynamodb_endpoint: stack.dynamodb_endpoint(),
        bucket: stack.bucket(),
        folder: stack.bucket_dir().display().to_string(),
        table: stack.table(),
        access_key_id: &endpoints.key.id,
        secret_access_key: &endpoints.key.secret,
    };
    if format == Format::Json {
        return output::json(&greeting);
    }
    output::line(&format!(
        "S3        {}   bucket {}\n\
         DynamoDB  {}   table {}\n\
         folder    {}\n\
         key       {} / {}\n\n\
         Copy photos into the folder, or put them through the S3 endpoint; in another terminal,\n  \
         eval \"$({} local{} --env)\"\n\
         tells AWS's tools where it is. Ctrl-C stops.\n",
        greeting.s3_endpoint,
        greeting.bucket,
        greeting.dynamodb_endpoint,
        greeting.table,
        greeting.folder,
        greeting.access_key_id,
        greeting.secret_access_key,
        program(),
        dir_flag(dir),
    ))
}

fn in_words(line: &Line) -> String {
    let image = line.image.as_deref().unwrap_or("-");
    let line = format!("{:<11} {image}  {}", line.outcome.name(), line.outcome.words());
    output::shown(&line)
}
