//! What an answer of the API says about recordings: ready, pending, or out of reach. Pure functions.

use std::time::Duration;

use crate::genesys::answer::parse;
use crate::genesys::error::Error;
use crate::genesys::request::Reading;
use crate::genesys::secret::{Presigned, plain_name};
use crate::genesys::wire::WorkflowStep;

use super::unavailable::Unavailable;
use super::wire::{AUDIO, Recording};

/// What locate waits for.
pub(super) const TRANSCODING: &str = "the recording is still being transcoded";

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

/// Reads the answer about all recordings of a conversation. An empty list is pending: while the API transcodes, it may
/// answer with one.
pub(super) fn all(status: u16, body: &[u8], is_local: bool) -> Result<All, Error> {
    let list = described::<Vec<Recording>>(status, body)?.unwrap_or_default();
    let hint = list.iter().filter_map(hint).max();
    let judged = list.into_iter().map(|recording| {
        let judged = judge(&recording, is_local)?;
        Ok((recording, judged))
    });
    let judged = judged.collect::<Result<Vec<_>, Error>>()?;
    let is_pending = status == 202
        || judged.is_empty()
        || judged.iter().any(|(_, judged)| matches!(judged, Judged::Pending));
    Ok(All { judged, is_pending, hint })
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
    if let Some(media) = recording.media.as_deref().filter(|media| *media != AUDIO) {
        return Ok(Judged::Out(Unavailable::NotAudio(plain_name(media))));
    }
    let state = recording.file_state.as_deref().unwrap_or_default();
    Ok(match state.to_ascii_uppercase().as_str() {
        "ARCHIVED" => Judged::Out(Unavailable::Archived),
        "RESTORING" => Judged::Out(Unavailable::Restoring),
        "DELETED" => Judged::Out(Unavailable::Deleted),
        "ERROR" => Judged::Out(Unavailable::Failed),
        "UPLOADING" => Judged::Pending,
        _ => match parts(recording, is_local)? {
            parts if parts.is_empty() => Judged::Pending,
            parts => Judged::Ready(parts),
        },
    })
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
