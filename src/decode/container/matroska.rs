//! Matroska and WebM: whether a file is whole, and what its tracks and blocks say is to be discarded.
//!
//! symphonia reads clusters until the source ends, so that it cannot tell a cut file from a whole one,
//! passes over damage, and applies neither `CodecDelay` nor `DiscardPadding`. Here every byte is
//! followed on its way, element by element.

use symphonia::core::formats::{FormatReader, Track};
use symphonia::core::packet::Packet;
use symphonia::default::formats::MkvReader;

use super::guard::{Container, DecodeTotals, Guard, Padding, PreSkip};
use super::reader::{Opened, PacketReader};
use super::timestamps::TimestampKind;
use crate::block::Block;
use crate::decode::fault::Fault;
use crate::decode::input::{Input, Media};
use crate::error::Error;

mod ebml;
mod elements;

use elements::{CheckedElements, MatroskaStatus};

/// Opens a Matroska or WebM file.
pub(super) fn open(input: Input) -> Result<Opened, Error> {
    let monitor = input.monitor.clone();
    let elements = CheckedElements::new(input.stream(), &monitor);
    let notes = elements.notes();
    let reader =
        PacketReader::open(Container::Matroska, Media::stream(elements), MkvReader::try_new)?;
    let alone = reader.tracks().len() == 1;
    let (duration, padding) = (duration(reader.as_ref()), Padding::default());
    let guard = MatroskaGuard { duration, alone, notes, padding };
    Ok(Opened::new(reader, guard))
}

/// The declared duration in seconds, as a fraction. With a picture beside the audio, it is that of the
/// longer.
fn duration(reader: &dyn FormatReader) -> Option<(u128, u128)> {
    let info = reader.media_info();
    let (duration, base) = info.duration.zip(info.time_base)?;
    let ticks = u128::from(duration.get()) * u128::from(base.numer.get());
    (reader.tracks().len() == 1).then(|| (ticks, base.denom.get().into()))
}

struct MatroskaGuard {
    notes: MatroskaStatus,
    duration: Option<(u128, u128)>,
    /// Whether there is audio alone.
    alone: bool,
    padding: Padding,
}

impl Guard for MatroskaGuard {
    fn container(&self) -> Container {
        Container::Matroska
    }

    fn delay(&self, track: &Track, pre_skip: Option<PreSkip>, rate: u32) -> Result<u64, Error> {
        let skipped = pre_skip.map(|pre_skip| pre_skip.frames(rate).unwrap_or(0));
        Ok(skipped.unwrap_or_else(|| frames_of(self.notes.delay(track.id), rate)))
    }

    /// The duration, less a tenth of a second for rounding, padding and delay.
    fn least(&self, _: &Track, rate: u32) -> u64 {
        let Some((ticks, scale)) = self.duration else { return 0 };
        let frames = ticks * u128::from(rate) / scale;
        u64::try_from(frames).unwrap_or(u64::MAX).saturating_sub(u64::from(rate) / 10)
    }

    fn timestamp_kind(&self, track: &Track) -> TimestampKind {
        let alone = self.alone;
        track.time_base.map_or(TimestampKind::None, |base| TimestampKind::Live { base, alone })
    }

    /// One that is written live says neither its size nor its length.
    fn proves_end(&self) -> Option<bool> {
        Some(self.duration.is_some() || self.notes.is_sized())
    }

    /// symphonia reads until the source ends; [`CheckedElements`] has seen whether it may.
    fn ends_with_source(&self) -> bool {
        true
    }

    fn decoded(
        &mut self,
        packet: &Packet,
        number: u64,
        rate: u32,
        block: &mut Block,
    ) -> Result<(), Fault> {
        let nanos = self.notes.padding(packet.track_id, number);
        if nanos < 0 {
            let what = "a Matroska recording that discards the front of a packet";
            return Err(Fault::Unsupported(what.into()));
        }
        block.drop_back(frames_of(nanos.unsigned_abs(), rate));
        self.padding.check(Container::Matroska, nanos > 0, block)
    }

    /// symphonia passes over blocks that it cannot take apart.
    fn verdict(&mut self, seen: &DecodeTotals) -> Result<(), Error> {
        if seen.packets < self.notes.packets(seen.track) {
            return Err(seen.truncated("some of its blocks cannot be read"));
        }
        Ok(())
    }
}

/// A time in frames, to the nearest.
fn frames_of(nanos: u64, rate: u32) -> u64 {
    let frames = (u128::from(nanos) * u128::from(rate) + 500_000_000) / 1_000_000_000;
    u64::try_from(frames).unwrap_or(u64::MAX)
}
