//! The command line: arguments in, one command run, an exit code out.
//!
//! Results go to stdout; progress, notes and errors go to stderr.

use std::process::ExitCode;

use clap::Parser;

mod args;
mod batch;
mod bench;
mod connection;
mod dead;
mod demo;
mod exit;
mod file;
mod help;
mod info;
mod input;
mod interrupt;
mod manual;
mod many;
mod messages;
mod output;
mod passphrase;
mod platform;
mod progress;
mod queue;
mod recording;
mod remote;
mod report;
mod sandbox;
mod side_outputs;
mod stdout;
mod table;
mod text;
mod verify;
mod windows;
mod work;

use args::{Api, Args, Command};
use exit::Failure;

pub(crate) fn main() -> ExitCode {
    silence_decoder_panics();
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => return exit::of_clap(&error),
    };
    messages::set_verbosity(args.verbosity);
    let result: Result<(), Failure> = match args.command {
        Command::File(args) => file::run(args),
        Command::Recording(args) => match args.api {
            Api::Recordings => recording::run(&args),
            Api::Platform => platform::run(&args),
        },
        Command::Batch(args) => batch::run(*args),
        Command::Work(args) => work::run(&args),
        Command::Push(args) => queue::push(&args),
        Command::Dead(args) => dead::run(&args),
        Command::Queue(args) => queue::run(&args),
        Command::Info(args) => info::run(&args),
        Command::Windows(args) => windows::run(args),
        Command::Verify(args) => verify::run(&args),
        Command::Bench(args) => bench::run(&args),
        Command::Sandbox(args) => sandbox::run(args),
        Command::Demo(args) => demo::run(&args),
        Command::Completions(args) => manual::completions(&args),
        Command::Man(args) => manual::man(&args),
    };
    exit::of(result)
}

/// Hides the messages of panics inside decoders. The library catches such a panic and returns an error,
/// which is what the user sees.
fn silence_decoder_panics() {
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
    runtime()?.block_on(work)
}

/// What the async half of a command runs on.
fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.map_err(|error| Failure::failed("starting", error))
}
