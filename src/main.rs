//! `lookbook`, the command line: parse, dispatch, exit code.

#![forbid(unsafe_code)]

use std::process::ExitCode;

use clap::Parser;
use lookbook::cli::Cli;

fn main() -> ExitCode {
    match Cli::parse().run() {
        Ok(code) => code,
        Err(error) => lookbook::cli::report(&error),
    }
}
