//! One recording of the Platform API, from its id to a place: a file, or an object in a store.
//!
//! Everything here may be done again: a copy that is there already counts, passages that are marked are not
//! marked again, and a date of deletion is set to what it is. So it may stop anywhere.

use std::sync::Arc;
use std::time::SystemTime;

use thiserror::Error as ThisError;

use super::after::Fate;
use super::delivered::{Delivered, NotDelivered};
use super::marked::{Fit, MarkedError};
use super::{
    Aftermath, Deletion, Layout, OriginalEntry, OriginalState, Prepared, RedactedCopy, Wishes,
    finish, prepare,
};
use crate::digest::Digest;
use crate::genesys::platform::Located;
use crate::genesys::{self, Platform};
use crate::job::stored::{Committed, check, commit};
use crate::job::{Job, JobError};
use crate::receipt::{Delivery, Receipt, rfc3339};
use crate::redact::Summary;
use crate::store::{self, Place, Put, PutOptions, Stores};

/// What is to be done with a recording.
#[derive(Clone)]
pub struct PlacedJob {
    /// How it is redacted. Its evidence must hold a receipt.
    pub job: Job,
    /// Where the redacted copy goes.
    pub output: Place,
    /// Where its receipt goes.
    pub receipt: Option<Place>,
    /// The job, for the metadata of the objects.
    pub key: Option<String>,
    /// Whether what is at the place of the copy is replaced. A receipt never is: see [`commit()`].
    pub overwrite: bool,
    /// Adds to the receipt what the redaction does not know.
    pub complete: Arc<dyn Fn(Receipt) -> Receipt + Send + Sync>,
    /// Whether the muted passages are marked on the original.
    pub annotate: bool,
    /// When the original is to be deleted.
    pub delete: Option<SystemTime>,
    /// If windows are from the transcript in Genesys: whether they fit the file.
    pub fit: Option<Fit>,
}

/// A recording whose redacted copy is in its place.
#[derive(Debug, Clone, PartialEq)]
pub struct PlacedCopy {
    /// What the store says of the copy.
    pub output: Put,
    /// Size and SHA-256 of the copy.
    pub digest: Digest,
    /// What was done.
    pub summary: Summary,
    /// What is left of the original.
    pub original: OriginalEntry,
    /// The receipt in its place.
    pub receipt: Option<Committed>,
}

/// Why a recording is not done.
#[derive(Debug, ThisError)]
#[non_exhaustive]
pub enum PlacedError {
    /// It cannot be fetched or redacted.
    #[error(transparent)]
    Job(#[from] JobError),
    /// The windows from the transcript in Genesys do not fit the file.
    #[error(transparent)]
    Marked(#[from] MarkedError),
    /// A place cannot be read or written.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// The copy cannot stand for the original, which is to be deleted.
    #[error(transparent)]
    NotDelivered(#[from] NotDelivered),
    /// The copy is in its place; a step at Genesys after that failed.
    #[error("the redacted copy is at {place}, and its receipt is not written")]
    After {
        /// Where the copy is.
        place: String,
        /// Why.
        #[source]
        source: genesys::Error,
    },
}

/// Fetches a recording, redacts it while it arrives, puts the copy into its place, does at Genesys what was
/// wished, and puts the receipt into its place. `on_upload` is called with the id of a multipart upload before
/// its first part is sent.
///
/// Dropping the future stops the work. The same call again finds what is done.
///
/// # Errors
/// [`PlacedError`].
pub async fn place(
    platform: &Platform,
    stores: &Stores,
    located: &Located,
    job: &PlacedJob,
    on_upload: impl Fn(&str) -> Result<(), String>,
) -> Result<PlacedCopy, PlacedError> {
    let mut prepared = fetch(platform, located, job).await?;
    let none = || JobError::Parts { reason: "there is no copy with a receipt".into() };
    let [RedactedCopy { redacted, .. }] = prepared.copies.as_slice() else {
        return Err(none().into());
    };
    let measured = redacted.evidence().measurements.as_ref().ok_or_else(none)?;
    let (digest, summary) = (measured.output.clone(), redacted.summary().clone());
    let options = PutOptions {
        content_type: redacted.format().media_type().into(),
        sha256: Some(digest.sha256.clone()),
        job: job.key.clone(),
        overwrite: job.overwrite,
    };
    let reader = redacted.reader().map_err(crate::Error::ReadBack).map_err(JobError::Redact)?;
    let output = stores.put(&job.output, reader, digest.bytes, options, on_upload).await?;
    check_receipt(stores, job, &prepared, &output).await?;
    let delivered = match job.delete {
        Some(_) => {
            let (back, proof) = read_back(stores, &job.output, prepared).await;
            prepared = back;
            Some(proof?)
        }
        None => None,
    };
    let delete = job.delete.zip(delivered.as_ref());
    let delete = delete.map(|(at, delivered)| Deletion { delivered, at, wait: false });
    let wishes = Wishes { annotate: job.annotate, only_unmarked: true, delete };
    let after = finish(platform, &prepared, wishes).await;
    if let Some(source) = after.failed {
        return Err(PlacedError::After { place: job.output.to_string(), source });
    }
    let original = after.original.entry();
    let receipt = match &job.receipt {
        Some(place) => {
            let receipt = receipt(job, &prepared, &after, &output).ok_or_else(none)?;
            let (job, overwrite) = (job.key.clone(), job.overwrite);
            let options = PutOptions { job, overwrite, ..PutOptions::default() };
            Some(commit(stores, place, receipt, options).await?)
        }
        None => None,
    };
    Ok(PlacedCopy { output, digest, summary, original, receipt })
}

/// Fetches the recording and redacts it meanwhile; holds windows from its transcript against its length.
async fn fetch(
    platform: &Platform,
    located: &Located,
    job: &PlacedJob,
) -> Result<Prepared, PlacedError> {
    let prepared = prepare(platform, located, &job.job, Layout::Joined).await;
    let Some(fit) = &job.fit else { return Ok(prepared?) };
    let mut prepared = match prepared {
        Ok(prepared) => prepared,
        Err(error) => return Err(fit.blame(error)?.into()),
    };
    fit.check(&prepared)?;
    prepared.add_steps(fit.steps.iter().cloned());
    Ok(prepared)
}

/// Looks at the receipt's place before anything is done at Genesys: a receipt of another redaction would stay
/// there, and say something else of the original.
async fn check_receipt(
    stores: &Stores,
    job: &PlacedJob,
    prepared: &Prepared,
    output: &Put,
) -> Result<(), store::Error> {
    // With `overwrite` it is put beside the other.
    let Some(place) = job.receipt.as_ref().filter(|_| !job.overwrite) else { return Ok(()) };
    let delete_date = job.delete.map(rfc3339);
    let state = match delete_date {
        Some(_) => OriginalState::DeletionSet,
        None => OriginalState::Kept,
    };
    let (annotations, steps) = (Vec::new(), Vec::new());
    let original = Fate { state, delete_date, retention: None, exported: None };
    let expected = Aftermath { annotations, original, steps, failed: None };
    match receipt(job, prepared, &expected, output) {
        Some(receipt) => check(stores, place, &receipt).await,
        None => Ok(()),
    }
}

/// Reads the copy back from its place, on a thread that may block.
async fn read_back(
    stores: &Stores,
    place: &Place,
    prepared: Prepared,
) -> (Prepared, Result<Delivered, PlacedError>) {
    let download = match place.local() {
        Some(_) => None,
        None => match stores.get(place).await {
            Ok(download) => Some(download),
            Err(error) => return (prepared, Err(error.into())),
        },
    };
    let place = place.clone();
    let read = tokio::task::spawn_blocking(move || {
        let proof = match (download, place.local()) {
            (Some(download), _) => prepared.delivered_to_store(vec![(place.clone(), download)]),
            (None, path) => prepared.delivered(path.as_slice()),
        };
        (prepared, proof.map_err(PlacedError::from))
    });
    // A panic is a bug, and must not be reported as an error of the recording.
    read.await.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))
}

fn receipt(
    job: &PlacedJob,
    prepared: &Prepared,
    after: &Aftermath,
    output: &Put,
) -> Option<Receipt> {
    let receipt = prepared.receipt(prepared.copies.first()?, Some(after))?;
    let delivery = receipt.delivery.clone().unwrap_or_default();
    let delivery = if job.output.is_object() {
        let Delivery { kind, url, .. } = Delivery::store(&job.output.url());
        let (etag, version) = (output.etag.clone(), output.version.clone());
        Delivery { kind, url, etag, version, ..delivery }
    } else {
        delivery
    };
    Some((job.complete)(Receipt { delivery: Some(delivery), ..receipt }))
}
