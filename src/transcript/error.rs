//! Why a transcript cannot be read or used. No message repeats what the file says.

use thiserror::Error;

use crate::window::EncodingError;

use super::time::TimeError;

/// Why a transcript cannot be read. Names the format and the place, never the content.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TranscriptError {
    /// The file has no bytes, or only blanks.
    #[error("the file is empty")]
    Empty,
    /// More than 64 MiB.
    #[error("the file is larger than 64 MiB")]
    TooLarge,
    /// Arrays and objects inside each other, more than 128 levels.
    #[error("the JSON is nested deeper than 128 levels at byte {byte}")]
    TooDeep {
        /// Where the first level too many begins.
        byte: usize,
    },
    /// Neither UTF-8 nor UTF-16.
    #[error(transparent)]
    Encoding(#[from] EncodingError),
    /// It begins as JSON and is none.
    #[error("not valid JSON at line {line}, column {column}")]
    Json {
        /// Counted from 1.
        line: usize,
        /// Counted from 1.
        column: usize,
    },
    /// An object with two equal keys.
    #[error("the JSON holds a key twice in the object at {place}")]
    KeyTwice {
        /// The JSON path of the object; empty for the whole file.
        place: String,
    },
    /// It begins as XML and is none.
    #[error("not valid XML at line {line}")]
    Xml {
        /// Counted from 1.
        line: u32,
    },
    /// No reader knows the layout.
    #[error("the format is not known: name it with --windows-format ({names})")]
    NotRecognised {
        /// The names of all formats.
        names: String,
    },
    /// A name for `--windows-format` that does not exist.
    #[error("no format has that name: known are {names}")]
    NoSuchFormat {
        /// The names of all formats.
        names: String,
    },
    /// Something in the file is not as the format says.
    #[error("{format}: {place}: {problem}")]
    Invalid {
        /// The name of the format.
        format: &'static str,
        /// A line (`line 3`), or a JSON path (`results.items[3].start_time`).
        place: String,
        /// What is wrong there.
        problem: TranscriptProblem,
    },
    /// The layout is known, and what it holds cannot become windows.
    #[error("{format}: {reason}")]
    Unusable {
        /// The name of the format.
        format: &'static str,
        /// Why, and what would do.
        reason: String,
    },
}

/// What is wrong at one place of a file.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TranscriptProblem {
    /// A time that cannot be read.
    #[error(transparent)]
    Time(#[from] TimeError),
    /// A key or field that has to be there.
    #[error("{0} is missing")]
    Missing(&'static str),
    /// A value of another sort: names what should stand there.
    #[error("expected {0}")]
    Expected(&'static str),
    /// Anything else, in fixed words.
    #[error("{0}")]
    Other(&'static str),
}

impl TranscriptError {
    /// An error of `format` at `place`.
    pub(super) fn at(
        format: &'static str,
        place: impl Into<String>,
        problem: impl Into<TranscriptProblem>,
    ) -> Self {
        Self::Invalid { format, place: place.into(), problem: problem.into() }
    }

    /// `format` is known, and the file cannot be used, for `reason`.
    pub(super) fn unusable(format: &'static str, reason: impl Into<String>) -> Self {
        Self::Unusable { format, reason: reason.into() }
    }
}
