//! Exit codes, and how errors are printed.
//!
//! | code | meaning |
//! |---|---|
//! | 0 | done, also when the reader of text on stdout closes the pipe early |
//! | 1 | it failed and nothing was left behind, also when audio could not be written to stdout; or `verify` found a leak or a change, or cannot tell |
//! | 2 | the call was wrong: arguments, windows, paths |
//! | 3 | of several recordings some failed; each error was printed |
//! | 130 | ctrl-c or SIGTERM; nothing was left behind, or what was left is named |

use std::error::Error as StdError;
use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue};
use sordino::{Error, WindowError};

use super::messages::say;

const FAILED: u8 = 1;
const USAGE: u8 = 2;
const PARTLY: u8 = 3;
/// 128 and the number of SIGINT, as shells report it.
pub(crate) const INTERRUPTED: i32 = INTERRUPTED_CODE as i32;
const INTERRUPTED_CODE: u8 = 130;

/// Why a command did not succeed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The exit code, what was being done, and why it did not succeed.
    Error(u8, String, Box<dyn StdError>),
    /// An audit found something, and has printed it.
    Found,
    /// The run was told to end, and has ended in order.
    Interrupted,
    /// Of several recordings all (or only some) failed, and each error was printed.
    Several {
        /// Whether all failed.
        all: bool,
    },
}

impl Failure {
    /// A wrong call: what was being done, and why that is impossible.
    pub(crate) fn usage(doing: impl Into<String>, why: impl Into<Box<dyn StdError>>) -> Self {
        Self::Error(USAGE, doing.into(), why.into())
    }

    /// A failure: what was being done, and why it failed.
    pub(crate) fn failed(doing: impl Into<String>, why: impl Into<Box<dyn StdError>>) -> Self {
        Self::Error(FAILED, doing.into(), why.into())
    }

    /// The same failure, as one after `done`, which happened and stays.
    pub(crate) fn after(self, done: &str) -> Self {
        match self {
            Self::Error(_, doing, why) => Self::Error(FAILED, format!("{done}; {doing}"), why),
            other => other,
        }
    }

    /// The line about it, if it was not printed yet.
    pub(crate) fn line(&self) -> Option<String> {
        let Self::Error(_, doing, why) = self else { return None };
        Some(format!("{doing}: {}", chain(why.as_ref())))
    }

    /// Prints it.
    pub(crate) fn print(&self) {
        self.line().into_iter().for_each(|line| say(&format!("error: {line}")));
    }

    /// An error of the library, sorted into wrong calls and failures.
    pub(crate) fn of(doing: impl Into<String>, error: Error) -> Self {
        let code = if error.is_usage() { USAGE } else { FAILED };
        Self::Error(code, doing.into(), Box::new(error))
    }
}

impl From<WindowError> for Failure {
    fn from(error: WindowError) -> Self {
        Self::usage("reading the windows", error)
    }
}

/// Prints the failure, if there is one, and returns the exit code.
pub(crate) fn of(result: Result<(), Failure>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Found | Failure::Several { all: true }) => FAILED.into(),
        Err(Failure::Several { all: false }) => PARTLY.into(),
        Err(Failure::Interrupted) => ExitCode::from(INTERRUPTED_CODE),
        Err(failure @ Failure::Error(code, ..)) => {
            failure.print();
            code.into()
        }
    }
}

/// An error and its causes, joined with `: `.
pub(crate) fn chain(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    text
}

/// Prints help or an error of clap. Help on stdout is a success, anything else a wrong call.
pub(crate) fn of_clap(error: &clap::Error) -> ExitCode {
    // A closed pipe is no reason to fail.
    let _ = error.print();
    if let Some(ContextValue::String(word)) = error.get(ContextKind::InvalidArg) {
        let args: Vec<String> =
            std::env::args_os().map(|arg| arg.to_string_lossy().into_owned()).collect();
        tip(&args, word).inspect(|tip| say(&format!("\ntip: {tip}")));
    }
    if error.use_stderr() { ExitCode::from(USAGE) } else { ExitCode::SUCCESS }
}

/// What to type instead, for two mistakes that clap does not explain: a value in a word of its own.
fn tip(args: &[String], unexpected: &str) -> Option<String> {
    let at = args.iter().position(|arg| arg == unexpected)?;
    match args.get(..at)? {
        [.., flag] if flag == "--tone" => Some(format!("write --tone={unexpected}")),
        [.., flag, start] if flag == "-w" || flag == "--window" => {
            Some(format!("a window is one word: {flag} {start}-{unexpected}"))
        }
        _ => None,
    }
}
