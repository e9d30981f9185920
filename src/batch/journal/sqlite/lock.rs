//! The file of a journal, and the lock beside it.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::Path;

use super::super::error::JournalError;
use super::storage;

/// The file, readable by nobody else. SQLite gives those beside it the same permissions.
pub(super) fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// No other process may write while this is kept.
pub(super) struct Lock(File);

impl Lock {
    /// Locks the file beside the journal, which stays: removing it could let two in.
    pub(super) fn new(path: &Path) -> Result<Self, JournalError> {
        let mut beside = path.as_os_str().to_owned();
        beside.push(".lock");
        let file = create(beside.as_ref()).map_err(|error| storage(path, "written", &error))?;
        match file.try_lock() {
            Ok(()) => Ok(Self(file)),
            Err(TryLockError::WouldBlock) => Err(JournalError::Locked(path.display().to_string())),
            Err(TryLockError::Error(error)) => Err(storage(path, "locked", &error)),
        }
    }
}

impl Drop for Lock {
    /// Closing alone would not do: a child that another thread has just forked shares the open file, and with
    /// it the lock, until it runs its own program.
    fn drop(&mut self) {
        let _ = self.0.unlock();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forked_child_does_not_keep_the_lock() {
        let folder = tempfile::tempdir().unwrap();
        let journal = folder.path().join("calls.journal");
        let lock = Lock::new(&journal).unwrap();
        // The same open file, as a child has it.
        let _child = lock.0.try_clone().unwrap();
        assert!(matches!(Lock::new(&journal), Err(JournalError::Locked(_))));
        drop(lock);
        Lock::new(&journal).unwrap();
    }
}
