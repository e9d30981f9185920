//! The journal: the state of each job, kept so that nothing is lost and nothing done twice.

use thiserror::Error;

use super::model::{Done, Failed, Key, Link, Note, Planned, Spec, State, Upload};

/// A place where the states of jobs are kept. One connection; a process has one, behind one thread.
///
/// Each call is durable when it returns, except between [`Journal::begin`] and [`Journal::commit`].
pub trait Journal: Send {
    /// Begins a group of calls that become durable together, at [`Journal::commit`]: many jobs, one sync of
    /// the disk. In a group there is no [`Journal::plan`] and no [`Journal::each`].
    fn begin(&mut self) -> Result<(), JournalError> {
        Ok(())
    }

    /// Makes the group durable, all of it. After an error none of it has happened.
    fn commit(&mut self) -> Result<(), JournalError> {
        Ok(())
    }

    /// Adds jobs that are not known yet, as [`State::Planned`], and marks all of them as jobs of this
    /// manifest (`manifest`: SHA-256 of it, or of the prefix's name). All in one transaction: after an error
    /// nothing was added.
    ///
    /// # Errors
    /// [`JournalError::SameOutput`] if two jobs have one output, and those of the storage.
    fn plan(
        &mut self,
        manifest: &str,
        jobs: &mut dyn Iterator<Item = Planned>,
    ) -> Result<Counts, JournalError>;

    /// Claims the next job of the manifest: a planned one, one whose worker died, or, if `failed` is set,
    /// one that failed. It is [`State::Started`] then, with one attempt more. One found between
    /// [`Note::Granting`] and its end becomes [`State::Unknown`] instead.
    fn claim(&mut self, manifest: &str, failed: bool) -> Result<Option<Claimed>, JournalError>;

    /// Keeps the claims of this process from ending. Does nothing where no other can take them.
    fn renew(&mut self) -> Result<(), JournalError>;

    /// Writes down a step before it is done.
    fn note(&mut self, key: &Key, note: &Note) -> Result<(), JournalError>;

    /// The job is done; in the same transaction it gets its link of the chain. `false` if another worker
    /// had committed it before.
    fn done(&mut self, key: &Key, done: &Done) -> Result<bool, JournalError>;

    /// The job failed. `unknown`: something may have been created at Genesys.
    fn failed(&mut self, key: &Key, failed: &Failed, unknown: bool) -> Result<(), JournalError>;

    /// The job was not done, because the run ends; it is planned again.
    fn release(&mut self, key: &Key) -> Result<(), JournalError>;

    /// How many jobs are in which state: of one manifest, or of all.
    fn counts(&mut self, manifest: Option<&str>) -> Result<Counts, JournalError>;

    /// Calls `each` with every job that the filter lets through, in the order in which they were planned.
    fn each(
        &mut self,
        filter: Filter,
        each: &mut dyn FnMut(Entry) -> Result<(), JournalError>,
    ) -> Result<(), JournalError>;

    /// The links after this sequence number, at most `most`.
    fn links(&mut self, after: u64, most: usize) -> Result<Vec<Link>, JournalError>;
}

/// A job that this process is to do.
#[derive(Debug, Clone, PartialEq, Eq)]
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
    /// If it failed.
    pub failed: Option<Failed>,
}

/// Which jobs [`Journal::each`] shows.
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

/// Why a journal does not work.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum JournalError {
    /// Another process has it open.
    #[error(
        "another sordino works on the journal {0}; wait for it, or give another with --journal"
    )]
    Locked(String),
    /// The file is no journal, or one of another version.
    #[error("{path} is no journal of a batch: {reason}")]
    NotAJournal {
        /// The journal.
        path: String,
        /// Why.
        reason: String,
    },
    /// Two jobs have one output.
    #[error("{output} is the output of two recordings{}", in_lines(.lines))]
    SameOutput {
        /// The output.
        output: String,
        /// Their lines in the manifest.
        lines: [Option<u64>; 2],
    },
    /// The storage of the journal failed.
    #[error("the journal {path} cannot be {doing}: {reason}")]
    Storage {
        /// The journal.
        path: String,
        /// `read` or `written`.
        doing: &'static str,
        /// The error of the storage.
        reason: String,
    },
}

fn in_lines(lines: &[Option<u64>; 2]) -> String {
    match lines {
        [Some(one), Some(other)] => format!(" (lines {one} and {other})"),
        _ => String::new(),
    }
}
