//! How the process ends: the one table of exit codes, and the one way errors are printed.
//!
//! | code | means |
//! |---|---|
//! | 0 | done; also if whoever reads the text on our stdout has had enough |
//! | 1 | it failed, and nothing was left behind, also if audio could not be delivered to stdout; or `verify` found a leak or a change, or cannot tell |
//! | 2 | the call was wrong: arguments, windows, paths |
//! | 130 | ctrl-c or a request to terminate; nothing was left behind, or what was is named |

use std::error::Error as StdError;
use std::io::{self, Write as _};
use std::process::ExitCode;

use sordino::{Error, WindowError};

const FAILED: u8 = 1;
const USAGE: u8 = 2;
/// What shells call a process that ctrl-c has ended.
pub(crate) const INTERRUPTED: i32 = 130;

/// Why a command did not do what it was asked.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The call was wrong.
    Usage { doing: String, source: Box<dyn StdError + 'static> },
    /// The call was right, and it failed.
    Failed { doing: String, source: Box<dyn StdError + 'static> },
    /// An audit found something, and has said what.
    Found,
}

impl Failure {
    /// A wrong call: what was being done, and why it cannot be.
    pub(crate) fn usage(doing: impl Into<String>, why: impl Into<Box<dyn StdError>>) -> Self {
        Self::Usage { doing: doing.into(), source: why.into() }
    }

    /// A failure, while doing this.
    pub(crate) fn failed(doing: impl Into<String>, why: impl Into<Box<dyn StdError>>) -> Self {
        Self::Failed { doing: doing.into(), source: why.into() }
    }

    /// The same failure, after something that was done and stays.
    pub(crate) fn after(self, done: &str) -> Self {
        match self {
            Self::Usage { doing, source } | Self::Failed { doing, source } => {
                Self::Failed { doing: format!("{done}; {doing}"), source }
            }
            other => other,
        }
    }

    /// An error of the library, while doing this.
    pub(crate) fn of(doing: impl Into<String>, error: Error) -> Self {
        let (doing, usage) = (doing.into(), error.is_usage());
        let source = Box::new(error);
        if usage { Self::Usage { doing, source } } else { Self::Failed { doing, source } }
    }
}

impl From<WindowError> for Failure {
    fn from(error: WindowError) -> Self {
        Self::usage("reading the windows", error)
    }
}

/// Prints a line for people. Nobody may be listening, which is no reason to fail.
pub(crate) fn say(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// Prints a failure, if there is one, and gives the exit code.
pub(crate) fn of(result: Result<(), Failure>) -> ExitCode {
    let (code, doing, source) = match result {
        Ok(()) => return ExitCode::SUCCESS,
        Err(Failure::Found) => return ExitCode::from(FAILED),
        Err(Failure::Usage { doing, source }) => (USAGE, doing, source),
        Err(Failure::Failed { doing, source }) => (FAILED, doing, source),
    };
    say(&format!("error: {doing}: {}", chain(source.as_ref())));
    ExitCode::from(code)
}

/// An error with its causes.
pub(crate) fn chain(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    text
}

/// Prints what clap has to say: help on stdout is a success, anything else a wrong call.
pub(crate) fn of_clap(error: &clap::Error) -> ExitCode {
    // A closed pipe is no reason to fail.
    let _ = error.print();
    if error.use_stderr() { ExitCode::from(USAGE) } else { ExitCode::SUCCESS }
}
