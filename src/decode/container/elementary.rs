//! Streams without a container: MPEG audio, ADTS and FLAC. Nothing around their frames says how long
//! they are, and symphonia looks for the next frame after any damage. So every byte is accounted for:
//! it belongs to a packet, or to something that is known to be no audio.

use std::io::{self, Read};
use std::sync::{Arc, Mutex};

use symphonia::core::errors::Result as SymphoniaResult;
use symphonia::core::formats::{FormatOptions, FormatReader};
use symphonia::core::io::MediaSourceStream;

use super::guard::{Container, DecodeTotals};
use super::reader::PacketReader;
use super::tags;
use crate::decode::codec::mpeg_header::tag_frame;
use crate::decode::input::{Input, InputMonitor, Leftover, Media, locked};
use crate::error::Error;

/// How many bytes may wait for a packet, where symphonia would hold them in memory: tags before the
/// first one, of which it makes up to 25 times as much.
const MAX_WAITING: usize = 2 * 1024 * 1024;

/// How many zeros may follow the last frame, in bytes.
const MAX_ZEROS: usize = 8 * 1024;

/// A stream that remembers the bytes that no packet has claimed yet. It ends where too many wait;
/// the account tells.
struct ElementaryStream(Arc<Mutex<UnclaimedBytes>>);

struct UnclaimedBytes {
    inner: Box<dyn Read + Send>,
    monitor: Arc<InputMonitor>,
    /// Bytes that were read; those before `claimed` belong to something.
    bytes: Vec<u8>,
    claimed: usize,
    /// The position of `bytes[0]` in the recording.
    position: u64,
}

/// The other end of an [`ElementaryStream`]: claims its bytes.
#[derive(Clone)]
pub(super) struct ByteLedger(Arc<Mutex<UnclaimedBytes>>);

/// Opens an input with a reader of symphonia, and gives the account of its bytes. The tags that stand
/// before it are noted.
///
/// # Errors
/// [`Error::Header`]; [`Error::Unsupported`] where 2 MiB and more stand before the first frame.
pub(super) fn open<R: FormatReader + 'static>(
    container: Container,
    input: Input,
    open: impl FnOnce(MediaSourceStream<'static>, FormatOptions) -> SymphoniaResult<R>,
) -> Result<(PacketReader, ByteLedger), Error> {
    let monitor = Arc::clone(&input.monitor);
    monitor.left_out(tags::id3_leftovers(input.before()));
    let position = input.before().len() as u64;
    open_stream(container, input.stream(), position, &monitor, open)
}

/// Opens a stream that begins at byte `position` of the recording, in a container of its own perhaps.
///
/// # Errors
/// As [`open`].
pub(super) fn open_stream<R: FormatReader + 'static>(
    container: Container,
    inner: Box<dyn Read + Send>,
    position: u64,
    monitor: &Arc<InputMonitor>,
    open: impl FnOnce(MediaSourceStream<'static>, FormatOptions) -> SymphoniaResult<R>,
) -> Result<(PacketReader, ByteLedger), Error> {
    let monitor = Arc::clone(monitor);
    let shared = UnclaimedBytes { inner, monitor, bytes: Vec::new(), claimed: 0, position };
    let shared = Arc::new(Mutex::new(shared));
    let (stream, account) = (ElementaryStream(Arc::clone(&shared)), ByteLedger(shared));
    let reader = PacketReader::open(container, Media::stream(stream), open);
    // What has ended here is perhaps not the source.
    reader
        .map(|reader| (reader.into(), account.clone()))
        .or_else(|error| account.check().and(Err(error)))
}

impl Read for ElementaryStream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        locked(&self.0).read(buffer)
    }
}

impl UnclaimedBytes {
    fn waiting(&self) -> usize {
        self.bytes.len() - self.claimed
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let room = buffer.len().min(MAX_WAITING - self.waiting());
        let count = self.inner.read(&mut buffer[..room])?;
        // What was claimed goes where it is more than what waits, so that each byte moves once.
        if self.claimed > self.bytes.len() / 2 {
            let claimed = std::mem::take(&mut self.claimed);
            self.bytes.drain(..claimed);
            self.position += claimed as u64;
        }
        self.bytes.extend_from_slice(&buffer[..count]);
        Ok(count)
    }
}

/// What follows the last packet, after tags and a few zeros.
pub(super) struct TrailingBytes {
    pub(super) bytes: Vec<u8>,
    /// In the recording.
    pub(super) position: u64,
}

impl ByteLedger {
    /// Claims what `take` says of the bytes that wait, whose first has this position.
    pub(super) fn claim<T>(&self, take: impl FnOnce(&[u8], u64) -> (usize, T)) -> T {
        let mut shared = locked(&self.0);
        let position = shared.position + shared.claimed as u64;
        let (count, result) = take(&shared.bytes[shared.claimed..], position);
        shared.claimed = (shared.claimed + count).min(shared.bytes.len());
        result
    }

    /// Reads what the reader has left: all of it waits.
    ///
    /// # Errors
    /// [`Error::Read`].
    pub(super) fn read_all(&self) -> Result<(), Error> {
        let mut shared = locked(&self.0);
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

    /// Whether more waits than may, and nobody knows what follows.
    ///
    /// # Errors
    /// [`Error::Unsupported`] where that is so.
    pub(super) fn check(&self) -> Result<(), Error> {
        if locked(&self.0).waiting() < MAX_WAITING {
            return Ok(());
        }
        let what = "a recording with 2 MiB and more between two pieces of its audio".into();
        Err(Error::Unsupported { what })
    }

    /// What follows the last packet. The tags there are noted.
    ///
    /// # Errors
    /// [`Error::Read`]; [`Error::Unsupported`] where it is 2 MiB or more.
    pub(super) fn rest(&self) -> Result<TrailingBytes, Error> {
        self.read_all()?;
        self.check()?;
        let mut shared = locked(&self.0);
        let (position, claimed) = (shared.position + shared.claimed as u64, shared.claimed);
        let mut bytes = shared.bytes.split_off(claimed);
        let known = skip_known(&bytes, |tag| shared.monitor.left_out([tag]));
        bytes.drain(..known);
        Ok(TrailingBytes { bytes, position: position + known as u64 })
    }
}

/// The length of the tags and zeros that bytes after the audio begin with.
fn skip_known(bytes: &[u8], mut note: impl FnMut(Leftover)) -> usize {
    let (mut at, mut zeros) = (0, 0);
    loop {
        let rest = bytes.get(at..).unwrap_or_default();
        let run = rest.iter().take_while(|&&byte| byte == 0).count();
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
    /// Whether nothing follows that might be audio, when all frames that are `seen` are whole.
    ///
    /// # Errors
    /// [`Error::Truncated`] where a frame begins, as `is_frame` says; [`Error::Container`] for others.
    pub(super) fn verdict(
        &self,
        container: Container,
        seen: &DecodeTotals,
        is_frame: impl FnOnce(&[u8]) -> bool,
    ) -> Result<(), Error> {
        match self.bytes.as_slice() {
            [] => Ok(()),
            bytes if bytes == [0xFF] || is_frame(bytes) => Err(seen.truncated(CUT)),
            bytes => Err(foreign(container, bytes, self.position)),
        }
    }
}

/// Why a recording ends too early.
const CUT: &str = "its last frame is not whole";

/// How many of the bytes that wait belong to a packet, which `lead` bytes may precede.
///
/// # Errors
/// [`Error::Container`] where it does not begin there: with the number, position and kind of the bytes
/// before it.
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
    let gap = bytes.windows(packet.len().max(1)).position(|bytes| bytes == packet);
    let before = &bytes[..gap.unwrap_or(bytes.len())];
    (0, Err(foreign(container, before, position)))
}

/// The error for bytes that belong to nothing that is known.
pub(super) fn foreign(container: Container, bytes: &[u8], position: u64) -> Error {
    let (count, kind) = (bytes.len(), kind(bytes));
    let reason = format!("{count} bytes from byte {position} on are no audio: {kind}");
    Error::Container { container: container.name().into(), reason }
}

/// What bytes are that belong to no frame.
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
        None => "of no kind that is known",
    }
}
