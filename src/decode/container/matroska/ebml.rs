//! EBML (RFC 8794), parsed as bytes arrive, as far as needed to know which element each byte
//! belongs to.
//!
//! In: bytes in pieces of any size. Out: calls of an [`ElementHandler`]. What can go wrong: an
//! invalid header, an element that is larger than its parent, an end inside an element.

/// The ids (RFC 9559) of the elements whose children must be known ones.
pub(super) const SEGMENT: u32 = 0x1853_8067;
pub(super) const CLUSTER: u32 = 0x1F43_B675;

/// How many bytes of an element without children are kept: a number, or the header of a block.
const MAX_KEPT: usize = 12;

/// What is wrong with an element.
pub(super) type EbmlError = &'static str;

/// Gets the elements of a file, in order.
pub(super) trait ElementHandler {
    /// An element begins. `in_list`: directly inside a segment or a cluster. Returns whether its
    /// content is elements again.
    fn begins(&mut self, head: ElementHeader, in_list: bool) -> Result<bool, EbmlError>;

    /// The content of an element without children, or its first bytes.
    fn leaf(&mut self, id: u32, content: &[u8]) -> Result<(), EbmlError>;

    /// An element with children has ended.
    fn ends(&mut self, id: u32) -> Result<(), EbmlError>;
}

/// The header of an element (RFC 8794, 5 and 6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ElementHeader {
    pub(super) id: u32,
    /// The size of its content; `None` if unknown: it ends where an element of the same or a higher
    /// level begins.
    pub(super) size: Option<u64>,
}

/// A parser, at some place in a file.
#[derive(Debug, Default)]
pub(super) struct EbmlParser<H> {
    pub(super) handler: H,
    /// Bytes so far.
    at: u64,
    /// The elements around this place, outermost first, each with its end if that is known.
    open: Vec<(u32, Option<u64>)>,
    /// The bytes so far of the current header, or the first of the current content.
    kept: Vec<u8>,
    /// The current element without children: its id, and its bytes that are still to come.
    leaf: Option<(u32, u64)>,
    /// Whether the last element has ended. What follows is ignored.
    over: bool,
}

/// The largest depth of an element. The ones that matter are less deep.
const MAX_DEPTH: usize = 8;

impl<H: ElementHandler> EbmlParser<H> {
    /// Parses the next bytes.
    pub(super) fn parse(&mut self, bytes: &[u8]) -> Result<(), EbmlError> {
        let mut rest = bytes;
        while !rest.is_empty() && !self.over {
            let taken = match self.leaf {
                Some(_) => self.content(rest)?,
                None => self.header(rest[0])?,
            };
            self.at += taken as u64;
            rest = &rest[taken..];
            self.close()?;
        }
        Ok(())
    }

    /// Checks that the source may end here: no element of known size is open.
    pub(super) fn end(&self) -> Result<(), EbmlError> {
        let declared = self.open.iter().any(|(_, end)| end.is_some());
        let begun = self.leaf.is_some() || !self.kept.is_empty();
        let inside = declared || (begun && !self.open.is_empty());
        if inside { Err("it is cut off inside an element") } else { Ok(()) }
    }

    fn content(&mut self, rest: &[u8]) -> Result<usize, EbmlError> {
        let Some((id, left)) = &mut self.leaf else { return Ok(0) };
        // The content may come in pieces; keep its first bytes.
        let taken = usize::try_from(*left).map_or(rest.len(), |left| left.min(rest.len()));
        let look = taken.min(MAX_KEPT - self.kept.len());
        self.kept.extend_from_slice(&rest[..look]);
        *left -= taken as u64;
        if *left == 0 {
            self.handler.leaf(*id, &self.kept)?;
            self.leaf = None;
            self.kept.clear();
        }
        Ok(taken)
    }

    fn header(&mut self, byte: u8) -> Result<usize, EbmlError> {
        self.kept.push(byte);
        let head = match parse_header(&self.kept) {
            Ok(Some(head)) => head,
            Ok(None) => return Ok(1),
            // After the last element there may be padding.
            Err(_) if self.open.is_empty() => {
                self.over = true;
                return Ok(1);
            }
            Err(reason) => return Err(reason),
        };
        self.kept.clear();
        let start = self.at + 1;
        let end = head.size.map(|size| start.saturating_add(size));
        let room = self.open.iter().rev().find_map(|(_, end)| *end);
        if room.is_some_and(|room| start > room || end.is_some_and(|end| end > room)) {
            return Err("an element is larger than its parent");
        }
        let in_list = self.open.last().is_some_and(|(id, _)| [SEGMENT, CLUSTER].contains(id));
        if self.handler.begins(head, in_list)? {
            // An element of unknown size ends where another of its kind begins.
            if let Some(level) = self.open.iter().position(|(id, _)| *id == head.id) {
                self.open.truncate(level);
            }
            self.open.push((head.id, end));
            if self.open.len() > MAX_DEPTH {
                return Err("its elements are nested too deeply");
            }
        } else {
            match head.size.unwrap_or(0) {
                0 => self.handler.leaf(head.id, &[])?,
                size => self.leaf = Some((head.id, size)),
            }
        }
        Ok(1)
    }

    /// Closes the elements that end here.
    fn close(&mut self) -> Result<(), EbmlError> {
        let is_over = |(_, end): &(_, Option<u64>)| end.is_some_and(|end| self.at >= end);
        let Some(level) = self.open.iter().position(is_over) else { return Ok(()) };
        if self.leaf.is_some() || !self.kept.is_empty() {
            return Err("an element ends inside another one");
        }
        // Elements of unknown size inside it end too.
        for (id, _) in self.open.drain(level..).rev() {
            self.handler.ends(id)?;
        }
        Ok(())
    }
}

/// The big-endian number in at most eight bytes.
pub(super) fn number(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |sum, &byte| sum << 8 | u64::from(byte))
}

/// Parses a header; `None` if it is not complete yet.
fn parse_header(bytes: &[u8]) -> Result<Option<ElementHeader>, EbmlError> {
    // The zeros before the first 1 give the length (RFC 8794, 4.1): up to 4 bytes of an id, 8 of a
    // size.
    let id_length = bytes[0].leading_zeros() as usize + 1;
    if id_length > 4 {
        return Err("it holds bytes that are no element");
    }
    let Some(&first) = bytes.get(id_length) else { return Ok(None) };
    let size_length = first.leading_zeros() as usize + 1;
    if size_length > 8 {
        return Err("an element has an invalid size");
    }
    if bytes.len() < id_length + size_length {
        return Ok(None);
    }
    let id = u32::try_from(number(&bytes[..id_length])).unwrap_or(u32::MAX);
    // All bits 1: the size is unknown (RFC 8794, 6.2).
    let unknown = (1 << (7 * size_length)) - 1;
    let size = number(&bytes[id_length..]) & unknown;
    Ok(Some(ElementHeader { id, size: (size != unknown).then_some(size) }))
}
