//! Sending with pace, retries and bearer token. Every request of the client goes through [`HttpClient`].
//!
//! In: a [`Request`]. Out: an answer that is a success, or an [`Error`] without URLs and secrets. Nothing
//! here knows the bodies and paths of the API.

use std::time::Duration;

use reqwest::{Client, Method, RequestBuilder, Response, StatusCode, Url};
use secrecy::ExposeSecret;
use serde::de::DeserializeOwned;

use super::answer;
use super::config::{Config, Event};
use super::error::Error;
use super::pace::Pace;
use super::protocol::Protocol;
use super::rate;
use super::request::{Reading, Request, StepRecord, UploadProgress};
use super::retry::{FailedAttempt, Outcome, RetryBudget, RetryDecision, decide_retry};
use super::secret::{Presigned, scrub};
use super::token::{Bearer, Tokens};
use super::wire::{self, WorkflowStep};
use crate::http::{Connections, connections};

/// Timeout for the answer to an upload after the network stack has taken the whole body: it may hold
/// megabytes that a slow link has yet to send.
const LAST_ANSWER: Duration = Duration::from_secs(300);

/// How often a request gets a new token. More than once, because a token may die between its grant and its
/// use, as it does where many requests are under way.
const RENEWALS: u32 = 3;

/// The HTTP connections, the token and the pace that all steps share.
#[derive(Debug)]
pub(super) struct HttpClient {
    pub(super) config: Config,
    /// For the API host.
    api: Client,
    /// For presigned URLs: never sees the bearer token.
    storage: Client,
    pub(super) tokens: Tokens,
    pub(super) protocol: Protocol,
    pub(super) pace: Pace,
}

impl HttpClient {
    pub(super) fn new(config: Config, protocol: Protocol) -> Result<Self, Error> {
        let (is_local, timeout) = (config.is_local(), config.timeout);
        let options = Connections { is_local, timeout, answers_in_time: false };
        Ok(Self {
            api: connections(options).map_err(Error::Config)?,
            storage: connections(options).map_err(Error::Config)?,
            tokens: Tokens::new(&config)?,
            protocol,
            pace: Pace::new(config.requests_a_minute),
            config,
        })
    }

    /// Starts a request to a path of the API host.
    pub(super) fn to_api(&self, method: Method, path: &[&[&str]]) -> RequestBuilder {
        self.to_host(&self.config.base, method, path, &[])
    }

    /// Starts a request to a path below `base`, with this query.
    pub(super) fn to_host(
        &self,
        base: &Url,
        method: Method,
        path: &[&[&str]],
        query: &[(&str, &str)],
    ) -> RequestBuilder {
        let mut url: Url = base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path.concat());
        }
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        self.api.request(method, url).header("accept", "application/json")
    }

    /// Starts a request to a presigned URL.
    pub(super) fn to_storage(&self, method: Method, url: &Presigned) -> RequestBuilder {
        self.storage.request(method, url.expose().clone())
    }

    /// Sends until an attempt succeeds or [`decide_retry`] says stop.
    pub(super) async fn send(&self, request: Request<'_>) -> Result<(Response, StepRecord), Error> {
        self.send_within(request, &mut self.retry_budget()).await
    }

    /// Like [`HttpClient::send`], with what is left of a budget. After a 401 the token is renewed and
    /// the request sent again, at most [`RENEWALS`] times, which does not count as a retry for the budget.
    pub(super) async fn send_within(
        &self,
        request: Request<'_>,
        budget: &mut RetryBudget,
    ) -> Result<(Response, StepRecord), Error> {
        let step = request.step;
        let (mut renewals, before) = (0, budget.retries);
        let began = self.config.timer.now();
        loop {
            if request.is_api() {
                self.keep_pace(request).await?;
            }
            let bearer = if request.has_bearer() { Some(self.bearer().await?) } else { None };
            let failed = match self.attempt(request, bearer.as_ref()).await {
                Ok(response) => {
                    let id = answer::header(&response, wire::CORRELATION);
                    let id = id.filter(|_| request.is_api());
                    let correlation_id = id.map(|id| scrub(id, &self.secrets(bearer.as_ref())));
                    let answered = self.config.timer.now();
                    let retries = budget.retries - before + renewals;
                    let record = StepRecord { step, began, answered, retries, correlation_id };
                    return Ok((response, record));
                }
                Err(failed) => failed,
            };
            if let (Some(bearer), Outcome::Status(401, _)) = (&bearer, failed.outcome) {
                self.tokens.refuse(bearer).await?;
                if renewals == RENEWALS {
                    return Err(failed.error.into_credentials());
                }
                renewals += 1;
                continue;
            }
            self.wait_before_retry(step, failed, budget).await?;
        }
    }

    /// Like [`HttpClient::send`], for an answer in JSON.
    pub(super) async fn send_for_json<T: DeserializeOwned>(
        &self,
        request: Request<'_>,
    ) -> Result<(T, StepRecord), Error> {
        let step = request.step;
        self.send_until_ready(request, |_, body| answer::parse(step, body).map(Reading::Ready))
            .await
    }

    /// Sends until `read` finds in an answer (status and body) what was asked for, or [`decide_retry`] says
    /// stop. Retries count anew for each request, waits do not.
    pub(super) async fn send_until_ready<T>(
        &self,
        request: Request<'_>,
        mut read: impl FnMut(u16, &[u8]) -> Result<Reading<T>, Error>,
    ) -> Result<(T, StepRecord), Error> {
        let (step, began) = (request.step, self.config.timer.now());
        let again = request.is_idempotent();
        let failed = |error| FailedAttempt::new(step, again, Outcome::Unknown, error);
        let (mut budget, mut retries) = (self.retry_budget(), 0);
        loop {
            let (response, record) = self.send_within(request, &mut budget).await?;
            let status = response.status().as_u16();
            // The server has carried out the request, so a broken answer is a lost one.
            let body = match answer::read_body(step, response, self.config.timeout).await {
                Ok(body) => body,
                Err(error @ Error::Answer { .. }) => return Err(failed(error).error),
                Err(error) => {
                    self.wait_before_retry(step, failed(error), &mut budget).await?;
                    retries += record.retries + 1;
                    continue;
                }
            };
            retries += record.retries;
            match read(status, &body).map_err(|error| failed(error).error)? {
                Reading::Ready(value) => {
                    return Ok((value, StepRecord { began, retries, ..record }));
                }
                Reading::Pending { what, hint } => {
                    let RetryBudget { polls, waited, .. } = budget;
                    let error = Error::NotReady { step, what, polls, waited, estimate: hint };
                    let pending = FailedAttempt::new(step, true, Outcome::Pending(hint), error);
                    self.wait_before_retry(step, pending, &mut budget).await?;
                    budget.retries = 0;
                }
            }
        }
    }

    /// Sends once.
    async fn attempt(
        &self,
        request: Request<'_>,
        bearer: Option<&Bearer>,
    ) -> Result<Response, FailedAttempt> {
        let (step, timeout) = (request.step, self.config.timeout);
        let again = request.is_idempotent();
        let failed = |outcome, error| FailedAttempt::new(step, again, outcome, error);
        let mut builder = (request.build)();
        if let Some(bearer) = bearer {
            builder = builder.bearer_auth(bearer.token.expose_secret());
        }
        let response = match self.await_answer(request.upload, builder.send()).await {
            Some(Ok(response)) => response,
            Some(Err(error)) => {
                let outcome = if error.is_connect() { Outcome::NotSent } else { Outcome::Unknown };
                return Err(failed(outcome, answer::transport_error(step, error)));
            }
            None => {
                return Err(failed(Outcome::Unknown, Error::Stalled { step, after: timeout }));
            }
        };
        let status = response.status();
        if request.has_bearer() && status != StatusCode::TOO_MANY_REQUESTS {
            let pause = rate::pause(|name| answer::header(&response, name));
            let now = self.config.timer.now();
            self.pace.limit.note(pause.and_then(|pause| now.checked_add(pause)));
        }
        if status.is_success() || (request.may_redirect() && status.is_redirection()) {
            return Ok(response);
        }
        Err(answer::read_error(request, response, timeout, &self.secrets(bearer)).await)
    }

    /// Waits for the answer; `None` after a timeout. An upload may take any time while the other side
    /// keeps taking bytes.
    async fn await_answer<T>(
        &self,
        upload: Option<&UploadProgress>,
        answer: impl Future<Output = T>,
    ) -> Option<T> {
        let mut answer = std::pin::pin!(answer);
        let taken = || upload.map_or(0, |progress| progress.bytes());
        loop {
            let before = taken();
            let timeout = match upload {
                Some(progress) if before >= progress.length => LAST_ANSWER.max(self.config.timeout),
                _ => self.config.timeout,
            };
            match tokio::time::timeout(timeout, &mut answer).await {
                Ok(answer) => return Some(answer),
                Err(_) if taken() != before => {}
                Err(_) => return None,
            }
        }
    }

    /// Waits as long as [`decide_retry`] says; an error when it says stop.
    pub(super) async fn wait_before_retry(
        &self,
        step: WorkflowStep,
        failed: FailedAttempt,
        budget: &mut RetryBudget,
    ) -> Result<(), Error> {
        budget.may_have_had_effect |= failed.outcome.may_have_had_effect();
        let (now, jitter) = (self.config.timer.now(), self.config.timer.jitter());
        match decide_retry(&failed, budget, now, jitter) {
            RetryDecision::Wait(wait) => {
                let is_poll = matches!(failed.outcome, Outcome::Pending(_));
                self.tell(if is_poll {
                    Event::Polls(step, wait)
                } else {
                    Event::Waits(step, wait)
                });
                self.config.timer.wait(wait).await;
                budget.polls += u32::from(is_poll);
                budget.retries += u32::from(!is_poll);
                budget.waited += wait;
                Ok(())
            }
            RetryDecision::TooLong(until) => Err(Error::WaitTooLong { step, until }),
            RetryDecision::Stop => Err(failed.error),
        }
    }

    pub(super) fn retry_budget(&self) -> RetryBudget {
        RetryBudget {
            max_retries: self.config.retries,
            max_polls: self.config.poll_limit,
            max_wait: self.config.longest_wait,
            retries: 0,
            polls: 0,
            waited: Duration::ZERO,
            may_have_had_effect: false,
        }
    }

    pub(super) fn tell(&self, event: Event) {
        (self.config.listener)(event);
    }

    /// Everything that must not be shown, in each spelling that a server could echo.
    fn secrets(&self, bearer: Option<&Bearer>) -> Vec<String> {
        let credentials = &self.config.credentials;
        let mut secrets = credentials.secret_spellings();
        // As HTTP Basic spells them.
        let secret = credentials.secret.expose_secret();
        let basic = self.api.get(self.config.base.clone());
        let basic = basic.basic_auth(&credentials.client_id, Some(secret)).build().ok();
        let basic = basic.as_ref().and_then(|request| request.headers().get("authorization"));
        let basic = basic.and_then(|value| value.to_str().ok()?.strip_prefix("Basic "));
        secrets.extend(basic.map(str::to_owned));
        secrets.extend(bearer.map(|bearer| bearer.token.expose_secret().to_owned()));
        secrets
    }
}
