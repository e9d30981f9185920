//! Step 2, locate: waits until a recording is transcoded, and gets the links of its parts.

use reqwest::Method;

use crate::genesys::config::Event;
use crate::genesys::error::Error;
use crate::genesys::request::{Request, StepRecord};
use crate::genesys::secret::check_id;
use crate::genesys::wire::WorkflowStep;

use super::clock::{Clock, ClockError};
use super::reading::{self, Part};
use super::{MediaFormat, Original, Platform, wire};

/// A recording that can be downloaded for as long as its links are valid.
#[derive(Debug, Clone)]
pub struct Located {
    pub(super) original: Original,
    pub(super) format: MediaFormat,
    pub(super) parts: Vec<Part>,
    pub(super) record: StepRecord,
    pub(super) clock: Result<Clock, ClockError>,
}

impl Located {
    /// Which recording it is.
    pub fn original(&self) -> &Original {
        &self.original
    }

    /// The keys of its parts, in order: `S` for one file with all channels, or `0`, `1`, … for a mono file
    /// each. Who speaks in which is not promised by the API.
    pub fn keys(&self) -> impl ExactSizeIterator<Item = &str> {
        self.parts.iter().map(|part| part.key.as_str())
    }

    /// The clock of its file, for times of day such as those of its transcript.
    ///
    /// # Errors
    /// [`ClockError`] when the API says too little about its times and pauses, or contradicts itself.
    pub fn clock(&self) -> Result<&Clock, ClockError> {
        self.clock.as_ref().map_err(Clone::clone)
    }

    /// The record of this step.
    pub fn record(&self) -> &StepRecord {
        &self.record
    }
}

impl Platform {
    /// Waits until a recording is transcoded to `format`: asks again at the pace of the API's hint, at most
    /// [`Config::poll_limit`](crate::genesys::Config) times within
    /// [`Config::longest_wait`](crate::genesys::Config).
    ///
    /// # Errors
    /// [`Error::Config`] when an id is invalid; [`Error::Unavailable`] when it is archived, deleted or no
    /// audio; [`Error::NotReady`] when it takes too long; [`Error::Refused`] and
    /// [`Error::MissingPermission`] from the API.
    pub async fn locate(
        &self,
        conversation_id: &str,
        recording_id: &str,
        format: MediaFormat,
    ) -> Result<Located, Error> {
        check_id("conversation", conversation_id)?;
        check_id("recording", recording_id)?;
        let step = WorkflowStep::Locate;
        self.0.tell(Event::Begins(step));
        let path = [wire::CONVERSATIONS, &[conversation_id], wire::RECORDINGS, &[recording_id]];
        let (config, format_id) = (&self.0.config, format.id());
        let query = [("formatId", format_id.as_str())];
        let build = || self.0.to_host(&config.base, Method::GET, &path, &query);
        let read =
            |status, body: &[u8]| reading::one(recording_id, status, body, config.is_local());
        let request = Request::to_api(step, &build);
        let ((recording, parts), record) = self.0.send_until_ready(request, read).await?;
        let original = Original::of(conversation_id, &recording)?;
        Ok(Located { original, format, parts, record, clock: Clock::of(&recording) })
    }
}
