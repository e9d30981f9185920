//! `--windows genesys:`: the windows of a recording, from its own transcript in Genesys.

use sordino::genesys::platform::{Clock, Located};
use sordino::job::platform::{Fit, Marked, MarkedError, Prepared, marked};
use sordino::receipt::SourceEntry;
use sordino::{JobError, Policy, Window, Windows};

use super::super::args::{RecordingArgs, windows_of};
use super::super::exit::Failure;
use super::super::messages::{detail, note};
use super::super::recording::failure;
use super::super::text::count;
use super::plan::Plan;

/// What to select from the transcript of each recording.
pub(super) struct FromGenesys {
    /// The windows of `-w`, in the time of the file.
    flags: Vec<Window>,
    policy: Policy,
}

/// The windows of one recording.
pub(super) struct Found {
    pub(super) windows: Windows,
    /// For the receipt.
    pub(super) entry: Option<SourceEntry>,
    pub(super) fit: Fit,
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
        Ok(Some(Self { flags: windows.with_genesys(policy)?, policy: policy.clone() }))
    }

    /// Whether there are windows that would be the same for several recordings.
    pub(super) fn has_flags(&self) -> bool {
        !self.flags.is_empty()
    }

    /// Fetches the transcript of a recording, and places what it marks in the file.
    pub(super) async fn find(&self, plan: &Plan, located: &Located) -> Result<Found, Failure> {
        let id = located.original().recording_id();
        let found = marked(&plan.platform, located, &self.policy, self.flags.clone()).await;
        let found =
            found.map_err(|error| wrong(&format!("recording {id}: reading its transcript"), error));
        let Marked { request, fit } = found?;
        let windows = windows_of(&request, self.policy.if_none())?;
        tell(&fit.clock);
        Ok(Found { windows, entry: request.entry(), fit })
    }
}

impl Found {
    /// A failed redaction. That a window begins after the end of the file may be the fault of the clock.
    pub(super) fn failure(&self, doing: &str, error: JobError) -> Failure {
        match self.fit.blame(error) {
            Ok(error) => failure(doing, error),
            Err(unfit) => wrong(doing, unfit),
        }
    }

    /// Holds the clock against the decoded audio, before anything is delivered.
    pub(super) fn check_fit(&self, prepared: &Prepared) -> Result<(), Failure> {
        let doing = format!("recording {}", prepared.original().recording_id());
        self.fit.check(prepared).map_err(|unfit| wrong(&doing, unfit))?;
        for copy in prepared.copies() {
            let (file, expected) = (copy.length(), self.fit.clock.expected());
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

fn wrong(doing: &str, error: MarkedError) -> Failure {
    match error {
        MarkedError::Genesys(error) => failure(doing, error.into()),
        // Of what was asked for, not of what there is.
        MarkedError::Select(error) => Failure::usage(doing, error),
        MarkedError::Placing(error) => Failure::usage(doing, error),
        error => Failure::failed(doing, error),
    }
}
