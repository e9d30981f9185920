//! EBML, as far as one must read it to know which element a byte belongs to.

/// The ids of the elements that lists are in, from RFC 9559.
pub(super) const SEGMENT: u32 = 0x1853_8067;
pub(super) const CLUSTER: u32 = 0x1F43_B675;

/// How much of a leaf is looked at: the beginning of a block, or a number.
const LOOK: usize = 12;

/// Is told of the elements that pass.
pub(super) trait ElementHandler {
    /// An element begins, in a segment or a cluster if it is `in_list`: whether its content is
    /// elements too.
    fn begins(&mut self, head: ElementHeader, in_list: bool) -> Result<bool, &'static str>;

    /// The content of an element without others in it, or its first bytes.
    fn leaf(&mut self, id: u32, content: &[u8]) -> Result<(), &'static str>;

    /// An element that held others has ended.
    fn ends(&mut self, id: u32) -> Result<(), &'static str>;
}

/// The head of an element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ElementHeader {
    pub(super) id: u32,
    /// The size of its content; `None` for one that was written live and goes on until another of
    /// its rank.
    pub(super) size: Option<u64>,
}

/// Where in a file one is.
#[derive(Debug, Default)]
pub(super) struct EbmlParser {
    /// Bytes followed so far.
    at: u64,
    /// The elements around this place, with where they end if they say so.
    around: Vec<(u32, Option<u64>)>,
    /// The first bytes of a head, or of a leaf.
    seen: Vec<u8>,
    /// The leaf at hand: its id, and how many of its bytes are still to come.
    leaf: Option<(u32, u64)>,
    /// Past the end of everything: what lies there is not looked at.
    over: bool,
}

/// More levels than any element that matters is deep.
const DEEPEST: usize = 8;

impl EbmlParser {
    /// Follows the next bytes.
    pub(super) fn follow(
        &mut self,
        bytes: &[u8],
        observer: &mut impl ElementHandler,
    ) -> Result<(), &'static str> {
        let mut rest = bytes;
        while !rest.is_empty() && !self.over {
            let taken = match self.leaf {
                Some(_) => self.in_leaf(rest, observer)?,
                None => self.in_head(rest[0], observer)?,
            };
            self.at += taken as u64;
            rest = &rest[taken..];
            self.close(observer)?;
        }
        Ok(())
    }

    /// The source has ended: it may, where no element is open that says how long it is.
    pub(super) fn end(&self) -> Result<(), &'static str> {
        let declared = self.around.iter().any(|(_, end)| end.is_some());
        let begun = self.leaf.is_some() || !self.seen.is_empty();
        let inside = declared || (begun && !self.around.is_empty());
        if inside { Err("it is cut off inside an element") } else { Ok(()) }
    }

    fn in_leaf(
        &mut self,
        rest: &[u8],
        observer: &mut impl ElementHandler,
    ) -> Result<usize, &'static str> {
        let Some((id, left)) = &mut self.leaf else { return Ok(0) };
        let taken = usize::try_from(*left).map_or(rest.len(), |left| left.min(rest.len()));
        let look = taken.min(LOOK - self.seen.len());
        self.seen.extend_from_slice(&rest[..look]);
        *left -= taken as u64;
        if *left == 0 {
            observer.leaf(*id, &self.seen)?;
            self.leaf = None;
            self.seen.clear();
        }
        Ok(taken)
    }

    fn in_head(
        &mut self,
        byte: u8,
        observer: &mut impl ElementHandler,
    ) -> Result<usize, &'static str> {
        self.seen.push(byte);
        let head = match head(&self.seen) {
            Ok(Some(head)) => head,
            Ok(None) => return Ok(1),
            Err(_) if self.around.is_empty() => {
                self.over = true;
                return Ok(1);
            }
            Err(reason) => return Err(reason),
        };
        self.seen.clear();
        let start = self.at + 1;
        let end = head.size.map(|size| start.saturating_add(size));
        let room = self.around.iter().rev().find_map(|(_, end)| *end);
        if room.is_some_and(|room| start > room || end.is_some_and(|end| end > room)) {
            return Err("an element is larger than what holds it");
        }
        let in_list = self.around.last().is_some_and(|(id, _)| [SEGMENT, CLUSTER].contains(id));
        if observer.begins(head, in_list)? {
            // One of unknown size ends where another of its kind begins.
            if let Some(level) = self.around.iter().position(|(id, _)| *id == head.id) {
                self.around.truncate(level);
            }
            self.around.push((head.id, end));
            if self.around.len() > DEEPEST {
                return Err("its elements are nested too deeply");
            }
        } else {
            match head.size.unwrap_or(0) {
                0 => observer.leaf(head.id, &[])?,
                size => self.leaf = Some((head.id, size)),
            }
        }
        Ok(1)
    }

    /// Leaves the elements that end here.
    fn close(&mut self, observer: &mut impl ElementHandler) -> Result<(), &'static str> {
        let is_over = |(_, end): &(_, Option<u64>)| end.is_some_and(|end| self.at >= end);
        let Some(level) = self.around.iter().position(is_over) else { return Ok(()) };
        if self.leaf.is_some() || !self.seen.is_empty() {
            return Err("an element ends inside another");
        }
        // With it end those of unknown size inside it.
        for (id, _) in self.around.drain(level..).rev() {
            observer.ends(id)?;
        }
        Ok(())
    }
}

/// The number that these bytes are, at most eight of them.
pub(super) fn number(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |sum, &byte| sum << 8 | u64::from(byte))
}

/// The head that these bytes are, if they are a whole one.
fn head(bytes: &[u8]) -> Result<Option<ElementHeader>, &'static str> {
    let id_length = bytes[0].leading_zeros() as usize + 1;
    if id_length > 4 {
        return Err("there is no element where one should be");
    }
    let Some(&first) = bytes.get(id_length) else { return Ok(None) };
    let size_length = first.leading_zeros() as usize + 1;
    if size_length > 8 {
        return Err("an element has a size that cannot be read");
    }
    if bytes.len() < id_length + size_length {
        return Ok(None);
    }
    let id = u32::try_from(number(&bytes[..id_length])).unwrap_or(u32::MAX);
    let unknown = (1 << (7 * size_length)) - 1;
    let size = number(&bytes[id_length..]) & unknown;
    Ok(Some(ElementHeader { id, size: (size != unknown).then_some(size) }))
}
