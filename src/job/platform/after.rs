//! What happens to the original after its copy is delivered: annotations, and its deletion.

use std::time::SystemTime;

use super::{Delivered, Prepared};
use crate::genesys::platform::{Annotated, Original};
use crate::genesys::{Error, Platform, StepRecord};
use crate::receipt::{OriginalEntry, OriginalState, TranscriptState};

/// What to do at Genesys after the copies are in their place.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wishes<'a> {
    /// Mark each muted passage on the original.
    pub annotate: bool,
    /// Look first which passages are marked already, and mark the others. That asks for one permission more.
    pub only_unmarked: bool,
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
    /// When its own retention deletes it, whatever is done here, as the API writes it.
    pub retention: Option<String>,
    /// When it was exported, as the API writes it: an unredacted copy lies there.
    pub exported: Option<String>,
}

impl Fate {
    fn kept(original: &Original) -> Self {
        let retention = original.delete_date().map(str::to_owned);
        Self { state: OriginalState::Kept, delete_date: None, retention, exported: None }
    }

    /// The words of the receipt and of JSON: what was done. The transcript is kept as long as the original is, then it is
    /// not known: the documentation says that it goes with its recording, and nothing here can see that.
    pub fn entry(&self) -> OriginalEntry {
        let transcript = match self.state {
            OriginalState::Kept => TranscriptState::Kept,
            _ => TranscriptState::Unknown,
        };
        OriginalEntry { state: self.state, delete_date: self.delete_date.clone(), transcript }
    }
}

/// Annotates the original and sets its deletion, as wished. Stops at the first error, which is in the result
/// beside what was done before it.
pub async fn finish(platform: &Platform, prepared: &Prepared, wishes: Wishes<'_>) -> Aftermath {
    let (annotations, steps) = (Vec::new(), Vec::new());
    let original = Fate::kept(&prepared.original);
    let mut after = Aftermath { annotations, original, steps, failed: None };
    if wishes.annotate {
        let only_unmarked = wishes.only_unmarked;
        after.failed = annotate(platform, prepared, only_unmarked, &mut after).await.err();
    }
    if let (Some(deletion), None) = (wishes.delete, &after.failed) {
        after.failed = delete(platform, deletion, &mut after).await.err();
    }
    after
}

async fn annotate(
    platform: &Platform,
    prepared: &Prepared,
    only_unmarked: bool,
    after: &mut Aftermath,
) -> Result<(), Error> {
    let mut passages = prepared.passages.clone();
    if only_unmarked && !passages.is_empty() {
        let unmarked = platform.unmarked(&prepared.original, &passages).await?;
        after.steps.push(unmarked.record);
        passages = unmarked.passages;
    }
    for passage in &passages {
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
    after.steps.push(unprotected.record.clone());
    let deletable = platform.check_export(unprotected).await?;
    after.steps.push(deletable.record.clone());
    after.original.exported.clone_from(&deletable.exported);
    if deletable.is_deleted {
        after.original.state = OriginalState::Deleted;
        return Ok(());
    }
    let set = platform.set_deletion(deletable, at).await;
    let scheduled = set.inspect_err(|error| {
        if let Error::DeletedEarlier { date } = error {
            after.original.state = OriginalState::DeletionSet;
            after.original.delete_date = Some(date.clone());
        } else if may_be_set(error) {
            after.original.state = OriginalState::Unknown;
        }
    })?;
    after.steps.push(scheduled.record.clone());
    // The API has accepted it, but only what the recording shows is known.
    after.original.state = OriginalState::Unknown;
    let date = scheduled.delete_date.clone();
    let confirmed = platform.confirm_deletion(scheduled).await?;
    after.steps.push(confirmed.record.clone());
    after.original.state = OriginalState::DeletionSet;
    after.original.delete_date = Some(date);
    if confirmed.is_deleted {
        after.original.state = OriginalState::Deleted;
    } else if wait {
        after.steps.push(platform.wait_deleted(confirmed).await?.record);
        after.original.state = OriginalState::Deleted;
    }
    Ok(())
}

/// Whether the date may be set although no success was received. An earlier attempt that may have set it is in
/// [`Error::OutcomeUnknown`].
fn may_be_set(error: &Error) -> bool {
    !matches!(
        error,
        Error::Refused { status: 400..=499, .. }
            | Error::MissingPermission { .. }
            | Error::Credentials { .. }
            | Error::Config(_)
    )
}
