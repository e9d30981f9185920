//! Drafts: complete files that are not at their target yet.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::{Placed, Spool, persist};
use crate::error::Error;

/// A complete file that is not at its target yet. Dropping it deletes it.
#[derive(Debug)]
pub struct Draft {
    spool: Spool,
    target: PathBuf,
    overwrite: bool,
}

impl Draft {
    /// Writes a file beside `target`, without a name where the system can.
    ///
    /// # Errors
    /// [`Error::Persist`].
    pub fn write(
        target: &Path,
        overwrite: bool,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<Self, Error> {
        let mut spool = Spool::nameless_beside(target)?;
        write(&mut spool).map_err(|source| persist(target, source))?;
        Ok(Self::of(spool, target, overwrite))
    }

    /// Makes a draft from a complete spool beside `target`.
    pub(crate) fn of(spool: Spool, target: &Path, overwrite: bool) -> Self {
        Self { spool, target: target.to_owned(), overwrite }
    }

    /// Renames the file to its target.
    ///
    /// # Errors
    /// [`Error::Persist`], also for an existing file if `overwrite` is false.
    pub fn put(self) -> Result<(), Error> {
        self.place().map(Placed::keep)
    }

    /// Like [`Draft::put`], but it can be undone.
    ///
    /// # Errors
    /// As [`Draft::put`].
    pub fn place(self) -> Result<Placed, Error> {
        self.spool.place(&self.target, self.overwrite)
    }
}
