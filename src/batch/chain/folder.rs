//! A chain in a local folder: one file, which grows.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::PathBuf;

use super::shelf::Shelf;

/// How much is read at once: many lines.
const PIECE: u64 = 1024 * 1024;

/// A folder with files such as `chain.jsonl`. A position is a length in bytes.
#[derive(Debug)]
pub struct FolderShelf {
    pub(super) folder: PathBuf,
}

impl FolderShelf {
    /// The chains of this folder, which is made when it is needed.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    fn path(&self, chain: &str) -> PathBuf {
        self.folder.join(format!("{chain}.jsonl"))
    }
}

impl Shelf for FolderShelf {
    fn next(&self, chain: &str, position: u64) -> io::Result<Option<(Vec<u8>, u64)>> {
        let mut file = match File::open(self.path(chain)) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        file.seek(SeekFrom::Start(position))?;
        let mut piece = Vec::new();
        file.take(PIECE).read_to_end(&mut piece)?;
        match piece.iter().rposition(|byte| *byte == b'\n') {
            Some(end) => {
                piece.truncate(end + 1);
                let position = position + piece.len() as u64;
                Ok(Some((piece, position)))
            }
            None if piece.len() as u64 == PIECE => {
                Err(io::Error::new(io::ErrorKind::InvalidData, "it has a line without an end"))
            }
            // The line of a process that was killed, or that is writing now.
            None => Ok(None),
        }
    }

    fn add(&self, chain: &str, position: u64, piece: &[u8]) -> io::Result<Option<u64>> {
        let path = self.path(chain);
        fs::create_dir_all(&self.folder)?;
        let mut options = OpenOptions::new();
        let mut file = options.read(true).write(true).create(true).truncate(false).open(path)?;
        // Until the file is closed.
        #[cfg(unix)]
        rustix::fs::flock(&file, rustix::fs::FlockOperation::LockExclusive)?;
        if self.next(chain, position)?.is_some() {
            return Ok(None);
        }
        let length = file.metadata()?.len();
        if length < position {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "somebody has shortened it"));
        }
        // The rest of a piece whose process was killed: no whole line, so nobody has read it.
        file.set_len(position)?;
        file.seek(SeekFrom::Start(position))?;
        file.write_all(piece)?;
        file.sync_all()?;
        // The name too; only Unix can open a folder.
        if position == 0 && cfg!(unix) {
            File::open(&self.folder)?.sync_all()?;
        }
        Ok(Some(position + piece.len() as u64))
    }
}
