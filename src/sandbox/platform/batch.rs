//! Batch requests: the links of many recordings by one request.

use axum::extract::{Path, State};
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::super::answer::json as answer;
use super::super::inject::FaultInAnswer;
use super::super::routes::SignedIn;
use super::super::state::{Organisation, Sandbox};
use super::body::Body;
use super::error::Problem;
use super::media::content_type;
use super::model::{ConversationRecording, VIEW};
use super::view;

/// The most recordings of one request.
const MOST: usize = 100;

/// A batch request.
#[derive(Debug)]
pub(in super::super) struct Batch {
    wanted: Vec<Wanted>,
    /// How often it is still in progress when it is read.
    polls: u32,
}

/// A recording, or all of a conversation.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wanted {
    conversation_id: String,
    recording_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Submission {
    batch_download_request_list: Vec<Wanted>,
}

pub(super) async fn submit(
    _: SignedIn,
    State(sandbox): State<Sandbox>,
    Body(submission): Body<Submission>,
) -> Result<Response, Problem> {
    let mut organisation = sandbox.lock();
    organisation.need_any(&VIEW)?;
    let wanted = submission.batch_download_request_list;
    if wanted.is_empty() || wanted.len() > MOST {
        return Err(Problem::value("batchDownloadRequestList has 1 to 100 entries"));
    }
    let id = Uuid::new_v4().to_string();
    organisation.batches.insert(id.clone(), Batch { wanted, polls: sandbox.options.polls });
    Ok(answer(&json!({ "id": id, "selfUri": uri(&id) })))
}

pub(super) async fn status(
    _: SignedIn,
    fault: FaultInAnswer,
    State(sandbox): State<Sandbox>,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let mut organisation = sandbox.lock();
    let unknown = || Problem::not_found("batch request");
    let batch = organisation.batches.get_mut(&id).ok_or_else(unknown)?;
    let (wanted, in_progress) = (batch.wanted.clone(), batch.polls > 0);
    batch.polls = batch.polls.saturating_sub(1);
    // While it runs, as many are expected as were requested; a conversation with several changes that.
    let results = match in_progress {
        true => vec![],
        false => results(&mut organisation, &sandbox, &wanted, fault.is_refused()),
    };
    let expected = if in_progress { wanted.len() } else { results.len() };
    let is_error = |result: &&Value| result.get("errorMsg").is_some();
    Ok(answer(&json!({
        "id": id,
        "jobId": id,
        "expectedResultCount": expected,
        "resultCount": results.len(),
        "errorCount": results.iter().filter(is_error).count(),
        "status": if in_progress { "InProgress" } else { "Completed" },
        "results": results,
        "selfUri": uri(&id),
    })))
}

fn uri(id: &str) -> String {
    format!("/api/v2/recording/batchrequests/{id}")
}

fn results(
    organisation: &mut Organisation,
    sandbox: &Sandbox,
    wanted: &[Wanted],
    refused: bool,
) -> Vec<Value> {
    let mut results = Vec::new();
    for Wanted { conversation_id: conversation, recording_id: id } in wanted {
        let found = organisation.find(conversation).map(|known| known.recordings.clone());
        let is_wanted =
            |known: &ConversationRecording| id.as_ref().is_none_or(|id| *id == known.id);
        let found: Vec<_> = found.unwrap_or_default().into_iter().filter(is_wanted).collect();
        if found.is_empty() {
            let missing = json!({ "conversationId": conversation, "errorMsg": "not found" });
            results.push(missing);
        }
        for recording in found.iter().filter(|recording| !recording.sensitive) {
            results.extend(links(organisation, sandbox, conversation, recording, refused));
        }
    }
    results
}

fn links(
    organisation: &mut Organisation,
    sandbox: &Sandbox,
    conversation: &str,
    recording: &ConversationRecording,
    refused: bool,
) -> Vec<Value> {
    if !recording.state.has_media() {
        let message = format!("the recording is {}", recording.state.name());
        let id = &recording.id;
        let error =
            json!({ "conversationId": conversation, "recordingId": id, "errorMsg": message });
        return vec![error];
    }
    let lifetime = sandbox.options.url_lifetime;
    let uris = view::media_uris(organisation, conversation, recording, lifetime, refused);
    let link = |uri: &str, bytes: &[u8]| {
        json!({
            "conversationId": conversation,
            "recordingId": recording.id,
            "resultUrl": uri,
            "contentType": content_type(&recording.media, bytes),
        })
    };
    let files = uris.iter().zip(&recording.files);
    files.map(|((_, uri), (_, bytes))| link(uri, bytes)).collect()
}
