//! Spool: temporary storage of the redacted recording until it is complete.
//!
//! Only redacted samples are written here. A spool beside its target is a hidden file, which is renamed
//! to the target at the end: a [`Draft`] is complete but not renamed yet, a [`Placed`] is renamed and can
//! still be undone. An anonymous spool is in memory, or above 4 MiB in a file without a name, which does
//! not remain after a crash. Errors: [`Error::Persist`] and [`Error::ReadBack`].

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};

use tempfile::SpooledTempFile;

use crate::error::Error;
use crate::lock::lock;

mod draft;
mod follower;
mod hidden;
mod placed;
mod writeback;

pub use draft::Draft;
pub(crate) use follower::Follower;
pub use placed::Placed;

use hidden::Hidden;
use writeback::Writeback;

/// Bytes that an anonymous spool holds in memory: a few minutes of telephony.
const IN_MEMORY: usize = 4 * 1024 * 1024;

/// The most bytes that are preallocated, as a header that lies must not take the disk from others.
#[cfg(target_os = "linux")]
const RESERVED: u64 = 256 * 1024 * 1024;

/// Bytes that are copied at once.
const COPIED: usize = 256 * 1024;

/// Prefix of the names of hidden files.
const PREFIX: &str = ".sordino-";

/// Makes a folder and those that it is in, durably. Those that this call has made are added to `made`, also
/// if it fails.
///
/// # Errors
/// Those of the file system.
pub fn make_folders(folder: &Path, made: &mut Vec<PathBuf>) -> io::Result<()> {
    let is_missing = |path: &&Path| !path.as_os_str().is_empty() && !path.is_dir();
    let missing: Vec<&Path> = folder.ancestors().take_while(is_missing).collect();
    for path in missing.into_iter().rev() {
        match std::fs::create_dir(path) {
            // Another process was faster, and may not have made it durable yet.
            Err(_) if path.is_dir() => {}
            Err(error) => return Err(error),
            Ok(()) => made.push(path.to_owned()),
        }
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        sync_folder(parent.unwrap_or(Path::new(".")))?;
    }
    Ok(())
}

/// Temporary storage for a redacted recording. Dropping it deletes everything that was not persisted.
#[derive(Debug)]
pub struct Spool(SpoolStorage);

#[derive(Debug)]
enum SpoolStorage {
    /// Shared with the readers of an upload.
    Anonymous(Arc<Mutex<SpooledTempFile>>),
    Beside {
        file: Hidden,
        target: PathBuf,
        writeback: Writeback,
    },
}

impl Spool {
    /// A spool in memory; above 4 MiB, in a temporary file without a name.
    pub fn anonymous() -> Self {
        Self(SpoolStorage::Anonymous(Arc::new(Mutex::new(SpooledTempFile::new(IN_MEMORY)))))
    }

    /// A spool in a hidden file in the folder of `target`, so that persisting is only a rename.
    ///
    /// # Errors
    /// [`Error::Persist`] when the folder is missing or cannot be written.
    pub fn beside(target: &Path) -> Result<Self, Error> {
        Self::of(target, Hidden::named(target))
    }

    /// Like [`Spool::beside`], but where the system can, in a file without a name: nothing is left however
    /// the process ends.
    ///
    /// # Errors
    /// As [`Spool::beside`].
    pub fn nameless_beside(target: &Path) -> Result<Self, Error> {
        Self::of(target, Hidden::nameless(target))
    }

    /// A spool on the disk of `target`, in a file without a name, also if the folders of `target` are yet to
    /// be made. None where the system has no such files, or the folder that is there cannot be written.
    #[cfg(feature = "genesys")]
    pub(crate) fn waiting_for(target: &Path) -> Option<Self> {
        let mut folders = target.ancestors().skip(1).map(|folder| folder.join("."));
        let file = Hidden::nameless_in(&folders.find(|folder| folder.is_dir())?);
        Self::of(target, Ok(file?)).ok()
    }

    /// Whether persisting it at `target` copies nothing.
    #[cfg(feature = "store")]
    pub(crate) fn waits_for(&self, target: &Path) -> bool {
        matches!(&self.0, SpoolStorage::Beside { target: mine, .. } if mine == target)
    }

    fn of(target: &Path, file: io::Result<Hidden>) -> Result<Self, Error> {
        let file = file.map_err(|source| persist(target, source))?;
        let target = target.to_owned();
        Ok(Self(SpoolStorage::Beside { file, target, writeback: Writeback::default() }))
    }

    /// Path of the hidden file, for a signal handler that removes it; `None` if it has no name.
    pub fn path(&self) -> Option<&Path> {
        match &self.0 {
            SpoolStorage::Anonymous(_) => None,
            SpoolStorage::Beside { file, .. } => file.path(),
        }
    }

    /// Preallocates `bytes` bytes on disk, at most [`RESERVED`]. This makes writing faster: 25 instead of 36 ms
    /// for an hour of telephony. Failures are ignored; a full disk is reported by the write that fails.
    pub(crate) fn reserve(&self, bytes: u64) {
        #[cfg(target_os = "linux")]
        if let SpoolStorage::Beside { file, .. } = &self.0 {
            use rustix::fs::{FallocateFlags, fallocate};
            let _ = fallocate(file.file(), FallocateFlags::KEEP_SIZE, 0, bytes.min(RESERVED));
        }
        #[cfg(not(target_os = "linux"))]
        let _ = bytes;
    }

    /// Moves the content to `target`, complete and durable. On an error, an old file there is unchanged.
    pub(crate) fn persist(self, target: &Path, overwrite: bool) -> Result<(), Error> {
        self.place(target, overwrite).map(Placed::keep)
    }

    /// Like [`Spool::persist`], but it can be undone.
    fn place(self, target: &Path, overwrite: bool) -> Result<Placed, Error> {
        let (file, writeback) = match self.0 {
            SpoolStorage::Beside { file, target: mine, writeback } if mine == target => {
                (file, writeback)
            }
            other => return Self(other).copy_beside(target)?.place(target, overwrite),
        };
        let synced = writeback.finish().and_then(|()| file.file().sync_all());
        let placed = synced.and_then(|()| Placed::put(file, target, overwrite));
        placed.map_err(|source| persist(target, source))
    }

    /// A new reader that begins at the start of the content.
    pub(crate) fn reader(&self) -> io::Result<SpoolReader> {
        self.reader_from(0)
    }

    /// A new reader that begins at byte `begin`.
    pub(crate) fn reader_from(&self, at: u64) -> io::Result<SpoolReader> {
        Ok(match &self.0 {
            SpoolStorage::Anonymous(file) => SpoolReader::Shared { file: Arc::clone(file), at },
            SpoolStorage::Beside { file, .. } => {
                let mut file = file.reopen()?;
                file.seek(SeekFrom::Start(at))?;
                SpoolReader::Own(file)
            }
        })
    }

    /// A reader that begins at the start and waits for what is not written yet. The writer tells the sender
    /// the number of bytes of each write, and drops it at the end. None unless the spool is a file without a
    /// name: one with a name, another program may change behind the reader.
    pub(crate) fn follow(&self) -> Option<(Sender<u64>, Follower)> {
        let SpoolStorage::Beside { file: file @ Hidden::Nameless(_), .. } = &self.0 else {
            return None;
        };
        let (told, written) = channel();
        let file = file.reopen().ok()?;
        Some((told, Follower { file, written, ready: 0 }))
    }

    /// Copies the content to a new spool beside `target`.
    pub(crate) fn copy_beside(&self, target: &Path) -> Result<Self, Error> {
        let mut copy = Self::nameless_beside(target)?;
        self.copy_to(&mut copy, |source| persist(target, source))?;
        Ok(copy)
    }

    /// Writes the content to `output`. `failed` converts an I/O error of `output`.
    ///
    /// # Errors
    /// [`Error::ReadBack`], and the result of `failed`.
    pub(crate) fn copy_to(
        &self,
        output: &mut impl Write,
        failed: impl FnOnce(io::Error) -> Error,
    ) -> Result<(), Error> {
        // `io::copy` would not show which side has failed.
        let mut reader = self.reader().map_err(Error::ReadBack)?;
        let mut piece = vec![0; COPIED];
        loop {
            let count = match reader.read(&mut piece) {
                Ok(0) => return Ok(()),
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(Error::ReadBack(error)),
            };
            if let Err(error) = output.write_all(&piece[..count]) {
                return Err(failed(error));
            }
        }
    }
}

/// Reader of a complete spool.
#[derive(Debug)]
pub(crate) enum SpoolReader {
    Shared { file: Arc<Mutex<SpooledTempFile>>, at: u64 },
    Own(File),
}

impl Read for SpoolReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Shared { file, at } => {
                let mut file = lock(file);
                file.seek(SeekFrom::Start(*at))?;
                let count = file.read(buffer)?;
                *at += count as u64;
                Ok(count)
            }
            Self::Own(file) => file.read(buffer),
        }
    }
}

fn folder_of(target: &Path) -> &Path {
    match target.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Makes the rename itself durable. Only Unix can open a folder.
fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

fn persist(path: &Path, source: io::Error) -> Error {
    Error::Persist { path: path.to_owned(), source }
}

impl Write for Spool {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        match &mut self.0 {
            SpoolStorage::Anonymous(file) => lock(file).write(buffer),
            SpoolStorage::Beside { file, writeback, .. } => {
                let count = file.file().write(buffer)?;
                writeback.wrote(count as u64, file);
                Ok(count)
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.0 {
            SpoolStorage::Anonymous(file) => lock(file).flush(),
            SpoolStorage::Beside { file, .. } => file.file().flush(),
        }
    }
}

impl Seek for Spool {
    fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
        match &mut self.0 {
            SpoolStorage::Anonymous(file) => lock(file).seek(position),
            SpoolStorage::Beside { file, .. } => file.file().seek(position),
        }
    }
}
