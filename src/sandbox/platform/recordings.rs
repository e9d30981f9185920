//! Recordings of a conversation with their media: one, or all.

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::super::answer::json as answer;
use super::super::fault::FaultKind;
use super::super::inject::FaultInAnswer;
use super::super::routes::SignedIn;
use super::super::state::{Organisation, Sandbox};
use super::error::Problem;
use super::model::{ConversationRecording, VIEW};
use super::view;

const FORMATS: [&str; 7] = ["WAV", "WEBM", "WAV_ULAW", "OGG_VORBIS", "OGG_OPUS", "MP3", "NONE"];

/// What a client wants of the media. The files are what the recording holds, in every format.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Wanted {
    format_id: Option<String>,
}

impl Wanted {
    /// Whether media is wanted.
    fn media(&self) -> Result<bool, Problem> {
        match self.format_id.as_deref() {
            Some(format) if !FORMATS.contains(&format) => {
                Err(Problem::value(&format!("formatId is one of {}", FORMATS.join(", "))))
            }
            format => Ok(format != Some("NONE")),
        }
    }
}

pub(super) async fn one(
    _: SignedIn,
    FaultInAnswer(fault): FaultInAnswer,
    State(sandbox): State<Sandbox>,
    Path((conversation, id)): Path<(String, String)>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Problem> {
    let mut organisation = sandbox.lock();
    organisation.need_any(&VIEW)?;
    let is_wanted = wanted.media()?;
    let recording = read(&mut organisation, &sandbox, &conversation, &id, is_wanted)?;
    let shown = match fault {
        Some(FaultKind::Accepted) => return Ok(StatusCode::ACCEPTED.into_response()),
        Some(FaultKind::None) => return Err(Problem::not_found("recording")),
        fault => show(&mut organisation, &sandbox, &conversation, &recording, fault, is_wanted),
    };
    let status = if shown.pending { StatusCode::ACCEPTED } else { StatusCode::OK };
    Ok((status, answer(&shown.view)).into_response())
}

pub(super) async fn list(
    _: SignedIn,
    FaultInAnswer(fault): FaultInAnswer,
    State(sandbox): State<Sandbox>,
    Path(id): Path<String>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Problem> {
    let mut organisation = sandbox.lock();
    organisation.need_any(&VIEW)?;
    let is_wanted = wanted.media()?;
    let conversation = organisation.find(&id)?;
    if conversation.empty_lists > 0 || fault == Some(FaultKind::None) {
        conversation.empty_lists = conversation.empty_lists.saturating_sub(1);
        return Ok(answer(&json!([])));
    }
    if fault == Some(FaultKind::Accepted) {
        return Ok(StatusCode::ACCEPTED.into_response());
    }
    let ids: Vec<_> = conversation.recordings.iter().map(|known| known.id.clone()).collect();
    let mut shown = Vec::new();
    for recording in ids {
        let recording = read(&mut organisation, &sandbox, &id, &recording, is_wanted)?;
        let fault = fault.clone();
        shown.push(show(&mut organisation, &sandbox, &id, &recording, fault, is_wanted));
    }
    let is_pending = shown.iter().any(|shown| shown.pending);
    let status = if is_pending { StatusCode::ACCEPTED } else { StatusCode::OK };
    let views: Vec<_> = shown.into_iter().map(|shown| shown.view).collect();
    Ok((status, answer(&views)).into_response())
}

/// A recording as it is shown by this request, for which it may be transcoded.
fn read(
    organisation: &mut Organisation,
    sandbox: &Sandbox,
    conversation: &str,
    id: &str,
    is_media: bool,
) -> Result<ConversationRecording, Problem> {
    organisation.come_up_to_date(conversation, id, sandbox.options.reads_before_change)?;
    let recording = organisation.find_recording(conversation, id)?;
    let shown = recording.clone();
    if is_media && recording.state.has_media() {
        recording.transcoding = recording.transcoding.saturating_sub(1);
    }
    Ok(shown)
}

struct Shown {
    view: Map<String, Value>,
    /// Whether it is being transcoded.
    pending: bool,
}

fn show(
    organisation: &mut Organisation,
    sandbox: &Sandbox,
    conversation: &str,
    recording: &ConversationRecording,
    fault: Option<FaultKind>,
    is_wanted: bool,
) -> Shown {
    let is_refused = fault == Some(FaultKind::Refused);
    let (hint, state) = match fault {
        Some(FaultKind::Transcoding(hint)) => (Some(hint), None),
        Some(FaultKind::State(state)) => (None, Some(state)),
        _ => ((recording.transcoding > 0).then_some(view::TRANSCODING_MS), None),
    };
    let mut view = view::whole(conversation, recording);
    if let Some(state) = state {
        view.insert("fileState".into(), state.into());
        return Shown { view, pending: false };
    }
    if !is_wanted || !recording.state.has_media() {
        return Shown { view, pending: false };
    }
    if let Some(hint) = hint {
        view.insert("estimatedTranscodeTimeMs".into(), hint.into());
        return Shown { view, pending: true };
    }
    let lifetime = sandbox.options.url_lifetime;
    let uris = view::media_uris(organisation, conversation, recording, lifetime, is_refused);
    let media = |(key, uri)| (key, json!({ "mediaUri": uri, "waveformData": [0.0, 0.5] }));
    view.insert("mediaUris".into(), uris.into_iter().map(media).collect::<Map<_, _>>().into());
    view.insert("actualTranscodeTimeMs".into(), view::TRANSCODING_MS.into());
    Shown { view, pending: false }
}
