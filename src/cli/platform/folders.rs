//! Folders that are made for the files of a recording, and go again if nothing comes of it.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// Folders that were made. Unless they are [kept](MadeFolders::keep), those that are empty go when this is
/// dropped.
#[derive(Debug, Default)]
pub(super) struct MadeFolders(Vec<PathBuf>);

impl MadeFolders {
    /// Makes a folder and those that it is in, durably.
    pub(super) fn make(&mut self, folder: &Path) -> io::Result<()> {
        let is_missing = |path: &&Path| !path.as_os_str().is_empty() && !path.is_dir();
        let missing: Vec<&Path> = folder.ancestors().take_while(is_missing).collect();
        for path in missing.into_iter().rev() {
            match fs::create_dir(path) {
                // Another process was faster.
                Err(_) if path.is_dir() => continue,
                made => made?,
            }
            self.0.push(path.to_owned());
            // Only Unix can open a folder.
            if let (Some(parent), true) = (path.parent(), cfg!(unix)) {
                let parent = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
                File::open(parent)?.sync_all()?;
            }
        }
        Ok(())
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
