//! The file of a journal, and the lock beside it.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

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

/// Locks the file beside the journal, which stays: removing it could let two in.
#[cfg(unix)]
pub(super) fn lock(path: &Path) -> Result<File, JournalError> {
    use rustix::fs::{FlockOperation, flock};
    let beside = beside(path);
    let file = create(&beside).map_err(|error| storage(path, "written", &error))?;
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(file),
        Err(rustix::io::Errno::WOULDBLOCK) => Err(JournalError::Locked(path.display().to_string())),
        Err(error) => Err(storage(path, "locked", &error)),
    }
}

/// Opens the file beside the journal so that no other process can.
#[cfg(windows)]
pub(super) fn lock(path: &Path) -> Result<File, JournalError> {
    use std::os::windows::fs::OpenOptionsExt;
    const SHARING_VIOLATION: i32 = 32;
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).share_mode(0);
    options.open(beside(path)).map_err(|error| match error.raw_os_error() {
        Some(SHARING_VIOLATION) => JournalError::Locked(path.display().to_string()),
        _ => storage(path, "written", &error),
    })
}

fn beside(path: &Path) -> PathBuf {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".lock");
    beside.into()
}
