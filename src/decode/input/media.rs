//! Adapters from readers to symphonia's `MediaSource`.

use std::io::{self, Read, Seek};
use std::sync::Mutex;

use symphonia::core::io::{MediaSourceStream, ReadOnlySource};

use crate::lock::lock;

pub(in crate::decode) trait ReadSeek: Read + Seek + Send + Sync {}

impl<T: Read + Seek + Send + Sync> ReadSeek for T {}

/// The mutex only makes the reader `Sync`, which symphonia requires; it is never contended.
struct SyncReader<R>(Mutex<R>);

impl<R: Read> Read for SyncReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        lock(&self.0).read(buffer)
    }
}

/// A stream for symphonia.
pub(in crate::decode) fn media_stream(
    inner: impl Read + Send + 'static,
) -> MediaSourceStream<'static> {
    let source = ReadOnlySource::new(SyncReader(Mutex::new(inner)));
    MediaSourceStream::new(Box::new(source), Default::default())
}
