//! Sources: where the bytes of a recording come from.
//!
//! Nearly everything is read as a stream, from a file too, so that a recording decodes alike
//! however it arrives. Only containers that keep their index behind their audio are sought in.

use std::fs::File;
use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::thread;

use symphonia::core::io::MediaSource;

use crate::error::Error;

/// Hours of anything that telephony records.
const MEMORY_LIMIT: u64 = 256 * 1024 * 1024;

/// Behind so many decoders, reading the container and writing the output are what takes the time.
const USUAL_THREADS: usize = 4;

/// More than any machine needs for one recording.
const MOST_THREADS: usize = 64;

/// The bytes of one recording, from a file or from anything that can be read.
pub struct Source {
    pub(super) input: Input,
    pub(super) length: Option<u64>,
    pub(super) options: Options,
    pub(super) digested: bool,
}

/// How a recording is to be decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// What the output of A-law and µ-law is.
    pub encoding: Encoding,
    /// The sample rate at which Opus is decoded, in Hz: 8000, 12000, 16000, 24000 or 48000. `None`
    /// takes the rate that the recording was made at, where it is one of these.
    pub opus_rate: Option<u32>,
    /// How many bytes of a stream may be held in memory when its container cannot be streamed: at
    /// first 256 MiB.
    pub memory_limit: u64,
    /// How many threads decode FLAC, MP3 and Vorbis, to the same samples as one; never more than 64.
    /// `None` takes as many as the machine runs at once, but no more than 4. With 1 no thread is
    /// started; take that where several recordings are redacted side by side.
    pub threads: Option<NonZeroUsize>,
}

impl Default for Options {
    fn default() -> Self {
        let (opus_rate, threads) = (None, None);
        Self { encoding: Encoding::Pcm, opus_rate, memory_limit: MEMORY_LIMIT, threads }
    }
}

impl Options {
    /// How many threads decode. To know the cores several files are read, so the system is asked only
    /// where that is of use.
    pub(super) fn threads(self) -> usize {
        match self.threads {
            Some(count) => count.get().min(MOST_THREADS),
            None => {
                thread::available_parallelism().map_or(1, |count| count.get().min(USUAL_THREADS))
            }
        }
    }
}

/// How the samples of the output are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Encoding {
    /// As PCM: of the source's own width, and of 16 bits where it has none.
    #[default]
    Pcm,
    /// As [`Encoding::Pcm`]; but A-law stays A-law and µ-law stays µ-law, and every code outside
    /// the windows is what it was.
    Same,
}

pub(super) enum Input {
    File(File),
    Stream(Box<dyn Read + Send>),
}

impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Source").field("length", &self.length).finish_non_exhaustive()
    }
}

impl Source {
    /// A file. Pipes and devices are read as streams.
    ///
    /// # Errors
    /// [`Error::Read`] when it cannot be opened, or is a folder.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        let file = File::open(path).map_err(Error::Read)?;
        let metadata = file.metadata().map_err(Error::Read)?;
        if metadata.is_dir() {
            return Err(Error::Read(io::ErrorKind::IsADirectory.into()));
        }
        if !metadata.is_file() {
            return Ok(Self::stream(file));
        }
        let length = Some(metadata.len());
        let input = Input::File(file);
        Ok(Self { input, length, options: Options::default(), digested: false })
    }

    /// Anything that can be read, once, from its beginning.
    pub fn stream(reader: impl Read + Send + 'static) -> Self {
        let input = Input::Stream(Box::new(reader));
        Self { input, length: None, options: Options::default(), digested: false }
    }

    /// The same source with the number of bytes that it will give, for progress.
    #[must_use]
    pub fn with_length(mut self, bytes: u64) -> Self {
        self.length = Some(bytes);
        self
    }

    /// The same source, to be decoded with these options.
    #[must_use]
    pub fn with_options(mut self, options: Options) -> Self {
        self.options = options;
        self
    }

    /// The same source; the decoder will know the digest of all of its bytes.
    #[must_use]
    pub(crate) fn digested(mut self, digested: bool) -> Self {
        self.digested = digested;
        self
    }

    /// The number of bytes that the source gives, where that is known.
    pub fn length(&self) -> Option<u64> {
        self.length
    }
}

/// Reads up to `count` bytes, fewer only at the end.
pub(super) fn read_up_to(reader: &mut impl Read, count: u64) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    reader.take(count).read_to_end(&mut bytes).map_err(Error::Read)?;
    Ok(bytes)
}

/// A source as symphonia wants it.
pub(super) enum Media {
    /// `Mutex` only makes it `Sync`, which symphonia asks for; it is never contended.
    Stream(Mutex<Box<dyn Read + Send>>),
    /// With its length in bytes, which symphonia wants to know of what can be sought in.
    Seekable(Box<dyn ReadSeek>, u64),
}

pub(super) trait ReadSeek: Read + Seek + Send + Sync {}
impl<T: Read + Seek + Send + Sync> ReadSeek for T {}

impl Media {
    /// What was read ahead, then the rest.
    pub(super) fn stream(head: Vec<u8>, rest: impl Read + Send + 'static) -> Self {
        Self::Stream(Mutex::new(Box::new(Cursor::new(head).chain(rest))))
    }

    /// Something that can be sought in, from its beginning.
    pub(super) fn seekable(mut inner: impl ReadSeek + 'static) -> Result<Self, Error> {
        let length = inner.seek(SeekFrom::End(0)).map_err(Error::Read)?;
        inner.seek(SeekFrom::Start(0)).map_err(Error::Read)?;
        Ok(Self::Seekable(Box::new(inner), length))
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
