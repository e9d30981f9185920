//! The pages of a FLAC in an Ogg, after those of its head. In: frames, a packet each. Out: pages that are filled
//! with whole packets, as libogg fills them: each ends with the first packet that brings it to 4 KiB, or where it
//! has no more room. Its granule position is the number of samples up to the end of its last whole packet.

use std::io::{self, Write};

use crate::ogg::{Page, Piece, SEGMENT, lace};

/// Bytes after which a page gets no other packet.
const FULL: usize = 4096;

/// The most segments that a page has.
const MOST_SEGMENTS: usize = 255;

/// The granule position of a page on which no packet ends.
const NONE: i64 = -1;

/// Writer of the pages of one stream.
pub(super) struct Pages {
    serial: u32,
    /// The number of the page in work.
    sequence: u32,
    lacing: Vec<u8>,
    body: Vec<u8>,
    granule: i64,
    /// Whether its first bytes belong to a packet that began before.
    is_continued: bool,
}

impl Pages {
    pub(super) fn new(serial: u32) -> Self {
        // The head has two pages.
        let (lacing, body) = (Vec::new(), Vec::new());
        Self { serial, sequence: 2, lacing, body, granule: NONE, is_continued: false }
    }

    /// Adds a packet. `end`: the number of samples of a channel up to its end.
    pub(super) fn add(&mut self, packet: &[u8], end: u64, out: &mut impl Write) -> io::Result<()> {
        // A page that is full is written only now, because the last one has a flag.
        if self.body.len() >= FULL || self.lacing.len() == MOST_SEGMENTS {
            self.write(0, out)?;
        }
        let mut rest = packet;
        while !lace(Piece { bytes: rest, ends: true }, &mut self.lacing, &mut self.body) {
            let room = (MOST_SEGMENTS - self.lacing.len()) * SEGMENT;
            let (bytes, later) = rest.split_at(room);
            lace(Piece { bytes, ends: false }, &mut self.lacing, &mut self.body);
            self.write(0, out)?;
            self.is_continued = true;
            rest = later;
        }
        self.granule = i64::try_from(end).unwrap_or(i64::MAX);
        Ok(())
    }

    /// Writes the last page.
    pub(super) fn finish(mut self, out: &mut impl Write) -> io::Result<()> {
        self.write(Page::LAST, out)
    }

    /// Writes the page in work, and begins the next one.
    fn write(&mut self, flags: u8, out: &mut impl Write) -> io::Result<()> {
        let flags = flags | if self.is_continued { Page::CONTINUED } else { 0 };
        let (number, parts) = ((self.serial, self.sequence), (&*self.lacing, &*self.body));
        let page = Page::new(flags, self.granule, number, parts);
        out.write_all(page.ok_or(io::ErrorKind::InvalidData)?.bytes())?;
        self.lacing.clear();
        self.body.clear();
        (self.granule, self.is_continued) = (NONE, false);
        self.sequence = self.sequence.wrapping_add(1);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ogg::Next;

    /// The pages of packets with these sizes, each of ten samples.
    fn pages(sizes: &[usize]) -> Vec<Page> {
        let (mut pages, mut out) = (Pages::new(7), Vec::new());
        for (at, &size) in sizes.iter().enumerate() {
            pages.add(&vec![at.to_le_bytes()[0]; size], at as u64 * 10 + 10, &mut out).unwrap();
        }
        pages.finish(&mut out).unwrap();
        let mut rest = out.as_slice();
        let next = || match Page::read(&mut rest).unwrap() {
            Next::Page(page) => Some(page),
            _ => None,
        };
        std::iter::from_fn(next).collect()
    }

    #[test]
    fn packets_come_back_in_order_from_pages_that_say_where_they_end() {
        let most = MOST_SEGMENTS * SEGMENT;
        for sizes in [
            &[10][..],
            &[4096, 4095, 1, 9, 0, 3],
            &[most - 1, most, most + 1, 2 * most, 255, 254, 3 * most + 7],
            &[4000, most, 70_000, 1, 1],
            &[1; 900],
            &[4050, most - 4000, 5],
        ] {
            let (mut packets, mut rest, mut ended) = (Vec::new(), Vec::new(), 0);
            let pages = pages(sizes);
            for (at, page) in pages.iter().enumerate() {
                assert_eq!((page.serial(), page.sequence() as usize), (7, at + 2));
                assert_eq!(page.has(Page::CONTINUED), !rest.is_empty());
                assert_eq!(page.has(Page::LAST), at + 1 == pages.len());
                for piece in page.pieces() {
                    rest.extend_from_slice(piece.bytes);
                    if piece.ends {
                        packets.push(std::mem::take(&mut rest));
                    }
                }
                let any = packets.len() > std::mem::replace(&mut ended, packets.len());
                assert_eq!(page.granule(), if any { ended as i64 * 10 } else { -1 });
            }
            let expected =
                sizes.iter().enumerate().map(|(at, &size)| vec![at.to_le_bytes()[0]; size]);
            assert!(packets.into_iter().eq(expected) && rest.is_empty(), "{sizes:?}");
        }
        assert_eq!(pages(&[1; 900]).len(), 4, "255 segments each");
        assert_eq!(pages(&[100; 82]).len(), 2, "41 packets of 100 bytes fill one");
    }
}
