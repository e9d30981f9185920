//! What a batch knows of a recording: what to do, and what became of it.

use serde::{Deserialize, Serialize};

use crate::digest::Digest;

/// The identity of a job: SHA-256, in hex, of what it is, not of where it stands in a manifest.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Key(pub String);

/// One recording to redact, as the journal keeps it: whoever has only the journal can do it.
///
/// It holds no speech and no secret: windows given in the manifest are times, channels and labels.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Spec {
    /// The recording.
    pub input: Input,
    /// What to mute.
    pub windows: WindowsSpec,
    /// The version of the file of windows, where it is known when it is planned: the ETag, or size and time of
    /// change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub windows_version: Option<String>,
    /// The treatment, as the manifest has it: `silence`, `gain=0.01`, `tone=1000`. Absent: the policy's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub treatment: Option<String>,
    /// Where the redacted recording goes; empty for the recordings API of Genesys, which takes it back.
    pub output: String,
    /// Where the receipt goes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipt: Option<String>,
    /// SHA-256 of the policy, in hex.
    pub policy: String,
}

/// A recording.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum Input {
    /// A file, or an object in a store.
    Place {
        /// Its path or URL.
        place: String,
        /// Its version where it is known when it is planned: the ETag, or size and time of change.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        version: Option<String>,
    },
    /// A recording in Genesys Cloud.
    Genesys {
        /// The API.
        api: Api,
        /// The conversation.
        conversation: String,
        /// The recording.
        recording: String,
        /// When the original is to be deleted, as the manifest has it; Platform API only.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        delete: Option<String>,
    },
}

/// An API of Genesys Cloud.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Api {
    /// Takes the redacted recording back as a new one.
    Recordings,
    /// That of an organisation of today.
    Platform,
}

/// Where the windows of a job come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum WindowsSpec {
    /// In the manifest: `START-END[@CHANNEL][=LABEL]`, one an entry.
    Inline(Vec<String>),
    /// A list or a transcript, at this path or URL.
    Place(String),
}

/// A job, before it was tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    /// Its key: [`Key::of`] its spec.
    pub key: Key,
    /// The line of the manifest, from 1; none for a prefix.
    pub line: Option<u64>,
    /// What the manifest calls it.
    pub id: Option<String>,
    /// What to do.
    pub spec: Spec,
}

/// Where a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Not begun.
    Planned,
    /// A worker has it, or had it when it died.
    Started,
    /// The redacted recording is in place, and its receipt.
    Done,
    /// It failed.
    Failed,
    /// Something may have been created at Genesys that must not be created twice: a person must look.
    Unknown,
}

/// Something that happened to a job that this process has claimed.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// The job.
    pub key: Key,
    /// What happened.
    pub event: Event,
}

/// What happens to a job after it was claimed. The first two are written down before the step that they
/// speak of.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A multipart upload was opened; no part is sent yet.
    Upload(Upload),
    /// The new recording is about to be created at Genesys. A job found in this state is [`State::Unknown`].
    Granting,
    /// It certainly was not created, and is tried again after a wait: a job found now is as good as planned.
    Refused,
    /// The redacted recording is in place, and its receipt.
    Done(Box<Done>),
    /// It failed.
    Failed(Failed),
    /// It failed, and something may have been created at Genesys.
    Unknown(Failed),
    /// It was not done, because the run ends.
    Released,
    /// This upload of an abandoned job was aborted. Whoever has the job, or nobody.
    Aborted(Upload),
}

/// An open multipart upload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Upload {
    /// The URL of the object.
    pub place: String,
    /// The store's id of the upload.
    pub id: String,
}

/// What became of a job that is done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub struct Done {
    /// Version of the input that was read: the ETag, or size and time of change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input_version: Option<String>,
    /// The redacted recording: its URL or path, or the id of the new recording.
    pub output: String,
    /// Its ETag, if the store gives one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
    /// Its SHA-256, in hex.
    pub sha256: String,
    /// Its bytes.
    pub bytes: u64,
    /// Where the receipt is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipt: Option<String>,
    /// SHA-256 of the receipt's bytes, in hex.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipt_sha256: Option<String>,
    /// Frames of the recording, and its rate.
    pub frames: u64,
    /// Frames a second.
    pub rate: u32,
    /// Frames that were treated.
    pub redacted_frames: u64,
    /// Windows.
    pub windows: u64,
    /// Seconds that the work took.
    pub took: f64,
    /// Nothing was found, and `--if-none` said what to do: `skip` (no output) or `copy`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub if_none: Option<String>,
}

/// Why a job failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failed {
    /// The kind, to count by.
    pub kind: FailureKind,
    /// The error, in words; nothing that was said in the recording, and no secret.
    pub message: String,
}

/// A kind of failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FailureKind {
    /// The recording is not there.
    Missing,
    /// The recording has no transcript or list beside it.
    NoWindows,
    /// The transcript was searched and holds nothing.
    NothingFound,
    /// The windows cannot be read, or do not fit the recording.
    Windows,
    /// The recording cannot be decoded, or is cut.
    Recording,
    /// It is at its place already, and is not ours.
    Exists,
    /// The recording changed while it was read.
    Changed,
    /// A store or an API refuses: permissions, or credentials.
    Refused,
    /// A store or an API does not answer, or answers with its own errors.
    Unavailable,
    /// A local disk: full, or not to be written.
    Storage,
    /// The written file did not pass the self-check.
    SelfCheck,
    /// Anything else.
    Other,
}

impl FailureKind {
    /// Whether another try, with nothing changed, may succeed.
    pub fn is_retryable(self) -> bool {
        matches!(self, Self::Unavailable | Self::Changed)
    }

    /// Its name in JSON.
    pub fn name(self) -> String {
        let name = serde_json::to_value(self).ok();
        name.and_then(|name| Some(name.as_str()?.to_owned())).unwrap_or_default()
    }
}

/// A link of the chain over the receipts: one for each job that is done, in the order of their commits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Link {
    /// From 1, without gaps.
    pub sequence: u64,
    /// The job.
    pub key: Key,
    /// Where the receipt is; empty if there is none.
    pub receipt: String,
    /// SHA-256 of the receipt's bytes; without a receipt, of the redacted recording. Hex.
    pub sha256: String,
    /// The hash of the link before, in hex; of the first: 64 zeros.
    pub previous: String,
    /// The hash of this link, in hex: [`Link::hash`].
    pub hash: String,
}

impl Key {
    /// The key of a job: SHA-256 of its spec as JSON. Where the receipt goes is no part of what it is.
    pub fn of(spec: &Spec) -> Self {
        let content = Spec { receipt: None, ..spec.clone() };
        let json = serde_json::to_vec(&content).unwrap_or_default();
        Self(Digest::of(&json).sha256)
    }

    /// The key that a job would have without versions. Shares are to be made by it: machines whose copies of
    /// one file have other times would not agree on [`Key::of`], and a job might be in no share.
    pub fn without_versions(spec: &Spec) -> Self {
        let mut spec = Spec { windows_version: None, ..spec.clone() };
        if let Input::Place { version, .. } = &mut spec.input {
            *version = None;
        }
        Self::of(&spec)
    }
}

impl Link {
    /// The hash over its own fields and the hash before.
    pub fn hash(&self) -> String {
        let Self { sequence, key, receipt, sha256, previous, .. } = self;
        let text =
            format!("sordino-chain-1\n{sequence}\n{}\n{receipt}\n{sha256}\n{previous}\n", key.0);
        Digest::of(text.as_bytes()).sha256
    }
}
