//! Answers in JSON and XML, as the recordings API and the storage host write them.

use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use uuid::Uuid;

use crate::genesys::wire::ErrorBody;

/// A success of the API.
pub(super) fn json(body: &impl serde::Serialize) -> Response {
    axum::Json(body).into_response()
}

/// An error of the recordings API.
pub(super) fn api_error(status: u16, message: &str) -> Response {
    let context_id = Uuid::new_v4().to_string();
    let code = format!("sandbox.{status}");
    let body = ErrorBody { message: message.into(), code, status, context_id };
    (status_code(status), axum::Json(body)).into_response()
}

/// An error of a storage host. Such hosts may echo the request with its signature, and so does this.
pub(super) fn storage_error(status: u16, code: &str) -> Response {
    let body = format!(
        "<?xml version=\"1.0\"?>\n<Error><Code>{code}</Code><Message>A fault was injected: \
         ?signature=secret</Message></Error>"
    );
    (status_code(status), [(CONTENT_TYPE, "application/xml")], body).into_response()
}

pub(super) fn status_code(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY)
}
