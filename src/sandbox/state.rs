//! State of the sandbox: recordings, tokens, presigned URLs, uploads, faults to inject, and the ledger of
//! all requests.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes};
use axum::http::Request;
use axum::http::header::{AUTHORIZATION, CONTENT_LENGTH, REFERER, TRANSFER_ENCODING};
use uuid::Uuid;

use super::audio::Audio;
use super::fault::{FaultKind, InjectedFault};
use crate::genesys::wire::WorkflowStep;
use crate::lock::lock;

/// Behaviour of a sandbox.
#[derive(Debug, Clone)]
pub struct SandboxOptions {
    /// The id of the only OAuth client.
    pub client_id: String,
    /// The secret of that client.
    pub client_secret: String,
    /// Lifetime of a token.
    pub token_lifetime: Duration,
    /// Lifetime of a presigned URL.
    pub url_lifetime: Duration,
    /// Speed of downloads in bytes a second; `None` for no limit.
    pub throttle: Option<u64>,
    /// Whether uploads are counted but not kept.
    pub discard: bool,
    /// Called with each request once it is answered.
    pub listener: Option<fn(&LedgerEntry)>,
}

impl Default for SandboxOptions {
    fn default() -> Self {
        Self {
            client_id: "sandbox".into(),
            client_secret: "sandbox-secret".into(),
            token_lifetime: Duration::from_secs(3600),
            url_lifetime: Duration::from_secs(600),
            throttle: None,
            discard: false,
            listener: None,
        }
    }
}

/// A stand-in for one organisation. Clones share its state.
#[derive(Debug, Clone)]
pub struct Sandbox {
    pub(super) options: Arc<SandboxOptions>,
    organisation: Arc<Mutex<Organisation>>,
}

/// A request and the status of its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerEntry {
    /// The step of the workflow, if the request is one.
    pub step: Option<WorkflowStep>,
    /// The HTTP method.
    pub method: String,
    /// The path, without the query.
    pub path: String,
    /// Whether it had the header `Authorization`.
    pub authorized: bool,
    /// Whether it had the header `Referer`.
    pub referer: bool,
    /// Its `Content-Length`.
    pub length: Option<u64>,
    /// Whether its body was sent with `Transfer-Encoding`, without a length.
    pub chunked: bool,
    /// The status of the answer; `None` before it is answered, or if the connection was dropped.
    pub status: Option<u16>,
}

/// A recording that a client created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload {
    /// Its id.
    pub id: String,
    /// Its conversation.
    pub conversation_id: String,
    /// Its audio after the upload; empty if uploads are discarded.
    pub audio: Option<Bytes>,
    /// Number of bytes uploaded.
    pub bytes: u64,
    /// Whether it was completed.
    pub completed: bool,
}

/// The two hosts, each on its own port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Host {
    Api,
    Storage,
}

/// Everything that changes while the sandbox runs.
#[derive(Debug, Default)]
pub(super) struct Organisation {
    /// The base URL of the storage host.
    pub(super) storage: String,
    /// The tokens, each with its expiry time.
    pub(super) tokens: HashMap<String, Instant>,
    pub(super) recordings: HashMap<String, Audio>,
    pub(super) uploads: Vec<Upload>,
    /// The signatures of presigned URLs, each with its path and expiry time.
    signatures: HashMap<String, (String, Instant)>,
    faults: Vec<InjectedFault>,
    ledger: Vec<LedgerEntry>,
    /// A fault that the route of the current locate or grant builds into its answer.
    pub(super) fault_in_answer: Option<FaultKind>,
}

impl Sandbox {
    /// A sandbox without recordings.
    pub fn new(options: SandboxOptions) -> Self {
        Self { options: Arc::new(options), organisation: Arc::default() }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Organisation> {
        lock(&self.organisation)
    }

    /// Adds a completed recording.
    pub fn add_recording(&self, id: &str, audio: impl Into<Bytes>) {
        self.lock().recordings.insert(id.into(), Audio::Bytes(audio.into()));
    }

    /// Adds a completed recording of `hours` hours: a WAV at 8 kHz, stereo, 16 bits, which is generated while
    /// it is sent.
    pub fn add_made_recording(&self, id: &str, hours: u32) {
        let bytes = u64::from(hours) * 3600 * 8000 * 4;
        self.lock().recordings.insert(id.into(), Audio::Made(bytes));
    }

    /// Adds a fault. Faults at the same step happen in the order in which they were added.
    pub fn inject(&self, fault: InjectedFault) {
        self.lock().faults.push(fault);
    }

    /// All requests so far, in order.
    pub fn ledger(&self) -> Vec<LedgerEntry> {
        self.lock().ledger.clone()
    }

    /// All recordings that clients created, in order.
    pub fn uploads(&self) -> Vec<Upload> {
        self.lock().uploads.clone()
    }

    /// The ids of the recordings that can be located, sorted.
    pub fn recordings(&self) -> Vec<String> {
        let mut ids: Vec<String> = self.lock().recordings.keys().cloned().collect();
        ids.sort();
        ids
    }

    /// All tokens that were issued and not forgotten, for tests that search outputs for them.
    pub fn tokens(&self) -> Vec<String> {
        self.lock().tokens.keys().cloned().collect()
    }

    /// Makes all tokens unknown.
    pub fn forget_tokens(&self) {
        self.lock().tokens.clear();
    }

    /// Records a request in the ledger. Returns its index there, and the fault to inject.
    pub(super) fn record(&self, host: Host, request: &Request<Body>) -> (usize, Option<FaultKind>) {
        let header = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
        let step = step_of(host, request.method().as_str(), request.uri().path());
        let entry = LedgerEntry {
            step,
            method: request.method().to_string(),
            path: request.uri().path().into(),
            authorized: header(AUTHORIZATION).is_some(),
            referer: header(REFERER).is_some(),
            length: header(CONTENT_LENGTH).and_then(|length| length.parse().ok()),
            chunked: header(TRANSFER_ENCODING).is_some(),
            status: None,
        };
        let mut organisation = self.lock();
        organisation.ledger.push(entry);
        let fault = step.and_then(|step| organisation.next_fault(step));
        organisation.fault_in_answer =
            fault.clone().filter(|kind| matches!(kind, FaultKind::State(_) | FaultKind::Refused));
        (organisation.ledger.len() - 1, fault)
    }

    /// Records the status of the answer to the request at this index of the ledger.
    pub(super) fn record_answer(&self, index: usize, status: Option<u16>) {
        if let Some(entry) = self.lock().ledger.get_mut(index) {
            entry.status = status;
            if let Some(listener) = self.options.listener {
                listener(entry);
            }
        }
    }
}

fn step_of(host: Host, method: &str, path: &str) -> Option<WorkflowStep> {
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    Some(match (host, method, parts.as_slice()) {
        (Host::Api, "POST", ["oauth", "token"]) => WorkflowStep::SignIn,
        (Host::Api, "GET", ["api", "v2", "recordings", _]) => WorkflowStep::Locate,
        (Host::Storage, "GET", ["download", _]) => WorkflowStep::Fetch,
        (Host::Api, "POST", ["api", "v2", "recordings"]) => WorkflowStep::Grant,
        (Host::Storage, "PUT", ["upload", _]) => WorkflowStep::Upload,
        (Host::Api, "POST", ["api", "v2", "recordings", _, "upload", "complete"]) => {
            WorkflowStep::Complete
        }
        _ => return None,
    })
}

impl Organisation {
    /// Takes the next fault at a step.
    fn next_fault(&mut self, step: WorkflowStep) -> Option<FaultKind> {
        let index = self.faults.iter().position(|fault| fault.step == step)?;
        let fault = self.faults.get_mut(index)?;
        let kind = fault.kind.clone();
        if fault.times != u32::MAX {
            fault.times -= 1;
        }
        if fault.times == 0 {
            self.faults.remove(index);
        }
        Some(kind)
    }

    /// A presigned URL for `verb` (`download` or `upload`) of a recording.
    pub(super) fn presign(&mut self, verb: &str, id: &str, lifetime: Duration) -> String {
        let signature = Uuid::new_v4().simple().to_string();
        let path = format!("{verb}/{id}");
        // Nothing listens on port 9 (discard) of a usual machine.
        let refused = self.fault_in_answer == Some(FaultKind::Refused);
        let host = if refused { "http://127.0.0.1:9" } else { &self.storage };
        let url = format!("{host}/{path}?signature={signature}");
        self.signatures.insert(signature, (path, Instant::now() + lifetime));
        url
    }

    /// Whether a signature is valid for a path.
    pub(super) fn is_signed(&self, path: &str, signature: &str) -> bool {
        let known = self.signatures.get(signature);
        known.is_some_and(|(signed, until)| signed == path && Instant::now() < *until)
    }
}
