//! Packet readers: the packets of a container, in order.
//!
//! In: a source whose first bytes show the container. Out: [`Opened`], a reader with its guard.
//! What can go wrong: a header that symphonia rejects, no audio track or several of them.

use symphonia::core::errors::{Error as Symphonia, Result as SymphoniaResult};
use symphonia::core::formats::{FormatOptions, FormatReader, Track, TrackType};
use symphonia::core::io::MediaSourceStream;
use symphonia::core::packet::Packet;

use super::error;
use super::guard::{Container, Guard};
use super::pcm::{PcmGuard, PcmLayout, PcmReader};
use super::tags;
use crate::decode::input::{InputMonitor, Leftover};
use crate::error::Error;

/// The largest packet that our own readers accept, in bytes.
const MAX_PACKET: u64 = 16 * 1024 * 1024;

/// An open container.
pub(in crate::decode) struct Opened {
    pub(in crate::decode) reader: PacketReader,
    pub(in crate::decode) guard: Box<dyn Guard>,
    /// The number of frames, where the header was parsed here and declares it.
    pub(in crate::decode) frames: Option<u64>,
}

impl Opened {
    pub(super) fn new(reader: PacketReader, guard: impl Guard + 'static) -> Self {
        Self { reader, guard: Box::new(guard), frames: None }
    }

    /// PCM of this layout, from the first byte of `data` to the last.
    pub(super) fn pcm(
        container: Container,
        layout: PcmLayout,
        data: impl std::io::Read + Send + 'static,
        frames: Option<u64>,
    ) -> Self {
        let reader = PacketReader::Pcm(Box::new(PcmReader::new(layout, data, |_, _| 0)));
        Self { frames, ..Self::new(reader, PcmGuard { container, upper_24: false }) }
    }
}

/// Where packets come from.
pub(in crate::decode) enum PacketReader {
    /// A reader of symphonia.
    Symphonia(Box<dyn FormatReader>),
    /// Interleaved samples, which are cut into packets.
    Pcm(Box<PcmReader>),
    /// A reader of our own, for packets that a table lists.
    Own(Box<dyn PacketSource>),
}

/// A reader of our own.
pub(in crate::decode) trait PacketSource: Send {
    fn tracks(&self) -> &[Track];

    /// The next packet; `None` at the end.
    fn packet(&mut self) -> Result<Option<Packet>, Error>;

    /// The monitor to which errors are reported.
    fn monitor(&self) -> &InputMonitor;

    /// The next packet, with errors as symphonia returns them. An early end of the source stays an
    /// I/O error, to which the decoder adds the position; the monitor keeps every other error.
    fn next_packet(&mut self) -> SymphoniaResult<Option<Packet>> {
        match self.packet() {
            Ok(packet) => Ok(packet),
            Err(Error::Read(error)) => Err(Symphonia::IoError(error)),
            Err(error) => self.monitor().fail_read(error).map_err(Symphonia::IoError),
        }
    }

    /// Tags and pictures, by name and size.
    fn tags(&mut self) -> Vec<Leftover> {
        Vec::new()
    }
}

/// Checks the size of a packet of frames of `frame` bytes (1 for other codecs than PCM).
///
/// # Errors
/// [`Error::Header`] for 0 bytes, more than 16 MiB, or part of a frame.
pub(super) fn check_packet_size(container: Container, bytes: u64, frame: u64) -> Result<(), Error> {
    if (1..=MAX_PACKET).contains(&bytes) && bytes.is_multiple_of(frame) {
        return Ok(());
    }
    let reason = format!("it declares a packet of {bytes} bytes");
    Err(error::header(container, reason))
}

impl PacketReader {
    /// Opens a reader of symphonia.
    ///
    /// # Errors
    /// [`Error::Header`] with symphonia's reason.
    pub(super) fn open_symphonia<R: FormatReader + 'static>(
        container: Container,
        media: MediaSourceStream<'static>,
        open: impl FnOnce(MediaSourceStream<'static>, FormatOptions) -> SymphoniaResult<R>,
    ) -> Result<Box<dyn FormatReader>, Error> {
        match open(media, Default::default()) {
            Ok(reader) => Ok(Box::new(reader)),
            Err(error) => {
                let reason = match error {
                    Symphonia::IoError(_) => "the source ends inside the header".into(),
                    other => other.to_string(),
                };
                Err(error::header(container, reason))
            }
        }
    }

    fn tracks(&self) -> &[Track] {
        match self {
            Self::Symphonia(reader) => reader.tracks(),
            Self::Pcm(reader) => reader.tracks(),
            Self::Own(reader) => reader.tracks(),
        }
    }

    /// The only audio track. Several are an error: all but one would be lost silently.
    ///
    /// # Errors
    /// [`Error::NoAudio`]; [`Error::Unsupported`].
    pub(in crate::decode) fn track(&self) -> Result<&Track, Error> {
        let tracks = self.tracks();
        let mut audio = tracks.iter().filter(|t| t.track_type() == Some(TrackType::Audio));
        let refused = |what: String| Err(Error::Unsupported { what });
        match (audio.next(), audio.count()) {
            (Some(track), 0) => Ok(track),
            (Some(_), more) => refused(format!("a recording with {} audio tracks", more + 1)),
            (None, _) if tracks.is_empty() => Err(Error::NoAudio),
            (None, _) => refused("a recording without a known codec".into()),
        }
    }

    /// The next packet of any track.
    pub(in crate::decode) fn next_packet(&mut self) -> SymphoniaResult<Option<Packet>> {
        match self {
            Self::Symphonia(reader) => reader.next_packet(),
            Self::Pcm(reader) => reader.next_packet(),
            Self::Own(reader) => reader.next_packet(),
        }
    }

    /// The tags and pictures read so far, by name and size.
    pub(in crate::decode) fn tags(&mut self) -> Vec<Leftover> {
        match self {
            Self::Symphonia(reader) => tags::leftovers_of(reader.as_mut()),
            Self::Own(reader) => reader.tags(),
            Self::Pcm(_) => Vec::new(),
        }
    }

    /// Drops all tags but the latest: symphonia keeps those of every link of a chained file.
    pub(in crate::decode) fn forget_tags(&mut self) {
        if let Self::Symphonia(reader) = self {
            while reader.metadata().pop().is_some() {}
        }
    }
}
