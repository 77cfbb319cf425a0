//! `lookbook local`: the embedded bucket and table and the catalogue's page, kept running.

use std::net::{IpAddr, Ipv4Addr};
use std::num::NonZeroU32;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use clap::Args;
use serde::Serialize;
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::args::{DirArgs, RuleArgs};
use super::output::{self, Format};
use super::place;
use super::program::{dir_flag, program};
use crate::bucket::S3;
use crate::catalogue::{Changes, DynamoDb};
use crate::handler::Handler;
use crate::local::{AccessKey, Endpoints, Options, Stack};
use crate::pipeline::Line;
use crate::settings::{Origins, Rules, UploadPlace};
use crate::web::{self, Access, Live, LiveChange, Parts, PhotoSource, Uploads, Web};

/// How long a file must not have changed before it counts as whole: people copy slowly.
const SETTLE: Duration = Duration::from_secs(1);

/// Keep an embedded bucket and table running, and the catalogue's page
///
/// A photo that is copied into the bucket's folder, put through the S3 endpoint, or dropped on the
/// page is classified and appears in the table; a deleted one leaves it. Everything is kept in one folder: what
/// changed while nothing ran is picked up at the next start. Another model or threshold applies to
/// photos that change from then on. The endpoints listen on this machine only, answer no web page
/// but the catalogue's own, and ask for a key that is made for the folder: `--env` prints it. Ctrl-C
/// stops it.
#[derive(Debug, Args)]
#[command(
    after_help = "Example, in another terminal and the same folder:\n  eval \"$(lookbook local --env)\"\n  aws s3 cp hat.jpg s3://photos/"
)]
pub struct Local {
    #[command(flatten)]
    pub(super) dir: DirArgs,
    /// Port of the S3 endpoint; the DynamoDB endpoint has the next one, and the page the one after
    /// that. 0 takes any three that are free
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

/// What a catalogue on this machine may be asked in a second: its page asks for many pictures at once.
const PER_SECOND: NonZeroU32 = NonZeroU32::new(1000).unwrap();

impl Local {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        self.run_and(|_| {}).await
    }

    /// The same, and `then` gets the page's address once it can be opened.
    pub(super) async fn run_and(self, then: impl FnOnce(&str)) -> anyhow::Result<ExitCode> {
        if self.env {
            return self.print_environment();
        }
        let rules = self.rules.rules()?;
        let dynamodb_port = self.port_after(1)?;
        let options = Options {
            dir: self.dir.dir.clone(),
            s3_port: self.port,
            dynamodb_port,
            settle: SETTLE,
            max_bytes: rules.limits.max_bytes,
            ..Options::default()
        };
        let page = listen(Ipv4Addr::LOCALHOST.into(), self.port_after(2)?).await?;
        let stack = place::start(options).await?;
        stack.publish()?;
        let handler = Handler::open(stack.s3(), place::table_of(&stack), &rules).await?;
        let (address, live) = (address_of(&page)?, Live::default());
        let web = web(&stack, &handler, &rules, live.clone());
        let (stop, mut stopping) = watch::channel(false);
        let serving = tokio::spawn(web::serve(page, web, async move {
            let _ = stopping.wait_for(|stop| *stop).await;
        }));
        stack.publish_page(&address)?;
        greet(&stack, &address, &self.dir.dir, self.format)?;
        then(&address);
        let format = self.format;
        let print = |line: &Line| {
            if let Some(change) = LiveChange::of(line) {
                live.tell(change);
            }
            let printed = match format {
                Format::Json => output::json(line),
                Format::Table => output::line(&in_words(line)),
            };
            // Where nobody reads any more, the work goes on.
            drop(printed);
        };
        stack.watch(|event| place::handle(&handler, event, print), stopped()).await?;
        stop.send_replace(true);
        serving.await?;
        stack.shutdown().await;
        if format == Format::Table {
            output::line("stopped")?;
        }
        Ok(ExitCode::SUCCESS)
    }

    fn port_after(&self, n: u16) -> anyhow::Result<u16> {
        match self.port {
            0 => Ok(0),
            port => port
                .checked_add(n)
                .ok_or_else(|| anyhow::anyhow!("--port {port}: the next two are needed too")),
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
        Ok(Endpoints { s3: at(self.port), dynamodb: at(self.port_after(1)?), bucket, table, key })
    }
}

/// The catalogue's page on the embedded bucket and table.
fn web(stack: &Stack, handler: &Handler<S3, DynamoDb>, rules: &Rules, live: Live) -> Web {
    let place = UploadPlace { bucket: stack.bucket().to_owned(), prefix: String::new() };
    Web::new(Parts {
        table: place::table_of(stack),
        changes: Changes::new(stack.streams(), stack.dynamodb(), stack.table()),
        s3: stack.s3(),
        scorer: handler.scorer(rules),
        limits: rules.limits,
        photos: PhotoSource::Send,
        folder: Some(stack.bucket_dir().display().to_string()),
        uploads: Uploads::Through(place),
        access: Access::ThisMachine,
        origins: Origins::None,
        per_second: PER_SECOND,
        live: Some(live),
    })
}

/// Takes a port.
pub(super) async fn listen(address: IpAddr, port: u16) -> anyhow::Result<TcpListener> {
    let taken = format!("the page cannot listen on {address}, port {port}");
    TcpListener::bind((address, port)).await.context(taken)
}

/// Where the page is, as a browser takes it.
pub(super) fn address_of(listener: &TcpListener) -> anyhow::Result<String> {
    Ok(format!("http://{}", listener.local_addr()?))
}

/// Waits for Ctrl-C, or for the signal that asks a program to end.
pub(super) async fn stopped() {
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
    page: &'a str,
    s3_endpoint: String,
    dynamodb_endpoint: String,
    bucket: &'a str,
    folder: String,
    table: &'a str,
    access_key_id: &'a str,
    secret_access_key: &'a str,
}

fn greet(stack: &Stack, page: &str, dir: &Path, format: Format) -> std::io::Result<()> {
    let endpoints = stack.endpoints();
    let greeting = Greeting {
        page,
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
        "page      {page}\n\
         S3        {}   bucket {}\n\
         DynamoDB  {}   table {}\n\
         folder    {}\n\
         key       {} / {}\n\n\
         Open the page and drop photos on it, copy them into the folder, or put them through the S3\n\
         endpoint; in another terminal,\n  \
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
