//! Where a Matroska or WebM file says that it ends.
//!
//! symphonia reads clusters until the source does, so that it cannot tell a cut file from a whole
//! one. The size of the `Segment` can, unless the file was written live and has none.

/// The first four bytes of every Matroska file.
pub(super) const MAGIC: [u8; 4] = [0x1A, 0x45, 0xDF, 0xA3];

/// How much of the beginning is enough for [`declared_end`]: two element headers and an EBML head.
pub(super) const HEAD: u64 = 512;

const SEGMENT: u64 = 0x1853_8067;

/// The position one past the last byte, if the file declares it.
pub(super) fn declared_end(head: &[u8]) -> Option<u64> {
    let (_, size, at) = element(head, 0)?;
    let at = at.checked_add(usize::try_from(size?).ok()?)?;
    let (id, size, at) = element(head, at)?;
    (id == SEGMENT).then_some(())?;
    (at as u64).checked_add(size?)
}

/// The id, the size (`None` where it is unknown) and the place of the content of an element.
fn element(bytes: &[u8], at: usize) -> Option<(u64, Option<u64>, usize)> {
    let (id, id_length) = number(bytes, at)?;
    let (size, size_length) = number(bytes, at + id_length)?;
    let marker = 1 << (7 * size_length);
    let size = size & (marker - 1);
    // All ones mean unknown.
    let size = (size != marker - 1).then_some(size);
    Some((id, size, at + id_length + size_length))
}

/// An EBML number with its length marker, and its length in bytes.
fn number(bytes: &[u8], at: usize) -> Option<(u64, usize)> {
    let length = bytes.get(at)?.leading_zeros() as usize + 1;
    let digits = bytes.get(at..at + length).filter(|_| length <= 8)?;
    Some((digits.iter().fold(0, |value, &byte| value << 8 | u64::from(byte)), length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_segment_declares_its_end_unless_it_was_written_live() {
        let head = [0x1A, 0x45, 0xDF, 0xA3, 0x82, 0, 0, 0x18, 0x53, 0x80, 0x67];
        let sized = [head.as_slice(), &[0x01, 0, 0, 0, 0, 0, 0x10, 0x00]].concat();
        assert_eq!(declared_end(&sized), Some(19 + 0x1000));
        let short = [head.as_slice(), &[0x85]].concat();
        assert_eq!(declared_end(&short), Some(12 + 5));
        for live in [vec![0xFF], vec![0x01, 255, 255, 255, 255, 255, 255, 255]] {
            assert_eq!(declared_end(&[head.as_slice(), &live].concat()), None);
        }
        assert_eq!(declared_end(&head), None);
        assert_eq!(declared_end(&[0; 16]), None);
    }
}
