//! `lookbook serve`: the API and the page of a table on AWS.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::process::ExitCode;

use anyhow::Context;
use clap::{Arg, ArgMatches, Args, Command, FromArgMatches};

use super::args::{RuleArgs, flags};
use super::local::{address_of, stopped};
use super::output;
use crate::settings::{Settings, SettingsError, WEB, WebSettings};
use crate::web;

/// Serve the API and the page of a table on AWS
///
/// With the usual AWS environment. Nobody may read unless `--reading open` or a token says so, and
/// nobody may write without a token: think of one with 16 characters or more, and give its hash to
/// `--token-sha256`. Who has the token signs in on the page, or sends it as `Authorization: Bearer
/// TOKEN`. It speaks HTTP: put something in front that speaks HTTPS where others can reach it.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  TOKEN=$(openssl rand -hex 16)\n  lookbook serve --table lookbook --reading open --token-sha256 \"$(printf %s \"$TOKEN\" | sha256sum | cut -d' ' -f1)\""
)]
pub struct Serve {
    /// The table
    #[arg(long, value_name = "T")]
    table: String,
    /// Where to listen
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:9002")]
    listen: SocketAddr,
    #[command(flatten)]
    web: WebArgs,
    #[command(flatten)]
    rules: RuleArgs,
}

impl Serve {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let rules = self.rules.rules()?;
        let table = self.table.parse().ok().with_context(|| {
            format!("--table {}: expected 3 to 255 of a-z, A-Z, 0-9, '_', '-' and '.'", self.table)
        })?;
        let shards = Settings::parse_shards(|name| std::env::var(name).ok())?;
        let settings = Settings { table, shards, dead_letter_queue: None, rules };
        let web = web::on_aws(settings, self.web.settings()?).await?;
        let taken = || format!("cannot listen on {}", self.listen);
        let listener = tokio::net::TcpListener::bind(self.listen).await.with_context(taken)?;
        output::line(&format!("page      {}\nCtrl-C stops.", address_of(&listener)?))?;
        web::serve(listener, web, stopped()).await;
        Ok(ExitCode::SUCCESS)
    }
}

/// Who may do what: the settings of the API as flags.
#[derive(Debug, Clone)]
struct WebArgs(BTreeMap<&'static str, String>);

impl WebArgs {
    fn settings(&self) -> Result<WebSettings, SettingsError> {
        WebSettings::parse_flags(|name| match self.0.get(name) {
            Some(text) => Some(text.clone()),
            None => std::env::var(name).ok(),
        })
    }
}

impl Args for WebArgs {
    fn augment_args(command: Command) -> Command {
        command.args(flags(&WEB).collect::<Vec<Arg>>())
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for WebArgs {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let flagged = WEB.settings.iter().filter(|setting| setting.flag.is_some());
        let names = flagged.map(|setting| setting.name);
        let texts = names.filter_map(|name| Some((name, matches.get_one::<String>(name)?.clone())));
        Ok(Self(texts.collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}
