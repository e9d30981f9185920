//! Traces: what the steps took, for the record.

use std::time::SystemTime;

use super::wire::Step;

/// What one step took, for the record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trace {
    /// The step.
    pub step: Step,
    /// When its first request was made.
    pub began: SystemTime,
    /// When the answer came that was a success; of a fetch, its head.
    pub answered: SystemTime,
    /// How many tries there were before that.
    pub retries: u32,
    /// The name that the API gave the request, for its support.
    pub correlation_id: Option<String>,
}
