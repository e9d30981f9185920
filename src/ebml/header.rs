//! The header of an element (RFC 8794, 5 and 6).

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ElementHeader {
    pub(crate) id: u32,
    /// The size of its content; `None` if unknown: it ends where an element of the same or a higher
    /// level begins.
    pub(crate) size: Option<u64>,
    /// Bytes of the header.
    pub(crate) length: usize,
}

/// The big-endian number in at most eight bytes.
pub(crate) fn number(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |sum, &byte| sum << 8 | u64::from(byte))
}

/// Parses a header; `None` if it is not complete yet.
///
/// # Errors
/// The bytes are no header.
pub(crate) fn parse_header(bytes: &[u8]) -> Result<Option<ElementHeader>, &'static str> {
    // The zeros before the first 1 give the length (RFC 8794, 4.1): up to 4 bytes of an id, 8 of a
    // size.
    let Some(&first) = bytes.first() else { return Ok(None) };
    let id_length = first.leading_zeros() as usize + 1;
    if id_length > 4 {
        return Err("it holds bytes that are no element");
    }
    let Some(&first) = bytes.get(id_length) else { return Ok(None) };
    let size_length = first.leading_zeros() as usize + 1;
    if size_length > 8 {
        return Err("an element has an invalid size");
    }
    let length = id_length + size_length;
    let Some(header) = bytes.get(..length) else { return Ok(None) };
    let id = u32::try_from(number(&header[..id_length])).unwrap_or(u32::MAX);
    // All bits 1: the size is unknown (RFC 8794, 6.2).
    let unknown = (1 << (7 * size_length)) - 1;
    let size = number(&header[id_length..]) & unknown;
    Ok(Some(ElementHeader { id, size: (size != unknown).then_some(size), length }))
}
