//! Boxes (ISO/IEC 14496-12, 4.2): a size, a type of four letters, and content, which may be boxes
//! again.
//!
//! In: the bytes of a box. Out: the boxes inside it. What can go wrong: a box that is larger than
//! its parent; two boxes of a type that may occur once, of which another reader might take the
//! other one and decode different audio.

use crate::block::index_of;
use crate::decode::container::bytes::{be32, be64};
use crate::decode::container::error;
use crate::decode::container::guard::Container;
use crate::error::Error;

/// The type of a box: four letters.
pub(super) type BoxType = [u8; 4];

/// The size of a box that extends to the end of the file.
pub(super) const TO_THE_END: u64 = u64::MAX;

/// The longest header of a box, in bytes: with a size of 64 bits.
pub(super) const MAX_HEADER: u64 = 16;

/// The largest number of boxes in one box. Each is visited a few times. Music files have some
/// hundreds of tags.
const MAX_CHILDREN: u32 = 100_000;

/// The header of a box.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BoxHeader {
    pub(super) kind: BoxType,
    /// ByteSource of the header itself.
    pub(super) length: u64,
    /// Bytes of the box, header included.
    pub(super) size: u64,
}

impl BoxHeader {
    /// Parses the header at the start of `bytes`. `None` if it is cut off, or the size is too
    /// small.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let kind = bytes.get(4..8)?.try_into().ok()?;
        let (length, size) = match be32(bytes, 0)? {
            0 => (8, TO_THE_END),
            1 => (16, be64(bytes, 8)?),
            size => (8, size.into()),
        };
        (size >= length).then_some(Self { kind, length, size })
    }
}

/// The boxes directly inside `content`, as type and content.
pub(super) fn children(content: &[u8]) -> impl Iterator<Item = Result<(BoxType, &[u8]), Error>> {
    let (mut next, mut left) = (content, MAX_CHILDREN);
    std::iter::from_fn(move || {
        let rest = std::mem::take(&mut next);
        // Fewer bytes than a header are not a box: QuickTime ends lists with four zeros.
        if rest.len() < 8 {
            return None;
        }
        if left == 0 {
            return Some(Err(header_error("a box holds more than 100,000 boxes")));
        }
        left -= 1;
        let parts = BoxHeader::parse(rest).and_then(|header| {
            let (content, later) = rest.split_at_checked(index_of(header.size))?;
            let found = (header.kind, content.get(index_of(header.length)..)?);
            next = later;
            Some(found)
        });
        Some(parts.ok_or_else(|| header_error("a box is larger than its parent")))
    })
}

/// The content of the only box of a type directly inside `content`.
///
/// # Errors
/// [`Error::Header`] where there are several, or a box is larger than its parent.
pub(super) fn child<'a>(content: &'a [u8], kind: &BoxType) -> Result<Option<&'a [u8]>, Error> {
    let mut found = None;
    for child in children(content) {
        let (other, content) = child?;
        if other == *kind && found.replace(content).is_some() {
            let kind = kind.escape_ascii();
            return Err(header_error(format!("it has two \"{kind}\" boxes in one place")));
        }
    }
    Ok(found)
}

/// As [`child`], for a required box.
pub(super) fn needed<'a>(content: &'a [u8], kind: &BoxType) -> Result<&'a [u8], Error> {
    let missing = || header_error(format!("its box \"{}\" is missing", kind.escape_ascii()));
    child(content, kind)?.ok_or_else(missing)
}

/// The content of the first box of a type directly inside `content`, for boxes that are optional
/// and whose damage does not matter.
pub(super) fn first_child<'a>(content: &'a [u8], kind: &BoxType) -> Option<&'a [u8]> {
    children(content).flatten().find(|child| child.0 == *kind).map(|(_, content)| content)
}

/// A box that holds these parts.
pub(super) fn boxed(kind: &BoxType, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let size = u32::try_from(content.len() + 8).unwrap_or(u32::MAX);
    [&size.to_be_bytes(), kind.as_slice(), &content].concat()
}

pub(super) fn header_error(reason: impl Into<String>) -> Error {
    error::header(Container::Mp4, reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_32_or_64_bits() {
        let short = boxed(b"free", &[&[7; 3]]);
        let mut long = [&[0, 0, 0, 1], b"free".as_slice(), &19u64.to_be_bytes()].concat();
        long.extend_from_slice(&[7; 3]);
        for bytes in [&short, &long] {
            let all: Vec<_> = children(bytes).map(Result::unwrap).collect();
            assert_eq!(all, [(*b"free", [7; 3].as_slice())]);
            let twice = [bytes.as_slice(), bytes].concat();
            assert_eq!(children(&twice).count(), 2);
            assert!(child(&twice, b"free").is_err());
            for cut in 8..bytes.len() {
                assert!(child(&bytes[..cut], b"free").is_err(), "{cut} bytes of {bytes:?}");
            }
        }
        for size in [2u32, 7] {
            assert_eq!(BoxHeader::parse(&[&size.to_be_bytes(), b"free".as_slice()].concat()), None);
        }
        assert_eq!(children(&short.repeat(100_000)).filter(Result::is_ok).count(), 100_000);
        assert!(child(&short.repeat(100_001), b"moov").is_err());
        let mut small = long.clone();
        small[8..16].copy_from_slice(&15u64.to_be_bytes());
        assert_eq!(BoxHeader::parse(&small), None);
    }
}
