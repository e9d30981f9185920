//! Files that are in their places and can still be taken back. So several files go together or none
//! does, and a run that fails loses nothing old.
//!
//! The old file keeps a hidden name until it is certain that nobody needs it. That name is a second
//! link to the same file, so that its place is never empty; only where the file system has no links
//! the old file is renamed.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use tempfile::{NamedTempFile, TempPath};

use super::{PREFIX, folder_of, sync_folder};

/// A file that is in its place. Dropping this takes it back: the old file is there again, or nothing
/// if there was none. If that fails, the old file stays beside it under its hidden name.
#[derive(Debug)]
#[must_use = "it is taken back when this is dropped"]
pub struct Placed {
    target: PathBuf,
    before: Before,
    /// Whether the new file is at `target`.
    is_there: bool,
    kept: bool,
}

/// What was at the target before.
#[derive(Debug)]
enum Before {
    Nothing,
    /// It is at the target until it is replaced, and has this name too.
    Linked(TempPath),
    /// It is no longer at the target, and has this name.
    Renamed(TempPath),
}

impl Placed {
    /// Puts a file that is complete at `target`, and makes that durable.
    ///
    /// # Errors
    /// When there is something that may not be replaced. Then that is as it was.
    pub(super) fn put(file: NamedTempFile, target: &Path, overwrite: bool) -> io::Result<Self> {
        let before = if overwrite { set_aside(target)? } else { Before::Nothing };
        // From here on an error takes back what was done.
        let mut placed = Self { target: target.to_owned(), before, is_there: false, kept: false };
        let put = if overwrite { file.persist(target) } else { file.persist_noclobber(target) };
        put.map_err(|error| error.error)?;
        placed.is_there = true;
        sync_folder(folder_of(target))?;
        Ok(placed)
    }

    /// Lets it stay. The old file is gone.
    pub fn keep(mut self) {
        self.kept = true;
    }
}

impl Drop for Placed {
    fn drop(&mut self) {
        if self.kept {
            return;
        }
        let old = match std::mem::replace(&mut self.before, Before::Nothing) {
            // It is in its place still; only its second name goes.
            Before::Linked(_) if !self.is_there => return,
            Before::Linked(old) | Before::Renamed(old) => old,
            Before::Nothing => {
                if self.is_there {
                    // There is nobody to tell if it cannot be removed.
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

/// Gives what is at `target` a hidden name.
///
/// # Errors
/// When it is neither a file nor a link, or cannot be renamed.
fn set_aside(target: &Path) -> io::Result<Before> {
    let kind = match target.symlink_metadata() {
        Ok(there) => there.file_type(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Before::Nothing),
        Err(error) => return Err(error),
    };
    if !kind.is_file() && !kind.is_symlink() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a file"));
    }
    if let Ok(old) = hidden(target, |name| fs::hard_link(target, name)) {
        return Ok(Before::Linked(old));
    }
    // Not every file system has links, and not everybody may link to the files of others.
    hidden(target, |name| fs::rename(target, name)).map(Before::Renamed)
}

/// A hidden name beside `target`, as `make` makes it.
fn hidden(target: &Path, make: impl FnMut(&Path) -> io::Result<()>) -> io::Result<TempPath> {
    let made = tempfile::Builder::new().prefix(PREFIX).make_in(folder_of(target), make)?;
    Ok(made.into_temp_path())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    /// What is in a folder, by name and content.
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

    fn put(target: &Path, overwrite: bool) -> io::Result<Placed> {
        let mut file = NamedTempFile::new_in(folder_of(target)).unwrap();
        file.write_all(b"new").unwrap();
        Placed::put(file, target, overwrite)
    }

    #[test]
    fn what_is_taken_back_leaves_what_was_there_before() {
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

    #[test]
    fn the_place_of_an_old_file_is_never_empty() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("file");
        fs::write(&target, "old").unwrap();
        let before = set_aside(&target).unwrap();
        assert!(matches!(before, Before::Linked(_)) && target.exists());
        // It was not replaced: its second name goes, and does not stay behind.
        drop(Placed { target, before, is_there: false, kept: false });
        assert_eq!(inside(folder.path()), file("old"));
    }

    #[test]
    fn where_there_are_no_links_the_old_file_comes_back_as_well() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("file");
        for is_there in [false, true] {
            fs::write(&target, "old").unwrap();
            let old = hidden(&target, |name| fs::rename(&target, name)).unwrap();
            if is_there {
                fs::write(&target, "new").unwrap();
            }
            let (target, before) = (target.clone(), Before::Renamed(old));
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
