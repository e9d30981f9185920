//! The guard of a container: what sordino itself knows about it and checks.
//!
//! In: the packets that a reader hands out, and the blocks that a codec makes of them. Out: codec
//! delay, declared length, gaps, and at the end a verdict. What can go wrong: a packet out of
//! place, bytes that belong to no packet, an early end.

use symphonia::core::formats::Track;
use symphonia::core::packet::Packet;

use super::error::unsupported;
use super::timestamps::TimestampKind;
use crate::block::Block;
use crate::decode::fault::PacketFault;
pub(in crate::decode) use crate::decode::format::Container;
use crate::error::Error;
use crate::flac;
use crate::ogg::PageQueue;
use crate::span::time_of;

/// What was decoded in total, for the verdict at the end.
#[derive(Debug, Clone, Copy)]
pub(in crate::decode) struct DecodeTotals {
    /// Frames handed out.
    pub(in crate::decode) frames: u64,
    /// The longest packet, in frames.
    pub(in crate::decode) longest: u64,
    /// The id of the audio track.
    pub(in crate::decode) track: u32,
    /// In Hz.
    pub(in crate::decode) rate: u32,
}

impl DecodeTotals {
    /// The error for a recording that ends too early.
    pub(in crate::decode) fn truncated(&self, reason: impl Into<String>) -> Error {
        let (frames, time) = (self.frames, time_of(self.frames, self.rate));
        Error::Truncated { frames, time, reason: reason.into() }
    }
}

/// The checks of one container. Each method has a default for containers that have nothing to say
/// there; only [`Guard::verdict`] is required.
pub(in crate::decode) trait Guard: Send {
    /// Frames of codec delay to drop at the front of a track that is decoded at `rate` Hz.
    /// `pre_skip`: those that the header of Opus declares.
    ///
    /// # Errors
    /// [`Error::Unsupported`] where the delay is not a whole number of frames.
    fn delay(&self, _track: &Track, pre_skip: Option<u64>, _rate: u32) -> Result<u64, Error> {
        Ok(pre_skip.unwrap_or(0))
    }

    /// The exact number of frames, codec delay included, where the container declares it reliably.
    fn declared(&self, _track: &Track, _rate: u32) -> Option<u64> {
        None
    }

    /// The smallest number of frames that a complete recording has.
    fn least(&self, _track: &Track, _rate: u32) -> u64 {
        0
    }

    /// What the timestamps of the packets mean, for the check against the decoded frames.
    fn timestamp_kind(&self, _track: &Track) -> TimestampKind {
        TimestampKind::None
    }

    /// Whether an `UnexpectedEof` from symphonia is a normal end in this container.
    fn ends_with_source(&self) -> bool {
        false
    }

    /// The pages of an Ogg, where they may be kept.
    fn pages(&self) -> Option<&PageQueue> {
        None
    }

    /// What a FLAC in a file of its own, or alone in an Ogg, has before its first frame.
    fn flac(&self) -> Option<&flac::Head> {
        None
    }

    /// Checks a packet that was read, and removes bytes that are not part of it. It may be decoded much
    /// later.
    ///
    /// # Errors
    /// [`PacketFault`] where it does not follow the packet before it.
    fn read(&mut self, _packet: &mut Packet) -> Result<(), PacketFault> {
        Ok(())
    }

    /// A packet that symphonia's reader has missed at the end. Called at each end of file until it
    /// returns `None`.
    ///
    /// # Errors
    /// [`PacketFault`] where the source cannot be read.
    fn last(&mut self) -> Result<Option<Packet>, PacketFault> {
        Ok(None)
    }

    /// Removes padding from the block that a packet was decoded to.
    ///
    /// # Errors
    /// [`PacketFault`] where audio follows padding: it would be heard too early.
    fn decoded(
        &mut self,
        _packet: &Packet,
        _rate: u32,
        _block: &mut Block,
    ) -> Result<(), PacketFault> {
        Ok(())
    }

    /// Called when the next stream of a chained file begins.
    fn link(&mut self) {}

    /// Whether the file itself marks its end, so that a cut between two packets would show. `None`:
    /// it does if and only if it declares a length.
    fn proves_end(&self) -> Option<bool> {
        None
    }

    /// The gap before a packet of the track, in frames at `rate` Hz, where the container
    /// marks gaps otherwise than by [`Guard::timestamp_kind`]. May correct the packet's duration
    /// and trim.
    ///
    /// # Errors
    /// [`PacketFault`] where the packet is out of place.
    fn gap(&mut self, _packet: &mut Packet, _rate: u32) -> Result<u64, PacketFault> {
        Ok(0)
    }

    /// The timestamp of the first frame, in frames at `rate` Hz, where the container gives it
    /// otherwise than by [`Guard::timestamp_kind`].
    fn begins(&self, _rate: u32) -> u64 {
        0
    }

    /// Checks at the end that everything in the file was decoded.
    ///
    /// # Errors
    /// [`Error::Truncated`], [`Error::Container`] and others where it was not.
    fn verdict(&mut self, seen: &DecodeTotals) -> Result<(), Error>;
}

/// Checks that padding stands at the end of a stream only.
#[derive(Debug, Default)]
pub(in crate::decode) struct Padding {
    dropped: bool,
}

impl Padding {
    /// Checks the block that is left of a packet. `padded`: whether frames of it were dropped as
    /// padding.
    pub(in crate::decode) fn check(
        &mut self,
        container: Container,
        padded: bool,
        block: &Block,
    ) -> Result<(), PacketFault> {
        if self.dropped && block.frames() > 0 {
            let name = container.name();
            let what = format!("padding between the packets of a recording ({name})");
            return Err(unsupported(what).into());
        }
        self.dropped |= padded;
        Ok(())
    }
}

/// Converts a number of units of 1/`from` s to units of 1/`to` s, rounded down.
pub(super) fn rescale(units: u64, from: u32, to: u32) -> u64 {
    let scaled = u128::from(units) * u128::from(to) / u128::from(from.max(1));
    u64::try_from(scaled).unwrap_or(u64::MAX)
}
