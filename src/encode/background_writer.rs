//! Writing behind: the spool is written on a thread of its own, while the next blocks are decoded.
//!
//! In: what hound writes, in order. Out: the same bytes in the [`Spool`]. hound seeks once, when it
//! completes the header; then the thread has done its work and the rest is written directly. What
//! can go wrong: the disk is full, which the next write, seek or flush reports.

use std::io::{self, Seek, SeekFrom, Write};
use std::mem;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread::{self, JoinHandle};

use crate::error::Error;
use crate::spool::Spool;

/// Large enough that writing a recording takes few calls.
const CHUNK: usize = 256 * 1024;

/// How many chunks may wait to be written: enough to ride out a slow moment of the disk, and with
/// [`CHUNK`] about 2 MiB of memory.
const WAITING: usize = 6;

/// A [`Spool`] that is written by another thread.
pub(crate) struct BackgroundWriter {
    chunk: Vec<u8>,
    state: WriterState,
}

enum WriterState {
    Background {
        full: SyncSender<Vec<u8>>,
        empty: Receiver<Vec<u8>>,
        worker: JoinHandle<Written>,
    },
    Direct(Spool),
    /// The worker has failed, or the spool has been taken.
    Gone,
}

/// The spool comes back even when writing failed: dropping it removes its file.
type Written = (Spool, io::Result<()>);

impl BackgroundWriter {
    /// # Errors
    /// [`Error::Thread`].
    pub(crate) fn new(spool: Spool) -> Result<Self, Error> {
        let (full, chunks) = sync_channel(WAITING);
        let (recycle, empty) = channel();
        let work = move || write_all(spool, &chunks, &recycle);
        let worker = thread::Builder::new().spawn(work).map_err(Error::Thread)?;
        let state = WriterState::Background { full, empty, worker };
        Ok(Self { chunk: Vec::with_capacity(CHUNK), state })
    }

    /// The spool, with everything written.
    pub(crate) fn into_spool(mut self) -> io::Result<Spool> {
        self.settle()?;
        match mem::replace(&mut self.state, WriterState::Gone) {
            WriterState::Direct(spool) => Ok(spool),
            _ => Err(gone()),
        }
    }

    /// Hands the chunk over, and takes an empty one in its place.
    fn hand_over(&mut self) -> io::Result<()> {
        let WriterState::Background { full, empty, .. } = &self.state else { return Ok(()) };
        let next = empty.try_recv().unwrap_or_else(|_| Vec::with_capacity(CHUNK));
        let chunk = mem::replace(&mut self.chunk, next);
        match full.send(chunk) {
            Ok(()) => Ok(()),
            // The worker stops early only when it fails.
            Err(_) => self.settle(),
        }
    }

    /// Waits until everything is written; from here on writes are direct.
    fn settle(&mut self) -> io::Result<()> {
        let (full, worker) = match mem::replace(&mut self.state, WriterState::Gone) {
            WriterState::Background { full, worker, .. } => (full, worker),
            WriterState::Direct(spool) => {
                self.state = WriterState::Direct(spool);
                return Ok(());
            }
            WriterState::Gone => return Err(gone()),
        };
        // If the worker has failed it takes no more; then its own error is the one to tell.
        let _ = full.send(mem::take(&mut self.chunk));
        drop(full);
        let (spool, result) = worker.join().map_err(|_| gone())?;
        result?;
        self.state = WriterState::Direct(spool);
        Ok(())
    }
}

impl Drop for BackgroundWriter {
    /// Waits for the worker, so that the hidden file is gone when the caller hears of a failure.
    fn drop(&mut self) {
        if let WriterState::Background { full, worker, .. } =
            mem::replace(&mut self.state, WriterState::Gone)
        {
            drop(full);
            drop(worker.join());
        }
    }
}

impl Write for BackgroundWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.state {
            WriterState::Background { .. } => {
                self.chunk.extend_from_slice(bytes);
                if self.chunk.len() >= CHUNK {
                    self.hand_over()?;
                }
                Ok(bytes.len())
            }
            WriterState::Direct(spool) => spool.write(bytes),
            WriterState::Gone => Err(gone()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.settle()
    }
}

impl Seek for BackgroundWriter {
    fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
        self.settle()?;
        match &mut self.state {
            WriterState::Direct(spool) => spool.seek(position),
            _ => Err(gone()),
        }
    }
}

/// The worker: writes chunk after chunk until there are no more, or one fails.
fn write_all(mut spool: Spool, chunks: &Receiver<Vec<u8>>, recycle: &Sender<Vec<u8>>) -> Written {
    for mut chunk in chunks {
        if let Err(error) = spool.write_all(&chunk) {
            return (spool, Err(error));
        }
        chunk.clear();
        // Nobody takes it back once the recording is complete.
        let _ = recycle.send(chunk);
    }
    (spool, Ok(()))
}

fn gone() -> io::Error {
    io::Error::other("the output has failed before")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    #[test]
    fn what_is_written_behind_arrives_whole_and_in_order() {
        let bytes: Vec<u8> = (0..3_000_000u32).map(|n| n.to_le_bytes()[n as usize % 3]).collect();
        for piece in [1000, 100_000, CHUNK, 3 * CHUNK] {
            let mut behind = BackgroundWriter::new(Spool::anonymous()).unwrap();
            bytes.chunks(piece).for_each(|piece| behind.write_all(piece).unwrap());
            behind.seek(SeekFrom::Start(2)).unwrap();
            behind.write_all(b"header").unwrap();
            let spool = behind.into_spool().unwrap();
            let mut back = Vec::new();
            spool.reader().unwrap().read_to_end(&mut back).unwrap();
            assert!(back[..2] == bytes[..2] && &back[2..8] == b"header" && back[8..] == bytes[8..]);
        }
    }
}
