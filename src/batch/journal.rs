//! The journal: the state of each job, kept so that nothing is lost and nothing done twice.

mod apply;
mod claim;
mod engine;
mod error;
mod open;
mod plan;
#[cfg(feature = "postgres")]
mod postgres;
mod read;
mod sql;
mod sqlite;
mod table;

use std::ops::ControlFlow;
use std::time::Duration;

pub use error::JournalError;
pub use open::{open_journal, open_journal_to_read};

/// What the queue in a database shares with the journal: connections that come back, and transactions that
/// are not run twice.
#[cfg(feature = "postgres")]
pub(crate) mod database {
    pub(crate) use super::engine::{Damage, Engine, Row, Sql, Value, Work};
    pub(crate) use super::postgres::Postgres;
}

use super::model::{Change, Done, Failed, Key, Link, Planned, Spec, State, Upload};

/// Jobs on their way into a journal. An error, such as that of a listing, ends the planning.
pub type Jobs<'a> =
    dyn Iterator<Item = Result<Planned, Box<dyn std::error::Error + Send + Sync>>> + 'a;

/// A place where the states of jobs are kept. One connection; a process has one, behind one thread.
///
/// Each call is one transaction: it is durable when it returns, and after an error nothing of it was done.
/// A transaction costs as much for hundreds of changes as for one, so collect them.
pub trait Journal: Send {
    /// Makes these the jobs of the manifest (`manifest`: SHA-256 of it, or of the prefix's name), and says
    /// in which states they are.
    ///
    /// A job that is not known yet is [`State::Planned`]. A known one stays as it is. If its output is that
    /// of a known job with another key (the windows, the policy or the recording changed), then:
    /// - if that one is done, the new one is planned beside it, and gets to know of it: [`Claimed::before`].
    /// - if it is not, the new one replaces it, and its uploads are aborted by whoever claims the new one.
    ///   If something may have been created at Genesys, the new one is [`State::Unknown`] as well.
    ///
    /// Jobs that the manifest had before and has no more are forgotten, unless they are done, unknown, or
    /// have open uploads. A job that another manifest had belongs to this one from now on: the other then
    /// counts fewer jobs than it planned.
    ///
    /// # Errors
    /// [`JournalError::SameOutput`] if two jobs have one output. [`JournalError::InWork`] if another process
    /// works on a job that would be replaced. [`JournalError::Jobs`], and those of the storage.
    fn plan(&mut self, manifest: &str, jobs: &mut Jobs<'_>) -> Result<Counts, JournalError>;

    /// Plans the failed jobs of the manifest once more; not the unknown ones. How many.
    fn retry_failed(&mut self, manifest: &str) -> Result<u64, JournalError>;

    /// Claims at most `most` jobs of the manifest, in the order in which they were planned: planned ones,
    /// and those whose worker died. They are [`State::Started`] then, with one attempt more. One that
    /// was [`Event::Granting`](super::Event::Granting) when its worker died becomes [`State::Unknown`]
    /// instead.
    ///
    /// None does not mean that all is done: other processes may still have some ([`Counts::started`]),
    /// and may die. Ask again after [`lease`](Self::lease).
    fn claim(&mut self, manifest: &str, most: usize) -> Result<Vec<Claimed>, JournalError>;

    /// Writes down what happened, and says for each change whether it counts.
    ///
    /// - [`Done`](super::Event::Done): the job gets its link of the chain in the same transaction. False if
    ///   it was done before, by whomever, or no manifest has it any more. It counts even if
    ///   the claim was lost, because the recording is in place.
    /// - [`Unknown`](super::Event::Unknown): false only if the job is done or gone.
    /// - [`Aborted`](super::Event::Aborted): false if no such upload is known. A job that no manifest has any
    ///   more is forgotten with its last upload.
    /// - All others: false if this process has lost its claim. Then nothing was written: stop, and do not
    ///   take the step that the change speaks of. A job released while it was granting is unknown.
    fn apply(&mut self, changes: &[Change]) -> Result<Vec<bool>, JournalError>;

    /// Uploads that nobody is going to end: those of jobs that failed, and of jobs that no manifest has any
    /// more, unless a live process works on them. Abort each, then apply
    /// [`Aborted`](super::Event::Aborted). Jobs without a manifest that have no uploads are forgotten here.
    ///
    /// A journal that takes no changes has none.
    fn orphans(&mut self) -> Result<Vec<(Key, Upload)>, JournalError> {
        Ok(Vec::new())
    }

    /// How long a claim lasts unless it is renewed: renew three times as often. None where it lasts as long
    /// as the process.
    fn lease(&self) -> Option<Duration>;

    /// Renews all claims of this process.
    fn renew(&mut self) -> Result<(), JournalError>;

    /// How many jobs are in which state: those of one manifest, or all but those that are done and belong
    /// to no manifest any more.
    fn counts(&mut self, manifest: Option<&str>) -> Result<Counts, JournalError>;

    /// Calls `each` with every job that the filter lets through, in the order in which they were planned.
    fn each(
        &mut self,
        filter: &Filter,
        each: &mut dyn FnMut(Entry) -> ControlFlow<()>,
    ) -> Result<(), JournalError>;

    /// The links after this sequence number, at most `most`.
    fn links(&mut self, after: u64, most: usize) -> Result<Vec<Link>, JournalError>;
}

/// A job that this process is to do.
#[derive(Debug, Clone, PartialEq)]
pub struct Claimed {
    /// Its key.
    pub key: Key,
    /// The line of the manifest.
    pub line: Option<u64>,
    /// What the manifest calls it.
    pub id: Option<String>,
    /// What to do.
    pub spec: Spec,
    /// From 1.
    pub attempt: u32,
    /// Uploads that an earlier attempt may have left open: abort them first.
    pub uploads: Vec<Upload>,
    /// What a job with another key has put where this one's output goes. Without `--force` this one must
    /// not replace it; at Genesys, it must not create another recording.
    pub before: Option<Done>,
    /// The trace that it belongs to, for the receipt: a `traceparent` of W3C. No journal keeps it.
    pub trace: Option<String>,
}

/// One job, for reports.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Its key.
    pub key: Key,
    /// The line of the manifest.
    pub line: Option<u64>,
    /// What the manifest calls it.
    pub id: Option<String>,
    /// What to do.
    pub spec: Spec,
    /// Where it stands.
    pub state: State,
    /// Attempts so far.
    pub attempt: u32,
    /// When the state was reached, in milliseconds since 1970.
    pub at: u64,
    /// If it is done.
    pub done: Option<Done>,
    /// If it failed, or is unknown.
    pub failed: Option<Failed>,
}

/// Which jobs [`Journal::each`] shows; by default as [`Journal::counts`] counts them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Only those of this manifest.
    pub manifest: Option<String>,
    /// Only those in this state.
    pub state: Option<State>,
}

/// How many jobs are in which state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Not begun.
    pub planned: u64,
    /// Begun, and not ended.
    pub started: u64,
    /// Done.
    pub done: u64,
    /// Failed, the unknown ones not among them.
    pub failed: u64,
    /// To be looked at by a person.
    pub unknown: u64,
}

impl Counts {
    /// All of them.
    pub fn total(&self) -> u64 {
        self.planned + self.started + self.done + self.failed + self.unknown
    }
}
