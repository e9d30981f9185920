//! The proof that the redacted copies of a recording are where they belong. Without it nothing deletes an
//! original.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::{Prepared, RedactedCopy};
use crate::genesys::platform::Original;
use crate::redact::Redacted;
#[cfg(feature = "store")]
use crate::store::{Download, Place};

/// Bytes that are compared at once.
const PIECE: usize = 256 * 1024;

/// The redacted copies of a recording were checked when they were made, are on a disk or in a store, and were
/// read back from there, byte by byte. Only [`Prepared::delivered`] makes it.
#[derive(Debug)]
pub struct Delivered {
    original: Original,
}

/// Why an original must stay.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum NotDelivered {
    /// The copy was not read back when it was made.
    #[error("the original must stay: its copy was made without the self-check")]
    NotChecked,
    /// The copy is attenuated: what was said can be made audible again.
    #[error(
        "the original must stay: its copy is attenuated, so what was said can be recovered; silence it"
    )]
    Recoverable,
    /// No copy has a window.
    #[error("the original must stay: nothing was muted in its copy")]
    NothingMuted,
    /// Not every copy has a file.
    #[error("the original must stay: {copies} copies are in {paths} files")]
    Incomplete {
        /// The number of copies.
        copies: usize,
        /// The number of files.
        paths: usize,
    },
    /// A file is not the redacted copy, or cannot be read.
    #[error("the original must stay: {} is not its redacted copy", .path.display())]
    Differs {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: io::Error,
    },
}

impl Delivered {
    /// Compares each copy with the file at its path, which it makes durable.
    pub(super) fn read_back(prepared: &Prepared, paths: &[&Path]) -> Result<Self, NotDelivered> {
        Self::compare(prepared, paths, |path| {
            let file = File::open(path)?;
            file.sync_all()?;
            sync_folder(path)?;
            Ok(BufReader::with_capacity(PIECE, file))
        })
    }

    /// Compares each copy with what arrives from its place in a store.
    #[cfg(feature = "store")]
    pub(super) fn of_downloads(
        prepared: &Prepared,
        downloads: Vec<(Place, Download)>,
    ) -> Result<Self, NotDelivered> {
        let (places, downloads): (Vec<_>, Vec<_>) = downloads.into_iter().unzip();
        let paths: Vec<PathBuf> = places.iter().map(|place| place.to_string().into()).collect();
        let paths: Vec<&Path> = paths.iter().map(PathBuf::as_path).collect();
        let mut downloads = downloads.into_iter();
        Self::compare(prepared, &paths, |_| {
            downloads.next().ok_or_else(|| io::ErrorKind::NotFound.into())
        })
    }

    /// Compares each copy with the bytes that `open` opens for its path.
    fn compare<R: Read>(
        prepared: &Prepared,
        paths: &[&Path],
        mut open: impl FnMut(&Path) -> io::Result<R>,
    ) -> Result<Self, NotDelivered> {
        if paths.len() != prepared.copies.len() {
            let (copies, paths) = (prepared.copies.len(), paths.len());
            return Err(NotDelivered::Incomplete { copies, paths });
        }
        let is_muted = |copy: &RedactedCopy| !copy.redacted.summary().windows.asked().is_empty();
        if !prepared.copies.iter().any(is_muted) {
            return Err(NotDelivered::NothingMuted);
        }
        for (RedactedCopy { redacted, .. }, path) in prepared.copies.iter().zip(paths) {
            if !redacted.evidence().self_checked {
                return Err(NotDelivered::NotChecked);
            }
            if redacted.summary().treatment.is_recoverable() {
                return Err(NotDelivered::Recoverable);
            }
            let differs = |source| NotDelivered::Differs { path: (*path).to_owned(), source };
            open(path).and_then(|there| same(redacted, there)).map_err(differs)?;
        }
        Ok(Self { original: prepared.original.clone() })
    }

    /// The recording whose copies these are.
    pub fn original(&self) -> &Original {
        &self.original
    }
}

/// Compares what is there with the copy.
fn same(redacted: &Redacted, mut file: impl Read) -> io::Result<()> {
    let mut copy = redacted.reader()?;
    let (mut expected, mut found) = (vec![0; PIECE], vec![0; PIECE]);
    loop {
        let count = copy.read(&mut expected)?;
        if count == 0 {
            break;
        }
        file.read_exact(&mut found[..count])?;
        if expected[..count] != found[..count] {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "it is not the redacted copy"));
        }
    }
    match file.read(&mut found)? {
        0 => Ok(()),
        _ => Err(io::Error::new(io::ErrorKind::InvalidData, "it is longer than the redacted copy")),
    }
}

/// Makes the name of the file durable. Only Unix can open a folder.
fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    if cfg!(unix) { File::open(folder.unwrap_or(Path::new(".")))?.sync_all() } else { Ok(()) }
}
