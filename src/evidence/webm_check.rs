//! The bytes of a kept Opus in WebM around its packets: all that are not silence or an element of nothing must be the
//! recording's, each at its place, and nothing else that could say anything may be there.

use std::hash::{DefaultHasher, Hasher};
use std::io::Read;

use super::failed;
use super::self_check::Changes;
use crate::ebml::{Piece, Splitter, void};
use crate::error::Error;
use crate::spool::Spool;

/// Bytes that are read at once.
const READ_SIZE: usize = 64 * 1024;

/// Reads the file of `size` bytes back.
///
/// # Errors
/// [`Error::SelfCheck`] when it is not the expected file; [`Error::ReadBack`] when it cannot be read.
pub(super) fn check(spool: &Spool, size: u64, changes: &Changes) -> Result<(), Error> {
    let mut reader = spool.reader().map_err(Error::ReadBack)?;
    let (mut splitter, mut hash) = (Splitter::default(), DefaultHasher::new());
    let (mut buffer, mut at, mut passed) = (vec![0; READ_SIZE], 0, 0);
    loop {
        let count = reader.read(&mut buffer).map_err(Error::ReadBack)?;
        if count == 0 {
            break;
        }
        splitter.add(&buffer[..count]);
        while let Some(piece) = splitter.next().map_err(failed)? {
            let (bytes, may_change) = match &piece {
                Piece::Kept(bytes) => (bytes, false),
                Piece::Blank(bytes) if *bytes == void(bytes.len()) => (bytes, true),
                Piece::Blank(_) => return Err(failed("the written file has more than its audio")),
                Piece::Packet(bytes) => (bytes, true),
            };
            let end = at + bytes.len() as u64;
            let is_changed = changes.changed.get(passed) == Some(&(at..end));
            passed += usize::from(is_changed);
            if is_changed && !may_change {
                return Err(failed("an element of the written file has changed"));
            }
            hash.write(bytes);
            at = end;
        }
    }
    splitter.finish().map_err(failed)?;
    let found = (at, passed, hash.finish());
    if found != (size, changes.changed.len(), changes.hash) {
        return Err(failed("a byte of the written file is not at its place, or has changed"));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
