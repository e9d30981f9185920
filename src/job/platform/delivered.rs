//! The proof that the redacted copies of a recording are where they belong. Without it nothing deletes an
//! original.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use thiserror::Error;

use super::{JobError, Prepared};
use crate::genesys::platform::Original;
use crate::redact::Redacted;

/// Bytes that are compared at once.
const PIECE: usize = 256 * 1024;

/// The redacted copies of a recording were checked when they were made, are on a disk, and were read back
/// from there, byte by byte. Only [`Prepared::delivered`] makes it.
#[derive(Debug)]
pub struct Delivered {
    original: Original,
}

/// Why an original must not be deleted although its copy was delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum NotDeletable {
    /// The copy was not read back when it was made.
    #[error("the copy was made without the self-check")]
    NotChecked,
    /// The copy is attenuated: what was said can be made audible again.
    #[error(
        "the copy is attenuated, so what was said can be recovered: silence it, or keep the original"
    )]
    Recoverable,
}

impl Delivered {
    /// Compares each copy with the file at its path.
    pub(super) fn read_back(prepared: &Prepared, paths: &[&Path]) -> Result<Self, JobError> {
        if paths.len() != prepared.copies.len() {
            let reason = format!("{} copies, {} paths", prepared.copies.len(), paths.len());
            return Err(JobError::Parts { reason });
        }
        for (copy, path) in prepared.copies.iter().zip(paths) {
            deletable(&copy.redacted).map_err(JobError::NotDeletable)?;
            let failed = |source| JobError::NotDelivered { path: (*path).to_owned(), source };
            same(&copy.redacted, path).map_err(failed)?;
        }
        Ok(Self { original: prepared.original.clone() })
    }

    /// The recording whose copies these are.
    pub fn original(&self) -> &Original {
        &self.original
    }
}

/// Whether a copy can stand for its original.
fn deletable(redacted: &Redacted) -> Result<(), NotDeletable> {
    if !redacted.evidence().self_checked {
        return Err(NotDeletable::NotChecked);
    }
    match redacted.summary().treatment.is_recoverable() {
        true => Err(NotDeletable::Recoverable),
        false => Ok(()),
    }
}

/// Makes the file durable and compares it with the copy.
fn same(redacted: &Redacted, path: &Path) -> io::Result<()> {
    let file = File::open(path)?;
    file.sync_all()?;
    sync_folder(path)?;
    let mut file = BufReader::with_capacity(PIECE, file);
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
