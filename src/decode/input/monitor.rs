//! Monitoring of the bytes between a source and the decoder.
//!
//! symphonia may treat a broken connection, or an endless tag, as the normal end of the file. So the
//! monitor records the first failure, and the decoder checks for it after every packet.

use std::io::{self, Read, Seek, SeekFrom};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use crate::error::Error;
use crate::lock::lock;

/// A part of a recording that is not audio, and is not in the output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leftover {
    /// Name of the chunk or tag, never its content.
    pub name: String,
    /// Size in bytes.
    pub bytes: u64,
}

/// Facts about the input, independent of the decoder: bytes received, the first failure, and the parts
/// that are not audio.
#[derive(Debug, Default)]
pub(in crate::decode) struct InputMonitor {
    received: AtomicU64,
    failure: Mutex<Option<Error>>,
    /// Bytes since the last packet.
    idle: AtomicU64,
    counts_idle: AtomicBool,
    leftovers: Mutex<Vec<Leftover>>,
}

/// Maximum number of bytes between two packets, for containers whose tags symphonia holds in memory,
/// where a tag takes up to 25 times its size.
const MAX_IDLE: u64 = 2 * 1024 * 1024;

/// From this number of names on, a tag with another name is only counted.
const MOST_NAMES: usize = 100;

impl InputMonitor {
    /// Limits the bytes between two packets from now on.
    pub(in crate::decode) fn count_idle(&self) {
        self.counts_idle.store(true, Ordering::Relaxed);
    }

    /// Notes that a packet was read.
    pub(in crate::decode) fn packet(&self) {
        self.idle.store(0, Ordering::Relaxed);
    }

    /// Bytes received so far.
    pub(in crate::decode) fn received(&self) -> u64 {
        self.received.load(Ordering::Relaxed)
    }

    /// Records a failure, unless there is one already.
    pub(in crate::decode) fn fail(&self, error: Error) {
        lock(&self.failure).get_or_insert(error);
    }

    /// Records a failure inside a `read`, and returns the I/O error that this `read` must return.
    pub(in crate::decode) fn fail_read<T>(&self, error: Error) -> io::Result<T> {
        self.fail(error);
        Err(io::ErrorKind::Other.into())
    }

    /// Returns the recorded failure once: a second call returns `Ok`.
    pub(in crate::decode) fn check(&self) -> Result<(), Error> {
        lock(&self.failure).take().map_or(Ok(()), Err)
    }

    /// Records parts that are not audio.
    pub(in crate::decode) fn left_out(&self, leftovers: impl IntoIterator<Item = Leftover>) {
        lock(&self.leftovers).extend(leftovers);
    }

    /// Records tags of which there may be any number, those with one name as one.
    pub(in crate::decode) fn left_out_earlier(&self, tags: Vec<Leftover>) {
        let mut all = lock(&self.leftovers);
        for mut tag in tags {
            if all.len() >= MOST_NAMES {
                tag.name = "another tag".into();
            }
            match all.iter_mut().find(|one| one.name == tag.name) {
                Some(one) => one.bytes += tag.bytes,
                None => all.push(tag),
            }
        }
    }

    /// The recorded parts that are not audio.
    pub(in crate::decode) fn leftovers(&self) -> Vec<Leftover> {
        lock(&self.leftovers).clone()
    }

    fn took(&self, count: u64) {
        self.received.fetch_add(count, Ordering::Relaxed);
        if self.counts_idle.load(Ordering::Relaxed)
            && self.idle.fetch_add(count, Ordering::Relaxed) + count > MAX_IDLE
        {
            let what = "a recording with more than 2 MiB between two of its packets".into();
            self.fail(Error::Unsupported { what });
        }
    }
}

/// A reader that reports to an [`InputMonitor`].
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
                Err(error) => return self.monitor.fail_read(Error::Read(error)),
            }
        }
    }
}

impl<R: Seek> Seek for MonitoredReader<R> {
    fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
        self.inner.seek(position)
    }
}
