//! What the page says in words.

use crate::batch::{FailureKind, State};

/// A length of audio as people read it.
pub(super) fn hours(seconds: f64) -> String {
    match seconds {
        seconds if seconds >= 3600.0 => format!("{:.1} hours", seconds / 3600.0),
        seconds if seconds >= 60.0 => format!("{:.1} minutes", seconds / 60.0),
        seconds => format!("{seconds:.1} seconds"),
    }
}

pub(super) fn state(state: State) -> &'static str {
    match state {
        State::Planned => "Not begun",
        State::Started => "Begun, and not ended",
        State::Done => "Done",
        State::Failed => "Failed",
        State::Unknown => "Unknown",
    }
}

/// The name of a kind of failure, and what to do about it.
pub(super) fn of(kind: FailureKind) -> (&'static str, &'static str) {
    const RETRY: &str = "Run the same command again with --retry-failed.";
    match kind {
        FailureKind::Missing => (
            "the recording is missing",
            "Check the manifest, and whether the recording was moved or deleted.",
        ),
        FailureKind::NoWindows => (
            "no list or transcript beside it",
            "Have the recording transcribed, or list its windows; until then it is not redacted.",
        ),
        FailureKind::NothingFound => (
            "nothing was found in the transcript",
            "Listen to the recording. If there is nothing to mute, --if-none skip or copy says so.",
        ),
        FailureKind::Windows => (
            "the windows do not fit",
            "Check the list or transcript: it cannot be read, or belongs to another recording.",
        ),
        FailureKind::Recording => (
            "the recording cannot be decoded",
            "Export the recording again: it is damaged, cut, or in a format that is not supported.",
        ),
        FailureKind::Exists => (
            "another file is at its place",
            "Look at what is there. Give another place, or --force to replace it.",
        ),
        FailureKind::Changed => ("the recording changed meanwhile", RETRY),
        FailureKind::Refused => (
            "a store or an API refused",
            "Check credentials and permissions, then run again with --retry-failed.",
        ),
        FailureKind::Unavailable => ("a store or an API did not answer", RETRY),
        FailureKind::Storage => (
            "a disk is full or cannot be written",
            "Make room, or give another place; then run again with --retry-failed.",
        ),
        FailureKind::SelfCheck => (
            "the self-check failed",
            "Nothing was delivered. Keep the recording, and report this as an error of sordino.",
        ),
        FailureKind::Other => ("another reason", "Read the message of the recording below."),
    }
}
