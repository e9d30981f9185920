//! Spool: where the redacted recording lies until it is complete.
//!
//! Only redacted samples ever come here. A spool beside its target is renamed into place (a [`Draft`]
//! waits for that, a [`Placed`] can still be taken back); an anonymous one is memory up to a few MiB,
//! then a nameless file that no crash leaves behind.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use tempfile::{NamedTempFile, SpooledTempFile};

use crate::error::Error;
use crate::lock::lock;

mod draft;
mod placed;

pub use draft::Draft;
pub use placed::Placed;

/// How much an anonymous spool holds in memory: a few minutes of telephony.
const IN_MEMORY: usize = 4 * 1024 * 1024;

/// How much is copied at once.
const PIECE: usize = 256 * 1024;

/// How the names of hidden files begin.
const PREFIX: &str = ".sordino-";

/// Storage for a redacted recording in the making. What is not persisted is gone when it is
/// dropped.
#[derive(Debug)]
pub struct Spool(SpoolStorage);

#[derive(Debug)]
enum SpoolStorage {
    /// Shared with the readers of an upload.
    Anonymous(Arc<Mutex<SpooledTempFile>>),
    Beside {
        file: NamedTempFile,
        target: PathBuf,
        writeback: Writeback,
    },
}

impl Spool {
    /// Memory, then a nameless temporary file.
    pub fn anonymous() -> Self {
        Self(SpoolStorage::Anonymous(Arc::new(Mutex::new(SpooledTempFile::new(IN_MEMORY)))))
    }

    /// A hidden file in the folder of `target`, so that persisting is a rename.
    ///
    /// # Errors
    /// [`Error::Persist`] when the folder is missing or cannot be written.
    pub fn beside(target: &Path) -> Result<Self, Error> {
        let file = temp_file_in(folder_of(target)).map_err(|source| persist(target, source))?;
        Ok(Self(SpoolStorage::Beside {
            file,
            target: target.to_owned(),
            writeback: Writeback::default(),
        }))
    }

    /// The hidden file's path, for those who must remove it when the process is told to die.
    pub fn path(&self) -> Option<&Path> {
        match &self.0 {
            SpoolStorage::Anonymous(_) => None,
            SpoolStorage::Beside { file, .. } => Some(file.path()),
        }
    }

    /// Sets aside room for so many bytes, which makes writing them faster: 36 to 25 ms for an hour of
    /// telephony. It is no promise; a disk that is too small says so when it is full.
    pub(crate) fn reserve(&self, bytes: u64) {
        #[cfg(target_os = "linux")]
        if let SpoolStorage::Beside { file, .. } = &self.0 {
            use rustix::fs::{FallocateFlags, fallocate};
            let _ = fallocate(file.as_file(), FallocateFlags::KEEP_SIZE, 0, bytes);
        }
        #[cfg(not(target_os = "linux"))]
        let _ = bytes;
    }

    /// Puts the content at `target`, complete and durable, or leaves there what was there.
    pub(crate) fn persist(self, target: &Path, overwrite: bool) -> Result<(), Error> {
        self.place(target, overwrite).map(Placed::keep)
    }

    /// Like [`Spool::persist`], and it can still be taken back.
    fn place(self, target: &Path, overwrite: bool) -> Result<Placed, Error> {
        let file = match self.0 {
            SpoolStorage::Beside { file, target: mine, .. } if mine == target => file,
            other => return Self(other).copy_beside(target)?.place(target, overwrite),
        };
        let placed = file.as_file().sync_all().and_then(|()| Placed::put(file, target, overwrite));
        placed.map_err(|source| persist(target, source))
    }

    /// The content from its beginning, for one reader of its own.
    pub(crate) fn reader(&self) -> io::Result<SpoolReader> {
        Ok(match &self.0 {
            SpoolStorage::Anonymous(file) => SpoolReader::Shared { file: Arc::clone(file), at: 0 },
            SpoolStorage::Beside { file, .. } => SpoolReader::Own(file.reopen()?),
        })
    }

    /// The content from byte `begin`, for one reader of its own.
    pub(crate) fn reader_from(&self, begin: u64) -> io::Result<SpoolReader> {
        let mut reader = self.reader()?;
        match &mut reader {
            SpoolReader::Shared { at, .. } => *at = begin,
            SpoolReader::Own(file) => drop(file.seek(SeekFrom::Start(begin))?),
        }
        Ok(reader)
    }

    /// A copy of the content, beside `target`.
    pub(crate) fn copy_beside(&self, target: &Path) -> Result<Self, Error> {
        let mut copy = Self::beside(target)?;
        self.copy_to(&mut copy, |source| persist(target, source))?;
        Ok(copy)
    }

    /// Writes the content to `output`. `failed` says what an error of the output is called.
    ///
    /// # Errors
    /// [`Error::ReadBack`], and what `failed` gives.
    pub(crate) fn copy_to(
        &self,
        output: &mut impl Write,
        failed: impl FnOnce(io::Error) -> Error,
    ) -> Result<(), Error> {
        // Not `io::copy`, which does not tell which side has failed.
        let mut reader = self.reader().map_err(Error::ReadBack)?;
        let mut piece = vec![0; PIECE];
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

/// Reads a complete spool.
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

/// Asks the system to begin writing to disk what has been written to the file, so that little is
/// left to wait for when the file is synced. Measured on one hour of telephony: 106 to 85 ms.
#[derive(Debug, Default)]
struct Writeback {
    written: u64,
    asked: u64,
}

impl Writeback {
    /// How much is written between two requests.
    const STEP: u64 = 4 * 1024 * 1024;

    fn wrote(&mut self, count: u64, file: &File) {
        self.written += count;
        if self.written - self.asked < Self::STEP {
            return;
        }
        #[cfg(target_os = "linux")]
        {
            use rustix::fs::{Advice, fadvise};
            // Pages that are not on disk yet are not dropped by this, only sent on their way. It is
            // advice: a refusal costs nothing but time.
            let length = std::num::NonZeroU64::new(self.written - self.asked);
            let _ = fadvise(file, self.asked, length, Advice::DontNeed);
        }
        #[cfg(not(target_os = "linux"))]
        let _ = file;
        self.asked = self.written;
    }
}

/// A hidden file with the permissions that any newly written file gets.
fn temp_file_in(folder: &Path) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(PREFIX);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(folder)
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
                let count = file.write(buffer)?;
                writeback.wrote(count as u64, file.as_file());
                Ok(count)
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.0 {
            SpoolStorage::Anonymous(file) => lock(file).flush(),
            SpoolStorage::Beside { file, .. } => file.flush(),
        }
    }
}

impl Seek for Spool {
    fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
        match &mut self.0 {
            SpoolStorage::Anonymous(file) => lock(file).seek(position),
            SpoolStorage::Beside { file, .. } => file.seek(position),
        }
    }
}
