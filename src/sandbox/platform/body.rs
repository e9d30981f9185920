//! A body in JSON, refused in Genesys' form.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::header::CONTENT_TYPE;
use serde::de::DeserializeOwned;

use super::super::state::Sandbox;
use super::error::Problem;

/// The body of a request.
pub(super) struct Body<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest<Sandbox> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, sandbox: &Sandbox) -> Result<Self, Problem> {
        let kind = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        if !kind.is_some_and(|kind| kind.starts_with("application/json")) {
            return Err(Problem::of(415, "the body is application/json"));
        }
        let bytes = Bytes::from_request(request, sandbox).await;
        let bytes = bytes.map_err(|_| Problem::of(413, "the body is too large"))?;
        // Without the value, which could be a secret.
        let wrong = |error: serde_json::Error| {
            let (line, column) = (error.line(), error.column());
            Problem::of(400, &format!("not the expected JSON (line {line}, column {column})"))
        };
        serde_json::from_slice(&bytes).map(Self).map_err(wrong)
    }
}
