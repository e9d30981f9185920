//! What the sandbox knows: recordings, tokens, presigned URLs, uploads, faults to come, and the
//! ledger of everything that was asked.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes};
use axum::http::Request;
use axum::http::header::{AUTHORIZATION, CONTENT_LENGTH, REFERER, TRANSFER_ENCODING};
use uuid::Uuid;

use super::fault::{Fault, Kind};
use crate::genesys::wire::Step;

/// How a sandbox behaves.
#[derive(Debug, Clone)]
pub struct Options {
    /// The id of the one client.
    pub client_id: String,
    /// Its secret.
    pub client_secret: String,
    /// How long a token is valid.
    pub token_lifetime: Duration,
    /// How long a presigned URL is valid.
    pub url_lifetime: Duration,
    /// Bytes a second that a download gives; `None` is as fast as it goes.
    pub throttle: Option<u64>,
    /// Whether uploads are counted and not kept.
    pub discard: bool,
    /// Is told of each request once it is answered.
    pub watch: Option<fn(&Entry)>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            client_id: "sandbox".into(),
            client_secret: "sandbox-secret".into(),
            token_lifetime: Duration::from_secs(3600),
            url_lifetime: Duration::from_secs(600),
            throttle: None,
            discard: false,
            watch: None,
        }
    }
}

/// A stand-in for one organisation. Clones share everything.
#[derive(Debug, Clone)]
pub struct Sandbox(pub(super) Arc<State>);

/// A request and how it was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The step, if the request is one of the recipe.
    pub step: Option<Step>,
    /// The HTTP method.
    pub method: String,
    /// The path, without the query.
    pub path: String,
    /// Whether it showed a bearer.
    pub authorized: bool,
    /// Whether it showed a `Referer`.
    pub referer: bool,
    /// The announced length of its body.
    pub length: Option<u64>,
    /// Whether its body came in chunks of unknown number.
    pub chunked: bool,
    /// The status of the answer; none when the connection was dropped or is still open.
    pub status: Option<u16>,
}

/// A recording that was made here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload {
    /// Its id.
    pub id: String,
    /// The conversation that it belongs to.
    pub conversation_id: String,
    /// Its audio, once that was put; empty if uploads are discarded.
    pub audio: Option<Bytes>,
    /// How many bytes were put.
    pub bytes: u64,
    /// Whether it was completed.
    pub completed: bool,
}

/// The two hosts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Host {
    Api,
    Storage,
}

/// What a recording is made of.
#[derive(Debug, Clone)]
pub(super) enum Audio {
    Bytes(Bytes),
    /// So many bytes of samples behind a WAV header, made while they are sent.
    Made(u64),
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) options: Options,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
pub(super) struct Inner {
    pub(super) storage: String,
    pub(super) tokens: HashMap<String, Instant>,
    pub(super) recordings: HashMap<String, Audio>,
    pub(super) uploads: Vec<Upload>,
    /// The signatures of presigned URLs: what they are for, and until when they are valid.
    pub(super) signatures: HashMap<String, (String, Instant)>,
    faults: Vec<Fault>,
    ledger: Vec<Entry>,
    /// The fault that the current locate or grant is to build into its answer.
    pub(super) state_fault: Option<Kind>,
}

impl Sandbox {
    /// A sandbox without recordings.
    pub fn new(options: Options) -> Self {
        Self(Arc::new(State { options, inner: Mutex::default() }))
    }

    /// Adds a recording that is completed and can be downloaded.
    pub fn add_recording(&self, id: &str, audio: impl Into<Bytes>) {
        self.0.lock().recordings.insert(id.into(), Audio::Bytes(audio.into()));
    }

    /// Adds a WAV of so many hours at 8 kHz, stereo, 16 bit, which is made while it is sent.
    pub fn add_made_recording(&self, id: &str, hours: u32) {
        let bytes = u64::from(hours) * 3600 * 8000 * 4;
        self.0.lock().recordings.insert(id.into(), Audio::Made(bytes));
    }

    /// Orders a fault. The first that was ordered for a step happens first.
    pub fn order(&self, fault: Fault) {
        self.0.lock().faults.push(fault);
    }

    /// Every request so far, in order.
    pub fn ledger(&self) -> Vec<Entry> {
        self.0.lock().ledger.clone()
    }

    /// Every recording that was made here.
    pub fn uploads(&self) -> Vec<Upload> {
        self.0.lock().uploads.clone()
    }

    /// The ids of the recordings that can be located, in order.
    pub fn recordings(&self) -> Vec<String> {
        let mut ids: Vec<String> = self.0.lock().recordings.keys().cloned().collect();
        ids.sort();
        ids
    }

    pub(super) fn set_storage(&self, url: String) {
        self.0.lock().storage = url;
    }

    /// Every token that was given and is still known, for tests that look for them.
    pub fn tokens(&self) -> Vec<String> {
        self.0.lock().tokens.keys().cloned().collect()
    }

    /// Makes every token that was given unknown.
    pub fn forget_tokens(&self) {
        self.0.lock().tokens.clear();
    }

    /// Writes a request into the ledger; gives its place there, and the fault that is due.
    pub(super) fn receives(&self, host: Host, request: &Request<Body>) -> (usize, Option<Kind>) {
        let header = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
        let step = step_of(host, request.method().as_str(), request.uri().path());
        let entry = Entry {
            step,
            method: request.method().to_string(),
            path: request.uri().path().into(),
            authorized: header(AUTHORIZATION).is_some(),
            referer: header(REFERER).is_some(),
            length: header(CONTENT_LENGTH).and_then(|length| length.parse().ok()),
            chunked: header(TRANSFER_ENCODING).is_some(),
            status: None,
        };
        let mut inner = self.0.lock();
        inner.ledger.push(entry);
        let fault = step.and_then(|step| inner.due(step));
        inner.state_fault =
            fault.clone().filter(|kind| matches!(kind, Kind::State(_) | Kind::Refused));
        (inner.ledger.len() - 1, fault)
    }

    /// Writes down how a request was answered.
    pub(super) fn answers(&self, place: usize, status: Option<u16>) {
        if let Some(entry) = self.0.lock().ledger.get_mut(place) {
            entry.status = status;
            if let Some(watch) = self.0.options.watch {
                watch(entry);
            }
        }
    }
}

fn step_of(host: Host, method: &str, path: &str) -> Option<Step> {
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    match (host, method, parts.as_slice()) {
        (Host::Api, "POST", ["oauth", "token"]) => Some(Step::SignIn),
        (Host::Api, "GET", ["api", "v2", "recordings", _]) => Some(Step::Locate),
        (Host::Api, "POST", ["api", "v2", "recordings"]) => Some(Step::Grant),
        (Host::Api, "POST", ["api", "v2", "recordings", _, "upload", "complete"]) => {
            Some(Step::Complete)
        }
        (Host::Storage, "GET", ["download", _]) => Some(Step::Fetch),
        (Host::Storage, "PUT", ["upload", _]) => Some(Step::Upload),
        _ => None,
    }
}

impl State {
    pub(super) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn due(&mut self, step: Step) -> Option<Kind> {
        let place = self.faults.iter().position(|fault| fault.step == step)?;
        let fault = self.faults.get_mut(place)?;
        let kind = fault.kind.clone();
        if fault.times != u32::MAX {
            fault.times -= 1;
        }
        if fault.times == 0 {
            self.faults.remove(place);
        }
        Some(kind)
    }

    /// A presigned URL for `verb` (`download` or `upload`) of a recording.
    pub(super) fn presign(&mut self, verb: &str, id: &str, lifetime: Duration) -> String {
        let signature = Uuid::new_v4().simple().to_string();
        let what = format!("{verb}/{id}");
        // Nobody listens on the port of discard on this machine, or it would not be free to bind.
        let refused = self.state_fault == Some(Kind::Refused);
        let host = if refused { "http://127.0.0.1:9" } else { &self.storage };
        let url = format!("{host}/{what}?signature={signature}");
        self.signatures.insert(signature, (what, Instant::now() + lifetime));
        url
    }

    /// Whether a signature is good for this.
    pub(super) fn is_signed(&self, what: &str, signature: &str) -> bool {
        let known = self.signatures.get(signature);
        known.is_some_and(|(signed, until)| signed == what && Instant::now() < *until)
    }
}
