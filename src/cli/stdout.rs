//! Audio on stdout. A byte that cannot be written there is an error.
//!
//! Not [`std::io::stdout`]: it silently drops what is written to a bad descriptor, and buffers by
//! lines.

use std::fs::File;
use std::io::{self, IsTerminal as _};

use sordino::{Error, Redacted};

use super::exit::Failure;

/// stdout as a file, for audio: not a terminal.
pub(crate) fn for_audio() -> Result<File, Failure> {
    let doing = "writing to stdout";
    if io::stdout().is_terminal() {
        let mend = "a terminal cannot play a WAV; give a file, or redirect stdout";
        return Err(Failure::usage(doing, mend));
    }
    open().map_err(|error| Failure::failed(doing, error))
}

/// stdout as a file.
///
/// # Errors
/// When it is closed.
fn open() -> io::Result<File> {
    #[cfg(unix)]
    let stdout = std::os::fd::AsFd::as_fd(&io::stdout()).try_clone_to_owned();
    #[cfg(windows)]
    let stdout = std::os::windows::io::AsHandle::as_handle(&io::stdout()).try_clone_to_owned();
    let stdout = File::from(stdout?);
    if is_closed(&stdout) {
        return Err(io::Error::new(io::ErrorKind::BrokenPipe, "stdout is closed"));
    }
    Ok(stdout)
}

/// Writes a recording to stdout.
///
/// # Errors
/// When not all of it could be written.
pub(crate) fn deliver(redacted: &Redacted, mut stdout: &File) -> Result<(), Error> {
    redacted.write_out(&mut stdout)?;
    // Some disks report only at the sync that they are full.
    let is_file = stdout.metadata().is_ok_and(|stdout| stdout.is_file());
    if is_file { stdout.sync_all().map_err(Error::Write) } else { Ok(()) }
}

/// Whether stdout was closed when this program began. Rust opens `/dev/null` in its place then, for
/// reading and writing. A shell's `> /dev/null` opens it for writing only, which is how the two differ.
#[cfg(unix)]
fn is_closed(stdout: &File) -> bool {
    use nix::fcntl::{FcntlArg, OFlag, fcntl};
    use std::os::unix::fs::{FileTypeExt, MetadataExt};
    let (Ok(stdout_is), Ok(null)) = (stdout.metadata(), std::fs::metadata("/dev/null")) else {
        return false;
    };
    let is_null = stdout_is.file_type().is_char_device() && stdout_is.rdev() == null.rdev();
    let mode = fcntl(stdout, FcntlArg::F_GETFL).map(OFlag::from_bits_truncate);
    is_null && mode.is_ok_and(|mode| mode & OFlag::O_ACCMODE == OFlag::O_RDWR)
}

#[cfg(not(unix))]
fn is_closed(_: &File) -> bool {
    false
}
