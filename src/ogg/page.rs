//! One page (RFC 3533, 6).

use std::hash::Hasher;
use std::io::{self, Read};

use twox_hash::XxHash3_64;

use super::crc32;

/// Bytes of the header before the table of segments.
const HEADER: usize = 27;
/// The first bytes of a page.
const MARK: &[u8] = b"OggS";
/// Where the numbers of the header are.
const VERSION: usize = 4;
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

/// What comes next in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Next {
    Page(Page),
    /// Nothing.
    End,
    /// Bytes that begin no page.
    Foreign,
    /// A page in which the file ends.
    Cut,
    /// A page that bears this number, and a wrong checksum or another version.
    Damaged(u32),
}

/// What pages say, one after the other, apart from their numbers and the bytes of packets, and what the first
/// pages of streams hold; as a hash.
#[derive(Default)]
pub(crate) struct Outline(XxHash3_64);

impl Outline {
    pub(crate) fn add(&mut self, page: &Page) {
        // A packet is as many pieces in each file, however long it is.
        let pieces = page.pieces().count().to_le_bytes();
        let is_open = page.lacing().last() == Some(&255);
        self.0.write(&page.bytes[FLAGS..SEQUENCE]);
        self.0.write(&pieces);
        self.0.write_u8(is_open.into());
        if page.has(Page::FIRST) {
            self.0.write(page.body());
        }
    }
}

impl PartialEq for Outline {
    fn eq(&self, other: &Self) -> bool {
        self.0.finish() == other.0.finish()
    }
}

impl std::fmt::Debug for Outline {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Outline").field(&self.0.finish()).finish()
    }
}

impl Page {
    /// The flag of a page whose first piece belongs to a packet that began before.
    pub(crate) const CONTINUED: u8 = 1;
    /// The flag of the first page of a stream.
    pub(crate) const FIRST: u8 = 2;
    /// The flag of the last page of a stream.
    pub(crate) const LAST: u8 = 4;

    /// Reads what comes next.
    pub(crate) fn read(from: &mut impl Read) -> io::Result<Next> {
        // Most pages are shorter.
        let mut bytes = Vec::with_capacity(8192);
        let mut more = |count: usize, bytes: &mut Vec<u8>| {
            let read = from.by_ref().take(count as u64).read_to_end(bytes)?;
            io::Result::Ok(read == count)
        };
        let is_whole = more(HEADER, &mut bytes)?;
        if bytes.is_empty() {
            return Ok(Next::End);
        }
        if !bytes.starts_with(MARK) {
            return Ok(Next::Foreign);
        }
        // The segment table gives the size of the body.
        if !is_whole || !more(bytes[SEGMENTS].into(), &mut bytes)? {
            return Ok(Next::Cut);
        }
        let body = bytes[HEADER..].iter().map(|&size| usize::from(size)).sum();
        if !more(body, &mut bytes)? {
            return Ok(Next::Cut);
        }
        let page = Self { bytes };
        let is_right = page.bytes[VERSION] == 0 && page.word(CHECKSUM) == page.checksum();
        Ok(if is_right { Next::Page(page) } else { Next::Damaged(page.sequence()) })
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

    /// The pages in these bytes by their sizes, whatever else they say.
    #[cfg(test)]
    pub(crate) fn cut(mut bytes: &[u8]) -> Vec<Self> {
        let next = || {
            let lacing = bytes.get(HEADER..HEADER + usize::from(*bytes.get(SEGMENTS)?))?;
            let body: usize = lacing.iter().map(|&size| usize::from(size)).sum();
            let (page, rest) = bytes.split_at_checked(HEADER + lacing.len() + body)?;
            bytes = rest;
            Some(Self { bytes: page.to_vec() })
        };
        std::iter::from_fn(next).collect()
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
                prop_assert_eq!(Page::read(&mut twice).unwrap(), Next::Page(page.clone()));
            }
            prop_assert_eq!(Page::read(&mut twice).unwrap(), Next::End);
        }
    }

    #[test]
    fn each_flipped_bit_and_each_cut_of_a_page_is_noticed() {
        let read = |bytes: &[u8]| Page::read(&mut &*bytes).unwrap();
        let whole = page(&[Piece { bytes: &[1; 300], ends: true }]).unwrap().bytes;
        for bit in 0..whole.len() * 8 {
            let mut bytes = whole.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            let expected = |next: &Next| match bit / 8 {
                0..VERSION => *next == Next::Foreign,
                SEQUENCE..CHECKSUM => matches!(next, Next::Damaged(number) if *number != 7),
                // Another size: it may end too early, or be cut off.
                SEGMENTS..29 => matches!(next, Next::Damaged(7) | Next::Cut),
                _ => *next == Next::Damaged(7),
            };
            let next = read(&bytes);
            assert!(expected(&next), "bit {bit}: {next:?}");
        }
        for length in 1..whole.len() {
            let expected = if length < MARK.len() { Next::Foreign } else { Next::Cut };
            assert_eq!(read(&whole[..length]), expected, "{length}");
        }
        assert_eq!(read(&[]), Next::End);
    }

    #[test]
    fn an_outline_tells_pages_apart_but_not_their_numbers_and_packets() {
        let piece = |bytes, ends| Piece { bytes, ends };
        let outline = |page: &Page| {
            let mut outline = Outline::default();
            outline.add(page);
            outline
        };
        let one = page(&[piece(&[1; 30], true), piece(&[1; 40], true)]).unwrap();
        let other = page(&[piece(&[7; 3], true), piece(&[], true)]).unwrap();
        let numbered = other.with(0, 8, other.lacing(), other.body()).unwrap();
        assert_eq!(outline(&one), outline(&numbered));
        let flagged = one.with(Page::LAST, 7, one.lacing(), one.body()).unwrap();
        let mut later = one.clone();
        later.bytes[GRANULE] = 1;
        let mut foreign = one.clone();
        foreign.bytes[SERIAL] = 1;
        let fewer = page(&[piece(&[1; 70], true)]).unwrap();
        let open = page(&[piece(&[1; 30], true), piece(&[1; 255], false)]).unwrap();
        for page in [flagged, later, foreign, fewer, open] {
            assert_ne!(outline(&one), outline(&page), "{page:?}");
        }
        let head = |bytes| {
            let page = page(&[piece(bytes, true)]).unwrap();
            outline(&page.with(Page::FIRST, 0, page.lacing(), page.body()).unwrap())
        };
        assert_eq!(head(&[1, 2]), head(&[1, 2]));
        assert_ne!(head(&[1, 2]), head(&[1, 3]), "a head is no packet of audio");
    }

    #[test]
    fn a_page_of_another_version_is_no_end() {
        let whole = page(&[Piece { bytes: &[1; 300], ends: true }]).unwrap();
        let mut bytes = whole.bytes;
        bytes[VERSION] = 1;
        for sum in [false, true] {
            if sum {
                let sum = Page { bytes: bytes.clone() }.checksum();
                bytes[CHECKSUM..SEGMENTS].copy_from_slice(&sum.to_le_bytes());
            }
            assert_eq!(Page::read(&mut bytes.as_slice()).unwrap(), Next::Damaged(7));
        }
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
