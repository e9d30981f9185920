//! Files that only their owner may read: private keys, and files with a passphrase.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use zeroize::Zeroizing;

use super::error::SignError;
use super::public::is_public;

/// The longest file that is read, in bytes: many times an encrypted key.
const LONGEST: u64 = 64 * 1024;

/// The passphrase of an encrypted key. Overwritten when it is dropped; has no `Debug`.
pub struct Passphrase(Zeroizing<Vec<u8>>);

impl Passphrase {
    /// A passphrase that somebody has typed.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The content of a file, without the end of its line.
    ///
    /// # Errors
    /// [`SignError::Read`], and [`SignError::Readable`] if others may read the file.
    pub fn from_file(path: &Path) -> Result<Self, SignError> {
        let mut bytes = read(path)?;
        if bytes.ends_with(b"\n") {
            bytes.pop();
        }
        if bytes.ends_with(b"\r") {
            bytes.pop();
        }
        Ok(Self(bytes))
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

/// The content of a key file. One of this user that others may read is refused, as ssh does; so a key that
/// was mounted for a service by another user can be used.
pub(super) fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, SignError> {
    let failed = |source| SignError::Read { path: path.to_owned(), source };
    let file = File::open(path).map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    if !metadata.is_file() {
        return Err(failed(io::Error::new(io::ErrorKind::InvalidInput, "it is no file")));
    }
    if metadata.len() > LONGEST {
        return Err(failed(io::Error::new(io::ErrorKind::InvalidData, "it is too long for a key")));
    }
    let mut bytes = Zeroizing::new(Vec::with_capacity(usize::try_from(LONGEST).unwrap_or(0)));
    file.take(LONGEST).read_to_end(&mut bytes).map_err(failed)?;
    // A public key is no secret.
    let is_secret = !is_public(&bytes);
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let is_mine = metadata.uid() == rustix::process::getuid().as_raw();
        if is_secret && is_mine && metadata.mode() & 0o077 != 0 {
            return Err(SignError::Readable(path.to_owned()));
        }
    }
    #[cfg(not(unix))]
    let _ = is_secret;
    Ok(bytes)
}
