//! Client for the Genesys recordings API: downloads a recording and uploads its redacted copy. Async;
//! knows no audio.
//!
//! One file for each step of the workflow. Each step returns the only value that the next one accepts:
//!
//! 1. **sign in**: gets a bearer token (`sign_in`), which is cached and shared (`token`).
//! 2. **locate**: [`Genesys::locate`] gets the recording's download URL ▸ [`Located`].
//! 3. **fetch**: [`Genesys::fetch`] starts the download ▸ [`Download`]. A decoder reads it while it
//!    arrives, so no unredacted audio is written to a disk.
//! 4. redact: not here. Only [`redact`](crate::redact()) makes a [`Redacted`](crate::Redacted).
//! 5. **grant**: [`Genesys::grant`] creates a new recording and gets its upload URL ▸ [`Grant`].
//! 6. **upload**: [`Genesys::upload`] uploads a `Redacted` ▸ [`Uploaded`].
//! 7. **complete**: [`Genesys::complete`] ▸ [`Completed`], with the new recording's id.
//!
//! [`sanitise`](crate::sanitise()) runs all of them.
//!
//! | question | answer |
//! |---|---|
//! | How long is the wait before a retry? How is `Retry-After` obeyed? | `decide_retry` in `retry` |
//! | Who sends requests, keeps the pace and adds the bearer token? | `HttpClient` in `send` |
//! | How does an error answer become an [`Error`]? | `answer`; for storage hosts, `storage` |
//! | What keeps secrets out of messages? | `secret` |
//!
//! A step builds a `Request` and reads the answer. Sending, pace, retries and the token cache know nothing
//! of the bodies and paths in [`wire`]. Only the API host gets the bearer token; requests to presigned
//! URLs use a second client without credentials.

use std::sync::Arc;

mod answer;
mod complete;
mod config;
mod error;
mod fetch;
mod grant;
mod locate;
mod pace;
mod permission;
pub mod platform;
mod poll;
mod protocol;
mod rate;
mod region;
mod request;
mod retry;
mod secret;
mod send;
mod sign_in;
mod storage;
mod token;
mod token_file;
mod upload;
pub mod wire;

pub use complete::Completed;
pub use config::{Config, DEFAULT_BASE_URL, Event};
pub use error::Error;
pub use fetch::{Download, DownloadFailure};
pub use grant::Grant;
pub use locate::Located;
pub use platform::Platform;
pub use region::Region;
pub use request::StepRecord;
pub use secret::Credentials;
pub use upload::Uploaded;
pub use wire::WorkflowStep;

pub use crate::http::{Failure, Timer};

use protocol::Protocol;
use send::HttpClient;

/// A client of one organisation. Cheap to clone; clones share token, pace and connections.
#[derive(Debug, Clone)]
pub struct Genesys(Arc<HttpClient>);

impl Genesys {
    /// A new client. Sends nothing yet.
    ///
    /// # Errors
    /// [`Error::Config`] when TLS cannot be set up on this machine, or the token cache must not be used.
    pub fn new(config: Config) -> Result<Self, Error> {
        HttpClient::new(config, Protocol::Recordings).map(|client| Self(Arc::new(client)))
    }

    /// Waits before a download that broke with `error` is started again, after `retries` restarts. Returns
    /// the error when no retry is left.
    pub(crate) async fn wait_before_restart(
        &self,
        retries: u32,
        error: Error,
    ) -> Result<(), Error> {
        self.0.wait_before_restart(WorkflowStep::Fetch, retries, error).await
    }
}
