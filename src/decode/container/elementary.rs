//! Streams without a container: MPEG audio, ADTS and FLAC. Nothing around their frames says how long
//! they are, and symphonia looks for the next frame after any damage. So every byte is accounted for:
//! it belongs to a packet, or to something that is known to be no audio.

use std::io::{self, Cursor, Read};
use std::sync::{Arc, Mutex};

use symphonia::core::meta::MetadataReader;
use symphonia::default::meta::Id3v2Reader;

use crate::decode::input::{InputMonitor, Leftover, Media, id3_length, locked};
use crate::decode::names;
use crate::error::Error;

/// How many bytes may wait for a packet, the tags before the first one included.
const MAX_WAITING: usize = 4 * 1024 * 1024;

/// The length of an ID3v1 tag, and of the extended one that may stand before it.
const ID3V1: usize = 128;
const ID3V1_EXTENDED: usize = 227;

/// A stream that remembers the bytes that no packet has claimed yet.
pub(super) struct ElementaryStream<R>(Arc<Mutex<Shared<R>>>);

struct Shared<R> {
    inner: R,
    monitor: Arc<InputMonitor>,
    /// Bytes that were read; those before `claimed` belong to something.
    bytes: Vec<u8>,
    claimed: usize,
    /// The position of `bytes[0]` in the recording.
    position: u64,
}

/// The other end of an [`ElementaryStream`]: claims its bytes.
pub(super) struct Account(Arc<Mutex<Shared<Box<dyn Read + Send>>>>);

impl ElementaryStream<Box<dyn Read + Send>> {
    /// A stream that begins at byte `position` of the recording, and its account.
    pub(super) fn new(
        inner: Box<dyn Read + Send>,
        position: u64,
        monitor: &Arc<InputMonitor>,
    ) -> (Self, Account) {
        let monitor = Arc::clone(monitor);
        let shared = Shared { inner, monitor, bytes: Vec::new(), claimed: 0, position };
        let shared = Arc::new(Mutex::new(shared));
        (Self(Arc::clone(&shared)), Account(shared))
    }
}

impl<R: Read> Read for ElementaryStream<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut shared = locked(&self.0);
        let count = shared.inner.read(buffer)?;
        // What was claimed goes where it is more than what waits, so that each byte moves once.
        if shared.claimed > shared.bytes.len() / 2 {
            let claimed = std::mem::take(&mut shared.claimed);
            shared.bytes.drain(..claimed);
            shared.position += claimed as u64;
        }
        if shared.bytes.len() - shared.claimed + count > MAX_WAITING {
            let what = "a recording with more than 4 MiB between two pieces of its audio".into();
            return shared.monitor.failed(Error::Unsupported { what });
        }
        shared.bytes.extend_from_slice(&buffer[..count]);
        Ok(count)
    }
}

impl Default for Account {
    /// The account of an empty stream.
    fn default() -> Self {
        let inner: Box<dyn Read + Send> = Box::new(io::empty());
        ElementaryStream::new(inner, 0, &Arc::default()).1
    }
}

impl Account {
    /// Notes tags that stand after the audio.
    pub(super) fn left_out(&self, mut tags: &[u8]) {
        let monitor = Arc::clone(&locked(&self.0).monitor);
        while let Some((length, name)) = tag(tags) {
            monitor.left_out([Leftover { name: name.into(), bytes: length as u64 }]);
            tags = tags.get(length.max(1)..).unwrap_or_default();
        }
    }

    /// Claims what `take` says of the bytes that wait, whose first has this position.
    pub(super) fn claim<T>(&self, take: impl FnOnce(&[u8], u64) -> (usize, T)) -> T {
        let mut shared = locked(&self.0);
        let position = shared.position + shared.claimed as u64;
        let (count, result) = take(&shared.bytes[shared.claimed..], position);
        shared.claimed = (shared.claimed + count).min(shared.bytes.len());
        result
    }

    /// Reads what the reader has left, and gives all that nobody has claimed with its position.
    ///
    /// # Errors
    /// [`Error::Read`]; [`Error::Unsupported`] where that is more than 4 MiB.
    pub(super) fn rest(&self) -> Result<(Vec<u8>, u64), Error> {
        let mut shared = locked(&self.0);
        let position = shared.position + shared.claimed as u64;
        let claimed = shared.claimed;
        let mut rest = shared.bytes.split_off(claimed);
        let room = MAX_WAITING as u64;
        let read = shared.inner.by_ref().take(room).read_to_end(&mut rest);
        shared.monitor.check()?;
        read.map_err(Error::Read)?;
        Ok((rest, position))
    }
}

/// How many of the bytes that wait belong to a packet, which `lead` bytes may precede.
///
/// # Errors
/// [`Error::Container`] where it does not begin there: with the number, position and kind of the bytes
/// before it.
pub(super) fn packet_at(
    bytes: &[u8],
    position: u64,
    packet: &[u8],
    lead: usize,
    error: impl FnOnce(&[u8], u64) -> Error,
) -> (usize, Result<(), Error>) {
    let is_at = |at: usize| bytes.get(at..).is_some_and(|bytes| bytes.starts_with(packet));
    if is_at(0) {
        return (packet.len(), Ok(()));
    }
    if is_at(lead) {
        return (lead + packet.len(), Ok(()));
    }
    let gap = bytes.windows(packet.len().max(1)).position(|bytes| bytes == packet);
    let before = &bytes[..gap.unwrap_or(bytes.len())];
    (0, Err(error(before, position)))
}

/// The error for bytes that belong to nothing that is known.
pub(super) fn unclaimed(
    container: &str,
    bytes: &[u8],
    position: u64,
    kind: fn(&[u8]) -> &'static str,
) -> Error {
    let (count, kind) = (bytes.len(), kind(bytes));
    let reason = format!("{count} bytes from byte {position} on are no audio: {kind}");
    Error::Container { container: container.into(), reason }
}

/// What bytes are that belong to no frame.
pub(super) fn kind(bytes: &[u8]) -> &'static str {
    match tag(bytes) {
        Some((_, "ID3v2")) => "a second ID3 tag",
        Some((_, "ID3v1")) => "an ID3v1 tag",
        Some(_) => "a tag",
        None if bytes.iter().all(|&byte| byte == 0) => "zeros",
        None => "of no kind that is known",
    }
}

/// The tags in what stands before a stream, by name and size.
pub(super) fn id3_leftovers(before: &[u8]) -> Vec<Leftover> {
    if id3_length(before) == 0 {
        return Vec::new();
    }
    let media = Media::stream(Cursor::new(before.to_vec()));
    let read = Id3v2Reader::try_new(media, Default::default()).and_then(|mut tag| tag.read_all());
    match read {
        Ok(tag) => names::leftovers(&tag.revision),
        Err(_) => vec![Leftover { name: "ID3v2".into(), bytes: before.len() as u64 }],
    }
}

/// The length of a tag that `bytes` begin with, and its kind: ID3, APE or Lyrics3. Tags that stand
/// after the audio are no part of it.
fn tag(bytes: &[u8]) -> Option<(usize, &'static str)> {
    let long = |at: usize| {
        let four = bytes.get(at..at + 4)?.try_into().ok()?;
        usize::try_from(u32::from_le_bytes(four)).ok()
    };
    let id3 = id3_length(bytes);
    match bytes {
        [b'T', b'A', b'G', b'+', ..] => Some((ID3V1_EXTENDED, "ID3v1")),
        [b'T', b'A', b'G', ..] => Some((ID3V1, "ID3v1")),
        [b'I', b'D', b'3', ..] => Some((usize::try_from(id3).ok()?, "ID3v2")),
        // The size leaves out the header, which is this one if the flags say so.
        _ if bytes.starts_with(b"APETAGEX") => {
            let has_header = long(20)? & 0x2000_0000 != 0;
            Some((if has_header { 32 + long(12)? } else { 32 }, "APE"))
        }
        _ if bytes.starts_with(b"LYRICSBEGIN") => {
            let end = [b"LYRICS200".as_slice(), b"LYRICSEND"];
            let end = end.iter().find_map(|end| bytes.windows(9).position(|at| at == *end))?;
            Some((end + 9, "Lyrics3"))
        }
        _ => None,
    }
}

/// What is left of bytes after the audio when known tags are taken away from their front: how many
/// bytes those take.
pub(super) fn tags(bytes: &[u8]) -> usize {
    let mut at = 0;
    while let Some((length, _)) = bytes.get(at..).and_then(tag) {
        at += length.max(1);
    }
    at.min(bytes.len())
}
