//! stdout, for audio: what cannot be delivered there is an error.
//!
//! Not [`std::io::stdout`], which takes a descriptor that cannot be written to for a sink, and looks
//! for ends of lines.

use std::fs::File;
use std::io;

use sordino::{Error, Redacted};

/// stdout as a file.
///
/// # Errors
/// When it is closed.
pub(crate) fn open() -> io::Result<File> {
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

/// Delivers a recording to stdout.
///
/// # Errors
/// When not all of it could be.
pub(crate) fn deliver(redacted: &Redacted, mut stdout: File) -> Result<(), Error> {
    redacted.write_out(&mut stdout)?;
    // A disk may tell only then that it is full.
    let is_file = stdout.metadata().is_ok_and(|stdout| stdout.is_file());
    if is_file { stdout.sync_all().map_err(Error::Write) } else { Ok(()) }
}

/// Whether stdout was closed when this program began. Rust then opens `/dev/null` in its place, for
/// reading and writing; a shell's `> /dev/null` opens it for writing only.
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
