//! Job: one recording from end to end; the one place that knows both halves.
//!
//! In: a [`Genesys`] client, a recording's id, windows, a treatment. Out: a new, sanitised recording
//! in the same organisation. What can go wrong: whatever either half can say; after a failure
//! nothing has been completed at Genesys, save where the answer to
//! the last step was lost, which is an error of its own; and nothing lies on a disk.

use std::ops::ControlFlow;
use std::sync::Arc;

use thiserror::Error;

use crate::decode::{DecodeOptions, Source};
use crate::evidence::EvidenceOptions;
use crate::genesys::{self, Completed, Genesys, Step, Trace};
use crate::receipt::{Delivery, Receipt, StepEntry, rfc3339};
use crate::redact::{Progress, Redacted, Redaction, Summary};
use crate::treatment::Treatment;
use crate::window::Windows;

/// What is to be done with one recording.
#[derive(Clone)]
pub struct Job {
    /// The recording to redact.
    pub recording_id: String,
    /// What to mute.
    pub windows: Windows,
    /// How.
    pub treatment: Treatment,
    options: DecodeOptions,
    proof: EvidenceOptions,
    watch: Option<Watch>,
}

/// Is told of progress; the second number is how many bytes there will be, where that is known.
type Watch = Arc<dyn Fn(Progress, Option<u64>) + Send + Sync>;

impl std::fmt::Debug for Job {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Job").field("recording_id", &self.recording_id).finish_non_exhaustive()
    }
}

impl Job {
    /// A job.
    pub fn new(recording_id: impl Into<String>, windows: Windows, treatment: Treatment) -> Self {
        Self {
            recording_id: recording_id.into(),
            windows,
            treatment,
            options: DecodeOptions::default(),
            proof: EvidenceOptions::default(),
            watch: None,
        }
    }

    /// The same job, with the recording decoded in this way.
    #[must_use]
    pub fn with_options(mut self, options: DecodeOptions) -> Self {
        self.options = options;
        self
    }

    /// The same job, with this proven of it.
    #[must_use]
    pub fn with_proof(mut self, proof: EvidenceOptions) -> Self {
        self.proof = proof;
        self
    }

    /// Is told of the progress of fetch and redaction: after every block, and how many bytes there
    /// will be, where that is known.
    #[must_use]
    pub fn with_watch(
        mut self,
        watch: impl Fn(Progress, Option<u64>) + Send + Sync + 'static,
    ) -> Self {
        self.watch = Some(Arc::new(watch));
        self
    }
}

/// A recording that was fetched and redacted, and is not delivered.
#[derive(Debug)]
pub struct Prepared {
    /// The redacted recording.
    pub redacted: Redacted,
    /// What locate and fetch took.
    pub traces: Vec<Trace>,
}

/// A recording that was sanitised.
#[derive(Debug, Clone, PartialEq)]
pub struct Sanitised {
    /// The new recording.
    pub completed: Completed,
    /// What was done.
    pub summary: Summary,
    /// The evidence, if the job's [`EvidenceOptions`] asks for it.
    pub receipt: Option<Receipt>,
}

/// Why a job failed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum JobError {
    /// Genesys, or the way there.
    #[error(transparent)]
    Genesys(#[from] genesys::Error),
    /// The recording, or the windows.
    #[error("redact")]
    Redact(#[from] crate::Error),
    /// A new recording was created, and something went wrong after that.
    #[error("the new recording {id} was created and is not complete; another run makes another")]
    NotCompleted {
        /// The new recording's id.
        id: String,
        /// What went wrong.
        #[source]
        source: genesys::Error,
    },
    /// The answer to the last step was lost.
    #[error(
        "the new recording {id} was uploaded; whether it is complete is not known: look at it before another run"
    )]
    MaybeCompleted {
        /// The new recording's id.
        id: String,
        /// How the answer was lost.
        #[source]
        source: genesys::Error,
    },
}

/// Fetches a recording, redacts it while it arrives, and uploads the result as a new recording of
/// the conversation. The original stays as it is.
///
/// # Errors
/// [`JobError`]. Nothing has been completed at Genesys then, save perhaps for
/// [`JobError::MaybeCompleted`].
///
/// ```
/// use sordino::genesys::{Config, Credentials, Genesys};
/// use sordino::sandbox::{Options, Sandbox};
/// use sordino::{Job, Treatment, Window, Windows, sanitise};
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// // A stand-in for an organisation; for yours, take `genesys::DEFAULT_BASE_URL` or its region's.
/// let sandbox = Sandbox::new(Options::default());
/// sandbox.add_recording("call", std::fs::read("fixtures/call.wav")?);
/// let base_url = sandbox.start(0).await?;
///
/// // Built once; clones share token, pace and connections.
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

/// The first half: locate, fetch, redact. A download that breaks is begun anew, as often as the
/// client retries; nothing has left this machine by then, so that is harmless.
///
/// # Errors
/// [`JobError::Genesys`], [`JobError::Redact`].
pub async fn prepare(genesys: &Genesys, job: &Job) -> Result<Prepared, JobError> {
    let mut attempt = 0;
    loop {
        let broken = match fetch_and_redact(genesys, job).await? {
            Ok(mut prepared) => {
                // Every new beginning is another try of the fetch.
                prepared.traces.last_mut().into_iter().for_each(|fetch| fetch.retries += attempt);
                return Ok(prepared);
            }
            Err(broken) => broken,
        };
        if !genesys.wait_before_retry(Step::Fetch, attempt).await {
            return Err(JobError::Genesys(broken));
        }
        attempt += 1;
    }
}

/// The second half: grant, upload, complete.
///
/// # Errors
/// [`JobError::Genesys`] up to the grant; [`JobError::NotCompleted`] after it;
/// [`JobError::MaybeCompleted`] when the last answer was lost.
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
        genesys::Error::Transport { .. } | genesys::Error::Stalled { .. } => {
            JobError::MaybeCompleted { id, source }
        }
        genesys::Error::Refused { status: 500.., .. } => JobError::MaybeCompleted { id, source },
        _ => JobError::NotCompleted { id, source },
    })
}

/// One try of the first half. The inner error is a download that broke off: a new beginning may help,
/// as it may not after any other.
type Try = Result<Result<Prepared, genesys::Error>, JobError>;

async fn fetch_and_redact(genesys: &Genesys, job: &Job) -> Try {
    let located = genesys.locate(&job.recording_id).await?;
    let body = match genesys.fetch(located).await {
        // The URL has died between the two steps: ask for another, once.
        Err(genesys::Error::Expired { .. }) => {
            let located = genesys.locate(&job.recording_id).await?;
            genesys.fetch(located).await?
        }
        other => other?,
    };
    let (length, job, traces) = (body.length(), job.clone(), body.traces().to_vec());
    let breakage = body.breakage();
    // Whoever drops this future wants no more of it.
    let wanted = Arc::new(());
    let still = Arc::downgrade(&wanted);
    let redacted = tokio::task::spawn_blocking(move || {
        let watch = |progress| {
            if let Some(watch) = &job.watch {
                watch(progress, length);
            }
            if still.strong_count() > 0 {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        };
        let source = Source::stream(body).with_options(job.options);
        let redaction = Redaction::new(&job.windows, job.treatment).with_evidence(job.proof);
        redaction.run_watched(source, watch)
    });
    // A panic is a defect, and must not pass for an error of the recording.
    let result =
        redacted.await.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()));
    drop(wanted);
    match (result, breakage.cause()) {
        // Windows that do not fit do not fit another download either.
        (Err(error), _) if error.is_usage() => Err(error.into()),
        // The decoder has seen a reading error, if it has asked for so much. Whatever it made of that,
        // this is the cause.
        (_, Some(broken)) => Ok(Err(broken.clone())),
        (result, None) => Ok(Ok(Prepared { redacted: result?, traces })),
    }
}

impl Prepared {
    /// The evidence, if the job's [`EvidenceOptions`] asks for it: of a recording that was delivered to a
    /// conversation, or not.
    pub fn receipt(&self, job: &Job, delivered: Option<(&Completed, &str)>) -> Option<Receipt> {
        let last = delivered.iter().flat_map(|(completed, _)| &completed.traces);
        let step = |trace: &Trace| StepEntry {
            step: trace.step.name().into(),
            began: rfc3339(trace.began),
            answered: rfc3339(trace.answered),
            retries: trace.retries,
            correlation_id: trace.correlation_id.clone(),
        };
        let genesys = Delivery {
            recording_id: job.recording_id.clone(),
            conversation_id: delivered.map(|(_, conversation)| conversation.to_owned()),
            new_recording_id: delivered.map(|(completed, _)| completed.id.clone()),
            steps: self.traces.iter().chain(last).map(step).collect(),
        };
        Some(Receipt { genesys: Some(genesys), ..Receipt::of(&self.redacted)? })
    }
}
