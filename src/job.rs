//! Job: one recording from end to end. The only module that knows both the Genesys client and the audio.
//!
//! In: a [`Genesys`] client, a recording id, windows, a treatment. Out: a new, redacted recording in the same
//! organisation. After a failure nothing is left on a disk, and nothing was completed at Genesys, except
//! that after [`JobError::MaybeCompleted`] this is unknown.

use std::sync::Arc;

use thiserror::Error;

use crate::decode::{DecodeOptions, Source};
use crate::evidence::EvidenceOptions;
use crate::genesys::{self, Completed, Genesys, StepRecord};
use crate::receipt::{Delivery, DeliveryKind, Receipt, StepEntry, rfc3339};
use crate::redact::{OutputFormat, Progress, Redacted, Summary};
use crate::treatment::Treatment;
use crate::window::Windows;

mod arrival;
pub mod platform;
#[cfg(feature = "store")]
pub mod stored;

use arrival::redact_arriving;

/// A recording to redact, and how.
#[derive(Clone)]
pub struct Job {
    /// The recording to redact.
    pub recording_id: String,
    /// What to mute.
    pub windows: Windows,
    /// What happens inside the windows.
    pub treatment: Treatment,
    /// How the recording is decoded.
    pub options: DecodeOptions,
    /// What kinds of file the redacted recording may be; none of them means any.
    pub formats: &'static [OutputFormat],
    /// What evidence is collected.
    pub evidence: EvidenceOptions,
    /// Called after every block.
    pub listener: Option<ProgressListener>,
}

/// A function that is called with the progress, and the size of the download in bytes if it is known.
pub type ProgressListener = Arc<dyn Fn(Progress, Option<u64>) + Send + Sync>;

impl std::fmt::Debug for Job {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Job").field("recording_id", &self.recording_id).finish_non_exhaustive()
    }
}

impl Job {
    /// A job with the default options for decoding and evidence.
    pub fn new(recording_id: impl Into<String>, windows: Windows, treatment: Treatment) -> Self {
        Self {
            recording_id: recording_id.into(),
            windows,
            treatment,
            options: DecodeOptions::default(),
            formats: &[],
            evidence: EvidenceOptions::default(),
            listener: None,
        }
    }
}

/// A recording that was fetched and redacted, but not delivered.
#[derive(Debug)]
pub struct Prepared {
    /// The redacted recording.
    pub redacted: Redacted,
    /// Records of locate and fetch.
    pub steps: Vec<StepRecord>,
}

/// The result of [`sanitise`].
#[derive(Debug, Clone, PartialEq)]
pub struct Sanitised {
    /// The new recording.
    pub completed: Completed,
    /// Summary of the redaction.
    pub summary: Summary,
    /// The receipt, if the job's [`EvidenceOptions`] ask for it.
    pub receipt: Option<Receipt>,
}

/// Why a job failed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum JobError {
    /// A request to Genesys failed.
    #[error(transparent)]
    Genesys(#[from] genesys::Error),
    /// The recording cannot be redacted, or the windows do not fit it.
    #[error("redact")]
    Redact(#[from] crate::Error),
    /// The parts of a recording cannot become the files that were asked for.
    #[error("the parts of the recording: {reason}")]
    Parts {
        /// Why, and what to do.
        reason: String,
    },
    /// A step after the creation of the new recording failed.
    #[error("the new recording {id} was created and is not complete; another run creates another")]
    NotCompleted {
        /// The new recording's id.
        id: String,
        /// The error of that step.
        #[source]
        source: genesys::Error,
    },
    /// The answer to the last step was lost.
    #[error(
        "the new recording {id} was uploaded; whether it is complete is not known: check it before another run"
    )]
    MaybeCompleted {
        /// The new recording's id.
        id: String,
        /// How the answer was lost.
        #[source]
        source: genesys::Error,
    },
}

/// Fetches a recording, redacts it while it arrives, and uploads the result as a new recording of the
/// conversation. The original recording stays unchanged.
///
/// # Errors
/// [`JobError`]. Nothing was completed at Genesys, except perhaps after [`JobError::MaybeCompleted`].
///
/// ```
/// use sordino::genesys::{Config, Credentials, Genesys};
/// use sordino::sandbox::{Sandbox, SandboxOptions};
/// use sordino::{Job, Treatment, Window, Windows, sanitise};
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// // A local stand-in. For a real organisation use `genesys::DEFAULT_BASE_URL` or its region's URL.
/// let sandbox = Sandbox::new(SandboxOptions::default());
/// sandbox.add_recording("call", std::fs::read("fixtures/call.wav")?);
/// let base_url = sandbox.start(0).await?;
///
/// // Build it once; clones share token, pace and connections.
/// let credentials = Credentials::new("sandbox", "sandbox-secret");
/// let genesys = Genesys::new(Config::new(&base_url, credentials)?)?;
///
/// let windows = Windows::new([Window::from_seconds(10.0, 15.0)?])?;
/// let job = Job::new("call", windows, Treatment::silence());
/// let sanitised = sanitise(&genesys, &job, "conversation id").await?;
/// assert_eq!(sandbox.uploads()[0].id, sanitised.completed.id);
/// # Ok(())
/// # }
/// ```
pub async fn sanitise(
    genesys: &Genesys,
    job: &Job,
    conversation_id: &str,
) -> Result<Sanitised, JobError> {
    let prepared = prepare(genesys, job).await?;
    let completed = deliver(genesys, &prepared.redacted, conversation_id).await?;
    let receipt = prepared.receipt(job, Some((&completed, conversation_id)));
    Ok(Sanitised { completed, summary: prepared.redacted.summary().clone(), receipt })
}

/// The first half: locate, fetch, redact. A broken download starts again from the beginning, as often as the
/// client retries. That is safe, because nothing has left this machine yet.
///
/// # Errors
/// [`JobError::Genesys`], [`JobError::Redact`].
pub async fn prepare(genesys: &Genesys, job: &Job) -> Result<Prepared, JobError> {
    let mut retries = 0;
    loop {
        match fetch_and_redact(genesys, job).await? {
            Ok(mut prepared) => {
                // Every restart counts as a retry of the fetch, which is the last record.
                prepared.steps.last_mut().into_iter().for_each(|fetch| fetch.retries += retries);
                return Ok(prepared);
            }
            Err(broken) => genesys.wait_before_restart(retries, broken).await?,
        }
        retries += 1;
    }
}

/// The second half: grant, upload, complete.
///
/// # Errors
/// [`JobError::Genesys`] up to the grant; [`JobError::NotCompleted`] after it;
/// [`JobError::MaybeCompleted`] when the answer to complete was lost.
pub async fn deliver(
    genesys: &Genesys,
    redacted: &Redacted,
    conversation_id: &str,
) -> Result<Completed, JobError> {
    let grant = genesys.grant(conversation_id).await?;
    let id = grant.id().to_owned();
    let uploaded = match genesys.upload(grant, redacted).await {
        Ok(uploaded) => uploaded,
        Err(source) => return Err(JobError::NotCompleted { id, source }),
    };
    genesys.complete(uploaded).await.map_err(|source| match source {
        genesys::Error::Transport { .. }
        | genesys::Error::Stalled { .. }
        | genesys::Error::Refused { status: 500.., .. } => JobError::MaybeCompleted { id, source },
        _ => JobError::NotCompleted { id, source },
    })
}

/// One attempt of the first half. The inner error is the cause of a broken download, the only one after
/// which a restart may help.
async fn fetch_and_redact(
    genesys: &Genesys,
    job: &Job,
) -> Result<Result<Prepared, genesys::Error>, JobError> {
    let located = genesys.locate(&job.recording_id).await?;
    let download = match genesys.fetch(located).await {
        // The URL has expired between the two steps: request another one, once.
        Err(genesys::Error::Expired { .. }) => {
            let located = genesys.locate(&job.recording_id).await?;
            genesys.fetch(located).await?
        }
        other => other?,
    };
    let steps = download.steps.clone();
    let open = |mut downloads: Vec<_>| Source::stream(downloads.remove(0));
    let redacted = redact_arriving(job, &job.windows, vec![download], open).await?;
    Ok(redacted.map(|redacted| Prepared { redacted, steps }))
}

impl Prepared {
    /// The receipt, if the job's [`EvidenceOptions`] ask for it. `delivered`: the new recording and its
    /// conversation id, if it was delivered.
    pub fn receipt(&self, job: &Job, delivered: Option<(&Completed, &str)>) -> Option<Receipt> {
        let last = delivered.iter().flat_map(|(completed, _)| &completed.steps);
        let delivery = Delivery {
            kind: DeliveryKind::Genesys,
            recording_id: Some(job.recording_id.clone()),
            conversation_id: delivered.map(|(_, conversation)| conversation.to_owned()),
            new_recording_id: delivered.map(|(completed, _)| completed.id.clone()),
            steps: self.steps.iter().chain(last).map(step_entry).collect(),
            ..Delivery::default()
        };
        Some(Receipt { delivery: Some(delivery), ..Receipt::of(&self.redacted)? })
    }
}

/// A step, as the receipt holds it.
fn step_entry(record: &StepRecord) -> StepEntry {
    StepEntry {
        step: record.step.name().into(),
        began: rfc3339(record.began),
        answered: rfc3339(record.answered),
        retries: record.retries,
        correlation_id: record.correlation_id.clone(),
    }
}
