//! Errors of the Genesys client. They hold no URL, no secret, and no type of a dependency.

use std::time::{Duration, SystemTime};

use thiserror::Error;

use super::platform::Unavailable;
use super::wire::WorkflowStep;

/// Why a step failed.
#[derive(Debug, Clone, Error)]
#[non_exhaustive]
pub enum Error {
    /// The configuration is invalid.
    #[error("{0}")]
    Config(String),
    /// The client id or secret is wrong, or the client may not use this grant type.
    #[error("{step}: the API refuses the credentials{}; check client id, secret and region", after(": ", .message))]
    Credentials {
        /// The step that failed.
        step: WorkflowStep,
        /// The API's message.
        message: String,
    },
    /// The API or the storage host answered with an error status.
    #[error("{step}: {} answers {status}{}{}", who(.step), after(": ", .message), ids(.code, .context_id, .correlation_id))]
    Refused {
        /// The step that failed.
        step: WorkflowStep,
        /// The HTTP status.
        status: u16,
        /// The API's message; empty if the answer has none.
        message: String,
        /// The error code; empty if the answer has none.
        code: String,
        /// The API's `contextId`; empty if the answer has none.
        context_id: String,
        /// The header `ININ-Correlation-Id`; empty if the answer has none.
        correlation_id: String,
    },
    /// The client lacks a permission. An administrator gives permissions by roles.
    #[error("{step}: the permission {} is missing; ask an administrator to add it to a role of the OAuth client{}", .permissions.join(if *.is_any { " or " } else { " and " }), ids("", .context_id, ""))]
    MissingPermission {
        /// The step that failed.
        step: WorkflowStep,
        /// The permissions, as Genesys names them.
        permissions: Vec<String>,
        /// Whether any one of them is enough.
        is_any: bool,
        /// The API's `contextId`; empty if the answer has none.
        context_id: String,
    },
    /// Something is not ready after all polls, or would take longer than the longest wait.
    #[error("{step}: {what}{}, after {polls} polls in {} s; try again later, or allow more polls or a longer wait", estimated(.estimate), .waited.as_secs())]
    NotReady {
        /// The step that failed.
        step: WorkflowStep,
        /// What is not ready.
        what: &'static str,
        /// How often it was asked for again.
        polls: u32,
        /// The sum of all waits.
        waited: Duration,
        /// How long the API estimates that it will take.
        estimate: Option<Duration>,
    },
    /// The list of recordings still lacks some that the conversation has, after all polls.
    #[error("locate: the list of recordings lacks {}, which the conversation has, after {polls} polls in {} s; nothing was fetched: try again later, or name each recording by its id", .missing.join(", "), .waited.as_secs())]
    Incomplete {
        /// The ids of those that are missing.
        missing: Vec<String>,
        /// How often it was asked for again.
        polls: u32,
        /// The sum of all waits.
        waited: Duration,
    },
    /// A recording that cannot be fetched.
    #[error("locate: the recording {id} {reason}")]
    Unavailable {
        /// The recording's id.
        id: String,
        /// Why.
        reason: Unavailable,
    },
    /// The conversation is protected, so nothing of it may be deleted.
    #[error(
        "protection: the conversation is protected from deletion, so nothing was changed; have the protection lifted (permission recording:deletionProtection:revoke), or keep the original"
    )]
    Protected,
    /// The recording will be exported before it is deleted, so an unredacted copy would remain.
    #[error(
        "retention: the recording is due to be exported on {date}, so an unredacted copy would remain elsewhere; nothing was changed: wait for the export, or take it back"
    )]
    ExportDue {
        /// When, as the API writes it.
        date: String,
    },
    /// The recording has a date of deletion that is earlier than the one to set.
    #[error(
        "retention: the recording is deleted on {date} already, and a later date would put that off; nothing was changed: give an earlier date, or leave the deletion out"
    )]
    DeletedEarlier {
        /// When, as the API writes it.
        date: String,
    },
    /// The recording cannot be downloaded yet.
    #[error(
        "locate: the recording's state is `{state}`, not `completed`; try again when it is completed"
    )]
    NotCompleted {
        /// The API's name of the state.
        state: String,
    },
    /// A presigned URL is no longer valid.
    #[error("{step}: the presigned URL has expired (status {status}{})", after(", code ", .code))]
    Expired {
        /// The step that failed.
        step: WorkflowStep,
        /// The HTTP status.
        status: u16,
        /// The storage host's error code; empty if the answer has none.
        code: String,
    },
    /// The connection was not made, or broke.
    #[error("{step}: the connection failed: {reason}")]
    Transport {
        /// The step that failed.
        step: WorkflowStep,
        /// Why, without the URL.
        reason: String,
    },
    /// No data was transferred for the length of the timeout.
    #[error("{step}: no data was transferred for {} s", .after.as_secs_f64())]
    Stalled {
        /// The step that failed.
        step: WorkflowStep,
        /// The timeout.
        after: Duration,
    },
    /// `Retry-After` asks for a longer wait than [`Config::longest_wait`](super::Config) allows.
    #[error("{step}: the API asks to wait until {}; try again then, or allow a longer wait", httpdate::fmt_http_date(*.until))]
    WaitTooLong {
        /// The step that failed.
        step: WorkflowStep,
        /// The earliest time of the next attempt.
        until: SystemTime,
    },
    /// The answer does not follow the protocol.
    #[error("{step}: invalid answer: {reason}")]
    Answer {
        /// The step that failed.
        step: WorkflowStep,
        /// What is wrong with the answer.
        reason: String,
    },
    /// A redirect that must not be followed.
    #[error("{step}: a redirect was refused: {reason}")]
    Redirect {
        /// The step that failed.
        step: WorkflowStep,
        /// Why.
        reason: String,
    },
    /// A URL that is neither `https` nor on this machine, or has a user name.
    #[error(
        "a URL on {host} was refused: only https without a user name is allowed, or http on this machine"
    )]
    Insecure {
        /// The host.
        host: String,
    },
    /// The answer to a create was lost, which is not retried; or to an attempt to set a deletion.
    #[error("{step}: the answer was lost ({reason}); {}", may_exist(.step))]
    OutcomeUnknown {
        /// The step whose answer was lost.
        step: WorkflowStep,
        /// How the answer was lost.
        reason: String,
    },
}

impl Error {
    /// A refusal, as [`Error::Credentials`]; other errors unchanged.
    pub(super) fn into_credentials(self) -> Self {
        match self {
            Self::Refused { step, message, .. } => Self::Credentials { step, message },
            other => other,
        }
    }
}

fn who(step: &WorkflowStep) -> &'static str {
    match step {
        WorkflowStep::Fetch | WorkflowStep::Upload => "the storage host",
        WorkflowStep::Transcript => "the API or the storage host",
        _ => "the API",
    }
}

/// What may exist after the answer to a create was lost.
fn may_exist(step: &WorkflowStep) -> &'static str {
    match step {
        WorkflowStep::Annotate => {
            "the annotation may exist: look at the recording before you try again"
        }
        WorkflowStep::Retention => {
            "the date of deletion may be set: look at the recording before you try again"
        }
        _ => "a new recording may exist: look for one without audio before you try again",
    }
}

/// How long something will take, in words.
fn estimated(estimate: &Option<Duration>) -> String {
    let estimate = estimate.filter(|estimate| !estimate.is_zero());
    estimate.map_or(String::new(), |estimate| {
        format!(" (about {} s, by the API's estimate)", estimate.as_secs_f64().ceil())
    })
}

/// A text after its separator; nothing if it is empty.
fn after(separator: &str, text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("{separator}{text}") }
}

fn ids(code: &str, context_id: &str, correlation_id: &str) -> String {
    let ids = [("code", code), ("contextId", context_id), ("correlation", correlation_id)];
    let known = ids.iter().filter(|(_, value)| !value.is_empty());
    let parts: Vec<String> = known.map(|(name, value)| format!("{name} {value}")).collect();
    if parts.is_empty() { String::new() } else { format!(" ({})", parts.join(", ")) }
}
