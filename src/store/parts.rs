//! What is uploaded, in parts that a thread reads.

use std::io::{self, Read};

use bytes::Bytes;
use futures_util::Stream;
use tokio::sync::mpsc::{Receiver, Sender};

use super::Place;
use super::error::Error;
use crate::digest::Digester;

/// Bytes of a part: the least that S3 allows of a part that is not the last. Smaller objects go in one
/// request.
pub(super) const PART: usize = 5 * 1024 * 1024;

/// The parts, and an error instead of an end that comes too early: the reading thread may have panicked.
pub(super) fn whole(
    place: &Place,
    parts: Receiver<Result<Bytes, Error>>,
    bytes: u64,
) -> impl Stream<Item = Result<Bytes, Error>> {
    futures_util::stream::try_unfold((parts, bytes), move |(mut parts, left)| async move {
        let Some(part) = parts.recv().await else {
            return if left == 0 { Ok(None) } else { Err(panicked(place)) };
        };
        let part = part?;
        let left = left.saturating_sub(part.len() as u64);
        Ok(Some((part, (parts, left))))
    })
}

/// The error of a reading thread that panicked.
pub(super) fn panicked(place: &Place) -> Error {
    Error::local(place, &io::Error::other("what was to be written ended too early"))
}

/// Reads parts on a thread that may block. The last one is sent only if size and digest are right.
pub(super) fn read_parts(
    mut reader: impl Read,
    bytes: u64,
    sha256: Option<&str>,
    sender: &Sender<Result<Bytes, Error>>,
) -> io::Result<()> {
    let mut digester = Digester::new();
    let mut left = bytes;
    while left > 0 {
        let length = usize::try_from(left).unwrap_or(PART).min(PART);
        let mut part = vec![0; length];
        reader.read_exact(&mut part)?;
        digester.update(&part);
        left -= length as u64;
        if left == 0 {
            let more = reader.read(&mut [0])?;
            let digest = std::mem::replace(&mut digester, Digester::new()).finish();
            if more != 0 || sha256.is_some_and(|sha256| digest.sha256 != sha256) {
                return Err(io::Error::other("what was to be written changed meanwhile"));
            }
        }
        if sender.blocking_send(Ok(part.into())).is_err() {
            return Ok(());
        }
    }
    Ok(())
}
