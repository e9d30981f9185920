//! Windows from the transcript that Genesys itself has of a recording. Its times are times of day; the pauses of
//! the recording say where they are in the file, and the decoded file whether that fits.

use std::time::Duration;

use thiserror::Error;

use super::Prepared;
use crate::digest::Digest;
use crate::error::Error as RedactError;
use crate::genesys::platform::{ByTimeOfDay, Clock, ClockError, Located, Original, TranscriptLink};
use crate::genesys::{self, Platform, StepRecord};
use crate::job::JobError;
use crate::policy::{Policy, Request, Searched};
use crate::transcript::{self, PlacedWindow, SelectError, Selection, TranscriptError};
use crate::window::{Window, WindowProblem};

/// The format of the platform's transcripts.
const FORMAT: &str = "genesys-transcript";

/// What was found in the transcript of one recording.
pub struct Marked {
    /// The windows, those that were given among them.
    pub request: Request,
    /// Whether they fit the file.
    pub fit: Fit,
}

/// How the times of a transcript were placed in the file of its recording.
#[derive(Debug, Clone)]
pub struct Fit {
    /// The clock of the recording.
    pub clock: Clock,
    /// The records of the steps.
    pub steps: [StepRecord; 2],
    /// Where the last passage ends in the file.
    last: Duration,
}

/// Why a recording has no windows from its transcript.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum MarkedError {
    /// Its times cannot be placed in the file.
    #[error(
        "the clocks do not fit: {0}, so the transcript cannot be placed in the file; give the windows by hand, with -w or a list, for this recording"
    )]
    Clock(ClockError),
    /// There is no transcript.
    #[error("{0}; give the windows by hand, with -w or a list")]
    None(&'static str),
    /// A request failed.
    #[error(transparent)]
    Genesys(#[from] genesys::Error),
    /// It cannot be read.
    #[error(transparent)]
    Transcript(TranscriptError),
    /// What was asked for cannot be selected.
    #[error(transparent)]
    Select(SelectError),
    /// What was selected is no window.
    #[error(transparent)]
    Placing(WindowProblem),
}

/// Fetches the transcript of a recording, and places what it marks in the file. `given`: windows that are muted
/// besides, with their padding.
///
/// # Errors
/// [`MarkedError`].
pub async fn marked(
    platform: &Platform,
    located: &Located,
    policy: &Policy,
    given: Vec<Window>,
) -> Result<Marked, MarkedError> {
    let clock = located.clock().map_err(MarkedError::Clock)?.clone();
    let (bytes, steps) = fetch(platform, located.original()).await?;
    // For its errors: the reader below would not see, for example, a key that is there twice.
    transcript::read(&bytes, Some(FORMAT)).map_err(MarkedError::Transcript)?;
    let by_day = ByTimeOfDay::of(&bytes).map_err(MarkedError::Clock)?;
    let read = transcript::read(&by_day.bytes, Some(FORMAT)).map_err(MarkedError::Transcript)?;
    let options = policy.select_options();
    let mut selection = read.select(&options).map_err(MarkedError::Select)?;
    place(&mut selection, &clock, by_day.zero).map_err(MarkedError::Clock)?;
    let last = selection.bare.iter().filter_map(|window| window.end).max().unwrap_or_default();
    let mut windows = given;
    windows.extend(selection.to_windows().map_err(MarkedError::Placing)?);
    let (parties, sha256) = (options.parties, Digest::of(&bytes).sha256);
    let transcript = Some(Searched { read, selection, parties, sha256 });
    let fit = Fit { clock, steps, last };
    Ok(Marked { request: Request { windows, transcript }, fit })
}

impl Fit {
    /// A failed redaction. That a window begins after the end of the file may be the fault of the clock.
    ///
    /// # Errors
    /// [`MarkedError::Clock`] if it is; else the error as it was.
    pub fn blame(&self, error: JobError) -> Result<JobError, MarkedError> {
        match error {
            JobError::Redact(RedactError::WindowPastEnd { length, .. }) if self.last > length => {
                let by = u64::try_from(self.last.saturating_sub(length).as_millis());
                Err(MarkedError::Clock(ClockError::Outside { by: by.unwrap_or(u64::MAX) }))
            }
            error => Ok(error),
        }
    }

    /// Holds the clock against the decoded audio, before anything is delivered.
    ///
    /// # Errors
    /// [`MarkedError::Clock`] when the file is longer or shorter than its times and pauses say, or a passage
    /// lies outside.
    pub fn check(&self, prepared: &Prepared) -> Result<(), MarkedError> {
        let mut copies = prepared.copies().iter();
        let checked = copies.try_for_each(|copy| self.clock.fit(copy.length(), self.last));
        checked.map_err(MarkedError::Clock)
    }
}

/// The bytes of the transcript, and the records of the steps.
async fn fetch(
    platform: &Platform,
    original: &Original,
) -> Result<(Vec<u8>, [StepRecord; 2]), MarkedError> {
    let Some(session) = original.session_id() else {
        let why = "the API names no session for it, so no transcript can be found";
        return Err(MarkedError::None(why));
    };
    let (link, record) = link(platform, original, session).await?;
    let (transcript, record) = match platform.transcript(link).await {
        // As for the audio, the link is replaced once.
        Err(genesys::Error::Expired { .. }) => {
            let (link, record) = self::link(platform, original, session).await?;
            (platform.transcript(link).await?, record)
        }
        transcript => (transcript?, record),
    };
    Ok((transcript.bytes, [record, transcript.record]))
}

/// The link of the transcript of a recording, and the record of the step.
async fn link(
    platform: &Platform,
    original: &Original,
    session: &str,
) -> Result<(TranscriptLink, StepRecord), MarkedError> {
    let links = platform.transcript_links(original.conversation_id(), session).await;
    let links = match links {
        Err(genesys::Error::Refused { status: 404, .. }) => {
            return Err(MarkedError::None("Genesys has no transcript of it"));
        }
        links => links?,
    };
    let is_own = |link: &TranscriptLink| {
        link.recording_id().is_none_or(|recording| recording == original.recording_id())
    };
    let mut own = links.links.into_iter().filter(is_own);
    let (Some(link), None) = (own.next(), own.next()) else {
        let why = "Genesys does not name exactly one transcript of it";
        return Err(MarkedError::None(why));
    };
    Ok((link, links.record))
}

/// Moves a selection from the clock of the transcript to that of the file, and adds the margin.
fn place(selection: &mut Selection, clock: &Clock, zero: i64) -> Result<(), ClockError> {
    for (bare, padded) in selection.bare.iter_mut().zip(&mut selection.windows) {
        let before = bare.start.saturating_sub(padded.start).saturating_add(clock.margin());
        let after = padded.end.zip(bare.end).map(|(wide, narrow)| wide.saturating_sub(narrow));
        let after = after.unwrap_or_default().saturating_add(clock.margin());
        let (start, end) = in_file(bare, clock, zero)?;
        (bare.start, bare.end) = (start, end);
        padded.start = start.saturating_sub(before);
        // A passage in a cut has no length; what is left of it is at that point.
        let least = padded.start.saturating_add(Duration::from_millis(1));
        padded.end = end.map(|end| end.saturating_add(after).max(least));
    }
    Ok(())
}

/// Where a passage is in the file. One that is open to a side stays so.
fn in_file(
    passage: &PlacedWindow,
    clock: &Clock,
    zero: i64,
) -> Result<(Duration, Option<Duration>), ClockError> {
    let day = |millis: u128| {
        let time = i64::try_from(millis).ok().and_then(|millis| zero.checked_add(millis));
        time.ok_or(ClockError::Transcript)
    };
    let start = day(passage.start.as_nanos() / 1_000_000)?;
    let end = passage.end.map(|end| day(end.as_nanos().div_ceil(1_000_000))).transpose()?;
    Ok(match (passage.start.is_zero(), end) {
        (true, None) => (Duration::ZERO, None),
        (true, Some(end)) => (Duration::ZERO, Some(clock.place(end, end)?.1)),
        (false, None) => (clock.place(start, start)?.0, None),
        (false, Some(end)) => {
            let (start, end) = clock.place(start, end)?;
            (start, Some(end))
        }
    })
}
