//! The self-check of a kept Opus, in its own terms.
//!
//! The file is read back as any recording is. The pages of an Ogg must be those of the recording, apart from
//! their numbers and sizes; in a Matroska every other byte must be. Every packet that is not near a window must
//! be there byte for byte, at its place, and every other one must be silence, as long as the packet that it
//! replaces. Which those are is reckoned here again, in another way than the writer does. From one second before
//! each window to one second behind, the file is decoded, and must be zero inside.

use std::num::NonZeroUsize;
use std::ops::Range;

use twox_hash::XxHash3_64;

use super::failed;
use super::oracle::{Oracle, merged};
use super::self_check::Changes;
use super::view::BlockView;
use super::webm_check;
use crate::block::{Block, Samples, StreamInfo};
use crate::decode::{DecodeOptions, Decoder, Encoding, Source};
use crate::error::Error;
use crate::ogg::{Outline, Page, PageQueue};
use crate::opus::{bare, is_silence, length};
use crate::spool::Spool;
use crate::treatment::Treatment;
use crate::window::Windows;

/// What must become silence in front of a touched packet: packets, and frames at 48 kHz.
const IN_FRONT: (u64, u64) = (1, 20 * 48);
/// The same behind it.
const BEHIND: (u64, u64) = (2, 40 * 48);

/// The expected output of a redaction, collected packet by packet.
pub(super) struct OpusCheck {
    /// Frames inside windows. Sorted, never touching.
    touched: Vec<Range<u64>>,
    rate: u32,
    packets: Vec<Expected>,
}

/// A packet of the recording.
struct Expected {
    hash: u64,
    /// The number of its frames, without those that are cut off.
    frames: u32,
}

impl OpusCheck {
    pub(super) fn new(treatment: Treatment, windows: &Windows, info: &StreamInfo) -> Self {
        let touched = Oracle::new(treatment, windows, info).touched();
        Self { touched, rate: info.rate, packets: Vec::new() }
    }

    /// Adds a packet as it was read.
    pub(super) fn decoded(&mut self, view: &BlockView<'_>) {
        let block = view.block;
        let frames = u32::try_from(block.frames()).unwrap_or(u32::MAX);
        let hash = hash_of(block.packet().unwrap_or_default());
        self.packets.push(Expected { hash, frames });
    }

    /// Reads the file of `size` bytes back.
    ///
    /// # Errors
    /// [`Error::SelfCheck`] when it is not the expected file; [`Error::ReadBack`] when it cannot be read.
    pub(super) fn finish(self, spool: &Spool, size: u64, changes: &Changes) -> Result<(), Error> {
        let is_webm = changes.outlines.is_empty();
        if is_webm {
            webm_check::check(spool, size, changes)?;
        }
        let reader = spool.reader().map_err(Error::ReadBack)?;
        let options = DecodeOptions {
            encoding: Encoding::Same,
            opus_rate: Some(self.rate),
            threads: NonZeroUsize::new(1),
            ..DecodeOptions::default()
        };
        let wrong = |error: Error| match error {
            Error::Read(error) => Error::ReadBack(error),
            error => failed(format!("the written file cannot be read: {error}")),
        };
        let mut decoder =
            Decoder::open(Source::stream(reader).with_options(options)).map_err(wrong)?;
        let pages =
            decoder.opus_pages().ok_or_else(|| failed("the written file is no Opus"))?.clone();
        if is_webm {
            pages.close();
        }
        let mut pages = PageCheck { pages, outlines: changes.outlines.iter(), in_tags: false };
        let streams = decoder.opus_streams().unwrap_or_default();
        decoder.keep_packets(Some(self.zones()));
        let info = decoder.stream_info();
        let mut block = Block::new(info.format, info.channels);
        let mut found = Found::default();
        while decoder.next(&mut block).map_err(wrong)? {
            pages.check()?;
            self.check_packet(&block, streams, &mut found)?;
        }
        pages.check()?;
        if found.count() != self.packets.len() || pages.outlines.next().is_some() {
            return Err(failed("the written file lacks packets of the recording"));
        }
        self.check_places(&found)
    }

    /// The frames that are decoded: from one second before each window to one second behind.
    fn zones(&self) -> Vec<Range<u64>> {
        let second = u64::from(self.rate);
        let wide = |range: &Range<u64>| {
            range.start.saturating_sub(second)..range.end.saturating_add(second)
        };
        merged(self.touched.iter().map(wide).collect())
    }

    /// Compares a packet of the written file with that of the recording.
    fn check_packet(&self, block: &Block, streams: u8, found: &mut Found) -> Result<(), Error> {
        let packet = block.packet().unwrap_or_default();
        let expected = self.packets.get(found.count());
        let frames = block.frames();
        let Some(expected) = expected.filter(|expected| expected.frames as usize == frames) else {
            return Err(failed("a packet of the written file is not at its place"));
        };
        let kind = match hash_of(packet) == expected.hash {
            // A packet of the recording may be silence already.
            true if is_silence(packet, streams) => Kind::Either,
            true => Kind::Kept,
            false if is_silence(packet, streams) => Kind::Made,
            false => {
                return Err(failed("a packet is neither one of the recording nor silence"));
            }
        };
        let frames = block.first()..block.end();
        let is_touched = self.meets(&frames);
        if is_touched && !(block.is_decoded() && self.is_zero(block)) {
            return Err(failed("a packet inside the windows is not decoded to silence"));
        }
        found.packets.push((kind, is_touched, length(packet)));
        Ok(())
    }

    fn meets(&self, frames: &Range<u64>) -> bool {
        let from = self.touched.partition_point(|range| range.end <= frames.start);
        self.touched.get(from).is_some_and(|range| range.start < frames.end) && !frames.is_empty()
    }

    /// Whether every sample of a block inside the windows is zero.
    fn is_zero(&self, block: &Block) -> bool {
        let Samples::I16(samples) = block.samples() else { return false };
        let frames = (block.first()..).zip(samples.chunks_exact(block.channels()));
        let inside = |frame: u64| self.meets(&(frame..frame + 1));
        frames.into_iter().all(|(at, frame)| frame.iter().all(|&s| s == 0) || !inside(at))
    }

    /// Checks that silence is where it must be, and nowhere else.
    fn check_places(&self, found: &Found) -> Result<(), Error> {
        let touched =
            found.packets.iter().map(|&(_, touched, length)| (touched, u64::from(length)));
        let behind = near(touched.clone(), BEHIND);
        let mut in_front = near(touched.rev(), IN_FRONT);
        in_front.reverse();
        for ((behind, in_front), &(kind, ..)) in
            behind.into_iter().zip(in_front).zip(&found.packets)
        {
            match (kind, behind || in_front) {
                (Kind::Kept, true) => return Err(failed("a packet near a window is not silence")),
                (Kind::Made, false) => {
                    return Err(failed("a packet outside the windows has changed"));
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// What a packet of the written file is.
#[derive(Clone, Copy)]
enum Kind {
    Kept,
    Made,
    Either,
}

/// Packets of the written file: what each is, whether a window touches it, and its length at 48 kHz.
#[derive(Default)]
struct Found {
    packets: Vec<(Kind, bool, u32)>,
}

impl Found {
    fn count(&self) -> usize {
        self.packets.len()
    }
}

/// Of packets in a row, touched or not, each with its length: which are touched, or come after one that is, with
/// fewer than so many packets or frames between.
fn near(packets: impl Iterator<Item = (bool, u64)>, (least, frames): (u64, u64)) -> Vec<bool> {
    let mut since = None;
    let mut is_near = |(touched, length): (bool, u64)| {
        if touched {
            since = Some((0, 0));
            return true;
        }
        let Some((packets, covered)) = &mut since else { return false };
        let is_near = *packets < least || *covered < frames;
        *packets += 1;
        *covered += length;
        is_near
    };
    packets.map(&mut is_near).collect()
}

/// Compares the pages of the written file with those of the recording.
struct PageCheck<'a> {
    pages: PageQueue,
    outlines: std::slice::Iter<'a, Outline>,
    /// Whether the next page is one of the comment header.
    in_tags: bool,
}

impl PageCheck<'_> {
    /// Compares the pages that were read since.
    fn check(&mut self) -> Result<(), Error> {
        let wrong = || failed("a page of the written file is not that of the recording");
        while let Some(bytes) = self.pages.pop() {
            let page = Page::parse(bytes).ok_or_else(wrong)?;
            if std::mem::take(&mut self.in_tags) {
                // It has one page, with a list of no comments.
                let is_bare = |bytes: &[u8]| bare(bytes).is_ok_and(|bare| bare == bytes);
                if !is_bare(page.body()) {
                    return Err(failed("the written file has comments"));
                }
                continue;
            }
            if self.outlines.next() != Some(&page.outline()) {
                return Err(wrong());
            }
            if page.has(Page::FIRST) {
                self.in_tags = true;
            }
        }
        Ok(())
    }
}

fn hash_of(packet: &[u8]) -> u64 {
    XxHash3_64::oneshot(packet)
}
