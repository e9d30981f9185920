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
use std::sync::Mutex;
use std::time::Instant;

use futures_util::FutureExt as _;

use super::journal::Claimed;
use super::model::{Api, Done, Event, FailureKind, Input, Upload};
use super::places::failure::{chain, failed, of_store};
use super::places::{Places, cancelled, left_out, parsed};
use super::run::{Cancel, Failure, Notes, Work};
use crate::genesys::platform::MediaFormat;
use crate::genesys::{Completed, Genesys, Platform};
use crate::job::platform::{Marked, PlacedJob, marked, place};
use crate::job::stored::{Committed, commit};
use crate::job::{self, Job, JobError};
use crate::lock::lock;
use crate::store::{self, PutOptions};

mod asked;
mod failure;

use asked::{Asked, Ids, is_from_genesys};
use failure::{of_genesys, of_job, of_marked, of_placed, unknown};

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
#[derive(Clone)]
pub struct Rows {
    /// For jobs between places; and the stores and the policy of all.
    pub places: Places,
    /// For the others. A manifest without such jobs needs none.
    pub genesys: Option<Organisation>,
}

impl Work for Rows {
    fn abort_upload(&self, upload: &Upload) -> bool {
        self.places.abort_upload(upload)
    }

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
            job::deliver(&organisation.recordings, &prepared.redacted, asked.ids.conversation);
        // A panic would count as a failure, and be tried again.
        let Ok(delivered) = AssertUnwindSafe(delivery).catch_unwind().await else {
            return Err(unknown(PANIC.into()));
        };
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
        self.check_receipt(claimed).await?;
        let request = self.places.request(claimed).await?;
        let Some(asked) = self.asked(claimed, request)? else { return Ok(None) };
        let job = self.job(&asked)?;
        let prepared = job::prepare(&organisation.recordings, &job).await.map_err(of_job)?;
        Ok(Some(Fetched { asked, job, prepared }))
    }

    /// A receipt that is there says that the new recording was created before, whatever this journal knows.
    async fn check_receipt(&self, claimed: &Claimed) -> Result<(), Failure> {
        let Some(place) = &claimed.spec.receipt else { return Ok(()) };
        let place = parsed(place)?;
        match self.places.stores.head(&place).await {
            Err(store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(of_store(&place, error)),
            Ok(_) => {
                let message = format!(
                    "its receipt is at {place} already, so a new recording was created before; read there which one"
                );
                Err(failed(FailureKind::Exists, message))
            }
        }
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
        let receipt = prepared.receipt(job, Some((completed, asked.ids.conversation)));
        let receipt = self.complete(asked)(receipt.ok_or("there is none")?);
        let options =
            PutOptions { job: Some(asked.claimed.key.0.clone()), ..PutOptions::default() };
        let committed = commit(&self.places.stores, &place, receipt, options).await;
        let Committed { receipt, sha256, place } = committed.map_err(|error| chain(&error))?;
        match self.places.sign(asked.claimed, &place, &place, &receipt, &sha256).await {
            Err(Failure::Failed { failed, .. } | Failure::Paused { failed, .. }) => {
                Err(failed.message)
            }
            Err(Failure::Interrupted) => Err("it is not signed".into()),
            Ok(()) => Ok(Some(sha256)),
        }
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
        let receipt = claimed.spec.receipt.as_deref().map(parsed).transpose()?;
        let (platform, format) = (&organisation.platform, organisation.format);
        let Ids { conversation, recording } = Ids::of(claimed)?;
        let located = platform.locate(conversation, recording, format).await.map_err(of_genesys)?;
        let (request, fit) = if is_from_genesys(&claimed.spec.windows) {
            let found = marked(platform, &located, &self.places.policy, Vec::new()).await;
            let Marked { request, fit } = found.map_err(of_marked)?;
            (request, Some(fit))
        } else {
            (self.places.request(claimed).await?, None)
        };
        let Some(asked) = self.asked(claimed, request)? else { return Ok(left_out()) };
        let placed = PlacedJob {
            job: self.job(&asked)?,
            output: output.clone(),
            receipt,
            key: Some(claimed.key.0.clone()),
            overwrite: self.places.overwrite,
            complete: self.complete(&asked),
            annotate: organisation.annotate,
            delete,
            fit,
        };
        let upload = |id: &str| {
            let upload = Upload { place: claimed.spec.output.clone(), id: id.to_owned() };
            lock(opened).push(upload.clone());
            notes.note(Event::Upload(upload)).map_err(|_| "the run ends".to_owned())
        };
        let done = place(platform, &self.places.stores, &located, &placed, upload).await;
        let done = done.map_err(|error| of_placed(&output, error))?;
        if let Some(Committed { receipt, sha256, place }) = &done.receipt {
            self.places.sign(claimed, &output, place, receipt, sha256).await?;
        }
        let (receipt, receipt_sha256) =
            done.receipt.map(|done| (done.place.to_string(), done.sha256)).unzip();
        Ok(Done {
            output: claimed.spec.output.clone(),
            etag: done.output.etag,
            sha256: done.digest.sha256,
            bytes: done.digest.bytes,
            receipt,
            receipt_sha256,
            ..asked.done(&done.summary)
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
