//! The MD5 of the samples (RFC 9639, 8.2), on its own thread: it takes longer than decoding on a core.

use std::io;
use std::mem;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread::{self, JoinHandle};

use md5::Context;

use crate::error::Error;

/// Bytes that are handed over at once, and the number of such pieces that may wait: 2 MiB of memory.
const PIECE: usize = 256 * 1024;
const WAITING: usize = 6;

/// A thread that computes an MD5.
pub(super) struct Md5Thread {
    piece: Vec<u8>,
    full: SyncSender<Vec<u8>>,
    empty: Receiver<Vec<u8>>,
    worker: JoinHandle<[u8; 16]>,
}

impl Md5Thread {
    /// # Errors
    /// [`Error::Thread`].
    pub(super) fn new() -> Result<Self, Error> {
        let (full, pieces) = sync_channel(WAITING);
        let (recycle, empty) = channel();
        let work = move || digest(&pieces, &recycle);
        let worker = thread::Builder::new().spawn(work).map_err(Error::Thread)?;
        Ok(Self { piece: Vec::with_capacity(PIECE), full, empty, worker })
    }

    /// Adds bytes.
    pub(super) fn update(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.piece.extend_from_slice(bytes);
        if self.piece.len() < PIECE {
            return Ok(());
        }
        let next = self.empty.try_recv().unwrap_or_else(|_| Vec::with_capacity(PIECE));
        let piece = mem::replace(&mut self.piece, next);
        self.full.send(piece).map_err(|_| gone())
    }

    /// The MD5 of all bytes.
    pub(super) fn finish(self) -> Result<[u8; 16], Error> {
        let Self { piece, full, worker, .. } = self;
        full.send(piece).map_err(|_| gone())?;
        drop(full);
        worker.join().map_err(|_| gone())
    }
}

fn digest(pieces: &Receiver<Vec<u8>>, recycle: &Sender<Vec<u8>>) -> [u8; 16] {
    let mut sum = Context::new();
    for mut piece in pieces {
        sum.consume(&piece);
        piece.clear();
        // Sending fails once no more pieces are needed.
        let _ = recycle.send(piece);
    }
    sum.finalize().0
}

fn gone() -> Error {
    Error::Thread(io::Error::other("the thread of the MD5 has ended early"))
}
