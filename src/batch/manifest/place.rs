//! Paths of a batch: where an output lies below `--out`, and whether two places are one.

use std::ffi::OsStr;
use std::path::{Component, Path, PathBuf};

use super::row::shown;
use crate::decode::recording_stem;
use crate::store::Place;

/// A relative path as its parts with `/` between; `None` if it leads out of its folder, or nowhere.
pub(super) fn below(path: &str) -> Option<String> {
    let mut parts = Vec::new();
    for part in Path::new(path).components() {
        match part {
            Component::Normal(part) => parts.push(part.to_str()?),
            Component::CurDir => {}
            _ => return None,
        }
    }
    (!parts.is_empty()).then(|| parts.join("/"))
}

/// The path that a place has below a folder of its own: its key, or its path without root, drive and what
/// is before the last `..`.
pub(super) fn own_path(place: &str) -> String {
    let path = match place.parse() {
        Ok(Place::Object { key, .. }) => key,
        _ => place.to_owned(),
    };
    let mut parts = Vec::new();
    for part in Path::new(&path).components() {
        match part {
            Component::Normal(part) => parts.push(part.to_string_lossy()),
            Component::ParentDir => parts.clear(),
            _ => {}
        }
    }
    parts.join("/")
}

/// The path with the ending of the written format in place of that of a recording.
pub(super) fn with_ending(path: &str, ending: &str) -> String {
    format!("{}.{ending}", recording_stem(path).unwrap_or(path))
}

/// The ending of a name, without the dot; empty if it has none.
pub(in crate::batch) fn ending(path: &str) -> &str {
    Path::new(path).extension().and_then(OsStr::to_str).unwrap_or_default()
}

/// An id that may be a part of a path.
pub(super) fn id_part(what: &str, id: &str) -> Result<String, String> {
    let is_path = id.contains(['/', '\\']) || matches!(id, "." | "..");
    if is_path || id.contains(char::is_control) || id.len() > 200 {
        return Err(format!("{what} `{}`: this is no id", shown(id)));
    }
    Ok(id.to_owned())
}

/// One name for each place: of a local one, the absolute path without `.` and `..`.
pub(super) fn normal(place: &str) -> String {
    match place.parse() {
        Ok(Place::Local(path)) => lexical(&path).to_string_lossy().into_owned(),
        Ok(object) => object.to_string(),
        Err(_) => place.to_owned(),
    }
}

/// The absolute path; its `..` are taken by their letters, which links may belie.
pub(super) fn lexical(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut plain = PathBuf::new();
    for part in absolute.components() {
        match part {
            Component::ParentDir => drop(plain.pop()),
            Component::CurDir => {}
            part => plain.push(part),
        }
    }
    plain
}
