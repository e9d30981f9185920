//! Step 2, locate: the download URL of a recording.

use reqwest::Method;

use super::request::Request;
use super::secret::{Presigned, check_id, plain_name};
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
        check_id("recording", recording_id)?;
        self.0.tell(Event::Begins(step));
        let path = [wire::RECORDINGS, &[recording_id]];
        let build = || self.0.to_api(Method::GET, &path);
        let request = Request::to_api(step, &build);
        let (recording, record) = self.0.send_for_json::<wire::Recording>(request).await?;
        if recording.status != wire::COMPLETED {
            return Err(Error::NotCompleted { state: plain_name(&recording.status) });
        }
        let url = recording.download_url.ok_or_else(|| Error::Answer {
            step,
            reason: "the recording is completed but has no download URL".into(),
        })?;
        let url = Presigned::parse(step, &url, self.0.config.is_local())?;
        Ok(Located { url, record })
    }
}
