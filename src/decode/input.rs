//! Input: the bytes of a recording, monitored on their way to the decoder.
//!
//! In: a [`Source`], part by part. Out: a [`PeekedSource`], which knows the first bytes and returns all bytes as a
//! stream or as a seekable reader. Errors: the source cannot be read, or must be held in memory and is
//! too large for that.

use std::io::{Cursor, Read, Seek, SeekFrom};
use std::sync::Arc;

use crate::error::Error;

mod hashing;
mod media;
mod monitor;
mod raw;
pub(super) mod sniff;
mod source;

pub(super) use hashing::HashingReader;
pub(super) use media::{ReadSeek, media_stream};
pub use monitor::Leftover;
pub(super) use monitor::{InputMonitor, MonitoredReader};
pub use raw::{RawFormat, RawFormatError};
use source::Origin;
pub use source::{DecodeOptions, Edge, Encoding, Gaps, Source};
pub(super) use source::{PartSource, read_up_to};

/// Bytes that are read to detect the format: three packets of an MPEG transport stream.
const HEAD: u64 = 3 * 192;

/// Maximum size of an ID3v2 tag before the audio, in bytes: enough for a large picture.
const MAX_TAG: u64 = 16 * 1024 * 1024;

/// Maximum number of zero bytes before the first MP3 frame.
const MAX_ZEROS: u64 = 64 * 1024;

/// A source whose first bytes have been read.
pub(super) struct PeekedSource {
    origin: Origin,
    /// First bytes; a stream goes on after them.
    head: Vec<u8>,
    /// Start of the format in `head`, after ID3v2 tags and zeros.
    start: usize,
    /// Total number of bytes, if known.
    length: Option<u64>,
    pub(super) monitor: Arc<InputMonitor>,
    pub(super) hashing: Option<HashingReader>,
    pub(super) options: DecodeOptions,
    /// Whether the source is from the middle of a recording.
    pub(super) excerpt: bool,
}

impl PeekedSource {
    /// Reads the first bytes, and skips ID3v2 tags and zeros before the format.
    ///
    /// # Errors
    /// [`Error::Read`]; [`Error::Empty`]; [`Error::Unsupported`] for a tag of more than 16 MiB.
    pub(super) fn open(source: PartSource, monitor: &Arc<InputMonitor>) -> Result<Self, Error> {
        let PartSource { origin, options, digested, excerpt, .. } = source;
        // Headerless samples may look like any format.
        let is_raw = options.raw.is_some();
        // A length from the caller is for progress display only.
        let length = if let Origin::File(_, length) = origin { Some(length) } else { None };
        let (head, hashing, monitor) = (Vec::new(), None, Arc::clone(monitor));
        let mut input = Self { origin, head, start: 0, length, monitor, hashing, options, excerpt };
        if let Origin::File(file, _) = &mut input.origin {
            let head = read_up_to(file, HEAD)?;
            file.seek(SeekFrom::Start(0)).map_err(Error::Read)?;
            if !is_raw && sniff::needs_seeking(&head) {
                let again = digested.then(|| file.try_clone()).transpose();
                input.hashing = again.map_err(Error::Read)?.map(HashingReader::File);
                return Ok(Self { head, ..input });
            }
        }
        let mut stream: Box<dyn Read + Send> = match input.origin {
            Origin::File(file, _) => Box::new(file),
            Origin::Stream(reader) => reader,
        };
        if digested {
            (stream, input.hashing) = HashingReader::passing(stream);
        }
        input.origin = Origin::Stream(Box::new(MonitoredReader::new(stream, &input.monitor)));
        input.look(HEAD)?;
        if input.head.is_empty() {
            return Err(Error::Empty);
        }
        if !is_raw {
            input.skip_tags()?;
            input.skip_zeros()?;
        }
        Ok(input)
    }

    /// Total number of bytes, if the source is a file.
    pub(super) fn length(&self) -> Option<u64> {
        self.length
    }

    /// The first bytes of the format.
    pub(super) fn head(&self) -> &[u8] {
        self.head.get(self.start..).unwrap_or_default()
    }

    /// The bytes before the format: ID3v2 tags and zeros.
    pub(super) fn before(&self) -> &[u8] {
        &self.head[..self.start.min(self.head.len())]
    }

    /// Whether the recording is seekable without holding it in memory.
    pub(super) fn is_file(&self) -> bool {
        matches!(self.origin, Origin::File(..))
    }

    /// The recording from the start of its format, as a stream.
    pub(super) fn stream(self) -> Box<dyn Read + Send> {
        match self.origin {
            Origin::Stream(reader) => {
                let mut head = Cursor::new(self.head);
                head.set_position(self.start as u64);
                Box::new(head.chain(reader))
            }
            Origin::File(file, _) => Box::new(MonitoredReader::new(file, &self.monitor)),
        }
    }

    /// The recording as a seekable reader: the file itself, or a whole stream in memory.
    ///
    /// # Errors
    /// [`Error::TooLargeForMemory`] when a stream is larger than [`DecodeOptions::memory_limit`].
    pub(super) fn seekable(self) -> Result<Box<dyn ReadSeek>, Error> {
        let limit = self.options.memory_limit;
        match self.origin {
            Origin::File(file, _) => Ok(Box::new(MonitoredReader::new(file, &self.monitor))),
            Origin::Stream(rest) => in_memory(self.head, rest, limit),
        }
    }

    /// Extends the `head` of a stream to `bytes` bytes, or to the end of the stream.
    fn look(&mut self, bytes: u64) -> Result<(), Error> {
        if let Origin::Stream(reader) = &mut self.origin {
            let missing = bytes.saturating_sub(self.head.len() as u64);
            self.head.extend(read_up_to(reader, missing)?);
        }
        Ok(())
    }

    fn skip_tags(&mut self) -> Result<(), Error> {
        loop {
            let length = id3_length(self.head());
            let end = self.start as u64 + length;
            if end > MAX_TAG {
                return Err(Error::Unsupported { what: "a tag of more than 16 MiB".into() });
            }
            if length == 0 {
                return Ok(());
            }
            self.start = usize::try_from(end).unwrap_or(usize::MAX);
            self.look(end + HEAD)?;
        }
    }

    /// Skips zeros if MPEG audio or ADTS frames follow. Other formats may begin with a zero byte, such
    /// as the box size of MP4.
    fn skip_zeros(&mut self) -> Result<(), Error> {
        let first = self.start;
        let mut wanted = HEAD;
        while self.head().iter().all(|&byte| byte == 0) && wanted < MAX_ZEROS {
            wanted *= 2;
            self.look(first as u64 + wanted)?;
        }
        let zeros = self.head().iter().take_while(|&&byte| byte == 0).count();
        self.start = first + zeros;
        if !matches!(self.head(), [0xFF, second, ..] if *second >= 0xE0) {
            self.start = first;
        }
        self.look(self.start as u64 + HEAD)
    }
}

/// Reads the rest of a stream into memory, after its first bytes in `whole`.
///
/// # Errors
/// [`Error::TooLargeForMemory`] for more than `limit` bytes.
pub(super) fn in_memory(
    mut whole: Vec<u8>,
    rest: impl Read,
    limit: u64,
) -> Result<Box<dyn ReadSeek>, Error> {
    let room = limit.saturating_sub(whole.len() as u64);
    rest.take(room.saturating_add(1)).read_to_end(&mut whole).map_err(Error::Read)?;
    let fits = whole.len() as u64 <= limit;
    if fits { Ok(Box::new(Cursor::new(whole))) } else { Err(Error::TooLargeForMemory { limit }) }
}

/// Length in bytes of the ID3v2 tag at the start of `head`; 0 if there is none.
pub(super) fn id3_length(head: &[u8]) -> u64 {
    let [b'I', b'D', b'3', _, _, flags, a, b, c, d, ..] = *head else { return 0 };
    // ID3v2.4, 3.1: the size has 7 bits a byte, without header and footer (10 bytes each).
    let size = [a, b, c, d].iter().fold(0, |size, &byte| size << 7 | u64::from(byte & 0x7F));
    let footer = if flags & 0x10 == 0 { 0 } else { 10 };
    10 + size + footer
}
