//! When a recording is archived and deleted.

use std::time::SystemTime;

use axum::extract::{Path, Query, State};
use axum::response::Response;
use serde::Deserialize;

use super::super::answer::json;
use super::super::routes::SignedIn;
use super::super::state::Sandbox;
use super::body::Body;
use super::error::Problem;
use super::model::FileState;
use super::{time, view};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Options {
    clear_export: Option<bool>,
}

/// A recording, of which only the two dates count.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Dates {
    archive_date: Option<String>,
    delete_date: Option<String>,
}

pub(super) async fn put(
    _: SignedIn,
    State(sandbox): State<Sandbox>,
    Path((conversation, id)): Path<(String, String)>,
    Query(options): Query<Options>,
    Body(dates): Body<Dates>,
) -> Result<Response, Problem> {
    let mut organisation = sandbox.lock();
    let (archive, delete) = (date(dates.archive_date)?, date(dates.delete_date)?);
    let now = organisation.now();
    let is_protected = organisation.find(&conversation)?.protected;
    let state = organisation.find_recording(&conversation, &id)?.state;
    let restores = state == FileState::Archived && archive.is_some_and(|date| date > now);
    organisation.need_any(&["recording:recording:editRetention"])?;
    if restores {
        organisation.need_any(&["recording:recording:restore"])?;
    }
    if delete.is_some() && is_protected {
        return Err(Problem::of(400, "the conversation is protected from deletion"));
    }
    let recording = organisation.find_recording(&conversation, &id)?;
    if recording.state == FileState::Deleted {
        return Err(Problem::not_found("recording"));
    }
    // A PUT replaces both: a date that is left out is cleared.
    (recording.archive_date, recording.delete_date) = (archive, delete);
    if options.clear_export == Some(true) {
        recording.export_date = None;
    }
    if restores {
        recording.state = FileState::Restoring;
        recording.next_state = Some((sandbox.options.reads_before_change, FileState::Restored));
    }
    Ok(json(&view::whole(&conversation, recording)))
}

fn date(text: Option<String>) -> Result<Option<SystemTime>, Problem> {
    let invalid = || Problem::new(400, "invalid.date", "the date is not ISO 8601");
    text.map(|text| time::parse(&text).ok_or_else(invalid)).transpose()
}
