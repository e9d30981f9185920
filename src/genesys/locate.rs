//! Step 2, locate: the download URL of a recording.

use reqwest::Method;

use super::request::Request;
use super::secret::{Presigned, is_id};
use super::{Error, Event, Genesys, StepRecord, WorkflowStep, wire};

/// A recording that can be downloaded for as long as its URL is valid.
#[derive(Debug)]
pub struct Located {
    pub(super) url: Presigned,
    pub(super) record: StepRecord,
}

impl Genesys {
    /// Requests the recording's download URL.
    ///
    /// # Errors
    /// [`Error::Config`] when the id is invalid; [`Error::NotCompleted`] when the recording is in another
    /// state; [`Error::Refused`], with the API's message, when it does not exist, is locked, or permission
    /// is missing.
    pub async fn locate(&self, recording_id: &str) -> Result<Located, Error> {
        let step = WorkflowStep::Locate;
        if !is_id(recording_id) {
            let rule = "a recording id has letters, digits, `-`, `_` and `.` only";
            return Err(Error::Config(rule.into()));
        }
        self.0.tell(Event::Begins(step));
        let path = [wire::RECORDINGS, &[recording_id]];
        let build = || self.0.to_api(Method::GET, &path);
        let request = Request { step, upload: None, build: &build };
        let (recording, record) = self.0.send_for_json::<wire::Recording>(request).await?;
        if recording.status != wire::COMPLETED {
            // A name of a state, not any text of a server.
            let is_plain = |c: &char| c.is_ascii_alphanumeric() || *c == '_';
            let state = recording.status.chars().filter(is_plain).take(40).collect();
            return Err(Error::NotCompleted { state });
        }
        let url = recording.download_url.ok_or_else(|| Error::Answer {
            step,
            reason: "the recording is completed but has no download URL".into(),
        })?;
        let url = Presigned::parse(step, &url, self.0.config.is_local())?;
        Ok(Located { url, record })
    }
}
