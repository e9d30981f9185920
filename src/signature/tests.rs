//! Signatures against each other; `tests/it/sign.rs` holds them against ssh-keygen.

use std::fs;
use std::time::{Duration, SystemTime};

use proptest::prelude::*;
use ssh_key::private::Ed25519Keypair;
use ssh_key::{LineEnding, PrivateKey};

use super::*;

fn key(seed: u8) -> PrivateKey {
    PrivateKey::from(Ed25519Keypair::from_seed(&[seed; 32]))
}

/// Somebody who signs.
pub(crate) fn signer(seed: u8) -> Signer {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    key(seed).write_openssh_file(&path, LineEnding::LF).unwrap();
    Signer::open::<SignError>(&path, || panic!("it is not encrypted")).unwrap()
}

/// A line of a list of signers.
pub(crate) fn line(principals: &str, options: &str, seed: u8) -> String {
    let public = key(seed).public_key().to_openssh().unwrap();
    format!("{principals} {options}{}{public} comment\n", if options.is_empty() { "" } else { " " })
}

fn now() -> SystemTime {
    humantime::parse_rfc3339("2026-11-25T12:00:00Z").unwrap()
}

fn check(signers: &str, identity: Option<&str>) -> Result<Verified, SignatureError> {
    let signature = signer(1).sign(RECEIPT_NAMESPACE, b"receipt").unwrap();
    let signers = AllowedSigners::parse(signers).unwrap();
    verify(RECEIPT_NAMESPACE, b"receipt", &signature, &signers, identity, now())
}

fn reason(signers: &str, identity: Option<&str>) -> String {
    match check(signers, identity) {
        Err(SignatureError::NotAllowed { reason, .. }) => reason,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_line_of_the_key_names_the_principal() {
    let both = line("bob@example.com", "", 2) + &line("a@example.com,pci@*", "", 1);
    let found = check(&both, None).unwrap();
    assert_eq!(found.principal, "a@example.com,pci@*");
    assert_eq!(found.key, signer(1).key());
    assert!(found.key.starts_with("SHA256:"));
    assert_eq!(check(&both, Some("pci@example.com")).unwrap().principal, "pci@example.com");
    assert!(reason(&both, Some("bob@example.com")).contains("a@example.com"));
    assert!(reason(&line("bob@example.com", "", 2), None).contains("no line"));
    // Another line with the same key may allow what the first one does not.
    let twice = line("a@example.com", "namespaces=\"file\"", 1) + &line("b@example.com", "", 1);
    assert_eq!(check(&twice, None).unwrap().principal, "b@example.com");
    assert_eq!(check(&line("\"a b,c d\"", "", 1), Some("c d")).unwrap().principal, "c d");
}

#[test]
fn options_limit_namespace_and_time() {
    let allows = |options: &str| check(&line("a", options, 1), None).is_ok();
    assert!(allows("namespaces=\"sordino-receipt\"") && allows("NAMESPACES=\"file,sordino-*\""));
    assert!(!allows("namespaces=\"file\"") && !allows("namespaces=\"*,!sordino-receipt\""));
    assert!(allows("valid-after=\"20261125Z\",valid-before=\"20261126Z\""));
    assert!(allows("valid-before=\"202611251200Z\"") && allows("valid-after=\"202611251200Z\""));
    assert!(
        !allows("valid-before=\"20261125115959Z\"") && !allows("valid-after=\"20261125120001Z\"")
    );
    assert!(allows("valid-before=\"20261127\"") && !allows("valid-before=\"20261126\""));
    assert!(reason(&line("a", "valid-before=\"20261126\"", 1), None).contains("with a Z"));
}

#[test]
fn a_line_that_cannot_be_read_is_an_error_with_its_number() {
    let public = key(1).public_key().to_openssh().unwrap();
    for (text, part) in [
        ("alice".to_owned(), "no key"),
        ("alice ssh-ed25519 AAAA".to_owned(), "cannot be read"),
        (format!("alice cert-authority {public}"), "certificates are not supported"),
        (format!("alice namespaces=\"a\",Cert-Authority {public}"), "certificates"),
        (format!("alice namespaces=file {public}"), "write namespaces=\"VALUE\""),
        (format!("alice namespaces=\"a\",namespaces=\"b\" {public}"), "twice"),
        (format!("alice valid-after=\"soon\" {public}"), "20261125Z"),
        (format!("alice valid-after=\"20261126Z\",valid-before=\"20261125Z\" {public}"), "before"),
        (format!("alice no-touch-required {public}"), "not known"),
        (format!("\"alice {public}"), "not closed"),
        ("alice namespaces=\"a\"".to_owned(), "missing"),
    ] {
        let error = AllowedSigners::parse(&format!("# comment\n\n{text}\n")).unwrap_err();
        assert_eq!(error.line, 3, "{text}");
        assert!(error.reason.contains(part), "{text}: {error}");
    }
    assert!(AllowedSigners::parse("").is_ok());
}

#[test]
fn a_signature_counts_in_its_namespace_only() {
    let signature = signer(1).sign(CHAIN_NAMESPACE, b"receipt").unwrap();
    let signers = AllowedSigners::parse(&line("a", "", 1)).unwrap();
    let found = verify(RECEIPT_NAMESPACE, b"receipt", &signature, &signers, None, now());
    assert_eq!(found, Err(SignatureError::Namespace(CHAIN_NAMESPACE.into())));
}

#[test]
fn an_encrypted_key_needs_its_passphrase() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    let kdf = ssh_key::Kdf::Bcrypt { salt: vec![5; 16], rounds: 1 };
    let encrypted =
        key(1).encrypt_with(ssh_key::Cipher::Aes256Ctr, kdf, 7, "secret words").unwrap();
    encrypted.write_openssh_file(&path, LineEnding::LF).unwrap();
    let open = |words: &str| {
        Signer::open::<SignError>(&path, || Ok(Passphrase::new(words.as_bytes().to_vec())))
    };
    assert_eq!(open("secret words").ok().unwrap().key(), signer(1).key());
    let error = open("secret word").err().unwrap();
    assert!(matches!(error, SignError::Passphrase(_)) && !error.to_string().contains("word"));
    let file = folder.path().join("passphrase");
    for (text, opens) in [
        ("secret words\n", true),
        ("secret words\r\n", true),
        ("secret words", true),
        ("secret words\n\n", false),
    ] {
        fs::write(&file, text).unwrap();
        restrict(&file, 0o600);
        let opened = Signer::open::<SignError>(&path, || Passphrase::from_file(&file));
        assert_eq!(opened.is_ok(), opens, "{text:?}");
    }
}

fn restrict(path: &std::path::Path, mode: u32) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }
    #[cfg(not(unix))]
    let _ = (path, mode);
}

#[cfg(unix)]
#[test]
fn a_secret_that_others_may_read_is_not_used() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    key(1).write_openssh_file(&path, LineEnding::LF).unwrap();
    for mode in 0..0o1000 {
        // Without the owner's own permission root may read, and others not.
        let mode = mode | 0o400;
        restrict(&path, mode);
        let opened = Signer::open::<SignError>(&path, || panic!("it is not encrypted"));
        assert_eq!(opened.is_ok(), mode & 0o077 == 0, "{mode:o}");
        let error = opened.err();
        assert!(error.is_none_or(|error| matches!(error, SignError::Readable(_))), "{mode:o}");
    }
}

#[test]
fn what_is_no_key_says_what_to_give() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    for (text, part) in [
        ("", "give a private key"),
        ("-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n", "ssh-keygen -p"),
        (
            "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n",
            "damaged",
        ),
        ("ssh-ed25519 AAAA", "cannot be read"),
    ] {
        fs::write(&path, text).unwrap();
        restrict(&path, 0o600);
        let error = Signer::open::<SignError>(&path, || panic!("it is no key")).err().unwrap();
        assert!(error.to_string().contains(part), "{text}: {error}");
    }
}

/// Every bit of a signature, and of what was signed.
#[test]
fn no_bit_can_be_changed() {
    let signature = signer(1).sign(RECEIPT_NAMESPACE, b"receipt").unwrap();
    let signers = AllowedSigners::parse(&line("a", "", 1)).unwrap();
    let is_good = |bytes: &[u8], signature: &str| {
        verify(RECEIPT_NAMESPACE, bytes, signature, &signers, None, now()).is_ok()
    };
    assert!(is_good(b"receipt", &signature));
    for bit in 0..7 * 8 {
        let mut bytes = *b"receipt";
        bytes[bit / 8] ^= 1 << (bit % 8);
        assert!(!is_good(&bytes, &signature), "{bit}");
    }
    for bit in 0..signature.trim_end().len() * 8 {
        let mut bytes = signature.clone().into_bytes();
        bytes[bit / 8] ^= 1 << (bit % 8);
        let Ok(changed) = String::from_utf8(bytes) else { continue };
        assert!(!is_good(b"receipt", &changed), "{bit}: {changed}");
    }
}

proptest! {
    /// No text makes it panic, and none that is not a signature is one.
    #[test]
    fn no_text_is_a_signature_by_chance(text in ".{0,200}", list in "[a-z\" =,#\\n*!-]{0,200}") {
        let signers = AllowedSigners::parse(&list);
        let signers = signers.unwrap_or(AllowedSigners::parse("").unwrap());
        let late = now() + Duration::from_secs(1);
        prop_assert!(verify(RECEIPT_NAMESPACE, b"", &text, &signers, None, late).is_err());
    }
}
