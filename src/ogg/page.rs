//! One page (RFC 3533, 6).

use std::io::{self, Read};

use super::crc32;

/// Bytes of the header before the table of segments.
const HEADER: usize = 27;
/// Where the numbers of the header are.
const FLAGS: usize = 5;
const GRANULE: usize = 6;
const SERIAL: usize = 14;
const SEQUENCE: usize = 18;
const CHECKSUM: usize = 22;
const SEGMENTS: usize = 26;

/// Bytes of a segment after which a packet goes on.
pub(crate) const SEGMENT: usize = 255;

/// The most segments that a page has.
const MOST_SEGMENTS: usize = 255;

/// A whole page, as it is in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Page {
    bytes: Vec<u8>,
}

/// The part of a packet that is on one page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Piece<'a> {
    pub(crate) bytes: &'a [u8],
    /// Whether the packet ends here. If not, it goes on on the next page of its stream.
    pub(crate) ends: bool,
}

/// What a page says apart from its number and the bytes of packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Outline {
    flags: u8,
    granule: i64,
    serial: u32,
    /// Pieces of packets, and whether the last of them goes on on the next page.
    pieces: usize,
    is_open: bool,
}

impl Page {
    /// The flag of a page whose first piece belongs to a packet that began before.
    pub(crate) const CONTINUED: u8 = 1;
    /// The flag of the first page of a stream.
    pub(crate) const FIRST: u8 = 2;
    /// The flag of the last page of a stream.
    pub(crate) const LAST: u8 = 4;

    /// Takes the bytes of exactly one page; `None` when they are not, or the checksum is wrong.
    pub(crate) fn parse(bytes: Vec<u8>) -> Option<Self> {
        let is_page = bytes.len() >= HEADER && bytes.starts_with(b"OggS\0");
        let page = is_page.then_some(Self { bytes })?;
        let lacing = page.bytes.get(HEADER..page.body_start())?;
        let body: usize = lacing.iter().map(|&size| usize::from(size)).sum();
        let is_whole = page.bytes.len() == page.body_start() + body;
        (is_whole && page.word(CHECKSUM) == page.checksum()).then_some(page)
    }

    /// The bytes of the next page, of which nothing is checked but their number; `None` at the end.
    ///
    /// # Errors
    /// The source cannot be read, or ends inside a page.
    pub(crate) fn read(reader: &mut impl Read) -> io::Result<Option<Vec<u8>>> {
        let mut bytes = vec![0; HEADER];
        let (first, rest) = bytes.split_at_mut(1);
        if reader.read(first)? == 0 {
            return Ok(None);
        }
        reader.read_exact(rest)?;
        bytes.resize(HEADER + usize::from(bytes[SEGMENTS]), 0);
        reader.read_exact(&mut bytes[HEADER..])?;
        let (start, body) = (bytes.len(), bytes[HEADER..].iter().map(|&size| usize::from(size)));
        bytes.resize(start + body.sum::<usize>(), 0);
        reader.read_exact(&mut bytes[start..])?;
        Ok(Some(bytes))
    }

    /// The page of the same stream and granule position with these flags, this sequence number, and these
    /// segments; `None` when they are too many, or do not fit the body.
    pub(crate) fn with(
        &self,
        flags: u8,
        sequence: u32,
        lacing: &[u8],
        body: &[u8],
    ) -> Option<Self> {
        Self::new(flags, self.granule(), (self.serial(), sequence), (lacing, body))
    }

    /// A page of the stream `serial` with these flags, this granule position, this sequence number, and these
    /// segments; `None` when they are too many, or do not fit the body.
    pub(crate) fn new(
        flags: u8,
        granule: i64,
        (serial, sequence): (u32, u32),
        (lacing, body): (&[u8], &[u8]),
    ) -> Option<Self> {
        let length: usize = lacing.iter().map(|&size| usize::from(size)).sum();
        let segments = u8::try_from(lacing.len()).ok().filter(|_| length == body.len())?;
        let mut bytes = Vec::with_capacity(HEADER + lacing.len() + body.len());
        bytes.extend_from_slice(b"OggS\0");
        bytes.push(flags);
        bytes.extend(granule.to_le_bytes());
        bytes.extend(serial.to_le_bytes());
        bytes.extend(sequence.to_le_bytes());
        bytes.extend([0; 4]);
        bytes.push(segments);
        bytes.extend_from_slice(lacing);
        bytes.extend_from_slice(body);
        let mut page = Self { bytes };
        let sum = page.checksum();
        page.bytes[CHECKSUM..SEGMENTS].copy_from_slice(&sum.to_le_bytes());
        Some(page)
    }

    /// A page with this header, whatever it is.
    #[cfg(test)]
    pub(crate) fn unchecked(bytes: Vec<u8>) -> Self {
        Self { bytes }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(crate) fn flags(&self) -> u8 {
        self.bytes[FLAGS]
    }

    pub(crate) fn has(&self, flag: u8) -> bool {
        self.flags() & flag != 0
    }

    /// The granule position; -1 where no packet ends.
    pub(crate) fn granule(&self) -> i64 {
        let (low, high) = (self.word(GRANULE), self.word(GRANULE + 4));
        (u64::from(high) << 32 | u64::from(low)).cast_signed()
    }

    /// The number of the stream.
    pub(crate) fn serial(&self) -> u32 {
        self.word(SERIAL)
    }

    pub(crate) fn sequence(&self) -> u32 {
        self.word(SEQUENCE)
    }

    pub(crate) fn lacing(&self) -> &[u8] {
        &self.bytes[HEADER..self.body_start()]
    }

    pub(crate) fn body(&self) -> &[u8] {
        &self.bytes[self.body_start()..]
    }

    /// The pieces of packets on this page, in order.
    pub(crate) fn pieces(&self) -> impl Iterator<Item = Piece<'_>> {
        let (mut lacing, mut body) = (self.lacing(), self.body());
        std::iter::from_fn(move || {
            let whole = lacing.iter().take_while(|&&size| size == 255).count();
            let last = lacing.get(whole).copied();
            lacing =
                lacing.get(whole + usize::from(last.is_some())..).filter(|_| !lacing.is_empty())?;
            let (bytes, rest) = body.split_at(whole * SEGMENT + usize::from(last.unwrap_or(0)));
            body = rest;
            Some(Piece { bytes, ends: last.is_some() })
        })
    }

    pub(crate) fn outline(&self) -> Outline {
        Outline {
            flags: self.flags(),
            granule: self.granule(),
            serial: self.serial(),
            pieces: self.pieces().count(),
            is_open: self.lacing().last() == Some(&255),
        }
    }

    fn body_start(&self) -> usize {
        HEADER + usize::from(self.bytes[SEGMENTS])
    }

    fn word(&self, at: usize) -> u32 {
        self.bytes[at..at + 4].iter().rev().fold(0, |word, &byte| word << 8 | u32::from(byte))
    }

    /// The field of the checksum counts as 0.
    fn checksum(&self) -> u32 {
        let before = crc32(crc32(0, &self.bytes[..CHECKSUM]), &[0; 4]);
        crc32(before, &self.bytes[SEGMENTS..])
    }
}

/// Appends a piece to a page that is put together. A piece that does not end must fill its segments.
/// Returns whether they fit.
pub(crate) fn lace(piece: Piece<'_>, lacing: &mut Vec<u8>, body: &mut Vec<u8>) -> bool {
    let Piece { bytes, ends } = piece;
    let (whole, rest) = (bytes.len() / SEGMENT, bytes.len() % SEGMENT);
    let count = lacing.len() + whole + usize::from(ends);
    if count > MOST_SEGMENTS || (!ends && rest > 0) {
        return false;
    }
    lacing.resize(lacing.len() + whole, 255);
    lacing.extend(u8::try_from(rest).ok().filter(|_| ends));
    body.extend_from_slice(bytes);
    true
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A page of these pieces.
    fn page(pieces: &[Piece<'_>]) -> Option<Page> {
        let (mut lacing, mut body) = (Vec::new(), Vec::new());
        let fits = pieces.iter().all(|&piece| lace(piece, &mut lacing, &mut body));
        fits.then(|| Page::new(0, -1, (9, 7), (&lacing, &body)))?
    }

    proptest! {
        #[test]
        fn a_page_gives_back_the_pieces_that_it_was_made_of(
            sizes in prop::collection::vec(0usize..700, 0..9), open in any::<bool>(),
        ) {
            let bytes: Vec<Vec<u8>> = sizes.iter().map(|&size| vec![3; size]).collect();
            let mut pieces: Vec<_> = bytes.iter().map(|bytes| Piece { bytes, ends: true }).collect();
            if open {
                pieces.push(Piece { bytes: &[9; 510], ends: false });
            }
            let page = page(&pieces).unwrap();
            prop_assert_eq!(page.pieces().collect::<Vec<_>>(), pieces);
            prop_assert_eq!((page.granule(), page.serial(), page.sequence()), (-1, 9, 7));
            let mut twice = &*[page.bytes(), page.bytes()].concat();
            for _ in 0..2 {
                prop_assert_eq!(Page::read(&mut twice).unwrap(), Some(page.bytes().to_vec()));
            }
            prop_assert_eq!(Page::read(&mut twice).unwrap(), None);
            prop_assert_eq!(Page::parse(page.bytes().to_vec()), Some(page));
        }
    }

    #[test]
    fn each_flipped_bit_and_each_other_length_of_a_page_is_noticed() {
        let whole = page(&[Piece { bytes: &[1; 300], ends: true }]).unwrap().bytes;
        for bit in 0..whole.len() * 8 {
            let mut bytes = whole.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(Page::parse(bytes), None, "bit {bit}");
        }
        for length in 0..whole.len() {
            assert_eq!(Page::parse(whole[..length].to_vec()), None, "{length}");
            assert!(length == 0 || Page::read(&mut &whole[..length]).is_err(), "{length}");
        }
        assert_eq!(Page::parse([whole.as_slice(), &[0]].concat()), None);
    }

    #[test]
    fn what_does_not_fit_a_page_is_not_laced() {
        let piece = |bytes, ends| Piece { bytes, ends };
        let room = vec![0; 255 * 255];
        assert!(page(&[piece(&room, false)]).is_some());
        assert!(page(&[piece(&room, true)]).is_none(), "256 segments");
        assert!(page(&[piece(&room[..254], false)]).is_none(), "a part of a segment");
    }
}
