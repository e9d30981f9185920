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
use super::model::{Done, Event, FailureKind, Input, Upload, WindowsSpec};
use super::run::{Cancel, Failure, Notes, Work};
use crate::decode::DecodeOptions;
use crate::digest::Digest;
use crate::evidence::EvidenceOptions;
use crate::job::stored::{Stored, StoredJob, store};
use crate::lock::lock;
use crate::policy::{IfNone, Policy, Request};
use crate::receipt::Receipt;
use crate::signature::{RECEIPT_NAMESPACE, Signer};
use crate::store::{Place, PutOptions, Stores};
use crate::window::{Windows, parse_flag};

pub(super) mod failure;

use failure::{failed, of_store, of_stored};
pub(super) use failure::{nothing_found, parsed};

/// The largest list or transcript, in bytes.
const LONGEST_LIST: u64 = 64 * 1024 * 1024;

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
        if let Some(version) = version {
            let head = self.stores.head(&input).await.map_err(|error| of_store(&input, error))?;
            if head.identity() != *version {
                return Err(failed(FailureKind::Missing, failure::changed(&input)));
            }
        }
        let stored = self.stored_job(job, input, output, windows, &request)?;
        // It may change after that look at it.
        let stored = StoredJob { version: version.clone(), ..stored };
        let upload = |id: &str| {
            let upload = Upload { place: job.spec.output.clone(), id: id.to_owned() };
            lock(opened).push(upload.clone());
            let noted = notes.note(Event::Upload(upload));
            noted.map_err(|_| "the run ends".to_owned())
        };
        let done = store(&self.stores, &stored, upload).await;
        let done = done.map_err(|error| of_stored(&stored.input, error))?;
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
            bytes = self.stores.read(place, LONGEST_LIST).await.map_err(failed_at)?;
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
        let (source, policy, id) = (request.entry(), self.policy.entry(), job.id.clone());
        let complete = move |mut receipt: Receipt| {
            if let Some(source) = &source {
                receipt = receipt.with_source(source.clone());
            }
            if let Some(policy) = &policy {
                receipt = receipt.with_policy(policy.clone());
            }
            match &id {
                Some(id) => receipt.with_id(id),
                None => receipt,
            }
        };
        Ok(StoredJob {
            receipt: job.spec.receipt.as_deref().map(parsed).transpose()?,
            options: self.policy.decode_options(self.options),
            evidence: EvidenceOptions::default(),
            key: Some(job.key.0.clone()),
            overwrite: self.overwrite,
            complete: Some(Arc::new(complete)),
            ..StoredJob::new(input, output, windows, treatment)
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

    /// The windows of a job, inline or of its file.
    pub(super) async fn request(&self, job: &Claimed) -> Result<Request, Failure> {
        let wrong = |why: String| failed(FailureKind::Windows, why);
        match &job.spec.windows {
            WindowsSpec::Inline(flags) => {
                let windows: Result<Vec<_>, _> =
                    flags.iter().map(|flag| parse_flag(flag)).collect();
                let windows = windows.map_err(|error| wrong(error.to_string()))?;
                self.policy.windows_given(&windows).map_err(|error| wrong(error.to_string()))
            }
            WindowsSpec::Place(name) => {
                let place = parsed(name)?;
                let bytes = self.stores.read(&place, LONGEST_LIST).await;
                let bytes = bytes.map_err(|error| failure::of_windows(&place, error))?;
                self.check_windows(&place, job.spec.windows_version.as_deref()).await?;
                let request = self.policy.windows_of(&bytes, name, &[]);
                request.map_err(|error| wrong(error.to_string()))
            }
        }
    }

    /// Whether a list or transcript that was read is the one that was planned. Asked after it was read: what
    /// replaced it before that is found.
    async fn check_windows(&self, place: &Place, planned: Option<&str>) -> Result<(), Failure> {
        let Some(planned) = planned else { return Ok(()) };
        let head = self.stores.head(place).await;
        let head = head.map_err(|error| failure::of_windows(place, error))?;
        if head.identity() == planned {
            return Ok(());
        }
        Err(failed(FailureKind::Changed, failure::changed(place)))
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
