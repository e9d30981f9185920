//! Follower: reads what is written while it is written, as `tail -f` does.

use std::fs::File;
use std::io::{self, Read};
use std::sync::mpsc::Receiver;

/// A reader of a spool that another thread writes. It waits for the bytes that are not there yet; when the
/// writer has ended, it reads to the end of the file.
#[derive(Debug)]
pub(crate) struct Follower {
    pub(super) file: File,
    /// The number of bytes of each write. Its sender is the writer's.
    pub(super) written: Receiver<u64>,
    /// Bytes that are written and not read.
    pub(super) ready: u64,
}

impl Read for Follower {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.ready == 0 {
            match self.written.recv() {
                Ok(more) => self.ready = more,
                Err(_) => return self.file.read(buffer),
            }
        }
        self.ready += self.written.try_iter().sum::<u64>();
        let most =
            usize::try_from(self.ready).map_or(buffer.len(), |ready| ready.min(buffer.len()));
        let count = self.file.read(&mut buffer[..most])?;
        self.ready -= count as u64;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::spool::Spool;

    #[cfg(target_os = "linux")]
    #[test]
    fn a_follower_does_not_run_ahead_and_reads_to_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let mut spool = Spool::nameless_beside(&folder.path().join("out")).unwrap();
        let (told, mut follower) = spool.follow().unwrap();
        spool.write_all(&[7; 100]).unwrap();
        let mut found = [0; 200];
        told.send(60).unwrap();
        assert_eq!(follower.read(&mut found[..50]).unwrap(), 50);
        assert_eq!(follower.read(&mut found).unwrap(), 10);
        told.send(30).unwrap();
        drop(told);
        assert_eq!(follower.read(&mut found).unwrap(), 30);
        assert_eq!(follower.read(&mut found).unwrap(), 10, "of which nobody told");
        assert_eq!(follower.read(&mut found).unwrap(), 0);
    }
}
