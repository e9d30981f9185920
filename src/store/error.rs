//! Errors of stores. No credential, no query of a URL and no text of an answer is in them, except error
//! codes.

use std::io;
use std::time::SystemTime;

use thiserror::Error as ThisError;

use super::Place;
use super::failed::Failed;
use crate::http::error_code;

/// Why an object or a file could not be read or written.
#[derive(Debug, Clone, PartialEq, Eq, ThisError)]
#[non_exhaustive]
pub enum Error {
    /// A flag or a variable is wrong, or there are no credentials.
    #[error("{0}")]
    Config(String),
    /// This program was built without the store.
    #[error(
        "{scheme}:// is not built in: this sordino was built without the feature `{feature}`; \
         cargo install sordino --features {feature}"
    )]
    Feature {
        /// The scheme of the URL.
        scheme: &'static str,
        /// The feature that has it.
        feature: &'static str,
    },
    /// The URL names no object that can be asked for.
    #[error("{place}: {reason}")]
    Key {
        /// The place.
        place: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// It is not there.
    #[error("{place} does not exist{}", with_code(.code))]
    NotFound {
        /// The place.
        place: String,
        /// The store's error code, or empty.
        code: String,
    },
    /// It is there already, and is not what was to be written.
    #[error("{place} exists already, and is another; give --force to replace it, or another place")]
    Exists {
        /// The place.
        place: String,
    },
    /// It is the receipt of another redaction.
    #[error(
        "{place} exists already, and is the receipt of another redaction, which is never replaced; give another place for receipts, or move that one away"
    )]
    OtherReceipt {
        /// The place.
        place: String,
    },
    /// It changed while it was read.
    #[error("{place} changed while it was read; run again")]
    Changed {
        /// The place.
        place: String,
    },
    /// The store refuses the request.
    #[error("{place}: the store refuses ({status}{}){}", with_code(.code), hint(.code, .region.as_deref()))]
    Refused {
        /// The place.
        place: String,
        /// The HTTP status.
        status: u16,
        /// The store's error code, or empty.
        code: String,
        /// The bucket's region, if the store says it.
        region: Option<String>,
    },
    /// The store does not answer, or answers with its own errors.
    #[error("{place}: {reason}{}", not_before(.until))]
    Unavailable {
        /// The place.
        place: String,
        /// What happened.
        reason: String,
        /// Before when the store wants no request, if it says so.
        until: Option<SystemTime>,
    },
    /// The store's answer cannot be used.
    #[error("{place}: the answer of the store cannot be used: {reason}")]
    Answer {
        /// The place.
        place: String,
        /// What is wrong with it.
        reason: String,
    },
    /// There are more bytes than may be read.
    #[error("{place} is larger than {most} bytes")]
    TooLarge {
        /// The place.
        place: String,
        /// The limit in bytes.
        most: u64,
    },
    /// A file cannot be read or written, or what was to be written cannot be read.
    #[error("{place}: {reason}")]
    Local {
        /// The place.
        place: String,
        /// The kind of the I/O error.
        kind: io::ErrorKind,
        /// Its text.
        reason: String,
    },
    /// The caller could not write down the upload, so that it was not begun.
    #[error("{place}: the upload cannot be noted: {reason}")]
    Note {
        /// The place.
        place: String,
        /// Why.
        reason: String,
    },
}

fn with_code(code: &str) -> String {
    if code.is_empty() { String::new() } else { format!(" {code}") }
}

fn hint(code: &str, region: Option<&str>) -> String {
    match (code, region) {
        (_, Some(region)) => format!("; the bucket is in another region: set AWS_REGION={region}"),
        ("ExpiredToken" | "RequestExpired" | "ExpiredTokenException", _) => {
            "; the credentials have expired: renew them, and run again".into()
        }
        _ => "; check the credentials, and what they may do with this bucket".into(),
    }
}

fn not_before(until: &Option<SystemTime>) -> String {
    until.map_or(String::new(), |at| {
        format!("; it wants no request before {}", humantime::format_rfc3339_seconds(at))
    })
}

impl Error {
    /// An I/O error of a file.
    pub(super) fn local(place: &Place, error: &io::Error) -> Self {
        let place = place.to_string();
        match error.kind() {
            io::ErrorKind::NotFound => Self::NotFound { place, code: String::new() },
            io::ErrorKind::AlreadyExists => Self::Exists { place },
            kind => Self::Local { place, kind, reason: error.to_string() },
        }
    }

    /// A broken connection.
    pub(super) fn broken(place: &Place, reason: impl Into<String>) -> Self {
        Self::Unavailable { place: place.to_string(), reason: reason.into(), until: None }
    }

    /// An error of the library. Its own text is never shown: it may hold a URL with its query.
    pub(super) fn of(place: &Place, error: &object_store::Error) -> Self {
        use object_store::Error as Theirs;
        let place = place.to_string();
        // The transport keeps the code, and nothing else, of an error's body.
        let code = error_code(error.to_string().as_bytes()).unwrap_or_default();
        if let Some(failed) = failed(error) {
            return failed.clone().at(place);
        }
        let refused = |status| Self::Refused {
            place: place.clone(),
            status,
            code: code.clone(),
            region: None,
        };
        match error {
            Theirs::NotFound { .. } => Self::NotFound { place, code },
            Theirs::AlreadyExists { .. } => Self::Exists { place },
            Theirs::Precondition { .. } => Self::Changed { place },
            Theirs::PermissionDenied { .. } => refused(403),
            Theirs::Unauthenticated { .. } => refused(401),
            _ => Self::Answer { place, reason: "it has not the expected form".into() },
        }
    }
}

/// The transport's own error among the causes.
fn failed(error: &object_store::Error) -> Option<&Failed> {
    let first: Option<&(dyn std::error::Error + 'static)> = Some(error);
    std::iter::successors(first, |error| error.source()).find_map(|error| error.downcast_ref())
}
