//! The routes, each the sandbox's side of one step.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes};
use axum::extract::{Form, Json, Path, Query, State};
use axum::http::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode};
use axum::response::IntoResponse;
use axum::routing::{get, post, put};
use axum::{Router, http};
use futures_util::StreamExt;
use uuid::Uuid;

use super::Shared;
use super::fault::{Kind, problem};
use super::state::{Audio, Host, Sandbox, Upload};
use crate::genesys::wire::{self, COMPLETED};

/// How much of a body is sent at once.
const PIECE: u64 = 64 * 1024;

pub(super) fn router(host: Host, sandbox: Sandbox) -> Router {
    match host {
        Host::Api => Router::new()
            .route("/oauth/token", post(sign_in))
            .route("/api/v2/recordings", post(grant).get(list))
            .route("/api/v2/recordings/{id}", get(locate))
            .route("/api/v2/recordings/{id}/upload/complete", post(complete)),
        Host::Storage => {
            Router::new().route("/download/{id}", get(fetch)).route("/upload/{id}", put(upload))
        }
    }
    .fallback(|| async { problem(404, "there is nothing here") })
    .with_state(sandbox.0)
}

type Answer = Response<Body>;

fn json(body: &impl serde::Serialize) -> Answer {
    let mut answer = Json(body).into_response();
    let id = Uuid::new_v4().to_string();
    if let Ok(id) = HeaderValue::from_str(&id) {
        answer.headers_mut().insert(wire::CORRELATION, id);
    }
    answer
}

/// The error for whoever shows no bearer that is valid.
fn unless_signed_in(state: &Shared, headers: &HeaderMap) -> Option<Answer> {
    let bearer = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = bearer.and_then(|bearer| bearer.strip_prefix("Bearer ")).unwrap_or_default();
    let known = state.lock().tokens.get(token).is_some_and(|until| Instant::now() < *until);
    (!known).then(|| problem(401, "the token is missing, unknown or expired"))
}

async fn sign_in(State(state): State<Shared>, Form(form): Form<wire::SignIn>) -> Answer {
    let options = &state.options;
    if form.grant_type != "client_credentials" {
        return problem(400, "only client_credentials are granted");
    }
    if form.client_id != options.client_id || form.client_secret != options.client_secret {
        return problem(401, "the client id or secret is wrong");
    }
    let token = Uuid::new_v4().simple().to_string();
    let lifetime = options.token_lifetime;
    state.lock().tokens.insert(token.clone(), Instant::now() + lifetime);
    let (access_token, token_type) = (token, "bearer".into());
    json(&wire::Token { access_token, token_type, expires_in: lifetime.as_secs() })
}

async fn locate(State(state): State<Shared>, Path(id): Path<String>, headers: HeaderMap) -> Answer {
    if let Some(refusal) = unless_signed_in(&state, &headers) {
        return refusal;
    }
    let lifetime = state.options.url_lifetime;
    let mut inner = state.lock();
    if !inner.recordings.contains_key(&id) {
        return problem(404, "there is no such recording");
    }
    let (status, download_url) = match inner.state_fault.clone() {
        Some(Kind::State(state)) => (state, None),
        _ => (COMPLETED.into(), Some(inner.presign("download", &id, lifetime))),
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

/// Not of Genesys: what was uploaded, for people who look.
async fn list(State(state): State<Shared>, headers: HeaderMap) -> Answer {
    if let Some(refusal) = unless_signed_in(&state, &headers) {
        return refusal;
    }
    let uploads = state
        .lock()
        .uploads
        .iter()
        .map(|upload| {
            serde_json::json!({
                "id": upload.id,
                "conversationId": upload.conversation_id,
                "bytes": upload.bytes,
                "status": if upload.completed { COMPLETED } else { "uploading" },
            })
        })
        .collect::<Vec<_>>();
    json(&uploads)
}

async fn grant(
    State(state): State<Shared>,
    headers: HeaderMap,
    Json(create): Json<wire::Create>,
) -> Answer {
    if let Some(refusal) = unless_signed_in(&state, &headers) {
        return refusal;
    }
    if create.conversation_id.is_empty() {
        return problem(400, "a recording belongs to a conversation");
    }
    let id = Uuid::new_v4().to_string();
    let lifetime = state.options.url_lifetime;
    let mut inner = state.lock();
    let upload_url = inner.presign("upload", &id, lifetime);
    inner.uploads.push(Upload {
        id: id.clone(),
        conversation_id: create.conversation_id,
        audio: None,
        bytes: 0,
        completed: false,
    });
    json(&wire::Grant { id, upload_url })
}

async fn complete(
    State(state): State<Shared>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Answer {
    if let Some(refusal) = unless_signed_in(&state, &headers) {
        return refusal;
    }
    let mut inner = state.lock();
    let Some(upload) = inner.uploads.iter_mut().find(|upload| upload.id == id) else {
        return problem(404, "there is no such recording");
    };
    let Some(audio) = upload.audio.clone() else {
        return problem(409, "nothing has been uploaded");
    };
    upload.completed = true;
    inner.recordings.insert(id, Audio::Bytes(audio));
    StatusCode::NO_CONTENT.into_response()
}

/// The error for whoever shows a presigned host a bearer, or no good signature.
fn unless_presigned(
    state: &Shared,
    what: &str,
    query: &HashMap<String, String>,
    headers: &HeaderMap,
) -> Option<Answer> {
    if headers.contains_key(AUTHORIZATION) {
        return Some(problem(400, "a presigned URL takes no Authorization"));
    }
    let signature = query.get("signature").map_or("", String::as_str);
    (!state.lock().is_signed(what, signature)).then(|| problem(403, "Request has expired"))
}

async fn fetch(
    State(state): State<Shared>,
    Path(id): Path<String>,
    Query(query): Query<HashMap<String, String>>,
    headers: HeaderMap,
) -> Answer {
    let what = format!("download/{id}");
    if let Some(refusal) = unless_presigned(&state, &what, &query, &headers) {
        return refusal;
    }
    let Some(audio) = state.lock().recordings.get(&id).cloned() else {
        return problem(404, "there is no such recording");
    };
    let (length, throttle) = (audio.length(), state.options.throttle);
    let stream = futures_util::stream::unfold((audio, 0), move |(audio, at)| async move {
        let piece = audio.piece(at)?;
        if let Some(rate) = throttle {
            // A piece takes its time; the last one as well.
            let micros = piece.len() as u64 * 1_000_000 / rate.max(1);
            tokio::time::sleep(Duration::from_micros(micros)).await;
        }
        let next = at + piece.len() as u64;
        Some((Ok::<_, axum::Error>(piece), (audio, next)))
    });
    let mut answer = Response::new(Body::from_stream(stream));
    answer.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(length));
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("audio/wav"));
    answer
}

/// Takes a body, and forgets it.
pub(super) async fn drain(body: Body) {
    let mut body = body.into_data_stream();
    while let Some(Ok(_)) = body.next().await {}
}

async fn upload(
    State(state): State<Shared>,
    Path(id): Path<String>,
    Query(query): Query<HashMap<String, String>>,
    request: http::Request<Body>,
) -> Answer {
    let what = format!("upload/{id}");
    if let Some(refusal) = unless_presigned(&state, &what, &query, request.headers()) {
        drain(request.into_body()).await;
        return refusal;
    }
    let length = request.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok());
    let Some(length) = length.and_then(|length| length.parse::<u64>().ok()) else {
        return problem(411, "an upload announces its length");
    };
    let (mut kept, mut bytes) = (Vec::new(), 0);
    let mut body = request.into_body().into_data_stream();
    while let Some(piece) = body.next().await {
        let Ok(piece) = piece else { return problem(400, "the upload broke off") };
        bytes += piece.len() as u64;
        if !state.options.discard {
            kept.extend_from_slice(&piece);
        }
    }
    if bytes != length {
        return problem(400, "the upload is not as long as announced");
    }
    let mut inner = state.lock();
    let Some(upload) = inner.uploads.iter_mut().find(|upload| upload.id == id) else {
        return problem(404, "there is no such recording");
    };
    (upload.audio, upload.bytes) = (Some(Bytes::from(kept)), bytes);
    StatusCode::OK.into_response()
}

impl Audio {
    fn length(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::Made(bytes) => 44 + bytes,
        }
    }

    /// The piece that begins at `at`; nothing at the end.
    fn piece(&self, at: u64) -> Option<Bytes> {
        let end = (at + PIECE).min(self.length());
        let count = usize::try_from(end.checked_sub(at)?).ok().filter(|count| *count > 0)?;
        Some(match self {
            Self::Bytes(bytes) => {
                let at = usize::try_from(at).ok()?;
                bytes.slice(at..at + count)
            }
            Self::Made(bytes) if at == 0 => {
                let mut piece = header(*bytes);
                piece.resize(count, 0x2A);
                piece.into()
            }
            Self::Made(_) => vec![0x2A; count].into(),
        })
    }
}

/// A WAV header for so many bytes at 8 kHz, stereo, 16 bit.
fn header(bytes: u64) -> Vec<u8> {
    let size = u32::try_from(bytes).unwrap_or(u32::MAX);
    let mut header = Vec::from(*b"RIFF");
    header.extend_from_slice(&size.saturating_add(36).to_le_bytes());
    header.extend_from_slice(b"WAVEfmt \x10\0\0\0\x01\0\x02\0");
    header.extend_from_slice(&8000u32.to_le_bytes());
    header.extend_from_slice(&32_000u32.to_le_bytes());
    header.extend_from_slice(&[4, 0, 16, 0]);
    header.extend_from_slice(b"data");
    header.extend_from_slice(&size.to_le_bytes());
    header
}
