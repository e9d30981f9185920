//! Step 2, list and locate: which recordings a conversation has, and the links of their parts once they are
//! transcoded.
//!
//! Two lists are compared. The one with media may be complete too early, and would hide a recording that is
//! still being made; the one without media knows it.

use reqwest::Method;

use crate::genesys::config::Event;
use crate::genesys::error::Error;
use crate::genesys::request::{Reading, Request, StepRecord};
use crate::genesys::secret::{check_id, is_id};
use crate::genesys::wire::WorkflowStep;

use super::clock::Clock;
use super::reading::{self, Judged, Known};
use super::unavailable::Unavailable;
use super::{Located, MediaFormat, Original, Platform, wire};

/// How long the API may hold the request for a list while it transcodes, in milliseconds. Without it the list
/// may come back empty.
const HOLD: &str = "5000";

/// What locate waits for when the list lacks a recording.
const MISSING: &str = "the list of recordings is not complete";

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

impl Platform {
    /// Waits until all audio recordings of a conversation are transcoded to `format`, as
    /// [`Platform::locate`] does. A recording that is not ready in the end is left out if another one is.
    ///
    /// # Errors
    /// As [`Platform::locate`]; a recording that cannot be fetched is no error, but in
    /// [`Listing::left_out`]. [`Error::Incomplete`] when the list lacks a recording after all polls.
    pub async fn locate_all(
        &self,
        conversation_id: &str,
        format: MediaFormat,
    ) -> Result<Listing, Error> {
        check_id("conversation", conversation_id)?;
        let known = self.known(conversation_id).await?;
        let step = WorkflowStep::Locate;
        self.0.tell(Event::Begins(step));
        let began = self.0.config.timer.now();
        let path = [wire::CONVERSATIONS, &[conversation_id], wire::RECORDINGS];
        let (config, format_id) = (&self.0.config, format.id());
        let query = [("formatId", format_id.as_str()), ("maxWaitMs", HOLD)];
        let build = || self.0.to_host(&config.base, Method::GET, &path, &query);
        // What was found when the polls were used up.
        let (mut found, mut missing) = (Vec::new(), Vec::new());
        let read = |status, body: &[u8]| {
            let all = reading::all(status, body, &known.within_reach, config.is_local())?;
            if !all.is_pending {
                return Ok(Reading::Ready(all.judged));
            }
            let what = if all.missing.is_empty() { reading::TRANSCODING } else { MISSING };
            (found, missing) = (all.judged, all.missing);
            Ok(Reading::Pending { what, hint: all.hint })
        };
        let sent = self.0.send_until_ready(Request::to_api(step, &build), read).await;
        let (judged, record) = match sent {
            Err(Error::NotReady { polls, waited, .. }) if !missing.is_empty() => {
                return Err(Error::Incomplete { missing, polls, waited });
            }
            Err(Error::NotReady { polls, waited, .. }) if has_ready(&found) => {
                // The last answer may be a 202, which need not list all: what it lacks must not be hidden.
                let missing = reading::missing(&known.within_reach, &found);
                if !missing.is_empty() {
                    return Err(Error::Incomplete { missing, polls, waited });
                }
                let answered = self.0.config.timer.now();
                (found, StepRecord { step, began, answered, retries: 0, correlation_id: None })
            }
            other => other?,
        };
        listing(conversation_id, format, judged, known, &record)
    }

    /// The recordings that a conversation has, by the list without media.
    async fn known(&self, conversation_id: &str) -> Result<Known, Error> {
        let step = WorkflowStep::List;
        self.0.tell(Event::Begins(step));
        let path = [wire::CONVERSATIONS, &[conversation_id], wire::METADATA];
        let build = || self.0.to_api(Method::GET, &path);
        let read = |_, body: &[u8]| reading::known(body).map(Reading::Ready);
        let (known, _) = self.0.send_until_ready(Request::to_api(step, &build), read).await?;
        Ok(known)
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
    known: Known,
    record: &StepRecord,
) -> Result<Listing, Error> {
    let is_listed = |id: &str| judged.iter().any(|(recording, _)| recording.id == id);
    let mut unlisted = known.out_of_reach;
    unlisted.retain(|(id, _)| !is_listed(id));
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
    let unlisted = unlisted.into_iter();
    listing
        .left_out
        .extend(unlisted.map(|(recording_id, reason)| LeftOut { recording_id, reason }));
    Ok(listing)
}
