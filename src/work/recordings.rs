//! From what a queue asks for to a job of the room `batch`, and through it.

use crate::batch::{
    Cancel, Claimed, Event, Failed, Failure, FailureKind, Input, Notes, Paired, PairingError,
    Places, Planned, Planning, Work as _,
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
    /// What the names of transcripts end in.
    suffix: Option<String>,
}

/// Nobody writes down what an attempt has left open. The next one asks the store.
struct Unwritten;

impl Notes for Unwritten {
    fn note(&self, event: Event) -> Result<(), Failure> {
        match event {
            Event::Upload(_) => Ok(()),
            // Without a journal nobody could tell whether a recording was created twice.
            _ => Err(refused("a queue cannot do this; use `sordino batch`")),
        }
    }
}

impl Recordings {
    /// `suffix`: what the names of transcripts end in. Without one only jobs are done that name their windows.
    ///
    /// # Errors
    /// [`PairingError`] of the suffix, or without a place for outputs.
    pub fn new(
        places: Places,
        planning: Planning,
        suffix: Option<String>,
    ) -> Result<Self, PairingError> {
        if planning.out.is_none() {
            return Err(PairingError::NoOut);
        }
        suffix.as_deref().map_or(Ok(()), PairingError::of_suffix)?;
        Ok(Self { places, planning, suffix })
    }

    /// What a job of sordino's own asks for.
    fn planned(&self, recording: &Recording) -> Result<Planned, Failure> {
        let wrong =
            |why: String| Failure::from(Failed { kind: FailureKind::Windows, message: why });
        let planned = recording.planned(&self.planning).map_err(wrong)?;
        if matches!(planned.spec.input, Input::Genesys { .. }) {
            let why = "recordings in Genesys Cloud are for `sordino batch`, whose journal keeps them from being created twice";
            return Err(refused_for_good(why));
        }
        // A manifest is its owner's. Into a queue others may write too.
        match planned.spec.output.parse() {
            Ok(output) if self.planning.is_below_out(&output) => Ok(planned),
            _ => Err(refused_for_good("`out` leads out of --out; write a path below it")),
        }
    }

    /// What the announcement of an object asks for; or what there is to say instead.
    fn announced(&self, place: &Place) -> Result<Result<Planned, Step>, Failure> {
        let Some(suffix) = &self.suffix else {
            return Err(refused(
                "an object was announced, and this worker does not know the names of transcripts; give it --windows-suffix",
            ));
        };
        let paired = self.places.pair(place, suffix, &self.planning)?;
        Ok(match paired {
            None => Err(Step::Ignored("no recording, or written by sordino")),
            Some(Paired::NoRecording(_)) => Err(Step::Ignored("a list or transcript")),
            Some(Paired::NoTranscript(_)) => Err(Step::NotYet),
            Some(Paired::Job(planned)) => Ok(planned),
            Some(paired) => return Err(refused_for_good(&paired.problem().unwrap_or_default())),
        })
    }
}

impl Redact for Recordings {
    fn redact(&self, of: &Recording, attempt: u32, cancel: &Cancel) -> Result<Step, Failure> {
        let place = of.row.input().filter(|_| !of.row.has_windows());
        let planned = match place.map(str::parse) {
            Some(Ok(place)) => match self.announced(&place)? {
                Ok(planned) => planned,
                Err(step) => return Ok(step),
            },
            _ => self.planned(of)?,
        };
        let Planned { key, line, id, spec } = planned;
        let (uploads, before, trace) = (Vec::new(), None, of.trace.clone());
        let job = Claimed { key, line, id, spec, attempt, uploads, before, trace };
        match self.places.perform(&job, &Unwritten, cancel) {
            Ok(done) => Ok(Step::Done(Box::new(done))),
            Err(Failure::Failed { failed, .. }) if failed.kind == FailureKind::NoWindows => {
                Ok(Step::NotYet)
            }
            Err(failure) => Err(failure),
        }
    }
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

fn refused(why: &str) -> Failure {
    Failed { kind: FailureKind::Refused, message: why.into() }.into()
}

fn refused_for_good(why: &str) -> Failure {
    Failed { kind: FailureKind::Other, message: why.into() }.into()
}

#[cfg(test)]
mod tests;
