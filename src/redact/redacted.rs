//! A redacted recording, and the ways in which it leaves.

use std::io::{self, Read, Write};
use std::path::Path;

use super::{OutputFormat, Summary};
use crate::error::Error;
use crate::evidence::Evidence;
use crate::spool::{Draft, Spool};

/// A redacted recording: a complete file in which every window has been treated.
#[derive(Debug)]
pub struct Redacted {
    pub(super) spool: Spool,
    pub(super) bytes: u64,
    pub(super) summary: Summary,
    pub(super) evidence: Evidence,
}

impl Redacted {
    /// What was done.
    pub fn summary(&self) -> &Summary {
        &self.summary
    }

    /// The evidence that was collected.
    pub fn evidence(&self) -> &Evidence {
        &self.evidence
    }

    /// What kind of file it is.
    pub fn format(&self) -> OutputFormat {
        self.summary.output
    }

    /// The size of the file in bytes.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// A new reader of the file, from its first byte.
    ///
    /// # Errors
    /// An I/O error when the temporary file cannot be opened.
    pub fn reader(&self) -> io::Result<impl Read + Send + use<>> {
        self.spool.reader()
    }

    /// Moves the file to `path`, durably and in one step. An existing file stays as it is.
    ///
    /// # Errors
    /// [`Error::Persist`] when a file exists already, or the path cannot be written.
    pub fn persist(self, path: &Path) -> Result<Summary, Error> {
        self.spool.persist(path, false).map(|()| self.summary)
    }

    /// Like [`Redacted::persist`], but replaces an existing file. A symbolic link is replaced, not
    /// followed.
    ///
    /// # Errors
    /// [`Error::Persist`] when the path cannot be written. An existing file stays as it is then.
    pub fn persist_over(self, path: &Path) -> Result<Summary, Error> {
        self.spool.persist(path, true).map(|()| self.summary)
    }

    /// Copies the file to `path`, as [`Redacted::persist`] moves it.
    ///
    /// # Errors
    /// [`Error::Persist`], [`Error::ReadBack`].
    pub fn persist_copy(&self, path: &Path, overwrite: bool) -> Result<(), Error> {
        self.draft(path, overwrite)?.put()
    }

    /// Copies the file to a hidden file beside `path`, to be moved there later.
    ///
    /// # Errors
    /// [`Error::Persist`], [`Error::ReadBack`].
    pub fn draft(&self, path: &Path, overwrite: bool) -> Result<Draft, Error> {
        Ok(Draft::of(self.spool.copy_beside(path)?, path, overwrite))
    }

    /// Writes the file to `output`, which need not be seekable.
    ///
    /// # Errors
    /// [`Error::Write`], [`Error::ReadBack`].
    pub fn write_out(&self, output: &mut impl Write) -> Result<(), Error> {
        self.spool.copy_to(output, Error::Write)?;
        output.flush().map_err(Error::Write)
    }

    /// Like [`Redacted::write_out`], but consumes the redacted recording and returns its summary.
    ///
    /// # Errors
    /// [`Error::Write`], [`Error::ReadBack`].
    pub fn write_to(self, output: &mut impl Write) -> Result<Summary, Error> {
        self.write_out(output)?;
        Ok(self.summary)
    }
}
