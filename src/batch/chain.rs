//! The chain: proof that no receipt of a batch was removed, changed, reordered or slipped in.
//!
//! The journal links each job that is done to the one before ([`Link`]). [`Publisher`] copies the links
//! beside the receipts, as lines of JSON, with signed [`Checkpoint`]s between them; [`verify()`] walks the copy
//! and the receipts. The receipts stay independent of each other and of the chain.
//!
//! A piece is at most as many links as lie between two checkpoints, and the checkpoint that covers them. In
//! a folder pieces are appended to `chain.jsonl`; an object cannot be appended to, so a bucket gets
//! `chain/00000001.jsonl` and so on, which are that file when they are joined. Where another journal's chain
//! lies already, the name is `chain-` and the beginning of the first link's hash.
//!
//! The chain alone cannot tell that its last pieces are gone. The journal can, and so can whoever has kept a
//! later checkpoint.

use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::journal::JournalError;
use super::model::Link;
use crate::signature::SignError;

mod background;
mod bucket;
mod folder;
mod publish;
mod report;
mod shelf;
mod state;
#[cfg(test)]
mod tests;
mod verify;

pub use background::Background;
pub use bucket::BucketShelf;
pub use folder::FolderShelf;
pub use publish::Publisher;
pub use report::{ChainReport, Finding, Present, Wrong};
pub use shelf::Shelf;
pub use verify::{Later, linked, verify};

/// What is before the first link.
const NO_HASH: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// How far the chain has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Checkpoint {
    /// The last link: so many there are.
    pub sequence: u64,
    /// Its hash, which covers all links before it.
    pub hash: String,
    /// When that was, as RFC 3339.
    pub at: String,
}

impl Checkpoint {
    fn of(sequence: u64, hash: &str, now: SystemTime) -> Self {
        let at = humantime::format_rfc3339_seconds(now).to_string();
        Self { sequence, hash: hash.to_owned(), at }
    }

    /// What is signed, in the namespace `sordino-chain`.
    pub fn signed_text(&self) -> String {
        let Self { sequence, hash, at } = self;
        format!("sordino-checkpoint-1\n{sequence}\n{hash}\n{at}\n")
    }
}

/// A checkpoint as it is published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct SignedCheckpoint {
    checkpoint: Checkpoint,
    /// An armored SSH signature; none if the batch had no key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    signature: Option<String>,
}

/// A line of a published chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
enum Line {
    Checkpoint(SignedCheckpoint),
    Link(Link),
}

impl Line {
    /// Reads a line without its end. Only what [`Line::write`] writes is one, so that nothing in it can be
    /// changed without a trace, not even a space.
    fn read(text: &str) -> Option<Self> {
        let line: Self = serde_json::from_str(text).ok()?;
        (line.write() == text).then_some(line)
    }

    fn write(&self) -> String {
        // Serialization fails only for maps whose keys are not strings, and there is no such map.
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// Why a chain cannot be published.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ChainError {
    /// The place cannot be read or written.
    #[error("the chain {name} cannot be {doing}: {reason}")]
    Place {
        /// Its name.
        name: String,
        /// `read` or `written`.
        doing: &'static str,
        /// Why.
        reason: String,
    },
    /// What was published says something else than the journal.
    #[error(
        "the chain {name} and the journal differ at link {sequence}; somebody has changed one of them: keep both, and look with sordino batch status --verify"
    )]
    Differs {
        /// Its name.
        name: String,
        /// The first link that differs.
        sequence: u64,
    },
    /// The journal has no link, and what was published links its jobs.
    #[error(
        "the chain {name} has recordings of this batch already, the first at link {sequence}, and this journal is new: give the journal of that run with --journal; if it is lost, give another place with --receipts, or move the chain away: its receipts stay, and this run makes a chain of them anew"
    )]
    NewJournal {
        /// Its name.
        name: String,
        /// The first link of a job that the journal has planned.
        sequence: u64,
    },
    /// The journal cannot be read.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The checkpoint cannot be signed.
    #[error("the checkpoint cannot be signed")]
    Sign(#[from] SignError),
}
