//! What can go wrong at Genesys. No type of a dependency appears here, no URL, no secret.

use std::time::{Duration, SystemTime};

use thiserror::Error;

use super::wire::Step;

/// Why a step did not succeed.
#[derive(Debug, Clone, Error)]
#[non_exhaustive]
pub enum Error {
    /// The configuration cannot be used.
    #[error("{0}")]
    Config(String),
    /// The client id or secret is wrong, or the client may not use this grant.
    #[error("{step}: the API refuses the credentials{}; check client id, secret and region", said(.message))]
    Credentials {
        /// Where it was noticed.
        step: Step,
        /// What the API says.
        message: String,
    },
    /// The API, or the storage host, answered with an error.
    #[error("{step}: {} answers {status}{}{}", who(.step), said(.message), ids(.code, .context_id, .correlation_id))]
    Refused {
        /// Which step.
        step: Step,
        /// The HTTP status.
        status: u16,
        /// The API's own message; empty where the answer held none.
        message: String,
        /// The API's own code, or the storage host's; empty where the answer held none.
        code: String,
        /// The API's own context id; empty where the answer held none.
        context_id: String,
        /// The header `ININ-Correlation-Id`; empty where there was none.
        correlation_id: String,
    },
    /// The recording is not ready to be downloaded.
    #[error("locate: the recording's state is `{state}`, not `completed`; try again when it is")]
    NotCompleted {
        /// The state as the API names it.
        state: String,
    },
    /// A presigned URL is no longer valid.
    #[error("{step}: the presigned URL has expired (status {status}{})", and_code(.code))]
    Expired {
        /// Which step.
        step: Step,
        /// The HTTP status.
        status: u16,
        /// The storage host's own code; empty where the answer held none.
        code: String,
    },
    /// The connection could not be made, or broke.
    #[error("{step}: the connection failed: {reason}")]
    Transport {
        /// Which step.
        step: Step,
        /// Why, without any URL.
        reason: String,
    },
    /// No byte came, or none was taken, for too long.
    #[error("{step}: nothing moved for {} s", .after.as_secs_f64())]
    Stalled {
        /// Which step.
        step: Step,
        /// For how long.
        after: Duration,
    },
    /// The API asks to wait longer than is allowed.
    #[error("{step}: the API asks to wait until {}; try again then, or allow a longer wait", httpdate::fmt_http_date(*.until))]
    WaitTooLong {
        /// Which step.
        step: Step,
        /// When it may be tried again.
        until: SystemTime,
    },
    /// An answer that does not follow the protocol.
    #[error("{step}: the answer cannot be understood: {reason}")]
    Answer {
        /// Which step.
        step: Step,
        /// What is wrong with it.
        reason: String,
    },
    /// A redirect where none may be followed.
    #[error("{step}: a redirect was refused: {reason}")]
    Redirect {
        /// Which step.
        step: Step,
        /// Why.
        reason: String,
    },
    /// A URL that is neither `https` nor on this machine.
    #[error(
        "a URL on {host} was refused: only https without a user name is allowed, and http on this machine"
    )]
    Insecure {
        /// The host.
        host: String,
    },
    /// A create whose answer was lost. It is not repeated.
    #[error(
        "grant: the answer was lost ({reason}); a new recording may exist: look for one without audio before trying again"
    )]
    OutcomeUnknown {
        /// How the answer was lost.
        reason: String,
    },
}

fn who(step: &Step) -> &'static str {
    if matches!(step, Step::Fetch | Step::Upload) { "the storage host" } else { "the API" }
}

fn said(message: &str) -> String {
    if message.is_empty() { String::new() } else { format!(": {message}") }
}

fn and_code(code: &str) -> String {
    if code.is_empty() { String::new() } else { format!(", code {code}") }
}

fn ids(code: &str, context_id: &str, correlation_id: &str) -> String {
    let parts: Vec<String> =
        [("code", code), ("contextId", context_id), ("correlation", correlation_id)]
            .into_iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| format!("{name} {value}"))
            .collect();
    if parts.is_empty() { String::new() } else { format!(" ({})", parts.join(", ")) }
}
