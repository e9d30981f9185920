//! Routes of the recordings API, one for each step; [`platform`] adds its own.

use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{FromRequestParts, Json, Path, State};
use axum::http::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use futures_util::StreamExt;
use uuid::Uuid;

use super::answer::{api_error, json};
use super::audio::Audio;
use super::fault::FaultKind;
use super::inject::{FaultInAnswer, error_at};
use super::platform;
use super::presign::Presigned;
use super::state::{Host, Sandbox, Upload};
use crate::genesys::wire::{self, COMPLETED};

pub(super) fn router(host: Host, sandbox: Sandbox) -> Router {
    match host {
        Host::Api => platform::api()
            .route("/api/v2/recordings", post(grant).get(list))
            .route("/api/v2/recordings/{id}", get(locate))
            .route("/api/v2/recordings/{id}/upload/complete", post(complete)),
        Host::Storage => platform::storage()
            .route("/download/{id}", get(fetch))
            .route("/upload/{id}", put(upload)),
    }
    .fallback(|uri: Uri| async move { error_at(uri.path(), 404, "there is nothing here") })
    .with_state(sandbox)
}

/// Requires a valid bearer token.
pub(super) struct SignedIn;

impl FromRequestParts<Sandbox> for SignedIn {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, sandbox: &Sandbox) -> Result<Self, Response> {
        let bearer = parts.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token = bearer.and_then(|bearer| bearer.strip_prefix("Bearer ")).unwrap_or_default();
        match sandbox.lock().tokens.get(token) {
            Some(until) if Instant::now() < *until => Ok(Self),
            _ => {
                let message = "the token is missing, unknown or expired";
                Err(error_at(parts.uri.path(), 401, message))
            }
        }
    }
}

async fn locate(
    _: SignedIn,
    fault: FaultInAnswer,
    State(sandbox): State<Sandbox>,
    Path(id): Path<String>,
) -> Response {
    let mut organisation = sandbox.lock();
    if !organisation.recordings.contains_key(&id) {
        return api_error(404, "there is no such recording");
    }
    let refused = fault.is_refused();
    let (status, download_url) = match fault.0 {
        Some(FaultKind::State(state)) => (state, None),
        _ => {
            let path = format!("download/{id}");
            let url = organisation.presign(path, sandbox.options.url_lifetime, refused);
            (COMPLETED.into(), Some(url))
        }
    };
    json(&wire::Recording {
        id,
        recording_type: "conversation".into(),
        media_type: "audio".into(),
        download_url,
        status,
        created_date: Some("2026-01-01T00:00:00.000Z".into()),
    })
}

/// Not part of the Genesys API: lists the uploads, for people.
async fn list(_: SignedIn, State(sandbox): State<Sandbox>) -> Response {
    let describe = |upload: &Upload| {
        serde_json::json!({
            "id": upload.id,
            "conversationId": upload.conversation_id,
            "bytes": upload.bytes,
            "status": if upload.completed { COMPLETED } else { "uploading" },
        })
    };
    json(&sandbox.uploads().iter().map(describe).collect::<Vec<_>>())
}

async fn grant(
    _: SignedIn,
    fault: FaultInAnswer,
    State(sandbox): State<Sandbox>,
    Json(create): Json<wire::CreateRecording>,
) -> Response {
    if create.conversation_id.is_empty() {
        return api_error(400, "a recording belongs to a conversation");
    }
    let id = Uuid::new_v4().to_string();
    let mut organisation = sandbox.lock();
    let (path, lifetime) = (format!("upload/{id}"), sandbox.options.url_lifetime);
    let upload_url = organisation.presign(path, lifetime, fault.is_refused());
    organisation.uploads.push(Upload {
        id: id.clone(),
        conversation_id: create.conversation_id,
        audio: None,
        bytes: 0,
        completed: false,
    });
    json(&wire::CreatedRecording { id, upload_url })
}

async fn complete(_: SignedIn, State(sandbox): State<Sandbox>, Path(id): Path<String>) -> Response {
    let mut organisation = sandbox.lock();
    let Some(upload) = organisation.uploads.iter_mut().find(|upload| upload.id == id) else {
        return api_error(404, "there is no such recording");
    };
    let Some(audio) = upload.audio.clone() else {
        return api_error(409, "nothing has been uploaded");
    };
    upload.completed = true;
    organisation.recordings.insert(id, Audio::Bytes(audio));
    StatusCode::NO_CONTENT.into_response()
}

async fn fetch(_: Presigned, State(sandbox): State<Sandbox>, Path(id): Path<String>) -> Response {
    match sandbox.lock().recordings.get(&id) {
        Some(audio) => stream(audio.clone(), audio.content_type(), sandbox.options.throttle),
        None => api_error(404, "there is no such recording"),
    }
}

/// Sends audio piece by piece, at most `throttle` bytes a second.
pub(super) fn stream(audio: Audio, content_type: &'static str, throttle: Option<u64>) -> Response {
    let headers = [
        (CONTENT_LENGTH, HeaderValue::from(audio.length())),
        (CONTENT_TYPE, HeaderValue::from_static(content_type)),
    ];
    let stream = futures_util::stream::unfold((audio, 0), move |(audio, at)| async move {
        let piece = audio.piece(at)?;
        if let Some(rate) = throttle {
            let micros = piece.len() as u64 * 1_000_000 / rate.max(1);
            tokio::time::sleep(Duration::from_micros(micros)).await;
        }
        let next = at + piece.len() as u64;
        Some((Ok::<_, axum::Error>(piece), (audio, next)))
    });
    (headers, Body::from_stream(stream)).into_response()
}

/// Reads a body to its end, and drops it.
pub(super) async fn drain(body: Body) {
    let mut body = body.into_data_stream();
    while let Some(Ok(_)) = body.next().await {}
}

async fn upload(
    presigned: Result<Presigned, Response>,
    State(sandbox): State<Sandbox>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    if let Err(refusal) = presigned {
        drain(body).await;
        return refusal;
    }
    let (audio, bytes) = match receive(&headers, body, sandbox.options.discard).await {
        Ok(received) => received,
        Err((status, message)) => return api_error(status, message),
    };
    // Uploads that are discarded are empty here.
    let announced = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    if !audio.is_empty() && announced != Some(Audio::Bytes(audio.clone()).content_type()) {
        return api_error(415, "the upload is not of the type that it announces");
    }
    let mut organisation = sandbox.lock();
    let Some(upload) = organisation.uploads.iter_mut().find(|upload| upload.id == id) else {
        return api_error(404, "there is no such recording");
    };
    (upload.audio, upload.bytes) = (Some(audio), bytes);
    StatusCode::OK.into_response()
}

/// Receives an upload, and keeps it unless it is to be discarded; also returns its length. The error is a
/// status with its reason.
pub(super) async fn receive(
    headers: &HeaderMap,
    body: Body,
    discard: bool,
) -> Result<(Bytes, u64), (u16, &'static str)> {
    let length = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok());
    let length = length.and_then(|length| length.parse::<u64>().ok());
    let length = length.ok_or((411, "an upload announces its length"))?;
    let (mut kept, mut bytes) = (Vec::new(), 0);
    let mut body = body.into_data_stream();
    while let Some(piece) = body.next().await {
        let piece = piece.map_err(|_| (400, "the upload broke off"))?;
        bytes += piece.len() as u64;
        if !discard {
            kept.extend_from_slice(&piece);
        }
    }
    match bytes == length {
        true => Ok((kept.into(), bytes)),
        false => Err((400, "the upload is not as long as announced")),
    }
}
