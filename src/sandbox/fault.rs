//! Faults: each way in which the network can hurt, on demand.
//!
//! A fault is written `STEP=KIND[xTIMES]`, TIMES being a number or `ever`; see [`Kind`].

use std::str::FromStr;
use std::time::{Duration, SystemTime};

use axum::body::{Body, BodyDataStream, Bytes};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, LOCATION, RETRY_AFTER};
use axum::http::{HeaderValue, Response, StatusCode};
use futures_util::StreamExt;
use thiserror::Error;

use super::state::Sandbox;
use crate::genesys::wire::{Problem, Step};

/// A fault at a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Where it happens.
    pub step: Step,
    /// What happens.
    pub kind: Kind,
    /// How often; `u32::MAX` is for ever.
    pub times: u32,
}

/// What can happen, as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// `429`, `503` …: the status, with a message and ids in JSON.
    Status(u16),
    /// `429:SECONDS`: with `Retry-After` in seconds, also in parts of them (`429:2.5`).
    StatusIn(u16, Duration),
    /// `429:date:SECONDS`: with `Retry-After` as a date so far ahead.
    StatusAt(u16, u64),
    /// `code:STATUS:CODE`: with an error in XML, as storage hosts write it.
    Code(u16, String),
    /// `early:STATUS`: before the body of the request has come; it is taken all the same.
    Early(u16),
    /// `html`: status 502 and a page for people.
    Html,
    /// `reset`: the connection closes without an answer; nothing has been done.
    Reset,
    /// `lost`: it is done, and the connection closes without an answer.
    Lost,
    /// `refused`: the presigned URL leads to a port where nobody listens.
    Refused,
    /// `expired`: the presigned URL has expired.
    Expired,
    /// `dies`: the token is no longer known.
    Dies,
    /// `state:NAME`: the recording is in another state.
    State(String),
    /// `cut:N`: the body ends after N bytes, and the length was announced.
    Cut(u64),
    /// `cut-unsized:N`: the same, and no length was announced.
    CutUnsized(u64),
    /// `stall:N`: after N bytes nothing moves.
    Stall(u64),
    /// `length:N`: N bytes are announced, whatever comes.
    Length(u64),
    /// `redirect`: to another host.
    Redirect,
}

/// A fault that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "`{0}` is not a fault; write STEP=KIND[xTIMES] with STEP sign-in, locate, fetch, grant, upload or \
     complete, KIND a status (429, 429:7, 429:2.5, 429:date:7), code:STATUS:CODE, early:STATUS, html, \
     reset, lost, refused, expired, dies, state:NAME, cut:N, cut-unsized:N, stall:N, length:N or \
     redirect, TIMES a number or `ever`"
)]
pub struct FaultError(String);

impl FromStr for Fault {
    type Err = FaultError;

    fn from_str(text: &str) -> Result<Self, FaultError> {
        parse(text).ok_or_else(|| FaultError(text.to_owned()))
    }
}

fn parse(text: &str) -> Option<Fault> {
    let (step, rest) = text.split_once('=')?;
    let step = match step {
        "sign-in" => Step::SignIn,
        "locate" => Step::Locate,
        "fetch" => Step::Fetch,
        "grant" => Step::Grant,
        "upload" => Step::Upload,
        "complete" => Step::Complete,
        _ => return None,
    };
    let times = |text: &str| if text == "ever" { Some(u32::MAX) } else { text.parse().ok() };
    let (kind, times) = match rest.rsplit_once('x').map(|(kind, text)| (kind, times(text))) {
        Some((kind, Some(times))) => (kind, times),
        _ => (rest, 1),
    };
    let (name, value) = kind.split_once(':').unwrap_or((kind, ""));
    let number = || value.parse().ok();
    let status = |text: &str| text.parse().ok().filter(|status| (300..600).contains(status));
    let kind = match (name, value) {
        ("html", "") => Kind::Html,
        ("reset", "") => Kind::Reset,
        ("lost", "") => Kind::Lost,
        ("refused", "") => Kind::Refused,
        ("expired", "") => Kind::Expired,
        ("dies", "") => Kind::Dies,
        ("redirect", "") => Kind::Redirect,
        ("state", state) if !state.is_empty() => Kind::State(state.to_owned()),
        ("cut", _) => Kind::Cut(number()?),
        ("cut-unsized", _) => Kind::CutUnsized(number()?),
        ("stall", _) => Kind::Stall(number()?),
        ("length", _) => Kind::Length(number()?),
        ("early", value) => Kind::Early(status(value)?),
        ("code", value) => {
            let (text, code) = value.split_once(':')?;
            let plain = !code.is_empty() && code.bytes().all(|byte| byte.is_ascii_alphanumeric());
            Kind::Code(status(text)?, plain.then(|| code.to_owned())?)
        }
        (text, value) => {
            let status = status(text)?;
            match value.strip_prefix("date:") {
                Some(seconds) => Kind::StatusAt(status, seconds.parse().ok()?),
                None if value.is_empty() => Kind::Status(status),
                None => Kind::StatusIn(status, seconds(value)?),
            }
        }
    };
    let fits = match (&kind, step) {
        (Kind::State(_), step) => step == Step::Locate,
        (Kind::Refused, step) => matches!(step, Step::Locate | Step::Grant),
        (Kind::Stall(_) | Kind::Length(_), step) => step == Step::Fetch,
        (Kind::Cut(_) | Kind::CutUnsized(_), step) => {
            !matches!(step, Step::Upload | Step::Complete)
        }
        (Kind::Code(..), step) => matches!(step, Step::Fetch | Step::Upload),
        (Kind::Early(_), step) => step == Step::Upload,
        (Kind::StatusAt(_, seconds), _) => *seconds < FAR,
        _ => true,
    };
    (fits && times > 0).then_some(Fault { step, kind, times })
}

/// Seconds, and parts of them.
fn seconds(text: &str) -> Option<Duration> {
    text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
}

/// Further ahead a date is not sent: 30 years, in seconds.
const FAR: u64 = 1_000_000_000;

/// The connection is to be closed without an answer.
#[derive(Debug)]
pub(super) struct Dropped;

type Answer = Result<Response<Body>, Dropped>;

/// What a fault answers before anything is done.
pub(super) fn before(fault: &Option<Kind>, sandbox: &Sandbox) -> Option<Answer> {
    let status = |status: u16| problem(status, "a fault was ordered");
    let with = |mut response: Response<Body>, after: String| {
        if let Ok(after) = HeaderValue::from_str(&after) {
            response.headers_mut().insert(RETRY_AFTER, after);
        }
        response
    };
    Some(Ok(match fault.as_ref()? {
        Kind::Status(code) | Kind::Early(code) => status(*code),
        Kind::StatusIn(code, wait) => with(status(*code), wait.as_secs_f64().to_string()),
        Kind::Code(status, code) => xml(*status, code),
        Kind::StatusAt(code, seconds) => {
            let at = SystemTime::now() + Duration::from_secs(*seconds);
            with(status(*code), httpdate::fmt_http_date(at))
        }
        Kind::Html => {
            let mut page = Response::new(Body::from("<html><h1>Bad gateway</h1></html>"));
            *page.status_mut() = StatusCode::BAD_GATEWAY;
            page.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/html"));
            page
        }
        Kind::Expired => problem(403, "Request has expired"),
        Kind::Dies => {
            sandbox.forget_tokens();
            problem(401, "the token is not known")
        }
        Kind::Redirect => {
            let mut answer = problem(302, "elsewhere");
            let elsewhere = HeaderValue::from_static("http://evil.example/");
            answer.headers_mut().insert(LOCATION, elsewhere);
            answer
        }
        Kind::Reset => return Some(Err(Dropped)),
        _ => return None,
    }))
}

/// What a fault does to an answer.
pub(super) fn after(fault: &Option<Kind>, response: Response<Body>) -> Answer {
    let Some(kind) = fault else { return Ok(response) };
    let (mut parts, body) = response.into_parts();
    let body = match kind {
        Kind::Lost => return Err(Dropped),
        Kind::Cut(count) => Body::from_stream(cut(body.into_data_stream(), *count, false)),
        Kind::CutUnsized(count) => {
            parts.headers.remove(CONTENT_LENGTH);
            Body::from_stream(cut(body.into_data_stream(), *count, false))
        }
        Kind::Stall(count) => Body::from_stream(cut(body.into_data_stream(), *count, true)),
        Kind::Length(length) => {
            parts.headers.insert(CONTENT_LENGTH, HeaderValue::from(*length));
            Body::from_stream(body.into_data_stream())
        }
        _ => body,
    };
    Ok(Response::from_parts(parts, body))
}

/// The first `count` bytes; then nothing for ever, or an error that closes the connection.
fn cut(
    body: BodyDataStream,
    count: u64,
    stall: bool,
) -> impl futures_util::Stream<Item = Result<Bytes, axum::Error>> {
    futures_util::stream::unfold((body, count), move |(mut body, left)| async move {
        if left == 0 {
            if stall {
                std::future::pending::<()>().await;
            }
            return Some((Err(axum::Error::new("cut on purpose")), (body, 0)));
        }
        let piece = body.next().await?;
        let piece = piece.map(|piece| {
            let keep = usize::try_from(left).unwrap_or(usize::MAX).min(piece.len());
            piece.slice(..keep)
        });
        let left = left - piece.as_ref().map_or(0, Bytes::len) as u64;
        Some((piece, (body, left)))
    })
}

/// An error as the API words it.
pub(super) fn problem(status: u16, message: &str) -> Response<Body> {
    let context_id = uuid::Uuid::new_v4().to_string();
    let body =
        Problem { message: message.into(), code: format!("sandbox.{status}"), status, context_id };
    let json = serde_json::to_vec(&body).unwrap_or_default();
    let mut response = Response::new(Body::from(json));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// An error as storage hosts word it. They may well repeat the request, signature and all.
fn xml(status: u16, code: &str) -> Response<Body> {
    let body = format!(
        "<?xml version=\"1.0\"?>\n<Error><Code>{code}</Code><Message>A fault was ordered: \
         ?signature=secret</Message></Error>"
    );
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/xml"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_read_as_they_are_documented() {
        for (text, kind, times) in [
            ("locate=429", Kind::Status(429), 1),
            ("locate=429:7x2", Kind::StatusIn(429, Duration::from_secs(7)), 2),
            ("locate=429:2.5", Kind::StatusIn(429, Duration::from_millis(2500)), 1),
            ("locate=503:date:9xever", Kind::StatusAt(503, 9), u32::MAX),
            ("locate=htmlx3", Kind::Html, 3),
            ("locate=state:pending", Kind::State("pending".into()), 1),
            ("locate=cut:10x2", Kind::Cut(10), 2),
            ("locate=cut-unsized:10", Kind::CutUnsized(10), 1),
            ("locate=expired", Kind::Expired, 1),
            ("locate=state:mixing", Kind::State("mixing".into()), 1),
        ] {
            let step = Step::Locate;
            assert_eq!(text.parse(), Ok(Fault { step, kind, times }), "{text}");
        }
        let (step, times) = (Step::Upload, 2);
        let kind = Kind::Code(400, "RequestTimeout".into());
        assert_eq!("upload=code:400:RequestTimeoutx2".parse(), Ok(Fault { step, kind, times }));
        let kind = Kind::Early(503);
        assert_eq!("upload=early:503x2".parse(), Ok(Fault { step, kind, times }));
        for text in [
            "",
            "locate",
            "x=429",
            "locate=",
            "locate=999",
            "locate=cut:x",
            "locate=429x0",
            "upload=cut:5",
            "fetch=refused",
            "locate=429:date:99999999999",
            "locate=429:-1",
            "locate=code:403:AccessDenied",
            "fetch=early:503",
            "upload=early:200",
            "upload=code:403:",
            "upload=code:403",
            "upload=code:403:a<b",
        ] {
            assert!(text.parse::<Fault>().is_err(), "{text}");
        }
    }
}
