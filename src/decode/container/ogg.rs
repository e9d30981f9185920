//! Ogg: whole pages, none of them missing or damaged.
//!
//! symphonia skips a page whose checksum is wrong and goes on with the next; what follows would
//! land early. Here the pages of each stream must count 0, 1, 2 … and be as their writer made them.
//! Where streams are chained, the ones before must have come to their end. The last may lack the flag
//! that says so: then a cut between two pages leaves no trace, and the end is not proven. What can go
//! wrong: a page that is not so, or an end inside one.

use std::sync::atomic::Ordering;

use symphonia::core::codecs::audio::well_known::CODEC_ID_OPUS;
use symphonia::core::formats::Track;
use symphonia::core::packet::Packet;
use symphonia::core::units::Duration;
use symphonia::default::formats::OggReader;

use super::guard::{Container, DecodeTotals, Guard, Padding};
use super::reader::{Opened, PacketReader};
use super::timestamps::TimestampKind;
use crate::block::Block;
use crate::decode::fault::Fault;
use crate::decode::input::{Input, Media};
use crate::error::Error;

mod opus_granules;
mod pages;

use pages::{CheckedPages, OggStatus};

/// The clock of every Opus stream, in Hz.
const OPUS_CLOCK: u64 = 48_000;

/// Opens an Ogg. symphonia reads it to its end in search of a codec that it knows.
pub(super) fn open(input: Input) -> Result<Opened, Error> {
    let monitor = input.monitor.clone();
    monitor.count_idle();
    let pages = CheckedPages::new(input.stream(), &monitor);
    let told = pages.told.clone();
    let reader =
        PacketReader::open_symphonia(Container::Ogg, Media::stream(pages), OggReader::try_new)
            .map_err(|_| Error::Unsupported {
                what: "an Ogg without a codec that is known".into(),
            })?;
    Ok(Opened::new(reader, OggGuard::new(told)))
}

struct OggGuard {
    told: OggStatus,
    padding: Padding,
    /// The recording that is being decoded, of those that are chained, counted from 1.
    link: u64,
    /// Where it begins, and what was missing so far, in frames of 48 kHz. Of Opus only.
    begins: u64,
    missing: u64,
}

impl OggGuard {
    fn new(told: OggStatus) -> Self {
        Self { told, padding: Padding::default(), link: 1, begins: 0, missing: 0 }
    }
}

impl Guard for OggGuard {
    fn container(&self) -> Container {
        Container::Ogg
    }

    /// Of Opus every page is held against its packets, in [`OggGuard::gap`].
    fn timestamp_kind(&self, track: &Track) -> TimestampKind {
        let params = track.codec_params.as_ref().and_then(|params| params.audio());
        let is_opus = params.is_some_and(|params| params.codec == CODEC_ID_OPUS);
        if is_opus { TimestampKind::None } else { TimestampKind::Granules }
    }

    /// The source ends where its last page does; [`CheckedPages`] has seen whether it may.
    fn ends_with_source(&self) -> bool {
        true
    }

    fn proves_end(&self) -> Option<bool> {
        Some(!self.told.open.load(Ordering::Relaxed))
    }

    fn gap(&mut self, packet: &mut Packet, number: u64, rate: u32) -> Result<u64, Fault> {
        let Some(note) = self.told.notes.of(self.link, number) else { return Ok(0) };
        if !note.is_last {
            // symphonia trims a page that came a little early.
            packet.dur = packet.block_dur();
            packet.trim_end = Duration::ZERO;
        }
        if !note.begins_with(number) {
            return Ok(0);
        }
        self.begins = note.begins.unwrap_or(self.begins);
        let before = frames(self.missing, rate);
        self.missing = self.missing.saturating_add(note.gap);
        Ok(frames(self.missing, rate) - before)
    }

    fn begins(&self, rate: u32) -> u64 {
        frames(self.begins, rate)
    }

    /// The decoders have trimmed the end.
    fn decoded(&mut self, packet: &Packet, _: u64, _: u32, block: &mut Block) -> Result<(), Fault> {
        self.padding.check(Container::Ogg, packet.trim_end.get() > 0, block)
    }

    fn link(&mut self) {
        *self = Self { link: self.link + 1, ..Self::new(self.told.clone()) };
    }

    fn verdict(&mut self, seen: &DecodeTotals) -> Result<(), Error> {
        if self.told.links.load(Ordering::Relaxed) > seen.links {
            return Err(seen.truncated("it is chained, and a part of it cannot be decoded"));
        }
        Ok(())
    }
}

/// Frames of 48 kHz at another rate.
fn frames(clock: u64, rate: u32) -> u64 {
    let frames = u128::from(clock) * u128::from(rate) / u128::from(OPUS_CLOCK);
    u64::try_from(frames).unwrap_or(u64::MAX)
}
