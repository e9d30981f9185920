//! FLAC as its specification (RFC 9639) writes it: the headers of frames and their length, the metadata
//! that a kept FLAC has, on its own or in an Ogg, checksums. Used to read, to write and to check. No audio is
//! coded here.

mod checksum;
mod frame;
mod head;
mod mapping;
mod walk;

pub(crate) use checksum::{crc8, crc16};
pub(crate) use frame::{FrameHeader, is_header};
pub(crate) use head::{Head, SeekPoint, StreamInfoBlock, metadata_length};
pub(crate) use walk::frame_length;
