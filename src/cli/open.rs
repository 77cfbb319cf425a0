//! `lookbook open`: the catalogue's page in the browser.

use std::process::ExitCode;

use clap::Args;

use super::local::Local;
use super::output;
use crate::local::Endpoints;

/// Look at the catalogue in the browser
///
/// Opens the page of the `lookbook local` that has the folder; if none runs, this is one, until Ctrl-C
/// stops it. On the page you see what is on each shelf, drop photos, and review what the model is
/// unsure of.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  lookbook demo && lookbook open\n  lookbook open --dir shop --print"
)]
pub struct Open {
    /// Print the page's address, and open nothing
    #[arg(long)]
    print: bool,
    #[command(flatten)]
    local: Local,
}

impl Open {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let print = self.print;
        let show = |address: &str| {
            if print {
                return;
            }
            if let Err(error) = ::open::that_detached(address) {
                eprintln!("no browser could be opened ({error}): open {address} yourself");
            }
        };
        if let Some(address) = Endpoints::page_of_running(&self.local.dir.dir) {
            output::line(&address)?;
            show(&address);
            return Ok(ExitCode::SUCCESS);
        }
        self.local.run_and(show).await
    }
}
