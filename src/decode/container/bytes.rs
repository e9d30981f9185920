//! Byte-level helpers that the containers share: integers of either byte order, exact reads, skips.

use std::io::{self, Read};

use crate::decode::input::read_up_to;
use crate::error::Error;

/// The byte order of every number in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ByteOrder {
    Little,
    /// RIFX, AIFF, MP4 and CAF.
    Big,
}

impl ByteOrder {
    /// The 16-bit number at byte `at`; `None` past the end of `bytes`.
    pub(super) fn u16(self, bytes: &[u8], at: usize) -> Option<u16> {
        field(bytes, at).map(match self {
            Self::Little => u16::from_le_bytes,
            Self::Big => u16::from_be_bytes,
        })
    }

    /// The 32-bit number at byte `at`; `None` past the end of `bytes`.
    pub(super) fn u32(self, bytes: &[u8], at: usize) -> Option<u32> {
        field(bytes, at).map(match self {
            Self::Little => u32::from_le_bytes,
            Self::Big => u32::from_be_bytes,
        })
    }
}

/// The `N` bytes from `at` on; `None` where `bytes` ends before.
pub(super) fn field<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..)?.first_chunk().copied()
}

/// The big-endian 16-bit number at byte `at`.
pub(super) fn be16(bytes: &[u8], at: usize) -> Option<u16> {
    ByteOrder::Big.u16(bytes, at)
}

/// The big-endian 32-bit number at byte `at`.
pub(super) fn be32(bytes: &[u8], at: usize) -> Option<u32> {
    ByteOrder::Big.u32(bytes, at)
}

/// The big-endian 64-bit number at byte `at`.
pub(super) fn be64(bytes: &[u8], at: usize) -> Option<u64> {
    field(bytes, at).map(u64::from_be_bytes)
}

/// Skips `bytes` bytes. Returns how many there were: fewer only at the end of the source.
///
/// # Errors
/// [`Error::Read`].
pub(super) fn skip(reader: &mut impl Read, bytes: u64) -> Result<u64, Error> {
    io::copy(&mut reader.take(bytes), &mut io::sink()).map_err(Error::Read)
}

/// Reads exactly `count` bytes.
///
/// # Errors
/// [`Error::Read`], with `UnexpectedEof` where the source ends before.
pub(super) fn read_exactly(reader: &mut impl Read, count: u64) -> Result<Vec<u8>, Error> {
    let bytes = read_up_to(reader, count)?;
    if (bytes.len() as u64) < count {
        return Err(Error::Read(io::ErrorKind::UnexpectedEof.into()));
    }
    Ok(bytes)
}
