//! Why a policy cannot be read, and why it gives no windows.

use thiserror::Error;

use crate::transcript::{SelectError, TranscriptError};
use crate::window::{EncodingError, WindowError, WindowProblem};

/// Why a text is no policy. Says where, and what to write.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// The file is neither UTF-8 nor UTF-16.
    #[error(transparent)]
    Encoding(#[from] EncodingError),
    /// It is not TOML.
    #[error("line {line}: this is not TOML: {why}")]
    Syntax {
        /// Counted from 1.
        line: usize,
        /// What was expected.
        why: String,
    },
    /// A key that no policy has.
    #[error("line {line}: `{key}` is no setting; {}", mend(.nearest))]
    UnknownKey {
        /// Counted from 1.
        line: usize,
        /// As it is written.
        key: String,
        /// A setting with a similar name.
        nearest: Option<&'static str>,
    },
    /// A value that its key cannot have, or two keys that contradict each other.
    #[error("line {line}: {key}: {why}")]
    Value {
        /// Counted from 1.
        line: usize,
        /// The key.
        key: &'static str,
        /// What to write.
        why: String,
    },
}

fn mend(nearest: &Option<&'static str>) -> String {
    match nearest {
        Some(name) => format!("did you mean `{name}`?"),
        None => format!("there are {}", super::read::names().join(", ")),
    }
}

/// Why a policy makes no windows of a file. Holds nothing of what was said.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum RequestError {
    /// A flag that does not fit the file.
    #[error("{option}: {why}")]
    Option {
        /// The flag, such as `--find`.
        option: &'static str,
        /// Why, and what to do.
        why: String,
    },
    /// The file cannot be read as a transcript.
    #[error("{name}: {error}")]
    Transcript {
        /// The name of the file.
        name: String,
        /// Why.
        error: TranscriptError,
    },
    /// Nothing can be selected from the transcript.
    #[error("{name}: {error}")]
    Select {
        /// The name of the file.
        name: String,
        /// Why.
        error: SelectError,
    },
    /// A window of a list is invalid, or there is none.
    #[error(transparent)]
    Window(#[from] WindowError),
    /// A passage of a transcript makes no window.
    #[error("placing windows: {0}")]
    Placing(WindowProblem),
    /// Only `--only` left nothing to redact.
    #[error(
        "nothing is left to redact: --only leaves out {} that the file marks or --find found; give their kinds with --only too, or leave --only away",
        super::request::count(*.0, "passage")
    )]
    LeftOut(usize),
    /// A list has no words that could be masked.
    #[error("the windows come from a list, which has no words; give a transcript with --windows")]
    NoWords,
    /// The words cannot be masked.
    #[error(transparent)]
    Masking(TranscriptError),
}
