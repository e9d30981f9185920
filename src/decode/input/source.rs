//! Sources: the bytes of a recording, and how to decode them.
//!
//! Even files are read as streams, so that the result does not depend on how a recording arrives. Only
//! containers whose index may come after the audio are read with seeks.

use std::fs::File;
use std::io::{self, Read};
use std::num::NonZeroUsize;
use std::path::Path;
use std::thread;

use super::raw::RawFormat;
use crate::error::Error;

/// Default memory limit in bytes: hours of telephony in any format.
const MEMORY_LIMIT: u64 = 256 * 1024 * 1024;

/// Default maximum of decoder threads. With more, reading the container and writing the output take
/// longer than decoding.
const USUAL_THREADS: usize = 4;

/// Maximum of decoder threads.
const MOST_THREADS: usize = 64;

/// The bytes of one recording, from a file or from anything that can be read; or of several recordings
/// of one channel each, which are read [side by side](Source::join).
pub struct Source {
    /// One for each file.
    pub(in crate::decode) parts: Vec<PartSource>,
    /// Number of bytes of all parts, if known.
    length: Option<u64>,
}

/// The bytes of one file.
pub(in crate::decode) struct PartSource {
    pub(in crate::decode) key: Option<String>,
    pub(super) origin: Origin,
    pub(super) options: DecodeOptions,
    pub(super) digested: bool,
    pub(super) excerpt: bool,
}

/// Options of decoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DecodeOptions {
    /// Encoding of the output samples.
    pub encoding: Encoding,
    /// What becomes of windows that begin or end inside a packet, if packets are kept.
    pub edge: Edge,
    /// Whether a FLAC that is kept states the MD5 of its samples. To compute it, all of it is decoded.
    pub md5: bool,
    /// Sample rate at which Opus is decoded, in Hz: 8000, 12000, 16000, 24000 or 48000. `None` means
    /// the input rate that the header declares if it is one of these, else 48000.
    pub opus_rate: Option<u32>,
    /// Maximum number of bytes of a stream that are held in memory if its container cannot be
    /// streamed. Default: 256 MiB.
    pub memory_limit: u64,
    /// Number of threads, at most 64, that decode FLAC, MP3, Vorbis and AAC. The samples do not depend
    /// on it. `None` means the number of cores, at most 4. With 1 no thread is started, which is best
    /// when several recordings are redacted in parallel.
    pub threads: Option<NonZeroUsize>,
    /// What to do with gaps.
    pub gaps: Gaps,
    /// Format of a recording without a header; `None` if the recording has one.
    pub raw: Option<RawFormat>,
}

/// What to do with gaps. A gap is a part in which nothing was recorded while the recording's clock went
/// on: packets were lost, silence was not recorded, or the recording was paused. Windows always refer to
/// that clock, which a player shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Gaps {
    /// A gap is an error, [`Error::Gap`].
    #[default]
    Refuse,
    /// A gap is filled with silence: the output is as long as the clock.
    Fill,
    /// The audio before and after a gap is joined: the output is as long as the recorded audio. Later
    /// audio moves forward, and its windows move with it.
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
            edge: Edge::Widen,
            md5: true,
            opus_rate: None,
            memory_limit: MEMORY_LIMIT,
            threads: None,
            gaps: Gaps::Refuse,
            raw: None,
        }
    }
}

impl DecodeOptions {
    /// Number of decoder threads. To find the number of cores the system reads several files, so this
    /// is called only for codecs that decode in parallel.
    pub(in crate::decode) fn threads(self) -> usize {
        match self.threads {
            Some(count) => count.get().min(MOST_THREADS),
            None => {
                thread::available_parallelism().map_or(1, |count| count.get().min(USUAL_THREADS))
            }
        }
    }
}

/// Encoding of the output samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Encoding {
    /// PCM with the bit depth of the source, or 16 bits for codecs that have none.
    #[default]
    Pcm,
    /// That of the source. A FLAC stays a FLAC, of which every frame outside the windows is byte for byte
    /// the same. PCM, A-law and µ-law become a WAV, and every sample or code outside the windows is
    /// unchanged; 64-bit samples are an error, because sordino writes at most 32 bits. Other codecs are an
    /// error when they are redacted.
    Same,
}

/// What becomes of a window that begins or ends inside a packet which can only be replaced as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Edge {
    /// The window is widened, and that is told.
    #[default]
    Widen,
    /// The recording is refused. A WAV and a FLAC never need that: their windows are exact to the frame.
    Exact,
}

impl Edge {
    /// `widen` or `exact`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Widen => "widen",
            Self::Exact => "exact",
        }
    }
}

/// Origin of the bytes.
pub(super) enum Origin {
    /// With its number of bytes.
    File(File, u64),
    Stream(Box<dyn Read + Send>),
}

impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let keys: Vec<_> = self.parts.iter().filter_map(|part| part.key.as_ref()).collect();
        f.debug_struct("Source")
            .field("keys", &keys)
            .field("length", &self.length)
            .finish_non_exhaustive()
    }
}

impl Source {
    /// Opens a file. Pipes and devices are read as streams.
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
        let length = metadata.len();
        Ok(Self { length: Some(length), ..Self::of(Origin::File(file, length)) })
    }

    /// A source that is read once, from its beginning.
    pub fn stream(reader: impl Read + Send + 'static) -> Self {
        Self::of(Origin::Stream(Box::new(reader)))
    }

    fn of(origin: Origin) -> Self {
        let options = DecodeOptions::default();
        let part = PartSource { key: None, origin, options, digested: false, excerpt: false };
        Self { parts: vec![part], length: None }
    }

    /// Joins the files of one recording that has a file for each channel. They are read side by side, as
    /// one recording with a channel for each, in this order. The keys name them in errors and in the
    /// receipt. A lone file may have any number of channels, and is read as it is.
    ///
    /// The parts must have one channel, the same sample rate and the same sample format, and must begin
    /// together; containers and codecs may differ. If they differ in length by at most 50 ms, the shorter
    /// ones end in silence, and [`Part::silence`](crate::decode::Part::silence) says how much. Anything
    /// else is [`Error::Parts`], and an error in one part is [`Error::Part`].
    ///
    /// Each part keeps its options, until [`Source::with_options`] sets those of all. The memory limit is
    /// for each.
    ///
    /// ```
    /// use sordino::{Source, Treatment, Window, Windows, redact};
    ///
    /// let agent = Source::open("fixtures/tiny-s16-1.wav")?;
    /// let customer = Source::open("fixtures/tiny-s16-1.wav")?;
    /// let joined = Source::join([("0", agent), ("1", customer)]);
    /// let windows = Windows::new([Window::from_seconds(0.0, 0.0001)?.on_channel(1)])?;
    /// let redacted = redact(joined, &windows, Treatment::silence())?;
    /// assert_eq!(redacted.summary().stream_info.channels, 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn join<K: Into<String>>(parts: impl IntoIterator<Item = (K, Self)>) -> Self {
        let mut joined = Self { parts: Vec::new(), length: Some(0) };
        for (key, source) in parts {
            let key = Some(key.into());
            joined.length = joined.length.zip(source.length).map(|(all, one)| all + one);
            let named = |part| PartSource { key: key.clone(), ..part };
            joined.parts.extend(source.parts.into_iter().map(named));
        }
        joined
    }

    /// The same source with its total number of bytes. This is only a hint, for progress display and to
    /// reserve disk space.
    #[must_use]
    pub fn with_length(mut self, bytes: u64) -> Self {
        self.length = Some(bytes);
        self
    }

    /// The same source with these options.
    #[must_use]
    pub fn with_options(mut self, options: DecodeOptions) -> Self {
        self.parts.iter_mut().for_each(|part| part.options = options);
        self
    }

    /// The same source; if `digested`, the decoder computes the digest of all its bytes.
    #[must_use]
    pub(crate) fn digested(mut self, digested: bool) -> Self {
        self.parts.iter_mut().for_each(|part| part.digested = digested);
        self
    }

    /// The same source, which is consecutive frames from anywhere in a FLAC, behind a head. The first need
    /// not be that of the recording.
    #[must_use]
    pub(crate) fn excerpt(mut self) -> Self {
        self.parts.iter_mut().for_each(|part| part.excerpt = true);
        self
    }

    /// The options of the first part.
    pub(crate) fn options(&self) -> DecodeOptions {
        self.parts.first().map_or_else(DecodeOptions::default, |part| part.options)
    }

    /// Number of bytes, if known.
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
