//! Routes: the server side of each step.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Form, FromRequestParts, Json, Path, Query, State};
use axum::http::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use futures_util::StreamExt;
use uuid::Uuid;

use super::answer::{api_error, json};
use super::audio::Audio;
use super::fault::FaultKind;
use super::state::{Host, Sandbox, Upload};
use crate::genesys::wire::{self, COMPLETED};

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
    .fallback(|| async { api_error(404, "there is nothing here") })
    .with_state(sandbox)
}

/// Requires a valid bearer token.
struct SignedIn;

impl FromRequestParts<Sandbox> for SignedIn {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, sandbox: &Sandbox) -> Result<Self, Response> {
        let bearer = parts.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token = bearer.and_then(|bearer| bearer.strip_prefix("Bearer ")).unwrap_or_default();
        match sandbox.lock().tokens.get(token) {
            Some(until) if Instant::now() < *until => Ok(Self),
            _ => Err(api_error(401, "the token is missing, unknown or expired")),
        }
    }
}

/// Requires a presigned URL with a valid signature and no bearer token. Holds the recording's id.
struct PresignedRequest(String);

impl FromRequestParts<Sandbox> for PresignedRequest {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, sandbox: &Sandbox) -> Result<Self, Response> {
        if parts.headers.contains_key(AUTHORIZATION) {
            return Err(api_error(400, "a presigned URL takes no Authorization"));
        }
        type PathAndQuery = (Path<String>, Query<HashMap<String, String>>);
        let (Path(id), Query(query)) = PathAndQuery::from_request_parts(parts, sandbox).await?;
        let verb = if parts.method == Method::PUT { "upload" } else { "download" };
        let signature = query.get("signature").map_or("", String::as_str);
        match sandbox.lock().is_signed(&format!("{verb}/{id}"), signature) {
            true => Ok(Self(id)),
            false => Err(api_error(403, "Request has expired")),
        }
    }
}

async fn sign_in(State(sandbox): State<Sandbox>, Form(form): Form<wire::SignIn>) -> Response {
    let options = &sandbox.options;
    if form.grant_type != "client_credentials" {
        return api_error(400, "only client_credentials are granted");
    }
    if form.client_id != options.client_id || form.client_secret != options.client_secret {
        return api_error(401, "the client id or secret is wrong");
    }
    let token = Uuid::new_v4().simple().to_string();
    let lifetime = options.token_lifetime;
    sandbox.lock().tokens.insert(token.clone(), Instant::now() + lifetime);
    let (access_token, token_type) = (token, "bearer".into());
    json(&wire::Token { access_token, token_type, expires_in: lifetime.as_secs() })
}

async fn locate(_: SignedIn, State(sandbox): State<Sandbox>, Path(id): Path<String>) -> Response {
    let mut organisation = sandbox.lock();
    if !organisation.recordings.contains_key(&id) {
        return api_error(404, "there is no such recording");
    }
    let (status, download_url) = match organisation.fault_in_answer.clone() {
        Some(FaultKind::State(state)) => (state, None),
        _ => {
            let url = organisation.presign("download", &id, sandbox.options.url_lifetime);
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
    signed_in: Result<SignedIn, Response>,
    State(sandbox): State<Sandbox>,
    Json(create): Json<wire::CreateRecording>,
) -> Response {
    // Refused only here, because an answer before the body has arrived can be lost with the connection.
    if let Err(refusal) = signed_in {
        return refusal;
    }
    if create.conversation_id.is_empty() {
        return api_error(400, "a recording belongs to a conversation");
    }
    let id = Uuid::new_v4().to_string();
    let mut organisation = sandbox.lock();
    let upload_url = organisation.presign("upload", &id, sandbox.options.url_lifetime);
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

async fn fetch(PresignedRequest(id): PresignedRequest, State(sandbox): State<Sandbox>) -> Response {
    let Some(audio) = sandbox.lock().recordings.get(&id).cloned() else {
        return api_error(404, "there is no such recording");
    };
    let headers = [
        (CONTENT_LENGTH, HeaderValue::from(audio.length())),
        (CONTENT_TYPE, HeaderValue::from_static("audio/wav")),
    ];
    let throttle = sandbox.options.throttle;
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
    presigned: Result<PresignedRequest, Response>,
    State(sandbox): State<Sandbox>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let id = match presigned {
        Ok(PresignedRequest(id)) => id,
        Err(refusal) => {
            drain(body).await;
            return refusal;
        }
    };
    let length = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok());
    let Some(length) = length.and_then(|length| length.parse::<u64>().ok()) else {
        return api_error(411, "an upload announces its length");
    };
    let (mut kept, mut bytes) = (Vec::new(), 0);
    let mut body = body.into_data_stream();
    while let Some(piece) = body.next().await {
        let Ok(piece) = piece else { return api_error(400, "the upload broke off") };
        bytes += piece.len() as u64;
        if !sandbox.options.discard {
            kept.extend_from_slice(&piece);
        }
    }
    if bytes != length {
        return api_error(400, "the upload is not as long as announced");
    }
    let mut organisation = sandbox.lock();
    let Some(upload) = organisation.uploads.iter_mut().find(|upload| upload.id == id) else {
        return api_error(404, "there is no such recording");
    };
    (upload.audio, upload.bytes) = (Some(Bytes::from(kept)), bytes);
    StatusCode::OK.into_response()
}
