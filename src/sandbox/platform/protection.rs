//! Protection from deletion, which covers a whole conversation.

use axum::extract::{Query, State};
use axum::response::Response;
use serde::Deserialize;
use serde_json::json;

use super::super::answer::json as answer;
use super::super::routes::SignedIn;
use super::super::state::Sandbox;
use super::body::Body;
use super::error::Problem;

/// The most conversations of one request.
const MOST: usize = 100;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Conversations {
    conversation_ids: Vec<String>,
}

impl Conversations {
    fn ids(self) -> Result<Vec<String>, Problem> {
        match self.conversation_ids.len() {
            1..=MOST => Ok(self.conversation_ids),
            _ => Err(Problem::value("conversationIds has 1 to 100 entries")),
        }
    }
}

#[derive(Deserialize)]
pub(super) struct Options {
    protect: Option<bool>,
}

/// Which of these conversations are protected.
pub(super) async fn query(
    _: SignedIn,
    State(sandbox): State<Sandbox>,
    Body(conversations): Body<Conversations>,
) -> Result<Response, Problem> {
    let mut organisation = sandbox.lock();
    let mut ids = conversations.ids()?;
    ids.retain(|id| organisation.find(id).is_ok_and(|known| known.protected));
    let entity = |id| json!({ "id": id, "selfUri": format!("/api/v2/conversations/{id}") });
    Ok(answer(&ids.iter().map(entity).collect::<Vec<_>>()))
}

/// Protects these conversations, or no longer.
pub(super) async fn set(
    _: SignedIn,
    State(sandbox): State<Sandbox>,
    Query(options): Query<Options>,
    Body(conversations): Body<Conversations>,
) -> Result<Response, Problem> {
    let mut organisation = sandbox.lock();
    let protect = options.protect.unwrap_or(true);
    let permission = if protect { "apply" } else { "revoke" };
    organisation.need_any(&[&format!("recording:deletionProtection:{permission}")])?;
    let mut failed = Vec::new();
    for id in conversations.ids()? {
        match organisation.find(&id) {
            Ok(conversation) => conversation.protected = protect,
            Err(_) => failed.push(json!({
                "conversation": { "id": id, "selfUri": format!("/api/v2/conversations/{id}") },
                "errorCode": "not.found",
                "errorMessage": "there is no such conversation",
            })),
        }
    }
    Ok(answer(&json!({ "failedUpdates": failed })))
}
