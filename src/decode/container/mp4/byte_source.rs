//! The bytes of an MP4: a seekable file, or a stream whose `moov` has been read.
//!
//! In: the file or stream. Out: bytes at a place, and box headers. What can go wrong: a top-level
//! box that is cut off; a second recording in the file; in a stream, audio that is not in order.

use std::io::{self, BufReader, Read, Seek, SeekFrom};

use super::boxes::{BoxHeader, MAX_HEADER, TO_THE_END, header_error};
use crate::decode::container::bytes::{read_exactly, skip};
use crate::decode::input::{ReadSeek, read_up_to};
use crate::error::Error;

/// The largest `moov` that is read, in bytes. Hours of AAC need about a megabyte.
pub(super) const MAX_MOOV: u64 = 64 * 1024 * 1024;
pub(super) const MOOV_TOO_LARGE: &str = "its index (moov) is larger than 64 MiB";

const JOINED: &str = "it holds two recordings in one file";

/// Where bytes come from.
pub(super) enum ByteSource {
    Seekable(Seekable),
    Sequential(Sequential),
}

impl ByteSource {
    /// Reads `count` bytes from byte `at` of the file on.
    ///
    /// # Errors
    /// [`Error::Read`] with `UnexpectedEof` where the source ends before; [`Error::Header`] where a
    /// stream would have to go back.
    pub(super) fn read(&mut self, at: u64, count: u64) -> Result<Vec<u8>, Error> {
        match self {
            Self::Seekable(file) => {
                file.seek(at)?;
                let bytes = read_exactly(&mut file.inner, count)?;
                file.at += count;
                Ok(bytes)
            }
            Self::Sequential(stream) => stream.read(at, count),
        }
    }

    /// The header of the box at byte `at`; `None` at the end of the file, and in a stream.
    pub(super) fn header(&mut self, at: u64) -> Result<Option<BoxHeader>, Error> {
        let Self::Seekable(file) = self else { return Ok(None) };
        if at >= file.length { Ok(None) } else { file.header(at).map(Some) }
    }

    /// The length of the file, if it is seekable.
    pub(super) fn length(&self) -> Option<u64> {
        match self {
            Self::Seekable(file) => Some(file.length),
            Self::Sequential(_) => None,
        }
    }

    /// Checks the boxes after the audio.
    pub(super) fn finish(&mut self) -> Result<(), Error> {
        match self {
            // `find_moov` has seen all boxes.
            Self::Seekable(_) => Ok(()),
            Self::Sequential(stream) => stream.finish(),
        }
    }
}

/// A file, or a stream that is completely in memory.
pub(super) struct Seekable {
    inner: BufReader<Box<dyn ReadSeek>>,
    /// The place of the next byte.
    at: u64,
    length: u64,
}

impl Seekable {
    pub(super) fn new(mut inner: Box<dyn ReadSeek>) -> Result<Self, Error> {
        let length = inner.seek(SeekFrom::End(0)).map_err(Error::Read)?;
        inner.seek(SeekFrom::Start(0)).map_err(Error::Read)?;
        Ok(Self { inner: BufReader::with_capacity(64 * 1024, inner), at: 0, length })
    }

    fn seek(&mut self, at: u64) -> Result<(), Error> {
        let distance = i64::try_from(i128::from(at) - i128::from(self.at));
        // A relative seek keeps the buffer.
        let sought = match distance {
            Ok(distance) => self.inner.seek_relative(distance),
            Err(_) => self.inner.seek(SeekFrom::Start(at)).map(|_| ()),
        };
        self.at = at;
        sought.map_err(Error::Read)
    }

    fn header(&mut self, at: u64) -> Result<BoxHeader, Error> {
        self.seek(at)?;
        let bytes = read_up_to(&mut self.inner, MAX_HEADER)?;
        self.at += bytes.len() as u64;
        parse_header(&bytes)
    }

    /// The content of `moov`. Reads the headers of all top-level boxes, which must be complete.
    ///
    /// # Errors
    /// [`Error::Header`] where a box is cut off, or there is no `moov` or more than one.
    pub(super) fn find_moov(&mut self) -> Result<Vec<u8>, Error> {
        let (mut at, mut moov) = (0, None);
        while at < self.length {
            let header = self.header(at)?;
            let size = if header.size == TO_THE_END { self.length - at } else { header.size };
            let end = at.checked_add(size).filter(|&end| end <= self.length);
            let end = end.ok_or_else(|| header_error("it is cut off inside a box"))?;
            if header.kind == *b"moov" {
                if size > MAX_MOOV {
                    return Err(header_error(MOOV_TOO_LARGE));
                }
                self.seek(at + header.length)?;
                let content = read_exactly(&mut self.inner, size - header.length)?;
                self.at = end;
                if moov.replace(content).is_some() {
                    return Err(header_error(JOINED));
                }
            }
            at = end;
        }
        moov.ok_or_else(|| header_error("it has no index (moov); perhaps it was cut off"))
    }
}

fn parse_header(bytes: &[u8]) -> Result<BoxHeader, Error> {
    let outside = || header_error("it holds bytes that belong to no box");
    BoxHeader::parse(bytes).ok_or_else(outside)
}

/// A stream whose `moov` has been read.
pub(super) struct Sequential {
    inner: Box<dyn Read + Send>,
    /// The place of the next byte.
    at: u64,
    /// The place of the next box.
    next: u64,
}

impl Sequential {
    /// A stream whose next byte is the first of the box at `at`.
    pub(super) fn new(inner: Box<dyn Read + Send>, at: u64) -> Self {
        Self { inner, at, next: at }
    }

    fn read(&mut self, at: u64, count: u64) -> Result<Vec<u8>, Error> {
        while at >= self.next {
            if !self.open_box()? {
                return Err(Error::Read(io::ErrorKind::UnexpectedEof.into()));
            }
        }
        // The source cannot go back, and a packet must not reach into the next box.
        if at < self.at || at.saturating_add(count) > self.next {
            let reason = "its audio is not in order; give it as a file";
            return Err(header_error(reason));
        }
        self.skip(at)?;
        let bytes = read_exactly(&mut self.inner, count)?;
        self.at += count;
        Ok(bytes)
    }

    /// Goes to the content of the next box. Returns false at the end of the source.
    fn open_box(&mut self) -> Result<bool, Error> {
        self.skip(self.next)?;
        let mut head = read_up_to(&mut self.inner, 8)?;
        if head.is_empty() {
            return Ok(false);
        }
        if head.starts_with(&[0, 0, 0, 1]) {
            head.extend(read_up_to(&mut self.inner, 8)?);
        }
        let header = parse_header(&head)?;
        if header.kind == *b"moov" {
            return Err(header_error(JOINED));
        }
        self.at += head.len() as u64;
        self.next = self.next.saturating_add(header.size);
        Ok(true)
    }

    /// Skips the bytes before `to`.
    fn skip(&mut self, to: u64) -> Result<(), Error> {
        let missing = to.saturating_sub(self.at);
        let skipped = skip(&mut self.inner, missing)?;
        self.at += skipped;
        // A box that extends to the end of the file has no size to check.
        if skipped < missing && to != TO_THE_END {
            return Err(Error::Read(io::ErrorKind::UnexpectedEof.into()));
        }
        Ok(())
    }

    /// Skips the rest, whose boxes must be complete too.
    fn finish(&mut self) -> Result<(), Error> {
        while self.open_box()? {}
        Ok(())
    }
}
