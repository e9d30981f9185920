//! Step 7, retention: sets when the original is deleted, and sees that it is so.
//!
//! Whether a copy of the original was delivered is not known here: `job::platform` asks for that proof.

use std::time::SystemTime;

use reqwest::Method;

use crate::genesys::answer;
use crate::genesys::config::Event;
use crate::genesys::error::Error;
use crate::genesys::request::{Reading, Request, StepRecord};
use crate::genesys::secret::plain_date;
use crate::genesys::wire::WorkflowStep;

use super::date::date_time;
use super::{Original, Platform, Unprotected, wire};

const STEP: WorkflowStep = WorkflowStep::Retention;

/// A recording that may be deleted.
#[derive(Debug, Clone)]
pub struct Deletable {
    original: Original,
    /// Kept as it is: the request that sets one date could clear the other.
    archive_date: Option<String>,
    /// When the recording is deleted if nobody changes that, as the API writes it.
    delete_date: Option<String>,
    /// Whether it is deleted already.
    pub is_deleted: bool,
    /// When the recording was exported, as the API writes it: an unredacted copy lies elsewhere.
    pub exported: Option<String>,
    /// The record of this step.
    pub record: StepRecord,
}

/// A recording whose deletion the API has accepted.
#[derive(Debug, Clone)]
pub struct Scheduled {
    original: Original,
    at: SystemTime,
    /// When the recording will be deleted, ISO 8601 in UTC.
    pub delete_date: String,
    /// The record of this step.
    pub record: StepRecord,
}

/// A recording that shows its date of deletion.
#[derive(Debug, Clone)]
pub struct Confirmed {
    original: Original,
    /// Whether it is deleted already.
    pub is_deleted: bool,
    /// The record of this step.
    pub record: StepRecord,
}

/// A recording that is deleted.
#[derive(Debug, Clone)]
pub struct Deleted {
    /// The record of this step.
    pub record: StepRecord,
}

impl Platform {
    /// Checks that no export of the recording is due: it would be made before the deletion, and leave an
    /// unredacted copy. An export of the past is told in [`Deletable::exported`].
    ///
    /// # Errors
    /// [`Error::ExportDue`]; [`Error::Refused`].
    pub async fn check_export(&self, unprotected: Unprotected) -> Result<Deletable, Error> {
        self.0.tell(Event::Begins(STEP));
        let Unprotected { original, .. } = unprotected;
        let (found, record) =
            self.metadata(&original, "", |recording| Some(recording.clone())).await?;
        let shown = |date: &Option<String>| date.as_deref().map(plain_date);
        let exported = shown(&found.exported_date);
        if let Some(date) = shown(&found.export_date)
            && is_export_due(&found, self.0.config.timer.now())
        {
            return Err(Error::ExportDue { date });
        }
        let (delete_date, is_deleted) = (shown(&found.delete_date), is_deleted(&found));
        let archive_date = found.archive_date;
        Ok(Deletable { original, archive_date, delete_date, is_deleted, exported, record })
    }

    /// Sets the date at which the recording is deleted, to the millisecond. Setting it twice is harmless. A
    /// date that it has is never put off.
    ///
    /// # Errors
    /// [`Error::DeletedEarlier`], [`Error::Answer`], [`Error::MissingPermission`], [`Error::Refused`];
    /// [`Error::OutcomeUnknown`] when an attempt may have set the date, whatever the last one met.
    pub(crate) async fn set_deletion(
        &self,
        deletable: Deletable,
        at: SystemTime,
    ) -> Result<Scheduled, Error> {
        self.0.tell(Event::Begins(STEP));
        let Deletable { original, archive_date, delete_date: date, .. } = deletable;
        if let Some(date) = date {
            // It may be earlier.
            let unread = || Error::Answer {
                step: STEP,
                reason: "the recording's date of deletion cannot be read".into(),
            };
            let set = date_time(&date).ok_or_else(unread)?;
            if set < at && !is_same(set, at) {
                return Err(Error::DeletedEarlier { date });
            }
        }
        let delete_date = humantime::format_rfc3339_millis(at).to_string();
        let body = wire::Retention { archive_date, delete_date: delete_date.clone() };
        let path = [
            wire::CONVERSATIONS,
            &[original.conversation_id()],
            wire::RECORDINGS,
            &[original.recording_id()],
        ];
        let build = || self.0.to_api(Method::PUT, &path).json(&body);
        let mut budget = self.0.retry_budget();
        let sent = self.0.send_within(Request::to_api(STEP, &build), &mut budget).await;
        let (_, record) = sent.map_err(|error| match budget.may_have_had_effect {
            true => Error::OutcomeUnknown { step: STEP, reason: error.to_string() },
            false => error,
        })?;
        Ok(Scheduled { original, at, delete_date, record })
    }

    /// Waits until the recording shows the date, or is deleted already.
    ///
    /// # Errors
    /// [`Error::NotReady`] when it does not; [`Error::Refused`]. The deletion stays set.
    pub async fn confirm_deletion(&self, scheduled: Scheduled) -> Result<Confirmed, Error> {
        let Scheduled { original, at, .. } = scheduled;
        let shows = |recording: &wire::Recording| {
            let date = recording.delete_date.as_deref();
            let shown = date.and_then(date_time);
            let is_deleted = is_deleted(recording);
            (is_deleted || shown.is_some_and(|shown| is_same(shown, at))).then_some(is_deleted)
        };
        let what = "the API has accepted the date of deletion, but the recording does not show it";
        let (is_deleted, record) = self.metadata(&original, what, shows).await?;
        self.0.tell(Event::DeletionShown);
        Ok(Confirmed { original, is_deleted, record })
    }

    /// Waits until the recording is deleted, which takes minutes from the date on.
    ///
    /// # Errors
    /// [`Error::NotReady`] when it is not deleted after all polls; [`Error::Refused`]. The deletion stays
    /// set.
    pub async fn wait_deleted(&self, confirmed: Confirmed) -> Result<Deleted, Error> {
        let what = "the deletion is set, but the recording is not deleted yet";
        let gone = |recording: &wire::Recording| is_deleted(recording).then_some(());
        let (_, record) = self.metadata(&confirmed.original, what, gone).await?;
        Ok(Deleted { record })
    }

    /// Asks for the recording without its media until `find` returns something; `what` says what it waits
    /// for.
    async fn metadata<T>(
        &self,
        original: &Original,
        what: &'static str,
        find: impl Fn(&wire::Recording) -> Option<T>,
    ) -> Result<(T, StepRecord), Error> {
        let (conversation, id) = (original.conversation_id(), original.recording_id());
        let path = [wire::CONVERSATIONS, &[conversation], wire::METADATA, &[id]];
        let build = || self.0.to_api(Method::GET, &path);
        let read = |_, body: &[u8]| {
            let recording: wire::Recording = answer::parse(STEP, body)?;
            if recording.id != id {
                let reason = "it describes another recording".into();
                return Err(Error::Answer { step: STEP, reason });
            }
            let found = find(&recording).map(Reading::Ready);
            Ok(found.unwrap_or(Reading::Pending { what, hint: None }))
        };
        self.0.send_until_ready(Request::to_api(STEP, &build), read).await
    }
}

/// Whether an export is still to come: none was made since it was due, or a date cannot be read.
fn is_export_due(recording: &wire::Recording, now: SystemTime) -> bool {
    let read = |date: &Option<String>| date.as_deref().and_then(date_time);
    let dates = (read(&recording.export_date), read(&recording.exported_date));
    !matches!(dates, (Some(due), Some(made)) if due <= made && due <= now)
}

fn is_deleted(recording: &wire::Recording) -> bool {
    recording.file_state.as_deref().is_some_and(|state| state.eq_ignore_ascii_case("DELETED"))
}

/// Whether two dates are the same second: the API may drop the rest.
fn is_same(one: SystemTime, other: SystemTime) -> bool {
    let seconds = |at: SystemTime| at.duration_since(SystemTime::UNIX_EPOCH).map(|d| d.as_secs());
    matches!((seconds(one), seconds(other)), (Ok(one), Ok(other)) if one == other)
}
