//! Recordings whose packets the output keeps: which of them are decoded all the same.

use std::ops::Range;

use symphonia::core::packet::Packet;

use super::{OpusHead, PartDecoder};
use crate::error::Error;
use crate::flac::{self, FrameHeader};
use crate::ogg::PageQueue;

impl PartDecoder {
    /// What a FLAC that may be kept has before its first frame.
    pub(super) fn flac(&self) -> Option<&flac::Head> {
        self.guard.flac()
    }

    /// The pages of an Ogg Opus, where they may be kept.
    pub(super) fn opus_pages(&self) -> Option<&PageQueue> {
        self.guard.pages().filter(|_| self.info.codec == "opus")
    }

    /// Drops the pages that were read, and keeps none from now on: nobody takes them.
    pub(super) fn let_pages_go(&self) {
        if let Some(pages) = self.guard.pages() {
            pages.close();
        }
    }

    /// The head of the stream of an Opus that the last block came from.
    pub(super) fn opus_head(&self) -> Option<&OpusHead> {
        self.stream.opus_head()
    }

    /// Checks a packet and the gap before it, and lets pages go that nobody keeps.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for a gap between packets that are kept, and for a frame of FLAC in an Ogg that does
    /// not count on from the one before; [`Error::Damaged`] for one of another format, or with a wrong checksum.
    pub(super) fn check_kept(&self, packet: &Packet, gap: u64) -> Result<(), Error> {
        if !self.keeps {
            self.let_pages_go();
        }
        if self.keeps && gap > 0 {
            let what = "keeping the packets of a recording with gaps (use --encoding pcm)".into();
            return Err(Error::Unsupported { what });
        }
        self.guard
            .flac()
            .filter(|_| self.keeps)
            .map_or(Ok(()), |head| self.check_frame(packet, head))
    }

    /// Checks that another stream may follow.
    ///
    /// # Errors
    /// [`Error::Unsupported`] if the one before is a FLAC whose packets are kept.
    pub(super) fn check_chain(&self) -> Result<(), Error> {
        if self.keeps && self.guard.flac().is_some() {
            let what = "keeping a chained Ogg FLAC (use --encoding pcm)".into();
            return Err(Error::Unsupported { what });
        }
        Ok(())
    }

    fn check_frame(&self, packet: &Packet, head: &flac::Head) -> Result<(), Error> {
        // The reader of a FLAC in a file of its own has checked the rest.
        if head.serial.is_none() {
            return Ok(());
        }
        if flac::crc16(&packet.data) != 0 || head.info.change(&packet.data).is_some() {
            return Err(self.damaged("its frame of FLAC has another format or a wrong checksum"));
        }
        let place = |frame| (head.info.first_sample(&frame), u64::from(frame.frames));
        let expected = (self.position(), packet.dur.get());
        if FrameHeader::parse(&packet.data).map(place) != Some(expected) {
            let what = "keeping an Ogg FLAC whose frames do not count from 0 to its end (use --encoding pcm)";
            return Err(Error::Unsupported { what: what.into() });
        }
        Ok(())
    }

    /// From now on blocks have their packets, and packets outside the ranges, if they are given, are not
    /// decoded.
    pub(super) fn keep_packets(&mut self, decoded: Option<Vec<Range<u64>>>) {
        self.keeps = true;
        if let Some(head) = self.guard.flac() {
            self.stream.demand_frames(head.info);
        }
        self.stream.wanted = decoded.map(Wanted::new);
    }
}

/// The frames whose samples are needed, met in order together with the packets of a recording. Only for
/// codecs whose packets say how many frames they hold, and decode on their own.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    /// Sorted, never touching.
    frames: Vec<Range<u64>>,
    /// How many ranges ended before the next packet.
    passed: usize,
    /// The first frame of the next packet.
    next: u64,
}

impl Wanted {
    pub(super) fn new(frames: Vec<Range<u64>>) -> Self {
        Self { frames, passed: 0, next: 0 }
    }

    /// Whether the next packet is to be decoded. To be called once for each packet; without `wanted` every
    /// one is.
    pub(super) fn takes(wanted: &mut Option<Self>, packet: &Packet) -> bool {
        wanted.as_mut().is_none_or(|wanted| wanted.meets(packet.dur.get()))
    }

    fn meets(&mut self, frames: u64) -> bool {
        self.meets_at(self.next..self.next.saturating_add(frames))
    }

    /// Whether a packet with these frames is to be decoded. To be called once for each packet.
    pub(super) fn meets_at(&mut self, packet: Range<u64>) -> bool {
        self.next = packet.end;
        let rest = &self.frames[self.passed..];
        self.passed += rest.iter().take_while(|range| range.end <= packet.start).count();
        self.frames.get(self.passed).is_some_and(|range| range.start < packet.end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_that_meet_a_range_are_decoded_and_no_others() {
        let mut wanted = Wanted::new(vec![3..4, 8..12, 30..31]);
        let met: Vec<bool> = [3, 1, 2, 2, 1, 2, 1, 7, 20].map(|frames| wanted.meets(frames)).into();
        // 0..3, 3..4, 4..6, 6..8, 8..9, 9..11, 11..12, 12..19, 19..39
        assert_eq!(met, [false, true, false, false, true, true, true, false, true]);
    }
}
