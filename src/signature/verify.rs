//! Whose signature it is.

use std::time::SystemTime;

use ssh_key::{LineEnding, PublicKey, SshSig};
use thiserror::Error;

use super::allowed::AllowedSigners;
use super::public::{fingerprint, is_supported};

/// A signature that counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// Whose it is: the identity that was asked for, or the principals of the line that has the key.
    pub principal: String,
    /// The fingerprint of the key: `SHA256:…`.
    pub key: String,
}

/// Why a signature does not count.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SignatureError {
    /// It is something else, or damaged.
    #[error("this is no signature in OpenSSH's format, or it is damaged")]
    NotASignature,
    /// The key is of a kind that is not supported.
    #[error(
        "it is of a key of the kind {kind}; only ssh-ed25519 and ecdsa-sha2-nistp256 are supported"
    )]
    Kind {
        /// What OpenSSH calls it.
        kind: String,
    },
    /// It was made for something else.
    #[error("it was made for the namespace {0}, not for this purpose")]
    Namespace(String),
    /// It does not fit the bytes.
    #[error("what was signed has changed since, or the signature is that of something else")]
    Changed {
        /// The fingerprint of the key that the signature names.
        key: String,
    },
    /// It fits, but the key is not allowed to sign this.
    #[error("it is a signature of the key {key}, which does not count: {reason}")]
    NotAllowed {
        /// The fingerprint of the key.
        key: String,
        /// Why.
        reason: String,
    },
}

impl SignatureError {
    /// The fingerprint of the key that the signature names, if it can be told.
    pub fn key(&self) -> Option<&str> {
        match self {
            Self::Changed { key } | Self::NotAllowed { key, .. } => Some(key),
            _ => None,
        }
    }
}

/// Checks that `signature` is one of `bytes` in this namespace, by a key that `signers` allow at the time
/// `now`; if `identity` is given, that of this principal.
///
/// # Errors
/// [`SignatureError`].
pub fn verify(
    namespace: &str,
    bytes: &[u8],
    signature: &str,
    signers: &AllowedSigners,
    identity: Option<&str>,
    now: SystemTime,
) -> Result<Verified, SignatureError> {
    let signature = parse(signature).ok_or(SignatureError::NotASignature)?;
    let public = PublicKey::from(signature.public_key().clone());
    let key = fingerprint(&public);
    if !is_supported(&public.algorithm()) {
        let kind = public.algorithm().as_str().to_owned();
        return Err(SignatureError::Kind { kind });
    }
    if signature.namespace() != namespace {
        let shown = signature.namespace().chars().filter(|c| !c.is_control()).take(80);
        return Err(SignatureError::Namespace(shown.collect()));
    }
    if public.verify(namespace, bytes, &signature).is_err() {
        return Err(SignatureError::Changed { key });
    }
    match signers.find(public.key_data(), namespace, identity, now) {
        Ok(principal) => Ok(Verified { principal, key }),
        Err(reason) => Err(SignatureError::NotAllowed { key, reason }),
    }
}

/// Reads an armored signature. One of which the parser overlooks a part, such as a wrong length of a field,
/// is none: it must be what is written again.
fn parse(text: &str) -> Option<SshSig> {
    let text = text.trim().replace("\r\n", "\n");
    let signature: SshSig = text.parse().ok()?;
    let again = signature.to_pem(LineEnding::LF).ok()?;
    (signature.version() == SshSig::VERSION && again.trim() == text).then_some(signature)
}
