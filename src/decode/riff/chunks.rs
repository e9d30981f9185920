//! The chunks of a WAV: a name, a size, and so many bytes.

use std::io::{self, Read};

use super::Order;
use crate::decode::source::read_up_to;
use crate::decode::transport::Leftover;
use crate::error::Error;

/// The longest list of texts that is looked into, in bytes.
const MAX_LIST: u32 = 64 * 1024;

/// How many chunks beside the audio are noted.
const MAX_OTHERS: usize = 1000;

/// Chunks, one after the other.
pub(super) struct Chunks<'a, R> {
    pub(super) rest: &'a mut R,
    pub(super) order: Order,
    /// Whether the chunk before had an odd size: then a zero should follow, and may be missing.
    pub(super) odd: bool,
    /// What has been passed over.
    pub(super) others: Vec<Leftover>,
}

impl<R: Read> Chunks<'_, R> {
    /// The name and size of the next chunk; nothing at a clean end.
    pub(super) fn next(&mut self) -> Result<Option<([u8; 4], u32)>, Error> {
        let mut head = Vec::new();
        if self.odd {
            head = read_up_to(self.rest, 1)?;
            // A name begins with a letter; anything else is padding.
            head.retain(u8::is_ascii_graphic);
        }
        head.extend(read_up_to(self.rest, 8 - head.len() as u64)?);
        let Ok([a, b, c, d, size @ ..]) = <[u8; 8]>::try_from(head) else { return Ok(None) };
        let size = self.order.long(size);
        self.odd = size % 2 == 1;
        Ok(Some(([a, b, c, d], size)))
    }

    pub(super) fn body(&mut self, size: u32) -> Result<Vec<u8>, Error> {
        read_up_to(self.rest, size.into())
    }

    /// Passes over a chunk that is no part of the audio, and notes it; a list of texts by each.
    pub(super) fn pass_over(&mut self, id: [u8; 4], size: u32) -> Result<(), Error> {
        let name = |id: &[u8]| String::from_utf8_lossy(id).trim_end().to_owned();
        if self.others.len() >= MAX_OTHERS {
            return self.skip(size.into());
        }
        if id != *b"LIST" || size > MAX_LIST {
            self.others.push(Leftover { name: name(&id), bytes: size.into() });
            return self.skip(size.into());
        }
        let list = self.body(size)?;
        let mut rest = list.get(4..).unwrap_or_default();
        while let Some((head, content)) = rest.split_at_checked(8) {
            let size = self.order.long([head[4], head[5], head[6], head[7]]);
            let name = format!("LIST {}", name(&head[..4]));
            self.others.push(Leftover { name, bytes: size.into() });
            let length = usize::try_from(size).unwrap_or(usize::MAX);
            rest = content.get(length.saturating_add(length % 2)..).unwrap_or_default();
        }
        Ok(())
    }

    pub(super) fn skip(&mut self, bytes: u64) -> Result<(), Error> {
        let mut skipped = self.rest.take(bytes);
        io::copy(&mut skipped, &mut io::sink()).map(drop).map_err(Error::Read)
    }
}
