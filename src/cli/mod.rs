//! The command line: one file per subcommand.
//!
//! Exit codes: 0, all is well; 1, the command did its work and some of it failed (a photo that is
//! none, a change that must be retried); 2, it could not do its work.

mod account;
mod agreement;
mod args;
mod backfill;
mod chosen;
mod classify;
mod compare;
mod connect;
mod convert;
mod dead_letters;
mod demo;
mod doctor;
mod evaluate;
mod evaluation;
mod export;
mod inspect;
mod listing;
mod loading;
mod local;
mod open;
mod output;
mod photos;
mod place;
mod plot;
mod program;
mod query;
mod replay;
mod review;
mod sample;
mod samples;
mod serve;
mod sheet;
mod since;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Turns a bucket of clothing photos into a website catalogue.
///
/// A photo lands in S3; a Lambda function classifies it with a TensorFlow Lite model; the label
/// appears in a DynamoDB table that the shop's website reads. All of it also runs on a laptop,
/// without an account: begin with `lookbook demo`.
#[derive(Debug, Parser)]
#[command(
    version,
    max_term_width = 100,
    after_help = "Exit codes: 0 all is well; 1 something failed (a photo, a change); 2 the command could not run."
)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Demo(demo::Demo),
    Local(local::Local),
    Open(open::Open),
    Serve(serve::Serve),
    Classify(classify::Classify),
    Evaluate(evaluate::Evaluate),
    Compare(compare::Compare),
    Inspect(inspect::Inspect),
    Convert(convert::Convert),
    Replay(replay::Replay),
    Query(query::Query),
    Review(review::Review),
    Agreement(agreement::AgreementArgs),
    Export(export::Export),
    Connect(connect::Connect),
    DeadLetters(dead_letters::DeadLetters),
    Doctor(doctor::Doctor),
    Backfill(backfill::Backfill),
}

impl Cli {
    /// Runs the subcommand.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        crate::telemetry::start_command(output::stderr_has_colour());
        let runtime = tokio::runtime::Runtime::new()?;
        runtime.block_on(async {
            match self.command {
                Command::Demo(demo) => demo.run().await,
                Command::Local(local) => local.run().await,
                Command::Open(open) => open.run().await,
                Command::Serve(serve) => serve.run().await,
                Command::Classify(classify) => classify.run().await,
                Command::Evaluate(evaluate) => evaluate.run().await,
                Command::Compare(compare) => compare.run().await,
                Command::Inspect(inspect) => inspect.run().await,
                Command::Convert(convert) => convert.run().await,
                Command::Replay(replay) => replay.run().await,
                Command::Query(query) => query.run().await,
                Command::Review(review) => review.run().await,
                Command::Agreement(agreement) => agreement.run().await,
                Command::Export(export) => export.run().await,
                Command::Connect(connect) => connect.run().await,
                Command::DeadLetters(letters) => letters.run().await,
                Command::Doctor(doctor) => doctor.run().await,
                Command::Backfill(backfill) => backfill.run().await,
            }
        })
    }
}

/// Prints an error with its causes, and gives the exit code for it. A reader that went away (as in
/// `lookbook query | head`) is no error.
#[must_use]
pub fn report(error: &anyhow::Error) -> ExitCode {
    let broken_pipe = error.chain().any(|cause| {
        cause
            .downcast_ref::<std::io::Error>()
            .is_some_and(|e| e.kind() == std::io::ErrorKind::BrokenPipe)
    });
    if broken_pipe {
        return ExitCode::SUCCESS;
    }
    eprintln!("error: {error:#}");
    ExitCode::from(2)
}
