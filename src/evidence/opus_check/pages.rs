//! The written file on its way back: pages in, packets out.
//!
//! The pages of each stream must count 0, 1, 2 …, its first packet must be its head, and its second one a
//! list of no comments, on one page. Errors: [`Error::SelfCheck`] for any other file; [`Error::ReadBack`].

use std::io::{BufReader, Read};

use super::failed;
use crate::decode::OpusPackets;
use crate::error::Error;
use crate::ogg::{Next, Outline, Page, Piece};
use crate::opus::{Head, bare};

/// Bytes that are read at once.
const READ_SIZE: usize = 64 * 1024;

/// A packet of the written file.
pub(super) struct FoundPacket<'a> {
    pub(super) bytes: &'a [u8],
    /// Streams in it.
    pub(super) streams: u8,
    /// Decodes the packets of its stream.
    pub(super) decoder: &'a mut OpusPackets,
}

/// A stream, of which a chained file has several.
struct Stream {
    serial: u32,
    /// The number of its next page.
    next: u32,
    streams: u8,
    decoder: OpusPackets,
    /// The packet that is put together.
    packet: Vec<u8>,
    is_over: bool,
}

/// Reads the file. `rate`: in Hz, at which packets may be decoded. `each` gets all packets of audio, in order.
/// Returns the outline of all pages but those of comments.
///
/// # Errors
/// [`Error::SelfCheck`]; [`Error::ReadBack`]; those of `each`.
pub(super) fn read_pages(
    file: &mut dyn Read,
    rate: u32,
    mut each: impl FnMut(FoundPacket<'_>) -> Result<(), Error>,
) -> Result<Outline, Error> {
    let mut file = BufReader::with_capacity(READ_SIZE, file);
    let mut outline = Outline::default();
    let mut stream: Option<Stream> = None;
    loop {
        let page = match Page::read(&mut file).map_err(Error::ReadBack)? {
            Next::Page(page) => page,
            Next::End => break,
            _ => return Err(failed("the written file is not made of whole pages")),
        };
        match stream.as_mut().filter(|stream| !stream.is_over) {
            None => stream = Some(Stream::open(&page, rate)?),
            Some(stream) if stream.next == 1 => {
                stream.turn(&page)?;
                check_tags(&page)?;
                continue;
            }
            Some(stream) => stream.read(&page, &mut each)?,
        }
        outline.add(&page);
    }
    if stream.is_none_or(|stream| !stream.packet.is_empty()) {
        return Err(failed("the written file ends inside a packet"));
    }
    Ok(outline)
}

impl Stream {
    /// Opens the stream that begins with this page.
    fn open(page: &Page, rate: u32) -> Result<Self, Error> {
        let mut pieces = page.pieces();
        let (Some(Piece { bytes, ends: true }), None) = (pieces.next(), pieces.next()) else {
            return Err(failed("a stream of the written file begins without a head"));
        };
        let head = Head::parse(bytes).map_err(|_| failed("the written file is no Ogg Opus"))?;
        if !page.has(Page::FIRST) || page.sequence() != 0 {
            return Err(failed("a page of the written file is not at its place"));
        }
        let decoder = OpusPackets::new(bytes, rate);
        let decoder = decoder.map_err(|_| failed("the written file is no Ogg Opus"))?;
        let (serial, streams) = (page.serial(), head.streams);
        Ok(Self { serial, next: 1, streams, decoder, packet: Vec::new(), is_over: false })
    }

    /// Goes on to the next page.
    fn turn(&mut self, page: &Page) -> Result<(), Error> {
        if page.has(Page::FIRST) || (page.serial(), page.sequence()) != (self.serial, self.next) {
            return Err(failed("a page of the written file is not at its place"));
        }
        self.next = self.next.wrapping_add(1);
        self.is_over = page.has(Page::LAST);
        Ok(())
    }

    fn read(
        &mut self,
        page: &Page,
        each: &mut impl FnMut(FoundPacket<'_>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.turn(page)?;
        for piece in page.pieces() {
            self.packet.extend_from_slice(piece.bytes);
            if piece.ends {
                let Self { streams, decoder, .. } = self;
                each(FoundPacket { bytes: &self.packet, streams: *streams, decoder })?;
                self.packet.clear();
            }
        }
        Ok(())
    }
}

fn check_tags(page: &Page) -> Result<(), Error> {
    let is_bare = |bytes: &[u8]| bare(bytes).is_ok_and(|bare| bare == bytes);
    let mut pieces = page.pieces();
    match (pieces.next(), pieces.next()) {
        (Some(Piece { bytes, ends: true }), None) if is_bare(bytes) => Ok(()),
        _ => Err(failed("the written file has comments")),
    }
}
