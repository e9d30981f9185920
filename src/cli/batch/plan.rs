//! What a batch is to do: the manifest, the policy and the flags, checked before anything begins.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sordino::Policy;
use sordino::batch::{
    Api, Checked, Counts, Journal, JournalError, Manifest, Places, Planning, Rows, RunOptions,
    Shard,
};
use sordino::digest::Digest;
use sordino::signature::Signer;
use sordino::store::{Place, Stores};
use tokio::runtime::Runtime;

use super::super::args::{self as cli, BatchRunArgs};
use super::super::exit::Failure;
use super::super::many::{below, decode_options, erases, jobs_at_once, parsed};
use super::super::remote::end_uploads;
use super::jobs::{self, Jobs};
use super::organisation::organisation;

/// The wait before a recording is tried again for the first time.
const WAIT: Duration = Duration::from_secs(2);

/// The largest manifest that is read from a store, in bytes.
const LONGEST_MANIFEST: u64 = 256 * 1024 * 1024;

/// A batch, checked.
pub(super) struct Plan<'a> {
    args: &'a BatchRunArgs,
    /// The name of the journal.
    pub(super) journal: String,
    /// Under which the journal knows the jobs.
    pub(super) name: String,
    policy: Policy,
    pub(super) planning: Planning,
    origin: Origin,
    shard: Option<Shard>,
    pub(super) stores: Stores,
    /// Who vouches for the receipts.
    pub(super) signer: Option<Arc<Signer>>,
    pub(super) runtime: Runtime,
    jobs_at_once: usize,
}

/// Where jobs come from.
pub(super) enum Origin {
    Manifest(Manifest, Checked),
    Prefix { place: Place, suffix: String },
}

impl<'a> Plan<'a> {
    /// Reads and checks everything that can be known before the first recording.
    pub(super) fn read(args: &'a BatchRunArgs, runtime: Runtime) -> Result<Self, Failure> {
        let policy = args.how.policy()?;
        let signer = args.sign.signer()?;
        if signer.is_some() && args.receipts.is_none() {
            let why = "there are no receipts to sign; say with --receipts where they go";
            return Err(Failure::usage("reading --sign", why));
        }
        let (stores, jobs_at_once) =
            (Stores::new(args.store.config()), jobs_at_once(&args.pace.share)?);
        let planning = Planning {
            out: args.out.as_deref().map(|text| below("--out", text, &stores)).transpose()?,
            receipts: args
                .receipts
                .as_deref()
                .map(|text| below("--receipts", text, &stores))
                .transpose()?,
            policy: policy.sha256(),
            api: match args.genesys.api {
                cli::Api::Recordings => Api::Recordings,
                cli::Api::Platform => Api::Platform,
            },
            encoding: policy.settings().encoding,
            erases: erases(&policy),
        };
        let name = args.manifest.as_deref().unwrap_or_default();
        let journal = journal(args, name)?;
        let origin = match &args.windows_suffix {
            Some(suffix) => {
                let place = parsed("the prefix", name)?;
                stores
                    .check(&place)
                    .map_err(|error| Failure::usage("reading the prefix", error))?;
                Origin::Prefix { place, suffix: suffix.clone() }
            }
            None => {
                let manifest = manifest(name, &stores, &runtime)?;
                let checked = manifest.check(&planning);
                let checked =
                    checked.map_err(|error| Failure::usage("reading the manifest", error))?;
                Origin::Manifest(manifest, checked)
            }
        };
        let shard = args.pace.shard;
        let name = known_as(name, &origin, shard, &journal);
        Ok(Self {
            args,
            journal,
            name,
            policy,
            planning,
            origin,
            shard,
            stores,
            signer,
            runtime,
            jobs_at_once,
        })
    }

    /// The jobs, one after the other.
    pub(super) fn jobs(&self) -> Result<Jobs<'_>, Failure> {
        let jobs = Jobs::open(&self.origin, &self.planning, &self.stores, &self.runtime)?;
        Ok(jobs.of_shard(self.shard))
    }

    /// Writes the jobs into the journal, and says where all of them stand.
    pub(super) fn write(&self, journal: &mut dyn Journal) -> Result<Counts, Failure> {
        let mut jobs = self.jobs()?;
        let counts = journal.plan(&self.name, &mut jobs).map_err(wrong)?;
        jobs.tell();
        if !self.args.pace.retry_failed {
            return Ok(counts);
        }
        journal.retry_failed(&self.name).map_err(wrong)?;
        journal.counts(Some(&self.name)).map_err(wrong)
    }

    pub(super) fn options(&self) -> RunOptions {
        let (manifest, jobs) = (self.name.clone(), self.jobs_at_once);
        let (retries, halt) = (self.args.pace.retries, self.args.pace.halt);
        RunOptions { manifest, jobs, retries, wait: WAIT, halt }
    }

    /// What does the jobs. All decoders together have a thread for each core.
    pub(super) fn work(&self) -> Result<Rows, Failure> {
        let genesys = match &self.origin {
            Origin::Manifest(_, checked) => organisation(&self.args.genesys, checked)?,
            Origin::Prefix { .. } => organisation(&self.args.genesys, &Checked::default())?,
        };
        let options = decode_options(&self.args.pace.share, self.jobs_at_once);
        let places = Places {
            stores: self.stores.clone(),
            policy: self.policy.clone(),
            options,
            overwrite: self.args.force,
            signer: self.signer.clone(),
            runtime: self.runtime.handle().clone(),
        };
        Ok(Rows { places, genesys })
    }

    /// Ends the uploads that an interrupted job left open while it was begun.
    pub(super) fn end_uploads(&self) {
        self.runtime.block_on(end_uploads(&self.stores));
    }
}

/// The journal of `--journal`, or the one beside the manifest.
fn journal(args: &BatchRunArgs, manifest: &str) -> Result<String, Failure> {
    let is_file =
        args.windows_suffix.is_none() && parsed("the manifest", manifest)?.local().is_some();
    match &args.journal {
        Some(journal) => Ok(journal.clone()),
        None if is_file => Ok(format!("{manifest}.journal")),
        None => {
            let why = "only a manifest that is a file has one beside it; name it with --journal";
            Err(Failure::usage("choosing the journal", why))
        }
    }
}

/// Opens a manifest, wherever it is.
pub(crate) fn manifest(
    name: &str,
    stores: &Stores,
    runtime: &Runtime,
) -> Result<Manifest, Failure> {
    let reading = || format!("reading the manifest {name}");
    let place = parsed("the manifest", name)?;
    let is_folder = place.local().is_some_and(Path::is_dir) || name.ends_with('/');
    if is_folder {
        let why = "this is a folder; `sordino batch` takes one, with --windows-suffix, which says what the names of transcripts end in";
        return Err(Failure::usage(reading(), why));
    }
    let manifest = match place.local() {
        Some(path) => Manifest::open(path),
        None => {
            let bytes = runtime.block_on(stores.read(&place, LONGEST_MANIFEST));
            let bytes = bytes.map_err(|error| Failure::failed(reading(), error))?;
            Manifest::of_bytes(name, bytes.into())
        }
    };
    manifest.map_err(|error| Failure::usage("reading the manifest", error))
}

/// Under which name the journal knows the jobs: the same for the same manifest, also after a row was changed.
/// Machines that share a database may have it at different paths, so there its content says which it is.
fn known_as(name: &str, origin: &Origin, shard: Option<Shard>, journal: &str) -> String {
    let manifest = match origin {
        Origin::Prefix { place, suffix } => format!("prefix {place} {suffix}"),
        Origin::Manifest(_, checked) if journal.contains("://") => checked.sha256.clone(),
        Origin::Manifest(..) => match Path::new(name).canonicalize() {
            Ok(path) => format!("manifest {}", path.display()),
            Err(_) => format!("manifest {name}"),
        },
    };
    let shard = shard.map_or(String::new(), |shard| format!(" shard {shard}"));
    Digest::of(format!("{manifest}{shard}").as_bytes()).sha256
}

/// An error of the journal before anything began.
pub(super) fn wrong(error: JournalError) -> Failure {
    let doing = "planning the batch";
    match error {
        JournalError::Jobs(error) => jobs::failure(error),
        error @ (JournalError::Storage { .. }
        | JournalError::Refused { .. }
        | JournalError::NoDatabase { .. }) => Failure::failed(doing, error),
        error => Failure::usage(doing, error),
    }
}
