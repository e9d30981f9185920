//! Fault injection: what a fault answers instead of the route, and what it does to the route's answer.
//!
//! [`FaultKind::State`] and [`FaultKind::Refused`] are not here: the routes of locate and grant build them
//! into their answers.

use std::time::{Duration, SystemTime};

use axum::body::{Body, Bytes};
use axum::http::header::{CONTENT_LENGTH, LOCATION, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use futures_util::StreamExt;

use super::answer::{api_error, storage_error};
use super::fault::FaultKind;
use super::state::Sandbox;

/// The connection closes without an answer.
#[derive(Debug)]
pub(super) struct ConnectionDropped;

/// The answer of a fault that happens before the request is carried out; `None` for other faults.
pub(super) fn before(
    fault: Option<&FaultKind>,
    sandbox: &Sandbox,
) -> Option<Result<Response, ConnectionDropped>> {
    let status = |status: u16| api_error(status, "a fault was injected");
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
        FaultKind::Expired => api_error(403, "Request has expired"),
        FaultKind::Dies => {
            sandbox.forget_tokens();
            api_error(401, "the token is not known")
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
