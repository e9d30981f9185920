//! Folders that are made for the files of a recording, and go again if nothing comes of it.

use std::path::{Path, PathBuf};
use std::{fs, io};

use sordino::spool::make_folders;

/// Folders that were made. Unless they are [kept](MadeFolders::keep), those that are empty go when this is
/// dropped.
#[derive(Debug, Default)]
pub(super) struct MadeFolders(Vec<PathBuf>);

impl MadeFolders {
    /// Makes a folder and those that it is in, durably.
    pub(super) fn make(&mut self, folder: &Path) -> io::Result<()> {
        make_folders(folder, &mut self.0)
    }

    /// Takes over the folders of another.
    pub(super) fn join(&mut self, mut other: Self) {
        self.0.append(&mut other.0);
    }

    /// Keeps them.
    pub(super) fn keep(mut self) {
        self.0.clear();
    }
}

impl Drop for MadeFolders {
    fn drop(&mut self) {
        for folder in self.0.iter().rev() {
            // Fails where somebody has put something into it, which is then not ours to delete.
            let _ = fs::remove_dir(folder);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_that_were_made_go_again_unless_they_are_kept_or_in_use() {
        let base = tempfile::tempdir().unwrap();
        let inner = base.path().join("a/b");
        let make = || {
            let mut made = MadeFolders::default();
            made.make(&inner).unwrap();
            made
        };
        drop(make());
        assert_eq!(fs::read_dir(base.path()).unwrap().count(), 0);
        let made = make();
        fs::write(base.path().join("a/file"), "").unwrap();
        drop(made);
        assert!(base.path().join("a/file").exists() && !inner.exists());
        make().keep();
        assert!(inner.is_dir());
        // What was there before is not ours.
        drop(make());
        assert!(inner.is_dir());
    }
}
