//! Drafts: files that are written in full, and are not in their places yet.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::{Placed, Spool, persist};
use crate::error::Error;

/// A file that is written in full and not in its place yet. Dropping it removes it.
#[derive(Debug)]
pub struct Draft {
    spool: Spool,
    target: PathBuf,
    overwrite: bool,
}

impl Draft {
    /// Writes it, hidden, beside `target`.
    ///
    /// # Errors
    /// [`Error::Persist`].
    pub fn write(
        target: &Path,
        overwrite: bool,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<Self, Error> {
        let mut spool = Spool::beside(target)?;
        write(&mut spool).map_err(|source| persist(target, source))?;
        Ok(Self::of(spool, target, overwrite))
    }

    /// A spool beside `target` that is complete.
    pub(crate) fn of(spool: Spool, target: &Path, overwrite: bool) -> Self {
        Self { spool, target: target.to_owned(), overwrite }
    }

    /// Puts it in its place, in one step.
    ///
    /// # Errors
    /// [`Error::Persist`] when there is a file already that may not be replaced.
    pub fn put(self) -> Result<(), Error> {
        self.place().map(Placed::keep)
    }

    /// Like [`Draft::put`], and it can still be taken back.
    ///
    /// # Errors
    /// As [`Draft::put`].
    pub fn place(self) -> Result<Placed, Error> {
        self.spool.place(&self.target, self.overwrite)
    }
}
