//! What sordino itself knows and checks of a container.

use symphonia::core::codecs::audio::AudioCodecParameters;
use symphonia::core::formats::Track;
use symphonia::core::packet::Packet;

use super::timestamps::TimestampKind;
use crate::block::Block;
pub(in crate::decode) use crate::decode::codec::opus::PreSkip;
use crate::decode::fault::Fault;
pub(in crate::decode) use crate::decode::format::Container;
use crate::error::Error;
use crate::span::time_of;

/// What was decoded, when the end has come.
#[derive(Debug, Clone, Copy)]
pub(in crate::decode) struct DecodeTotals {
    /// Frames that were given.
    pub(in crate::decode) frames: u64,
    /// The longest packet, in frames.
    pub(in crate::decode) longest: u64,
    /// Packets of the last stream.
    pub(in crate::decode) packets: u64,
    /// Streams, of which a chained file has several.
    pub(in crate::decode) links: u64,
    pub(in crate::decode) track: u32,
    /// In Hz.
    pub(in crate::decode) rate: u32,
}

impl DecodeTotals {
    /// The error for a recording that goes on where this one ends.
    pub(in crate::decode) fn truncated(&self, reason: impl Into<String>) -> Error {
        let (frames, time) = (self.frames, time_of(self.frames, self.rate));
        Error::Truncated { frames, time, reason: reason.into() }
    }
}

/// What must be true of the packets of one container. Where it is not, the recording is refused. A guard
/// tells the delay to drop, the length, and the clock to hold the count against; it claims every byte
/// where nothing else counts them; and at the end it gives its verdict.
pub(in crate::decode) trait Guard: Send {
    /// Which container this is.
    fn container(&self) -> Container;

    /// What of a codec is not read in this container.
    fn refuses(&self, _params: &AudioCodecParameters) -> Option<&'static str> {
        None
    }

    /// Frames of codec delay to drop from the front of a track that is decoded at `rate` Hz.
    ///
    /// # Errors
    /// [`Error::Unsupported`] where that is no whole number of frames.
    fn delay(&self, _track: &Track, pre_skip: Option<PreSkip>, rate: u32) -> Result<u64, Error> {
        Ok(pre_skip.and_then(|pre_skip| pre_skip.frames(rate)).unwrap_or(0))
    }

    /// The exact number of frames, delay included, where the container's word can be taken for it.
    fn declared(&self, _track: &Track, _rate: u32) -> Option<u64> {
        None
    }

    /// How many frames there must be at least.
    fn least(&self, _track: &Track, _rate: u32) -> u64 {
        0
    }

    /// The clock that the count of frames is held against.
    fn timestamp_kind(&self, _track: &Track) -> TimestampKind {
        TimestampKind::None
    }

    /// Whether an end of file that symphonia did not expect is the end all the same.
    fn ends_with_source(&self) -> bool {
        false
    }

    /// A packet has been read. It may be decoded much later.
    ///
    /// # Errors
    /// [`Fault`] where it does not follow the one before.
    fn read(&mut self, _packet: &Packet) -> Result<(), Fault> {
        Ok(())
    }

    /// symphonia has come to the end: a packet that it has not found. The next end asks again.
    ///
    /// # Errors
    /// [`Fault`] where the source cannot be read.
    fn last(&mut self) -> Result<Option<Packet>, Fault> {
        Ok(None)
    }

    /// Packet `number` of the track has been decoded: takes from the block what was only added to fill
    /// it.
    ///
    /// # Errors
    /// [`Fault`] where something follows what was taken away: it would be heard too early.
    fn decoded(
        &mut self,
        _packet: &Packet,
        _number: u64,
        _rate: u32,
        _block: &mut Block,
    ) -> Result<(), Fault> {
        Ok(())
    }

    /// The next stream of a chained file begins.
    fn link(&mut self) {}

    /// Whether the file itself says that its end is the end. `None` where that is so if a length was
    /// declared, and only then.
    fn proves_end(&self) -> Option<bool> {
        None
    }

    /// What lies before packet `number` of the track, in frames at `rate` Hz that were left out, where
    /// this container tells it by other means than the [`clock`](Guard::timestamp_kind). May mend what the
    /// reader made of the packet.
    ///
    /// # Errors
    /// [`Fault`] where the packet is out of place.
    fn gap(&mut self, _packet: &mut Packet, _number: u64, _rate: u32) -> Result<u64, Fault> {
        Ok(0)
    }

    /// How far from 0 this container says that its audio begins, in frames at `rate` Hz, where it
    /// tells that by other means than the [`clock`](Guard::timestamp_kind).
    fn begins(&self, _rate: u32) -> u64 {
        0
    }

    /// The end has come: is what was decoded everything there is?
    ///
    /// # Errors
    /// [`Error::Truncated`], [`Error::Container`] and others where it is not.
    fn verdict(&mut self, seen: &DecodeTotals) -> Result<(), Error>;
}

/// The padding at the end of a stream: nothing may follow it.
#[derive(Debug, Default)]
pub(in crate::decode) struct Padding {
    dropped: bool,
}

impl Padding {
    /// A packet of which so many frames were padding leaves this block.
    pub(in crate::decode) fn check(
        &mut self,
        container: Container,
        padded: bool,
        block: &Block,
    ) -> Result<(), Fault> {
        if self.dropped && block.frames() > 0 {
            let name = container.name();
            let what = format!("a {name} recording with padding between its packets");
            return Err(Fault::Unsupported(what));
        }
        self.dropped |= padded;
        Ok(())
    }
}
