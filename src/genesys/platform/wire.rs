//! Bodies and paths of the Platform API, as far as they are used. Unknown fields are ignored, and every field
//! may be missing.
//!
//! Types with a presigned URL have no `Debug`, so that they cannot be printed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Path before a conversation's id.
pub const CONVERSATIONS: &[&str] = &["api", "v2", "conversations"];
/// Follows a conversation's path, for `GET` of all its [`Recording`]s; followed by an id, of one. `PUT` of a
/// [`Retention`] to one.
pub const RECORDINGS: &[&str] = &["recordings"];
/// Follows a conversation's path, for `GET` of all its [`Recording`]s without their media; followed by an id,
/// of one.
pub const METADATA: &[&str] = &["recordingmetadata"];
/// Path for `GET` of the [`Entity`] that is the organisation.
pub const ORGANISATION: &[&str] = &["api", "v2", "organizations", "me"];
/// Follows a recording's path, for `POST` of an [`Annotation`], and for `GET` of all.
pub const ANNOTATIONS: &[&str] = &["annotations"];
/// Path for `POST` of a [`ProtectionQuery`]; the answer is a list of [`Entity`]: the protected ones.
pub const PROTECTION: &[&str] = &["api", "v2", "recordings", "deletionprotection"];
/// Path before a conversation's id, for its transcripts.
pub const ANALYTICS: &[&str] = &["api", "v2", "speechandtextanalytics", "conversations"];
/// Follows the conversation's id and is followed by that of a communication.
pub const COMMUNICATIONS: &[&str] = &["communications"];
/// Follows the communication's id, for `GET` of [`TranscriptUrls`].
pub const TRANSCRIPT_URLS: &[&str] = &["transcripturls"];
/// Follows the communication's id, for `GET` of a [`TranscriptUrl`].
pub const TRANSCRIPT_URL: &[&str] = &["transcripturl"];

/// The value of [`Recording::media`] for audio.
pub const AUDIO: &str = "audio";

/// What is read of a conversation: nothing that names or describes a person.
#[derive(Default, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Conversation {
    /// Its id.
    pub id: String,
    /// When it began, ISO 8601.
    pub start_time: Option<String>,
}

/// A recording, as the API describes it.
#[derive(Default, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Recording {
    /// The recording's id.
    pub id: String,
    /// The conversation's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conversation_id: Option<String>,
    /// [`AUDIO`], `screen`, `chat`, `email`, `messaging` or another.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub media: Option<String>,
    /// `Trunk`, `Station`, `Consult`, `Screen`, `Snippet` or another.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub media_subtype: Option<String>,
    /// `AVAILABLE`, `ARCHIVED`, `RESTORING`, `RESTORED`, `DELETED`, `UPLOADING`, `ERROR` or another.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file_state: Option<String>,
    /// When the recording began, ISO 8601.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_time: Option<String>,
    /// When it ended, ISO 8601.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_time: Option<String>,
    /// A list of annotations, those of the system too. Not read unless a clock is needed.
    #[serde(skip_serializing_if = "serde_json::Value::is_null")]
    pub annotations: serde_json::Value,
    /// The id of the recorded session.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_id: Option<String>,
    /// A link for each key. Only when the recording is transcoded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub media_uris: Option<BTreeMap<String, MediaUri>>,
    /// How long the transcoding will take, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub estimated_transcode_time_ms: Option<f64>,
    /// When it will be archived, ISO 8601.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub archive_date: Option<String>,
    /// When it will be deleted, ISO 8601.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delete_date: Option<String>,
    /// When it will be exported, ISO 8601.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub export_date: Option<String>,
    /// When it was exported, ISO 8601.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exported_date: Option<String>,
}

/// The link of one part of a recording.
#[derive(Default, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct MediaUri {
    /// A presigned URL, valid for 2 to 60 minutes.
    pub media_uri: Option<String>,
}

/// What `PUT` of a recording may change.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Retention {
    /// When it will be archived, ISO 8601.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub archive_date: Option<String>,
    /// When it will be deleted, ISO 8601.
    pub delete_date: String,
}

/// An annotation of a recording. Times are in milliseconds.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Annotation {
    /// Its id, in answers.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub id: String,
    /// Its name.
    pub name: String,
    /// `bookmark` for a user's own.
    #[serde(rename = "type")]
    pub kind: String,
    /// Where it begins.
    pub location: i64,
    /// How long it is.
    pub duration_ms: i64,
    /// At most 500 characters.
    pub description: String,
}

/// Asks which of these conversations are protected from deletion.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ProtectionQuery {
    /// At most 100 ids.
    pub conversation_ids: Vec<String>,
}

/// Something with an id.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Entity {
    /// The id.
    pub id: String,
}

/// The link of a transcript.
#[derive(Clone, Serialize, Deserialize)]
pub struct TranscriptUrl {
    /// A presigned URL, valid for 10 minutes.
    pub url: String,
}

/// The links of a communication's transcripts.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TranscriptUrls {
    /// One for each recording.
    #[serde(default)]
    pub urls: Vec<RecordingTranscript>,
}

/// The link of a recording's transcript.
#[derive(Clone, Serialize, Deserialize)]
pub struct RecordingTranscript {
    /// The recording, by its id or as an [`Entity`].
    #[serde(default)]
    pub recording: serde_json::Value,
    /// A presigned URL, valid for 10 minutes.
    pub url: String,
}
