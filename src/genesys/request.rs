//! A request with the rules for sending it, and the record of what it took.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use reqwest::RequestBuilder;

use super::wire::WorkflowStep;
use crate::lock::lock;

/// A request with the rules for sending it.
#[derive(Clone, Copy)]
pub(super) struct Request<'a> {
    pub(super) step: WorkflowStep,
    pub(super) target: Target<'a>,
    /// Whether sending it twice has the same effect as sending it once.
    pub(super) idempotent: bool,
    /// Builds the request anew for each attempt: a streamed body can be sent only once.
    pub(super) build: &'a (dyn Fn() -> RequestBuilder + Sync),
}

/// Where a request goes. Only the API host gets the bearer token.
#[derive(Clone, Copy)]
pub(super) enum Target<'a> {
    /// The API host, at the configured pace. All requests but sign-in carry the bearer token.
    Api { with_bearer: bool },
    /// A presigned download URL. A redirect counts as success; the caller checks where it leads.
    Download,
    /// A presigned upload URL.
    Upload(&'a UploadProgress),
}

impl Target<'_> {
    pub(super) fn is_api(self) -> bool {
        matches!(self, Self::Api { .. })
    }
}

/// Time, retries and correlation id of one successful step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepRecord {
    /// The step.
    pub step: WorkflowStep,
    /// When the first attempt began.
    pub began: SystemTime,
    /// When the successful answer arrived; for fetch, its head.
    pub answered: SystemTime,
    /// Failed attempts before it.
    pub retries: u32,
    /// The API's id of the request, for Genesys support.
    pub correlation_id: Option<String>,
}

/// How many bytes of an upload the network stack has taken in the current attempt.
///
/// A host may answer before it has read the whole body. The body of that attempt can still be moving
/// while the next attempt runs, so each attempt has a counter of its own.
#[derive(Debug)]
pub(super) struct UploadProgress {
    pub(super) length: u64,
    current: Mutex<AttemptCounter>,
}

/// Byte counter of one attempt; clones share it.
#[derive(Debug, Clone, Default)]
pub(super) struct AttemptCounter(Arc<AtomicU64>);

impl UploadProgress {
    pub(super) fn new(length: u64) -> Self {
        Self { length, current: Mutex::default() }
    }

    /// Starts an attempt at 0 bytes. Counters of earlier attempts no longer matter.
    pub(super) fn begin_attempt(&self) -> AttemptCounter {
        let counter = AttemptCounter::default();
        *lock(&self.current) = counter.clone();
        counter
    }

    /// Bytes taken in the current attempt.
    pub(super) fn bytes(&self) -> u64 {
        lock(&self.current).0.load(Ordering::Relaxed)
    }
}

impl AttemptCounter {
    /// Adds `bytes` and returns the sum.
    pub(super) fn add(&self, bytes: u64) -> u64 {
        self.0.fetch_add(bytes, Ordering::Relaxed) + bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_of_an_earlier_attempt_do_not_count() {
        let progress = UploadProgress::new(16);
        let first = progress.begin_attempt();
        first.add(7);
        assert_eq!(progress.bytes(), 7);
        let second = progress.begin_attempt();
        assert_eq!((progress.bytes(), second.add(2), first.add(7)), (0, 2, 14));
        assert_eq!(progress.bytes(), 2);
    }
}
