//! Errors of the Genesys client. They hold no URL, no secret, and no type of a dependency.

use std::time::{Duration, SystemTime};

use thiserror::Error;

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
    /// The answer to a create was lost. The create is not retried.
    #[error(
        "grant: the answer was lost ({reason}); a new recording may exist: look for one without audio before you try again"
    )]
    OutcomeUnknown {
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
        _ => "the API",
    }
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
