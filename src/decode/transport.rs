//! What passes between a source and the decoder, and what is known about it besides.
//!
//! symphonia may take a broken connection, a tag without end or a part that is missing for an end
//! like any other. What this room has seen is asked after every packet.

use std::io::{self, Read, Seek, SeekFrom};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use crate::error::Error;

/// Something in a recording that is no audio, and is not written again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leftover {
    /// Its name: that of a chunk or a tag, never its content.
    pub name: String,
    /// Its size in bytes.
    pub bytes: u64,
}

/// What is known about the transport, whatever the decoder makes of it: the bytes received, the
/// last of them, and the first failure, which no decoder can take for an end.
#[derive(Debug, Default)]
pub(super) struct Transport {
    received: AtomicU64,
    failure: Mutex<Option<Error>>,
    keeps_tail: AtomicBool,
    /// Bytes since the last packet.
    idle: AtomicU64,
    counts_idle: AtomicBool,
    /// How many recordings are chained in it, as far as it has been read; 0 where none can be.
    links: AtomicU64,
    /// The frames that count, where what lies behind them was filled up.
    limit: OnceLock<u64>,
    tail: Mutex<Vec<u8>>,
    leftovers: Mutex<Vec<Leftover>>,
}

/// Longer than a large FLAC frame and a short tag, so that the last packet is found in the tail.
const TAIL: usize = 64 * 1024;

/// How many bytes may pass without a packet, where symphonia would hold them in memory: tags, of
/// which it makes up to 25 times as much.
const MAX_IDLE: u64 = 2 * 1024 * 1024;

impl Transport {
    /// From now on limits what may pass without a packet.
    pub(super) fn count_idle(&self) {
        self.counts_idle.store(true, Ordering::Relaxed);
    }

    /// A packet has come.
    pub(super) fn packet(&self) {
        self.idle.store(0, Ordering::Relaxed);
    }

    pub(super) fn received(&self) -> u64 {
        self.received.load(Ordering::Relaxed)
    }

    pub(super) fn fail(&self, error: Error) {
        let mut failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        failure.get_or_insert(error);
    }

    fn has_failed(&self) -> bool {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    pub(super) fn check(&self) -> Result<(), Error> {
        let mut failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        failure.take().map_or(Ok(()), Err)
    }

    /// What decodes to more than so many frames was filled up.
    pub(super) fn limit(&self, frames: u64) {
        // Set once, where the audio ends.
        let _ = self.limit.set(frames);
    }

    /// Of frames that end at `end`, those past the limit.
    pub(super) fn past_limit(&self, end: u64) -> u64 {
        self.limit.get().map_or(0, |limit| end.saturating_sub(*limit))
    }

    /// Notes what is passed over.
    pub(super) fn left_out(&self, leftover: Leftover) {
        self.leftovers.lock().unwrap_or_else(PoisonError::into_inner).push(leftover);
    }

    pub(super) fn leftovers(&self) -> Vec<Leftover> {
        self.leftovers.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Another recording begins, behind any before it.
    pub(super) fn link(&self) {
        self.links.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn links(&self) -> u64 {
        self.links.load(Ordering::Relaxed)
    }

    /// Keeps the last bytes from now on.
    pub(super) fn keep_tail(&self) {
        self.keeps_tail.store(true, Ordering::Relaxed);
    }

    pub(super) fn tail(&self) -> Vec<u8> {
        self.tail.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn took(&self, bytes: &[u8]) {
        let count = bytes.len() as u64;
        self.received.fetch_add(count, Ordering::Relaxed);
        if self.counts_idle.load(Ordering::Relaxed)
            && self.idle.fetch_add(count, Ordering::Relaxed) + count > MAX_IDLE
        {
            let what = "a recording with more than 2 MiB between two pieces of its audio".into();
            self.fail(Error::Unsupported { what });
        }
        if !self.keeps_tail.load(Ordering::Relaxed) {
            return;
        }
        let mut tail = self.tail.lock().unwrap_or_else(PoisonError::into_inner);
        let keep = tail.len().min(TAIL.saturating_sub(bytes.len()));
        let drop = tail.len() - keep;
        tail.drain(..drop);
        tail.extend_from_slice(&bytes[bytes.len().saturating_sub(TAIL)..]);
    }
}

/// A reader that reports to a [`Transport`] what passes through it.
pub(super) struct Tap<R> {
    inner: R,
    transport: Arc<Transport>,
}

impl<R> Tap<R> {
    pub(super) fn new(inner: R, transport: &Arc<Transport>) -> Self {
        Self { inner, transport: Arc::clone(transport) }
    }
}

impl<R: Read> Read for Tap<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.inner.read(buffer) {
                Ok(count) => {
                    self.transport.took(&buffer[..count]);
                    let failed = self.transport.has_failed();
                    return if failed { Err(io::ErrorKind::Other.into()) } else { Ok(count) };
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    self.transport.fail(Error::Read(error));
                    return Err(io::ErrorKind::Other.into());
                }
            }
        }
    }
}

impl<R: Seek> Seek for Tap<R> {
    fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
        self.inner.seek(position)
    }
}
