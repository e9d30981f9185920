//! The manifest: what a batch does, a row for each recording; or a prefix, with a transcript beside each.
//!
//! In: CSV or JSON Lines ([`Manifest`]), or a listing ([`Pairing`]), and [`Planning`], which says where
//! outputs go. Out: [`Planned`](super::Planned) jobs, one after the other: neither the rows nor the listing are ever in
//! memory as a whole. Errors: [`ManifestError`], with all that is wrong and its lines, before the first job.
//!
//! A manifest is read twice: [`Manifest::check`], and then [`Manifest::jobs`].

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use thiserror::Error;

mod check;
mod format;
mod jobs;
mod place;
mod plan;
mod prefix;
mod reader;
mod row;
mod version;

pub use jobs::{CheckedRows, Jobs};
pub(super) use place::ending;
#[cfg(feature = "work")]
pub(crate) use plan::is_below;
pub use prefix::{Listed, Paired, Pairing, PairingError};
pub use row::Row as ManifestRow;

use super::model::Api;
use crate::decode::Encoding;
use crate::store::Place;
use crate::window::encoding::{self, decode};
use reader::Rows;

/// The most errors that are shown; the others are counted.
const MOST_SHOWN: usize = 50;

/// The longest manifest that is decoded from UTF-16: 256 MiB. UTF-8 has no limit.
const LONGEST_UTF16: u64 = 256 * 1024 * 1024;

/// Where outputs go, and what else is the same for all jobs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planning {
    /// The folder or prefix of outputs; `None` if each row has its own.
    pub out: Option<Place>,
    /// The folder or prefix of receipts, if receipts are written.
    pub receipts: Option<Place>,
    /// SHA-256 of the policy: [`Policy::sha256`](crate::Policy::sha256).
    pub policy: String,
    /// The API of rows that name none.
    pub api: Api,
    /// The encoding of outputs, if it was asked for: it says how an output ends that has no name of its own.
    pub encoding: Option<Encoding>,
    /// Whether what a window touches is erased, unless a row says otherwise: an Opus that is kept can be
    /// treated in no other way.
    pub erases: bool,
}

/// A manifest: CSV or JSON Lines, in UTF-8 or UTF-16.
#[derive(Debug, Clone)]
pub struct Manifest {
    /// For messages.
    name: String,
    content: Content,
}

#[derive(Debug, Clone)]
enum Content {
    File(PathBuf),
    Bytes(Arc<[u8]>),
}

/// What a manifest holds, if nothing is wrong with it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Checked {
    /// Rows.
    pub rows: u64,
    /// Those of the recordings API of Genesys.
    pub recordings: u64,
    /// Those of its Platform API.
    pub platform: u64,
    /// Those whose original is to be deleted.
    pub deletions: u64,
    /// SHA-256 of the manifest, in hex.
    pub sha256: String,
}

/// What is wrong in one row.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Error)]
#[error("line {line}: {problem}")]
pub struct RowError {
    /// The line in which the row begins; the header is line 1.
    pub line: u64,
    /// What is wrong, and what to write.
    pub problem: String,
}

/// What is wrong with a manifest, in the order of the lines.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RowErrors {
    /// The first of them.
    pub shown: Vec<RowError>,
    /// How many more there are.
    pub more: u64,
}

/// Why there are no jobs.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ManifestError {
    /// It cannot be read.
    #[error("{name}: {why}")]
    Unreadable {
        /// The name of the manifest.
        name: String,
        /// The error of the system, or what to do.
        why: String,
    },
    /// Rows are wrong.
    #[error("{name}: {errors}")]
    Wrong {
        /// The name of the manifest.
        name: String,
        /// What is wrong.
        errors: RowErrors,
    },
    /// It is not the one that was checked.
    #[error("{0} changed while it was read; start again")]
    Changed(String),
}

/// An error of the system in words.
fn words(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file".into(),
        kind => kind.to_string(),
    }
}

impl Manifest {
    /// The manifest at a path. `name`: its name in messages.
    ///
    /// # Errors
    /// [`ManifestError::Unreadable`] if it is no file: what comes through a pipe can be read only once. Read
    /// it and give it to [`Manifest::of_bytes`].
    pub fn open(path: &Path) -> Result<Self, ManifestError> {
        let name = path.display().to_string();
        let unreadable = |why: String| ManifestError::Unreadable { name: name.clone(), why };
        let file = std::fs::File::open(path).map_err(|error| unreadable(words(&error)))?;
        let metadata = file.metadata().map_err(|error| unreadable(words(&error)))?;
        if !metadata.is_file() {
            return Err(unreadable("it is no file; save it as one".into()));
        }
        let mut head = Vec::new();
        std::io::Read::read_to_end(&mut std::io::Read::take(file, 2), &mut head)
            .map_err(|error| unreadable(words(&error)))?;
        let is_utf16 = head == [0xFF, 0xFE] || head == [0xFE, 0xFF] || head.contains(&0);
        if !is_utf16 {
            return Ok(Self { name, content: Content::File(path.to_owned()) });
        }
        if metadata.len() > LONGEST_UTF16 {
            return Err(unreadable("it is longer than 256 MiB in UTF-16; save it in UTF-8".into()));
        }
        let bytes = std::fs::read(path).map_err(|error| unreadable(error.kind().to_string()))?;
        Self::of_bytes(name, bytes.into())
    }

    /// A manifest of these bytes, such as one that came from a store.
    ///
    /// # Errors
    /// [`ManifestError::Unreadable`] for UTF-16 that is damaged, and for what is no text.
    pub fn of_bytes(name: impl Into<String>, bytes: Arc<[u8]>) -> Result<Self, ManifestError> {
        let name = name.into();
        let unreadable = |why: String| ManifestError::Unreadable { name: name.clone(), why };
        let decoded = match bytes.get(..2) {
            Some([0xFF, 0xFE] | [0xFE, 0xFF] | [0, _] | [_, 0]) => {
                let decoded = decode(&bytes).map_err(|error| unreadable(error.to_string()))?;
                (decoded.encoding != encoding::Encoding::Utf8).then(|| decoded.text.into_owned())
            }
            _ => None,
        };
        let bytes = decoded.map_or(bytes, |text| text.into_bytes().into());
        Ok(Self { name, content: Content::Bytes(bytes) })
    }

    /// Its name in messages.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Reads all rows, and looks whether local files are there and outputs are apart. Remote places are
    /// looked at when their row starts.
    ///
    /// # Errors
    /// [`ManifestError`].
    pub fn check(&self, plan: &Planning) -> Result<Checked, ManifestError> {
        check::check(self, plan)
    }

    /// The jobs, of a manifest that was checked.
    ///
    /// # Errors
    /// [`ManifestError`], also in the place of a job. [`ManifestError::Changed`] in the place of one after the
    /// last if this is not the manifest that was checked.
    pub fn jobs<'a>(
        &'a self,
        plan: &'a Planning,
        checked: &'a Checked,
    ) -> Result<Jobs<'a>, ManifestError> {
        Ok(Jobs { rows: self.rows(checked)?, plan })
    }

    /// The rows with their lines, of a manifest that was checked.
    ///
    /// # Errors
    /// As [`Manifest::jobs`].
    pub fn rows<'a>(&'a self, checked: &'a Checked) -> Result<CheckedRows<'a>, ManifestError> {
        Ok(CheckedRows { manifest: self, sha256: &checked.sha256, rows: Some(Rows::open(self)?) })
    }

    fn unreadable(&self, error: &std::io::Error) -> ManifestError {
        ManifestError::Unreadable { name: self.name.clone(), why: error.to_string() }
    }

    fn wrong(&self, error: RowError) -> ManifestError {
        let errors = RowErrors { shown: vec![error], more: 0 };
        ManifestError::Wrong { name: self.name.clone(), errors }
    }
}

impl RowErrors {
    /// Adds one, in its place by line.
    fn push(&mut self, error: RowError) {
        let at = self.shown.partition_point(|shown| *shown <= error);
        self.shown.insert(at, error);
        if self.shown.len() > MOST_SHOWN {
            self.shown.pop();
            self.more += 1;
        }
    }

    fn extend(&mut self, errors: Vec<RowError>) {
        errors.into_iter().for_each(|error| self.push(error));
    }

    fn result(self, manifest: &Manifest) -> Result<(), ManifestError> {
        match self.shown.is_empty() {
            true => Ok(()),
            false => Err(ManifestError::Wrong { name: manifest.name.clone(), errors: self }),
        }
    }
}

impl fmt::Display for RowErrors {
    /// The one error, or all of them, each in a line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.shown.len() as u64 + self.more;
        if let ([error], 0) = (self.shown.as_slice(), self.more) {
            return error.fmt(f);
        }
        write!(f, "{count} errors")?;
        self.shown.iter().try_for_each(|error| write!(f, "\n  {error}"))?;
        if self.more > 0 { write!(f, "\n  and {} more", self.more) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests;
