//! Configuration of a client, and the events that it reports.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use reqwest::Url;

use super::error::Error;
use super::poll;
use super::secret::{Credentials, is_allowed};
use super::wire::WorkflowStep;
use crate::http::{SystemTimer, Timer};

/// The API host of the oldest Genesys Cloud region; the default.
pub const DEFAULT_BASE_URL: &str = "https://api.mypurecloud.com";

/// Which organisation to connect to, and the limits for retries, pace and time.
#[derive(Clone)]
pub struct Config {
    pub(super) base: Url,
    pub(super) credentials: Credentials,
    /// How often a request is retried after its first attempt.
    pub retries: u32,
    /// How often something that is not ready is asked for again: a recording that is being transcoded, a
    /// deletion that has not happened yet.
    pub poll_limit: u32,
    /// The longest total wait between the attempts and polls of one request. A longer `Retry-After` ends the
    /// request with [`Error::WaitTooLong`]; it is never shortened.
    pub longest_wait: Duration,
    /// The pace in requests a minute, at least one. Genesys allows 300 per client, and fewer at some
    /// endpoints.
    pub requests_a_minute: u32,
    /// A file that keeps the token for other processes with the same client. Only the owner may read it.
    /// Several processes may share it.
    pub token_cache: Option<PathBuf>,
    /// How long a request may go without any data transferred.
    pub timeout: Duration,
    /// The clock. Tests replace it by one that records waits instead of sleeping.
    pub timer: Arc<dyn Timer>,
    /// Called on every [`Event`].
    pub listener: Arc<dyn Fn(Event) + Send + Sync>,
}

impl Config {
    /// The API at `base_url` with these credentials. Defaults: 3 retries, 10 polls, at most 5 minutes of
    /// waiting per request, 300 requests a minute, a timeout of 30 s, no token cache.
    ///
    /// # Errors
    /// [`Error::Config`] when `base_url` is not a URL with a host; [`Error::Insecure`] when it is neither
    /// `https` nor on this machine.
    pub fn new(base_url: &str, credentials: Credentials) -> Result<Self, Error> {
        let invalid = || Error::Config(format!("`{base_url}` is not the URL of an API host"));
        let base = Url::parse(base_url).map_err(|_| invalid())?;
        let host = base.host_str().ok_or_else(invalid)?;
        if !is_allowed(&base) {
            return Err(Error::Insecure { host: host.into() });
        }
        Ok(Self {
            base,
            credentials,
            retries: 3,
            poll_limit: 10,
            longest_wait: Duration::from_secs(300),
            requests_a_minute: 300,
            token_cache: None,
            timeout: Duration::from_secs(30),
            timer: Arc::new(SystemTimer),
            listener: Arc::new(|_| {}),
        })
    }

    /// Like [`Config::new`], for a [`Platform`](super::Platform): 120 requests a minute, because its
    /// endpoints for recordings may allow fewer than 300. `base_url` is the API host; the login host is
    /// `login.` beside `api.`, otherwise the same. [`Region::api_url`](super::Region::api_url) has the URL
    /// of a region.
    ///
    /// # Errors
    /// As [`Config::new`].
    pub fn platform(base_url: &str, credentials: Credentials) -> Result<Self, Error> {
        Ok(Self { requests_a_minute: 120, ..Self::new(base_url, credentials)? })
    }

    /// How long something that is not ready is waited for, if the API gives no hint: the time of the last
    /// poll.
    pub fn last_poll(&self) -> Duration {
        poll::last(self.poll_limit, self.longest_wait)
    }

    /// Whether the API is on this machine: [`Config::new`] allows plain http nowhere else.
    pub(super) fn is_local(&self) -> bool {
        self.base.scheme() == "http"
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config").field("base", &self.base).finish_non_exhaustive()
    }
}

/// Progress of the workflow.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// A step begins.
    Begins(WorkflowStep),
    /// A step waits before a retry.
    Waits(WorkflowStep, Duration),
    /// A step waits before it asks again for something that is not ready.
    Polls(WorkflowStep, Duration),
    /// A step waits to keep the request rate.
    Paces(WorkflowStep, Duration),
    /// A new token could not be written to the token cache, and why. It is used all the same.
    TokenNotKept(String),
    /// A new recording with this id was created. It has no audio yet.
    Granted(String),
    /// A recording shows the date of deletion that was set, or is deleted.
    DeletionShown,
    /// Part of the upload was handed to the network stack.
    Uploaded {
        /// Bytes handed over so far.
        bytes: u64,
        /// Size of the upload in bytes.
        of: u64,
    },
}
