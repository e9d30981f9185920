//! The ledger: every request, its step, and the status of its answer. Here it is decided which fault a
//! request meets.

use axum::body::Body;
use axum::http::Request;
use axum::http::header::{AUTHORIZATION, CONTENT_LENGTH, REFERER, TRANSFER_ENCODING};

use super::fault::FaultKind;
use super::state::{Host, Organisation, Sandbox};
use crate::genesys::wire::WorkflowStep;

/// A request and the status of its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerEntry {
    /// The step of the workflow, if the request is one.
    pub step: Option<WorkflowStep>,
    /// Whether it came to the storage host, not to the API.
    pub storage: bool,
    /// The HTTP method.
    pub method: String,
    /// The path, without the query.
    pub path: String,
    /// The query of a request to the API; always empty for the storage host, where it is a secret.
    pub query: String,
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

impl LedgerEntry {
    /// Whether it shows the storage host what only the API may see.
    pub fn is_leak(&self) -> bool {
        self.storage && (self.authorized || self.referer)
    }
}

impl Sandbox {
    /// All requests so far, in order.
    pub fn ledger(&self) -> Vec<LedgerEntry> {
        self.lock().ledger.clone()
    }

    /// The requests so far that showed the storage host a bearer token or a referrer. They were refused.
    pub fn leaks(&self) -> Vec<LedgerEntry> {
        self.lock().ledger.iter().filter(|entry| entry.is_leak()).cloned().collect()
    }

    /// Records a request in the ledger. Returns its index there, and the fault to inject.
    pub(super) fn record(&self, host: Host, request: &Request<Body>) -> (usize, Option<FaultKind>) {
        let header = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
        let (method, path) = (request.method().as_str(), request.uri().path());
        let storage = host == Host::Storage;
        let entry = LedgerEntry {
            step: step_of(host, method, path),
            storage,
            method: method.into(),
            path: path.into(),
            query: request.uri().query().filter(|_| !storage).unwrap_or_default().into(),
            authorized: header(AUTHORIZATION).is_some(),
            referer: header(REFERER).is_some(),
            length: header(CONTENT_LENGTH).and_then(|length| length.parse().ok()),
            chunked: header(TRANSFER_ENCODING).is_some(),
            status: None,
        };
        let mut organisation = self.lock();
        let fault = organisation.next_fault(&entry);
        organisation.ledger.push(entry);
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

impl Organisation {
    /// Takes the next fault for a request.
    fn next_fault(&mut self, request: &LedgerEntry) -> Option<FaultKind> {
        let meets = |fault: &FaultKind| fault.meets(request.storage, &request.path);
        let mut faults = self.faults.iter();
        let index =
            faults.position(|fault| Some(fault.step) == request.step && meets(&fault.kind))?;
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
}

fn step_of(host: Host, method: &str, path: &str) -> Option<WorkflowStep> {
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    match (host, parts.as_slice()) {
        (Host::Api, ["oauth", "token"]) => (method == "POST").then_some(WorkflowStep::SignIn),
        (Host::Api, ["api", "v2", rest @ ..]) => step_of_api(method, rest),
        (Host::Api, _) => None,
        (Host::Storage, parts) => step_of_storage(method, parts),
    }
}

fn step_of_api(method: &str, parts: &[&str]) -> Option<WorkflowStep> {
    use WorkflowStep::{
        Annotate, Complete, Grant, Layout, List, Locate, Protection, Retention, Transcript,
    };
    Some(match (method, parts) {
        ("POST" | "PUT", ["recordings", "deletionprotection"]) => Protection,
        ("GET", ["recordings", _]) => Locate,
        ("POST", ["recordings"]) => Grant,
        ("POST", ["recordings", _, "upload", "complete"]) => Complete,
        ("GET", ["organizations", "me"] | ["conversations", _]) => Layout,
        ("GET", ["conversations", _, "recordingmetadata"]) => List,
        ("GET", ["conversations", _, "recordings"] | ["conversations", _, "recordings", _]) => {
            Locate
        }
        ("GET", ["conversations", _, "recordingmetadata", _]) => Retention,
        ("PUT", ["conversations", _, "recordings", _]) => Retention,
        (_, ["conversations", _, "recordings", _, "annotations", ..]) => Annotate,
        (_, ["recording", "batchrequests", ..]) => Locate,
        ("POST", ["uploads", "recordings"]) => Grant,
        (_, ["recording", "uploads", "reports", ..]) => Complete,
        ("GET", ["speechandtextanalytics", ..]) => Transcript,
        _ => return None,
    })
}

fn step_of_storage(method: &str, parts: &[&str]) -> Option<WorkflowStep> {
    Some(match (method, parts) {
        ("GET", ["download", _] | ["media", ..]) => WorkflowStep::Fetch,
        ("PUT", ["upload" | "import", _]) => WorkflowStep::Upload,
        ("GET", ["transcript", ..]) => WorkflowStep::Transcript,
        ("GET", ["report", _]) => WorkflowStep::Complete,
        _ => return None,
    })
}
