//! A request with the rules for sending it, and the record of what it took.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use reqwest::RequestBuilder;

use super::wire::WorkflowStep;
use crate::lock::lock;

/// The kinds of hosts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Host {
    /// Where tokens come from.
    Login,
    /// The only one that gets the bearer token.
    Api,
    /// The host of a presigned URL.
    Storage,
}

/// A request with the rules for sending it.
#[derive(Clone, Copy)]
pub(super) struct Request<'a> {
    pub(super) step: WorkflowStep,
    pub(super) host: Host,
    /// Whether it only reads, although its step creates something.
    pub(super) reads: bool,
    /// Of an upload: how far it has come.
    pub(super) upload: Option<&'a UploadProgress>,
    /// Builds the request again for each attempt: a streamed body can be sent only once.
    pub(super) build: &'a (dyn Fn() -> RequestBuilder + Sync),
}

impl<'a> Request<'a> {
    /// A request to the API host.
    pub(super) fn to_api(
        step: WorkflowStep,
        build: &'a (dyn Fn() -> RequestBuilder + Sync),
    ) -> Self {
        Self { step, host: Host::Api, reads: false, upload: None, build }
    }

    /// Whether Genesys answers it, at the configured pace. Storage hosts answer the others.
    pub(super) fn is_api(&self) -> bool {
        self.host != Host::Storage
    }

    /// Whether it carries the bearer token, which only the API host gets.
    pub(super) fn has_bearer(&self) -> bool {
        self.host == Host::Api
    }

    /// Whether a redirect is an answer. Only downloads may be redirected.
    pub(super) fn may_redirect(&self) -> bool {
        self.host == Host::Storage && self.upload.is_none()
    }

    /// Whether sending it twice has the same effect as sending it once.
    pub(super) fn is_idempotent(&self) -> bool {
        self.reads || !matches!(self.step, WorkflowStep::Grant | WorkflowStep::Annotate)
    }
}

/// What an answer holds, as a step reads it.
#[derive(Debug)]
pub(super) enum Reading<T> {
    Ready(T),
    /// Nothing yet: what is missing, and the time that the server estimates.
    Pending {
        what: &'static str,
        hint: Option<Duration>,
    },
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
    current: Mutex<Arc<AtomicU64>>,
}

impl UploadProgress {
    pub(super) fn new(length: u64) -> Self {
        Self { length, current: Mutex::default() }
    }

    /// Starts an attempt, and returns its counter. Counters of earlier attempts no longer matter.
    pub(super) fn begin_attempt(&self) -> Arc<AtomicU64> {
        let counter = Arc::<AtomicU64>::default();
        *lock(&self.current) = Arc::clone(&counter);
        counter
    }

    /// Bytes taken in the current attempt.
    pub(super) fn bytes(&self) -> u64 {
        lock(&self.current).load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_of_an_earlier_attempt_do_not_count() {
        let progress = UploadProgress::new(16);
        let first = progress.begin_attempt();
        first.fetch_add(7, Ordering::Relaxed);
        assert_eq!(progress.bytes(), 7);
        let second = progress.begin_attempt();
        assert_eq!(progress.bytes(), 0);
        second.fetch_add(2, Ordering::Relaxed);
        first.fetch_add(7, Ordering::Relaxed);
        assert_eq!((progress.bytes(), first.load(Ordering::Relaxed)), (2, 14));
    }
}
