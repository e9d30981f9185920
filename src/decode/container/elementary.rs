//! Elementary streams: MPEG audio, ADTS and FLAC without a container. Nothing around the frames
//! declares how long they are, and after damage symphonia searches for the next frame. So every
//! byte is accounted for: it belongs to a packet, or to something that is known not to be audio.
//!
//! In: the bytes of the stream. Out: symphonia's reader over them, and a [`ByteLedger`] with which
//! the guard claims the bytes of each packet. What can go wrong: bytes that nothing claims, an
//! incomplete last frame, 2 MiB or more between two frames.

use std::io::{self, Read};
use std::sync::{Arc, Mutex};

use symphonia::core::errors::Result as SymphoniaResult;
use symphonia::core::formats::{FormatOptions, FormatReader};
use symphonia::core::io::MediaSourceStream;

use super::error::{self, unsupported};
use super::guard::{Container, DecodeTotals};
use super::reader::open_symphonia;
use super::tags;
use crate::decode::codec::mpeg_header::tag_frame;
use crate::decode::input::{InputMonitor, Leftover, PeekedSource, media_stream};
use crate::error::Error;
use crate::lock::lock;

/// The largest number of unclaimed bytes. symphonia holds tags before the first frame in memory, at
/// up to 25 times their size.
const MAX_WAITING: usize = 2 * 1024 * 1024;

/// The largest number of zeros after the last frame, in bytes.
const MAX_ZEROS: usize = 8 * 1024;

/// The bytes that the reader has read and no packet has claimed.
struct UnclaimedBytes {
    inner: Box<dyn Read + Send>,
    monitor: Arc<InputMonitor>,
    /// Bytes that were read. Those before `claimed` belong to a packet or a tag.
    bytes: Vec<u8>,
    claimed: usize,
    /// The position of `bytes[0]` in the file.
    position: u64,
}

/// Passes a stream on and keeps the bytes that no packet has claimed yet. It ends early where too
/// many are unclaimed; [`ByteLedger::check`] reports that. A clone is the other end, which claims
/// the bytes.
#[derive(Clone)]
pub(super) struct ByteLedger(Arc<Mutex<UnclaimedBytes>>);

/// Opens an input with a reader of symphonia. Tags before the audio are listed.
///
/// # Errors
/// [`Error::Header`]; [`Error::Unsupported`] where 2 MiB or more come before the first frame.
pub(super) fn open<R: FormatReader + 'static>(
    container: Container,
    input: PeekedSource,
    open: impl FnOnce(MediaSourceStream<'static>, FormatOptions) -> SymphoniaResult<R>,
) -> Result<(Box<dyn FormatReader>, ByteLedger), Error> {
    let monitor = Arc::clone(&input.monitor);
    monitor.left_out(tags::id3_leftovers(input.before()));
    let position = input.before().len() as u64;
    open_stream(container, input.stream(), position, &monitor, open)
}

/// Opens a stream that begins at byte `position` of the file, perhaps inside another container.
///
/// # Errors
/// As [`open`].
pub(super) fn open_stream<R: FormatReader + 'static>(
    container: Container,
    inner: Box<dyn Read + Send>,
    position: u64,
    monitor: &Arc<InputMonitor>,
    open: impl FnOnce(MediaSourceStream<'static>, FormatOptions) -> SymphoniaResult<R>,
) -> Result<(Box<dyn FormatReader>, ByteLedger), Error> {
    let monitor = Arc::clone(monitor);
    let shared = UnclaimedBytes { inner, monitor, bytes: Vec::new(), claimed: 0, position };
    let ledger = ByteLedger(Arc::new(Mutex::new(shared)));
    let reader = open_symphonia(container, media_stream(ledger.clone()), open);
    // The reader may have failed because too many bytes are unclaimed: that error comes first.
    reader.map(|reader| (reader, ledger.clone())).or_else(|error| ledger.check().and(Err(error)))
}

impl Read for ByteLedger {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        lock(&self.0).read(buffer)
    }
}

impl UnclaimedBytes {
    fn unclaimed(&self) -> usize {
        self.bytes.len() - self.claimed
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        // Where nothing more may wait, this reads 0 bytes: an end, for symphonia.
        let room = buffer.len().min(MAX_WAITING - self.unclaimed());
        let count = self.inner.read(&mut buffer[..room])?;
        // Drop claimed bytes only when they are the larger part, so that each byte moves about
        // once.
        if self.claimed > self.bytes.len() / 2 {
            let claimed = std::mem::take(&mut self.claimed);
            self.bytes.drain(..claimed);
            self.position += claimed as u64;
        }
        self.bytes.extend_from_slice(&buffer[..count]);
        Ok(count)
    }
}

/// The bytes after the last packet, tags and a few zeros.
pub(super) struct TrailingBytes {
    pub(super) bytes: Vec<u8>,
    /// In the file.
    pub(super) position: u64,
}

impl ByteLedger {
    /// Claims as many unclaimed bytes as `take` returns. `take` gets those bytes and the position
    /// of the first.
    pub(super) fn claim<T>(&self, take: impl FnOnce(&[u8], u64) -> (usize, T)) -> T {
        let mut shared = lock(&self.0);
        let position = shared.position + shared.claimed as u64;
        let (count, result) = take(&shared.bytes[shared.claimed..], position);
        shared.claimed = (shared.claimed + count).min(shared.bytes.len());
        result
    }

    /// Reads the rest of the stream, which no packet has claimed.
    pub(super) fn read_all(&self) -> Result<(), Error> {
        let mut shared = lock(&self.0);
        let mut buffer = [0; 4096];
        loop {
            match shared.read(&mut buffer) {
                Ok(0) => return shared.monitor.check(),
                Ok(_) => {}
                Err(error) => {
                    return Err(shared.monitor.check().err().unwrap_or(Error::Read(error)));
                }
            }
        }
    }

    /// Checks that not too many bytes are unclaimed: the stream was cut there.
    ///
    /// # Errors
    /// [`Error::Unsupported`].
    pub(super) fn check(&self) -> Result<(), Error> {
        if lock(&self.0).unclaimed() < MAX_WAITING {
            return Ok(());
        }
        Err(unsupported("a recording with 2 MiB and more between two pieces of its audio"))
    }

    /// The bytes after the last packet. Tags there are listed and left out.
    ///
    /// # Errors
    /// [`Error::Read`]; [`Error::Unsupported`] for 2 MiB or more.
    pub(super) fn trailing_bytes(&self) -> Result<TrailingBytes, Error> {
        self.read_all()?;
        self.check()?;
        let mut shared = lock(&self.0);
        let (position, claimed) = (shared.position + shared.claimed as u64, shared.claimed);
        let mut bytes = shared.bytes.split_off(claimed);
        // Tags and zeros are claimed here. What is left may be audio.
        let known = skip_known(&bytes, |tag| shared.monitor.left_out([tag]));
        bytes.drain(..known);
        Ok(TrailingBytes { bytes, position: position + known as u64 })
    }
}

/// The length of the tags and zeros at the beginning of `bytes`. `note` gets each tag.
fn skip_known(bytes: &[u8], mut note: impl FnMut(Leftover)) -> usize {
    let (mut at, mut zeros) = (0, 0);
    loop {
        let rest = bytes.get(at..).unwrap_or_default();
        let run = rest.iter().take_while(|&&byte| byte == 0).count();
        // More zeros than that are lost audio rather than padding.
        if run > 0 && zeros + run <= MAX_ZEROS {
            zeros += run;
            at += run;
        } else if let Some((length, name)) = tags::tag(rest) {
            let length = length.clamp(1, rest.len());
            note(Leftover { name: name.into(), bytes: length as u64 });
            at += length;
        } else {
            return at;
        }
    }
}

impl TrailingBytes {
    /// Checks that nothing follows that may be audio, when all packets in `seen` are complete.
    ///
    /// # Errors
    /// [`Error::Truncated`] where `is_frame` recognises the beginning of a frame;
    /// [`Error::Container`] for other bytes.
    pub(super) fn verdict(
        &self,
        container: Container,
        seen: &DecodeTotals,
        is_frame: impl FnOnce(&[u8]) -> bool,
    ) -> Result<(), Error> {
        match self.bytes.as_slice() {
            [] => Ok(()),
            // Every frame of all three formats begins with 0xFF.
            bytes if bytes == [0xFF] || is_frame(bytes) => {
                Err(seen.truncated("its last frame is incomplete"))
            }
            bytes => Err(foreign(container, bytes, self.position)),
        }
    }
}

/// The number of unclaimed bytes that belong to a packet. `lead` other bytes may come before it,
/// such as a header.
///
/// # Errors
/// [`Error::Container`] with the number, position and kind of the bytes before the packet, if there
/// are any others.
pub(super) fn packet_at(
    container: Container,
    bytes: &[u8],
    position: u64,
    packet: &[u8],
    lead: usize,
) -> (usize, Result<(), Error>) {
    let is_at = |at: usize| bytes.get(at..).is_some_and(|bytes| bytes.starts_with(packet));
    if is_at(0) {
        return (packet.len(), Ok(()));
    }
    if is_at(lead) {
        return (lead + packet.len(), Ok(()));
    }
    let start = bytes.windows(packet.len().max(1)).position(|bytes| bytes == packet);
    let before = &bytes[..start.unwrap_or(bytes.len())];
    // symphonia has skipped bytes to find this packet. Those may have been audio.
    (0, Err(foreign(container, before, position)))
}

/// The error for bytes that belong to no frame and no tag.
pub(super) fn foreign(container: Container, bytes: &[u8], position: u64) -> Error {
    let (count, kind) = (bytes.len(), kind(bytes));
    let reason = format!("{count} bytes at byte {position} are not audio: {kind}");
    error::damaged(container, reason)
}

/// What `bytes`, which belong to no frame, probably are.
fn kind(bytes: &[u8]) -> &'static str {
    if tag_frame(bytes) > 0 {
        return "the Xing tag of a second file (joined files?)";
    }
    if bytes.starts_with(b"fLaC") {
        return "a second FLAC file (joined files?)";
    }
    match tags::tag(bytes) {
        Some((_, "ID3v2")) => "a second ID3 tag (joined files?)",
        Some((_, "ID3v1")) => "an ID3v1 tag",
        Some(_) => "a tag",
        None if bytes.iter().all(|&byte| byte == 0) => "zeros",
        None => "of unknown kind",
    }
}
