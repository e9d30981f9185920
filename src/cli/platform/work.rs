//! The work: each recording is located, fetched, redacted, delivered, and then what was wished is done at
//! Genesys.

use std::time::Instant;

use sordino::Job;
use sordino::genesys::platform::{LeftOut, Listing, Located, Unavailable};
use sordino::job::platform::{
    Aftermath, Deletion, Delivered, Fate, Layout, NotDelivered, OriginalState, Prepared, Wishes,
    finish, prepare,
};

use super::super::exit::Failure;
use super::super::interrupt::lock;
use super::super::messages::{detail, note, tell, warn};
use super::super::recording::{detail_step, failure};
use super::super::report;
use super::deliver::{DoneCopy, Files};
use super::plan::Plan;

/// What became of a recording that was redacted.
pub(super) struct Outcome {
    pub(super) recording_id: String,
    pub(super) copies: Vec<DoneCopy>,
    pub(super) annotations: Vec<String>,
    pub(super) original: Fate,
    /// What failed after the copies were delivered.
    pub(super) failure: Option<Failure>,
}

/// What became of all recordings of a conversation.
pub(super) struct All {
    pub(super) outcomes: Vec<Outcome>,
    /// Those of which nothing was delivered.
    pub(super) failed: Vec<(String, Failure)>,
    pub(super) left_out: Vec<LeftOut>,
}

/// Finds out where the copies lie in their folder, if that of the layout depends on the conversation.
pub(super) async fn find_folder(plan: &mut Plan) -> Result<(), Failure> {
    if !plan.export {
        return Ok(());
    }
    let doing = format!("conversation {}: the layout of its export", plan.conversation_id);
    let found = plan.platform.export_folder(&plan.conversation_id).await;
    let found = found.map_err(|error| failure(&doing, error.into()))?;
    detail(&format!("in an export it lies in {}", found.path));
    plan.places.export = Some(found.path).filter(|_| !plan.dry_run);
    plan.steps = found.records;
    Ok(())
}

/// Locates the only recording that was asked for.
pub(super) async fn locate(plan: &Plan, recording_id: &str) -> Result<Located, Failure> {
    let doing = format!("recording {recording_id}");
    let located = plan.platform.locate(&plan.conversation_id, recording_id, plan.format).await;
    let located = located.map_err(|error| failure(&doing, error.into()))?;
    check_free(plan, &located)?;
    Ok(located)
}

/// Works on all audio recordings of the conversation, each on its own.
pub(super) async fn all(plan: &Plan) -> Result<All, Failure> {
    let doing = format!("conversation {}", plan.conversation_id);
    let listing = plan.platform.locate_all(&plan.conversation_id, plan.format).await;
    let Listing { recordings, left_out } =
        listing.map_err(|error| failure(&doing, error.into()))?;
    left_out.iter().for_each(tell_left_out);
    if recordings.is_empty() {
        return Err(Failure::failed(doing, "it has no audio recording that can be redacted now"));
    }
    check_windows(plan, &doing, &recordings, &left_out)?;
    recordings.iter().try_for_each(|located| check_free(plan, located))?;
    let (mut outcomes, mut failed) = (Vec::new(), Vec::new());
    for (at, located) in recordings.iter().enumerate() {
        let id = located.original().recording_id();
        tell(&format!("recording {} of {}: {id}", at + 1, recordings.len()));
        match one(plan, located).await {
            Ok(outcome) => {
                outcome.failure.iter().for_each(Failure::print);
                outcomes.push(outcome);
            }
            Err(failure) => {
                failure.print();
                lock(&plan.stage).fail();
                failed.push((id.to_owned(), failure));
            }
        }
    }
    Ok(All { outcomes, failed, left_out })
}

/// The times of flags are those of one recording. They could be meant for one that was left out, too.
fn check_windows(
    plan: &Plan,
    doing: &str,
    recordings: &[Located],
    left_out: &[LeftOut],
) -> Result<(), Failure> {
    let has_own = plan.from_genesys.as_ref().is_some_and(|from| !from.has_flags());
    let found = recordings.iter().map(|one| one.original().recording_id());
    let speak = left_out.iter().filter(|one| speaks(one));
    let ids: Vec<_> = found.chain(speak.map(|one| one.recording_id.as_str())).collect();
    if ids.len() < 2 || plan.same_windows || has_own {
        return Ok(());
    }
    let ids = ids.join(", ");
    Err(Failure::usage(
        doing,
        format!(
            "it has the recordings {ids}, each with its own times, and nothing was fetched; name one with --recording-id, or give --same-windows to mute the same times in all"
        ),
    ))
}

/// Whether a recording that was left out has speech that stays as it is.
fn speaks(left_out: &LeftOut) -> bool {
    !matches!(left_out.reason, Unavailable::NotAudio(_) | Unavailable::Deleted)
}

fn tell_left_out(left_out: &LeftOut) {
    let LeftOut { recording_id, reason } = left_out;
    let text = format!("left out: the recording {recording_id} {reason}");
    if speaks(left_out) { warn(&text) } else { note(&text) }
}

/// Finds out what stands in the way before anything is downloaded.
fn check_free(plan: &Plan, located: &Located) -> Result<(), Failure> {
    let check = |key: Option<&str>| plan.places.check_free(located.original(), key);
    match plan.layout {
        Layout::Joined => check(None),
        Layout::Split => located.keys().try_for_each(|key| check(Some(key))),
    }
}

/// Fetches, redacts and delivers one recording.
pub(super) async fn one(plan: &Plan, located: &Located) -> Result<Outcome, Failure> {
    let recording_id = located.original().recording_id().to_owned();
    let (doing, began) = (format!("recording {recording_id}"), Instant::now());
    lock(&plan.stage).begin(&recording_id);
    let found = match &plan.from_genesys {
        Some(from) => Some(from.find(plan, located).await?),
        None => None,
    };
    let own =
        found.as_ref().map(|found| Job { windows: found.windows.clone(), ..plan.job.clone() });
    let job = own.as_ref().unwrap_or(&plan.job);
    check_muted(plan, job)?;
    let prepared = prepare(&plan.platform, located, job, plan.layout).await;
    lock(&plan.bar).clear();
    let mut prepared = prepared.map_err(|error| match &found {
        Some(found) => found.failure(&doing, error),
        None => failure(&doing, error),
    })?;
    let of_transcript = found.iter().flat_map(|found| &found.fit.steps);
    prepared.add_steps(plan.steps.iter().chain(of_transcript).cloned());
    if let Some(found) = &found {
        found.check_fit(&prepared)?;
    }
    prepared.steps().iter().for_each(detail_step);
    for copy in prepared.copies() {
        report::details(&doing, copy.redacted.summary(), began.elapsed());
        report::notes(copy.redacted.summary());
    }
    let source = found.as_ref().and_then(|found| found.entry.as_ref());
    let mut files = Files::new(plan, &prepared, source)?;
    let (places, delivered) = files.deliver(plan, &prepared)?;
    let (mut copies, stay) = (files.done(&prepared, &places), places.stay);
    let after = wishes(plan, &prepared, delivered.as_ref()).await;
    after.steps.iter().for_each(detail_step);
    let written = files.finish(plan, &prepared, &after);
    let (annotations, original) = (after.annotations, after.original);
    let done = format!("the redacted copy of recording {recording_id} is delivered");
    if let Err(lost) = &written
        && stay
    {
        copies.iter_mut().for_each(DoneCopy::lose_side_outputs);
        // One error is returned, and this is the other.
        if after.failed.is_some() {
            lost.print();
        }
    }
    let failure = match (after.failed, written) {
        (Some(error), _) => Some(failure(&doing, error.into()).after(&done)),
        (None, Err(failure)) if stay => Some(failure.after(&done)),
        // The copies were taken back.
        (None, Err(failure)) => return Err(failure),
        (None, Ok(())) => None,
    };
    let annotations = annotations.into_iter().map(|annotated| annotated.id).collect();
    let outcome = Outcome { recording_id, copies, annotations, original, failure };
    lock(&plan.stage).end(outcome.interrupted());
    Ok(outcome)
}

/// A copy in which nothing is muted cannot stand for an original that is to be deleted. Found out before anything
/// is delivered: an upload is not taken back.
fn check_muted(plan: &Plan, job: &Job) -> Result<(), Failure> {
    if plan.deletion.is_none() || !job.windows.is_empty() {
        return Ok(());
    }
    let doing = format!("recording {}", job.recording_id);
    Err(Failure::failed(doing, NotDelivered::NothingMuted))
}

/// Does what was wished at Genesys.
async fn wishes(plan: &Plan, prepared: &Prepared, delivered: Option<&Delivered>) -> Aftermath {
    let delete = plan.deletion.zip(delivered).map(|(deletion, delivered)| Deletion {
        delivered,
        at: deletion.at,
        wait: deletion.wait,
    });
    finish(
        &plan.platform,
        prepared,
        Wishes { annotate: plan.annotate, delete, ..Wishes::default() },
    )
    .await
}

impl All {
    /// How many recordings were to be redacted.
    pub(super) fn wanted(&self) -> usize {
        self.outcomes.len() + self.failed.len() + self.not_ready()
    }

    /// How many of them are not done.
    pub(super) fn failures(&self) -> usize {
        let unfinished = self.outcomes.iter().filter(|outcome| outcome.failure.is_some()).count();
        unfinished + self.failed.len() + self.not_ready()
    }

    /// How many could be redacted later: their conversation is not done.
    fn not_ready(&self) -> usize {
        let is_it = |left_out: &&LeftOut| left_out.reason == Unavailable::NotReady;
        self.left_out.iter().filter(is_it).count()
    }
}

impl Outcome {
    /// What an interrupt says of it.
    fn interrupted(&self) -> String {
        let places: Vec<_> = self.copies.iter().filter_map(|copy| copy.place.as_deref()).collect();
        let copy = match places.as_slice() {
            [] => "was not delivered".to_owned(),
            places => format!("is redacted at {}", places.join(", ")),
        };
        let original = match self.original.state {
            OriginalState::Kept => "is kept",
            OriginalState::DeletionSet => "will be deleted",
            OriginalState::Deleted => "is deleted",
            OriginalState::Unknown => "may be deleted",
        };
        format!("recording {} {copy}, its original {original}", self.recording_id)
    }
}
