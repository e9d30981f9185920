//! Ogg (RFC 3533): complete pages, none of them missing or damaged.
//!
//! In: a stream. Out: symphonia's packets, from checked pages. What can go wrong: a page with a
//! wrong checksum or sequence number, an end inside a page or packet, a chained stream that does
//! not decode.
//!
//! symphonia skips a page with a wrong checksum, so what follows would be early. Here the pages of
//! each logical stream must count 0, 1, 2 … Where streams are chained, each must have ended before
//! the next begins. The last stream may lack the end-of-stream flag: a cut between two pages would
//! leave no trace then, so the end is not proven.

use std::sync::atomic::Ordering;

use symphonia::core::codecs::audio::well_known::CODEC_ID_OPUS;
use symphonia::core::formats::Track;
use symphonia::core::packet::Packet;
use symphonia::core::units::Duration;
use symphonia::default::formats::OggReader;

use super::error::unsupported;
use super::guard::{Container, DecodeTotals, Guard, Padding, rescale};
use super::reader::{Opened, open_symphonia};
use super::timestamps::TimestampKind;
use crate::block::Block;
use crate::decode::codec::audio_params;
use crate::decode::fault::PacketFault;
use crate::decode::input::{Encoding, PeekedSource, media_stream};
use crate::error::Error;
use crate::flac::Head;
use crate::ogg::{Page, PageQueue};
use crate::opus::length;

mod opus_granules;
mod pages;

use pages::{CheckedPages, OggStatus};

/// The unit of granule positions in Opus, in Hz (RFC 7845, 4).
const OPUS_CLOCK: u32 = 48_000;

/// Opens an Ogg file. symphonia reads it to its end in search of a codec that it knows.
pub(super) fn open(input: PeekedSource) -> Result<Opened, Error> {
    let monitor = input.monitor.clone();
    monitor.count_idle();
    let kept = match input.options.encoding {
        Encoding::Same => PageQueue::open(),
        Encoding::Pcm => PageQueue::default(),
    };
    let pages = CheckedPages::new(input.stream(), &monitor, kept);
    let status = pages.status.clone();
    let reader = open_symphonia(Container::Ogg, media_stream(pages), OggReader::try_new)
        .map_err(|_| unsupported("an Ogg without a known codec"))?;
    let flac = flac_alone(&status.kept);
    if flac.is_some() {
        // It gets new pages.
        status.kept.close();
    }
    Ok(Opened::new(reader, OggGuard { flac, ..OggGuard::new(status) }))
}

/// What a FLAC has before its first frame, if no other stream is beside it. The first pages of all streams come
/// first, and the reader has read them.
fn flac_alone(pages: &PageQueue) -> Option<Head> {
    let [first, second] = pages.first_two()?;
    let is_alone = !second.has(Page::FIRST);
    Head::parse(first.bytes()).filter(|_| is_alone)
}

struct OggGuard {
    status: OggStatus,
    padding: Padding,
    /// The number of the chained stream that is being decoded, from 1.
    link: u64,
    /// Packets of it so far.
    packets: u64,
    /// Of Opus only: the timestamp of the first frame, and the frames missing so far, at 48 kHz.
    begins: u64,
    missing: u64,
    /// Frames of the packets of the page so far, at 48 kHz.
    on_page: u64,
    /// Whether a packet of Opus never came. symphonia says nothing of what it skips.
    lacks: bool,
    /// What a FLAC that may be kept has before its first frame.
    flac: Option<Head>,
}

impl OggGuard {
    fn new(status: OggStatus) -> Self {
        let padding = Padding::default();
        let (packets, begins, missing, on_page) = (0, 0, 0, 0);
        let (lacks, flac) = (false, None);
        Self { status, padding, link: 1, packets, begins, missing, on_page, lacks, flac }
    }

    /// Whether a packet of this stream, or of one before it, never came.
    fn lacks(&self) -> bool {
        self.lacks || self.status.opus_pages.has_more(self.link, self.packets)
    }
}

impl Guard for OggGuard {
    /// In Opus, [`OggGuard::gap`] checks every page.
    fn timestamp_kind(&self, track: &Track) -> TimestampKind {
        let is_opus = audio_params(track).is_ok_and(|params| params.codec == CODEC_ID_OPUS);
        if is_opus { TimestampKind::None } else { TimestampKind::Granules }
    }

    /// The source ends after its last page. [`CheckedPages`] has checked whether it may.
    fn ends_with_source(&self) -> bool {
        true
    }

    fn pages(&self) -> Option<&PageQueue> {
        Some(&self.status.kept).filter(|pages| pages.is_open())
    }

    fn flac(&self) -> Option<&Head> {
        self.flac.as_ref()
    }

    fn proves_end(&self) -> Option<bool> {
        Some(!self.status.unterminated.load(Ordering::Relaxed))
    }

    fn gap(&mut self, packet: &mut Packet, rate: u32) -> Result<u64, PacketFault> {
        let number = self.packets;
        self.packets += 1;
        let Some(page) = self.status.opus_pages.page_of(self.link, number) else { return Ok(0) };
        let begins = page.begins_with(number);
        // symphonia counts at most 31 frames in a packet, and takes every early page for one that is trimmed.
        let length = u64::from(length(&packet.data));
        self.on_page = if begins { length } else { self.on_page + length };
        let trimmed = self.on_page.saturating_sub(page.heard).min(length);
        (packet.dur, packet.trim_end) = (Duration::new(length - trimmed), Duration::new(trimmed));
        if !begins {
            return Ok(0);
        }
        self.begins = page.begins.unwrap_or(self.begins);
        // Rescale the sum, not each gap: so rounding does not add up.
        let before = rescale(self.missing, OPUS_CLOCK, rate);
        self.missing = self.missing.saturating_add(page.gap);
        Ok(rescale(self.missing, OPUS_CLOCK, rate) - before)
    }

    fn begins(&self, rate: u32) -> u64 {
        rescale(self.begins, OPUS_CLOCK, rate)
    }

    /// The decoder has trimmed the end already.
    fn decoded(&mut self, packet: &Packet, _: u32, block: &mut Block) -> Result<(), PacketFault> {
        self.padding.check(Container::Ogg, packet.trim_end.get() > 0, block)
    }

    fn link(&mut self) {
        let lacks = self.lacks();
        *self = Self { link: self.link + 1, lacks, ..Self::new(self.status.clone()) };
    }

    fn verdict(&mut self, seen: &DecodeTotals) -> Result<(), Error> {
        if self.status.links.load(Ordering::Relaxed) > self.link {
            return Err(seen.truncated("it is chained, and a part of it cannot be decoded"));
        }
        if self.lacks() {
            return Err(seen.truncated("some of its packets cannot be read"));
        }
        let end = self.status.end.load(Ordering::Relaxed);
        if self.flac.is_some() && end != seen.frames {
            return Err(seen.truncated(format!("its last page ends at frame {end}")));
        }
        let declared = self.flac.as_ref().map_or(0, |head| head.info.frames);
        if declared > seen.frames {
            return Err(seen.truncated(format!("its header declares {declared} frames")));
        }
        Ok(())
    }
}
