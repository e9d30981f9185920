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

use std::path::Path;
use std::time::Duration;

use super::arrival::redact_arriving;
use super::{Job, JobError, step_entry};
use crate::decode::Source;
use crate::genesys::platform::{Located, Original, Passage};
use crate::genesys::{Download, Platform, StepRecord};
use crate::receipt::{Delivery, Receipt};
pub use crate::receipt::{OriginalEntry, OriginalState, TranscriptState};
use crate::redact::{Redacted, Summary};
#[cfg(feature = "store")]
use crate::store::{self, Place};
use crate::window::{Window, Windows};

mod after;
mod delivered;
mod export;
mod layout;
#[cfg(feature = "policy")]
mod marked;
#[cfg(all(feature = "policy", feature = "store"))]
mod stored;

pub use after::{Aftermath, Deletion, Fate, Wishes, finish};
pub use delivered::{Delivered, NotDelivered};
pub use export::METADATA_SUFFIX;
pub use layout::Layout;
use layout::{Group, groups};
#[cfg(feature = "policy")]
pub use marked::{Fit, Marked, MarkedError, marked};
#[cfg(all(feature = "policy", feature = "store"))]
pub use stored::{PlacedCopy, PlacedError, PlacedJob, place};

/// A recording that was fetched and redacted.
#[derive(Debug)]
pub struct Prepared {
    original: Original,
    copies: Vec<RedactedCopy>,
    passages: Vec<Passage>,
    steps: Vec<StepRecord>,
}

/// A redacted copy of a recording, or of some of its parts.
#[derive(Debug)]
pub struct RedactedCopy {
    /// The keys of the parts that it holds, in the order of its channels.
    pub keys: Vec<String>,
    /// The copy.
    pub redacted: Redacted,
}

impl RedactedCopy {
    /// How long its audio is, rounded up to the nanosecond.
    pub fn length(&self) -> Duration {
        length(self.redacted.summary())
    }
}

/// Downloads the parts of a recording and redacts them while they arrive. All parts are whole, or it is an
/// error. A broken download starts again from the beginning, as often as the client retries.
///
/// `job.recording_id` is not used: `located` says which recording it is.
///
/// # Errors
/// [`JobError::Genesys`], [`JobError::Redact`], [`JobError::Parts`].
///
/// ```
/// use sordino::genesys::platform::MediaFormat;
/// use sordino::genesys::{Config, Credentials, Platform};
/// use sordino::job::platform::{Layout, OriginalState, Wishes, finish, prepare};
/// use sordino::sandbox::{Conversation, ConversationRecording, Sandbox, SandboxOptions};
/// use sordino::{Job, Treatment, Window, Windows};
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// // A local stand-in. For a real organisation use `Region::named("mypurecloud.de")?.api_url()`.
/// let sandbox = Sandbox::new(SandboxOptions::default());
/// let call = ConversationRecording::new("call").file("S", std::fs::read("fixtures/call.wav")?);
/// sandbox.add_conversation(Conversation::new("conversation", [call]));
/// let base_url = sandbox.start(0).await?;
///
/// // Build it once; clones share token, pace and connections.
/// let credentials = Credentials::new("sandbox", "sandbox-secret");
/// let platform = Platform::new(Config::platform(&base_url, credentials)?)?;
///
/// let located = platform.locate("conversation", "call", MediaFormat::Wav).await?;
/// let windows = Windows::new([Window::from_seconds(10.0, 15.0)?])?;
/// let job = Job::new("call", windows, Treatment::silence());
/// let prepared = prepare(&platform, &located, &job, Layout::Joined).await?;
///
/// // There is no way to put it back: the copy stays here, the original there.
/// let folder = tempfile::tempdir()?;
/// prepared.copies()[0].redacted.persist_copy(&folder.path().join("call.wav"), false)?;
/// let wishes = Wishes { annotate: true, ..Wishes::default() };
/// let after = finish(&platform, &prepared, wishes).await;
/// assert!(after.failed.is_none());
/// assert_eq!(after.original.state, OriginalState::Kept);
/// # Ok(())
/// # }
/// ```
pub async fn prepare(
    platform: &Platform,
    located: &Located,
    job: &Job,
    layout: Layout,
) -> Result<Prepared, JobError> {
    let keys: Vec<String> = located.keys().map(str::to_owned).collect();
    let groups = groups(&keys, &job.windows, layout);
    let groups = groups.map_err(|reason| JobError::Parts { reason })?;
    let (mut copies, mut steps) = (Vec::new(), vec![located.record().clone()]);
    for Group { keys, windows } in groups {
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
        let named = keys.to_vec();
        let open = |downloads: Vec<Download>| {
            Source::join(named.into_iter().zip(downloads.into_iter().map(Source::stream)))
        };
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
    let length = copies.iter().map(RedactedCopy::length).max();
    let length = length.unwrap_or_default();
    let passage = |window: &Window| Passage {
        start: window.start(),
        end: window.end().min(length),
        label: window.label().map(str::to_owned),
    };
    let mut passages: Vec<Passage> = Vec::new();
    for passage in windows.for_length(length).iter().map(passage) {
        // One for all channels.
        if !passages.contains(&passage) {
            passages.push(passage);
        }
    }
    passages.sort_by_key(|passage| passage.start);
    passages
}

/// The length of a recording by its own clock, rounded up.
fn length(summary: &Summary) -> Duration {
    let (frames, rate) = (summary.timeline().end(), u64::from(summary.stream_info.rate.max(1)));
    let nanos = (frames % rate * 1_000_000_000).div_ceil(rate);
    Duration::from_secs(frames / rate).saturating_add(Duration::from_nanos(nanos))
}

impl Prepared {
    /// The original, which is unchanged.
    pub fn original(&self) -> &Original {
        &self.original
    }

    /// The redacted copies: one, or with [`Layout::Split`] one for each key.
    pub fn copies(&self) -> &[RedactedCopy] {
        &self.copies
    }

    /// The muted passages, for annotations.
    pub fn passages(&self) -> &[Passage] {
        &self.passages
    }

    /// Records of locate and fetch, and those that were [added](Prepared::add_steps).
    pub fn steps(&self) -> &[StepRecord] {
        &self.steps
    }

    /// Adds records of other steps that were made for this recording, such as those of its transcript, each
    /// at its time.
    pub fn add_steps(&mut self, records: impl IntoIterator<Item = StepRecord>) {
        self.steps.extend(records);
        self.steps.sort_by_key(|record| record.began);
    }

    /// Reads the copies back from the files at `paths`, one for each of [`Prepared::copies`] in order, and
    /// makes them durable. Blocks.
    ///
    /// # Errors
    /// [`NotDelivered`] when a file is not exactly the copy, or the copy cannot stand for the original.
    pub fn delivered(&self, paths: &[&Path]) -> Result<Delivered, NotDelivered> {
        Delivered::read_back(self, paths)
    }

    /// Reads the copies back from a store: one download of each of [`Prepared::copies`], in order, and the
    /// place that it is from. Blocks.
    ///
    /// # Errors
    /// As [`Prepared::delivered`].
    #[cfg(feature = "store")]
    pub fn delivered_to_store(
        &self,
        downloads: Vec<(Place, store::Download)>,
    ) -> Result<Delivered, NotDelivered> {
        Delivered::of_downloads(self, downloads)
    }

    /// The receipt of one of the copies, if the job's [`EvidenceOptions`](crate::EvidenceOptions) ask for it.
    /// Its kind of delivery is a file; the caller changes that for another place.
    pub fn receipt(&self, copy: &RedactedCopy, after: Option<&Aftermath>) -> Option<Receipt> {
        let last = after.iter().flat_map(|after| &after.steps);
        let delivery = Delivery {
            recording_id: Some(self.original.recording_id().to_owned()),
            conversation_id: Some(self.original.conversation_id().to_owned()),
            original: after.map(|after| after.original.entry()),
            steps: self.steps.iter().chain(last).map(step_entry).collect(),
            ..Delivery::default()
        };
        Some(Receipt { delivery: Some(delivery), ..Receipt::of(&copy.redacted)? })
    }
}
