//! Sources: where the bytes of a recording come from.
//!
//! Nearly everything is read as a stream, from a file too, so that a recording decodes alike
//! however it arrives. Only containers that keep their index behind their audio are sought in.

use std::fs::File;
use std::io::{self, Read};
use std::num::NonZeroUsize;
use std::path::Path;
use std::thread;

use super::raw::RawFormat;
use crate::error::Error;

/// Hours of anything that telephony records.
const MEMORY_LIMIT: u64 = 256 * 1024 * 1024;

/// Behind so many decoders, reading the container and writing the output are what takes the time.
const USUAL_THREADS: usize = 4;

/// More than any machine needs for one recording.
const MOST_THREADS: usize = 64;

/// The bytes of one recording, from a file or from anything that can be read.
pub struct Source {
    pub(super) origin: Origin,
    pub(super) length: Option<u64>,
    pub(super) options: DecodeOptions,
    pub(super) digested: bool,
}

/// How a recording is to be decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DecodeOptions {
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
    /// What becomes of a part in which nothing was recorded.
    pub gaps: Gaps,
    /// What the recording holds, if it has no header that could say it.
    pub raw: Option<RawFormat>,
}

/// What becomes of a gap: a part of a recording in which nothing was recorded, though its clock ran
/// on. Packets were lost, or left out while nobody spoke, or the recording was paused. Windows are
/// meant by the clock, which a player shows, in each case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Gaps {
    /// It is an error, [`Error::Gap`].
    #[default]
    Refuse,
    /// Silence is put there: the output is as long as the clock says.
    Fill,
    /// What is around it is joined: the output is as long as what was recorded. What follows moves
    /// up, and windows move with it.
    Close,
}

impl Gaps {
    /// `refuse`, `fill` or `close`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Refuse => "refuse",
            Self::Fill => "fill",
            Self::Close => "close",
        }
    }
}

impl Default for DecodeOptions {
    fn default() -> Self {
        Self {
            encoding: Encoding::Pcm,
            opus_rate: None,
            memory_limit: MEMORY_LIMIT,
            threads: None,
            gaps: Gaps::Refuse,
            raw: None,
        }
    }
}

impl DecodeOptions {
    /// How many threads decode. To know the cores several files are read, so the system is asked only
    /// where that is of use.
    pub(in crate::decode) fn threads(self) -> usize {
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
    /// the windows is what it was. Samples of 64 bits are refused: a WAV of 32 is all that is written.
    Same,
}

/// Where the bytes are.
pub(super) enum Origin {
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
        let origin = Origin::File(file);
        Ok(Self { origin, length, options: DecodeOptions::default(), digested: false })
    }

    /// Anything that can be read, once, from its beginning.
    pub fn stream(reader: impl Read + Send + 'static) -> Self {
        let origin = Origin::Stream(Box::new(reader));
        Self { origin, length: None, options: DecodeOptions::default(), digested: false }
    }

    /// The same source with the number of bytes that it will give, for progress.
    #[must_use]
    pub fn with_length(mut self, bytes: u64) -> Self {
        self.length = Some(bytes);
        self
    }

    /// The same source, to be decoded with these options.
    #[must_use]
    pub fn with_options(mut self, options: DecodeOptions) -> Self {
        self.options = options;
        self
    }

    /// The same source; the decoder will know the digest of all of its bytes.
    #[must_use]
    pub(crate) fn digested(mut self, digested: bool) -> Self {
        self.digested = digested;
        self
    }

    /// What becomes of gaps.
    pub(crate) fn gaps(&self) -> Gaps {
        self.options.gaps
    }

    /// The number of bytes that the source gives, where that is known.
    pub fn length(&self) -> Option<u64> {
        self.length
    }
}

/// Reads up to `count` bytes, fewer only at the end.
pub(in crate::decode) fn read_up_to(reader: &mut impl Read, count: u64) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    reader.take(count).read_to_end(&mut bytes).map_err(Error::Read)?;
    Ok(bytes)
}
