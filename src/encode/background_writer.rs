//! Background writer: a thread writes the spool while the next blocks are decoded.
//!
//! In: the bytes that the encoder writes. Out: the same bytes in the [`Spool`]. The encoder seeks only
//! once, to complete the header; before the seek the thread finishes, and later writes are direct.
//! Errors: I/O errors such as a full disk, which the next write, seek or flush returns.

use std::io::{self, Seek, SeekFrom, Write};
use std::mem;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread::{self, JoinHandle};

use crate::block::append;
use crate::error::Error;
use crate::spool::{Follower, Spool};

/// Bytes in one write: large, so that a recording needs few system calls, and whole pages of the system's
/// cache, which Linux copies fastest.
const CHUNK: usize = 256 * 1024;

/// Number of chunks that may wait to be written: enough for a short delay of the disk, and with
/// [`CHUNK`] about 2 MiB of memory.
const WAITING: usize = 6;

/// A [`Spool`] that another thread writes.
pub(crate) struct BackgroundWriter {
    chunk: Vec<u8>,
    thread: Option<WriterThread>,
    /// After the thread has ended; `None` if it has failed.
    spool: Option<Spool>,
}

struct WriterThread {
    full: SyncSender<Vec<u8>>,
    empty: Receiver<Vec<u8>>,
    worker: JoinHandle<Written>,
}

/// The thread returns the spool even after an error; dropping it removes its file.
type Written = (Spool, io::Result<()>);

impl BackgroundWriter {
    /// Also returns a reader of what has been written, where the spool allows it.
    ///
    /// # Errors
    /// [`Error::Thread`].
    pub(crate) fn new(spool: Spool) -> Result<(Self, Option<Follower>), Error> {
        let (full, chunks) = sync_channel(WAITING);
        let (recycle, empty) = channel();
        let (told, follower) = spool.follow().unzip();
        let work = move || write_all(spool, &chunks, &recycle, told.as_ref());
        let worker = thread::Builder::new().spawn(work).map_err(Error::Thread)?;
        let thread = Some(WriterThread { full, empty, worker });
        Ok((Self { chunk: Vec::with_capacity(CHUNK), thread, spool: None }, follower))
    }

    /// Returns the spool after all bytes have been written.
    pub(crate) fn into_spool(mut self) -> io::Result<Spool> {
        self.settle()?;
        self.spool.take().ok_or_else(gone)
    }

    /// Sends the chunk to the thread, and takes an empty one.
    fn hand_over(&mut self) -> io::Result<()> {
        let Some(thread) = &self.thread else { return Ok(()) };
        let next = thread.empty.try_recv().unwrap_or_else(|_| Vec::with_capacity(CHUNK));
        let chunk = mem::replace(&mut self.chunk, next);
        match thread.full.send(chunk) {
            Ok(()) => Ok(()),
            // The thread ends early only after an error.
            Err(_) => self.settle().map(drop),
        }
    }

    /// Waits until the thread has written everything; later writes are direct.
    fn settle(&mut self) -> io::Result<&mut Spool> {
        if let Some(WriterThread { full, worker, .. }) = self.thread.take() {
            // Sending fails if the thread has failed; then `result` has the error.
            let _ = full.send(mem::take(&mut self.chunk));
            drop(full);
            let (spool, result) = worker.join().map_err(|_| gone())?;
            result?;
            self.spool = Some(spool);
        }
        self.spool.as_mut().ok_or_else(gone)
    }
}

impl Drop for BackgroundWriter {
    /// Waits for the thread, so that the name of the hidden file is gone before the caller sees an error.
    fn drop(&mut self) {
        if let Some(WriterThread { full, worker, .. }) = self.thread.take() {
            drop(full);
            drop(worker.join());
        }
    }
}

impl Write for BackgroundWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.thread.is_none() {
            return self.settle()?.write(bytes);
        }
        let count = bytes.len().min(CHUNK - self.chunk.len());
        append(&mut self.chunk, &bytes[..count]);
        if self.chunk.len() == CHUNK {
            self.hand_over()?;
        }
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.settle().map(drop)
    }
}

impl Seek for BackgroundWriter {
    fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
        self.settle()?.seek(position)
    }
}

/// The thread: writes chunks until there are no more, or one fails. `told`: gets the size of each.
fn write_all(
    mut spool: Spool,
    chunks: &Receiver<Vec<u8>>,
    recycle: &Sender<Vec<u8>>,
    told: Option<&Sender<u64>>,
) -> Written {
    for mut chunk in chunks {
        if let Err(error) = spool.write_all(&chunk) {
            return (spool, Err(error));
        }
        // Sending fails once the follower has ended.
        let _ = told.map(|told| told.send(chunk.len() as u64));
        chunk.clear();
        // Sending fails once the writer no longer needs chunks.
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
    fn all_bytes_arrive_in_order() {
        let bytes: Vec<u8> = (0..3_000_000u32).map(|n| n.to_le_bytes()[n as usize % 3]).collect();
        for piece in [1000, 100_000, CHUNK, 3 * CHUNK] {
            let (mut writer, _) = BackgroundWriter::new(Spool::anonymous()).unwrap();
            bytes.chunks(piece).for_each(|piece| writer.write_all(piece).unwrap());
            writer.seek(SeekFrom::Start(2)).unwrap();
            writer.write_all(b"header").unwrap();
            let spool = writer.into_spool().unwrap();
            let mut back = Vec::new();
            spool.reader().unwrap().read_to_end(&mut back).unwrap();
            assert!(back[..2] == bytes[..2] && &back[2..8] == b"header" && back[8..] == bytes[8..]);
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_follower_reads_everything_while_it_is_written_and_stops_at_the_end() {
        let bytes: Vec<u8> = (0..3_000_000u32).map(|n| n.to_le_bytes()[n as usize % 3]).collect();
        let folder = tempfile::tempdir().unwrap();
        let spool = Spool::nameless_beside(&folder.path().join("out")).unwrap();
        let (mut writer, follower) = BackgroundWriter::new(spool).unwrap();
        let mut follower = follower.unwrap();
        let reader = thread::spawn(move || {
            let mut found = Vec::new();
            follower.read_to_end(&mut found).map(|_| found)
        });
        bytes.chunks(1000).for_each(|piece| writer.write_all(piece).unwrap());
        writer.seek(SeekFrom::Start(2)).unwrap();
        assert!(reader.join().unwrap().unwrap() == bytes);
    }
}
