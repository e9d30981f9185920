//! `--windows genesys:`: the windows of a recording, from its own transcript in Genesys. Its times are times
//! of day; the pauses of the recording say where they are in the file, and the decoded file whether that fits.

use std::time::Duration;

use sordino::digest::Digest;
use sordino::genesys::platform::{ByTimeOfDay, Clock, ClockError, Located, TranscriptLink};
use sordino::genesys::{Error as GenesysError, StepRecord};
use sordino::job::platform::Prepared;
use sordino::policy::{IfNone, Request, Searched};
use sordino::receipt::SourceEntry;
use sordino::transcript::{self, PlacedWindow, SelectOptions, Selection};
use sordino::{Error, JobError, Policy, Window, Windows};

use super::super::args::{RecordingArgs, windows_of};
use super::super::exit::{Failure, chain};
use super::super::messages::{detail, note};
use super::super::recording::failure;
use super::super::text::count;
use super::plan::Plan;

/// The format of the platform's transcripts.
const FORMAT: &str = "genesys-transcript";

/// What to do when a clock does not fit.
const BY_HAND: &str = "so the transcript cannot be placed in the file; give the windows by hand, with -w or a list, for this recording";

/// What to select from the transcript of each recording.
pub(super) struct FromGenesys {
    /// The windows of `-w`, in the time of the file.
    flags: Vec<Window>,
    options: SelectOptions,
    if_none: IfNone,
}

/// The windows of one recording.
pub(super) struct Found {
    pub(super) windows: Windows,
    /// For the receipt.
    pub(super) entry: Option<SourceEntry>,
    /// The records of its steps.
    pub(super) steps: [StepRecord; 2],
    clock: Clock,
    /// Where the last passage ends in the file.
    last: Duration,
}

impl FromGenesys {
    /// Reads the arguments; `None` if the windows come from elsewhere.
    pub(super) fn check(args: &RecordingArgs, policy: &Policy) -> Result<Option<Self>, Failure> {
        let windows = &args.redact.windows;
        if !windows.is_from_genesys() {
            return Ok(None);
        }
        if args.redact.redacted_transcript.is_some() {
            let mend = "with --windows genesys: the transcript stays in Genesys; leave it out";
            return Err(Failure::usage("reading --redacted-transcript", mend));
        }
        let flags = windows.with_genesys(policy)?;
        Ok(Some(Self { flags, options: policy.select_options(), if_none: policy.if_none() }))
    }

    /// Whether there are windows that would be the same for several recordings.
    pub(super) fn has_flags(&self) -> bool {
        !self.flags.is_empty()
    }

    /// Fetches the transcript of a recording, and places what it marks in the file.
    pub(super) async fn find(&self, plan: &Plan, located: &Located) -> Result<Found, Failure> {
        let id = located.original().recording_id();
        let doing = format!("recording {id}: reading its transcript");
        let clock = located.clock().map_err(|error| unfit(&doing, &error))?.clone();
        let (bytes, steps) = fetch(plan, located, &doing).await?;
        // For its errors: the reader below would not see, for example, a key that is there twice.
        let wrong = |error| Failure::failed(&*doing, error);
        transcript::read(&bytes, Some(FORMAT)).map_err(wrong)?;
        let by_day = ByTimeOfDay::of(&bytes).map_err(|error| unfit(&doing, &error))?;
        let read = transcript::read(&by_day.bytes, Some(FORMAT)).map_err(wrong)?;
        let selection = read.select(&self.options);
        let mut selection = selection.map_err(|error| Failure::usage(&*doing, error))?;
        let placed = place(&mut selection, &clock, by_day.zero);
        placed.map_err(|error| unfit(&doing, &error))?;
        let ends = selection.bare.iter().filter_map(|window| window.end);
        let last = ends.max().unwrap_or_default();
        let mut windows = self.flags.clone();
        let selected = selection.to_windows();
        windows.extend(selected.map_err(|error| Failure::usage(&*doing, error))?);
        let (parties, sha256) = (self.options.parties.clone(), Digest::of(&bytes).sha256);
        let transcript = Some(Searched { read, selection, parties, sha256 });
        let request = Request { windows, transcript };
        let windows = windows_of(&request, self.if_none)?;
        tell(&clock);
        Ok(Found { windows, entry: request.entry(), steps, clock, last })
    }
}

impl Found {
    /// A failed redaction. That a window begins after the end of the file may be the fault of the clock.
    pub(super) fn failure(&self, doing: &str, error: JobError) -> Failure {
        match error {
            JobError::Redact(Error::WindowPastEnd { length, .. }) if self.last > length => {
                let by = self.last.saturating_sub(length).as_millis();
                let by = u64::try_from(by).unwrap_or(u64::MAX);
                unfit(doing, &ClockError::Outside { by })
            }
            error => failure(doing, error),
        }
    }

    /// Holds the clock against the decoded audio, before anything is delivered.
    pub(super) fn check_fit(&self, prepared: &Prepared) -> Result<(), Failure> {
        let id = prepared.original().recording_id();
        for copy in prepared.copies() {
            let fit = self.clock.fit(copy.length(), self.last);
            fit.map_err(|error| unfit(&format!("recording {id}"), &error))?;
            let (file, expected) = (copy.length(), self.clock.expected());
            detail(&format!(
                "the file is {} ms {} than its times and pauses say",
                file.abs_diff(expected).as_millis(),
                if file < expected { "shorter" } else { "longer" },
            ));
        }
        Ok(())
    }
}

fn tell(clock: &Clock) {
    let cuts = count(clock.cuts(), "pause");
    let margin = clock.margin().as_millis();
    note(&format!(
        "the transcript is placed by times of day: {cuts} cut out of the file, margin {margin} ms"
    ));
}

fn unfit(doing: &str, error: &ClockError) -> Failure {
    Failure::failed(doing, format!("the clocks do not fit: {}, {BY_HAND}", chain(error)))
}

/// The bytes of the transcript, and the records of the steps.
async fn fetch(
    plan: &Plan,
    located: &Located,
    doing: &str,
) -> Result<(Vec<u8>, [StepRecord; 2]), Failure> {
    let original = located.original();
    let none = |why: &str| {
        Failure::failed(doing, format!("{why}; give the windows by hand, with -w or a list"))
    };
    let Some(session) = original.session_id() else {
        return Err(none("the API names no session for it, so no transcript can be found"));
    };
    let links = plan.platform.transcript_links(original.conversation_id(), session).await;
    let links = match links {
        Err(GenesysError::Refused { status: 404, .. }) => {
            return Err(none("Genesys has no transcript of it"));
        }
        links => links.map_err(|error| failure(doing, error.into()))?,
    };
    let is_own = |link: &TranscriptLink| {
        link.recording_id().is_none_or(|recording| recording == original.recording_id())
    };
    let mut own = links.links.into_iter().filter(is_own);
    let (Some(link), None) = (own.next(), own.next()) else {
        return Err(none("Genesys does not name exactly one transcript of it"));
    };
    let transcript = plan.platform.transcript(link).await;
    let transcript = transcript.map_err(|error| failure(doing, error.into()))?;
    Ok((transcript.bytes, [links.record, transcript.record]))
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
