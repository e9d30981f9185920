//! Batch: thousands of recordings. A manifest or a prefix in, a journal of what became of each out.
//!
//! The manifest becomes [`Planned`] jobs. The [`Journal`] holds the state of each, so that the same command
//! again does the rest. Workers claim jobs, do them, and commit what happened.

pub mod chain;
mod genesys;
mod journal;
mod manifest;
mod model;
mod places;
mod run;
mod shard;

pub use genesys::{Organisation, Rows};
#[cfg(feature = "postgres")]
pub(crate) use journal::database;
pub use journal::{
    Claimed, Counts, Entry, Filter, Jobs, Journal, JournalError, open_journal, open_journal_to_read,
};
#[cfg(feature = "work")]
pub(crate) use manifest::is_below;
pub use manifest::{
    Checked, CheckedRows, Jobs as ManifestJobs, Listed, Manifest, ManifestError, ManifestRow,
    Paired, Pairing, PairingError, Planning, RowError, RowErrors,
};
pub use model::{
    Api, Change, Done, Event, Failed, FailureKind, Input, Key, Link, Planned, Spec, State, Upload,
    WindowsSpec,
};
pub use places::{Beside, Found, Places};
pub use run::{Cancel, Failure, Halt, HaltError, News, Notes, Ran, RunOptions, Work, run};
pub use shard::{Shard, ShardError};
