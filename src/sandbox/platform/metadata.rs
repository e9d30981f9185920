//! Recordings of a conversation without media and without the system's annotations.

use axum::extract::{Path, State};
use axum::response::Response;
use serde_json::{Map, Value};

use super::super::answer::json;
use super::super::fault::FaultKind;
use super::super::inject::FaultInAnswer;
use super::super::routes::SignedIn;
use super::super::state::{Organisation, Sandbox};
use super::error::Problem;
use super::model::VIEW;
use super::view;

pub(super) async fn list(
    _: SignedIn,
    FaultInAnswer(fault): FaultInAnswer,
    State(sandbox): State<Sandbox>,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let mut organisation = sandbox.lock();
    organisation.need_any(&VIEW)?;
    let recordings = &organisation.find(&id)?.recordings;
    let ids: Vec<_> = recordings.iter().map(|known| known.id.clone()).collect();
    if fault == Some(FaultKind::EmptyList) {
        return Ok(json(&[(); 0]));
    }
    let views = ids.iter().map(|recording| {
        let mut view = show(&mut organisation, &sandbox, &id, recording)?;
        if let Some(FaultKind::State(state)) = &fault {
            view.insert("fileState".into(), state.clone().into());
        }
        Ok(view)
    });
    let views = views.collect::<Result<Vec<_>, Problem>>()?;
    Ok(json(&view::with_fault(views, fault.as_ref())))
}

pub(super) async fn one(
    _: SignedIn,
    State(sandbox): State<Sandbox>,
    Path((conversation, id)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let mut organisation = sandbox.lock();
    organisation.need_any(&VIEW)?;
    Ok(json(&show(&mut organisation, &sandbox, &conversation, &id)?))
}

fn show(
    organisation: &mut Organisation,
    sandbox: &Sandbox,
    conversation: &str,
    id: &str,
) -> Result<Map<String, Value>, Problem> {
    organisation.come_up_to_date(conversation, id, sandbox.options.reads_before_change)?;
    let recording = organisation.find_recording(conversation, id)?;
    let mut view = view::common(conversation, recording);
    let is_own = |annotation: &&Value| annotation.get("user").is_some();
    let own: Vec<_> = recording.annotations.iter().filter(is_own).cloned().collect();
    view.insert("annotations".into(), own.into());
    view.insert("region".into(), "eu-central-1".into());
    Ok(view)
}
