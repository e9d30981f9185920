//! A pipe from async to blocking code: a download arrives in pieces, and a decoder reads it.
//!
//! The channel is bounded: memory stays constant, and a slow decoder slows the download. A broken transport
//! arrives as an [`io::Error`], never as an end of the data. Its cause is kept in a [`Failure`], because a
//! decoder may hide it.

use std::error::Error;
use std::io::{self, Read};
use std::sync::{Arc, OnceLock};

use bytes::{Buf, Bytes};
use tokio::sync::mpsc::{Receiver, Sender, channel};

/// Pieces that may wait for the decoder; a piece is the result of one read of the socket.
const WAITING: usize = 8;

/// Where the pieces go in. An empty piece is the end; a channel that closes without one was abandoned.
pub(crate) type Pieces<E> = Sender<Result<Bytes, E>>;

/// Where the bytes come out. Reading blocks.
#[derive(Debug)]
pub(crate) struct Pipe<E> {
    pieces: Receiver<Result<Bytes, E>>,
    current: Bytes,
    ended: bool,
    abandoned: E,
    failure: Failure<E>,
}

/// The cause of a broken download. Shared with the download, so that it can be read after the download was
/// handed to a decoder.
#[derive(Debug, Clone)]
pub struct Failure<E>(Arc<OnceLock<E>>);

impl<E: Error + Clone + Send + Sync + 'static> Failure<E> {
    /// The first cause; `None` if nothing has failed.
    pub fn cause(&self) -> Option<&E> {
        self.0.get()
    }

    /// Keeps the first cause, and returns the error for the reader.
    fn keep(&self, error: E) -> io::Error {
        let reported = io::Error::other(error.clone());
        let _ = self.0.set(error);
        reported
    }
}

/// A new pipe. `abandoned` is the error when the sender goes away before the end.
pub(crate) fn pipe<E>(abandoned: E) -> (Pieces<E>, Pipe<E>) {
    let (sender, pieces) = channel(WAITING);
    let failure = Failure(Arc::default());
    (sender, Pipe { pieces, current: Bytes::new(), ended: false, abandoned, failure })
}

impl<E: Clone> Pipe<E> {
    /// A handle to the cause of a failure, to keep when the pipe is handed on.
    pub(crate) fn failure(&self) -> Failure<E> {
        self.failure.clone()
    }
}

impl<E: Error + Clone + Send + Sync + 'static> Read for Pipe<E> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.current.is_empty() && !self.ended {
            let piece = self.pieces.blocking_recv();
            let piece = piece.unwrap_or_else(|| Err(self.abandoned.clone()));
            self.current = piece.map_err(|error| self.failure.keep(error))?;
            self.ended = self.current.is_empty();
        }
        let count = self.current.len().min(buffer.len());
        self.current.copy_to_slice(&mut buffer[..count]);
        Ok(count)
    }
}
