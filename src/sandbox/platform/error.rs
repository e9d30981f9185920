//! Errors in Genesys' form, and those of a storage host in XML.

use axum::http::HeaderName;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use uuid::Uuid;

use super::super::answer::status_code;
use crate::genesys::wire::CORRELATION;

/// An error of the API.
#[derive(Debug)]
pub(in super::super) struct Problem {
    status: u16,
    code: &'static str,
    message: String,
    params: Value,
}

impl Problem {
    /// An error with the usual code of its status.
    pub(in super::super) fn of(status: u16, message: &str) -> Self {
        let code = match status {
            401 => "bad.credentials",
            403 => "not.authorized",
            404 => "not.found",
            413 => "request.entity.too.large",
            415 => "unsupported.media.type",
            429 => "too.many.requests",
            503 => "service.unavailable",
            504 => "request.timeout",
            500..=599 => "internal.server.error",
            _ => "bad.request",
        };
        Self::new(status, code, message)
    }

    pub(super) fn new(status: u16, code: &'static str, message: &str) -> Self {
        Self { status, code, message: message.into(), params: json!({}) }
    }

    /// A value that the API does not take.
    pub(super) fn value(message: &str) -> Self {
        Self::new(400, "invalid.value", message)
    }

    pub(super) fn not_found(what: &str) -> Self {
        Self::of(404, &format!("there is no such {what}"))
    }

    /// One of these permissions is needed, and the client has none.
    pub(in super::super) fn missing<S: AsRef<str>>(permissions: &[S]) -> Self {
        let names: Vec<&str> = permissions.iter().map(AsRef::as_ref).collect();
        let code = if names.len() > 1 { "missing.any.permissions" } else { "missing.permissions" };
        let mut problem = Self::new(403, code, &format!("missing: {}", names.join(", ")));
        problem.params = json!({ "permissions": names.join(", ") });
        problem
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let id = Uuid::new_v4().to_string();
        let body = json!({
            "message": self.message,
            "code": self.code,
            "status": self.status,
            "messageParams": self.params,
            "contextId": id,
            "details": [],
            "errors": [],
        });
        let headers = [(HeaderName::from_static(CORRELATION), id)];
        (status_code(self.status), headers, axum::Json(body)).into_response()
    }
}

/// An error of a storage host: status and code.
#[derive(Debug)]
pub(in super::super) struct StorageProblem(
    pub(in super::super) u16,
    pub(in super::super) &'static str,
);

impl StorageProblem {
    /// An error with the usual code of its status.
    pub(in super::super) fn of(status: u16) -> Self {
        Self(
            status,
            match status {
                403 => "AccessDenied",
                404 => "NoSuchKey",
                429 | 503 => "SlowDown",
                400..=499 => "InvalidRequest",
                _ => "InternalError",
            },
        )
    }
}

impl IntoResponse for StorageProblem {
    fn into_response(self) -> Response {
        let Self(status, code) = self;
        // Storage hosts may echo the request with its signature, and so does this.
        let body = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code>\
             <Message>?Signature=secret</Message><RequestId>SANDBOX</RequestId></Error>"
        );
        (status_code(status), [(CONTENT_TYPE, "application/xml")], body).into_response()
    }
}
