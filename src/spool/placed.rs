//! Files that are at their targets but can still be taken back. So a run writes all its files or none,
//! and a failed run loses no old file.
//!
//! The old file keeps a hidden name until the run has succeeded. It is a hard link, so that the target
//! is never missing. The old file is renamed only if the file system has no hard links.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempPath;

use super::hidden::{Hidden, hidden};
use super::{folder_of, sync_folder};

/// A file at its target. [`Placed::keep`] makes that final. Dropping this restores the old file, or
/// deletes the new one if there was no old file. If that fails, the old file keeps its hidden name.
#[derive(Debug)]
#[must_use = "dropping this restores the old file"]
pub struct Placed {
    target: PathBuf,
    before: OldFile,
    /// Whether the new file is at `target`.
    is_there: bool,
    kept: bool,
}

/// The file that was at the target before.
#[derive(Debug)]
enum OldFile {
    None,
    /// A hidden hard link. The file stays at the target until it is replaced.
    Linked(TempPath),
    /// A hidden name. The file is no longer at the target.
    Renamed(TempPath),
}

impl Placed {
    /// Renames a complete file to `target`, and makes the rename durable.
    ///
    /// # Errors
    /// An I/O error, also for an existing file if `overwrite` is false. The old file is unchanged.
    pub(super) fn put(file: Hidden, target: &Path, overwrite: bool) -> io::Result<Self> {
        let before = if overwrite { set_aside(target)? } else { OldFile::None };
        // From here on, an error drops `placed`, which undoes everything.
        let mut placed = Self { target: target.to_owned(), before, is_there: false, kept: false };
        if overwrite { file.put_over(target) } else { file.put_new(target) }?;
        placed.is_there = true;
        sync_folder(folder_of(target))?;
        Ok(placed)
    }

    /// Keeps the new file, and deletes the old one.
    pub fn keep(mut self) {
        self.kept = true;
    }
}

impl Drop for Placed {
    fn drop(&mut self) {
        if self.kept {
            return;
        }
        let old = match std::mem::replace(&mut self.before, OldFile::None) {
            // The old file is still at the target; this only removes the hidden link.
            OldFile::Linked(_) if !self.is_there => return,
            OldFile::Linked(old) | OldFile::Renamed(old) => old,
            OldFile::None => {
                if self.is_there {
                    // `drop` cannot return an error.
                    let _ = fs::remove_file(&self.target);
                }
                return;
            }
        };
        if let Err(error) = old.persist(&self.target) {
            let _ = error.path.keep();
        }
    }
}

/// Gives the file at `target` a hidden name.
///
/// # Errors
/// When it is neither a file nor a symbolic link, or cannot be renamed.
fn set_aside(target: &Path) -> io::Result<OldFile> {
    let kind = match target.symlink_metadata() {
        Ok(there) => there.file_type(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(OldFile::None),
        Err(error) => return Err(error),
    };
    if !kind.is_file() && !kind.is_symlink() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a file"));
    }
    if let Ok(old) = hidden(target, |name| fs::hard_link(target, name)) {
        return Ok(OldFile::Linked(old));
    }
    // Some file systems have no hard links, and users may not be allowed to link to files of others.
    hidden(target, |name| fs::rename(target, name)).map(OldFile::Renamed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    /// Both ways in which a file waits beside its target.
    const WAYS: [fn(&Path) -> io::Result<Hidden>; 2] = [Hidden::named, Hidden::nameless];

    /// Names and contents of the files in a folder.
    fn inside(folder: &Path) -> Vec<(String, String)> {
        let entries = fs::read_dir(folder).unwrap().map(Result::unwrap);
        let of = |entry: fs::DirEntry| {
            let content = fs::read_to_string(entry.path()).unwrap_or_default();
            (entry.file_name().into_string().unwrap(), content)
        };
        entries.map(of).collect()
    }

    fn file(content: &str) -> Vec<(String, String)> {
        vec![("file".into(), content.into())]
    }

    fn put_by(
        way: fn(&Path) -> io::Result<Hidden>,
        target: &Path,
        overwrite: bool,
    ) -> io::Result<Placed> {
        let file = way(target).unwrap();
        file.file().write_all(b"new").unwrap();
        Placed::put(file, target, overwrite)
    }

    fn put(target: &Path, overwrite: bool) -> io::Result<Placed> {
        put_by(Hidden::named, target, overwrite)
    }

    #[test]
    fn dropping_restores_the_old_file() {
        for way in WAYS {
            let put = |target: &Path, overwrite| put_by(way, target, overwrite);
            let folder = tempfile::tempdir().unwrap();
            let target = folder.path().join("file");
            drop(put(&target, true).unwrap());
            drop(put(&target, false).unwrap());
            assert_eq!(inside(folder.path()), []);
            fs::write(&target, "old").unwrap();
            let placed = put(&target, true).unwrap();
            assert_eq!(fs::read_to_string(&target).unwrap(), "new");
            drop(placed);
            assert_eq!(inside(folder.path()), file("old"));
            assert!(put(&target, false).is_err());
            assert_eq!(inside(folder.path()), file("old"));
            put(&target, true).unwrap().keep();
            assert_eq!(inside(folder.path()), file("new"));
        }
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_nameless_file_shows_nowhere_until_it_is_put() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("file");
        let file = Hidden::nameless(&target).unwrap();
        file.file().write_all(b"new").unwrap();
        assert_eq!((inside(folder.path()), file.path()), (vec![], None));
        let mut text = String::new();
        io::Read::read_to_string(&mut file.reopen().unwrap(), &mut text).unwrap();
        assert_eq!(text, "new");
        Placed::put(file, &target, false).unwrap().keep();
        assert_eq!(inside(folder.path()), self::file("new"));
    }

    #[test]
    fn the_target_of_an_old_file_is_never_missing() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("file");
        fs::write(&target, "old").unwrap();
        let before = set_aside(&target).unwrap();
        assert!(matches!(before, OldFile::Linked(_)) && target.exists());
        // It was not replaced: only the hidden link is removed.
        drop(Placed { target, before, is_there: false, kept: false });
        assert_eq!(inside(folder.path()), file("old"));
    }

    #[test]
    fn without_hard_links_the_old_file_is_restored_as_well() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("file");
        for is_there in [false, true] {
            fs::write(&target, "old").unwrap();
            let old = hidden(&target, |name| fs::rename(&target, name)).unwrap();
            if is_there {
                fs::write(&target, "new").unwrap();
            }
            let (target, before) = (target.clone(), OldFile::Renamed(old));
            drop(Placed { target, before, is_there, kept: false });
            assert_eq!(inside(folder.path()), file("old"));
        }
    }

    #[test]
    fn a_folder_is_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("file");
        fs::create_dir(&target).unwrap();
        assert!(put(&target, true).is_err());
        assert!(target.is_dir() && inside(folder.path()).len() == 1);
    }
}
