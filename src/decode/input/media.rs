//! A source in the form that symphonia reads.

use std::io::{self, Read, Seek, SeekFrom};
use std::sync::Mutex;

use symphonia::core::io::{MediaSource, MediaSourceStream};

use crate::error::Error;
use crate::lock::lock;

/// Makes streams for the readers of symphonia.
pub(in crate::decode) enum Media {
    /// `Mutex` only makes it `Sync`, which symphonia asks for; it is never contended.
    Stream(Mutex<Box<dyn Read + Send>>),
    /// With its length in bytes, which symphonia wants to know of what can be sought in.
    Seekable(Box<dyn ReadSeek>, u64),
}

pub(in crate::decode) trait ReadSeek: Read + Seek + Send + Sync {}
impl<T: Read + Seek + Send + Sync> ReadSeek for T {}

impl Media {
    /// A stream, for a reader of symphonia.
    pub(in crate::decode) fn stream(
        inner: impl Read + Send + 'static,
    ) -> MediaSourceStream<'static> {
        Self::Stream(Mutex::new(Box::new(inner))).opened()
    }

    /// Something that can be sought in, from its beginning.
    ///
    /// # Errors
    /// [`Error::Read`] when it cannot be sought in.
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
            Self::Stream(reader) => lock(reader).read(buffer),
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
