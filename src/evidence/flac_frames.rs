//! The frames of a written FLAC, one behind the other: what comes after its head, in an Ogg without the pages.
//!
//! In: the file, and what is known of its frames. Out: a reader from any place among them. What can go wrong: a
//! page that is not at its place, lies about where its packets end, or has other packets than one for each frame.

use std::hash::Hasher;
use std::io::{self, BufReader, Cursor, Read};

use twox_hash::XxHash3_64;

use super::failed;
use crate::error::Error;
use crate::flac::FrameHeader;
use crate::ogg::{Next, Page};
use crate::spool::{Spool, SpoolReader};

/// The longest header of a frame in bytes.
const LONGEST_HEADER: usize = 16;

/// Where the frames of a file are.
pub(super) struct Frames<'a> {
    spool: &'a Spool,
    /// The place of each page among the bytes of frames, and in the file. Without pages, that of the file.
    places: Vec<(u64, u64)>,
    is_ogg: bool,
    /// Bytes of all frames.
    pub(super) bytes: u64,
}

/// What the pages must hold.
#[derive(Clone, Default)]
pub(super) struct Expected {
    /// Samples of a channel.
    pub(super) samples: u64,
    /// Of the size of each frame.
    sizes: XxHash3_64,
}

impl Expected {
    /// Adds a frame of so many bytes.
    pub(super) fn add(&mut self, bytes: u64) {
        self.sizes.write(&bytes.to_be_bytes());
    }
}

impl<'a> Frames<'a> {
    /// The frames of a file of `size` bytes, from byte `begin` to its end.
    pub(super) fn of_file(spool: &'a Spool, begin: u64, size: u64) -> Self {
        let bytes = size.saturating_sub(begin);
        Self { spool, places: vec![(0, begin)], is_ogg: false, bytes }
    }

    /// The frames in the pages of the Ogg stream `serial`, from byte `begin` to the end of the file.
    ///
    /// # Errors
    /// [`Error::SelfCheck`] when a page is not as expected; [`Error::ReadBack`].
    pub(super) fn of_pages(
        spool: &'a Spool,
        begin: u64,
        serial: u32,
        expected: &Expected,
    ) -> Result<Self, Error> {
        let mut reader = BufReader::new(spool.reader_from(begin).map_err(Error::ReadBack)?);
        let mut walk = Walk { serial, ..Walk::default() };
        let (mut at, mut places) = (begin, Vec::new());
        let wrong = || failed("a page of the FLAC is damaged, or not what its packets make of it");
        loop {
            let page = match Page::read(&mut reader).map_err(Error::ReadBack)? {
                Next::Page(page) => page,
                Next::End => break,
                _ => return Err(wrong()),
            };
            places.push((walk.bytes, at));
            at += page.bytes().len() as u64;
            walk.page(&page).ok_or_else(wrong)?;
        }
        let found = (walk.found.samples, walk.found.sizes.finish());
        if !walk.is_over || found != (expected.samples, expected.sizes.finish()) {
            return Err(failed("the pages of the FLAC have other packets than the recording"));
        }
        Ok(Self { spool, places, is_ogg: true, bytes: walk.bytes })
    }

    /// Reads the frames from one of their bytes on.
    pub(super) fn from(&self, byte: u64) -> io::Result<FrameReader> {
        let next = self.places.partition_point(|&(first, _)| first <= byte);
        let place = next.checked_sub(1).and_then(|last| self.places.get(last));
        let &(first, place) = place.ok_or(io::ErrorKind::UnexpectedEof)?;
        if !self.is_ogg {
            return self.spool.reader_from(place + byte - first).map(FrameReader::File);
        }
        let pages = BufReader::new(self.spool.reader_from(place)?);
        let mut reader = FrameReader::Pages { pages, body: Cursor::default() };
        io::copy(&mut reader.by_ref().take(byte - first), &mut io::sink())?;
        Ok(reader)
    }
}

/// The pages so far.
#[derive(Default)]
struct Walk {
    serial: u32,
    pages: u32,
    /// The first bytes of the packet that goes on on the next page, and its size so far.
    partial: Option<(Vec<u8>, u64)>,
    found: Expected,
    /// Bytes of packets.
    bytes: u64,
    is_over: bool,
}

impl Walk {
    /// Adds a page; `None` if it is not the one that follows.
    fn page(&mut self, page: &Page) -> Option<()> {
        // The head has two pages.
        let is_next = (page.serial(), page.sequence()) == (self.serial, self.pages + 2);
        let continued = if self.partial.is_some() { Page::CONTINUED } else { 0 };
        let is_flagged = page.flags() & !Page::LAST == continued;
        if self.is_over || !is_next || !is_flagged {
            return None;
        }
        self.pages += 1;
        let mut granule = -1;
        for piece in page.pieces() {
            let (mut first, mut size) = self.partial.take().unwrap_or_default();
            let room = LONGEST_HEADER.saturating_sub(first.len()).min(piece.bytes.len());
            first.extend_from_slice(&piece.bytes[..room]);
            size += piece.bytes.len() as u64;
            self.bytes += piece.bytes.len() as u64;
            if !piece.ends {
                self.partial = Some((first, size));
                continue;
            }
            self.found.add(size);
            self.found.samples += u64::from(FrameHeader::parse(&first)?.frames);
            granule = i64::try_from(self.found.samples).ok()?;
        }
        self.is_over = page.has(Page::LAST);
        let is_whole = !self.is_over || self.partial.is_none();
        (page.granule() == granule && is_whole).then_some(())
    }
}

/// Reader of frames.
pub(super) enum FrameReader {
    File(SpoolReader),
    /// Of pages that were checked.
    Pages {
        pages: BufReader<SpoolReader>,
        body: Cursor<Vec<u8>>,
    },
}

impl Read for FrameReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let (pages, body) = match self {
            Self::File(file) => return file.read(buffer),
            Self::Pages { pages, body } => (pages, body),
        };
        loop {
            let count = body.read(buffer)?;
            if count > 0 || buffer.is_empty() {
                return Ok(count);
            }
            let Next::Page(page) = Page::read(pages)? else { return Ok(0) };
            *body = Cursor::new(page.body().to_vec());
        }
    }
}
