//! Sending: every request of a store goes through [`Transport`], which sends it again where that helps.
//!
//! `object_store` does not look at `Retry-After`, so its own retries are off. Nothing of an error's body
//! goes on to it except the error code.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse,
    HttpResponseBody, HttpService,
};
use reqwest::header::{HeaderValue, IF_NONE_MATCH, RETRY_AFTER};
use reqwest::{Method, StatusCode};

use super::config::Limits;
use super::error::Error;
use super::failed::{Failed, is_transient, meant_status};
use super::hosts::{Rules, is_direct};
use crate::http::{Connections, NotBefore, RetryAfter, Wait, connections, error_code, wait};

/// Bodies above this size may take longer than the timeout of a request.
const LONG_BODY: usize = 64 * 1024;

/// The slowest upload that is waited for, in bytes a second.
const SLOWEST: u64 = 16 * 1024;

/// The longest error body that is read, in bytes.
const LONGEST_ERROR: usize = 64 * 1024;

/// Sends requests.
#[derive(Debug)]
pub(super) struct Transport {
    /// For requests whose answer begins within the timeout.
    quick: HttpClient,
    /// For requests with a long body.
    patient: HttpClient,
    /// For hosts that no proxy may see requests to.
    direct: HttpClient,
    limits: Limits,
    rules: Rules,
}

/// What became of one attempt.
enum Attempt {
    Answer(HttpResponse),
    /// With whether the store may have acted on it.
    Again(Failed, Option<RetryAfter>, bool),
    GiveUp(Failed),
}

impl Transport {
    pub(super) fn new(limits: Limits, rules: Rules) -> Result<Self, Error> {
        if let Some(network) = &limits.network {
            let client = || HttpClient::new(Given(Arc::clone(network)));
            let (quick, patient, direct) = (client(), client(), client());
            return Ok(Self { quick, patient, direct, limits, rules });
        }
        let client = |is_local, answers_in_time| {
            let timeout = limits.timeout;
            let options = Connections { is_local, timeout, answers_in_time };
            connections(options).map(HttpClient::new).map_err(Error::Config)
        };
        let (quick, patient) = (client(rules.is_local, true)?, client(rules.is_local, false)?);
        Ok(Self { quick, patient, direct: client(true, true)?, limits, rules })
    }

    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let length = request.body().content_length();
        let (host, scheme) = (request.uri().host(), request.uri().scheme_str());
        if is_direct(host.unwrap_or_default(), scheme == Some("https")) && length <= LONG_BODY {
            return self.direct.execute(request).await;
        }
        if length <= LONG_BODY {
            return self.quick.execute(request).await;
        }
        let seconds = u64::try_from(length).unwrap_or(u64::MAX) / SLOWEST;
        let most = self.limits.timeout.saturating_add(Duration::from_secs(seconds));
        let stalled =
            || Failed::Transport(format!("the upload took more than {} s", most.as_secs()));
        let sent = tokio::time::timeout(most, self.patient.execute(request)).await;
        sent.unwrap_or_else(|_| Err(HttpError::new(HttpErrorKind::Timeout, stalled())))
    }

    /// One attempt.
    async fn attempt(&self, request: &HttpRequest) -> Attempt {
        let response = match self.send(request.clone()).await {
            Ok(response) => response,
            Err(error) => {
                let failed = Failed::Transport(reason(&error));
                let is_sent = error.kind() != HttpErrorKind::Connect;
                return match error.kind() {
                    HttpErrorKind::Decode => Attempt::GiveUp(failed),
                    _ => Attempt::Again(failed, None, is_sent),
                };
            }
        };
        let status = response.status();
        let says_later = request.method() == Method::POST && status == StatusCode::OK;
        if status.is_success() && !says_later || status == StatusCode::NOT_MODIFIED {
            return Attempt::Answer(response);
        }
        let header = |name: &str| Some(response.headers().get(name)?.to_str().ok()?.to_owned());
        let after = header(RETRY_AFTER.as_str()).and_then(|text| RetryAfter::parse(&text));
        let region =
            header("x-amz-bucket-region").filter(|_| status.is_redirection() || status == 400);
        let (parts, body) = response.into_parts();
        let body = match self.read(body).await {
            Ok(body) => body,
            // The status says enough.
            Err(()) if is_transient(status.as_u16()) => bytes::Bytes::new(),
            Err(()) => {
                let failed = Failed::Transport("the connection broke during the answer".into());
                return Attempt::Again(failed, after, true);
            }
        };
        let code = error_code(&body);
        if status.is_success() && code.is_none() {
            return Attempt::Answer(HttpResponse::from_parts(parts, body.into()));
        }
        let code = code.unwrap_or_default();
        let meant = meant_status(status.as_u16(), &code);
        let failed = Failed::Status { status: meant, code: code.clone(), region, until: None };
        match meant {
            meant if is_transient(meant) => {
                Attempt::Again(failed, after, !matches!(meant, 429 | 503))
            }
            // What the library tells apart by itself.
            401 | 403 | 404 | 409 | 412 | 416 => {
                let body = format!("<Code>{code}</Code>");
                Attempt::Answer(HttpResponse::from_parts(parts, body.into()))
            }
            _ => Attempt::GiveUp(failed),
        }
    }

    /// Reads the body of an answer that is not an object.
    async fn read(&self, body: HttpResponseBody) -> Result<bytes::Bytes, ()> {
        let read = tokio::time::timeout(self.limits.timeout, body.bytes()).await;
        let body = read.map_err(drop)?.map_err(drop)?;
        Ok(if body.len() > LONGEST_ERROR { body.slice(..LONGEST_ERROR) } else { body })
    }

    /// Waits while the host takes no request, whichever was told so. `waited`: so far, by this request.
    async fn wait_for(&self, host: &NotBefore, waited: &mut Duration) -> Result<(), Failed> {
        let timer = &self.limits.timer;
        while let Some(until) = host.until(timer.now()) {
            let wait = until.duration_since(timer.now()).unwrap_or_default();
            if wait > self.limits.longest_wait.saturating_sub(*waited) {
                return Err(Failed::Paused(until));
            }
            timer.wait(wait).await;
            *waited += wait;
            host.passed(until);
        }
        Ok(())
    }

    /// Sends a request until there is an answer, or no retry is left.
    async fn send_with_retries(&self, mut request: HttpRequest) -> Result<HttpResponse, Failed> {
        let (host, scheme) = (request.uri().host(), request.uri().scheme_str());
        let is_allowed = self.rules.check(host.unwrap_or_default(), scheme == Some("https"));
        is_allowed.map_err(Failed::Forbidden)?;
        let may_repeat = !has_query(&request, "uploads");
        if self.rules.creates && has_query(&request, "uploadId") {
            // A header need not be signed, unless its name begins with `x-amz-`.
            request.headers_mut().insert(IF_NONE_MATCH, HeaderValue::from_static("*"));
        }
        let authority = request.uri().authority().map_or("", |authority| authority.as_str());
        let host = self.limits.paused.host(authority);
        let (mut retries, mut waited) = (0, Duration::ZERO);
        // What another request was told does not hold for this one: it takes load away.
        let mut may_pass = ends_upload(&request);
        loop {
            if !std::mem::take(&mut may_pass) {
                self.wait_for(&host, &mut waited).await?;
            }
            let (failed, after, may_repeat) = match self.attempt(&request).await {
                Attempt::Answer(response) => return Ok(response),
                Attempt::GiveUp(failed) => return Err(failed),
                // Another try could leave two.
                Attempt::Again(failed, after, is_sent) => (failed, after, may_repeat || !is_sent),
            };
            let left = self.limits.longest_wait.saturating_sub(waited);
            let timer = &self.limits.timer;
            let now = timer.now();
            let until = after.and_then(|after| after.until(now));
            host.note(until);
            match wait(after, retries, left, now, timer.jitter()) {
                Wait::For(wait) if may_repeat && retries < self.limits.retries => {
                    retries += 1;
                    // What the host asks for, all its requests wait for.
                    if until.is_none() {
                        timer.wait(wait).await;
                        waited += wait;
                    }
                }
                // Who asks again later must know from when on.
                _ => return Err(failed.until(until)),
            }
        }
    }
}

/// Whether a request is a `POST` with this in its query: `uploads` creates a multipart upload, and would
/// create another if it were repeated after a lost answer; `uploadId` completes one.
fn has_query(request: &HttpRequest, name: &str) -> bool {
    request.method() == Method::POST && names(request, name)
}

/// Whether a request ends a multipart upload.
fn ends_upload(request: &HttpRequest) -> bool {
    request.method() == Method::DELETE && names(request, "uploadId")
}

fn names(request: &HttpRequest, name: &str) -> bool {
    let query = request.uri().query().unwrap_or_default();
    query.split('&').any(|pair| pair.split('=').next() == Some(name))
}

/// The text of a transport error, which has no URL, and of its causes.
fn reason(error: &HttpError) -> String {
    let first = std::error::Error::source(error);
    let chain = std::iter::successors(first, |error| error.source());
    chain.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// What `object_store` gets.
#[derive(Debug, Clone)]
pub(super) struct Connector(pub(super) Arc<Transport>);

impl HttpConnector for Connector {
    fn connect(&self, _: &object_store::ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(self.clone()))
    }
}

type Sent<'a> = Pin<Box<dyn Future<Output = Result<HttpResponse, HttpError>> + Send + 'a>>;

impl HttpService for Connector {
    fn call<'a, 'b>(&'a self, request: HttpRequest) -> Sent<'b>
    where
        'a: 'b,
        Self: 'b,
    {
        Box::pin(async move {
            let sent = self.0.send_with_retries(request).await;
            sent.map_err(|failed| HttpError::new(HttpErrorKind::Unknown, failed))
        })
    }
}

/// A network that a test gives.
#[derive(Debug)]
struct Given(Arc<dyn HttpService>);

impl HttpService for Given {
    fn call<'a, 'b>(&'a self, request: HttpRequest) -> Sent<'b>
    where
        'a: 'b,
        Self: 'b,
    {
        self.0.call(request)
    }
}
