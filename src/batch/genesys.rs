//! Jobs of recordings in Genesys Cloud, through either API.
//!
//! In: a [`Claimed`] job and the clients of an organisation. Out: its [`Done`]. What is fetched is never on a
//! disk before it is redacted.
//!
//! Through the recordings API a new recording is created, which must never happen twice. So the journal knows
//! it before, and from then on this job is done, or failed for certain, or [`State::Unknown`]: a person looks.
//! Through the Platform API everything may be done again.
//!
//! [`State::Unknown`]: super::State::Unknown

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use futures_util::FutureExt as _;

use super::journal::Claimed;
use super::model::{Api, Done, Event, FailureKind, Input, Upload};
use super::places::failure::{chain, failed};
use super::places::{Places, cancelled, left_out, nothing_found, parsed};
use super::run::{Cancel, Failure, Notes, Work};
use crate::evidence::EvidenceOptions;
use crate::genesys::platform::{MediaFormat, deletion_date};
use crate::genesys::{Completed, Genesys, Platform};
use crate::job::platform::{PlacedJob, place};
use crate::job::stored::commit;
use crate::job::{self, Job, JobError};
use crate::lock::lock;
use crate::policy::{IfNone, Request};
use crate::receipt::Receipt;
use crate::store::PutOptions;
use crate::window::Windows;

mod failure;

use failure::{of_genesys, of_job, of_placed, unknown};

/// An organisation in Genesys Cloud. Its clients are shared by all jobs: one token, one pace.
#[derive(Debug, Clone)]
pub struct Organisation {
    /// For jobs of [`Api::Recordings`].
    pub recordings: Genesys,
    /// For jobs of [`Api::Platform`].
    pub platform: Platform,
    /// The format that recordings are transcoded to.
    pub format: MediaFormat,
    /// Whether the muted passages are marked on the originals. Those that are marked already are not marked
    /// again.
    pub annotate: bool,
    /// Whether originals may be deleted. If not, a job that wants that fails before anything is fetched.
    pub may_delete: bool,
}

/// Does all jobs of a manifest: those between places, and those of Genesys Cloud.
#[derive(Debug, Clone)]
pub struct Rows {
    /// For jobs between places; and the stores and the policy of all.
    pub places: Places,
    /// For the others. A manifest without such jobs needs none.
    pub genesys: Option<Organisation>,
}

/// A job with its windows.
struct Asked<'a> {
    claimed: &'a Claimed,
    conversation: &'a str,
    recording: &'a str,
    windows: Windows,
    request: Request,
    if_none: Option<IfNone>,
}

impl Work for Rows {
    fn perform(&self, job: &Claimed, notes: &dyn Notes, cancel: &Cancel) -> Result<Done, Failure> {
        let Input::Genesys { api, .. } = &job.spec.input else {
            return self.places.perform(job, notes, cancel);
        };
        let Some(organisation) = &self.genesys else {
            let why = "this recording is in Genesys Cloud; give the credentials of an OAuth client";
            return Err(failed(FailureKind::Refused, why));
        };
        let began = Instant::now();
        let opened = Mutex::default();
        let result = self.places.runtime.block_on(async {
            match api {
                Api::Recordings => self.upload(organisation, job, notes, cancel).await,
                Api::Platform => tokio::select! {
                    done = self.place(organisation, job, notes, &opened) => done,
                    () = cancelled(cancel) => Err(Failure::Interrupted),
                },
            }
        });
        if result == Err(Failure::Interrupted) {
            self.places.runtime.block_on(self.places.abort(&opened));
        }
        result.map(|done| Done { took: began.elapsed().as_secs_f64(), ..done })
    }
}

impl Rows {
    /// Through the recordings API: the redacted recording becomes a new one of the conversation.
    async fn upload(
        &self,
        organisation: &Organisation,
        claimed: &Claimed,
        notes: &dyn Notes,
        cancel: &Cancel,
    ) -> Result<Done, Failure> {
        let prepared = tokio::select! {
            prepared = self.fetch(organisation, claimed) => prepared?,
            () = cancelled(cancel) => return Err(Failure::Interrupted),
        };
        let Fetched { asked, job, prepared } = match prepared {
            Some(fetched) => fetched,
            None => return Ok(left_out()),
        };
        // From here on it is not cancelled: it ends in a state that is known, or is `unknown`.
        notes.note(Event::Granting)?;
        let delivery =
            job::deliver(&organisation.recordings, &prepared.redacted, asked.conversation);
        // A panic would count as a failure, and be tried again.
        let delivered = AssertUnwindSafe(delivery).catch_unwind().await;
        let delivered = delivered.unwrap_or_else(|_| Err(JobError::Parts { reason: PANIC.into() }));
        let completed = delivered.map_err(|error| match error {
            JobError::Genesys(error) => of_genesys(error),
            error => unknown(chain(&error)),
        })?;
        let receipt = self.commit(&asked, &job, &prepared, &completed).await;
        let receipt_sha256 = receipt.map_err(|error| {
            let id = &completed.id;
            unknown(format!("the new recording {id} is complete, but not its receipt: {error}"))
        })?;
        let summary = prepared.redacted.summary().clone();
        let measured = prepared.redacted.evidence().measurements.as_ref();
        let sha256 = measured.map(|all| all.output.sha256.clone()).unwrap_or_default();
        Ok(Done {
            output: completed.id,
            sha256,
            bytes: prepared.redacted.bytes(),
            receipt_sha256,
            ..asked.done(&summary)
        })
    }

    /// The first half: nothing has changed at Genesys. `None`: there is nothing to redact, and such
    /// recordings are left out.
    async fn fetch<'a>(
        &self,
        organisation: &Organisation,
        claimed: &'a Claimed,
    ) -> Result<Option<Fetched<'a>>, Failure> {
        if let Some(before) = &claimed.before {
            let message = format!(
                "this recording was redacted before, with other windows or another policy, into the new recording {}; another would stand beside it: delete that one, then give this row to another journal",
                before.output
            );
            return Err(failed(FailureKind::Exists, message));
        }
        let Some(asked) = self.asked(claimed).await? else { return Ok(None) };
        let job = self.job(&asked)?;
        let prepared = job::prepare(&organisation.recordings, &job).await.map_err(of_job)?;
        Ok(Some(Fetched { asked, job, prepared }))
    }

    /// The receipt of a new recording. Returns its SHA-256.
    async fn commit(
        &self,
        asked: &Asked<'_>,
        job: &Job,
        prepared: &job::Prepared,
        completed: &Completed,
    ) -> Result<Option<String>, String> {
        let Some(place) = &asked.claimed.spec.receipt else { return Ok(None) };
        let place = place.parse().map_err(|error| format!("{place}: {error}"))?;
        let receipt = prepared.receipt(job, Some((completed, asked.conversation)));
        let receipt = self.complete(asked)(receipt.ok_or("there is none")?);
        let options =
            PutOptions { job: Some(asked.claimed.key.0.clone()), ..PutOptions::default() };
        let committed = commit(&self.places.stores, &place, receipt, options).await;
        committed.map(|(_, sha256)| Some(sha256)).map_err(|error| chain(&error))
    }

    /// Through the Platform API: the redacted copy goes to a place.
    async fn place(
        &self,
        organisation: &Organisation,
        claimed: &Claimed,
        notes: &dyn Notes,
        opened: &Mutex<Vec<Upload>>,
    ) -> Result<Done, Failure> {
        let delete = self.deletion(organisation, claimed)?;
        let output = parsed(&claimed.spec.output)?;
        self.places.clear(claimed, &output).await?;
        let Some(asked) = self.asked(claimed).await? else { return Ok(left_out()) };
        let receipt = claimed.spec.receipt.as_deref().map(parsed).transpose()?;
        let (conversation, recording) = (asked.conversation, asked.recording);
        let platform = &organisation.platform;
        let located = platform.locate(conversation, recording, organisation.format).await;
        let located = located.map_err(of_genesys)?;
        let placed = PlacedJob {
            job: self.job(&asked)?,
            output: output.clone(),
            receipt,
            key: Some(claimed.key.0.clone()),
            overwrite: self.places.overwrite,
            complete: self.complete(&asked),
            annotate: organisation.annotate,
            delete,
        };
        let upload = |id: &str| {
            let upload = Upload { place: claimed.spec.output.clone(), id: id.to_owned() };
            lock(opened).push(upload.clone());
            notes.note(Event::Upload(upload)).map_err(|_| "the run ends".to_owned())
        };
        let done = place(platform, &self.places.stores, &located, &placed, upload).await;
        let done = done.map_err(|error| of_placed(&output, error))?;
        Ok(Done {
            output: claimed.spec.output.clone(),
            etag: done.output.etag,
            sha256: done.digest.sha256,
            bytes: done.digest.bytes,
            receipt_sha256: done.receipt_sha256,
            ..asked.done(&done.summary)
        })
    }

    /// When the original is to be deleted, if that is allowed and the copy will be able to stand for it.
    fn deletion(
        &self,
        organisation: &Organisation,
        claimed: &Claimed,
    ) -> Result<Option<std::time::SystemTime>, Failure> {
        let Input::Genesys { delete: Some(date), .. } = &claimed.spec.input else {
            return Ok(None);
        };
        let refused = |why: &str| failed(FailureKind::Refused, why);
        if !organisation.may_delete {
            return Err(refused("its original is to be deleted; add --yes if that is meant"));
        }
        let treatment = self.places.policy.treatment_of(claimed.spec.treatment.as_deref());
        let treatment = treatment.map_err(|why| failed(FailureKind::Windows, why))?;
        if treatment.is_recoverable() {
            return Err(refused(
                "its original is to be deleted, and an attenuated copy keeps speech recoverable; give --silence or --tone",
            ));
        }
        let at = deletion_date(date).ok_or_else(|| {
            refused("its date of deletion is no date; write one such as 2030-12-31, which is 0:00 UTC, or 2030-12-31T18:00:00Z")
        })?;
        Ok(Some(at))
    }

    /// The windows; `None` if a transcript was searched, nothing was found, and such recordings are left out.
    async fn asked<'a>(&self, claimed: &'a Claimed) -> Result<Option<Asked<'a>>, Failure> {
        let Input::Genesys { conversation, recording, .. } = &claimed.spec.input else {
            return Err(failed(FailureKind::Other, "this job is not for Genesys Cloud"));
        };
        let request = self.places.request(claimed).await?;
        let windows = request.windows();
        let windows = windows.map_err(|error| failed(FailureKind::Windows, error.to_string()))?;
        let if_none = windows.is_empty().then(|| self.places.policy.if_none());
        match if_none {
            Some(IfNone::Fail) => Err(nothing_found()),
            Some(IfNone::Skip) => Ok(None),
            Some(IfNone::Copy) | None => {
                Ok(Some(Asked { claimed, conversation, recording, windows, request, if_none }))
            }
        }
    }

    fn job(&self, asked: &Asked<'_>) -> Result<Job, Failure> {
        let treatment = self.places.policy.treatment_of(asked.claimed.spec.treatment.as_deref());
        let treatment = treatment.map_err(|why| failed(FailureKind::Windows, why))?;
        Ok(Job {
            options: self.places.policy.decode_options(self.places.options),
            evidence: EvidenceOptions { receipt: true, ..EvidenceOptions::default() },
            ..Job::new(asked.recording, asked.windows.clone(), treatment)
        })
    }

    /// Adds to a receipt what the redaction does not know.
    fn complete(&self, asked: &Asked<'_>) -> Arc<dyn Fn(Receipt) -> Receipt + Send + Sync> {
        let (source, policy) = (asked.request.entry(), self.places.policy.entry());
        let id = asked.claimed.id.clone();
        Arc::new(move |mut receipt| {
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
        })
    }
}

/// The message of a panic may hold anything, so it is not shown.
const PANIC: &str = "sordino itself failed while it created the new recording; please report that";

/// A recording that was fetched and redacted, but not delivered.
struct Fetched<'a> {
    asked: Asked<'a>,
    job: Job,
    prepared: job::Prepared,
}

impl Asked<'_> {
    /// What is known of a job before it is known where its output is.
    fn done(&self, summary: &crate::redact::Summary) -> Done {
        Done {
            receipt: self.claimed.spec.receipt.clone(),
            frames: summary.frames,
            rate: summary.stream_info.rate,
            redacted_frames: summary.frames_treated,
            windows: self.windows.len() as u64,
            if_none: self.if_none.map(|if_none| if_none.name().to_owned()),
            ..Done::default()
        }
    }
}
