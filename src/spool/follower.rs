//! Follower: reads what is written while it is written, as `tail -f` does.

use std::fs::File;
use std::io::{self, Read};
use std::sync::mpsc::Receiver;

/// A reader of a spool that another thread writes. It waits for the bytes that are not there yet. Where the
/// writer has ended, so does the content.
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
                Err(_) => return Ok(0),
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
