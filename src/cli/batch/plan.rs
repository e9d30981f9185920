//! What a batch is to do: the manifest, the policy and the flags, checked before anything begins.

use std::num::NonZeroUsize;
use std::thread::available_parallelism;
use std::time::Duration;

use sordino::batch::{
    Counts, Input, Journal, JournalError, Key, Places, Planned, RunOptions, Spec, WindowsSpec,
};
use sordino::digest::Digest;
use sordino::store::{Place, StoreConfig, Stores};
use sordino::window::parse_flag;
use sordino::{DecodeOptions, Policy};
use tokio::runtime::Runtime;

use super::super::args::BatchRunArgs;
use super::super::exit::Failure;
use super::super::report::print;

/// The wait before a recording is tried again for the first time.
const WAIT: Duration = Duration::from_secs(2);

/// A batch, checked.
pub(super) struct Plan<'a> {
    args: &'a BatchRunArgs,
    /// The name of the journal.
    pub(super) journal: String,
    /// Under which the journal knows the jobs.
    name: String,
    policy: Policy,
    jobs: Vec<Planned>,
}

impl<'a> Plan<'a> {
    /// Reads and checks everything.
    pub(super) fn read(args: &'a BatchRunArgs) -> Result<Self, Failure> {
        let manifest = args.manifest.clone().unwrap_or_default();
        let policy = args.policy()?;
        let bytes = std::fs::read(&manifest)
            .map_err(|error| Failure::usage("reading the manifest", error))?;
        let mut reader = csv::Reader::from_reader(&bytes[..]);
        let headers = reader
            .headers()
            .map_err(|error| Failure::usage("reading the manifest", error))?
            .clone();
        let out: Place = args.out.clone().unwrap_or_default().parse().map_err(
            |error: sordino::store::PlaceError| Failure::usage("reading --out", error.to_string()),
        )?;
        let receipts: Option<Place> =
            args.receipts.as_ref().map(|it| it.parse()).transpose().map_err(
                |error: sordino::store::PlaceError| {
                    Failure::usage("reading --receipts", error.to_string())
                },
            )?;
        let mut jobs = Vec::new();
        for (at, row) in reader.records().enumerate() {
            let row = row.map_err(|error| Failure::usage("reading the manifest", error))?;
            let cell = |name: &str| {
                headers
                    .iter()
                    .position(|it| it == name)
                    .and_then(|at| row.get(at))
                    .map(str::to_owned)
                    .filter(|it| !it.is_empty())
            };
            let windows = cell("windows").unwrap_or_default();
            let flags: Vec<String> = windows.split_whitespace().map(str::to_owned).collect();
            let windows = if flags.iter().all(|flag| parse_flag(flag).is_ok()) {
                WindowsSpec::Inline(flags)
            } else {
                WindowsSpec::Place(windows)
            };
            let below = cell("out").unwrap_or_default();
            let spec = Spec {
                input: Input::Place { place: cell("in").unwrap_or_default(), version: None },
                windows,
                treatment: cell("treatment"),
                output: out.join(&below).to_string(),
                receipt: receipts
                    .as_ref()
                    .map(|receipts| receipts.join(&format!("{below}.receipt.json")).to_string()),
                policy: policy.sha256(),
            };
            jobs.push(Planned {
                key: Key::of(&spec),
                line: Some(at as u64 + 2),
                id: cell("id"),
                spec,
            });
        }
        let journal = args.journal.clone().unwrap_or_else(|| format!("{manifest}.journal"));
        Ok(Self { args, journal, name: Digest::of(&bytes).sha256, policy, jobs })
    }

    /// Shows what would be done.
    pub(super) fn show(&self, _json: bool) -> Result<(), Failure> {
        print(&format!("{} jobs", self.jobs.len()))
    }

    /// Writes the jobs into the journal.
    pub(super) fn write(&self, journal: &mut dyn Journal) -> Result<Counts, Failure> {
        let mut jobs = self.jobs.iter().cloned().map(Ok);
        let counts = journal.plan(&self.name, &mut jobs).map_err(wrong)?;
        if !self.args.pace.retry_failed {
            return Ok(counts);
        }
        journal.retry_failed(&self.name).map_err(wrong)?;
        journal.counts(Some(&self.name)).map_err(wrong)
    }

    pub(super) fn options(&self) -> RunOptions {
        let pace = &self.args.pace;
        let (manifest, retries, halt) = (self.name.clone(), pace.retries, pace.halt);
        RunOptions { manifest, jobs: self.jobs_at_once(), retries, wait: WAIT, halt }
    }

    fn jobs_at_once(&self) -> usize {
        self.args.pace.jobs.map_or_else(cores, usize::from)
    }

    /// What does the jobs.
    pub(super) fn work(&self, runtime: &Runtime) -> Places {
        let threads = NonZeroUsize::new(cores() / self.jobs_at_once()).or(NonZeroUsize::new(1));
        Places {
            stores: Stores::new(StoreConfig::from_env()),
            policy: self.policy.clone(),
            options: DecodeOptions { threads, ..DecodeOptions::default() },
            overwrite: self.args.force,
            runtime: runtime.handle().clone(),
        }
    }
}

fn cores() -> usize {
    available_parallelism().map_or(1, NonZeroUsize::get)
}

/// An error of the journal before anything began.
fn wrong(error: JournalError) -> Failure {
    match error {
        JournalError::Storage { .. } => Failure::failed("planning the batch", error),
        _ => Failure::usage("planning the batch", error),
    }
}
