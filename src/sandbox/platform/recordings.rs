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
use super::model::VIEW;
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
    match fault {
        Some(FaultKind::Accepted) => return Ok(StatusCode::ACCEPTED.into_response()),
        Some(FaultKind::EmptyList) => return Err(Problem::not_found("recording")),
        _ => {}
    }
    let shown = show(&mut organisation, &sandbox, (&conversation, &id), fault, is_wanted)?;
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
    if conversation.empty_lists > 0 || fault == Some(FaultKind::EmptyList) {
        conversation.empty_lists = conversation.empty_lists.saturating_sub(1);
        return Ok(answer(&json!([])));
    }
    if fault == Some(FaultKind::Accepted) {
        return Ok(StatusCode::ACCEPTED.into_response());
    }
    let ids: Vec<_> = conversation.recordings.iter().map(|known| known.id.clone()).collect();
    let mut shown = Vec::new();
    for recording in ids {
        let place = (id.as_str(), recording.as_str());
        shown.push(show(&mut organisation, &sandbox, place, fault.clone(), is_wanted)?);
    }
    let is_pending = shown.iter().any(|shown| shown.pending);
    let status = if is_pending { StatusCode::ACCEPTED } else { StatusCode::OK };
    let views = shown.into_iter().map(|shown| shown.view).collect();
    Ok((status, answer(&view::with_fault(views, fault.as_ref()))).into_response())
}

struct Shown {
    view: Map<String, Value>,
    /// Whether it is being transcoded.
    pending: bool,
}

/// Shows the recording with these ids of conversation and recording.
fn show(
    organisation: &mut Organisation,
    sandbox: &Sandbox,
    (conversation, id): (&str, &str),
    fault: Option<FaultKind>,
    is_wanted: bool,
) -> Result<Shown, Problem> {
    organisation.come_up_to_date(conversation, id, sandbox.options.reads_before_change)?;
    let recording = organisation.find_recording(conversation, id)?;
    let mut view = view::whole(conversation, recording);
    if let Some(FaultKind::State(state)) = fault {
        view.insert("fileState".into(), state.into());
        return Ok(Shown { view, pending: false });
    }
    if !is_wanted || !recording.state.has_media() {
        return Ok(Shown { view, pending: false });
    }
    let is_refused = fault == Some(FaultKind::Refused);
    let hint = match fault {
        Some(FaultKind::Transcoding(hint)) => Some(hint),
        _ if recording.transcoding > 0 => {
            recording.transcoding -= 1;
            Some(view::TRANSCODING_MS)
        }
        _ => None,
    };
    if let Some(hint) = hint {
        view.insert("estimatedTranscodeTimeMs".into(), hint.into());
        return Ok(Shown { view, pending: true });
    }
    let (recording, lifetime) = (recording.clone(), sandbox.options.url_lifetime);
    let uris = view::media_uris(organisation, conversation, &recording, lifetime, is_refused);
    let media = |(key, uri)| (key, json!({ "mediaUri": uri, "waveformData": [0.0, 0.5] }));
    view.insert("mediaUris".into(), uris.into_iter().map(media).collect::<Map<_, _>>().into());
    view.insert("actualTranscodeTimeMs".into(), view::TRANSCODING_MS.into());
    Ok(Shown { view, pending: false })
}
