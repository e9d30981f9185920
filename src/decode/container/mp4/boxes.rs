//! Boxes: a size, a kind of four letters, and content, which may be boxes again.
//!
//! Sizes have 32 or 64 bits at any level. A box must fit into the one around it, and there is one of
//! each kind where a reader could take either: nobody can then see another recording than this one.

use crate::error::Error;

/// Four letters.
pub(super) type BoxType = [u8; 4];

/// The size of a box that goes on to the end of the file.
pub(super) const TO_THE_END: u64 = u64::MAX;

/// The longest header of a box in bytes: with a size of 64 bits.
pub(super) const LONGEST: u64 = 16;

/// How many boxes may lie in one: the tags of a music library are some hundreds. Each is visited a few
/// times.
const MAX_CHILDREN: u32 = 100_000;

/// What a box begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BoxHeader {
    pub(super) kind: BoxType,
    /// ByteSource of the header itself.
    pub(super) length: u64,
    /// ByteSource of the whole box, header included.
    pub(super) size: u64,
}

impl BoxHeader {
    /// The header at the start of `bytes`; nothing where there is none.
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

/// The boxes directly inside `content`, by kind and content.
pub(super) fn children(content: &[u8]) -> Children<'_> {
    Children { rest: content, left: MAX_CHILDREN }
}

pub(super) struct Children<'a> {
    rest: &'a [u8],
    /// How many more may come.
    left: u32,
}

impl<'a> Iterator for Children<'a> {
    type Item = Result<(BoxType, &'a [u8]), Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let rest = std::mem::take(&mut self.rest);
        // Less than a header is no box: QuickTime ends lists with four zeros.
        if rest.len() < 8 {
            return None;
        }
        let Some(left) = self.left.checked_sub(1) else {
            return Some(Err(header_error("a box holds more than 100,000 others")));
        };
        self.left = left;
        let parts = BoxHeader::parse(rest).and_then(|header| {
            let (content, later) = rest.split_at_checked(usize::try_from(header.size).ok()?)?;
            Some((header.kind, content.get(usize::try_from(header.length).ok()?..)?, later))
        });
        let Some((kind, content, later)) = parts else {
            return Some(Err(header_error("a box does not fit into the one around it")));
        };
        self.rest = later;
        Some(Ok((kind, content)))
    }
}

/// The content of the one box of `kind` directly inside `content`.
///
/// # Errors
/// [`Error::Header`] where there are several, or a box does not fit.
pub(super) fn child<'a>(content: &'a [u8], kind: &BoxType) -> Result<Option<&'a [u8]>, Error> {
    let mut found = None;
    for child in children(content) {
        let (other, content) = child?;
        if other == *kind && found.replace(content).is_some() {
            let kind = kind.escape_ascii();
            return Err(header_error(&format!("two boxes \"{kind}\" lie where one should")));
        }
    }
    Ok(found)
}

/// As [`child`], for a box that must be there.
pub(super) fn needed<'a>(content: &'a [u8], kind: &BoxType) -> Result<&'a [u8], Error> {
    let missing = || header_error(&format!("its box \"{}\" is missing", kind.escape_ascii()));
    child(content, kind)?.ok_or_else(missing)
}

/// A box of this kind around these parts.
pub(super) fn boxed(kind: &BoxType, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let size = u32::try_from(content.len() + 8).unwrap_or(u32::MAX);
    [&size.to_be_bytes(), kind.as_slice(), &content].concat()
}

pub(super) fn be16(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..at.checked_add(2)?)?.try_into().ok().map(u16::from_be_bytes)
}

pub(super) fn be32(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at.checked_add(4)?)?.try_into().ok().map(u32::from_be_bytes)
}

pub(super) fn be64(bytes: &[u8], at: usize) -> Option<u64> {
    bytes.get(at..at.checked_add(8)?)?.try_into().ok().map(u64::from_be_bytes)
}

pub(super) fn header_error(reason: &str) -> Error {
    Error::Header { container: "MP4".into(), reason: reason.into() }
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
