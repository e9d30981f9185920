//! The one place where requests are sent.
//!
//! In: what to ask, and what a repeat would do. Out: an answer that is a success, or an [`Error`]
//! without URL and secret. Token, pace, retries and classification are here and nowhere else.

use std::time::Duration;

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter, clock::Clock as _};
use reqwest::{Client, RequestBuilder, Response, Url, redirect};
use secrecy::ExposeSecret;
use serde::de::DeserializeOwned;

use super::answer::{credentials, reason, unknown};
use super::error::Error;
use super::retry::{self, Outcome, Patience, Repeat, Verdict};
use super::secret::Presigned;
use super::taken::Taken;
use super::token::{Bearer, Tokens};
use super::trace::Trace;
use super::wire::Step;
use super::{Config, Event};

/// How long making a connection may take.
const CONNECT: Duration = Duration::from_secs(10);

/// How long an idle connection is used again.
const IDLE: Duration = Duration::from_secs(10);

/// Requests that may go at once, before the pace is kept.
const BURST: std::num::NonZeroU32 = std::num::NonZeroU32::new(10).unwrap();

/// How long the answer to an upload may take once all of it has been handed to the system, which
/// may hold megabytes that a slow link has yet to carry.
const LAST_ANSWER: Duration = Duration::from_secs(300);

/// Everything that the steps share.
#[derive(Debug)]
pub(super) struct Caller {
    pub(super) config: Config,
    /// Talks to the API host; redirects are refused.
    api: Client,
    /// Talks to presigned hosts; carries nothing, follows nothing by itself.
    pub(super) open: Client,
    tokens: Tokens,
    pace: DefaultDirectRateLimiter,
    quanta: governor::clock::DefaultClock,
}

/// One request with its rules.
pub(super) struct Call<'a> {
    pub(super) step: Step,
    pub(super) repeat: Repeat,
    pub(super) to: To<'a>,
    /// Makes the request anew for each try.
    pub(super) request: &'a (dyn Fn() -> RequestBuilder + Sync),
}

/// Where a request goes. The bearer goes to the API host only.
#[derive(Clone, Copy)]
pub(super) enum To<'a> {
    /// To the API host, at the client's pace; with the bearer, except to get one.
    Api { bearer: bool },
    /// To a presigned host, for a body. A redirect is given back, for the caller to judge.
    Download,
    /// To a presigned host, with a body: so many bytes of it have been taken, of so many.
    Upload { taken: &'a Taken, length: u64 },
}

/// How one try went wrong, and what it will be called if it stays so.
pub(super) struct Mishap {
    pub(super) outcome: Outcome,
    pub(super) error: Error,
}

impl Caller {
    pub(super) fn new(config: Config) -> Result<Self, Error> {
        // Another part of the program may have chosen a provider already; then that one is used.
        let _ = rustls::crypto::ring::default_provider().install_default();
        // An API on this machine, a sandbox, needs no certificates; where there are none at all, the
        // sandbox works all the same. No host is trusted then, and https fails.
        let no_roots = config.base.scheme() == "http";
        let client = || {
            let mut builder = Client::builder();
            if no_roots {
                let roots = rustls::RootCertStore::empty();
                let tls = rustls::ClientConfig::builder().with_root_certificates(roots);
                builder = builder.tls_backend_preconfigured(tls.with_no_client_auth());
                // A proxy would carry the secret off this machine.
                builder = builder.no_proxy();
            }
            builder
                .redirect(redirect::Policy::none())
                .referer(false)
                .retry(reqwest::retry::never())
                // Shorter than the whole, so that a connection never made is known as such.
                .connect_timeout((config.timeout / 2).min(CONNECT))
                // What has idled through a long download may be dead, and a create finds out too late.
                .pool_idle_timeout(IDLE)
                .user_agent(concat!("sordino/", env!("CARGO_PKG_VERSION")))
                .build()
                .map_err(|error| Error::Config(format!("no TLS here: {}", reason(error))))
        };
        let per_minute = std::num::NonZeroU32::new(config.requests_a_minute)
            .unwrap_or(std::num::NonZeroU32::MIN);
        Ok(Self {
            api: client()?,
            open: client()?,
            tokens: Tokens::default(),
            pace: RateLimiter::direct(
                Quota::per_minute(per_minute).allow_burst(per_minute.min(BURST)),
            ),
            quanta: governor::clock::DefaultClock::default(),
            config,
        })
    }

    /// Whether the API is on this machine.
    pub(super) fn is_local(&self) -> bool {
        self.config.base.scheme() == "http"
    }

    /// A URL as the answer to `step` names it.
    pub(super) fn presigned(&self, step: Step, text: &str) -> Result<Presigned, Error> {
        let none = |_| Error::Answer { step, reason: "the URL that it names is none".into() };
        Presigned::new(Url::parse(text).map_err(none)?, self.is_local())
    }

    /// A request to the API host.
    pub(super) fn api(&self, method: reqwest::Method, path: &[&[&str]]) -> RequestBuilder {
        let mut url: Url = self.config.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path.concat());
        }
        self.api.request(method, url).header("accept", "application/json")
    }

    /// Sends until there is a success or no more patience.
    pub(super) async fn call(&self, call: Call<'_>) -> Result<(Response, Trace), Error> {
        let patience = self.patience();
        let (mut attempt, mut waited, mut renewed) = (0, Duration::ZERO, false);
        let began = self.config.timer.now();
        loop {
            if let To::Api { .. } = call.to {
                self.keep_pace(call.step).await;
            }
            let bearer = match call.to {
                To::Api { bearer: true } => Some(self.bearer().await?),
                _ => None,
            };
            let mishap = match self.send(&call, bearer.as_ref()).await {
                Ok(response) => {
                    let correlation_id = self.correlation_id(&call, &response, bearer.as_ref());
                    let retries = attempt + u32::from(renewed);
                    let answered = self.config.timer.now();
                    let step = call.step;
                    let trace = Trace { step, began, answered, retries, correlation_id };
                    return Ok((response, trace));
                }
                Err(mishap) => mishap,
            };
            if let (Some(bearer), Outcome::Status(401, _)) = (&bearer, mishap.outcome) {
                self.tokens.refuse(bearer).await;
                if renewed {
                    return Err(credentials(mishap.error));
                }
                renewed = true;
                continue;
            }
            let now = self.config.timer.now();
            let jitter = self.config.timer.jitter();
            let verdict =
                retry::decide(attempt, mishap.outcome, call.repeat, patience, waited, now, jitter);
            match verdict {
                Verdict::Wait(wait) => self.wait(call.step, wait, &mut waited).await,
                Verdict::TooLong(until) => {
                    return Err(Error::WaitTooLong { step: call.step, until });
                }
                Verdict::Stop => return Err(mishap.error),
            }
            attempt += 1;
        }
    }

    /// Like [`Caller::call`], for an answer in JSON.
    pub(super) async fn json<T: DeserializeOwned>(
        &self,
        call: Call<'_>,
    ) -> Result<(T, Trace), Error> {
        let (step, repeat) = (call.step, call.repeat);
        let (response, trace) = self.call(call).await?;
        let body = self.read_body(step, response).await;
        let lost = |reason: String| match repeat {
            Repeat::Harmless => Error::Answer { step, reason },
            Repeat::MakesAnother => Error::OutcomeUnknown { reason },
        };
        let body = body.map_err(|error| match repeat {
            Repeat::Harmless => error,
            Repeat::MakesAnother => lost(error.to_string()),
        })?;
        // The parser's message could quote a token.
        let parsed = serde_json::from_slice(&body).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            lost(format!("not the expected JSON (line {line}, column {column})"))
        })?;
        Ok((parsed, trace))
    }

    async fn send(&self, call: &Call<'_>, bearer: Option<&Bearer>) -> Result<Response, Mishap> {
        let mut request = (call.request)();
        if let Some(bearer) = bearer {
            request = request.bearer_auth(bearer.token.expose_secret());
        }
        let step = call.step;
        let response = match self.await_answer(call.to, request.send()).await {
            Some(Ok(response)) => response,
            Some(Err(error)) => {
                let outcome = if error.is_connect() { Outcome::NotSent } else { Outcome::Unknown };
                let error = Error::Transport { step, reason: reason(error) };
                return Err(Mishap { outcome, error: unknown(call.repeat, outcome, error) });
            }
            None => {
                let error = Error::Stalled { step, after: self.config.timeout };
                let error = unknown(call.repeat, Outcome::Unknown, error);
                return Err(Mishap { outcome: Outcome::Unknown, error });
            }
        };
        let redirect = matches!(call.to, To::Download) && response.status().is_redirection();
        if response.status().is_success() || redirect {
            return Ok(response);
        }
        Err(self.refused(call, response, bearer).await)
    }

    /// Waits for an answer; nothing, if it does not come for too long. An upload may take as long
    /// as it likes while the other side keeps taking bytes.
    async fn await_answer<T>(&self, to: To<'_>, answer: impl Future<Output = T>) -> Option<T> {
        let mut answer = std::pin::pin!(answer);
        let (moved, length) = match to {
            To::Upload { taken, length } => (Some(taken), length),
            _ => (None, 0),
        };
        let taken = || moved.map_or(0, Taken::bytes);
        loop {
            let before = taken();
            let all = moved.is_some() && before >= length;
            let patience =
                if all { LAST_ANSWER.max(self.config.timeout) } else { self.config.timeout };
            match tokio::time::timeout(patience, &mut answer).await {
                Ok(answer) => return Some(answer),
                Err(_) if taken() != before => {}
                Err(_) => return None,
            }
        }
    }

    async fn bearer(&self) -> Result<Bearer, Error> {
        let now = self.config.timer.now();
        // Signing in is itself a call, so the future must be boxed.
        self.tokens.get(now, Box::pin(self.sign_in())).await
    }

    async fn keep_pace(&self, step: Step) {
        while let Err(early) = self.pace.check() {
            let wait = early.wait_time_from(self.quanta.now());
            self.config.watch.tell(Event::Paces(step, wait));
            self.config.timer.wait(wait).await;
        }
    }

    /// The wait before a broken transfer is begun anew; false when there have been enough.
    pub(super) async fn wait_before_retry(&self, step: Step, attempt: u32) -> bool {
        let patience = self.patience();
        let (now, jitter) = (self.config.timer.now(), self.config.timer.jitter());
        let (outcome, waited) = (Outcome::Unknown, Duration::ZERO);
        match retry::decide(attempt, outcome, Repeat::Harmless, patience, waited, now, jitter) {
            Verdict::Wait(wait) => self.wait(step, wait, &mut Duration::default()).await,
            _ => return false,
        }
        true
    }

    fn patience(&self) -> Patience {
        Patience { retries: self.config.retries, budget: self.config.longest_wait }
    }

    async fn wait(&self, step: Step, wait: Duration, waited: &mut Duration) {
        self.config.watch.tell(Event::Waits(step, wait));
        self.config.timer.wait(wait).await;
        *waited += wait;
    }
}
