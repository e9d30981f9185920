//! Links of transcripts.

use axum::extract::{Path, State};
use axum::response::Response;
use serde_json::json;

use super::super::answer::json as answer;
use super::super::inject::FaultInAnswer;
use super::super::routes::SignedIn;
use super::super::state::Sandbox;
use super::error::Problem;
use super::model::FileState;

/// The transcript of a communication.
pub(super) async fn first(
    _: SignedIn,
    fault: FaultInAnswer,
    State(sandbox): State<Sandbox>,
    Path((conversation, communication)): Path<(String, String)>,
) -> Result<Response, Problem> {
    for permission in ["recording:recording:view", "speechAndTextAnalytics:data:view"] {
        sandbox.lock().need_any(&[permission])?;
    }
    let (_, url) = links(&sandbox, &conversation, &communication, fault.is_refused())?.remove(0);
    Ok(answer(&json!({ "url": url })))
}

/// The transcripts of a communication, one for each recording.
pub(super) async fn all(
    _: SignedIn,
    fault: FaultInAnswer,
    State(sandbox): State<Sandbox>,
    Path((conversation, communication)): Path<(String, String)>,
) -> Result<Response, Problem> {
    sandbox.lock().need_any(&["recording:recording:view", "recording:recordingSegment:view"])?;
    let own = format!("/api/v2/conversations/{conversation}");
    let urls = links(&sandbox, &conversation, &communication, fault.is_refused())?;
    let urls = urls.into_iter().map(|(id, url)| {
        let uri = format!("{own}/recordings/{id}");
        json!({ "recording": { "id": id, "selfUri": uri }, "url": url })
    });
    Ok(answer(&json!({
        "conversation": { "id": conversation, "selfUri": own },
        "communicationId": communication,
        "urls": urls.collect::<Vec<_>>(),
    })))
}

/// Recordings with the links of their transcripts, at least one. A transcript is deleted with its recording.
fn links(
    sandbox: &Sandbox,
    conversation: &str,
    communication: &str,
    refused: bool,
) -> Result<Vec<(String, String)>, Problem> {
    let mut organisation = sandbox.lock();
    let recordings = &organisation.find(conversation)?.recordings;
    let with_transcript = recordings.iter().filter(|known| {
        let is_there = known.transcript.is_some() && known.state != FileState::Deleted;
        known.session == communication && is_there
    });
    let ids: Vec<_> = with_transcript.map(|known| known.id.clone()).collect();
    if ids.is_empty() {
        return Err(Problem::not_found("transcript"));
    }
    let mut sign = |id: String| {
        let path = format!("transcript/{conversation}/{id}");
        let lifetime = sandbox.options.url_lifetime;
        let url = organisation.presign_like_cloudfront(path, lifetime, refused);
        (id, url)
    };
    Ok(ids.into_iter().map(&mut sign).collect())
}
