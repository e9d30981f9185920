//! Ogg as its specification (RFC 3533) writes it: pages, and the pieces of packets on them. Used to read, to
//! write and to check. Nothing here knows a codec.

mod checksum;
mod page;
mod queue;

use checksum::crc32;
pub(crate) use page::{Next, Outline, Page, Piece, SEGMENT, lace};
pub(crate) use queue::PageQueue;
