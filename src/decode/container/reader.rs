//! The reader of a container: packets in the order in which they lie in the recording.

use symphonia::core::errors::{Error as Symphonia, Result as SymphoniaResult};
use symphonia::core::formats::{FormatReader, Track, TrackType};
use symphonia::core::io::MediaSourceStream;
use symphonia::core::packet::Packet;

use super::guard::{Container, Guard};
use super::pcm::PcmReader;
use super::tags;
use crate::decode::input::{InputMonitor, Leftover};
use crate::error::Error;

/// A container that is open.
pub(in crate::decode) struct Opened {
    pub(in crate::decode) reader: PacketReader,
    pub(in crate::decode) guard: Box<dyn Guard>,
    /// Frames, where the header was read here and declares them.
    pub(in crate::decode) frames: Option<u64>,
}

impl Opened {
    pub(super) fn new(reader: impl Into<PacketReader>, guard: impl Guard + 'static) -> Self {
        Self { reader: reader.into(), guard: Box::new(guard), frames: None }
    }
}

/// Where packets come from.
pub(in crate::decode) enum PacketReader {
    /// A reader of symphonia.
    Symphonia(Box<dyn FormatReader>),
    /// Samples that lie one after the other.
    Pcm(Box<PcmReader>),
    /// Packets that a table here tells of.
    Own(Box<dyn PacketSource>),
}

/// A reader of our own.
pub(in crate::decode) trait PacketSource: Send {
    fn tracks(&self) -> &[Track];

    /// The next packet.
    fn packet(&mut self) -> Result<Option<Packet>, Error>;

    /// Where a failure is told.
    fn monitor(&self) -> &InputMonitor;

    /// The next packet. What is missing is told by the decoder, with its place; the monitor tells the
    /// rest.
    fn next_packet(&mut self) -> SymphoniaResult<Option<Packet>> {
        match self.packet() {
            Ok(packet) => Ok(packet),
            Err(Error::Read(error)) => Err(Symphonia::IoError(error)),
            Err(error) => self.monitor().failed(error).map_err(Symphonia::IoError),
        }
    }

    /// Tags and pictures, by name and size.
    fn tags(&mut self) -> Vec<Leftover> {
        Vec::new()
    }
}

impl From<Box<dyn FormatReader>> for PacketReader {
    fn from(reader: Box<dyn FormatReader>) -> Self {
        Self::Symphonia(reader)
    }
}

impl From<PcmReader> for PacketReader {
    fn from(reader: PcmReader) -> Self {
        Self::Pcm(Box::new(reader))
    }
}

impl PacketReader {
    /// Opens a reader of symphonia.
    ///
    /// # Errors
    /// [`Error::Header`] with symphonia's reason.
    pub(super) fn open<R: FormatReader + 'static>(
        container: Container,
        media: MediaSourceStream<'static>,
        open: impl FnOnce(
            MediaSourceStream<'static>,
            symphonia::core::formats::FormatOptions,
        ) -> SymphoniaResult<R>,
    ) -> Result<Box<dyn FormatReader>, Error> {
        match open(media, Default::default()) {
            Ok(reader) => Ok(Box::new(reader)),
            Err(error) => {
                let reason = match error {
                    Symphonia::IoError(_) => "the source ended in the middle of it".into(),
                    other => other.to_string(),
                };
                Err(Error::Header { container: container.name().into(), reason })
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

    /// The one audio track. More than one is refused: the others would be lost without a word.
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

    /// The tags and pictures that symphonia has read, by name and size.
    pub(in crate::decode) fn tags(&mut self) -> Vec<Leftover> {
        let reader = match self {
            Self::Symphonia(reader) => reader,
            Self::Own(reader) => return reader.tags(),
            Self::Pcm(_) => return Vec::new(),
        };
        let mut metadata = reader.metadata();
        let Some(revision) = metadata.skip_to_latest() else { return Vec::new() };
        tags::leftovers(revision)
    }

    /// Forgets all tags but the last ones. symphonia keeps those of every part of a chained file.
    pub(in crate::decode) fn forget_tags(&mut self) {
        if let Self::Symphonia(reader) = self {
            while reader.metadata().pop().is_some() {}
        }
    }
}
