//! What happened at Genesys, as a receipt writes it.

use serde::{Deserialize, Serialize};

/// From one recording to another.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Delivery {
    /// The recording that was fetched. It is not changed.
    pub recording_id: String,
    /// The conversation that the new recording belongs to; `null` if nothing was uploaded.
    pub conversation_id: Option<String>,
    /// The new, redacted recording.
    pub new_recording_id: Option<String>,
    /// The steps, in order.
    pub steps: Vec<StepEntry>,
}

/// One step. Signing in is shared by many recordings and is not here.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StepEntry {
    /// `locate`, `fetch`, `grant`, `upload` or `complete`.
    pub step: String,
    /// When it began, as RFC 3339 in UTC.
    pub began: String,
    /// When its answer came; of a fetch, the head of the answer.
    pub answered: String,
    /// How many tries there were before that.
    pub retries: u32,
    /// What the API called the request, for its support.
    pub correlation_id: Option<String>,
}
