//! The bodies and paths of the recordings API, shared with the sandbox and nobody else.
//!
//! Types that hold a token or a presigned URL have no `Debug`.

use serde::{Deserialize, Serialize};

/// The steps of the recipe, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Step {
    /// Getting a token.
    SignIn,
    /// Asking where the recording can be downloaded.
    Locate,
    /// Downloading it.
    Fetch,
    /// Creating a new recording, which grants an upload URL.
    Grant,
    /// Uploading to that URL.
    Upload,
    /// Saying that the upload is complete.
    Complete,
}

impl Step {
    /// The step's name in logs, ledgers and messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::SignIn => "sign in",
            Self::Locate => "locate",
            Self::Fetch => "fetch",
            Self::Grant => "grant",
            Self::Upload => "upload",
            Self::Complete => "complete",
        }
    }
}

impl std::fmt::Display for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// `POST`, form: the credentials.
pub const TOKEN: &[&str] = &["oauth", "token"];
/// `POST`: a [`Create`]. With an id behind it, `GET`: a [`Recording`].
pub const RECORDINGS: &[&str] = &["api", "v2", "recordings"];
/// Behind a recording's path, `POST`: the upload is complete.
pub const COMPLETE: &[&str] = &["upload", "complete"];
/// The header in which the API names a request, for its support.
pub const CORRELATION: &str = "inin-correlation-id";
/// The state of a recording that can be downloaded.
pub const COMPLETED: &str = "completed";

/// The form that asks for a token.
#[derive(Serialize, Deserialize)]
pub struct SignIn {
    /// `client_credentials`.
    pub grant_type: String,
    /// The client's id.
    pub client_id: String,
    /// The client's secret.
    pub client_secret: String,
}

/// The answer to [`SignIn`].
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

/// What the API knows of a recording.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Recording {
    /// Its id.
    pub id: String,
    /// `conversation`.
    #[serde(default)]
    pub recording_type: String,
    /// `audio`.
    #[serde(default)]
    pub media_type: String,
    /// Where it can be downloaded for a while; only when it is completed.
    #[serde(default)]
    pub download_url: Option<String>,
    /// [`COMPLETED`], or a state on the way there.
    pub status: String,
    /// When it was made, in ISO 8601.
    #[serde(default)]
    pub created_date: Option<String>,
}

/// The body that creates a recording.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Create {
    /// `conversation`.
    pub recording_type: String,
    /// `audio`.
    pub media_type: String,
    /// The conversation that the recording belongs to.
    pub conversation_id: String,
}

/// The answer to [`Create`].
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Grant {
    /// The new recording's id.
    pub id: String,
    /// Where its audio is to be put.
    pub upload_url: String,
}

/// The body of an answer that is an error. Any part may be missing.
#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Problem {
    /// For people.
    pub message: String,
    /// For programs.
    pub code: String,
    /// The HTTP status again.
    pub status: u16,
    /// For the API's support.
    pub context_id: String,
}
