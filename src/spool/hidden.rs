//! The file beside the target: under a hidden name, or without any name.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use tempfile::{NamedTempFile, TempPath};

use super::{PREFIX, folder_of};

/// A file in the folder of its target. Dropping it deletes it.
#[derive(Debug)]
pub(super) enum Hidden {
    Named(NamedTempFile),
    /// The system deletes it with the process, however that ends.
    Nameless(File),
}

impl Hidden {
    /// A file with a hidden name and the permissions of a normal new file: `tempfile` would allow only the
    /// owner.
    pub(super) fn named(target: &Path) -> io::Result<Self> {
        let mut builder = tempfile::Builder::new();
        builder.prefix(PREFIX);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            builder.permissions(std::fs::Permissions::from_mode(0o666));
        }
        builder.tempfile_in(folder_of(target)).map(Self::Named)
    }

    /// A file without a name where the system has such files, else one with a hidden name.
    pub(super) fn nameless(target: &Path) -> io::Result<Self> {
        Self::nameless_in(folder_of(target)).map_or_else(|| Self::named(target), Ok)
    }

    /// A file without a name on the disk of this folder, where the system has such files.
    pub(super) fn nameless_in(folder: &Path) -> Option<Self> {
        #[cfg(target_os = "linux")]
        {
            use rustix::fs::{Mode, OFlags, open};
            let flags = OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC;
            let file = open(folder, flags, Mode::from_raw_mode(0o666)).map(File::from);
            // Its way to a name is through this folder.
            file.ok().filter(|file| entry(file).exists()).map(Self::Nameless)
        }
        #[cfg(not(target_os = "linux"))]
        {
            let _ = folder;
            None
        }
    }

    pub(super) fn file(&self) -> &File {
        match self {
            Self::Named(file) => file.as_file(),
            Self::Nameless(file) => file,
        }
    }

    /// Its hidden name.
    pub(super) fn path(&self) -> Option<&Path> {
        match self {
            Self::Named(file) => Some(file.path()),
            Self::Nameless(_) => None,
        }
    }

    /// The file, opened once more.
    pub(super) fn reopen(&self) -> io::Result<File> {
        match self {
            Self::Named(file) => file.reopen(),
            Self::Nameless(file) => File::open(entry(file)),
        }
    }

    /// Gives the file its target as its name. It stays what it is after an error.
    pub(super) fn put_new(self, target: &Path) -> io::Result<()> {
        match self {
            Self::Named(file) => file.persist_noclobber(target).map(drop).map_err(|e| e.error),
            Self::Nameless(file) => name(&file, target),
        }
    }

    /// Replaces what is at the target.
    pub(super) fn put_over(self, target: &Path) -> io::Result<()> {
        match self {
            Self::Named(file) => file.persist(target).map(drop).map_err(|error| error.error),
            Self::Nameless(file) => {
                let hidden = hidden(target, |path| name(&file, path))?;
                hidden.persist(target).map_err(|error| error.error)
            }
        }
    }
}

/// Creates a hidden name beside `target` by calling `make`.
pub(super) fn hidden(
    target: &Path,
    make: impl FnMut(&Path) -> io::Result<()>,
) -> io::Result<TempPath> {
    let made = tempfile::Builder::new().prefix(PREFIX).make_in(folder_of(target), make)?;
    Ok(made.into_temp_path())
}

/// The entry of an open file in the system's folder of them.
#[cfg(target_os = "linux")]
fn entry(file: &File) -> PathBuf {
    use std::os::fd::AsRawFd as _;
    format!("/proc/self/fd/{}", file.as_raw_fd()).into()
}

/// Gives a nameless file a name that nothing has.
#[cfg(target_os = "linux")]
fn name(file: &File, path: &Path) -> io::Result<()> {
    use rustix::fs::{AtFlags, CWD, linkat};
    Ok(linkat(CWD, entry(file), CWD, path, AtFlags::SYMLINK_FOLLOW)?)
}

/// There are none.
#[cfg(not(target_os = "linux"))]
fn entry(_: &File) -> PathBuf {
    PathBuf::new()
}

/// There are none.
#[cfg(not(target_os = "linux"))]
fn name(_: &File, _: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}
