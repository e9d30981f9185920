//! Step 2, locate: where a recording can be downloaded.

use super::call::{Call, To};
use super::error::Error;
use super::retry::Repeat;
use super::secret::{Presigned, is_id};
use super::trace::Trace;
use super::wire::Step;
use super::{Event, Genesys, wire};

/// A recording that can be fetched now, for as long as its download URL is valid.
#[derive(Debug)]
pub struct Located {
    pub(super) download: Presigned,
    pub(super) trace: Trace,
}

impl Genesys {
    /// Asks for the recording's download URL.
    ///
    /// # Errors
    /// [`Error::Config`] when the id cannot be one; [`Error::NotCompleted`] when it is in another state; [`Error::Refused`], which holds the
    /// API's message, when it is not there, locked, or not permitted.
    pub async fn locate(&self, recording_id: &str) -> Result<Located, Error> {
        let step = Step::Locate;
        if !is_id(recording_id) {
            let what = "a recording id has letters, digits, `-`, `_` and `.` only";
            return Err(Error::Config(what.into()));
        }
        self.0.config.watch.tell(Event::Begins(step));
        let path = [wire::RECORDINGS, &[recording_id]];
        let request = || self.0.api(reqwest::Method::GET, &path);
        let call = Call {
            step,
            repeat: Repeat::Harmless,
            to: To::Api { bearer: true },
            request: &request,
        };
        let (recording, trace): (wire::Recording, _) = self.0.json(call).await?;
        if recording.status != wire::COMPLETED {
            let state = recording.status.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_');
            let state = state.take(40).collect();
            return Err(Error::NotCompleted { state });
        }
        let url = recording.download_url.ok_or_else(|| Error::Answer {
            step,
            reason: "the recording is completed and has no download URL".into(),
        })?;
        Ok(Located { download: self.0.presigned(step, &url)?, trace })
    }
}
