//! What can go wrong with a journal.

use thiserror::Error;

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
    #[error("{path} is no journal of a batch that this sordino can use: {reason}")]
    NotAJournal {
        /// The journal.
        path: String,
        /// Why, and what to do.
        reason: String,
    },
    /// What is stored contradicts itself.
    #[error(
        "the journal {path} is damaged: {reason}; take a copy of it, or begin another with --journal: what \
         is done is found by its receipts"
    )]
    Damaged {
        /// The journal.
        path: String,
        /// What is wrong.
        reason: String,
    },
    /// The name of the journal cannot be meant.
    #[error("the journal {name} cannot be used: {reason}")]
    Name {
        /// The journal; never with a password.
        name: String,
        /// Why, and what to do.
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
    /// A job was to be replaced while another process works on it.
    #[error(
        "another sordino is making {output} with other windows, another treatment or policy; wait for it"
    )]
    InWork {
        /// The output.
        output: String,
    },
    /// The jobs could not be listed to their end.
    #[error("the recordings cannot be listed")]
    Jobs(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The database refuses: who we are, or what we may do.
    #[error("the journal {path} cannot be used: {reason}")]
    Refused {
        /// The journal.
        path: String,
        /// What the database says, and what to do.
        reason: String,
    },
    /// The server has no such database, or the tables are there no more.
    #[error("the journal {path} cannot be used: {reason}")]
    NoDatabase {
        /// The journal.
        path: String,
        /// What the server says.
        reason: String,
    },
    /// The storage of the journal failed.
    #[error("the journal {path} cannot be {doing}: {reason}")]
    Storage {
        /// The journal.
        path: String,
        /// `opened`, `locked`, `read`, `written` or `used`.
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
