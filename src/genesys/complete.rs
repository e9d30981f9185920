//! Step 7, complete: tells Genesys that the audio is uploaded.

use reqwest::Method;
use reqwest::header::CONTENT_LENGTH;

use super::request::Request;
use super::{Error, Event, Genesys, StepRecord, Uploaded, WorkflowStep, wire};

/// A new recording that Genesys has accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completed {
    /// The new recording's id.
    pub id: String,
    /// Records of grant, upload and complete.
    pub steps: Vec<StepRecord>,
}

impl Genesys {
    /// Completes the upload: the new recording can then be located.
    ///
    /// # Errors
    /// [`Error::Refused`] and the errors of the transport.
    pub async fn complete(&self, uploaded: Uploaded) -> Result<Completed, Error> {
        let step = WorkflowStep::Complete;
        self.0.tell(Event::Begins(step));
        let Uploaded { id, mut steps } = uploaded;
        let path = [wire::RECORDINGS, &[&id], wire::COMPLETE];
        let build = || self.0.to_api(Method::POST, &path).header(CONTENT_LENGTH, 0);
        let request = Request::to_api(step, &build);
        let (_, record) = self.0.send(request).await?;
        steps.push(record);
        Ok(Completed { id, steps })
    }
}
