//! The bytes of an MP4: a file, or a stream whose index has been read. Its boxes must be whole, and
//! hold one recording.

use std::io::{self, BufReader, Read, Seek, SeekFrom};

use super::boxes::{BoxHeader, LONGEST, TO_THE_END, header_error};
use crate::decode::input::{ReadSeek, read_up_to};
use crate::error::Error;

/// The largest `moov` that is read: hours of AAC need about a megabyte.
pub(super) const MAX_MOOV: u64 = 64 * 1024 * 1024;

/// Where bytes come from.
pub(super) enum ByteSource {
    Seekable(Seekable),
    Sequential(Sequential),
}

impl ByteSource {
    /// So many bytes from this place.
    ///
    /// # Errors
    /// [`Error::Read`] with `UnexpectedEof` where the source ends before; [`Error::Header`] where a
    /// stream would have to go back.
    pub(super) fn read(&mut self, at: u64, count: u64) -> Result<Vec<u8>, Error> {
        let bytes = match self {
            Self::Seekable(file) => file.read(at, count)?,
            Self::Sequential(stream) => stream.read(at, count)?,
        };
        if (bytes.len() as u64) < count {
            return Err(Error::Read(io::ErrorKind::UnexpectedEof.into()));
        }
        Ok(bytes)
    }

    /// The header of the box at this place; nothing at the end of the file.
    pub(super) fn header(&mut self, at: u64) -> Result<Option<BoxHeader>, Error> {
        let Self::Seekable(file) = self else { return Ok(None) };
        if at >= file.length { Ok(None) } else { file.header(at).map(Some) }
    }

    /// The length of the whole, where it is known.
    pub(super) fn length(&self) -> Option<u64> {
        match self {
            Self::Seekable(file) => Some(file.length),
            Self::Sequential(_) => None,
        }
    }

    /// Looks at what follows the audio.
    pub(super) fn finish(&mut self) -> Result<(), Error> {
        match self {
            Self::Seekable(_) => Ok(()),
            Self::Sequential(stream) => stream.finish(),
        }
    }
}

/// A file, or a stream that is whole in memory.
pub(super) struct Seekable {
    inner: BufReader<Box<dyn ReadSeek>>,
    at: u64,
    length: u64,
}

impl Seekable {
    pub(super) fn new(mut inner: Box<dyn ReadSeek>) -> Result<Self, Error> {
        let length = inner.seek(SeekFrom::End(0)).map_err(Error::Read)?;
        inner.seek(SeekFrom::Start(0)).map_err(Error::Read)?;
        Ok(Self { inner: BufReader::with_capacity(64 * 1024, inner), at: 0, length })
    }

    fn read(&mut self, at: u64, count: u64) -> Result<Vec<u8>, Error> {
        let near = i64::try_from(i128::from(at) - i128::from(self.at));
        let sought = match near {
            Ok(near) => self.inner.seek_relative(near),
            Err(_) => self.inner.seek(SeekFrom::Start(at)).map(|_| ()),
        };
        sought.map_err(Error::Read)?;
        let bytes = read_up_to(&mut self.inner, count)?;
        self.at = at + bytes.len() as u64;
        Ok(bytes)
    }

    fn header(&mut self, at: u64) -> Result<BoxHeader, Error> {
        let header = BoxHeader::parse(&self.read(at, LONGEST)?);
        header.ok_or_else(|| header_error("something that is no box lies between its boxes"))
    }

    /// Goes over all boxes, which must be whole, and gives the content of the index.
    ///
    /// # Errors
    /// [`Error::Header`] where a box is cut off, or there is not one index.
    pub(super) fn index(&mut self) -> Result<Vec<u8>, Error> {
        let (mut at, mut index) = (0, None);
        while at < self.length {
            let header = self.header(at)?;
            let end = if header.size == TO_THE_END { self.length } else { at + header.size };
            if end > self.length {
                return Err(header_error("it is cut off inside a box"));
            }
            if header.kind == *b"moov" {
                let size = end - at;
                if size > MAX_MOOV {
                    return Err(header_error("its index is larger than 64 MiB"));
                }
                let content = self.read(at + header.length, size - header.length)?;
                if index.replace(content).is_some() {
                    return Err(header_error(JOINED));
                }
            }
            at = end;
        }
        index.ok_or_else(|| header_error("it has no index (moov); perhaps it was cut off"))
    }
}

const JOINED: &str = "it is two recordings in one file";

/// A stream whose index has been read.
pub(super) struct Sequential {
    inner: Box<dyn Read + Send>,
    at: u64,
    /// Where the next box begins.
    next: u64,
}

impl Sequential {
    /// `inner` goes on at the box that begins at `at`.
    pub(super) fn new(inner: Box<dyn Read + Send>, at: u64) -> Self {
        Self { inner, at, next: at }
    }

    fn read(&mut self, at: u64, count: u64) -> Result<Vec<u8>, Error> {
        while at >= self.next {
            if !self.open_box()? {
                return Ok(Vec::new());
            }
        }
        if at < self.at || at.saturating_add(count) > self.next {
            let reason = "its audio does not lie in order; give it as a file";
            return Err(header_error(reason));
        }
        self.skip(at)?;
        let bytes = read_up_to(&mut self.inner, count)?;
        self.at += bytes.len() as u64;
        Ok(bytes)
    }

    /// Goes to the next box, into its content; false where there is none.
    fn open_box(&mut self) -> Result<bool, Error> {
        self.skip(self.next)?;
        let mut head = read_up_to(&mut self.inner, 8)?;
        if head.is_empty() {
            return Ok(false);
        }
        if head.starts_with(&[0, 0, 0, 1]) {
            head.extend(read_up_to(&mut self.inner, 8)?);
        }
        let header = BoxHeader::parse(&head);
        let header = header
            .ok_or_else(|| header_error("something that is no box lies between its boxes"))?;
        if header.kind == *b"moov" {
            return Err(header_error(JOINED));
        }
        self.at += head.len() as u64;
        self.next = self.next.saturating_add(header.size);
        Ok(true)
    }

    /// Passes over what lies before `to`.
    fn skip(&mut self, to: u64) -> Result<(), Error> {
        let missing = to.saturating_sub(self.at);
        let passed = io::copy(&mut self.inner.by_ref().take(missing), &mut io::sink());
        let passed = passed.map_err(Error::Read)?;
        self.at += passed;
        if passed < missing && to != TO_THE_END {
            return Err(Error::Read(io::ErrorKind::UnexpectedEof.into()));
        }
        Ok(())
    }

    /// Passes over the rest, whose boxes must be whole too.
    fn finish(&mut self) -> Result<(), Error> {
        while self.open_box()? {}
        Ok(())
    }
}
