//! Jobs between places: files, and objects in buckets.
//!
//! In: a [`Claimed`] job and the [`Policy`]. Out: its [`Done`], with the redacted recording and the receipt in
//! their places. What went wrong becomes a [`Failed`](super::Failed), sorted by kind. What an earlier attempt has left open
//! is ended first; what it has finished already is found, and counts.

use std::io::Cursor;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::runtime::Handle;

use super::journal::Claimed;
use super::manifest::ending;
use super::model::{Done, Event, FailureKind, Input, Upload};
use super::run::{Cancel, Failure, Notes, Work};
use crate::decode::DecodeOptions;
use crate::digest::Digest;
use crate::evidence::EvidenceOptions;
use crate::job::stored::{Stored, StoredError, StoredJob, store};
use crate::lock::lock;
use crate::policy::{IfNone, Policy, Request};
use crate::receipt::Receipt;
use crate::redact::OutputFormat;
use crate::signature::{RECEIPT_NAMESPACE, Signer};
use crate::store::{self, Place, PutOptions, Stores};
use crate::window::Windows;

pub(super) mod failure;
mod pair;
mod windows;

pub use pair::{Beside, Found};

use failure::{failed, of_store, of_stored};
pub(super) use failure::{nothing_found, parsed};

/// How often a job looks whether it is cancelled.
const LOOK: Duration = Duration::from_millis(50);

/// How long an upload may take to be aborted, when the run begins or ends.
const PATIENCE: Duration = Duration::from_secs(10);

/// Redacts recordings from place to place.
#[derive(Clone)]
pub struct Places {
    /// Where everything is.
    pub stores: Stores,
    /// How recordings are redacted.
    pub policy: Policy,
    /// How they are decoded, as far as the policy does not say it.
    pub options: DecodeOptions,
    /// Whether recordings that exist are replaced.
    pub overwrite: bool,
    /// Who signs the receipts.
    pub signer: Option<Arc<Signer>>,
    /// The runtime that the calls of the stores need.
    pub runtime: Handle,
}

impl std::fmt::Debug for Places {
    /// Without the key that signs.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Places").field("policy", &self.policy).finish_non_exhaustive()
    }
}

impl Work for Places {
    fn perform(&self, job: &Claimed, notes: &dyn Notes, cancel: &Cancel) -> Result<Done, Failure> {
        let began = Instant::now();
        let opened = Mutex::default();
        let result = self.runtime.block_on(async {
            tokio::select! {
                done = self.redact(job, notes, &opened) => done,
                () = cancelled(cancel) => Err(Failure::Interrupted),
            }
        });
        if result == Err(Failure::Interrupted) {
            self.runtime.block_on(self.abort(&opened));
        }
        result.map(|done| Done { took: began.elapsed().as_secs_f64(), ..done })
    }

    fn abort_upload(&self, Upload { place, id }: &Upload) -> bool {
        let Ok(place) = place.parse::<Place>() else { return false };
        let aborted = self.runtime.block_on(async {
            tokio::time::timeout(PATIENCE, self.stores.abort(&place, id)).await
        });
        matches!(aborted, Ok(Ok(())))
    }
}

/// Returns when it is set.
pub(super) async fn cancelled(cancel: &Cancel) {
    while !cancel.is_set() {
        tokio::time::sleep(LOOK).await;
    }
}

impl Places {
    async fn redact(
        &self,
        job: &Claimed,
        notes: &dyn Notes,
        opened: &Mutex<Vec<Upload>>,
    ) -> Result<Done, Failure> {
        let Input::Place { place, version } = &job.spec.input else {
            return Err(failed(FailureKind::Other, "this job is for Genesys Cloud"));
        };
        let input = parsed(place)?;
        let output = parsed(&job.spec.output)?;
        self.clear(job, &output).await?;
        let request = self.request(job).await?;
        let windows = request.windows();
        let windows = windows.map_err(|error| failed(FailureKind::Windows, error.to_string()))?;
        let if_none = windows.is_empty().then(|| self.policy.if_none());
        match if_none {
            Some(IfNone::Fail) => return Err(nothing_found()),
            Some(IfNone::Skip) => return Ok(left_out()),
            Some(IfNone::Copy) | None => {}
        }
        let stored = self.stored_job(job, input, output, windows, &request)?;
        let stored = StoredJob { version: version.clone(), ..stored };
        let upload = |id: &str| {
            let upload = Upload { place: job.spec.output.clone(), id: id.to_owned() };
            lock(opened).push(upload.clone());
            let noted = notes.note(Event::Upload(upload));
            noted.map_err(|_| "the run ends".to_owned())
        };
        let done = match store(&self.stores, &stored, upload).await {
            Ok(done) => done,
            Err(error) => return Err(self.failure(&stored, error).await),
        };
        if let (Some(place), Some(sha256)) = (&done.receipt_place, &done.receipt_sha256) {
            self.sign(job, &stored.input, place, &done.receipt, sha256).await?;
        }
        Ok(self.done(job, &stored, done, if_none))
    }

    /// Signs the receipt that is in its place, into a file beside it. `sha256`: of what is there.
    pub(super) async fn sign(
        &self,
        job: &Claimed,
        input: &Place,
        place: &Place,
        receipt: &Receipt,
        sha256: &str,
    ) -> Result<(), Failure> {
        let Some(signer) = &self.signer else { return Ok(()) };
        let failed_at = |error| of_store(input, error);
        let mut bytes = receipt.to_json().into_bytes();
        if Digest::of(&bytes).sha256 != sha256 {
            // Another version of sordino has written it.
            bytes = self.stores.read(place, Receipt::LONGEST).await.map_err(failed_at)?;
        }
        let signed = signer.sign(RECEIPT_NAMESPACE, &bytes);
        let signed = signed.map_err(|error| {
            failed(FailureKind::Refused, format!("the receipt cannot be signed: {error}"))
        })?;
        let options = PutOptions {
            content_type: "text/plain".into(),
            sha256: Some(Digest::of(signed.as_bytes()).sha256),
            job: Some(job.key.0.clone()),
            // An agent may sign differently each time.
            overwrite: true,
        };
        let (beside, length) = (parsed(&format!("{place}.sig"))?, signed.len() as u64);
        let put = self.stores.put(&beside, Cursor::new(signed), length, options, |_| Ok(()));
        put.await.map(drop).map_err(failed_at)
    }

    /// Why a recording is not in its place. One that changed while it was read may be read again; one that is
    /// not the planned one is another job.
    async fn failure(&self, job: &StoredJob, error: StoredError) -> Failure {
        let is_changed = matches!(error, StoredError::Store(store::Error::Changed { .. }));
        if is_changed
            && let Some(planned) = &job.version
            && let Ok(head) = self.stores.head(&job.input).await
            && head.identity() != *planned
        {
            return failed(FailureKind::Missing, failure::changed(&job.input));
        }
        of_stored(&job.input, error)
    }

    /// What is to be done, in the words of the room `job`.
    fn stored_job(
        &self,
        job: &Claimed,
        input: Place,
        output: Place,
        windows: Windows,
        request: &Request,
    ) -> Result<StoredJob, Failure> {
        let treatment = self.policy.treatment_of(job.spec.treatment.as_deref());
        let treatment = treatment.map_err(|why| failed(FailureKind::Windows, why))?;
        let encoding = self.policy.settings().encoding;
        let named = OutputFormat::named(ending(&job.spec.output), encoding);
        let (encoding, formats) =
            named.map_err(|error| failed(FailureKind::Windows, error.to_string()))?;
        Ok(StoredJob {
            receipt: job.spec.receipt.as_deref().map(parsed).transpose()?,
            options: DecodeOptions { encoding, ..self.policy.decode_options(self.options) },
            formats,
            evidence: EvidenceOptions::default(),
            key: Some(job.key.0.clone()),
            overwrite: self.overwrite,
            complete: Some(self.complete(job, request)),
            ..StoredJob::new(input, output, windows, treatment)
        })
    }

    /// Adds to a receipt what the redaction does not know.
    pub(super) fn complete(
        &self,
        job: &Claimed,
        request: &Request,
    ) -> Arc<dyn Fn(Receipt) -> Receipt + Send + Sync> {
        let (source, policy) = (request.entry(), self.policy.entry());
        let (id, trace) = (job.id.clone(), job.trace.clone());
        Arc::new(move |mut receipt| {
            if let Some(source) = &source {
                receipt = receipt.with_source(source.clone());
            }
            if let Some(policy) = &policy {
                receipt = receipt.with_policy(policy.clone());
            }
            if let Some(id) = &id {
                receipt = receipt.with_id(id);
            }
            match &trace {
                Some(trace) => receipt.with_trace(trace),
                None => receipt,
            }
        })
    }

    fn done(
        &self,
        job: &Claimed,
        stored: &StoredJob,
        done: Stored,
        if_none: Option<IfNone>,
    ) -> Done {
        let Stored { input, output, digest, summary, receipt_sha256, receipt_place, .. } = done;
        Done {
            input_version: Some(input.identity()),
            output: job.spec.output.clone(),
            etag: output.etag,
            sha256: digest.sha256,
            bytes: digest.bytes,
            receipt: receipt_place.map(|place| place.to_string()),
            receipt_sha256,
            frames: summary.frames,
            rate: summary.stream_info.rate,
            redacted_frames: summary.frames_treated,
            windows: stored.windows.len() as u64,
            took: 0.0,
            if_none: if_none.map(|if_none| if_none.name().to_owned()),
        }
    }

    /// Ends what an earlier attempt may have left open.
    pub(super) async fn clear(&self, job: &Claimed, output: &Place) -> Result<(), Failure> {
        for Upload { place, id } in &job.uploads {
            let place = parsed(place)?;
            let aborted = self.stores.abort(&place, id).await;
            aborted.map_err(|error| of_store(output, error))?;
        }
        if job.attempt > 1 {
            // An upload whose id nobody could write down before the process died. Not every store lists
            // them, and not everybody may ask.
            let _ = self.stores.abort_all(output).await;
        }
        Ok(())
    }

    /// Ends the uploads of a job that was interrupted.
    pub(super) async fn abort(&self, opened: &Mutex<Vec<Upload>>) {
        let opened = std::mem::take(&mut *lock(opened));
        for Upload { place, id } in opened {
            let Ok(place) = place.parse() else { continue };
            // If it fails, the journal knows the upload, and the next run ends it.
            let _ = tokio::time::timeout(PATIENCE, self.stores.abort(&place, &id)).await;
        }
    }
}

/// A job that has no output.
pub(super) fn left_out() -> Done {
    let nothing = Digest::of(&[]);
    Done { sha256: nothing.sha256, if_none: Some(IfNone::Skip.name().into()), ..Done::default() }
}
