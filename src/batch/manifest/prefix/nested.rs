//! How the places that are written lie to the prefix that is read.

use std::path::{Path, PathBuf};

use super::PairingError;
use crate::batch::manifest::place::lexical;
use crate::store::Place;

/// How the places that are written lie to the prefix that is read.
pub(super) struct Nested {
    /// Paths below the prefix that are written, not read.
    written: Vec<String>,
    /// The path of the prefix below that of outputs, if it lies there.
    read: Option<String>,
}

impl Nested {
    pub(super) fn of(
        prefix: &Place,
        out: &Place,
        receipts: Option<&Place>,
    ) -> Result<Self, PairingError> {
        let mut written = Vec::new();
        for place in std::iter::once(out).chain(receipts) {
            match path_between(prefix, place) {
                Some(path) if path.is_empty() => return Err(PairingError::Same(place.clone())),
                path => written.extend(path),
            }
        }
        Ok(Self { written, read: path_between(out, prefix) })
    }

    /// Whether a path below the prefix is one of outputs or receipts.
    pub(super) fn is_written(&self, path: &str) -> bool {
        self.written.iter().any(|written| is_below(path, written))
    }

    /// Whether an output, by its path below those of outputs, is below the prefix that is read.
    pub(super) fn is_read(&self, output: &str) -> bool {
        self.read.as_ref().is_some_and(|read| is_below(output, read))
    }
}

fn is_below(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}

/// The path of `place` below `folder`; empty if they are the same, `None` if it lies elsewhere.
pub(in super::super) fn path_between(folder: &Place, place: &Place) -> Option<String> {
    match (folder, place) {
        (Place::Local(folder), Place::Local(place)) => {
            let (folder, place) = (resolved(folder), resolved(place));
            let path = place.strip_prefix(&folder).ok()?;
            let parts = path.components().map(|part| part.as_os_str().to_string_lossy());
            Some(parts.collect::<Vec<_>>().join("/"))
        }
        (
            Place::Object { scheme, bucket, key },
            Place::Object { scheme: other_scheme, bucket: other_bucket, key: other },
        ) if (scheme, bucket) == (other_scheme, other_bucket) => {
            let (folder, place) = (key.trim_end_matches('/'), other.trim_end_matches('/'));
            match place.strip_prefix(folder)? {
                "" => Some(String::new()),
                rest if folder.is_empty() => Some(rest.to_owned()),
                rest => rest.strip_prefix('/').map(str::to_owned),
            }
        }
        _ => None,
    }
}

/// The path with its links resolved, as far as it exists.
fn resolved(path: &Path) -> PathBuf {
    let path = lexical(path);
    let there = path.ancestors().find_map(|part| Some((part, part.canonicalize().ok()?)));
    let Some((part, real)) = there else { return path };
    path.strip_prefix(part).map_or_else(|_| path.clone(), |rest| real.join(rest))
}
