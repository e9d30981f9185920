//! Bodies and paths of the recordings API, shared by client and sandbox.
//!
//! Types with a token or a presigned URL have no `Debug`, so that they cannot be printed.

use serde::{Deserialize, Serialize};

/// The steps of the workflow, in order; after `Complete` those that only the Platform API has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum WorkflowStep {
    /// Get a bearer token.
    SignIn,
    /// Get the recording's download URL.
    Locate,
    /// Download the recording.
    Fetch,
    /// Create a new recording and get its upload URL.
    Grant,
    /// Upload the redacted audio to that URL.
    Upload,
    /// Report that the upload is complete.
    Complete,
    /// Ask which recordings a conversation has. Platform API.
    List,
    /// Ask where an export to a bucket would put the recordings of a conversation. Platform API.
    Layout,
    /// Get the transcript's URL, and the transcript from there. Platform API.
    Transcript,
    /// Mark a passage of a recording with an annotation. Platform API.
    Annotate,
    /// Ask whether a conversation is protected from deletion. Platform API.
    Protection,
    /// Set when a recording is deleted, and read it again. Platform API.
    Retention,
}

impl WorkflowStep {
    /// The step's name in messages, receipts and the sandbox's ledger.
    pub fn name(self) -> &'static str {
        match self {
            Self::SignIn => "sign in",
            Self::Locate => "locate",
            Self::Fetch => "fetch",
            Self::Grant => "grant",
            Self::Upload => "upload",
            Self::Complete => "complete",
            Self::List => "list",
            Self::Layout => "layout",
            Self::Transcript => "transcript",
            Self::Annotate => "annotate",
            Self::Protection => "protection",
            Self::Retention => "retention",
        }
    }
}

impl std::fmt::Display for WorkflowStep {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// Path for `POST` of a [`SignIn`] form; the answer is a [`Token`].
pub const TOKEN: &[&str] = &["oauth", "token"];
/// Path for `POST` of a [`CreateRecording`]; the answer is a [`CreatedRecording`]. Followed by an id, for
/// `GET` of a [`Recording`].
pub const RECORDINGS: &[&str] = &["api", "v2", "recordings"];
/// Follows a recording's path, for `POST` without a body: the upload is complete.
pub const COMPLETE: &[&str] = &["upload", "complete"];
/// Header with the API's id of the request, for Genesys support.
pub const CORRELATION: &str = "inin-correlation-id";
/// Status of a recording that can be downloaded.
pub const COMPLETED: &str = "completed";

/// Form that requests a token.
#[derive(Serialize, Deserialize)]
pub struct SignIn {
    /// `client_credentials`.
    pub grant_type: String,
    /// The OAuth client's id.
    pub client_id: String,
    /// The OAuth client's secret.
    pub client_secret: String,
}

/// Answer to [`SignIn`].
#[derive(Serialize, Deserialize)]
pub struct Token {
    /// The bearer token.
    pub access_token: String,
    /// `bearer`.
    #[serde(default)]
    pub token_type: String,
    /// Seconds until it expires.
    pub expires_in: u64,
}

/// A recording, as the API describes it.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Recording {
    /// The recording's id.
    pub id: String,
    /// `conversation`.
    #[serde(default)]
    pub recording_type: String,
    /// `audio`.
    #[serde(default)]
    pub media_type: String,
    /// Presigned URL of the audio, valid for a limited time. Only if the status is [`COMPLETED`].
    #[serde(default)]
    pub download_url: Option<String>,
    /// [`COMPLETED`], or an earlier state.
    pub status: String,
    /// Time of creation, ISO 8601.
    #[serde(default)]
    pub created_date: Option<String>,
}

/// Body of the request that creates a recording.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CreateRecording {
    /// `conversation`.
    pub recording_type: String,
    /// `audio`.
    pub media_type: String,
    /// The conversation of the recording.
    pub conversation_id: String,
}

/// Answer to [`CreateRecording`].
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CreatedRecording {
    /// The new recording's id.
    pub id: String,
    /// Presigned URL for `PUT` of its audio.
    pub upload_url: String,
}

/// Body of an error answer. Each field may be missing.
#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ErrorBody {
    /// The message for people.
    pub message: String,
    /// The error code for programs.
    pub code: String,
    /// The HTTP status.
    pub status: u16,
    /// The API's id of the error, for Genesys support.
    pub context_id: String,
}
