//! What an answer of the API says about recordings: ready, pending, or out of reach. Pure functions.

use std::collections::HashSet;
use std::time::Duration;

use crate::genesys::answer::parse;
use crate::genesys::error::Error;
use crate::genesys::request::Reading;
use crate::genesys::secret::{Presigned, is_id, plain_name};
use crate::genesys::wire::WorkflowStep;

use super::unavailable::Unavailable;
use super::wire::{AUDIO, Recording};

/// What locate waits for.
pub(super) const TRANSCODING: &str = "the recording is still being transcoded";

/// The recordings that a conversation has.
#[derive(Default)]
pub(super) struct Known {
    /// The ids of those that can be fetched, now or later.
    pub(super) within_reach: Vec<String>,
    /// The others, each with the reason.
    pub(super) out_of_reach: Vec<(String, Unavailable)>,
}

/// One recording, judged.
#[derive(Debug)]
pub(super) enum Judged {
    Ready(Vec<Part>),
    Pending,
    Out(Unavailable),
}

/// All recordings of a conversation, each judged.
#[derive(Default)]
pub(super) struct All {
    pub(super) judged: Vec<(Recording, Judged)>,
    /// Whether another request may find more of them ready.
    pub(super) is_pending: bool,
    /// The longest time that the API estimates.
    pub(super) hint: Option<Duration>,
    /// Those within reach that a list of media lacks. Not known while the API answers 202.
    pub(super) missing: Vec<String>,
}

/// One part of a recording: its key, and the link of its audio.
#[derive(Debug, Clone)]
pub(super) struct Part {
    pub(super) key: String,
    pub(super) url: Presigned,
}

/// Reads the answer about the recording with this id: its parts.
///
/// # Errors
/// [`Error::Unavailable`] when it will not be ready, whatever is waited for.
pub(super) fn one(
    id: &str,
    status: u16,
    body: &[u8],
    is_local: bool,
) -> Result<Reading<(Recording, Vec<Part>)>, Error> {
    let Some(recording) = described::<Recording>(status, body)? else { return Ok(pending(None)) };
    if recording.id != id && (status != 202 || !recording.id.is_empty()) {
        let reason = "it describes another recording".into();
        return Err(Error::Answer { step: WorkflowStep::Locate, reason });
    }
    let hint = hint(&recording);
    Ok(match judge(&recording, is_local)? {
        Judged::Out(reason) => {
            return Err(Error::Unavailable { id: id.to_owned(), reason });
        }
        Judged::Ready(parts) if status != 202 => Reading::Ready((recording, parts)),
        _ => pending(hint),
    })
}

/// Reads the list of recordings without their media.
pub(super) fn known(body: &[u8]) -> Result<Known, Error> {
    let step = WorkflowStep::List;
    let list: Vec<Recording> = parse(step, body)?;
    check_unique(step, &list)?;
    let mut known = Known::default();
    for recording in list {
        if !is_id(&recording.id) {
            let reason = "it contains no valid recording id".into();
            return Err(Error::Answer { step, reason });
        }
        match out_of_reach(&recording) {
            Some(reason) => known.out_of_reach.push((recording.id, reason)),
            None => known.within_reach.push(recording.id),
        }
    }
    Ok(known)
}

/// A recording that is in a list twice would be redacted twice, or hide another.
fn check_unique(step: WorkflowStep, list: &[Recording]) -> Result<(), Error> {
    let mut seen = HashSet::new();
    match list.iter().find(|recording| !seen.insert(&recording.id)) {
        None => Ok(()),
        Some(Recording { id, .. }) => {
            let id = if is_id(id) { id } else { "without a valid id" };
            let reason = format!("a recording is in the list twice: {id}");
            Err(Error::Answer { step, reason })
        }
    }
}

/// Reads the answer about all recordings of a conversation. It is pending while it lacks one of `within_reach`,
/// and when it is empty: while the API transcodes, it may answer with that.
pub(super) fn all(
    status: u16,
    body: &[u8],
    within_reach: &[String],
    is_local: bool,
) -> Result<All, Error> {
    let list = described::<Vec<Recording>>(status, body)?.unwrap_or_default();
    check_unique(WorkflowStep::Locate, &list)?;
    let hint = list.iter().filter_map(hint).max();
    let is_missing = |id: &&String| status != 202 && !list.iter().any(|found| found.id == **id);
    let missing: Vec<_> = within_reach.iter().filter(is_missing).cloned().collect();
    let judged = list.into_iter().map(|recording| {
        let judged = judge(&recording, is_local)?;
        Ok((recording, judged))
    });
    let judged = judged.collect::<Result<Vec<_>, Error>>()?;
    let is_pending = status == 202
        || judged.is_empty()
        || !missing.is_empty()
        || judged.iter().any(|(_, judged)| matches!(judged, Judged::Pending));
    Ok(All { judged, is_pending, hint, missing })
}

/// Those within reach that were not found.
pub(super) fn missing(within_reach: &[String], found: &[(Recording, Judged)]) -> Vec<String> {
    let is_missing = |id: &&String| !found.iter().any(|(recording, _)| recording.id == **id);
    within_reach.iter().filter(is_missing).cloned().collect()
}

/// The body; `None` for a 202 that describes nothing.
fn described<T: serde::de::DeserializeOwned>(status: u16, body: &[u8]) -> Result<Option<T>, Error> {
    match parse(WorkflowStep::Locate, body) {
        Err(_) if status == 202 => Ok(None),
        parsed => parsed.map(Some),
    }
}

pub(super) fn pending<T>(hint: Option<Duration>) -> Reading<T> {
    Reading::Pending { what: TRANSCODING, hint }
}

fn hint(recording: &Recording) -> Option<Duration> {
    let millis = recording.estimated_transcode_time_ms.filter(|millis| *millis > 0.0)?;
    Duration::try_from_secs_f64(millis / 1000.0).ok()
}

/// Judges a recording. An unknown state is judged by its links.
fn judge(recording: &Recording, is_local: bool) -> Result<Judged, Error> {
    if let Some(reason) = out_of_reach(recording) {
        return Ok(Judged::Out(reason));
    }
    if state(recording) == "UPLOADING" {
        return Ok(Judged::Pending);
    }
    Ok(match parts(recording, is_local)? {
        parts if parts.is_empty() => Judged::Pending,
        parts => Judged::Ready(parts),
    })
}

/// Why a recording cannot be fetched, whatever is waited for.
fn out_of_reach(recording: &Recording) -> Option<Unavailable> {
    if let Some(media) = recording.media.as_deref().filter(|media| *media != AUDIO) {
        return Some(Unavailable::NotAudio(plain_name(media)));
    }
    match state(recording).as_str() {
        "ARCHIVED" => Some(Unavailable::Archived),
        "RESTORING" => Some(Unavailable::Restoring),
        "DELETED" => Some(Unavailable::Deleted),
        "ERROR" => Some(Unavailable::Failed),
        _ => None,
    }
}

fn state(recording: &Recording) -> String {
    recording.file_state.as_deref().unwrap_or_default().to_ascii_uppercase()
}

/// The parts of a recording in the order of their keys; empty if a link is missing.
fn parts(recording: &Recording, is_local: bool) -> Result<Vec<Part>, Error> {
    let step = WorkflowStep::Locate;
    let mut parts = Vec::new();
    for (key, media) in recording.media_uris.iter().flatten() {
        // A key becomes a part of a file's name.
        let is_key = key.len() <= 16 && key.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if !is_key || key.is_empty() {
            return Err(Error::Answer { step, reason: "a key of its media is not valid".into() });
        }
        let Some(url) = &media.media_uri else { return Ok(Vec::new()) };
        parts.push(Part { key: key.clone(), url: Presigned::parse(step, url, is_local)? });
    }
    // "10" comes after "9".
    parts.sort_by_key(|part| (part.key.parse::<u64>().unwrap_or(u64::MAX), part.key.clone()));
    Ok(parts)
}
