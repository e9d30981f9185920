//! Step 2, locate: waits until recordings are transcoded, and gets the links of their parts.

use reqwest::Method;

use crate::genesys::config::Event;
use crate::genesys::error::Error;
use crate::genesys::request::{Reading, Request, StepRecord};
use crate::genesys::secret::{check_id, is_id};
use crate::genesys::wire::WorkflowStep;

use super::clock::{Clock, ClockError};
use super::reading::{self, Judged, Part};
use super::unavailable::Unavailable;
use super::{MediaFormat, Original, Platform, wire};

/// How long the API may hold the request for a list while it transcodes, in milliseconds. Without it the list
/// may come back empty.
const HOLD: &str = "5000";

/// A recording that can be downloaded for as long as its links are valid.
#[derive(Debug, Clone)]
pub struct Located {
    pub(super) original: Original,
    pub(super) format: MediaFormat,
    pub(super) parts: Vec<Part>,
    pub(super) record: StepRecord,
    pub(super) clock: Result<Clock, ClockError>,
}

/// A recording of a conversation that cannot be fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// The recording's id.
    pub recording_id: String,
    /// Why.
    pub reason: Unavailable,
}

/// The recordings of a conversation.
#[derive(Debug, Clone)]
pub struct Listing {
    /// Those that can be downloaded, in the order of the API. May be empty.
    pub recordings: Vec<Located>,
    /// The others, each with the reason.
    pub left_out: Vec<LeftOut>,
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

    /// Waits until all audio recordings of a conversation are transcoded to `format`, as
    /// [`Platform::locate`] does. A recording that is not ready in the end is left out if another one is.
    ///
    /// # Errors
    /// As [`Platform::locate`]; a recording that cannot be fetched is no error, but in
    /// [`Listing::left_out`].
    pub async fn locate_all(
        &self,
        conversation_id: &str,
        format: MediaFormat,
    ) -> Result<Listing, Error> {
        check_id("conversation", conversation_id)?;
        let step = WorkflowStep::Locate;
        self.0.tell(Event::Begins(step));
        let began = self.0.config.timer.now();
        let path = [wire::CONVERSATIONS, &[conversation_id], wire::RECORDINGS];
        let (config, format_id) = (&self.0.config, format.id());
        let query = [("formatId", format_id.as_str()), ("maxWaitMs", HOLD)];
        let build = || self.0.to_host(&config.base, Method::GET, &path, &query);
        // What was known when the polls were used up.
        let mut known = Vec::new();
        let read = |status, body: &[u8]| {
            let reading::All { judged, is_pending, hint } =
                reading::all(status, body, config.is_local())?;
            if !is_pending {
                return Ok(Reading::Ready(judged));
            }
            known = judged;
            Ok(reading::pending(hint))
        };
        let sent = self.0.send_until_ready(Request::to_api(step, &build), read).await;
        let (judged, record) = match sent {
            Err(Error::NotReady { .. }) if has_ready(&known) => {
                let answered = self.0.config.timer.now();
                (known, StepRecord { step, began, answered, retries: 0, correlation_id: None })
            }
            other => other?,
        };
        listing(conversation_id, format, judged, &record)
    }
}

fn has_ready(judged: &[(wire::Recording, Judged)]) -> bool {
    judged.iter().any(|(_, judged)| matches!(judged, Judged::Ready(_)))
}

/// Sorts the recordings into those that can be fetched, and the others.
fn listing(
    conversation_id: &str,
    format: MediaFormat,
    judged: Vec<(wire::Recording, Judged)>,
    record: &StepRecord,
) -> Result<Listing, Error> {
    let mut listing = Listing { recordings: Vec::new(), left_out: Vec::new() };
    for (recording, judged) in judged {
        let reason = match judged {
            Judged::Ready(parts) => {
                let original = Original::of(conversation_id, &recording)?;
                let record = record.clone();
                let clock = Clock::of(&recording);
                listing.recordings.push(Located { original, format, parts, record, clock });
                continue;
            }
            Judged::Pending => Unavailable::NotReady,
            Judged::Out(reason) => reason,
        };
        // An id that is not one is not shown.
        let recording_id = Some(recording.id).filter(|id| is_id(id)).unwrap_or_default();
        listing.left_out.push(LeftOut { recording_id, reason });
    }
    Ok(listing)
}
