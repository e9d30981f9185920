//! Fault injection: what a fault answers instead of the route, and what it does to the route's answer.
//!
//! Some are not here, such as [`FaultKind::State`] and [`FaultKind::Refused`]: the routes build them into
//! their answers, and take them from [`FaultInAnswer`].

use std::convert::Infallible;
use std::time::{Duration, SystemTime};

use axum::body::{Body, Bytes};
use axum::extract::FromRequestParts;
use axum::http::header::{CONTENT_LENGTH, LOCATION, RETRY_AFTER};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use futures_util::StreamExt;

use super::answer::{api_error, storage_error};
use super::fault::FaultKind;
use super::platform::{self, Problem, StorageProblem};
use super::state::Sandbox;

/// The connection closes without an answer.
#[derive(Debug)]
pub(super) struct ConnectionDropped;

/// The fault of a request, for its route.
#[derive(Debug, Clone, Default)]
pub(super) struct FaultInAnswer(pub(super) Option<FaultKind>);

impl FaultInAnswer {
    /// Whether presigned URLs lead to no server.
    pub(super) fn is_refused(&self) -> bool {
        self.0 == Some(FaultKind::Refused)
    }
}

impl<S: Sync> FromRequestParts<S> for FaultInAnswer {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get().cloned().unwrap_or_default())
    }
}

/// An error in the form of the protocol and the host that a path belongs to.
pub(super) fn error_at(path: &str, status: u16, message: &str) -> Response {
    if platform::is_storage(path) {
        StorageProblem::of(status).into_response()
    } else if platform::is_api(path) {
        Problem::of(status, message).into_response()
    } else {
        api_error(status, message)
    }
}

/// The answer of a fault that happens before the request is carried out; `None` for other faults.
pub(super) fn before(
    fault: Option<&FaultKind>,
    sandbox: &Sandbox,
    path: &str,
) -> Option<Result<Response, ConnectionDropped>> {
    let status = |status: u16| error_at(path, status, "a fault was injected");
    let retry_after = |code: u16, after: String| ([(RETRY_AFTER, after)], status(code));
    Some(Ok(match fault? {
        FaultKind::Status(code) | FaultKind::Early(code) => status(*code),
        FaultKind::StatusIn(code, wait) => {
            retry_after(*code, wait.as_secs_f64().to_string()).into_response()
        }
        FaultKind::StatusAt(code, seconds) => {
            let at = SystemTime::now() + Duration::from_secs(*seconds);
            retry_after(*code, httpdate::fmt_http_date(at)).into_response()
        }
        FaultKind::Code(status, code) => storage_error(*status, code),
        FaultKind::Html => {
            (StatusCode::BAD_GATEWAY, Html("<html><h1>Bad gateway</h1></html>")).into_response()
        }
        FaultKind::Expired | FaultKind::ExpiredKey(_) => error_at(path, 403, "Request has expired"),
        FaultKind::Missing(permission) => Problem::missing(&[permission]).into_response(),
        FaultKind::Dies => {
            sandbox.forget_tokens();
            error_at(path, 401, "the token is not known")
        }
        FaultKind::Redirect => {
            ([(LOCATION, "http://evil.example/")], api_error(302, "elsewhere")).into_response()
        }
        FaultKind::Reset => return Some(Err(ConnectionDropped)),
        _ => return None,
    }))
}

/// Applies a fault that happens after the request was carried out to its answer.
pub(super) fn after(
    fault: Option<&FaultKind>,
    response: Response,
) -> Result<Response, ConnectionDropped> {
    let (mut parts, body) = response.into_parts();
    let body = match fault {
        Some(FaultKind::Lost) => return Err(ConnectionDropped),
        Some(FaultKind::Cut(count)) => cut(body, *count, false),
        Some(FaultKind::CutUnsized(count)) => {
            parts.headers.remove(CONTENT_LENGTH);
            cut(body, *count, false)
        }
        Some(FaultKind::Stall(count)) => cut(body, *count, true),
        Some(FaultKind::Length(length)) => {
            parts.headers.insert(CONTENT_LENGTH, HeaderValue::from(*length));
            // A stream, because the size of other bodies is known and checked.
            Body::from_stream(body.into_data_stream())
        }
        _ => body,
    };
    Ok(Response::from_parts(parts, body))
}

/// The first `count` bytes of a body; then no more data if `stall`, else an error that closes the
/// connection.
fn cut(body: Body, count: u64, stall: bool) -> Body {
    let start = (body.into_data_stream(), count);
    Body::from_stream(futures_util::stream::unfold(start, move |(mut body, left)| async move {
        if left == 0 {
            if stall {
                std::future::pending::<()>().await;
            }
            // The server sends what it has while it waits; an error at once would drop even the status.
            tokio::task::yield_now().await;
            return Some((Err(axum::Error::new("cut by a fault")), (body, 0)));
        }
        let piece = body.next().await?.map(|piece| {
            let keep = usize::try_from(left).unwrap_or(usize::MAX).min(piece.len());
            piece.slice(..keep)
        });
        let left = left - piece.as_ref().map_or(0, Bytes::len) as u64;
        Some((piece, (body, left)))
    }))
}
