//! The Genesys half: from a recording's id to a sanitised recording beside it. Async; no audio.
//!
//! The recipe, one step a file. Each step returns the only value that can take the next:
//!
//! 1. **sign in**: a token (`sign_in`), cached and shared (`token`).
//! 2. **locate**: [`Genesys::locate`] asks where the recording can be downloaded ▸ [`Located`].
//! 3. **fetch**: [`Genesys::fetch`] begins the download ▸ [`Body`], which a decoder reads while it
//!    arrives. No unredacted byte touches a disk.
//! 4. redact: not here. [`Redacted`](crate::Redacted) is made by [`redact`](crate::redact()) only.
//! 5. **grant**: [`Genesys::grant`] creates a new recording ▸ [`Grant`].
//! 6. **upload**: [`Genesys::upload`] takes the grant and a `Redacted` ▸ [`Uploaded`].
//! 7. **complete**: [`Genesys::complete`] ▸ [`Completed`], with the new recording's id.
//!
//! [`sanitise`](crate::sanitise()) walks all of it. What can go wrong is in [`Error`]; what is
//! repeated when, in `retry`; each request is sent in `call`, the one place that knows the token.
//! The bearer goes to the API host only; presigned hosts get a client that carries nothing.

use std::sync::Arc;
use std::time::Duration;

use reqwest::Url;

mod answer;
mod call;
mod error;
mod fetch;
mod locate;
mod retry;
mod secret;
mod sign_in;
mod storage;
mod taken;
mod timer;
mod token;
mod trace;
mod upload;
pub mod wire;

pub use error::Error;
pub use fetch::{Body, Breakage};
pub use locate::Located;
pub use secret::Credentials;
pub use timer::Timer;
pub use trace::Trace;
pub use upload::{Completed, Grant, Uploaded};
pub use wire::Step;

use call::Caller;

/// The API of Genesys Cloud's oldest region, used when no other is named.
pub const DEFAULT_BASE_URL: &str = "https://api.mypurecloud.com";

/// How to reach an organisation, and how patient to be.
#[derive(Debug, Clone)]
pub struct Config {
    base: Url,
    credentials: Credentials,
    retries: u32,
    longest_wait: Duration,
    requests_a_minute: u32,
    timeout: Duration,
    timer: Arc<dyn Timer>,
    watch: Watch,
}

impl Config {
    /// The API at `base_url`, with these credentials: three retries, at most five minutes of
    /// waiting a call, 300 requests a minute, 30 s without a byte.
    ///
    /// # Errors
    /// [`Error::Config`] when the URL is none; [`Error::Insecure`] when it is neither `https` nor
    /// on this machine.
    pub fn new(base_url: &str, credentials: Credentials) -> Result<Self, Error> {
        let wrong = || Error::Config(format!("`{base_url}` is not the URL of an API host"));
        let base = Url::parse(base_url).map_err(|_| wrong())?;
        if base.cannot_be_a_base() || base.host_str().is_none() {
            return Err(wrong());
        }
        if !secret::is_allowed(&base) {
            return Err(Error::Insecure { host: base.host_str().unwrap_or_default().into() });
        }
        Ok(Self {
            base,
            credentials,
            retries: 3,
            longest_wait: Duration::from_secs(300),
            requests_a_minute: 300,
            timeout: Duration::from_secs(30),
            timer: Arc::new(timer::Clock),
            watch: Watch::default(),
        })
    }

    /// How often a call is tried again after its first try.
    #[must_use]
    pub fn with_retries(mut self, retries: u32) -> Self {
        self.retries = retries;
        self
    }

    /// The longest that the waits of one call may take together. A `Retry-After` beyond it ends
    /// the call; it is never shortened.
    #[must_use]
    pub fn with_longest_wait(mut self, wait: Duration) -> Self {
        self.longest_wait = wait;
        self
    }

    /// The pace: requests a minute, at least one. Genesys allows 300 a client.
    #[must_use]
    pub fn with_rate(mut self, requests_a_minute: u32) -> Self {
        self.requests_a_minute = requests_a_minute.max(1);
        self
    }

    /// How long nothing may move before a request is given up.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Another clock, for those who want to see the waits and not sit through them.
    #[must_use]
    pub fn with_timer(mut self, timer: Arc<dyn Timer>) -> Self {
        self.timer = timer;
        self
    }

    /// Is told what happens, as it happens.
    #[must_use]
    pub fn with_watch(mut self, watch: impl Fn(Event) + Send + Sync + 'static) -> Self {
        self.watch = Watch(Some(Arc::new(watch)));
        self
    }
}

/// What happens on the way.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// A step begins.
    Begins(Step),
    /// A step waits before it is tried again.
    Waits(Step, Duration),
    /// A step waits for its turn, to keep the pace.
    Paces(Step, Duration),
    /// A new recording exists, with this id and without audio.
    Granted(String),
    /// So many bytes have been handed over for the upload, of so many.
    Uploaded {
        /// Bytes taken by the system, which sends them.
        bytes: u64,
        /// All there are.
        of: u64,
    },
}

/// Somebody who is told of [`Event`]s, or nobody.
#[derive(Clone, Default)]
struct Watch(Option<Arc<dyn Fn(Event) + Send + Sync>>);

impl Watch {
    fn tell(&self, event: Event) {
        if let Some(watch) = &self.0 {
            watch(event);
        }
    }
}

impl std::fmt::Debug for Watch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Watch")
    }
}

/// A client of one organisation. Cheap to clone; clones share token, pace and connections.
#[derive(Debug, Clone)]
pub struct Genesys(Arc<Caller>);

impl Genesys {
    /// A client. Nothing is sent yet.
    ///
    /// # Errors
    /// [`Error::Config`] when this machine cannot do TLS.
    pub fn new(config: Config) -> Result<Self, Error> {
        Caller::new(config).map(|caller| Self(Arc::new(caller)))
    }

    /// Waits as before another try of a call; false when there have been enough of them.
    pub(crate) async fn wait_before_retry(&self, step: Step, attempt: u32) -> bool {
        self.0.wait_before_retry(step, attempt).await
    }
}
