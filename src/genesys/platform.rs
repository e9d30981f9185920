//! The Platform API: what a Genesys Cloud organisation of today answers. A recording belongs to a
//! conversation, is transcoded on demand, comes in parts, and its audio cannot be replaced: the redacted copy
//! stays with the caller. Async; knows no audio.
//!
//! Steps, each in its own file. Each returns the only value that the next one accepts:
//!
//! 1. **sign in**: as for the recordings API, but with HTTP Basic at the login host.
//! 2. **locate**: [`Platform::locate`] waits until a recording is transcoded ▸ [`Located`], with the links of
//!    its [parts](Located::keys). [`Platform::locate_all`] does so for a conversation ▸ [`Listing`], after
//!    **list**: which recordings it has.
//! 3. **fetch**: [`Platform::fetch`] starts the download of one part ▸ [`Download`](super::Download). A link
//!    that has expired is replaced once.
//! 4. redact, keep: not here. [`job::platform`](crate::job::platform) does both.
//! 5. **annotate**: [`Platform::annotate`] marks a passage of the original ▸ [`Annotated`];
//!    [`Platform::unmarked`] finds those that are not marked yet.
//! 6. **protection**: [`Platform::check_protection`] ▸ [`Unprotected`].
//! 7. **retention**: [`Platform::check_export`] ▸ [`Deletable`]; then `set_deletion` ▸ [`Scheduled`], which
//!    only [`job::platform::finish`](crate::job::platform::finish) can call, with a proof;
//!    [`Platform::confirm_deletion`] ▸ [`Confirmed`]; [`Platform::wait_deleted`] ▸ [`Deleted`].
//!
//! Beside them, **transcript**: [`Platform::transcript_links`] and [`Platform::transcript`]. Its times are times
//! of day ([`ByTimeOfDay`]); [`Located::clock`] places them in the file. And **layout**:
//! [`Platform::export_folder`] says where an export to a bucket would put the recordings.
//!
//! Everything here follows the official SDKs and their documentation. No live organisation was reached.

use std::sync::Arc;

use super::config::Config;
use super::error::Error;
use super::protocol::Protocol;
use super::send::HttpClient;
use super::wire::WorkflowStep;

mod annotate;
mod clock;
mod date;
mod export;
mod format;
mod list;
mod locate;
mod media;
mod original;
mod protection;
mod reading;
mod retention;
mod time_of_day;
mod transcript;
mod unavailable;
pub mod wire;

pub use annotate::{Annotated, Passage, Unmarked};
pub use clock::{Clock, ClockError};
pub use date::deletion_date;
pub use export::ExportFolder;
pub use format::MediaFormat;
pub use list::{LeftOut, Listing};
pub use locate::Located;
pub use original::Original;
pub use protection::Unprotected;
pub use retention::{Confirmed, Deletable, Deleted, Scheduled};
pub use time_of_day::ByTimeOfDay;
pub use transcript::{Transcript, TranscriptLink, TranscriptLinks};
pub use unavailable::Unavailable;

/// A client of one organisation's Platform API. Cheap to clone; clones share token, pace and connections.
#[derive(Debug, Clone)]
pub struct Platform(Arc<HttpClient>);

impl Platform {
    /// A new client; see [`Config::platform`]. Sends nothing yet.
    ///
    /// # Errors
    /// [`Error::Config`] when TLS cannot be set up on this machine, or the token cache must not be used.
    pub fn new(config: Config) -> Result<Self, Error> {
        HttpClient::new(config, Protocol::Platform).map(|client| Self(Arc::new(client)))
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
