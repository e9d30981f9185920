//! The command line: arguments in, a plan out, the plan run, an exit code.
//!
//! What a sentence says goes to stdout; progress, notes and errors go to stderr.

use std::process::ExitCode;

use clap::Parser;

mod args;
mod bench;
mod demo;
mod exit;
mod file;
mod help;
mod info;
mod interrupt;
mod side_outputs;
mod plan;
mod progress;
mod recording;
mod report;
mod sandbox;
mod stdout;
mod table;
mod verify;

use args::{Args, Command};
use exit::Failure;

pub(crate) fn main() -> ExitCode {
    hush_decoders();
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => return exit::of_clap(&error),
    };
    let result: Result<(), Failure> = match args.command {
        Command::File(args) => file::check(args).and_then(file::run),
        Command::Recording(args) => recording::check(&args).and_then(recording::run),
        Command::Info(args) => info::run(&args),
        Command::Verify(args) => verify::run(&args),
        Command::Bench(args) => bench::run(&args),
        Command::Sandbox(args) => sandbox::run(args),
        Command::Demo(args) => demo::run(&args),
    };
    exit::of(result)
}

/// The library makes an error of a decoder's panic; the panic's own words would only stand above it.
fn hush_decoders() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let is_of = |name: &str| panic.location().is_some_and(|place| place.file().contains(name));
        if !is_of("/symphonia-") && !is_of("/ropus-") {
            usual(panic);
        }
    }));
}

/// Runs the async half of a command.
fn block_on<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.map_err(|error| Failure::failed("starting", error))?.block_on(work)
}
