//! What can go wrong before and while something is signed.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// Why something cannot be signed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SignError {
    /// The file cannot be read.
    #[error("{path} cannot be read")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Others may read the file.
    #[error("others may read {0}, so it is not used; make it yours alone: chmod 600 {0}")]
    Readable(PathBuf),
    /// The file holds something else.
    #[error("{path} is no key in OpenSSH's format: {reason}")]
    NotAKey {
        /// The file.
        path: PathBuf,
        /// What to do.
        reason: &'static str,
    },
    /// The key is of a kind that is not supported.
    #[error(
        "{path} is a key of the kind {kind}; receipts are signed with ssh-ed25519 or ecdsa-sha2-nistp256: ssh-keygen -t ed25519"
    )]
    Kind {
        /// The file.
        path: PathBuf,
        /// What OpenSSH calls it.
        kind: String,
    },
    /// The passphrase is wrong.
    #[error("the passphrase does not open the key {0}")]
    Passphrase(PathBuf),
    /// ssh-agent does not sign.
    #[error("ssh-agent: {0}")]
    Agent(String),
    /// What was signed does not fit the key.
    #[error(
        "the signature does not fit the key {0}; the key file is damaged, or the agent is faulty"
    )]
    Faulty(String),
}
