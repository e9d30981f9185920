//! From what a queue asks for to a job of the room `batch`, and through it.

use crate::batch::{
    Beside, Cancel, Claimed, Event, Failed, Failure, FailureKind, Found, Input, Key, Notes,
    PairingError, Places, Planned, Planning, WindowsSpec, Work as _, is_below,
};
use crate::digest::Digest;
use crate::queue::Recording;
use crate::store::Place;

use super::{Redact, Step};

/// Redacts recordings from place to place, as a batch does.
#[derive(Debug)]
pub struct Recordings {
    places: Places,
    planning: Planning,
    beside: Option<Beside>,
    inside: Vec<Place>,
}

/// Nobody writes down what an attempt has left open: a rule of the bucket removes it.
struct Unwritten;

impl Notes for Unwritten {
    fn note(&self, event: Event) -> Result<(), Failure> {
        match event {
            Event::Upload(_) => Ok(()),
            // Without a journal nobody could tell whether a recording was created twice.
            _ => Err(Failed {
                kind: FailureKind::Refused,
                message: "a queue cannot do this; use `sordino batch`".into(),
            }
            .into()),
        }
    }
}

impl Recordings {
    /// `beside`: how transcripts are known; without it only jobs are done that name their windows. `inside`: the
    /// places below which recordings and lists lie. Without one all that a store announces is done, but no job
    /// of sordino's own: whoever can write into a queue could name any file that this process can read.
    ///
    /// # Errors
    /// [`PairingError`] of the suffix, without a place for outputs, or if recordings lie below one that is written.
    pub fn new(
        places: Places,
        planning: Planning,
        beside: Option<Beside>,
        inside: Vec<Place>,
    ) -> Result<Self, PairingError> {
        if planning.out.is_none() {
            return Err(PairingError::NoOut);
        }
        let suffix = beside.as_ref().map(|beside| beside.suffix.as_str());
        suffix.map_or(Ok(()), PairingError::of_suffix)?;
        for written in planning.out.iter().chain(&planning.receipts) {
            // The same place is refused too.
            let is_written = |inside: &&Place| is_below(written, &inside.join("a"));
            if let Some(inside) = inside.iter().find(is_written) {
                return Err(PairingError::Written(Box::new([inside.clone(), written.clone()])));
            }
        }
        Ok(Self { places, planning, beside, inside })
    }

    /// Why no worker that is set up as this one does this, whatever the stores have.
    fn refusal(&self, recording: &Recording) -> Option<&'static str> {
        let row = &recording.row;
        if !recording.is_announced && row.input().is_some() && self.inside.is_empty() {
            Some(
                "no store announced this; jobs of sordino's own are done by a worker with --in, the place below which their recordings lie",
            )
        } else if self.beside.is_none() && row.input().is_some() && !row.has_windows() {
            Some(
                "this job names no windows, and this worker does not know the names of transcripts; give it --windows-suffix",
            )
        } else {
            None
        }
    }

    /// What a recording asks for, with the versions of what is read.
    fn found(&self, recording: &Recording, cancel: &Cancel) -> Result<Found, Failure> {
        let place = recording.row.input().map(str::parse::<Place>).and_then(Result::ok);
        match (place, recording.is_announced) {
            (Some(place), true) => {
                if !self.inside.is_empty()
                    && let Err(outside) = self.check_inside("the recording", &place)
                {
                    // A bucket announces outputs, receipts and other files too: they need not lie there.
                    let why = self.beside.as_ref();
                    let why = why.and_then(|beside| beside.nothing_at(&place, &self.planning));
                    return why.map(Found::Nothing).ok_or(outside);
                }
                self.beside(&place, recording.etag.as_deref(), cancel)
            }
            (Some(place), false) if !recording.row.has_windows() => {
                self.check_inside("`in`", &place)?;
                match self.beside(&place, None, cancel)? {
                    Found::Job(paired) => self.completed(recording, *paired).map(Found::job),
                    Found::NotYet => Ok(Found::NotYet),
                    // Somebody asks for just this one.
                    Found::Nothing(why) => Err(refused_for_good(&format!(
                        "this is no recording to redact ({why}); name another, or give `windows`"
                    ))),
                }
            }
            _ => self.places.bind(self.own(recording)?, cancel),
        }
    }

    /// What lies at a place, with the transcript beside it.
    fn beside(&self, place: &Place, etag: Option<&str>, cancel: &Cancel) -> Result<Found, Failure> {
        let Some(beside) = &self.beside else {
            return Err(refused_for_good("this job names no windows"));
        };
        self.places.find(place, etag, beside, &self.planning, cancel)
    }

    /// A job of sordino's own without windows: all that it says, and those of the transcript that was found.
    fn completed(&self, recording: &Recording, paired: Planned) -> Result<Planned, Failure> {
        let (Input::Place { version, .. }, WindowsSpec::Place(windows)) =
            (paired.spec.input, paired.spec.windows)
        else {
            return Err(refused_for_good("this job has no transcript"));
        };
        let windows = windows.parse::<Place>().map_err(|why| refused_for_good(&why.to_string()))?;
        let row = recording.row.clone().with_windows(&windows);
        let mut planned = self.own(&Recording { row, ..recording.clone() })?;
        if let Input::Place { version: of_input, .. } = &mut planned.spec.input {
            *of_input = version;
        }
        planned.spec.windows_version = paired.spec.windows_version;
        planned.id = planned.id.or(paired.id);
        planned.key = Key::of(&planned.spec);
        Ok(planned)
    }

    /// What a job of sordino's own asks for, if it may. A manifest is its owner's; into a queue others may write
    /// too.
    fn own(&self, recording: &Recording) -> Result<Planned, Failure> {
        let wrong =
            |why: String| Failure::from(Failed { kind: FailureKind::Windows, message: why });
        let planned = recording.planned(&self.planning).map_err(wrong)?;
        let spec = &planned.spec;
        let Input::Place { place, .. } = &spec.input else {
            let why = "recordings in Genesys Cloud are for `sordino batch`, whose journal keeps them from being created twice";
            return Err(refused_for_good(why));
        };
        self.check_inside_text("`in`", place)?;
        if let WindowsSpec::Place(windows) = &spec.windows {
            self.check_inside_text("`windows`", windows)?;
        }
        if let Some(treatment) = &spec.treatment
            && !self.places.mutes_enough(treatment).map_err(|why| refused_for_good(&why))?
        {
            let why = "`treatment` is not that of the policy, or mutes less than the usual one; a job may not name it";
            return Err(refused_for_good(why));
        }
        match spec.output.parse() {
            Ok(output) if self.planning.is_below_out(&output) => Ok(planned),
            _ => Err(refused_for_good("`out` leads out of --out; write a path below it")),
        }
    }

    fn check_inside_text(&self, what: &str, place: &str) -> Result<(), Failure> {
        match place.parse() {
            Ok(place) => self.check_inside(what, &place),
            Err(_) => Err(refused_for_good(&format!("{what} is no place"))),
        }
    }

    /// Whether something may be read.
    fn check_inside(&self, what: &str, place: &Place) -> Result<(), Failure> {
        if place.local().is_some_and(|path| !path.is_absolute()) {
            let why = format!(
                "{what} is a relative path, which is another file for each worker; write it whole"
            );
            return Err(refused_for_good(&why));
        }
        match self.inside.iter().any(|inside| is_below(inside, place)) {
            true => Ok(()),
            false => Err(refused_for_good(&format!("{what} lies outside of --in"))),
        }
    }

    /// A failure in the words of a queue, and what is none here.
    fn after(&self, job: &Claimed, failed: Failed) -> Result<Step, Failure> {
        let Input::Place { place, .. } = &job.spec.input else { return Err(failed.into()) };
        let changed = "the recording or its transcript was replaced while they were read";
        match (failed.kind, &job.spec.windows) {
            (FailureKind::NoWindows, _) => Ok(Step::NotYet),
            (FailureKind::Windows, WindowsSpec::Place(windows))
                if self.places.is_young(windows) =>
            {
                Ok(Step::NotYet)
            }
            // Not the one that was found, but one.
            (FailureKind::Missing, _) if self.places.is_there(place) == Some(true) => {
                Err(Failed { kind: FailureKind::Changed, message: changed.into() }.into())
            }
            (FailureKind::Exists, _) => {
                let receipt = job.spec.receipt.as_deref();
                let is_released = receipt.and_then(|receipt| self.places.is_there(receipt));
                let message = exists(&job.spec.output, is_released);
                Err(Failed { message, ..failed }.into())
            }
            (FailureKind::Changed, _) => Err(Failed { message: changed.into(), ..failed }.into()),
            _ => Err(failed.into()),
        }
    }
}

impl Redact for Recordings {
    fn redact(&self, of: &Recording, _: u32, cancel: &Cancel) -> Result<Step, Failure> {
        if let Some(why) = self.refusal(of) {
            return Ok(Step::Refused(why));
        }
        let planned = match self.found(of, cancel) {
            Ok(Found::Job(planned)) => *planned,
            Ok(Found::NotYet) => return Ok(Step::NotYet),
            Ok(Found::Nothing(why)) => return Ok(Step::Ignored(why)),
            Err(Failure::Failed { failed, .. }) if failed.kind == FailureKind::NoWindows => {
                return Ok(Step::NotYet);
            }
            Err(failure) => return Err(failure),
        };
        let Planned { key, line, id, spec } = planned;
        let (uploads, before, trace) = (Vec::new(), None, of.trace.clone());
        // Never a second attempt: that one ends all uploads to its output, and a queue may hand out a job while
        // another worker is at it.
        let job = Claimed { key, line, id, spec, attempt: 1, uploads, before, trace };
        match self.places.perform(&job, &Unwritten, cancel) {
            Ok(done) => Ok(Step::Done(Box::new(done))),
            Err(Failure::Failed { failed, retry_after: None, .. }) => self.after(&job, failed),
            Err(failure) => Err(failure),
        }
    }
}

/// What is said of an output that is another one. Only a person can know which of them is right.
fn exists(output: &str, is_released: Option<bool>) -> String {
    let why = match is_released {
        Some(true) => {
            "with its receipt: of another recording of this name, or made before its transcript, the policy or sordino changed; move both away"
        }
        Some(false) => {
            "without a receipt, so it was never released: its worker died before the transcript, the policy or sordino changed; remove it, if no worker is at it"
        }
        None => "and whether it has a receipt cannot be seen; look, and move it away",
    };
    format!("another output is at {output}, {why}, then retry this job")
}

/// The id of a recording in logs and metrics: the first 16 hex digits of the SHA-256 of its place, so that
/// whoever has the place finds its lines, and nobody finds the place, which may hold a customer's number.
pub fn job_id(recording: &Recording) -> String {
    match recording.row.input() {
        Some(place) => short_digest(place),
        None => short_digest(&recording.body()),
    }
}

pub(super) fn short_digest(text: &str) -> String {
    let mut digest = Digest::of(text.as_bytes()).sha256;
    digest.truncate(16);
    digest
}

fn refused_for_good(why: &str) -> Failure {
    Failed { kind: FailureKind::Other, message: why.into() }.into()
}

#[cfg(test)]
mod tests;
