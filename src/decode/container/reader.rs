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
use super::tags;
use crate::decode::fault::PacketFault;
use crate::decode::input::Leftover;
use crate::error::Error;

/// The largest packet that our own readers accept, in bytes.
const MAX_PACKET: u64 = 16 * 1024 * 1024;

/// An open container.
pub(in crate::decode) struct Opened {
    pub(in crate::decode) reader: Box<dyn PacketReader>,
    pub(in crate::decode) guard: Box<dyn Guard>,
}

impl Opened {
    pub(super) fn new(reader: impl PacketReader + 'static, guard: impl Guard + 'static) -> Self {
        Self { reader: Box::new(reader), guard: Box::new(guard) }
    }
}

/// Where packets come from.
pub(in crate::decode) trait PacketReader: Send {
    fn tracks(&self) -> &[Track];

    /// The next packet of any track; `None` at the end.
    fn packet(&mut self) -> Result<Option<Packet>, PacketFault>;

    /// The tags and pictures read so far, by name and size.
    fn tags(&mut self) -> Vec<Leftover> {
        Vec::new()
    }

    /// Takes all tags but the latest: symphonia keeps those of every link of a chained file.
    fn earlier_tags(&mut self) -> Vec<Leftover> {
        Vec::new()
    }

    /// The only audio track. Several are an error: all but one would be lost silently.
    ///
    /// # Errors
    /// [`Error::NoAudio`]; [`Error::Unsupported`].
    fn track(&self) -> Result<&Track, Error> {
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
}

/// A reader of symphonia.
impl PacketReader for Box<dyn FormatReader> {
    fn tracks(&self) -> &[Track] {
        self.as_ref().tracks()
    }

    fn packet(&mut self) -> Result<Option<Packet>, PacketFault> {
        self.next_packet().map_err(PacketFault::Decoder)
    }

    fn tags(&mut self) -> Vec<Leftover> {
        tags::leftovers_of(self.as_mut())
    }

    fn earlier_tags(&mut self) -> Vec<Leftover> {
        tags::earlier_of(self.as_mut())
    }
}

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
