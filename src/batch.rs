//! Batch: thousands of recordings. A manifest or a prefix in, a journal of what became of each out.
//!
//! The manifest becomes [`Planned`] jobs. The [`Journal`] holds the state of each, so that the same command
//! again does the rest. Workers claim jobs, do them, and commit what happened.

mod journal;
mod manifest;
mod model;
mod shard;

pub use journal::{Claimed, Counts, Entry, Filter, Journal, JournalError};
pub use manifest::{
    Checked, Jobs as ManifestJobs, Listed, Manifest, ManifestError, Paired, Pairing, PairingError,
    Planning, RowError, RowErrors,
};
pub use model::{
    Api, Done, Failed, FailureKind, Input, Key, Link, Note, Planned, Spec, State, Upload,
    WindowsSpec,
};
pub use shard::{Shard, ShardError};
