//! The Platform API: what a Genesys Cloud organisation of today answers, one group of calls in each file.
//!
//! Names of fields and calls are those of the vendor's SDKs. Where these do not tell what the server does,
//! the sandbox does the stricter thing. Answers hold fields that no client knows, as real ones do.

use axum::Router;
use axum::routing::{get, post, put};

use super::state::Sandbox;

mod annotations;
mod batch;
mod body;
mod demo;
mod error;
mod imports;
mod media;
mod metadata;
mod model;
mod organisation;
mod protection;
mod recordings;
mod reports;
mod retention;
mod time;
mod token;
mod transcripts;
mod view;

pub use imports::{Import, ImportStatus};
pub use model::{Conversation, ConversationRecording, FileState};

pub(super) use batch::Batch;
pub(super) use error::{Problem, StorageProblem};
pub(super) use reports::Report;

/// The routes of the API, and the token's, which both protocols share.
pub(super) fn api() -> Router<Sandbox> {
    const CONVERSATION: &str = "/api/v2/conversations/{conversation}";
    const RECORDINGS: &str = "/api/v2/conversations/{conversation}/recordings";
    const METADATA: &str = "/api/v2/conversations/{conversation}/recordingmetadata";
    const TRANSCRIPT: &str = "/api/v2/speechandtextanalytics/conversations/{conversation}/communications/{communication}";
    let recording = format!("{RECORDINGS}/{{recording}}");
    let annotations = format!("{recording}/annotations");
    Router::new()
        .route("/oauth/token", post(token::sign_in))
        .route("/api/v2/organizations/me", get(organisation::me))
        .route(CONVERSATION, get(organisation::conversation))
        .route(RECORDINGS, get(recordings::list))
        .route(&recording, get(recordings::one).put(retention::put))
        .route(METADATA, get(metadata::list))
        .route(&format!("{METADATA}/{{recording}}"), get(metadata::one))
        .route(&annotations, get(annotations::list).post(annotations::add))
        .route(
            &format!("{annotations}/{{annotation}}"),
            get(annotations::one).put(annotations::replace).delete(annotations::delete),
        )
        .route("/api/v2/recording/batchrequests", post(batch::submit))
        .route("/api/v2/recording/batchrequests/{job}", get(batch::status))
        .route(
            "/api/v2/recordings/deletionprotection",
            post(protection::query).put(protection::set),
        )
        .route("/api/v2/uploads/recordings", post(imports::grant))
        .route("/api/v2/recording/uploads/reports", post(reports::submit))
        .route("/api/v2/recording/uploads/reports/{report}", get(reports::status))
        .route(&format!("{TRANSCRIPT}/transcripturl"), get(transcripts::first))
        .route(&format!("{TRANSCRIPT}/transcripturls"), get(transcripts::all))
}

/// The routes of the storage host.
pub(super) fn storage() -> Router<Sandbox> {
    Router::new()
        .route("/media/{conversation}/{recording}/{key}", get(media::media))
        .route("/transcript/{conversation}/{recording}", get(media::transcript))
        .route("/import/{key}", put(imports::receive))
        .route("/report/{report}", get(reports::file))
}

/// Whether a path belongs to the API.
pub(super) fn is_api(path: &str) -> bool {
    [
        "conversations/",
        "organizations/",
        "recording/",
        "recordings/deletionprotection",
        "speechandtextanalytics/",
        "uploads/",
    ]
    .iter()
    .any(|start| path.strip_prefix("/api/v2/").is_some_and(|rest| rest.starts_with(start)))
}

/// Whether a path belongs to the storage host.
pub(super) fn is_storage(path: &str) -> bool {
    ["/media/", "/transcript/", "/import/", "/report/"].iter().any(|start| path.starts_with(start))
}
