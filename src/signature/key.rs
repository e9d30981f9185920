//! Keys that sign: a file with a private key, or a public one whose private half ssh-agent holds.

use std::path::Path;

use ssh_key::{HashAlg, LineEnding, PrivateKey, PublicKey, SshSig};

use super::agent::Agent;
use super::error::SignError;
use super::public::{fingerprint, is_public, is_supported};
use super::secret_file::{self, Passphrase};

/// Whoever signs: a private key, or a public one and ssh-agent. It has no `Debug`.
pub struct Signer {
    public: PublicKey,
    private: Private,
}

enum Private {
    Here(Box<PrivateKey>),
    InAgent(Agent),
}

impl Signer {
    /// The key in a file. If it is encrypted, `passphrase` is asked; if it is a public key, ssh-agent signs,
    /// and must hold the private one now.
    ///
    /// # Errors
    /// [`SignError`], and the error of `passphrase`.
    pub fn open<E: From<SignError>>(
        path: &Path,
        passphrase: impl FnOnce() -> Result<Passphrase, E>,
    ) -> Result<Self, E> {
        let bytes = secret_file::read(path)?;
        if is_public(&bytes) {
            return Ok(Self::in_agent(path, &bytes)?);
        }
        let key =
            PrivateKey::from_openssh(&bytes).map_err(|error| not_private(path, &bytes, error))?;
        check_kind(path, key.public_key())?;
        let key = if key.is_encrypted() {
            let passphrase = passphrase()?;
            // Whatever goes wrong: a wrong passphrase makes nonsense of the key.
            key.decrypt(passphrase.bytes()).map_err(|_| SignError::Passphrase(path.to_owned()))?
        } else {
            key
        };
        Ok(Self { public: key.public_key().clone(), private: Private::Here(Box::new(key)) })
    }

    fn in_agent(path: &Path, bytes: &[u8]) -> Result<Self, SignError> {
        let reason = "the line of its public key cannot be read";
        let wrong = || SignError::NotAKey { path: path.to_owned(), reason };
        let text = std::str::from_utf8(bytes).map_err(|_| wrong())?;
        let public = PublicKey::from_openssh(text.trim()).map_err(|_| wrong())?;
        check_kind(path, &public)?;
        let agent = Agent::from_environment()?;
        agent.check_holds(&public)?;
        Ok(Self { public, private: Private::InAgent(agent) })
    }

    /// The fingerprint of the key, as ssh-keygen shows it: `SHA256:…`.
    pub fn key(&self) -> String {
        fingerprint(&self.public)
    }

    /// Signs bytes: an armored signature with SHA-512, as `ssh-keygen -Y sign` writes it.
    ///
    /// # Errors
    /// [`SignError::Agent`], [`SignError::Faulty`].
    pub fn sign(&self, namespace: &str, bytes: &[u8]) -> Result<String, SignError> {
        let faulty = |_| SignError::Faulty(self.key());
        let signature = match &self.private {
            Private::Here(key) => key.sign(namespace, HashAlg::Sha512, bytes).map_err(faulty)?,
            Private::InAgent(agent) => {
                let data =
                    SshSig::signed_data(namespace, HashAlg::Sha512, bytes).map_err(faulty)?;
                let signature = agent.sign(&self.public, &data)?;
                let key = self.public.key_data().clone();
                SshSig::new(key, namespace, HashAlg::Sha512, signature).map_err(faulty)?
            }
        };
        // A fault while signing with Ed25519 or ECDSA can give the key away; nothing faulty leaves.
        self.public.verify(namespace, bytes, &signature).map_err(faulty)?;
        let mut text = signature.to_pem(LineEnding::LF).map_err(faulty)?;
        if !text.ends_with('\n') {
            text.push('\n');
        }
        Ok(text)
    }
}

fn check_kind(path: &Path, key: &PublicKey) -> Result<(), SignError> {
    let algorithm = key.algorithm();
    match is_supported(&algorithm) {
        true => Ok(()),
        false => {
            Err(SignError::Kind { path: path.to_owned(), kind: algorithm.as_str().to_owned() })
        }
    }
}

/// What to do with a file that is no private key of OpenSSH.
fn not_private(path: &Path, bytes: &[u8], error: ssh_key::Error) -> SignError {
    let has = |text: &[u8]| bytes.windows(text.len()).any(|part| part == text);
    if let ssh_key::Error::AlgorithmUnsupported { algorithm } = error {
        return SignError::Kind { path: path.to_owned(), kind: algorithm.as_str().to_owned() };
    }
    let reason = if has(b"-----BEGIN OPENSSH PRIVATE KEY-----") {
        "it is damaged"
    } else if has(b" PRIVATE KEY-----") {
        "it is in an older format; rewrite a copy of it with ssh-keygen -p -f KEY"
    } else {
        "give a private key as ssh-keygen writes it, or a public one that ssh-agent holds"
    };
    SignError::NotAKey { path: path.to_owned(), reason }
}
