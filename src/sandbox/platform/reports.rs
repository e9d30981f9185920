//! Reports on imports: requested, then read until they are there.

use std::fmt::Write as _;

use axum::extract::{Path, State};
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::super::answer::json as answer;
use super::super::presign::Presigned;
use super::super::routes::SignedIn;
use super::super::state::Sandbox;
use super::body::Body;
use super::error::{Problem, StorageProblem};
use super::imports::ImportStatus;
use super::time;

/// A report that a client requested.
#[derive(Debug)]
pub(in super::super) struct Report {
    status: Option<ImportStatus>,
    /// How often it is still in progress when it is read.
    polls: u32,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Wanted {
    date_since: String,
    upload_status: Option<ImportStatus>,
}

pub(super) async fn submit(
    _: SignedIn,
    State(sandbox): State<Sandbox>,
    Body(wanted): Body<Wanted>,
) -> Result<Response, Problem> {
    let mut organisation = sandbox.lock();
    organisation.need_any(&["recording:uploadReport:add"])?;
    if time::parse(&wanted.date_since).is_none() {
        return Err(Problem::new(400, "invalid.date", "dateSince is not ISO 8601"));
    }
    let id = Uuid::new_v4().to_string();
    let report = Report { status: wanted.upload_status, polls: sandbox.options.polls };
    organisation.reports.insert(id.clone(), report);
    Ok(answer(&view(&id, None)))
}

pub(super) async fn status(
    _: SignedIn,
    State(sandbox): State<Sandbox>,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let mut organisation = sandbox.lock();
    let unknown = || Problem::not_found("report");
    let report = organisation.reports.get_mut(&id).ok_or_else(unknown)?;
    if report.polls > 0 {
        report.polls -= 1;
        return Ok(answer(&view(&id, None)));
    }
    let lifetime = sandbox.options.url_lifetime;
    let url = organisation.presign_like_cloudfront(format!("report/{id}"), lifetime, false);
    Ok(answer(&view(&id, Some(url))))
}

fn view(id: &str, url: Option<String>) -> Value {
    let mut view = json!({
        "id": id,
        "name": "uploads",
        "state": if url.is_some() { "Completed" } else { "InProgress" },
        "selfUri": format!("/api/v2/recording/uploads/reports/{id}"),
    });
    if let Some(url) = url {
        view["signedUrl"] = url.into();
    }
    view
}

/// The file: one line for each import. What the real one looks like is not known.
pub(super) async fn file(
    _: Presigned,
    State(sandbox): State<Sandbox>,
    Path(id): Path<String>,
) -> Response {
    let Some(wanted) = sandbox.lock().reports.get(&id).map(|report| report.status) else {
        return StorageProblem::of(404).into_response();
    };
    let mut file = "uploadKey,fileName,uploadStatus\n".to_owned();
    let is_wanted = |status| wanted.is_none_or(|wanted| wanted == status);
    for import in sandbox.imports().iter().filter(|import| is_wanted(import.status)) {
        let _ = writeln!(file, "{},{},{}", import.key, import.file_name, import.status.name());
    }
    ([(CONTENT_TYPE, "text/csv")], file).into_response()
}
