//! What is known of a public key.

use ssh_key::{Algorithm, EcdsaCurve, HashAlg, PublicKey};

/// Whether these are the bytes of a public key, as far as their beginning tells.
pub(super) fn is_public(bytes: &[u8]) -> bool {
    [&b"ssh-"[..], b"ecdsa-", b"sk-"]
        .iter()
        .any(|start| bytes.trim_ascii_start().starts_with(start))
}

/// The fingerprint, as ssh-keygen shows it: `SHA256:…`.
pub(super) fn fingerprint(key: &PublicKey) -> String {
    key.fingerprint(HashAlg::Sha256).to_string()
}

/// Whether receipts can be signed with such a key, and signatures of it checked.
pub(super) fn is_supported(algorithm: &Algorithm) -> bool {
    matches!(algorithm, Algorithm::Ed25519 | Algorithm::Ecdsa { curve: EcdsaCurve::NistP256 })
}
