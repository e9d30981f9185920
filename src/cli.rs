//! The command line: arguments in, a plan out, the plan run, an exit code.
//!
//! What a sentence says goes to stdout; progress, notes and errors go to stderr.

use std::process::ExitCode;

use clap::Parser;

mod args;
mod exit;
mod file;
mod interrupt;
mod plan;
mod progress;

use args::{Args, Command};
use exit::Failure;

pub(crate) fn main() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => return exit::of_clap(&error),
    };
    let result: Result<(), Failure> = match args.command {
        Command::File(args) => file::plan(args).and_then(file::run),
    };
    exit::of(result)
}
