//! Job between places: one recording from one place to another, with its receipt.
//!
//! 1. The recording arrives and is redacted meanwhile. An object is never on a disk; its redacted copy is in
//!    memory or in a file without a name.
//! 2. After the self-check the copy is put at its place.
//! 3. Its receipt is put there too, create-only: that is the commit.
//!
//! A redaction gives the same bytes whoever makes it. So a copy that is there already, of the same SHA-256,
//! is taken for the one that was to be made, and a receipt that states the same for its receipt. No receipt
//! is ever replaced.

use std::sync::Arc;

use thiserror::Error as ThisError;

use super::ProgressListener;
use super::arrival::{Recipe, redact};
use crate::decode::{DecodeOptions, Source};
use crate::digest::Digest;
use crate::error::Error;
use crate::evidence::EvidenceOptions;
use crate::receipt::{Delivery, Receipt};
use crate::redact::{OutputFormat, Redacted, Summary};
use crate::store::{self, Head, Place, Put, PutOptions, Stores};
use crate::treatment::Treatment;
use crate::window::Windows;

mod commit;

pub(in crate::job) use commit::check;
pub use commit::{Committed, commit};

/// A recording to redact, and where everything is.
#[derive(Clone)]
pub struct StoredJob {
    /// The recording.
    pub input: Place,
    /// The version that is meant, as [`Head::identity`] says it; another is not redacted. None: any.
    pub version: Option<String>,
    /// Where the redacted copy goes.
    pub output: Place,
    /// Where its receipt goes.
    pub receipt: Option<Place>,
    /// What to mute. None: the recording is copied as it is.
    pub windows: Windows,
    /// What happens inside the windows.
    pub treatment: Treatment,
    /// How the recording is decoded.
    pub options: DecodeOptions,
    /// What kinds of file the copy may be, as [`OutputFormat::named`] says it; none of them means any.
    pub formats: &'static [OutputFormat],
    /// What evidence is collected; that of the receipt always is.
    pub evidence: EvidenceOptions,
    /// The job, for the metadata of the objects.
    pub key: Option<String>,
    /// Whether what is at the place of the copy is replaced. A receipt never is: see [`commit()`].
    pub overwrite: bool,
    /// Adds to the receipt what the redaction does not know.
    pub complete: Option<Arc<dyn Fn(Receipt) -> Receipt + Send + Sync>>,
    /// Called after every block, with the size of the recording in bytes.
    pub listener: Option<ProgressListener>,
}

impl std::fmt::Debug for StoredJob {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = f.debug_struct("StoredJob");
        shown.field("input", &self.input).field("output", &self.output).finish_non_exhaustive()
    }
}

/// A recording that was redacted, and is in its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Stored {
    /// What the input is.
    pub input: Head,
    /// What the store says of the copy.
    pub output: Put,
    /// Size and SHA-256 of the copy.
    pub digest: Digest,
    /// What was done.
    pub summary: Summary,
    /// The receipt: the one that is in its place, if there is a place for it.
    pub receipt: Receipt,
    /// SHA-256 of the receipt in its place.
    pub receipt_sha256: Option<String>,
    /// Where the receipt is: beside [`StoredJob::receipt`] if another's is there.
    pub receipt_place: Option<Place>,
}

/// Why a recording is not in its place.
#[derive(Debug, ThisError)]
#[non_exhaustive]
pub enum StoredError {
    /// A place cannot be read or written.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// The recording cannot be redacted, or the windows do not fit it.
    #[error("redact")]
    Redact(#[from] Error),
}

impl StoredJob {
    /// A job with the default options, without a receipt, that replaces nothing.
    pub fn new(input: Place, output: Place, windows: Windows, treatment: Treatment) -> Self {
        Self {
            input,
            version: None,
            output,
            receipt: None,
            windows,
            treatment,
            options: DecodeOptions::default(),
            formats: &[],
            evidence: EvidenceOptions::default(),
            key: None,
            overwrite: false,
            complete: None,
            listener: None,
        }
    }
}

/// Redacts a recording from place to place. `on_upload` is called with the id of a multipart upload to
/// [`StoredJob::output`] before its first part is sent; see [`Stores::put`].
///
/// Dropping the future stops the work, and aborts an upload that was begun.
///
/// # Errors
/// [`StoredError`]. The copy may be in its place already when its receipt is not: the same job again finds
/// it there.
///
/// ```
/// use sordino::job::stored::{StoredJob, store};
/// use sordino::store::{Place, StoreConfig, Stores};
/// use sordino::{Treatment, Window, Windows};
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let folder = tempfile::tempdir()?;
/// let stores = Stores::new(StoreConfig::from_env());
/// // Or "s3://bucket/call.wav".
/// let output = Place::Local(folder.path().join("call.wav"));
/// let windows = Windows::new([Window::from_seconds(10.0, 15.0)?])?;
/// let job = StoredJob::new("fixtures/call.wav".parse()?, output, windows, Treatment::silence());
/// let stored = store(&stores, &job, |_| Ok(())).await?;
/// assert_eq!(stored.summary.frames, 304_000);
/// # Ok(())
/// # }
/// ```
pub async fn store(
    stores: &Stores,
    job: &StoredJob,
    on_upload: impl Fn(&str) -> Result<(), String>,
) -> Result<Stored, StoredError> {
    let (input, redacted) = fetch(stores, job).await?;
    let receipt = Receipt::of(&redacted).ok_or_else(|| {
        // It was asked for.
        Error::SelfCheck { reason: "there is no receipt".into() }
    })?;
    let (digest, summary) = (redacted.evidence().measurements.as_ref(), redacted.summary().clone());
    let digest = digest.map(|all| all.output.clone()).unwrap_or(Digest::of(&[]));
    let options = PutOptions {
        content_type: redacted.format().media_type().into(),
        sha256: Some(digest.sha256.clone()),
        job: job.key.clone(),
        overwrite: job.overwrite,
    };
    let reader = redacted.reader().map_err(Error::ReadBack)?;
    let output = stores.put(&job.output, reader, digest.bytes, options, on_upload).await?;
    drop(redacted);
    let receipt = delivered(job, &output, receipt);
    let Some(place) = &job.receipt else {
        let (receipt_sha256, receipt_place) = (None, None);
        return Ok(Stored {
            input,
            output,
            digest,
            summary,
            receipt,
            receipt_sha256,
            receipt_place,
        });
    };
    let (key, overwrite) = (job.key.clone(), job.overwrite);
    let options = PutOptions { job: key, overwrite, ..PutOptions::default() };
    let Committed { receipt, sha256, place } = commit(stores, place, receipt, options).await?;
    let (receipt_sha256, receipt_place) = (Some(sha256), Some(place));
    Ok(Stored { input, output, digest, summary, receipt, receipt_sha256, receipt_place })
}

/// Reads the recording and redacts it meanwhile.
async fn fetch(stores: &Stores, job: &StoredJob) -> Result<(Head, Redacted), StoredError> {
    let recipe = |head: &Head| Recipe {
        windows: job.windows.clone(),
        treatment: job.treatment,
        options: job.options,
        formats: job.formats,
        evidence: EvidenceOptions { receipt: true, ..job.evidence },
        listener: job.listener.clone(),
        length: Some(head.bytes),
    };
    let changed = || store::Error::Changed { place: job.input.to_string() };
    let is_other = |head: &Head| job.version.as_ref().is_some_and(|it| *it != head.identity());
    if let Some(path) = job.input.local() {
        let head = stores.head(&job.input).await?;
        if is_other(&head) {
            return Err(changed().into());
        }
        let path = path.to_owned();
        // A file can be read with seeks, which some containers need.
        let redacted = redact(recipe(&head), move || Source::open(path)).await?;
        if stores.head(&job.input).await?.identity() != head.identity() {
            return Err(changed().into());
        }
        return Ok((head, redacted));
    }
    let download = stores.get(&job.input).await?;
    // Of the answer whose bytes are read: another request could be answered with another version.
    if is_other(&download.head) {
        return Err(changed().into());
    }
    let (head, failure) = (download.head.clone(), download.failure());
    let result = redact(recipe(&head), move || Ok(Source::stream(download))).await;
    match (result, failure.as_ref().and_then(|failure| failure.cause())) {
        (Err(error), _) if error.is_usage() => Err(error.into()),
        // The broken download is the cause, whatever the decoder made of the read error.
        (_, Some(broken)) => Err(broken.clone().into()),
        (result, None) => Ok((head, result?)),
    }
}

/// The receipt, with where recording and copy are.
fn delivered(job: &StoredJob, output: &Put, receipt: Receipt) -> Receipt {
    let receipt = match &job.complete {
        Some(complete) => complete(receipt),
        None => receipt,
    };
    let delivery = job.output.is_object().then(|| Delivery {
        etag: output.etag.clone(),
        version: output.version.clone(),
        ..Delivery::store(&job.output.url())
    });
    let mut receipt = Receipt { delivery: delivery.or(receipt.delivery), ..receipt };
    if job.input.is_object() {
        receipt.inputs.iter_mut().for_each(|input| input.url = Some(job.input.url()));
    }
    receipt
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::StoreConfig;
    use crate::window::Window;

    #[tokio::test]
    async fn another_version_than_the_planned_one_is_not_redacted() {
        let stores = Stores::new(StoreConfig::with_variables([]));
        let folder = tempfile::tempdir().unwrap();
        let call = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/call.wav");
        let input: Place = call.parse().unwrap();
        let output = Place::Local(folder.path().join("out.wav"));
        let windows = Windows::new([Window::from_seconds(10.0, 15.0).unwrap()]).unwrap();
        let planned = stores.head(&input).await.unwrap().identity();
        for (version, is_done) in [("1-1".to_owned(), false), (planned, true)] {
            let (input, output) = (input.clone(), output.clone());
            let mut job = StoredJob::new(input, output, windows.clone(), Treatment::silence());
            job.version = Some(version);
            let done = store(&stores, &job, |_| Ok(())).await;
            let is_changed = |error: &StoredError| {
                matches!(error, StoredError::Store(store::Error::Changed { .. }))
            };
            assert_eq!(done.is_ok(), is_done, "{done:?}");
            assert!(done.as_ref().err().is_none_or(is_changed), "{done:?}");
            assert_eq!(folder.path().join("out.wav").exists(), is_done);
        }
    }
}
