//! Matroska and WebM (RFC 9559): whether a file is complete, and the codec delay and padding that
//! its elements declare.
//!
//! In: a stream. Out: symphonia's packets, checked element by element. What can go wrong: an
//! element that is cut off or larger than its parent, a second segment, compressed or encrypted
//! tracks, blocks that symphonia cannot parse.
//!
//! symphonia reads clusters until the source ends, so a cut file looks complete to it. It skips
//! damage, and ignores `CodecDelay` and `DiscardPadding`. So all bytes pass through
//! [`CheckedElements`] on their way.

use symphonia::core::formats::{FormatReader, Track};
use symphonia::core::packet::Packet;
use symphonia::default::formats::MkvReader;

use super::error::unsupported;
use super::guard::{Container, DecodeTotals, Guard, Padding};
use super::reader::{Opened, open_symphonia};
use super::timestamps::TimestampKind;
use crate::block::Block;
use crate::decode::fault::PacketFault;
use crate::decode::input::{PeekedSource, media_stream};
use crate::error::Error;

mod ebml;
mod elements;

use elements::{CheckedElements, MatroskaStatus};

/// Opens a Matroska or WebM file.
pub(super) fn open(input: PeekedSource) -> Result<Opened, Error> {
    let monitor = input.monitor.clone();
    let elements = CheckedElements::new(input.stream(), &monitor);
    let status = elements.status();
    let reader = open_symphonia(Container::Matroska, media_stream(elements), MkvReader::try_new)?;
    let only_track = reader.tracks().len() == 1;
    let (duration, padding) = (duration(reader.as_ref()), Padding::default());
    let guard = MatroskaGuard { status, duration, only_track, packets: 0, padding };
    Ok(Opened::new(reader, guard))
}

/// The declared duration in seconds, as a fraction; `None` if there are other tracks, which may be
/// longer.
fn duration(reader: &dyn FormatReader) -> Option<(u128, u128)> {
    let info = reader.media_info();
    let (duration, base) = info.duration.zip(info.time_base)?;
    let ticks = u128::from(duration.get()) * u128::from(base.numer.get());
    // With video the duration is that of the longer track.
    (reader.tracks().len() == 1).then(|| (ticks, base.denom.get().into()))
}

struct MatroskaGuard {
    status: MatroskaStatus,
    duration: Option<(u128, u128)>,
    /// Whether the file has no other track.
    only_track: bool,
    /// Packets of the track so far.
    packets: u64,
    padding: Padding,
}

impl Guard for MatroskaGuard {
    fn delay(&self, track: &Track, pre_skip: Option<u64>, rate: u32) -> Result<u64, Error> {
        // Opus declares the delay in its own header too. Other codecs have CodecDelay alone.
        Ok(pre_skip.unwrap_or_else(|| frames_of(self.status.delay(track.id), rate)))
    }

    /// The duration less 0.1 s, for rounding, padding and delay.
    fn least(&self, _: &Track, rate: u32) -> u64 {
        let Some((ticks, scale)) = self.duration else { return 0 };
        let frames = ticks * u128::from(rate) / scale;
        u64::try_from(frames).unwrap_or(u64::MAX).saturating_sub(u64::from(rate) / 10)
    }

    fn timestamp_kind(&self, track: &Track) -> TimestampKind {
        let only_track = self.only_track;
        track.time_base.map_or(TimestampKind::None, |base| TimestampKind::Live { base, only_track })
    }

    /// A live recording declares neither its size nor its duration.
    fn proves_end(&self) -> Option<bool> {
        Some(self.duration.is_some() || self.status.is_sized())
    }

    /// symphonia reads until the source ends. [`CheckedElements`] has checked whether it may end
    /// there.
    fn ends_with_source(&self) -> bool {
        true
    }

    fn decoded(
        &mut self,
        packet: &Packet,
        rate: u32,
        block: &mut Block,
    ) -> Result<(), PacketFault> {
        // DiscardPadding is a time to drop at the end of a packet; below 0, at the front.
        let nanos = self.status.padding(packet.track_id, self.packets);
        self.packets += 1;
        if nanos < 0 {
            let what = "a Matroska recording with negative DiscardPadding";
            return Err(unsupported(what).into());
        }
        block.drop_back(frames_of(nanos.unsigned_abs(), rate));
        self.padding.check(Container::Matroska, nanos > 0, block)
    }

    /// Checks that every block was decoded: symphonia skips those that it cannot parse.
    fn verdict(&mut self, seen: &DecodeTotals) -> Result<(), Error> {
        if self.packets < self.status.packets(seen.track) {
            return Err(seen.truncated("some of its blocks cannot be read"));
        }
        Ok(())
    }
}

/// A time in nanoseconds as frames, rounded to the nearest.
fn frames_of(nanos: u64, rate: u32) -> u64 {
    let frames = (u128::from(nanos) * u128::from(rate) + 500_000_000) / 1_000_000_000;
    u64::try_from(frames).unwrap_or(u64::MAX)
}
