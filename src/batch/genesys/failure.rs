//! Sorts what went wrong with one recording in Genesys Cloud.

use std::time::Duration;

use super::super::model::{Failed, FailureKind};
use super::super::places::failure::{chain, failed, from_now, kind_of, of_store};
use super::super::run::Failure;
use crate::error::Error as RedactError;
use crate::genesys::Error;
use crate::job::JobError;
use crate::job::platform::{MarkedError, NotDelivered, PlacedError};
use crate::store::Place;

/// Something may have been created that must not be created twice.
pub(super) fn unknown(message: String) -> Failure {
    let failed = Failed { kind: FailureKind::Other, message };
    Failure::Failed { failed, unknown: true, retry_after: None }
}

/// An error of a step. Only a create whose answer was lost is `unknown`.
pub(super) fn of_genesys(error: Error) -> Failure {
    if let Error::OutcomeUnknown { step: crate::genesys::WorkflowStep::Grant, .. } = error {
        return unknown(chain(&error));
    }
    let retry_after = retry_after(&error);
    let failed = Failed { kind: kind(&error), message: chain(&error) };
    Failure::Failed { failed, unknown: false, retry_after }
}

fn kind(error: &Error) -> FailureKind {
    match error {
        Error::Refused { status: 404 | 410, .. } | Error::Unavailable { .. } => {
            FailureKind::Missing
        }
        Error::Refused { status: 408 | 429 | 500.., .. }
        | Error::NotReady { .. }
        | Error::NotCompleted { .. }
        | Error::Incomplete { .. }
        | Error::Expired { .. }
        | Error::Transport { .. }
        | Error::Stalled { .. }
        | Error::WaitTooLong { .. }
        | Error::OutcomeUnknown { .. } => FailureKind::Unavailable,
        Error::Refused { .. }
        | Error::Credentials { .. }
        | Error::MissingPermission { .. }
        | Error::Protected
        | Error::ExportDue { .. }
        | Error::DeletedEarlier { .. } => FailureKind::Refused,
        _ => FailureKind::Other,
    }
}

/// How long the API asks to wait, if that was too long for one request.
fn retry_after(error: &Error) -> Option<Duration> {
    match error {
        Error::WaitTooLong { until, .. } => Some(from_now(*until)),
        _ => None,
    }
}

/// An error before anything was created.
pub(super) fn of_job(error: JobError) -> Failure {
    match error {
        JobError::Genesys(error) => of_genesys(error),
        JobError::Redact(RedactError::Interrupted) => Failure::Interrupted,
        JobError::Redact(error) => failed(kind_of(&error), chain(&error)),
        JobError::Parts { reason } => {
            let message = format!(
                "the parts of the recording: {reason}; `sordino recording --api platform --split` writes a file for each"
            );
            failed(FailureKind::Recording, message)
        }
        error => unknown(chain(&error)),
    }
}

/// An error of the transcript in Genesys.
pub(super) fn of_marked(error: MarkedError) -> Failure {
    let kind = match error {
        MarkedError::Genesys(error) => return of_genesys(error),
        MarkedError::None(_) => FailureKind::NoWindows,
        _ => FailureKind::Windows,
    };
    failed(kind, chain(&error))
}

/// An error on the way to a place.
pub(super) fn of_placed(output: &Place, error: PlacedError) -> Failure {
    match error {
        PlacedError::Job(error) => of_job(error),
        PlacedError::Marked(error) => of_marked(error),
        PlacedError::Store(error) => of_store(output, error),
        PlacedError::NotDelivered(error @ NotDelivered::NothingMuted) => {
            failed(FailureKind::Windows, chain(&error))
        }
        PlacedError::NotDelivered(error) => failed(FailureKind::Storage, chain(&error)),
        PlacedError::After { place, source } => {
            let before = format!("the redacted copy is at {place}; ");
            match of_genesys(source) {
                Failure::Failed { failed: Failed { kind, message }, unknown, retry_after } => {
                    let failed = Failed { kind, message: before + &message };
                    Failure::Failed { failed, unknown, retry_after }
                }
                interrupted => interrupted,
            }
        }
    }
}
