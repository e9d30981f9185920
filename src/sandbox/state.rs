//! State of the sandbox: recordings, conversations, tokens, uploads, and the faults to inject.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant, SystemTime};

use axum::body::Bytes;

use super::audio::Audio;
use super::fault::InjectedFault;
use super::headers::RateLimit;
use super::ledger::LedgerEntry;
use super::platform::{Batch, Conversation, Import, Report};
use super::presign::Signatures;
use crate::lock::lock;

/// Behaviour of a sandbox.
#[derive(Debug, Clone)]
pub struct SandboxOptions {
    /// The id of the only OAuth client.
    pub client_id: String,
    /// The secret of that client.
    pub client_secret: String,
    /// The port of the storage host; 0 for any free one.
    pub storage_port: u16,
    /// Lifetime of a token.
    pub token_lifetime: Duration,
    /// Lifetime of a presigned URL.
    pub url_lifetime: Duration,
    /// Speed of downloads in bytes a second; `None` for no limit.
    pub throttle: Option<u64>,
    /// Whether uploads are counted but not kept.
    pub discard: bool,
    /// Platform API: how often a batch or a report is still in progress when it is read.
    pub polls: u32,
    /// Platform API: how often a recording is read as before after its date of deletion, before it is
    /// deleted; and how often it is `RESTORING` before it is `RESTORED`.
    pub reads_before_change: u32,
    /// Called with each request once it is answered.
    pub listener: Option<fn(&LedgerEntry)>,
}

impl Default for SandboxOptions {
    fn default() -> Self {
        Self {
            client_id: "sandbox".into(),
            client_secret: "sandbox-secret".into(),
            storage_port: 0,
            token_lifetime: Duration::from_secs(3600),
            url_lifetime: Duration::from_secs(600),
            throttle: None,
            discard: false,
            polls: 1,
            reads_before_change: 2,
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
    pub(super) signatures: Signatures,
    pub(super) faults: Vec<InjectedFault>,
    pub(super) ledger: Vec<LedgerEntry>,
    pub(super) rate: RateLimit,
    /// Recordings API: recordings and uploads.
    pub(super) recordings: HashMap<String, Audio>,
    pub(super) uploads: Vec<Upload>,
    /// Platform API.
    pub(super) conversations: Vec<Conversation>,
    pub(super) batches: HashMap<String, Batch>,
    pub(super) imports: Vec<Import>,
    pub(super) reports: HashMap<String, Report>,
    /// The permissions that the client does not have.
    pub(super) revoked: HashSet<String>,
    /// How far the organisation's clock is ahead of the machine's.
    ahead: Duration,
}

impl Organisation {
    /// The time in the organisation.
    pub(super) fn now(&self) -> SystemTime {
        SystemTime::now() + self.ahead
    }
}

impl Sandbox {
    /// A sandbox without recordings.
    pub fn new(options: SandboxOptions) -> Self {
        Self { options: Arc::new(options), organisation: Arc::default() }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Organisation> {
        lock(&self.organisation)
    }

    /// The base URL of the storage host, once the sandbox has started.
    pub fn storage(&self) -> String {
        self.lock().storage.clone()
    }

    /// Adds a completed recording to the recordings API.
    pub fn add_recording(&self, id: &str, audio: impl Into<Bytes>) {
        self.lock().recordings.insert(id.into(), Audio::Bytes(audio.into()));
    }

    /// Adds a completed recording of `hours` hours: a WAV at 8 kHz, stereo, 16 bits, which is generated while
    /// it is sent.
    pub fn add_made_recording(&self, id: &str, hours: u32) {
        let bytes = u64::from(hours) * 3600 * 8000 * 4;
        self.lock().recordings.insert(id.into(), Audio::Made(bytes));
    }

    /// Adds a conversation to the Platform API, or replaces it.
    pub fn add_conversation(&self, conversation: Conversation) {
        let mut organisation = self.lock();
        organisation.conversations.retain(|known| known.id != conversation.id);
        organisation.conversations.push(conversation);
    }

    /// A conversation as it is now, with what clients changed: annotations, dates, states, protection.
    pub fn conversation(&self, id: &str) -> Option<Conversation> {
        self.lock().conversations.iter().find(|known| known.id == id).cloned()
    }

    /// All imports that clients began at the Platform API, in order.
    pub fn imports(&self) -> Vec<Import> {
        self.lock().imports.clone()
    }

    /// Takes a permission away from the client, such as `recording:recording:editRetention`. It has all
    /// others.
    pub fn revoke(&self, permission: &str) {
        self.lock().revoked.insert(permission.into());
    }

    /// Moves the organisation's clock forward, so that dates in the future are reached. Tokens and
    /// presigned URLs keep the machine's clock.
    pub fn advance(&self, by: Duration) {
        self.lock().ahead += by;
    }

    /// Makes all presigned URLs expire.
    pub fn expire_urls(&self) {
        self.lock().expire_all();
    }

    /// Adds a fault. Faults at the same step happen in the order in which they were added.
    pub fn inject(&self, fault: InjectedFault) {
        self.lock().faults.push(fault);
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
}
