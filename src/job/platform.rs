//! Job for the Platform API: one recording from its parts to a redacted copy, and then what happens to the
//! original.
//!
//! 1. [`prepare`] downloads the parts of a [`Located`] recording and redacts them while they arrive ▸
//!    [`Prepared`].
//! 2. The caller writes the [copies](Prepared::copies) where they belong.
//! 3. [`Prepared::delivered`] reads them back ▸ [`Delivered`], the proof that the original may go.
//! 4. [`finish`] annotates the original, and sets its deletion, which needs that proof ▸ [`Aftermath`].
//!
//! The audio of the original cannot be replaced, so whatever happens, the caller must say whether it still
//! exists: [`Aftermath::original`].

use std::time::SystemTime;

use super::arrival::redact_arriving;
use super::{Job, JobError, step_entry};
use crate::decode::Source;
use crate::genesys::platform::{Annotated, Located, Original, Passage};
use crate::genesys::{self, Error, Platform, StepRecord};
use crate::receipt::{Delivery, Receipt};
use crate::redact::Redacted;
use crate::window::{Window, Windows};

mod delivered;
mod layout;

pub use delivered::{Delivered, NotDeletable};
pub use layout::Layout;
use layout::{Group, groups};

/// A recording that was fetched and redacted.
#[derive(Debug)]
pub struct Prepared {
    /// The original, which is unchanged.
    pub original: Original,
    /// The redacted copies: one, or with [`Layout::Split`] one for each key.
    pub copies: Vec<RedactedCopy>,
    /// The muted passages, for annotations.
    pub passages: Vec<Passage>,
    /// Records of locate and fetch.
    pub steps: Vec<StepRecord>,
}

/// A redacted copy of a recording, or of some of its parts.
#[derive(Debug)]
pub struct RedactedCopy {
    /// The keys of the parts that it holds, in the order of its channels.
    pub keys: Vec<String>,
    /// The copy.
    pub redacted: Redacted,
}

/// What to do at Genesys after the copies are in their place.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wishes<'a> {
    /// Mark each muted passage on the original.
    pub annotate: bool,
    /// Delete the original.
    pub delete: Option<Deletion<'a>>,
}

/// How to delete the original.
#[derive(Debug, Clone, Copy)]
pub struct Deletion<'a> {
    /// The proof that the redacted copies are where they belong.
    pub delivered: &'a Delivered,
    /// When.
    pub at: SystemTime,
    /// Whether to wait until it has happened.
    pub wait: bool,
}

/// What was done at Genesys after the delivery, and the error that ended it, if there was one.
#[derive(Debug)]
pub struct Aftermath {
    /// The annotations that were made.
    pub annotations: Vec<Annotated>,
    /// What became of the original.
    pub original: Fate,
    /// The records of all steps.
    pub steps: Vec<StepRecord>,
    /// Why the rest was not done.
    pub failed: Option<Error>,
}

/// What became of the original and of its transcript, which is a copy of what was said too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fate {
    /// What became of the original.
    pub state: OriginalState,
    /// When it will be or was deleted, ISO 8601 in UTC.
    pub delete_date: Option<String>,
    /// When it was exported, as the API writes it: an unredacted copy lies there.
    pub exported: Option<String>,
}

/// What became of the original.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OriginalState {
    /// It exists, unchanged and unredacted.
    Kept,
    /// It exists; the API has accepted a date on which it is deleted.
    DeletionSet,
    /// The API says that it is deleted.
    Deleted,
    /// It exists; whether a date was set is not known, because the answer was lost.
    Unknown,
}

impl OriginalState {
    /// The word for programs: `kept`, `deletion-set`, `deleted`, `unknown`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::DeletionSet => "deletion-set",
            Self::Deleted => "deleted",
            Self::Unknown => "unknown",
        }
    }
}

impl Fate {
    /// What became of the transcript: `kept` as long as the original is, then `unknown`. The documentation
    /// says that a transcript goes with its recording; nothing here can see that.
    pub fn transcript(&self) -> &'static str {
        if self.state == OriginalState::Kept { "kept" } else { "unknown" }
    }

    fn kept() -> Self {
        Self { state: OriginalState::Kept, delete_date: None, exported: None }
    }
}

/// Downloads the parts of a recording and redacts them while they arrive. All parts are whole, or it is an
/// error. A broken download starts again from the beginning, as often as the client retries.
///
/// `job.recording_id` is not used: `located` says which recording it is.
///
/// # Errors
/// [`JobError::Genesys`], [`JobError::Redact`], [`JobError::Parts`].
pub async fn prepare(
    platform: &Platform,
    located: &Located,
    job: &Job,
    layout: Layout,
) -> Result<Prepared, JobError> {
    let keys: Vec<String> = located.keys().map(str::to_owned).collect();
    let (mut copies, mut steps) = (Vec::new(), vec![located.record().clone()]);
    for Group { keys, windows } in groups(&keys, &job.windows, layout)? {
        let (redacted, records) = fetch_group(platform, located, &keys, &windows, job).await?;
        steps.extend(records);
        copies.push(RedactedCopy { keys, redacted });
    }
    let passages = passages(&job.windows, &copies);
    Ok(Prepared { original: located.original().clone(), copies, passages, steps })
}

/// Downloads some parts side by side and redacts them as one recording, again and again while a download
/// breaks.
async fn fetch_group(
    platform: &Platform,
    located: &Located,
    keys: &[String],
    windows: &Windows,
    job: &Job,
) -> Result<(Redacted, Vec<StepRecord>), JobError> {
    let mut retries = 0;
    loop {
        let (mut downloads, mut steps) = (Vec::new(), Vec::new());
        for key in keys {
            let download = platform.fetch(located, key).await?;
            steps.extend(download.steps.clone());
            downloads.push(download);
        }
        let open = |mut downloads: Vec<_>| Source::stream(downloads.remove(0));
        match redact_arriving(job, windows, downloads, open).await? {
            Ok(redacted) => {
                steps.last_mut().into_iter().for_each(|fetch| fetch.retries += retries);
                return Ok((redacted, steps));
            }
            Err(broken) => platform.wait_before_restart(retries, broken).await?,
        }
        retries += 1;
    }
}

/// The windows as passages of the original, cut at its end.
fn passages(windows: &Windows, copies: &[RedactedCopy]) -> Vec<Passage> {
    let length = copies.iter().map(|copy| copy.redacted.summary().length()).max();
    let length = length.unwrap_or_default();
    let passage = |window: &Window| Passage {
        start: window.start(),
        end: window.end().min(length),
        label: window.label().map(str::to_owned),
    };
    windows.for_length(length).iter().map(passage).collect()
}

impl Prepared {
    /// Reads the copies back from the files at `paths`, one for each of [`Prepared::copies`] in order, and
    /// makes them durable. Blocks.
    ///
    /// # Errors
    /// [`JobError::NotDelivered`] when a file is not exactly the copy, or cannot be read.
    pub fn delivered(&self, paths: &[&std::path::Path]) -> Result<Delivered, JobError> {
        Delivered::read_back(self, paths)
    }

    /// The receipt of one of the copies, if the job's [`EvidenceOptions`](crate::EvidenceOptions) ask for it.
    pub fn receipt(&self, copy: &RedactedCopy, after: Option<&Aftermath>) -> Option<Receipt> {
        let last = after.iter().flat_map(|after| &after.steps);
        let genesys = Delivery {
            recording_id: self.original.recording_id().to_owned(),
            conversation_id: Some(self.original.conversation_id().to_owned()),
            new_recording_id: None,
            steps: self.steps.iter().chain(last).map(step_entry).collect(),
        };
        Some(Receipt { genesys: Some(genesys), ..Receipt::of(&copy.redacted)? })
    }
}

/// Annotates the original and sets its deletion, as wished. Stops at the first error, which is in the result
/// beside what was done before it.
pub async fn finish(platform: &Platform, prepared: &Prepared, wishes: Wishes<'_>) -> Aftermath {
    let (annotations, steps) = (Vec::new(), Vec::new());
    let mut after = Aftermath { annotations, original: Fate::kept(), steps, failed: None };
    if wishes.annotate {
        after.failed = annotate(platform, prepared, &mut after).await.err();
    }
    if let (Some(deletion), None) = (wishes.delete, &after.failed) {
        after.failed = delete(platform, deletion, &mut after).await.err();
    }
    after
}

async fn annotate(
    platform: &Platform,
    prepared: &Prepared,
    after: &mut Aftermath,
) -> Result<(), Error> {
    for passage in &prepared.passages {
        let annotated = platform.annotate(&prepared.original, passage).await?;
        after.steps.push(annotated.record.clone());
        after.annotations.push(annotated);
    }
    Ok(())
}

/// The steps in their order: protection, export, date, the recording shows it, and perhaps it is deleted.
async fn delete(
    platform: &Platform,
    deletion: Deletion<'_>,
    after: &mut Aftermath,
) -> Result<(), Error> {
    let Deletion { delivered, at, wait } = deletion;
    let unprotected = platform.check_protection(delivered.original()).await?;
    let deletable = platform.check_export(unprotected).await?;
    after.original.exported.clone_from(&deletable.exported);
    let set = platform.set_deletion(deletable, at).await;
    let scheduled = set.inspect_err(|error| {
        if may_be_set(error) {
            after.original.state = OriginalState::Unknown;
        }
    })?;
    after.original.state = OriginalState::DeletionSet;
    after.original.delete_date = Some(scheduled.delete_date.clone());
    let before = after.steps.len();
    after.steps.extend(scheduled.steps.clone());
    let confirmed = platform.confirm_deletion(scheduled).await?;
    after.steps.truncate(before);
    after.steps.extend(confirmed.steps().to_vec());
    if wait {
        let deleted = platform.wait_deleted(confirmed).await?;
        after.steps.truncate(before);
        after.steps.extend(deleted.steps);
        after.original.state = OriginalState::Deleted;
    }
    Ok(())
}

/// Whether the date may be set although no success was received.
fn may_be_set(error: &genesys::Error) -> bool {
    !matches!(
        error,
        Error::Refused { status: 400..=499, .. }
            | Error::MissingPermission { .. }
            | Error::Credentials { .. }
            | Error::Config(_)
    )
}
