//! What passes between a source and the decoder, and what is known about it besides.
//!
//! symphonia may take a broken connection, or a tag without end, for an end like any other. What this
//! room has seen is asked after every packet.

use std::io::{self, Read, Seek, SeekFrom};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use crate::error::Error;
use crate::lock::lock;

/// Something in a recording that is no audio, and is not written again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leftover {
    /// Its name: that of a chunk or a tag, never its content.
    pub name: String,
    /// Its size in bytes.
    pub bytes: u64,
}

/// What is known about the input, whatever the decoder makes of it: the bytes received, and the
/// first failure, which no decoder can take for an end.
#[derive(Debug, Default)]
pub(in crate::decode) struct InputMonitor {
    received: AtomicU64,
    failure: Mutex<Option<Error>>,
    /// Bytes since the last packet.
    idle: AtomicU64,
    counts_idle: AtomicBool,
    leftovers: Mutex<Vec<Leftover>>,
}

/// How many bytes may pass without a packet, where symphonia would hold them in memory: tags, of
/// which it makes up to 25 times as much.
const MAX_IDLE: u64 = 2 * 1024 * 1024;

impl InputMonitor {
    /// From now on limits what may pass without a packet.
    pub(in crate::decode) fn count_idle(&self) {
        self.counts_idle.store(true, Ordering::Relaxed);
    }

    /// A packet has come.
    pub(in crate::decode) fn packet(&self) {
        self.idle.store(0, Ordering::Relaxed);
    }

    /// Bytes received so far.
    pub(in crate::decode) fn received(&self) -> u64 {
        self.received.load(Ordering::Relaxed)
    }

    /// Notes a failure. The first one counts.
    pub(in crate::decode) fn fail(&self, error: Error) {
        lock(&self.failure).get_or_insert(error);
    }

    /// Notes a failure, and gives what a reader returns then.
    pub(in crate::decode) fn failed<T>(&self, error: Error) -> io::Result<T> {
        self.fail(error);
        Err(io::ErrorKind::Other.into())
    }

    /// The first failure, once.
    pub(in crate::decode) fn check(&self) -> Result<(), Error> {
        lock(&self.failure).take().map_or(Ok(()), Err)
    }

    /// Notes what is passed over.
    pub(in crate::decode) fn left_out(&self, leftovers: impl IntoIterator<Item = Leftover>) {
        lock(&self.leftovers).extend(leftovers);
    }

    /// What was passed over so far.
    pub(in crate::decode) fn leftovers(&self) -> Vec<Leftover> {
        lock(&self.leftovers).clone()
    }

    fn took(&self, count: u64) {
        self.received.fetch_add(count, Ordering::Relaxed);
        if self.counts_idle.load(Ordering::Relaxed)
            && self.idle.fetch_add(count, Ordering::Relaxed) + count > MAX_IDLE
        {
            let what = "a recording with more than 2 MiB between two pieces of its audio".into();
            self.fail(Error::Unsupported { what });
        }
    }
}

/// A reader that reports to an [`InputMonitor`] what passes through it.
pub(in crate::decode) struct MonitoredReader<R> {
    inner: R,
    monitor: Arc<InputMonitor>,
}

impl<R> MonitoredReader<R> {
    pub(in crate::decode) fn new(inner: R, monitor: &Arc<InputMonitor>) -> Self {
        Self { inner, monitor: Arc::clone(monitor) }
    }
}

impl<R: Read> Read for MonitoredReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.inner.read(buffer) {
                Ok(count) => {
                    self.monitor.took(count as u64);
                    let failed = lock(&self.monitor.failure).is_some();
                    return if failed { Err(io::ErrorKind::Other.into()) } else { Ok(count) };
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return self.monitor.failed(Error::Read(error)),
            }
        }
    }
}

impl<R: Seek> Seek for MonitoredReader<R> {
    fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
        self.inner.seek(position)
    }
}
