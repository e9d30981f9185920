//! Signatures in OpenSSH's format: who vouches for a receipt.
//!
//! In: bytes and a key, a file or one that ssh-agent holds. Out: an armored `SSH SIGNATURE` over SHA-512,
//! which `ssh-keygen -Y verify` checks as well. The other way: bytes, a signature and an `allowed_signers`
//! file in; whose signature it is out. Errors: [`SignError`], [`SignersError`], [`SignatureError`].
//!
//! Keys are Ed25519 or ECDSA P-256. Private keys and passphrases are overwritten in memory when they are
//! dropped, and no message shows them.

mod agent;
mod allowed;
mod error;
mod key;
mod pattern;
mod public;
mod secret_file;
mod timestamp;
mod verify;

pub use allowed::{AllowedSigners, SignersError};
pub use error::SignError;
pub use key::Signer;
pub use secret_file::Passphrase;
pub use verify::{SignatureError, Verified, verify};

/// The namespace of the signatures of receipts. A signature counts in its namespace only.
pub const RECEIPT_NAMESPACE: &str = "sordino-receipt";

/// The namespace of the signatures of a chain's checkpoints.
pub const CHAIN_NAMESPACE: &str = "sordino-chain";

#[cfg(test)]
pub(crate) mod tests;
