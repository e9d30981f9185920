//! The organisation, and a conversation as a whole.

use axum::extract::{Path, State};
use axum::response::Response;
use serde_json::json;

use super::super::answer::json as answer;
use super::super::routes::SignedIn;
use super::super::state::Sandbox;
use super::error::Problem;
use super::time::iso;

/// The organisation's id.
const ID: &str = "sandbox-organisation";

/// The organisation. No permission is needed.
pub(super) async fn me(_: SignedIn) -> Response {
    answer(&json!({
        "id": ID,
        "name": "Sandbox",
        "defaultLanguage": "en-us",
        "defaultCountryCode": "US",
        "domain": "sandbox",
        "version": 1,
        "state": "active",
        "features": {},
        "productPlatform": "PureCloud",
        "selfUri": format!("/api/v2/organizations/{ID}"),
    }))
}

/// A conversation, with the names and numbers of its people, which nobody here may pass on.
pub(super) async fn conversation(
    _: SignedIn,
    State(sandbox): State<Sandbox>,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let mut organisation = sandbox.lock();
    organisation.need_any(&["conversation:communication:view"])?;
    let began = organisation.find(&id)?.began;
    Ok(answer(&json!({
        "id": id,
        "startTime": iso(began),
        "participants": [
            { "id": "sandbox-customer", "purpose": "customer", "name": "Jane Roe", "address": "tel:+15550100" },
            { "id": "sandbox-agent", "purpose": "agent", "name": "Richard Miles", "userId": "sandbox-user" },
        ],
        "recordingState": "NONE",
        "state": "DISCONNECTED",
        "selfUri": format!("/api/v2/conversations/{id}"),
        "aFieldThatNoClientKnows": true,
    })))
}
