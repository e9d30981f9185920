//! Reading an answer: a value from a success, a [`FailedAttempt`] from anything else. The status decides,
//! whatever the body is: an error page in HTML is still a 502.

use std::time::Duration;

use reqwest::header::RETRY_AFTER;
use reqwest::{Response, Url};
use serde::de::DeserializeOwned;

use super::error::Error;
use super::permission;
use super::rate;
use super::request::Request;
use super::retry::{FailedAttempt, Outcome};
use super::secret::scrub;
use super::storage;
use super::wire::{self, ErrorBody, WorkflowStep};
use crate::http::{RetryAfter, error_code, reason};

/// The longest JSON that is read, in bytes. A list of recordings holds a waveform of each.
const LONGEST_ANSWER: usize = 16 * 1024 * 1024;

/// Parses the JSON of a success.
pub(super) fn parse<T: DeserializeOwned>(step: WorkflowStep, body: &[u8]) -> Result<T, Error> {
    serde_json::from_slice(body).map_err(|error| {
        // Without the parser's message, which could quote a token.
        let (line, column) = (error.line(), error.column());
        let reason = format!("not the expected JSON (line {line}, column {column})");
        Error::Answer { step, reason }
    })
}

/// Reads an answer with an error status. No text of it is shown without [`scrub`].
pub(super) async fn read_error(
    request: Request<'_>,
    response: Response,
    timeout: Duration,
    secrets: &[String],
) -> FailedAttempt {
    let clean = |text: &str| scrub(text, secrets);
    let (step, is_api) = (request.step, request.is_api());
    let (status, url) = (response.status(), response.url().clone());
    // A 429 without `Retry-After` may still say when the next window of time begins.
    let reset = || rate::pause(|name| header(&response, name)).map(RetryAfter::In);
    let retry_after = header(&response, RETRY_AFTER.as_str()).and_then(RetryAfter::parse);
    let retry_after = retry_after.or_else(|| if status == 429 { reset() } else { None });
    let correlation_id = clean(header(&response, wire::CORRELATION).unwrap_or_default());
    let body = read_body(step, response, timeout).await.unwrap_or_default();
    let problem = if is_api { api_problem(&body) } else { storage_problem(&body, &url) };
    let (code, context_id) = (clean(&problem.code), clean(&problem.context_id));
    let missing = match is_api && status == 403 {
        true => permission::missing(step, &body, &context_id),
        false => None,
    };
    let error = if let Some(missing) = missing {
        missing
    } else if status.is_redirection() {
        Error::Redirect { step, reason: "only a download may be redirected".into() }
    } else if !is_api && storage::is_expired(status.as_u16(), &problem.code) {
        Error::Expired { step, status: status.as_u16(), code }
    } else {
        Error::Refused {
            step,
            status: status.as_u16(),
            message: clean(&problem.message),
            code,
            context_id,
            correlation_id,
        }
    };
    let status = match is_api {
        true => status.as_u16(),
        false => storage::meant_status(status.as_u16(), &problem.code),
    };
    FailedAttempt::new(step, request.is_idempotent(), Outcome::Status(status, retry_after), error)
}

/// A header of an answer, if it is there and is text.
pub(super) fn header<'a>(response: &'a Response, name: &str) -> Option<&'a str> {
    response.headers().get(name)?.to_str().ok()
}

/// Reads the body of an API's answer.
pub(super) async fn read_body(
    step: WorkflowStep,
    response: Response,
    timeout: Duration,
) -> Result<Vec<u8>, Error> {
    read_at_most(LONGEST_ANSWER, step, response, timeout).await
}

/// Reads a body of at most `longest` bytes. `timeout` is for all of it, so that a host cannot go on sending
/// a byte now and then.
pub(super) async fn read_at_most(
    longest: usize,
    step: WorkflowStep,
    mut response: Response,
    timeout: Duration,
) -> Result<Vec<u8>, Error> {
    let read = async {
        let mut body = Vec::new();
        while let Some(piece) =
            response.chunk().await.map_err(|error| transport_error(step, error))?
        {
            if body.len() + piece.len() > longest {
                let mib = longest / 1024 / 1024;
                return Err(Error::Answer { step, reason: format!("it is longer than {mib} MiB") });
            }
            body.extend_from_slice(&piece);
        }
        Ok(body)
    };
    let stalled = Error::Stalled { step, after: timeout };
    tokio::time::timeout(timeout, read).await.unwrap_or(Err(stalled))
}

/// The parts of the API's error body that are shown: each field that is a string.
fn api_problem(body: &[u8]) -> ErrorBody {
    let body: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    let text = |names: &[&str]| {
        let found = names.iter().find_map(|name| body.get(*name)?.as_str());
        found.unwrap_or_default().to_owned()
    };
    ErrorBody {
        // Genesys' own field, then those of OAuth.
        message: text(&["message", "error_description", "description", "error"]),
        code: text(&["code"]),
        context_id: text(&["contextId"]),
        ..ErrorBody::default()
    }
}

/// The error code of a storage host alone, and only if it is not part of the URL's query: storage hosts
/// may echo the URL.
fn storage_problem(body: &[u8], url: &Url) -> ErrorBody {
    let query = url.query().unwrap_or_default();
    let code = error_code(body).filter(|code| !query.contains(code.as_str()));
    ErrorBody { code: code.unwrap_or_default(), ..ErrorBody::default() }
}

/// An error of the transport, without the URL.
pub(super) fn transport_error(step: WorkflowStep, error: reqwest::Error) -> Error {
    Error::Transport { step, reason: reason(error) }
}
