//! Why a request was given up, and which answers may be others later.

use std::time::SystemTime;

use thiserror::Error as ThisError;

use super::error::Error;

/// Why a request was given up.
#[derive(Debug, Clone, PartialEq, Eq, ThisError)]
pub(super) enum Failed {
    #[error("the store answers {status} {code}")]
    Status { status: u16, code: String, region: Option<String>, until: Option<SystemTime> },
    #[error("{0}")]
    Transport(String),
    /// Not sent: another request was told to wait until then.
    #[error("the store asks to wait")]
    Paused(SystemTime),
    #[error("{0}")]
    Forbidden(String),
}

impl Failed {
    /// The error of a place.
    pub(super) fn at(self, place: String) -> Error {
        match self {
            Self::Status { status, code, until, .. } if is_transient(status) => {
                let code = if code.is_empty() { String::new() } else { format!(" {code}") };
                let reason = format!("the store answers {status}{code}");
                Error::Unavailable { place, reason, until }
            }
            Self::Status { status, code, region, .. } => {
                Error::Refused { place, status, code, region }
            }
            Self::Transport(reason) => Error::Unavailable { place, reason, until: None },
            Self::Paused(until) => {
                let reason = "the store asks to wait".into();
                Error::Unavailable { place, reason, until: Some(until) }
            }
            Self::Forbidden(reason) => Error::Config(format!("{place}: {reason}")),
        }
    }

    /// The same, with when the store wants no request before.
    pub(super) fn until(self, until: Option<SystemTime>) -> Self {
        match self {
            Self::Status { status, code, region, .. } => {
                Self::Status { status, code, region, until }
            }
            other => other,
        }
    }
}

/// Whether a store that answers with this status may have another answer later.
pub(super) fn is_transient(status: u16) -> bool {
    matches!(status, 408 | 429 | 500 | 502..=504)
}

/// The status that decides whether a request is sent again. S3 says some things with another.
pub(super) fn meant_status(status: u16, code: &str) -> u16 {
    match (status, code) {
        (400, "RequestTimeout") => 408,
        // Two writers at once.
        (409, "ConditionalRequestConflict" | "OperationAborted") => 503,
        // An error that came after the head of the answer.
        (200, "SlowDown") => 503,
        (200, _) => 500,
        _ => status,
    }
}
