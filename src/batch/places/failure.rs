//! Sorts what went wrong with one recording.

use std::error::Error as StdError;
use std::io::ErrorKind;
use std::time::{Duration, SystemTime};

use super::super::model::{Failed, FailureKind};
use super::super::run::Failure;
use crate::error::Error;
use crate::job::stored::StoredError;
use crate::store::{self, Place};

pub(in super::super) fn failed(kind: FailureKind, message: impl Into<String>) -> Failure {
    Failed { kind, message: message.into() }.into()
}

/// An error of the recording, of what was made of it, or of its store.
pub(in super::super) fn of_stored(input: &Place, error: StoredError) -> Failure {
    match error {
        StoredError::Store(error) => of_store(input, error),
        StoredError::Redact(Error::Interrupted) => Failure::Interrupted,
        StoredError::Redact(error) => failed(kind_of(&error), chain(&error)),
    }
}

pub(in super::super) fn kind_of(error: &Error) -> FailureKind {
    match error {
        Error::Format { .. } => FailureKind::Recording,
        error if error.is_usage() => FailureKind::Windows,
        Error::SelfCheck { .. } => FailureKind::SelfCheck,
        Error::Write(_) | Error::ReadBack(_) | Error::Persist { .. } => FailureKind::Storage,
        Error::Thread(_) => FailureKind::Other,
        _ => FailureKind::Recording,
    }
}

/// An error of a store. `input`: the recording.
pub(in super::super) fn of_store(input: &Place, error: store::Error) -> Failure {
    use store::Error as Store;
    let kind = match &error {
        Store::NotFound { place, .. } if *place == input.to_string() => FailureKind::Missing,
        Store::NotFound { .. } | Store::Config(_) | Store::Feature { .. } | Store::Key { .. } => {
            FailureKind::Refused
        }
        Store::Exists { .. } | Store::OtherReceipt { .. } => FailureKind::Exists,
        Store::Changed { .. } => FailureKind::Changed,
        Store::Refused { .. } => FailureKind::Refused,
        Store::Unavailable { .. } => FailureKind::Unavailable,
        Store::Local { kind: ErrorKind::PermissionDenied, .. } => FailureKind::Refused,
        Store::Local { .. } => FailureKind::Storage,
        Store::Note { .. } => return Failure::Interrupted,
        _ => FailureKind::Other,
    };
    let failed = Failed { kind, message: chain(&error) };
    match error {
        Store::Unavailable { until: Some(until), .. } => {
            Failure::Paused { failed, retry_after: from_now(until) }
        }
        _ => failed.into(),
    }
}

/// An error of the list or transcript.
pub(in super::super) fn of_windows(windows: &Place, error: store::Error) -> Failure {
    match error {
        store::Error::NotFound { .. } => {
            let message = format!(
                "there is no list or transcript at {windows}; put one there, then run again with --retry-failed"
            );
            failed(FailureKind::NoWindows, message)
        }
        store::Error::TooLarge { .. } => failed(FailureKind::Windows, chain(&error)),
        error => of_store(windows, error),
    }
}

/// What is said of a place whose version is not the one that was planned.
pub(in super::super) fn changed(place: &Place) -> String {
    format!("{place} has changed since the batch was planned; run the same command again")
}

/// The time until a moment, rounded up.
pub(in super::super) fn from_now(until: SystemTime) -> Duration {
    until.duration_since(SystemTime::now()).unwrap_or_default()
}

/// An error and its causes, joined with `: `.
pub(in super::super) fn chain(error: &dyn StdError) -> String {
    match error.source() {
        None => error.to_string(),
        Some(cause) => format!("{error}: {}", chain(cause)),
    }
}

pub(in super::super) fn nothing_found() -> Failure {
    let message = "nothing to redact: the file was searched, and nothing was found; give --if-none copy to copy such recordings unredacted, or --if-none skip to leave them out";
    failed(FailureKind::NothingFound, message)
}

pub(in super::super) fn parsed(place: &str) -> Result<Place, Failure> {
    place.parse().map_err(|error| failed(FailureKind::Other, format!("{place}: {error}")))
}
