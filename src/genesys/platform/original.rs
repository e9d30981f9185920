//! The original recording: which one it is, for the steps after its download.

use crate::genesys::error::Error;
use crate::genesys::secret::{check_id, is_id, plain_date, plain_name};
use crate::genesys::wire::WorkflowStep;

use super::wire::Recording;

/// A recording of a conversation, in the organisation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Original {
    conversation_id: String,
    recording_id: String,
    session_id: Option<String>,
    subtype: Option<String>,
    times: [Option<String>; 2],
    delete_date: Option<String>,
}

impl Original {
    /// The recording with these ids.
    ///
    /// # Errors
    /// [`Error::Config`] when an id is invalid.
    pub fn new(conversation_id: &str, recording_id: &str) -> Result<Self, Error> {
        check_id("conversation", conversation_id)?;
        check_id("recording", recording_id)?;
        Ok(Self {
            conversation_id: conversation_id.to_owned(),
            recording_id: recording_id.to_owned(),
            session_id: None,
            subtype: None,
            times: [None, None],
            delete_date: None,
        })
    }

    /// The recording that the API describes, of this conversation.
    pub(super) fn of(conversation_id: &str, recording: &Recording) -> Result<Self, Error> {
        if !is_id(&recording.id) {
            let reason = "it contains no valid recording id".into();
            return Err(Error::Answer { step: WorkflowStep::Locate, reason });
        }
        let session_id = recording.session_id.clone().filter(|id| is_id(id));
        let subtype = recording.media_subtype.as_deref().map(plain_name);
        let times = [&recording.start_time, &recording.end_time];
        let times = times.map(|time| time.as_deref().map(plain_date));
        let delete_date = recording.delete_date.as_deref().map(plain_date);
        let of_ids = Self::new(conversation_id, &recording.id)?;
        Ok(Self { session_id, subtype, times, delete_date, ..of_ids })
    }

    /// The conversation's id.
    pub fn conversation_id(&self) -> &str {
        &self.conversation_id
    }

    /// The recording's id.
    pub fn recording_id(&self) -> &str {
        &self.recording_id
    }

    /// The id of the recorded session, if the API names it.
    pub fn session_id(&self) -> Option<&str> {
        self.session_id.as_deref()
    }

    /// What was recorded: `Trunk`, `Station`, `Consult`, `Snippet` or another, if the API says so.
    pub fn subtype(&self) -> Option<&str> {
        self.subtype.as_deref()
    }

    /// When the recording began, as the API writes it, if it says so.
    pub fn start_time(&self) -> Option<&str> {
        self.times[0].as_deref()
    }

    /// When the recording ended, as the API writes it, if it says so.
    pub fn end_time(&self) -> Option<&str> {
        self.times[1].as_deref()
    }

    /// When its own retention deletes the recording, as the API writes it, if it says so.
    pub fn delete_date(&self) -> Option<&str> {
        self.delete_date.as_deref()
    }
}
