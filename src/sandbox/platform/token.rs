//! Tokens, for both protocols: the client is named by a Basic header, or in the form.

use std::collections::HashMap;
use std::time::Instant;

use axum::extract::{Form, State};
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use uuid::Uuid;

use super::super::answer::{api_error, json as answer, status_code};
use super::super::state::Sandbox;
use crate::genesys::wire;

pub(in super::super) async fn sign_in(
    State(sandbox): State<Sandbox>,
    headers: HeaderMap,
    Form(form): Form<HashMap<String, String>>,
) -> Response {
    let options = &sandbox.options;
    let field = |name| form.get(name).map_or("", String::as_str);
    let basic = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    if field("grant_type") != "client_credentials" {
        return refuse(basic.is_some(), 400, "only client_credentials are granted");
    }
    let (id, secret) = match basic {
        Some(basic) => decode(basic).unwrap_or_default(),
        None => (field("client_id").to_owned(), field("client_secret").to_owned()),
    };
    if id != options.client_id || secret != options.client_secret {
        return refuse(basic.is_some(), 401, "the client id or secret is wrong");
    }
    let token = Uuid::new_v4().simple().to_string();
    let lifetime = options.token_lifetime;
    sandbox.lock().tokens.insert(token.clone(), Instant::now() + lifetime);
    let (access_token, token_type) = (token, "bearer".into());
    answer(&wire::Token { access_token, token_type, expires_in: lifetime.as_secs() })
}

/// Id and secret of a Basic header.
fn decode(basic: &str) -> Option<(String, String)> {
    let bytes = STANDARD.decode(basic.strip_prefix("Basic ")?).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    text.split_once(':').map(|(id, secret)| (id.to_owned(), secret.to_owned()))
}

/// An error, in the form of OAuth if the client sent a Basic header.
fn refuse(is_basic: bool, status: u16, message: &str) -> Response {
    if !is_basic {
        return api_error(status, message);
    }
    let error = if status == 401 { "invalid_client" } else { "unsupported_grant_type" };
    let body = json!({ "error": error, "error_description": message });
    (status_code(status), axum::Json(body)).into_response()
}
