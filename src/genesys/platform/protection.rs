//! Step 6, protection: whether a conversation is protected from deletion. Protection beats every deletion, so
//! a date set in spite of it would promise what does not happen.

use reqwest::Method;

use crate::genesys::config::Event;
use crate::genesys::error::Error;
use crate::genesys::request::{Request, StepRecord};
use crate::genesys::wire::WorkflowStep;

use super::{Original, Platform, wire};

/// A recording whose conversation is not protected.
#[derive(Debug, Clone)]
pub struct Unprotected {
    pub(super) original: Original,
    /// The record of this step.
    pub record: StepRecord,
}

impl Platform {
    /// Checks that the conversation is not protected from deletion.
    ///
    /// # Errors
    /// [`Error::Protected`] when it is; [`Error::MissingPermission`], [`Error::Refused`].
    pub async fn check_protection(&self, original: &Original) -> Result<Unprotected, Error> {
        let step = WorkflowStep::Protection;
        self.0.tell(Event::Begins(step));
        let id = original.conversation_id();
        let query = wire::ProtectionQuery { conversation_ids: vec![id.to_owned()] };
        let build = || self.0.to_api(Method::POST, &[wire::PROTECTION]).json(&query);
        let request = Request::to_api(step, &build);
        let (protected, record) = self.0.send_for_json::<Vec<wire::Entity>>(request).await?;
        // Only one was asked about, so any answer is about that one.
        if !protected.is_empty() {
            return Err(Error::Protected);
        }
        Ok(Unprotected { original: original.clone(), record })
    }
}
