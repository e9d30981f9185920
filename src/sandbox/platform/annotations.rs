//! Annotations: marked passages of a recording.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::super::answer::json as answer;
use super::super::routes::SignedIn;
use super::super::state::{Organisation, Sandbox};
use super::body::Body;
use super::error::Problem;
use super::model::{ConversationRecording, VIEW};

/// The most characters of a description.
const LONGEST: usize = 500;

pub(super) async fn list(
    _: SignedIn,
    State(sandbox): State<Sandbox>,
    Path((conversation, id)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let mut organisation = sandbox.lock();
    need(&organisation, "view")?;
    Ok(answer(&organisation.find_recording(&conversation, &id)?.annotations))
}

pub(super) async fn add(
    _: SignedIn,
    State(sandbox): State<Sandbox>,
    Path((conversation, id)): Path<(String, String)>,
    Body(body): Body<Map<String, Value>>,
) -> Result<Response, Problem> {
    let mut organisation = sandbox.lock();
    need(&organisation, "add")?;
    let recording = organisation.find_recording(&conversation, &id)?;
    let annotation = complete(&conversation, &id, &Uuid::new_v4().to_string(), body)?;
    recording.annotations.push(annotation.clone());
    Ok(answer(&annotation))
}

pub(super) async fn one(
    _: SignedIn,
    State(sandbox): State<Sandbox>,
    Path((conversation, id, annotation)): Path<(String, String, String)>,
) -> Result<Response, Problem> {
    let mut organisation = sandbox.lock();
    need(&organisation, "view")?;
    let recording = organisation.find_recording(&conversation, &id)?;
    let at = place(recording, &annotation)?;
    Ok(answer(&recording.annotations[at]))
}

pub(super) async fn replace(
    _: SignedIn,
    State(sandbox): State<Sandbox>,
    Path((conversation, id, annotation)): Path<(String, String, String)>,
    Body(body): Body<Map<String, Value>>,
) -> Result<Response, Problem> {
    let mut organisation = sandbox.lock();
    need(&organisation, "edit")?;
    let recording = organisation.find_recording(&conversation, &id)?;
    let at = place(recording, &annotation)?;
    recording.annotations[at] = complete(&conversation, &id, &annotation, body)?;
    Ok(answer(&recording.annotations[at]))
}

pub(super) async fn delete(
    _: SignedIn,
    State(sandbox): State<Sandbox>,
    Path((conversation, id, annotation)): Path<(String, String, String)>,
) -> Result<Response, Problem> {
    let mut organisation = sandbox.lock();
    need(&organisation, "delete")?;
    let recording = organisation.find_recording(&conversation, &id)?;
    let at = place(recording, &annotation)?;
    recording.annotations.remove(at);
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// An error unless the client may do this with annotations, and read recordings.
fn need(organisation: &Organisation, what: &str) -> Result<(), Problem> {
    organisation.need_any(&VIEW)?;
    organisation.need_any(&[&format!("recording:annotation:{what}")])
}

/// Where an annotation is.
fn place(recording: &ConversationRecording, id: &str) -> Result<usize, Problem> {
    let is_it = |annotation: &Value| annotation.get("id").is_some_and(|known| known == id);
    recording.annotations.iter().position(is_it).ok_or_else(|| Problem::not_found("annotation"))
}

/// An annotation with what the API adds to it.
fn complete(
    conversation: &str,
    recording: &str,
    id: &str,
    mut body: Map<String, Value>,
) -> Result<Value, Problem> {
    let description = body.get("description").and_then(Value::as_str).unwrap_or_default();
    if description.chars().count() > LONGEST {
        return Err(Problem::value("the description is longer than 500 characters"));
    }
    for name in ["location", "durationMs"] {
        if body.get(name).is_some_and(|value| !value.is_u64()) {
            return Err(Problem::value(&format!("{name} is a whole number of milliseconds")));
        }
    }
    let own = "/api/v2/conversations/";
    body.insert("id".into(), id.into());
    body.insert(
        "user".into(),
        json!({ "id": "sandbox-user", "selfUri": "/api/v2/users/sandbox-user" }),
    );
    body.insert(
        "selfUri".into(),
        format!("{own}{conversation}/recordings/{recording}/annotations/{id}").into(),
    );
    Ok(body.into())
}
