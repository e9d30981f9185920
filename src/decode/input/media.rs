//! Adapters from readers to symphonia's `MediaSource`.

use std::io::{self, Read, Seek, SeekFrom};
use std::sync::{Mutex, PoisonError};

use symphonia::core::io::{MediaSource, MediaSourceStream};

use crate::error::Error;

/// A [`MediaSource`].
pub(in crate::decode) enum Media {
    /// The mutex only makes the reader `Sync`, which symphonia requires; it is never contended.
    Stream(Mutex<Box<dyn Read + Send>>),
    /// With its length in bytes.
    Seekable(Box<dyn ReadSeek>, u64),
}

pub(in crate::decode) trait ReadSeek: Read + Seek + Send + Sync {}
impl<T: Read + Seek + Send + Sync> ReadSeek for T {}

impl Media {
    /// Wraps a stream.
    pub(in crate::decode) fn stream(
        inner: impl Read + Send + 'static,
    ) -> MediaSourceStream<'static> {
        Self::Stream(Mutex::new(Box::new(inner))).opened()
    }

    /// Wraps a seekable reader, and moves it to its beginning.
    ///
    /// # Errors
    /// [`Error::Read`] when seeking fails.
    pub(in crate::decode) fn seekable(
        mut inner: Box<dyn ReadSeek>,
    ) -> Result<MediaSourceStream<'static>, Error> {
        let length = inner.seek(SeekFrom::End(0)).map_err(Error::Read)?;
        inner.seek(SeekFrom::Start(0)).map_err(Error::Read)?;
        Ok(Self::Seekable(inner, length).opened())
    }

    fn opened(self) -> MediaSourceStream<'static> {
        MediaSourceStream::new(Box::new(self), Default::default())
    }
}

impl Read for Media {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Stream(reader) => {
                reader.get_mut().unwrap_or_else(PoisonError::into_inner).read(buffer)
            }
            Self::Seekable(reader, _) => reader.read(buffer),
        }
    }
}

impl Seek for Media {
    fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
        match self {
            Self::Stream(_) => Err(io::ErrorKind::Unsupported.into()),
            Self::Seekable(reader, _) => reader.seek(position),
        }
    }
}

impl MediaSource for Media {
    fn is_seekable(&self) -> bool {
        matches!(self, Self::Seekable(..))
    }

    fn byte_len(&self) -> Option<u64> {
        match self {
            Self::Stream(_) => None,
            Self::Seekable(_, length) => Some(*length),
        }
    }
}
