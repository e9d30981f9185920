//! Step 5, grant: a new recording without audio, and the URL to upload its audio to.

use reqwest::Method;
use secrecy::SecretString;

use super::request::Request;
use super::secret::is_id;
use super::{Error, Event, Genesys, StepRecord, WorkflowStep, wire};

/// A new recording without audio, and its upload URL.
#[derive(Debug)]
pub struct Grant {
    pub(super) id: String,
    /// Parsed in the upload step: an error here would lose the id of a recording that exists.
    pub(super) upload_url: SecretString,
    pub(super) record: StepRecord,
}

impl Grant {
    /// The new recording's id.
    pub fn id(&self) -> &str {
        &self.id
    }
}

impl Genesys {
    /// Creates a recording in the conversation. Not retried when the answer is lost, which could create a
    /// second recording without anyone noticing.
    ///
    /// # Errors
    /// [`Error::OutcomeUnknown`] when it is unknown whether a recording was created; [`Error::Refused`].
    pub async fn grant(&self, conversation_id: &str) -> Result<Grant, Error> {
        let step = WorkflowStep::Grant;
        self.0.tell(Event::Begins(step));
        let create = wire::CreateRecording {
            recording_type: "conversation".into(),
            media_type: "audio".into(),
            conversation_id: conversation_id.into(),
        };
        let build = || self.0.to_api(Method::POST, &[wire::RECORDINGS]).json(&create);
        let request = Request::to_api(step, &build);
        let (created, record) = self.0.send_for_json::<wire::CreatedRecording>(request).await?;
        if !is_id(&created.id) {
            let reason = "it contains no valid recording id".into();
            return Err(Error::OutcomeUnknown { step, reason });
        }
        self.0.tell(Event::Granted(created.id.clone()));
        Ok(Grant { id: created.id, upload_url: created.upload_url.into(), record })
    }
}
