//! FLAC as its specification (RFC 9639) writes it: the headers of frames, the metadata that a kept FLAC
//! has, checksums. Used to read, to write and to check. No audio is coded here.

mod checksum;
mod frame;
mod head;

pub(crate) use checksum::{crc8, crc16};
pub(crate) use frame::{FrameHeader, is_header};
pub(crate) use head::{Head, SeekPoint, StreamInfoBlock, metadata_length};
